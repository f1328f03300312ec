"""Steps in units of all gradients so far."""

from __future__ import annotations

import functools
from typing import Any

from .. import ops
from .memory import full
from .optimizer import Optimizer


def _formula(gradient: Any, value: Any, accumulator: Any, rate: Any, *, epsilon: float, **_: Any) -> tuple[Any, ...]:
    accumulator = ops.add(accumulator, ops.multiply(gradient, gradient))
    step = ops.divide(ops.multiply(gradient, rate), ops.sqrt(ops.add(accumulator, epsilon)))
    return ops.subtract(value, step), accumulator


class Adagrad(Optimizer):
    """Steps in units of the root of the sum of all squared gradients so far (Duchi et al., 2011).

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        initial_accumulator_value: Where that sum begins.
        epsilon: Added to the sum.
        *base: Options by position.
        **options: What every optimizer can be given; see `Optimizer`.

    >>> weight = polykeras.Variable([1.0, 2.0])
    >>> Adagrad(0.1, initial_accumulator_value=0.0).apply([ops.array([1.0, -5.0])], [weight])
    >>> weight.numpy()
    array([0.9, 2.1], dtype=float32)
    """

    _settings = ("initial_accumulator_value", "epsilon")
    _formula = staticmethod(_formula)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        *base: Any,
        **options: Any,
    ):
        super().__init__(learning_rate, *base, **options)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def _slot_names(self) -> list[dict[str, Any]]:
        return [{"accumulator": functools.partial(full, self.initial_accumulator_value)}]
