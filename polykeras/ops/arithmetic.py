"""Arithmetic of two arrays, and what belongs to it."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..dtypes import COMPLEXES, COMPUTABLE, NUMBERS, ORDERED, ORDERED_NUMBERS, UNSIGNED, inexact, numeric, same
from ..op import Array, alias, composed, primitive
from ..spec import Spec
from .rules import broadcasting, elementwise

MACHINE = "an instruction of the machine"


@primitive(
    why=MACHINE,
    promote=same,
    infer=broadcasting,
    accepts=COMPUTABLE,
    vjp=(lambda g, out, x1, x2: g, lambda g, out, x1, x2: g),
    ulp=1,
)
def add(x1: Array, x2: Array) -> Array:
    """Add element by element.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.

    Returns:
        The sums.

    >>> add([1.0, 2.0], 3.0)
    array([4., 5.], dtype=float32)
    """


@primitive(
    why=MACHINE,
    promote=same,
    infer=broadcasting,
    accepts=NUMBERS,
    vjp=(lambda g, out, x1, x2: g, lambda g, out, x1, x2: ops.negative(g)),
    ulp=1,
)
def subtract(x1: Array, x2: Array) -> Array:
    """Subtract element by element.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.

    Returns:
        The differences.

    >>> subtract([1.0, 2.0], 3.0)
    array([-2., -1.], dtype=float32)
    """


@primitive(
    why=MACHINE,
    promote=same,
    infer=broadcasting,
    accepts=COMPUTABLE,
    vjp=(lambda g, out, x1, x2: ops.multiply(g, x2), lambda g, out, x1, x2: ops.multiply(g, x1)),
    ulp=1,
)
def multiply(x1: Array, x2: Array) -> Array:
    """Multiply element by element.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.

    Returns:
        The products.

    >>> multiply([1.0, 2.0], 3.0)
    array([3., 6.], dtype=float32)
    """


@primitive(
    why=MACHINE,
    promote=inexact,
    infer=broadcasting,
    accepts=COMPUTABLE,
    vjp=(
        lambda g, out, x1, x2: ops.divide(g, x2),
        lambda g, out, x1, x2: ops.negative(ops.divide(ops.multiply(g, out), x2)),
    ),
    ulp=1,
)
def divide(x1: Array, x2: Array) -> Array:
    """Divide element by element. Integers give floats.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.

    Returns:
        The quotients.

    >>> divide([1, 2], 4)
    array([0.25, 0.5 ], dtype=float32)
    """


true_divide = alias("true_divide", divide)


def _divide_integers(compute: Any, constant: int | None, x1: Any, x2: Any) -> Any:
    """A quotient or remainder of integers, 0 where the divisor is."""
    if constant:
        return compute(x1, x2)
    by_zero = ops.equal(x2, 0)
    return ops.where(by_zero, 0, compute(x1, ops.where(by_zero, 1, x2)))


@primitive(
    why="exact for large quotients, unlike floor(x1 / x2)",
    promote=same,
    infer=broadcasting,
    accepts=ORDERED_NUMBERS,
    on_integers=_divide_integers,
    ulp=0,
)
def floor_divide(x1: Array, x2: Array) -> Array:
    """Divide element by element and round down. The result has no gradient.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.

    Returns:
        The largest whole numbers that are at most the quotients; 0 for an integer divided by 0.

    >>> floor_divide([7, -7], 2)
    array([ 3, -4], dtype=int32)
    """


@primitive(
    why="exact for large quotients, unlike x1 - x2 * floor(x1 / x2)",
    promote=same,
    infer=broadcasting,
    accepts=ORDERED_NUMBERS,
    on_integers=_divide_integers,
    vjp=(lambda g, out, x1, x2: g, lambda g, out, x1, x2: ops.negative(ops.multiply(g, ops.floor_divide(x1, x2)))),
    ulp=1,
)
def mod(x1: Array, x2: Array) -> Array:
    """Remainder of division rounded down, with the sign of the divisor.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.

    Returns:
        The remainders; 0 for an integer divided by 0.

    >>> mod([7, -7], 3)
    array([1, 2], dtype=int32)
    """


def _power_base_rule(g: Any, out: Any, x1: Any, x2: Any) -> Any:
    exponent = ops.where(ops.equal(x2, 0), 1, ops.subtract(x2, 1))  # x1**-1 times 0 would be nan at x1 = 0
    return ops.multiply(g, ops.multiply(x2, ops.power(x1, exponent)))


def _power_exponent_rule(g: Any, out: Any, x1: Any, x2: Any) -> Any:
    is_flat = ops.equal(x1, 0)  # as 0 ** x2 is 0, but for x2 = 0
    if ops.dtype(x1) not in COMPLEXES:
        is_flat = ops.logical_and(is_flat, ops.greater_equal(x2, 0))
    return ops.multiply(g, ops.multiply(out, ops.log(ops.where(is_flat, 1, x1))))


def _power_of_integers(compute: Any, constant: int | None, x1: Any, x2: Any) -> Any:
    """A power of integers; a negative one is 1, -1 or, the fraction being cut off, 0."""
    if (constant is not None and constant >= 0) or ops.dtype(x2) in UNSIGNED:
        return compute(x1, x2)
    negative = ops.less(x2, 0)
    powers = compute(x1, ops.where(negative, ops.bitwise_and(x2, 1), x2))
    is_unit = ops.logical_or(ops.equal(x1, 1), ops.equal(x1, -1))
    return ops.where(ops.logical_and(negative, ops.logical_not(is_unit)), 0, powers)


@primitive(
    why="a tuned kernel, exact where exp(x2 * log(x1)) is not",
    promote=same,
    infer=broadcasting,
    accepts=NUMBERS,
    on_integers=_power_of_integers,
    vjp=(_power_base_rule, _power_exponent_rule),
    ulp=4,  # pow in float32 is good to a few units in most mathematical libraries
)
def power(x1: Array, x2: Array) -> Array:
    """Raise to a power, element by element.

    The gradient with respect to the base is 0 where the exponent is 0. That with respect to the exponent is NaN where
    the base is negative, and 0 where the base is 0 and the exponent is not negative.

    Args:
        x1: Array or number, the base.
        x2: Array or number, the exponent; the shapes broadcast.

    Returns:
        The powers; negative powers of integers without their fractions, so that those of 2 are 0, and that of 0 too.

    >>> power([1.0, 2.0, 3.0], 2)
    array([1., 4., 9.], dtype=float32)
    """


def _share_rule(wins: str, of_first: bool) -> Any:
    def rule(g: Any, out: Any, x1: Any, x2: Any) -> Any:
        mine, other = (x1, x2) if of_first else (x2, x1)
        half = ops.where(ops.equal(x1, x2), ops.multiply(g, 0.5), 0)
        return ops.where(getattr(ops, wins)(mine, other), g, half)

    return rule


@primitive(
    why=MACHINE,
    promote=same,
    infer=broadcasting,
    accepts=ORDERED,
    vjp=(_share_rule("greater", True), _share_rule("greater", False)),
    ulp=0,
)
def maximum(x1: Array, x2: Array) -> Array:
    """The greater of two numbers, element by element; NaN if either is.

    At a tie each argument gets half of the gradient.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.

    Returns:
        The greater ones.

    >>> maximum([1.0, 5.0], 3.0)
    array([3., 5.], dtype=float32)
    """


@primitive(
    why=MACHINE,
    promote=same,
    infer=broadcasting,
    accepts=ORDERED,
    vjp=(_share_rule("less", True), _share_rule("less", False)),
    ulp=0,
)
def minimum(x1: Array, x2: Array) -> Array:
    """The smaller of two numbers, element by element; NaN if either is.

    At a tie each argument gets half of the gradient.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.

    Returns:
        The smaller ones.

    >>> minimum([1.0, 5.0], 3.0)
    array([1., 3.], dtype=float32)
    """


def _square_norm(x1: Any, x2: Any) -> Any:
    return ops.add(ops.square(x1), ops.square(x2))


@primitive(
    why="a tuned kernel with every quadrant and signed zero right",
    promote=inexact,
    infer=broadcasting,
    accepts=ORDERED,
    vjp=(
        lambda g, out, x1, x2: ops.divide_no_nan(ops.multiply(g, x2), _square_norm(x1, x2)),
        lambda g, out, x1, x2: ops.negative(ops.divide_no_nan(ops.multiply(g, x1), _square_norm(x1, x2))),
    ),
    ulp=4,
)
def arctan2(x1: Array, x2: Array) -> Array:
    """The angle of the point (x2, x1), element by element, between -pi and pi.

    Args:
        x1: Array or number, the ordinate.
        x2: Array or number, the abscissa; the shapes broadcast.

    Returns:
        The angles in radians.

    >>> arctan2([1.0, -1.0], [1.0, 1.0])
    array([ 0.7853982, -0.7853982], dtype=float32)
    """


@primitive(
    why=MACHINE, infer=elementwise, accepts=NUMBERS, promote=same, vjp=(lambda g, out, x: ops.negative(g),), ulp=0
)
def negative(x: Array) -> Array:
    """Change the sign of each element.

    Args:
        x: Array or number.

    Returns:
        The opposite numbers.

    >>> negative([1.0, -2.0])
    array([-1.,  2.], dtype=float32)
    """


@composed(
    infer=elementwise,
    promote=numeric,
    accepts=COMPUTABLE,
    vjp=(lambda g, out, x: ops.multiply(ops.multiply(g, x), 2),),
    ulp=1,
)
def square(x: Array) -> Array:
    """Multiply each element by itself.

    Args:
        x: Array or number.

    Returns:
        The squares.

    >>> square([1.0, -2.0])
    array([1., 4.], dtype=float32)
    """
    return multiply(x, x)


@composed(infer=elementwise, accepts=COMPUTABLE, promote=inexact, ulp=1)
def reciprocal(x: Array) -> Array:
    """One divided by each element.

    Args:
        x: Array or number.

    Returns:
        The reciprocals.

    >>> reciprocal([2.0, 4.0])
    array([0.5 , 0.25], dtype=float32)
    """
    return divide(1, x)


def _infer_clip(x: Spec, *bounds: Spec | None) -> Spec:
    return broadcasting(x, *(bound for bound in bounds if bound is not None))


@composed(infer=_infer_clip, accepts=ORDERED, promote=numeric, ulp=0)
def clip(x: Array, x_min: Array | None, x_max: Array | None) -> Array:
    """Bring each element into an interval.

    The gradient is 1 in the closed interval and 0 outside.

    Args:
        x: Array or number.
        x_min: The lower bound, array or number; the shapes broadcast. None for no bound.
        x_max: The upper bound; None for no bound.

    Returns:
        The elements, none of them below the lower or above the upper bound. NaN stays NaN, and is the result where a
        bound is NaN.

    >>> clip([-2.0, 0.5, 2.0], -1.0, 1.0)
    array([-1. ,  0.5,  1. ], dtype=float32)
    """
    if x_min is x_max is None:
        ORDERED.check(ops.dtype(x))
        return ops.cast(x, numeric(ops.dtype(x)))
    if x_min is not None:
        x = ops.where(_or_nan(ops.less(x, x_min), x_min), x_min, x)
    return x if x_max is None else ops.where(_or_nan(ops.greater(x, x_max), x_max), x_max, x)


def _or_nan(is_outside: Any, bound: Any) -> Any:
    """Where elements are outside of a bound, or the bound is NaN."""
    if isinstance(bound, (int, float)) and bound == bound:
        return is_outside
    return ops.logical_or(is_outside, ops.isnan(bound))
