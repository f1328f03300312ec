"""Powers and logarithms to other bases, and sums of logarithms."""

from __future__ import annotations

import math
from typing import Any

from .. import ops
from ..dtypes import COMPUTABLE, ORDERED, inexact
from ..op import Array, composed
from . import plane
from .complexes import is_complex
from .rules import broadcasting, elementwise

_LOG_2 = math.log(2)


# Some times slower on JAX than its own, which is off by 40 units.
@composed(
    infer=elementwise,
    accepts=COMPUTABLE,
    promote=inexact,
    vjp=(lambda g, out, x: ops.multiply(g, ops.multiply(out, _LOG_2)),),
    ulp=4,
)
def exp2(x: Array) -> Array:
    """Two to the power of each element.

    Args:
        x: Array or number.

    Returns:
        The powers.

    >>> exp2([0.0, 3.0])
    array([1., 8.], dtype=float32)
    """
    return plane.exp2(x) if is_complex(x) else ops.power(2.0, x)


def _logarithm_rule(base: float) -> Any:
    return lambda g, out, x: ops.divide(ops.multiply(g, 1 / math.log(base)), x)


@composed(infer=elementwise, accepts=COMPUTABLE, promote=inexact, vjp=(_logarithm_rule(2),), ulp=4)
def log2(x: Array) -> Array:
    """The logarithm to base 2 of each element.

    Args:
        x: Array or number.

    Returns:
        The logarithms: -inf for 0, NaN for negative numbers.

    >>> log2([1.0, 2.0])
    array([0., 1.], dtype=float32)
    """
    return ops.multiply(ops.log(x), 1 / _LOG_2)


@composed(infer=elementwise, accepts=COMPUTABLE, promote=inexact, vjp=(_logarithm_rule(10),), ulp=4)
def log10(x: Array) -> Array:
    """The logarithm to base 10 of each element.

    Args:
        x: Array or number.

    Returns:
        The logarithms: -inf for 0, NaN for negative numbers.

    >>> log10([1.0, 2.0])
    array([0.     , 0.30103], dtype=float32)
    """
    return ops.multiply(ops.log(x), 1 / math.log(10))


def finite_or_zero(x: Any) -> Any:
    """What to subtract before exponentials are taken: an infinite number would leave NaN of its like."""
    return ops.where(ops.isfinite(x), x, 0)


def _larger_and_distance(x1: Any, x2: Any) -> tuple[Any, Any]:
    """The larger of two numbers, and how far the other is below it: smooth at ties, unlike maximum and abs."""
    swap = ops.greater(x1, x2)
    larger, smaller = ops.where(swap, x1, x2), ops.where(swap, x2, x1)
    return larger, ops.subtract(smaller, finite_or_zero(larger))


def _share_rule(base: float, of_first: bool) -> Any:
    def rule(g: Any, out: Any, x1: Any, x2: Any) -> Any:
        is_level = ops.logical_and(ops.equal(x1, x2), ops.isinf(x1))
        ahead = ops.where(is_level, 0, ops.subtract(x1, x2) if of_first else ops.subtract(x2, x1))
        return ops.multiply(g, ops.sigmoid(ops.multiply(ahead, math.log(base))))

    return rule


@composed(
    infer=broadcasting,
    accepts=ORDERED,
    promote=inexact,
    vjp=(_share_rule(math.e, True), _share_rule(math.e, False)),
    own_gradient=True,  # others forget the finite one beside an infinite one
    ulp=4,
)
def logaddexp(x1: Array, x2: Array) -> Array:
    """log(exp(x1) + exp(x2)), element by element, without overflow on the way.

    Two infinities that are equal share the gradient.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.

    Returns:
        The logarithms of the sums. Errors are relative to the larger of the two.

    >>> logaddexp([0.0, 1000.0], [0.0, 1000.0])
    array([6.931472e-01, 1.000693e+03], dtype=float32)
    """
    larger, distance = _larger_and_distance(x1, x2)
    return ops.add(larger, ops.log1p(ops.exp(distance)))


@composed(
    infer=broadcasting,
    accepts=ORDERED,
    promote=inexact,
    vjp=(_share_rule(2, True), _share_rule(2, False)),
    own_gradient=True,  # others forget the finite one beside an infinite one
    ulp=4,
)
def logaddexp2(x1: Array, x2: Array) -> Array:
    """log2(2**x1 + 2**x2), element by element, without overflow on the way.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.

    Returns:
        The logarithms to base 2 of the sums. Errors are relative to the larger of the two.

    >>> logaddexp2([0.0, 1000.0], [0.0, 1000.0])
    array([   1., 1001.], dtype=float32)
    """
    larger, distance = _larger_and_distance(x1, x2)
    return ops.add(larger, ops.multiply(ops.log1p(exp2(distance)), 1 / _LOG_2))


@composed(
    infer=elementwise,
    accepts=ORDERED,
    promote=inexact,
    vjp=(lambda g, out, x: ops.divide(g, ops.multiply(ops.square(out), 3)),),
    ulp=4,
)
def cbrt(x: Array) -> Array:
    """The cube root of each element. The gradient at 0 is infinite.

    Args:
        x: Array or number.

    Returns:
        The roots, with the signs of the elements.

    >>> cbrt([8.0, -27.0])
    array([ 2., -3.], dtype=float32)
    """
    negative = ops.less(x, 0)
    size = ops.where(negative, ops.negative(x), x)
    root = ops.power(size, 1 / 3)  # off by the rounding of 1/3, times the logarithm
    plain = ops.logical_or(ops.equal(root, 0), ops.isinf(root))
    divisor = ops.where(plain, 1, root)
    correction = ops.divide(ops.subtract(root, ops.divide(size, ops.square(divisor))), 3)  # a step of Newton's
    root = ops.where(plain, root, ops.subtract(root, correction))
    return ops.where(negative, ops.negative(root), root)
