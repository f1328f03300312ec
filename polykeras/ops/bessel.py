"""Modified Bessel functions of the first kind.

Up to 20 their power series, all of whose terms are positive; from there on the asymptotic expansion for large
arguments (Abramowitz and Stegun 9.6.10 and 9.7.1). Both are good to the last digits of float64 where they meet.
"""

from __future__ import annotations

import math
from typing import Any

from .. import ops
from ..dtypes import ORDERED, inexact
from ..op import Array, composed
from .conversion import in_single
from .rules import elementwise

_BOUNDARY = 20.0
_SERIES_TERMS = 44
_EXPANSION_TERMS = 28


def _series(order: int) -> list[float]:
    """The coefficients of powers of (x / 20)**2, the highest first: of others float32 could not hold the smallest."""
    scale = (_BOUNDARY / 2) ** 2
    return [scale**k / (math.factorial(k) * math.factorial(k + order)) for k in reversed(range(_SERIES_TERMS))]


def _expansion(order: int) -> list[float]:
    """The coefficients of powers of 1 / x, the highest first."""
    coefficients = [1.0]
    for k in range(1, _EXPANSION_TERMS):
        coefficients.append(coefficients[-1] * ((2 * k - 1) ** 2 - 4 * order**2) / (8 * k))
    return coefficients[::-1]


_SERIES = [_series(order) for order in (0, 1)]
_EXPANSION = [_expansion(order) for order in (0, 1)]


def _polynomial(coefficients: list[float], x: Any) -> Any:
    value: Any = coefficients[0]
    for coefficient in coefficients[1:]:
        value = ops.add(ops.multiply(value, x), coefficient)
    return value


def _bessel(order: int, x: Any) -> Any:
    size = ops.abs(x)
    within = ops.clip(x, -_BOUNDARY, _BOUNDARY)
    near = _polynomial(_SERIES[order], ops.square(ops.divide(within, _BOUNDARY)))
    near = ops.multiply(near, ops.multiply(within, 0.5)) if order else near
    large = ops.maximum(size, _BOUNDARY)
    scaled = ops.divide(
        _polynomial(_EXPANSION[order], ops.divide(1, large)), ops.sqrt(ops.multiply(large, 2 * math.pi))
    )
    root = ops.exp(ops.multiply(large, 0.5))  # its square alone may be too large
    far = ops.multiply(ops.multiply(scaled, root), root)
    far = ops.multiply(far, ops.sign(x)) if order else far
    far = ops.where(ops.isinf(size), ops.multiply(x, x if order == 0 else size), far)
    return ops.where(ops.less_equal(size, _BOUNDARY), near, far)


@composed(
    infer=elementwise,
    accepts=ORDERED,
    promote=inexact,
    vjp=(lambda g, out, x: ops.multiply(g, i1(x)),),
    own_gradient=True,  # that of the body is 0 or NaN where the function overflows
    ulp=8,  # a sum of ten terms that count, each of them rounded twice
)
def i0(x: Array) -> Array:
    """The modified Bessel function of the first kind of order 0, of each element.

    Args:
        x: Array or number.

    Returns:
        Numbers from 1 up.

    >>> i0([0.0, 1.0])
    array([1.       , 1.266066 ], dtype=float32)
    """
    return in_single(lambda x: _bessel(0, x), x)


def _i1_rule(g: Any, out: Any, x: Any) -> Any:
    divisor = ops.where(ops.equal(x, 0), 1, x)
    out = ops.where(ops.isinf(out), 0, out)  # beside the other term, which is as large
    ratio = ops.where(ops.equal(x, 0), 0.5, ops.divide(out, divisor))
    return ops.multiply(g, ops.subtract(i0(x), ratio))


@composed(infer=elementwise, accepts=ORDERED, promote=inexact, vjp=(_i1_rule,), own_gradient=True, ulp=8)  # as i0
def i1(x: Array) -> Array:
    """The modified Bessel function of the first kind of order 1, of each element: the derivative of `i0`.

    Args:
        x: Array or number.

    Returns:
        The values, with the signs of the elements.

    >>> i1([0.0, 1.0])
    array([0.        , 0.56515914], dtype=float32)
    """
    return in_single(lambda x: _bessel(1, x), x)
