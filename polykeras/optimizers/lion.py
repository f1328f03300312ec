"""Steps of one size, in the direction of the momentum's sign."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ArgumentError
from .optimizer import Optimizer


def _formula(gradient: Any, value: Any, momentum: Any, rate: Any, *, beta_1: float, beta_2: float) -> tuple[Any, ...]:
    direction = ops.sign(ops.add(ops.multiply(momentum, beta_1), ops.multiply(gradient, 1 - beta_1)))
    momentum = ops.add(ops.multiply(momentum, beta_2), ops.multiply(gradient, 1 - beta_2))
    return ops.subtract(value, ops.multiply(direction, rate)), momentum


class Lion(Optimizer):
    """Steps of the same size for all elements, by the sign of gradient and momentum (Chen et al., 2023).

    Args:
        learning_rate: A number, a schedule, or a function without arguments; a tenth to a third of Adam's.
        beta_1: How much the momentum counts beside the gradient, above 0 and at most 1.
        beta_2: How much of the momentum stays in each step.
        *base: Options by position.
        **options: What every optimizer can be given; see `Optimizer`.

    >>> weight = polykeras.Variable([1.0, 2.0])
    >>> Lion(0.5).apply([ops.array([1.0, -5.0])], [weight])
    >>> weight.numpy()
    array([0.5, 2.5], dtype=float32)
    """

    _settings = ("beta_1", "beta_2")
    _formula = staticmethod(_formula)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        *base: Any,
        **options: Any,
    ):
        super().__init__(learning_rate, *base, **options)
        if not 0 < beta_1 <= 1:
            raise ArgumentError(
                f"Lion: expected beta_1 to be above 0 and at most 1; got {beta_1}. At 0, no momentum would be left."
            )
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def _slot_names(self) -> list[dict[str, Any]]:
        return [{"momentum": ops.zeros}]
