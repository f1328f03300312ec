"""Follow the regularized leader."""

from __future__ import annotations

import functools
from typing import Any

from .. import ops
from ..errors import ArgumentError
from .memory import full
from .optimizer import Optimizer


def _numbers(rate: Any, step: Any, *, l2_regularization_strength: float, beta: float, **_: Any) -> tuple[Any, Any]:
    """The learning rate, and twice the strength of what pulls towards zero."""
    return rate, ops.add(ops.divide(beta, rate), 2 * l2_regularization_strength)


def _formula(
    gradient: Any,
    value: Any,
    accumulator: Any,
    linear: Any,
    rate: Any,
    pull: Any,
    *,
    learning_rate_power: float,
    l1_regularization_strength: float,
    l2_shrinkage_regularization_strength: float,
    **_: Any,
) -> tuple[Any, ...]:
    def powered(x: Any) -> Any:
        return ops.sqrt(x) if learning_rate_power == -0.5 else ops.power(x, -learning_rate_power)

    total = ops.add(accumulator, ops.multiply(gradient, gradient))
    shrunk = ops.add(gradient, ops.multiply(value, 2 * l2_shrinkage_regularization_strength))
    growth = ops.divide(ops.subtract(powered(total), powered(accumulator)), rate)
    linear = ops.add(linear, ops.subtract(shrunk, ops.multiply(growth, value)))
    quadratic = ops.add(ops.divide(powered(total), rate), pull)
    kept = ops.clip(linear, -l1_regularization_strength, l1_regularization_strength)
    return ops.divide(ops.subtract(kept, linear), quadratic), total, linear


class Ftrl(Optimizer):
    """The values that would have been best so far, with a pull towards zero (McMahan et al., 2013).

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        learning_rate_power: The power of the sum of squared gradients that steps are divided by; zero or less.
        initial_accumulator_value: Where that sum begins.
        l1_regularization_strength: The pull of the sum of absolute values, which makes values zero.
        l2_regularization_strength: The pull of the sum of squares.
        l2_shrinkage_regularization_strength: The pull of the squares on the gradient.
        beta: Added to the root that steps are divided by.
        *base: Options by position.
        **options: What every optimizer can be given; see `Optimizer`.

    >>> weight = polykeras.Variable([1.0, 2.0])
    >>> Ftrl(0.1, l1_regularization_strength=100.0).apply([ops.array([1.0, -5.0])], [weight])
    >>> weight.numpy()
    array([0., 0.], dtype=float32)
    """

    _settings = (
        "learning_rate_power",
        "initial_accumulator_value",
        "l1_regularization_strength",
        "l2_regularization_strength",
        "l2_shrinkage_regularization_strength",
        "beta",
    )
    _formula = staticmethod(_formula)
    _numbers = staticmethod(_numbers)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        *base: Any,
        **options: Any,
    ):
        super().__init__(learning_rate, *base, **options)
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta
        if learning_rate_power > 0:
            raise ArgumentError(f"Ftrl: expected learning_rate_power to be zero or less; got {learning_rate_power}.")
        for name in self._settings[1:5]:
            if getattr(self, name) < 0:
                raise ArgumentError(f"Ftrl: expected {name} to be zero or more; got {getattr(self, name)}.")

    def _slot_names(self) -> list[dict[str, Any]]:
        return [{"accumulator": functools.partial(full, self.initial_accumulator_value), "linear": ops.zeros}]
