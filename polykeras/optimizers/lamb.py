"""Adam whose steps are as long as the values are large."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..ops.updates import Rule, bias_correction, each
from .optimizer import Optimizer


def _numbers(rate: Any, step: Any, *, beta_1: float, beta_2: float, **_: Any) -> tuple[Any, ...]:
    return rate, bias_correction(beta_1, step), ops.sqrt(bias_correction(beta_2, step))


def _formula(
    gradient: Any,
    value: Any,
    momentum: Any,
    velocity: Any,
    rate: Any,
    correction: Any,
    root_correction: Any,
    *,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> tuple[Any, ...]:
    momentum = ops.add(momentum, ops.multiply(ops.subtract(gradient, momentum), 1 - beta_1))
    velocity = ops.add(velocity, ops.multiply(ops.subtract(ops.multiply(gradient, gradient), velocity), 1 - beta_2))
    size = ops.add(ops.divide(ops.sqrt(velocity), root_correction), epsilon)
    move = ops.divide(ops.divide(momentum, correction), size)
    norms = [ops.sqrt(ops.sum(ops.multiply(x, x))) for x in (value, move)]
    known = ops.logical_and(*(ops.greater(norm, 0.0) for norm in norms))
    ratio = ops.where(known, ops.divide(norms[0], ops.where(known, norms[1], 1.0)), 1.0)
    return ops.subtract(value, ops.multiply(move, ops.multiply(ratio, rate))), momentum, velocity


class Lamb(Optimizer):
    """Adam with each array's step as long as the array itself, for large batches (You et al., 2019).

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        beta_1: How much of the mean of the gradients stays in each step.
        beta_2: How much of the mean of their squares stays.
        epsilon: Added to the root of that mean.
        *base: Options by position.
        **options: What every optimizer can be given; see `Optimizer`.

    >>> weight = polykeras.Variable([3.0, 4.0])
    >>> Lamb(0.1).apply([ops.array([1.0, -5.0])], [weight])
    >>> weight.numpy()
    array([2.6464467, 4.353553 ], dtype=float32)
    """

    _settings = ("beta_1", "beta_2", "epsilon")
    _formula = staticmethod(_formula)
    _numbers = staticmethod(_numbers)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        *base: Any,
        **options: Any,
    ):
        super().__init__(learning_rate, *base, **options)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def _slot_names(self) -> list[dict[str, Any]]:
        return [{"momentum": ops.zeros, "velocity": ops.zeros}]

    def _run(self, arrays: list[Any], rule: Rule, donate: tuple[int, ...]) -> list[Any]:
        return each(arrays, rule)
