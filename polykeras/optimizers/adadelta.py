"""Steps in units of the steps before."""

from __future__ import annotations

from typing import Any

from .. import ops
from .optimizer import Optimizer


def _formula(
    gradient: Any, value: Any, squares: Any, square_steps: Any, rate: Any, *, rho: float, epsilon: float
) -> tuple[Any, ...]:
    squares = ops.add(ops.multiply(squares, rho), ops.multiply(ops.multiply(gradient, gradient), 1 - rho))
    size = ops.sqrt(ops.add(square_steps, epsilon))
    step = ops.divide(ops.multiply(size, gradient), ops.sqrt(ops.add(squares, epsilon)))
    square_steps = ops.add(ops.multiply(square_steps, rho), ops.multiply(ops.multiply(step, step), 1 - rho))
    return ops.subtract(value, ops.multiply(step, rate)), squares, square_steps


class Adadelta(Optimizer):
    """Steps as long as those before, in units of the gradients' size (Zeiler, 2012).

    Args:
        learning_rate: A number, a schedule, or a function without arguments; the paper has 1.0.
        rho: How much of the mean squares of gradients and steps stays in each step.
        epsilon: Added to both.
        *base: Options by position.
        **options: What every optimizer can be given; see `Optimizer`.

    >>> weight = polykeras.Variable([1.0, 2.0])
    >>> Adadelta(1.0, epsilon=0.01).apply([ops.array([1.0, -1.0])], [weight])
    >>> weight.numpy()
    array([0.5917517, 2.4082484], dtype=float32)
    """

    _settings = ("rho", "epsilon")
    _formula = staticmethod(_formula)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        *base: Any,
        **options: Any,
    ):
        super().__init__(learning_rate, *base, **options)
        self.rho = rho
        self.epsilon = epsilon

    def _slot_names(self) -> list[dict[str, Any]]:
        return [{"accumulated_grad": ops.zeros, "accumulated_delta_var": ops.zeros}]
