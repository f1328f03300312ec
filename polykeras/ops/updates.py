"""Updates of many arrays by one formula: what optimizers do in a step.

A formula is a pure function, written in ops, of the arrays at one place of several lists: gradients, values, moments
and so on. It gives new arrays for some. A backend with kernels for whole lists can run it on all places at once.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .. import ops
from ..dtypes import in_single
from ..op import Arrays, composed
from ..symbolic import spec_of
from .control import elementwise
from .matrices import all_in_single


@dataclass(frozen=True)
class Rule:
    """A formula for the arrays at each place of some lists, and the settings that it is used with."""

    formula: Callable[..., tuple[Any, ...]]
    """Takes an array of each list, then numbers, and the settings by name; gives arrays. It is a pure function: what it
    computes for one call holds for all with these settings."""
    lists: int
    """How many lists there are."""
    scalars: int = 0
    """How many arrays without axes come before the lists: what changes from step to step, such as the learning rate."""
    numbers: Callable[..., tuple[Any, ...]] | None = None
    """Makes of the scalars, and of the settings by name, the numbers that the formula takes. None: those are they."""
    settings: tuple[tuple[str, Any], ...] = ()
    """What stays the same, by name."""
    decay: float | None = None
    """How much of the arrays of the second list is taken away before, in units of the first scalar."""

    def of(self, scalars: Sequence[Any], dtype: str) -> Callable[..., tuple[Any, ...]]:
        """The formula as a function of arrays of a dtype alone."""
        return functools.partial(self.apply, self.numbers_of(scalars, dtype))

    def numbers_of(self, scalars: Sequence[Any], dtype: str) -> list[Any]:
        """What the formula takes besides arrays of a dtype, and is the same for all of them."""
        numbers = scalars if self.numbers is None else self.numbers(*scalars, **dict(self.settings))
        shares = [] if self.decay is None else [ops.multiply(scalars[0], self.decay)]
        return [ops.cast(number, in_single(dtype)) for number in (*numbers, *shares)]

    def apply(self, numbers: Sequence[Any], *arrays: Any) -> tuple[Any, ...]:
        """The results for the arrays at one place, rounded once where their dtype is narrower than float32."""
        return all_in_single(functools.partial(self._computed, numbers), *arrays)

    def _computed(self, numbers: Sequence[Any], *arrays: Any) -> tuple[Any, ...]:
        settings = dict(self.settings)
        if self.decay is None:
            return self.formula(*arrays, *numbers, **settings)
        *numbers, share = numbers
        gradient, value, *others = arrays
        value = ops.subtract(value, ops.multiply(value, share))
        return self.formula(gradient, value, *others, *numbers, **settings)

    def columns(self, arrays: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The arrays at each place, one of each list."""
        count = (len(arrays) - self.scalars) // self.lists
        starts = range(self.scalars, len(arrays), count) if count else ()
        return list(zip(*(arrays[start : start + count] for start in starts), strict=True))

    def by_list(self, results: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The results at each place as lists, one after the other."""
        return [x for found in zip(*results, strict=True) for x in found]


def each(arrays: Sequence[Any], rule: Rule) -> list[Any]:
    """As `elementwise_each`, for formulas that look at an array as a whole."""
    return rule.by_list(
        [rule.of(arrays[: rule.scalars], spec_of(column[0]).dtype)(*column) for column in rule.columns(arrays)]
    )


@composed()
def elementwise_each(arrays: Arrays, rule: Any, donate: Any = ()) -> Any:
    """Use a formula that computes element by element at each place of some lists of arrays.

    Args:
        arrays: The rule's scalars, then the lists, one after the other. The arrays of the lists have one dtype.
        rule: The formula, a `Rule`.
        donate: The lists whose arrays' memory may be used for the results, and which are lost to the caller.

    Returns:
        The results, in a list: first those that the formula gave first, and so on.

    >>> double_and_sum = Rule(lambda x, y: (multiply(x, 2), add(x, y)), lists=2)
    >>> elementwise_each([array(1.0), array(2.0), array(10.0), array(20.0)], double_and_sum)
    [array(2., dtype=float32), array(4., dtype=float32), array(11., dtype=float32), array(22., dtype=float32)]
    """
    formula = rule.of(arrays[: rule.scalars], spec_of(arrays[-1]).dtype)
    return rule.by_list([elementwise(formula, column, donate) for column in rule.columns(arrays)])


# Adam, for which frameworks have kernels -------------------------------------------------------------------


def bias_correction(beta: float, step: Any) -> Any:
    """One minus a power, without the digits that float32 loses to the subtraction where beta is near one."""
    return ops.negative(ops.expm1(ops.multiply(step, math.log(beta) if beta else -math.inf)))


def adam_numbers(rate: Any, step: Any, *, beta_1: float, beta_2: float, **_: Any) -> tuple[Any]:
    """The learning rate, corrected for moments that began at zero."""
    correction = ops.divide(ops.sqrt(bias_correction(beta_2, step)), bias_correction(beta_1, step))
    return (ops.multiply(rate, correction),)


def adam(
    gradient: Any,
    value: Any,
    momentum: Any,
    velocity: Any,
    *others: Any,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    amsgrad: bool,
) -> tuple[Any, ...]:
    """The formula of Adam (Kingma and Ba, 2014), whose epsilon is added to the root of the uncorrected moment."""
    *highest, rate = others
    momentum = ops.add(momentum, ops.multiply(ops.subtract(gradient, momentum), 1 - beta_1))
    velocity = ops.add(velocity, ops.multiply(ops.subtract(ops.multiply(gradient, gradient), velocity), 1 - beta_2))
    highest = [ops.maximum(highest[0], velocity)] if amsgrad else []
    root = ops.sqrt(highest[0] if amsgrad else velocity)
    value = ops.subtract(value, ops.divide(ops.multiply(momentum, rate), ops.add(root, epsilon)))
    return value, momentum, velocity, *highest


@composed()
def adam_each(
    arrays: Arrays,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    amsgrad: bool = False,
    decay: float | None = None,
    donate: Any = (),
) -> Any:
    """A step of Adam for each of some arrays.

    Args:
        arrays: The learning rate and the number of the step, counted from one; then lists of gradients, values, their
            first moments, their second ones, and with `amsgrad` the highest of these, one after the other.
        beta_1: How much of the first moments stays.
        beta_2: How much of the second moments stays.
        epsilon: Added to the roots of the second moments.
        amsgrad: Whether to divide by the highest second moment so far, rather than by the last.
        decay: How much of the values is taken away before, in units of the learning rate.
        donate: The lists whose arrays' memory may be used for the results, and which are lost to the caller.

    Returns:
        New values, moments, and so on, in a list in the same order.

    >>> value, momentum, velocity = adam_each([0.1, 1.0, array(2.0), array(5.0), array(0.0), array(0.0)])
    >>> value
    array(4.9, dtype=float32)
    """
    settings = {"beta_1": beta_1, "beta_2": beta_2, "epsilon": epsilon, "amsgrad": amsgrad}
    rule = Rule(adam, 5 if amsgrad else 4, 2, adam_numbers, tuple(settings.items()), decay)
    return elementwise_each(arrays, rule, donate)
