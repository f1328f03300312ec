"""Steps in units of the size of recent gradients."""

from __future__ import annotations

from typing import Any

from .. import ops
from .optimizer import Optimizer


def _formula(
    gradient: Any, value: Any, velocity: Any, *others: Any, rho: float, momentum: float, epsilon: float, centered: bool
) -> tuple[Any, ...]:
    *moments, rate = others
    velocity = ops.add(ops.multiply(velocity, rho), ops.multiply(ops.multiply(gradient, gradient), 1 - rho))
    square, slots = velocity, [velocity]
    if centered:
        average = ops.add(ops.multiply(moments[-1], rho), ops.multiply(gradient, 1 - rho))
        square = ops.subtract(velocity, ops.multiply(average, average))
    step = ops.divide(ops.multiply(gradient, rate), ops.sqrt(ops.add(square, epsilon)))
    if momentum:
        step = ops.add(ops.multiply(moments[0], momentum), step)
        slots.append(step)
    return ops.subtract(value, step), *slots, *([average] if centered else [])


class RMSprop(Optimizer):
    """Steps in units of the root of the mean square of recent gradients (Hinton, 2012).

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        rho: How much of that mean stays in each step.
        momentum: How much of the last move stays in the next one.
        epsilon: Added to the mean square.
        centered: Whether to take the square of the mean gradient away from the mean square.
        *base: Options by position.
        **options: What every optimizer can be given; see `Optimizer`.

    >>> weight = polykeras.Variable([1.0, 2.0])
    >>> RMSprop(0.1, rho=0.75).apply([ops.array([1.0, -5.0])], [weight])
    >>> weight.numpy()
    array([0.8, 2.2], dtype=float32)
    """

    _settings = ("rho", "momentum", "epsilon", "centered")
    _formula = staticmethod(_formula)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        *base: Any,
        **options: Any,
    ):
        super().__init__(learning_rate, *base, **options)
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def _slot_names(self) -> list[dict[str, Any]]:
        wanted = {"velocity": True, "momentum": self.momentum > 0, "average_gradient": self.centered}
        return [{name: ops.zeros} for name, is_wanted in wanted.items() if is_wanted]
