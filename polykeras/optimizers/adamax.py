"""Adam with the largest gradients in place of the root of their mean square."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..ops.updates import bias_correction
from .optimizer import Optimizer


def _numbers(rate: Any, step: Any, *, beta_1: float, **_: Any) -> tuple[Any]:
    return (ops.divide(rate, bias_correction(beta_1, step)),)


def _formula(
    gradient: Any, value: Any, momentum: Any, norm: Any, rate: Any, *, beta_1: float, beta_2: float, epsilon: float
) -> tuple[Any, ...]:
    momentum = ops.add(momentum, ops.multiply(ops.subtract(gradient, momentum), 1 - beta_1))
    norm = ops.maximum(ops.multiply(norm, beta_2), ops.abs(gradient))
    return ops.subtract(value, ops.divide(ops.multiply(momentum, rate), ops.add(norm, epsilon))), momentum, norm


class Adamax(Optimizer):
    """Steps as long as the mean of the gradients is in units of the largest one (Kingma and Ba, 2014).

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        beta_1: How much of the mean of the gradients stays in each step.
        beta_2: How much of the largest one stays.
        epsilon: Added to that.
        *base: Options by position.
        **options: What every optimizer can be given; see `Optimizer`.

    >>> weight = polykeras.Variable([1.0, 2.0])
    >>> Adamax(0.1).apply([ops.array([1.0, -5.0])], [weight])
    >>> weight.numpy()
    array([0.9, 2.1], dtype=float32)
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
        return [{"momentum": ops.zeros, "norm": ops.zeros}]
