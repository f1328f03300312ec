"""Steps in units of mean squares, of which only those of rows and columns are kept."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..backend import using
from ..ops.updates import Rule, each
from ..state import Variable
from .optimizer import Optimizer


def _numbers(rate: Any, step: Any, *, beta_2_decay: float, relative_step: bool, **_: Any) -> tuple[Any, ...]:
    """The relative step, and how much of the new squares enters their mean.

    Keras bounds the relative step by the number of steps even where `relative_step` is off, which then would mean
    nothing.
    """
    bounded = ops.minimum(rate, ops.rsqrt(step)) if relative_step else rate
    return bounded, ops.power(step, beta_2_decay)


def _root_mean_square(x: Any) -> Any:
    return ops.sqrt(ops.mean(ops.multiply(x, x)))


def _formula(
    gradient: Any,
    value: Any,
    *others: Any,
    epsilon_1: float,
    epsilon_2: float,
    clip_threshold: float,
    **_: Any,
) -> tuple[Any, ...]:
    *slots, velocity, relative_step, share = others

    def mixed(mean: Any, new: Any) -> Any:
        return ops.add(ops.multiply(mean, ops.subtract(1.0, share)), ops.multiply(new, share))

    squares = ops.add(ops.multiply(gradient, gradient), epsilon_1)
    if slots:
        rows, columns = slots = [
            mixed(slot, ops.mean(squares, axis)) for slot, axis in zip(slots, (-1, -2), strict=True)
        ]
        weights = ops.divide(rows, ops.mean(rows, -1, keepdims=True))
        velocity = ops.multiply(ops.expand_dims(weights, -1), ops.expand_dims(columns, -2))
    else:
        velocity = mixed(velocity, squares)
    move = ops.divide(gradient, ops.sqrt(velocity))
    move = ops.divide(move, ops.maximum(ops.divide(_root_mean_square(move), clip_threshold), 1.0))
    size = ops.multiply(ops.maximum(_root_mean_square(value), epsilon_2), relative_step)
    return ops.subtract(value, ops.multiply(move, size)), *slots, velocity


class Adafactor(Optimizer):
    """Steps relative to the size of the values, in units of mean squares of rows and columns (Shazeer and Stern, 2018).

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        beta_2_decay: The power of the number of steps by which the weight of new squares falls.
        epsilon_1: Added to the squares of gradients.
        epsilon_2: The least size of values.
        clip_threshold: The root of the mean square above which a step is scaled down.
        relative_step: Whether the learning rate is one over the root of the number of steps at most.
        *base: Options by position.
        **options: What every optimizer can be given; see `Optimizer`.

    >>> weight = polykeras.Variable([3.0, 4.0])
    >>> Adafactor(0.5).apply([ops.array([1.0, -5.0])], [weight])
    >>> weight.numpy()
    array([1.232233 , 5.7677665], dtype=float32)
    """

    _settings = ("beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold", "relative_step")
    _formula = staticmethod(_formula)
    _numbers = staticmethod(_numbers)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        *base: Any,
        **options: Any,
    ):
        super().__init__(learning_rate, *base, **options)
        self.beta_2_decay = beta_2_decay
        self.epsilon_1 = epsilon_1
        self.epsilon_2 = epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step

    def build(self, variables: Any) -> None:
        if self.built:
            return
        super().build(variables)
        self._slots = [[], [], []]
        for variable in self._trainable_variables:
            for slots, slot in zip(self._slots, self._slots_of(variable), strict=True):
                slots.append(slot)

    def _slots_of(self, variable: Variable) -> list[Variable | None]:
        """Means of rows, of columns, and of all; for arrays without rows, files have numbers in the first places."""
        shape = variable.shape
        if variable.overwrite_with_gradient:
            return [None, None, None]
        means: list[Variable | None] = [None, None]
        shapes = (shape[:-1], shape[:-2] + shape[-1:]) if len(shape) > 1 else ((), ())
        with using(variable.home):
            found = [
                self.add_variable(each, ops.zeros, variable._dtype if len(shape) > 1 else "int32", name=variable.name)
                for each in shapes
            ]
        means = [*found] if len(shape) > 1 else means
        return [*means, self.add_variable_from_reference(variable, "velocity", ops.zeros)]

    def _kind_of(self, variable: Variable) -> Any:
        return len(variable.shape) > 1

    def _run(self, arrays: list[Any], rule: Rule, donate: tuple[int, ...]) -> list[Any]:
        return each(arrays, rule)
