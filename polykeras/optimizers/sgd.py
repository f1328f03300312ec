"""Stochastic gradient descent, with or without momentum."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ArgumentError
from .optimizer import Optimizer


def descend(gradient: Any, value: Any, *others: Any, momentum: float = 0.0, nesterov: bool = False) -> tuple[Any, ...]:
    """A step along the gradient; with momentum, along a sum of all gradients that fades."""
    *moments, rate = others
    step = ops.multiply(gradient, rate)
    if not moments:
        return (ops.subtract(value, step),)
    moment = ops.subtract(ops.multiply(moments[0], momentum), step)
    if nesterov:
        return ops.add(value, ops.subtract(ops.multiply(moment, momentum), step)), moment
    return ops.add(value, moment), moment


class SGD(Optimizer):
    """Gradient descent.

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        momentum: How much of the last move stays in the next one, between 0 and 1.
        nesterov: Whether to use the move that follows the next one (Nesterov, 1983).
        *base: Options by position.
        **options: What every optimizer can be given; see `Optimizer`.

    >>> weight = polykeras.Variable([1.0, 2.0])
    >>> SGD(0.1).apply([ops.array([1.0, 1.0])], [weight])
    >>> weight.numpy()
    array([0.9, 1.9], dtype=float32)
    """

    _settings = ("momentum", "nesterov")
    _formula = staticmethod(descend)

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        *base: Any,
        **options: Any,
    ):
        super().__init__(learning_rate, *base, **options)
        if not 0 <= momentum <= 1:
            raise ArgumentError(f"SGD: expected momentum to be between 0 and 1; got {momentum}.")
        self.momentum = momentum
        self.nesterov = nesterov

    def _slot_names(self) -> list[dict[str, Any]]:
        return [{"momentum": ops.zeros}] if self.momentum else []
