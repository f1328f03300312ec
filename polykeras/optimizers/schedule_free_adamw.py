"""Adam that needs no schedule."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..ops.updates import bias_correction
from .optimizer import Optimizer


def _numbers(rate: Any, step: Any, *, beta_2: float, warmup_steps: int, **_: Any) -> tuple[Any, ...]:
    """The learning rate, the weight of this step in the mean, and the root of the correction of the mean square."""
    if warmup_steps > 0:
        rate = ops.multiply(rate, ops.minimum(ops.divide(step, warmup_steps), 1.0))
    return rate, ops.reciprocal(step), ops.sqrt(bias_correction(beta_2, step))


def _formula(
    gradient: Any,
    value: Any,
    momentum: Any,
    velocity: Any,
    rate: Any,
    weight: Any,
    correction: Any,
    *,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    **_: Any,
) -> tuple[Any, ...]:
    velocity = ops.add(velocity, ops.multiply(ops.subtract(ops.multiply(gradient, gradient), velocity), 1 - beta_2))
    size = ops.add(ops.divide(ops.sqrt(velocity), correction), epsilon)
    mean = ops.divide(ops.subtract(value, ops.multiply(momentum, 1 - beta_1)), beta_1)
    momentum = ops.subtract(momentum, ops.divide(ops.multiply(gradient, rate), size))
    mean = ops.add(ops.multiply(mean, ops.subtract(1.0, weight)), ops.multiply(momentum, weight))
    return ops.add(ops.multiply(momentum, 1 - beta_1), ops.multiply(mean, beta_1)), momentum, velocity


class ScheduleFreeAdamW(Optimizer):
    """Adam whose values are between those of its last step and their mean over all steps (Defazio et al., 2024).

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        beta_1: How near the values are to the mean.
        beta_2: How much of the mean square of the gradients stays in each step.
        epsilon: Added to the root of that.
        warmup_steps: The number of steps in which the learning rate rises from zero.
        *base: Options by position.
        **options: What every optimizer can be given; see `Optimizer`.

    >>> weight = polykeras.Variable([1.0, 2.0])
    >>> ScheduleFreeAdamW(0.1).apply([ops.array([1.0, -5.0])], [weight])
    >>> weight.numpy()
    array([0.9, 2.1], dtype=float32)
    """

    _settings = ("beta_1", "beta_2", "epsilon", "warmup_steps")
    _formula = staticmethod(_formula)
    _numbers = staticmethod(_numbers)

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        *base: Any,
        **options: Any,
    ):
        super().__init__(learning_rate, *base, **options)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.warmup_steps = warmup_steps

    def _slot_names(self) -> list[dict[str, Any]]:
        return [{"momentum": ops.zeros, "velocity": ops.zeros}]

    def build(self, variables: Any) -> None:
        if not self.built:
            super().build(variables)
            for variable, momentum in zip(self._trainable_variables, self._slots[0], strict=True):
                if momentum is not None:
                    momentum.assign(variable.value)
