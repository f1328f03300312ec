"""Division of whole numbers, and rounding towards zero."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..dtypes import FLOATS, ORDERED, ORDERED_NUMBERS, SIGNED, WHOLE, same
from ..op import Array, composed
from .rules import broadcasting, elementwise


@composed(infer=elementwise, accepts=ORDERED, promote=same, ulp=0)
def trunc(x: Array) -> Array:
    """Round each element towards zero. The result has no gradient.

    Args:
        x: Array or number. Integers stay as they are.

    Returns:
        The elements without their fractions.

    >>> trunc([1.5, -1.5])
    array([ 1., -1.], dtype=float32)
    """
    return ops.where(ops.less(x, 0), ops.ceil(x), ops.floor(x)) if ops.dtype(x) in FLOATS else x


def _divisor_rule(g: Any, out: Any, x1: Any, x2: Any) -> Any:
    return ops.negative(ops.multiply(g, trunc(ops.divide(ops.subtract(x1, out), x2))))


@composed(
    infer=broadcasting,
    accepts=ORDERED_NUMBERS,
    promote=same,
    vjp=(lambda g, out, x1, x2: g, _divisor_rule),
    ulp=0,
)
def fmod(x1: Array, x2: Array) -> Array:
    """Remainder of division rounded towards zero, with the sign of the dividend.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast. What an integer divided by zero gives is undefined.

    Returns:
        The remainders.

    >>> fmod([7, -7], 3)
    array([ 1, -1], dtype=int32)
    """
    remainder = ops.mod(x1, x2)  # with the sign of the divisor
    if ops.dtype(x1) in FLOATS:  # an adjusted remainder would be rounded
        remainder = ops.mod(ops.abs(x1), ops.abs(x2))
        return ops.where(ops.less(x1, 0), ops.negative(remainder), remainder)
    wrong = ops.not_equal(ops.less(remainder, 0), ops.less(x1, 0))
    return ops.where(ops.logical_and(wrong, ops.not_equal(remainder, 0)), ops.subtract(remainder, x2), remainder)


def _size(x: Any) -> Any:
    return ops.abs(x) if ops.dtype(x) in SIGNED else x


@composed(infer=broadcasting, accepts=WHOLE, promote=same)
def gcd(x1: Array, x2: Array) -> Array:
    """The greatest common divisor of two integers, element by element.

    Args:
        x1: Array of integers, or an integer.
        x2: Likewise; the shapes broadcast.

    Returns:
        The divisors: 0 where both are 0, never negative.

    >>> gcd([12, -18, 0], [18, 12, 5])
    array([6, 6, 5], dtype=int32)
    """

    def step(a: Any, b: Any) -> tuple[Any, Any]:
        done = ops.equal(b, 0)
        return ops.where(done, a, b), ops.where(done, b, ops.mod(a, ops.where(done, 1, b)))

    a, b = _size(x1), _size(x2)
    a, b = ops.add(a, ops.zeros_like(b)), ops.add(b, ops.zeros_like(a))
    return ops.while_loop(lambda a, b: ops.any(ops.not_equal(b, 0)), step, (a, b))[0]


@composed(infer=broadcasting, accepts=WHOLE, promote=same)
def lcm(x1: Array, x2: Array) -> Array:
    """The least common multiple of two integers, element by element.

    Args:
        x1: Array of integers, or an integer.
        x2: Likewise; the shapes broadcast.

    Returns:
        The multiples: 0 where either is 0, never negative.

    >>> lcm([4, -6, 0], [6, 4, 5])
    array([12, 12,  0], dtype=int32)
    """
    common = gcd(x1, x2)
    return _size(ops.multiply(ops.floor_divide(x1, ops.where(ops.equal(common, 0), 1, common)), x2))
