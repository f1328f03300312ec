"""Trigonometric and hyperbolic functions, their inverses, and what goes with angles."""

from __future__ import annotations

import math
from typing import Any

from .. import ops
from ..dtypes import COMPUTABLE, ORDERED, inexact
from ..op import Array, composed
from . import plane
from .complexes import is_complex
from .conversion import in_single
from .rules import broadcasting, elementwise


def _other_leg(x: Any) -> Any:
    """sqrt(1 - x**2), accurate where x is near 1 or -1."""
    return ops.sqrt(ops.multiply(ops.subtract(1, x), ops.add(x, 1)))


def _over_other_leg(g: Any, x: Any) -> Any:
    return ops.multiply(g, plane.inverse_leg(x)) if is_complex(x) else ops.divide(g, _other_leg(x))


@composed(
    infer=elementwise,
    accepts=COMPUTABLE,
    promote=inexact,
    vjp=(lambda g, out, x: _over_other_leg(g, x),),
    ulp=4,
)
def arcsin(x: Array) -> Array:
    """The angle whose sine each element is. The gradient at -1 and 1 is infinite.

    For complex numbers it is cut from -1 down and from 1 up on the real axis; the sign of a zero tells on which
    side of the cut a number is.

    Args:
        x: Array or number, between -1 and 1.

    Returns:
        Angles in radians, from -pi/2 to pi/2; NaN for elements beyond -1 and 1.

    >>> arcsin([0.0, 1.0])
    array([0.       , 1.5707964], dtype=float32)
    """
    if is_complex(x):
        return plane.arcsin(x)
    return ops.arctan2(x, _other_leg(x))


@composed(
    infer=elementwise,
    accepts=COMPUTABLE,
    promote=inexact,
    vjp=(lambda g, out, x: ops.negative(_over_other_leg(g, x)),),
    ulp=4,
)
def arccos(x: Array) -> Array:
    """The angle whose cosine each element is. The gradient at -1 and 1 is infinite.

    For complex numbers it is cut from -1 down and from 1 up on the real axis; the sign of a zero tells on which
    side of the cut a number is.

    Args:
        x: Array or number, between -1 and 1.

    Returns:
        Angles in radians, from 0 to pi; NaN for elements beyond -1 and 1.

    >>> arccos([1.0, -1.0])
    array([0.       , 3.1415927], dtype=float32)
    """
    if is_complex(x):
        return plane.arccos(x)
    return ops.arctan2(_other_leg(x), x)


@composed(
    infer=elementwise,
    accepts=COMPUTABLE,
    promote=inexact,
    vjp=(lambda g, out, x: ops.divide(g, ops.add(ops.square(x), 1)),),
    ulp=4,
)
def arctan(x: Array) -> Array:
    """The angle whose tangent each element is.

    For complex numbers it is cut from -i down and from i up on the imaginary axis; the sign of a zero tells on which
    side of the cut a number is.

    Args:
        x: Array or number.

    Returns:
        Angles in radians, from -pi/2 to pi/2.

    >>> arctan([0.0, 1.0])
    array([0.       , 0.7853982], dtype=float32)
    """
    if is_complex(x):
        return plane.arctan(x)
    return ops.arctan2(x, 1)


@composed(
    infer=elementwise,
    accepts=COMPUTABLE,
    promote=inexact,
    vjp=(lambda g, out, x: ops.multiply(g, ops.add(ops.square(out), 1)),),
    ulp=4,
)
def tan(x: Array) -> Array:
    """The tangent of each element.

    Args:
        x: Array or number, angles in radians.

    Returns:
        The tangents.

    >>> tan([0.0, 1.0])
    array([0.       , 1.5574077], dtype=float32)
    """
    if is_complex(x):
        return plane.tan(x)
    return ops.divide(ops.sin(x), ops.cos(x))


def _half_way(x: Any) -> tuple[Any, Any]:
    """expm1 of half of x, and of half of -x: its square is not too large where a hyperbolic function is not."""
    half = ops.multiply(x, 0.5)
    return ops.expm1(half), ops.expm1(ops.negative(half))


# Some times slower than the own functions of PyTorch, which overflow early, and of JAX, off by 12 units.
@composed(
    infer=elementwise,
    accepts=COMPUTABLE,
    promote=inexact,
    vjp=(lambda g, out, x: ops.multiply(g, ops.cosh(x)),),
    ulp=6,  # expm1 is good to 2 units, and a product of two doubles them
)
def sinh(x: Array) -> Array:
    """The hyperbolic sine of each element.

    Args:
        x: Array or number.

    Returns:
        The hyperbolic sines.

    >>> sinh([0.0, 1.0])
    array([0.       , 1.1752012], dtype=float32)
    """
    if is_complex(x):
        return plane.sinh(x)
    up, down = _half_way(x)
    return ops.multiply(ops.subtract(up, down), ops.add(ops.multiply(ops.add(up, down), 0.5), 1))


# As for sinh.
@composed(
    infer=elementwise,
    accepts=COMPUTABLE,
    promote=inexact,
    vjp=(lambda g, out, x: ops.multiply(g, ops.sinh(x)),),
    ulp=6,
)
def cosh(x: Array) -> Array:
    """The hyperbolic cosine of each element.

    Args:
        x: Array or number.

    Returns:
        Numbers from 1 up.

    >>> cosh([0.0, 1.0])
    array([1.       , 1.5430807], dtype=float32)
    """
    if is_complex(x):
        return plane.cosh(x)
    up, down = _half_way(x)
    return ops.add(ops.square(ops.multiply(ops.subtract(up, down), math.sqrt(0.5))), 1)


_LARGE = 1e9  # from here on 1 + x**2 is x**2, even in float64


@composed(
    infer=elementwise,
    accepts=COMPUTABLE,
    promote=inexact,
    vjp=(lambda g, out, x: ops.divide(g, ops.sqrt(ops.add(ops.square(x), 1)) if is_complex(x) else hypot(x, 1)),),
    ulp=4,
)
def arcsinh(x: Array) -> Array:
    """The number whose hyperbolic sine each element is.

    For complex numbers it is cut from -i down and from i up on the imaginary axis; the sign of a zero tells on which
    side of the cut a number is.

    Args:
        x: Array or number.

    Returns:
        The inverse hyperbolic sines.

    >>> arcsinh([0.0, 1.0])
    array([0.       , 0.8813736], dtype=float32)
    """

    if is_complex(x):
        return plane.arcsinh(x)

    def result(x: Any) -> Any:
        size = ops.abs(x)
        moderate = ops.minimum(size, _LARGE)
        square = ops.square(moderate)
        near = ops.log1p(ops.add(moderate, ops.divide(square, ops.add(ops.sqrt(ops.add(square, 1)), 1))))
        far = ops.add(ops.log(ops.maximum(size, _LARGE)), math.log(2))
        return ops.multiply(ops.sign(x), ops.where(ops.less(size, _LARGE), near, far))

    return in_single(result, x)


@composed(
    infer=elementwise,
    accepts=COMPUTABLE,
    promote=inexact,
    vjp=(lambda g, out, x: ops.divide(g, ops.multiply(ops.sqrt(ops.subtract(x, 1)), ops.sqrt(ops.add(x, 1)))),),
    own_gradient=True,  # others have a slope where the function has no value, or 0 where a square overflows
    ulp=4,
)
def arccosh(x: Array) -> Array:
    """The positive number whose hyperbolic cosine each element is. The gradient at 1 is infinite.

    For complex numbers it is cut from 1 down on the real axis; the sign of a zero tells on which
    side of the cut a number is.

    Args:
        x: Array or number, from 1 up.

    Returns:
        The inverse hyperbolic cosines; NaN for elements below 1.

    >>> arccosh([1.0, 2.0])
    array([0.       , 1.3169578], dtype=float32)
    """

    if is_complex(x):
        return plane.arccosh(x)

    def result(x: Any) -> Any:
        beyond = ops.subtract(ops.minimum(x, _LARGE), 1)
        near = ops.log1p(ops.add(beyond, ops.sqrt(ops.multiply(beyond, ops.add(beyond, 2)))))
        far = ops.add(ops.log(ops.maximum(x, _LARGE)), math.log(2))
        return ops.where(ops.less(x, _LARGE), near, far)

    return in_single(result, x)


@composed(
    infer=elementwise,
    accepts=COMPUTABLE,
    promote=inexact,
    vjp=(lambda g, out, x: ops.divide(g, ops.multiply(ops.subtract(1, x), ops.add(x, 1))),),
    ulp=4,
)
def arctanh(x: Array) -> Array:
    """The number whose hyperbolic tangent each element is. The gradient at -1 and 1 is infinite.

    For complex numbers it is cut from -1 down and from 1 up on the real axis; the sign of a zero tells on which
    side of the cut a number is.

    Args:
        x: Array or number, between -1 and 1.

    Returns:
        The inverse hyperbolic tangents: infinite for -1 and 1, NaN beyond.

    >>> arctanh([0.0, 0.5])
    array([0.        , 0.54930615], dtype=float32)
    """
    if is_complex(x):
        return plane.arctanh(x)
    return ops.multiply(ops.subtract(ops.log1p(x), ops.log1p(ops.negative(x))), 0.5)


# Many times slower than the frameworks' own, which are not 0 at whole numbers.
@composed(infer=elementwise, accepts=ORDERED, promote=inexact, ulp=4)
def sinc(x: Array) -> Array:
    """The sine of pi times each element, divided by pi times the element; 1 at 0.

    It is exactly 0 at the other whole numbers, for which frameworks multiply by a pi that is rounded.

    Args:
        x: Array or number.

    Returns:
        Numbers up to 1.

    >>> sinc([0.0, 0.5, 1.0])
    array([1.       , 0.6366198, 0.       ], dtype=float32)
    """

    def result(x: Any) -> Any:
        whole = ops.rint(x)
        pairs = ops.multiply(whole, 0.5)
        odd = ops.not_equal(pairs, ops.floor(pairs))
        sine = ops.sin(ops.multiply(ops.subtract(x, whole), math.pi))
        sine = ops.where(odd, ops.negative(sine), sine)
        small = ops.less(ops.abs(x), 2.0**-5)
        square = ops.square(ops.multiply(ops.where(small, x, 0), math.pi))
        series: Any = 0.0
        for k in range(4, 0, -1):  # the next term is below 1e-17 there
            series = ops.add(ops.multiply(series, square), (-1) ** k / math.factorial(2 * k + 1))
        near = ops.add(ops.multiply(series, square), 1)
        return ops.where(small, near, ops.divide(sine, ops.multiply(ops.where(small, 1, x), math.pi)))

    return in_single(result, x)


@composed(infer=elementwise, accepts=ORDERED, promote=inexact)
def deg2rad(x: Array) -> Array:
    """Angles in degrees as angles in radians.

    Args:
        x: Array or number.

    Returns:
        The elements times pi / 180.

    >>> deg2rad([0.0, 180.0])
    array([0.       , 3.1415927], dtype=float32)
    """
    return ops.multiply(x, math.pi / 180)


@composed(infer=elementwise, accepts=ORDERED, promote=inexact)
def rad2deg(x: Array) -> Array:
    """Angles in radians as angles in degrees.

    Args:
        x: Array or number.

    Returns:
        The elements times 180 / pi.

    >>> rad2deg([0.0, 3.1415927])
    array([  0., 180.], dtype=float32)
    """
    return ops.multiply(x, 180 / math.pi)


def _leg_rule(of_first: bool) -> Any:
    def rule(g: Any, out: Any, x1: Any, x2: Any) -> Any:
        leg = x1 if of_first else x2
        share = ops.divide(leg, ops.where(ops.equal(out, 0), 1, out))
        return ops.multiply(g, ops.where(ops.isinf(leg), ops.sign(leg), share))

    return rule


# Some times slower on PyTorch than its own.
@composed(
    infer=broadcasting,
    accepts=ORDERED,
    promote=inexact,
    vjp=(_leg_rule(True), _leg_rule(False)),
    own_gradient=True,  # those of the body and of PyTorch are NaN where both are 0, or one of them is infinite
    ulp=4,
)
def hypot(x1: Array, x2: Array) -> Array:
    """sqrt(x1**2 + x2**2), element by element, without overflow on the way.

    The gradient where both are 0 is 0, and that with respect to an infinite element is its sign. An infinite element
    makes the result infinite, even beside NaN.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.

    Returns:
        The lengths.

    >>> hypot([3.0, 0.0], 4.0)
    array([5., 4.], dtype=float32)
    """
    one, other = ops.abs(x1), ops.abs(x2)
    long, short = ops.maximum(one, other), ops.minimum(one, other)
    scale = ops.where(ops.logical_or(ops.equal(long, 0), ops.isinf(long)), 1, long)
    length = ops.multiply(long, ops.sqrt(ops.add(ops.square(ops.divide(short, scale)), 1)))
    return ops.where(ops.logical_or(ops.isinf(x1), ops.isinf(x2)), float("inf"), length)
