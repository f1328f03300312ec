"""Adam with Nesterov's momentum."""

from __future__ import annotations

import math
from typing import Any

from .. import ops
from ..ops.updates import bias_correction
from ..settings import settings
from ..state import Variable
from .optimizer import Optimizer


def _warming(beta_1: float, step: Any) -> Any:
    """How much of the momentum stays in a step: half of beta at first, all of it in the end."""
    fading = ops.exp(ops.multiply(step, math.log(0.96)))
    return ops.multiply(ops.subtract(1.0, ops.multiply(fading, 0.5)), beta_1)


def _numbers(rate: Any, step: Any, product: Any, *, beta_1: float, beta_2: float, **_: Any) -> tuple[Any, ...]:
    """The shares of momentum and gradient in the step, and the root of the correction of the mean square."""
    now, following = _warming(beta_1, step), _warming(beta_1, ops.add(step, 1.0))
    of_momentum = ops.divide(following, ops.subtract(1.0, ops.multiply(product, following)))
    of_gradient = ops.divide(ops.subtract(1.0, now), ops.subtract(1.0, product))
    return ops.multiply(of_momentum, rate), ops.multiply(of_gradient, rate), ops.sqrt(bias_correction(beta_2, step))


def _formula(
    gradient: Any,
    value: Any,
    momentum: Any,
    velocity: Any,
    of_momentum: Any,
    of_gradient: Any,
    correction: Any,
    *,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> tuple[Any, ...]:
    momentum = ops.add(momentum, ops.multiply(ops.subtract(gradient, momentum), 1 - beta_1))
    velocity = ops.add(velocity, ops.multiply(ops.subtract(ops.multiply(gradient, gradient), velocity), 1 - beta_2))
    size = ops.add(ops.divide(ops.sqrt(velocity), correction), epsilon)
    move = ops.add(ops.multiply(momentum, of_momentum), ops.multiply(gradient, of_gradient))
    return ops.subtract(value, ops.divide(move, size)), momentum, velocity


class Nadam(Optimizer):
    """Adam that looks one step ahead, as Nesterov's momentum does (Dozat, 2016).

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        beta_1: How much of the mean of the gradients stays in each step, in the end.
        beta_2: How much of the mean of their squares stays.
        epsilon: Added to the root of that mean.
        *base: Options by position.
        **options: What every optimizer can be given; see `Optimizer`.

    >>> weight = polykeras.Variable([1.0, 2.0])
    >>> Nadam(0.1).apply([ops.array([1.0, -5.0])], [weight])
    >>> weight.numpy()
    array([0.8937212, 2.106279 ], dtype=float32)
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

    def build(self, variables: Any) -> None:
        if not self.built:
            super().build(variables)
            dtype = self._trainable_variables[0]._dtype if self._trainable_variables else settings.floatx
            self._product = self.add_variable((), ops.ones, dtype, name="momentum_product")

    def _scalar_variables(self) -> list[Variable]:
        return [self._product]

    def _update(self, places: tuple[int, ...], grads: list[Any]) -> None:
        step = ops.cast(self._next_update(), self._product._dtype)
        self._product.take(ops.multiply(self._product.value, _warming(self.beta_1, step)))
        super()._update(places, grads)
