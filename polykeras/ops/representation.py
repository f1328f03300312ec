"""The bits of numbers, and what follows from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..backend import numpy_dtype
from ..dtypes import BOOLS, COMPLEXES, COMPUTABLE, FLOATS, ORDERED, inexact, same
from ..errors import ShapeError
from ..op import Array, DType, Index, composed, primitive
from ..spec import Spec, broadcast_shapes, show_shape
from .conversion import in_single
from .rules import broadcasting, elementwise, to_bool


def _width(dtype: str) -> int:
    return numpy_dtype(dtype).itemsize


def _infer_view(x: Spec, dtype: str | None) -> Spec:
    dtype = dtype or x.dtype
    old, new = _width(x.dtype), _width(dtype)
    if old == new:
        return Spec(x.shape, dtype)
    if not x.shape:
        raise ShapeError(
            f"an array without axes cannot become {dtype}, whose elements have another size than those of {x.dtype}. "
            "Reshape it to (1,) first."
        )
    *rest, last = x.shape
    if isinstance(last, int) and last * old % new:
        raise ShapeError(
            f"the last axis of shape {show_shape(x.shape)} has {last} elements of {old} bytes, which do not make whole "
            f"elements of {dtype}, of {new} bytes. Pad the last axis, or choose a narrower dtype."
        )
    return Spec((*rest, last * old // new), dtype)


@primitive(why="looks at bits", infer=_infer_view, accepts=COMPUTABLE, promote=same, ulp=0)
def view(x: Array, dtype: DType = None) -> Array:
    """The same bits as elements of another dtype. The result has no gradient.

    Args:
        x: Array.
        dtype: The dtype; None for that of `x`. Narrower or wider elements make the last axis longer or shorter; the
            lower bits of an element come first.

    Returns:
        The array.

    >>> view([1.0, -2.0], "int32")
    array([ 1065353216, -1073741824], dtype=int32)
    """


def bits_of(x: Any) -> Any:
    """The bits of floats as signed integers of the same width."""
    return view(x, f"int{8 * _width(ops.dtype(x))}")


@composed(infer=to_bool, accepts=ORDERED, promote=same)
def signbit(x: Array) -> Array:
    """Whether the sign of each element is minus; it is for -0.0, and may be for NaN.

    Args:
        x: Array or number.

    Returns:
        A bool for each element.

    >>> signbit([1.0, -0.0, -2.0])
    array([False,  True,  True])
    """
    return ops.less(bits_of(x) if ops.dtype(x) in FLOATS else x, 0)


@composed(infer=broadcasting, accepts=ORDERED, promote=inexact, ulp=0)
def nextafter(x1: Array, x2: Array) -> Array:
    """The next number that the dtype has after x1 on the way to x2, element by element. The result has no gradient.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.

    Returns:
        The neighbours: x2 where both are equal, NaN where either is.

    >>> nextafter([1.0, 1.0], [2.0, 1.0])
    array([1.0000001, 1.       ], dtype=float32)
    """
    kind = ops.dtype(x1)
    lowest = -(2 ** (8 * _width(kind) - 1))

    def mirrored(bits: Any) -> Any:
        """Bits of floats as integers in the same order, with one zero; and back."""
        return ops.where(ops.less(bits, 0), ops.subtract(lowest, bits), bits)

    start, goal = mirrored(bits_of(x1)), mirrored(bits_of(x2))
    up, down = (ops.cast(compare(goal, start), ops.dtype(start)) for compare in (ops.greater, ops.less))
    neighbour = view(mirrored(ops.subtract(ops.add(start, up), down)), kind)
    x1, x2 = ops.stop_gradient(x1), ops.stop_gradient(x2)
    neighbour = ops.where(ops.equal(start, goal), x2, neighbour)
    return ops.where(ops.logical_or(ops.isnan(x1), ops.isnan(x2)), float("nan"), neighbour)


def _infer_ldexp(x1: Spec, x2: Spec) -> Spec:
    return Spec(broadcast_shapes(x1.shape, x2.shape), x1.dtype)


_EXPONENTS = {"float32": (23, 127, 300), "float64": (52, 1023, 2200)}
"""Where the exponent is in the bits, what is added to it, and the largest that can make a difference."""


def _power_of_two(exponent: Any, dtype: str) -> Any:
    place, bias, _ = _EXPONENTS[dtype]
    return view(ops.left_shift(ops.add(exponent, bias), place), dtype)


def _scaled(x: Any, exponent: Any) -> Any:
    dtype = ops.dtype(x)
    limit = _EXPONENTS[dtype][2]
    exponent = ops.clip(ops.cast(exponent, f"int{8 * _width(dtype)}"), -limit, limit)
    third = ops.floor_divide(exponent, 3)  # no part is too large or too small for a power of two in this dtype
    half = ops.floor_divide(ops.subtract(exponent, third), 2)
    for part in (third, half, ops.subtract(ops.subtract(exponent, third), half)):
        x = ops.multiply(x, _power_of_two(part, dtype))
    return x


@composed(
    infer=_infer_ldexp,
    accepts=ORDERED,
    promote=inexact,
    vjp=(lambda g, out, x1, x2: ops.ldexp(g, x2), None),
    ulp=1,
)
def ldexp(x1: Array, x2: Index) -> Array:
    """x1 times two to the power of x2, element by element.

    Args:
        x1: Array or number.
        x2: Array of integers, or an integer; the shapes broadcast.

    Returns:
        The products, in the dtype of `x1`.

    >>> ldexp([0.75, 3.0], [2, -1])
    array([3. , 1.5], dtype=float32)
    """
    return in_single(lambda x: _scaled(x, x2), x1)


def limits(dtype: str) -> tuple[Any, Any]:
    """The least and the greatest finite number of a dtype."""
    if dtype == "bool":
        return 0, 1
    if dtype in FLOATS:
        largest = float(np.finfo(numpy_dtype(dtype)).max) if dtype != "bfloat16" else (2 - 2.0**-7) * 2.0**127
        return -largest, largest
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)


def _infer_saturate(x: Spec, dtype: str) -> Spec:
    return Spec(x.shape, dtype)


@composed(infer=_infer_saturate, accepts=ORDERED, promote=same, ulp=1)
def saturate_cast(x: Array, dtype: DType) -> Array:
    """The array in another dtype; what it cannot hold becomes the nearest number that it can.

    Args:
        x: Array or number.
        dtype: The dtype. Infinities become the largest finite numbers that both dtypes have; NaN becomes 0 in integers.

    Returns:
        The array. Elements that were out of range have the gradient 0.

    >>> saturate_cast([-3.7, 40.2, 1000.0], "uint8")
    array([  0,  40, 255], dtype=uint8)
    """
    if dtype in COMPLEXES:
        return ops.cast(x, dtype)
    own = ops.dtype(x)
    if own in BOOLS:
        return ops.cast(x, dtype)
    (low, high), (own_low, own_high) = limits(dtype), limits(own)
    least, greatest = max(low, own_low), min(high, own_high)
    if dtype in FLOATS or own not in FLOATS:
        return ops.cast(ops.clip(x, least, greatest), dtype)
    # The greatest integer of a dtype may not be among the floats: compare, and choose after the conversion.
    above, below = ops.greater_equal(x, high), ops.less_equal(x, low)
    if dtype == "bool":
        return ops.greater(x, 0)
    inside = ops.cast(ops.where(ops.logical_or(ops.logical_or(above, below), ops.isnan(x)), 0, x), dtype)
    return ops.where(above, high, ops.where(below, low, inside))


@composed(infer=elementwise, vjp=(lambda g, out, x: g,), ulp=0)
def copy(x: Array) -> Array:
    """The same numbers in an array of its own.

    Args:
        x: Array or number.

    Returns:
        The copy.

    >>> copy([1.0, 2.0])
    array([1., 2.], dtype=float32)
    """
    return ops.as_array(x)
