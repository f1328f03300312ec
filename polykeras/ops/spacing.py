"""Numbers at equal distances or in equal ratios, and rows of powers.

Where both ends are host data NumPy computes the numbers, so that they have the same bits on every backend. Otherwise
they are computed in float64, and can be differentiated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..backend import WEAK, Backend, host_array
from ..dtypes import INTEGERS, NUMBERS, ORDERED, inexact, same
from ..errors import OptionError, ShapeError
from ..interpreters import Interpreter, kind_of
from ..op import Array, DType, Value, composed
from ..spec import Spec, broadcast_shapes, normalize_axis, show_shape
from ..symbolic import spec_of


def _on_host(*bounds: Any) -> Any:
    """The bounds as NumPy arrays in float64 if all of them are host data; None otherwise."""
    if any(isinstance(kind_of(type(x)), (Backend, Interpreter)) for x in bounds):
        return None
    return [host_array(x, "float64") for x in bounds]


def _dtype_of(start: Any, stop: Any) -> str:
    """The dtype of what lies between bounds, if none is given."""
    dtypes = [type(x) if type(x) in WEAK else ops.dtype(x) for x in (start, stop)]
    ORDERED.check(same(*dtypes))
    return inexact(*dtypes)


def _infer_spaced(start: Any, stop: Any, num: int, dtype: str | None, axis: int) -> Spec:
    if num < 0:
        raise OptionError(f"expected num to be from 0 up; got {num}.")
    shape = broadcast_shapes(ops.shape(start), ops.shape(stop))
    axis = normalize_axis(axis, len(shape) + 1)
    return Spec((*shape[:axis], num, *shape[axis:]), dtype or _dtype_of(start, stop))


def _infer_linspace(
    start: Any, stop: Any, num: int, endpoint: bool, retstep: bool, dtype: str | None, axis: int
) -> Any:
    numbers = _infer_spaced(start, stop, num, dtype, axis)
    shape = (*numbers.shape[: axis % numbers.ndim], *numbers.shape[axis % numbers.ndim + 1 :])
    return (numbers, Spec(shape, _dtype_of(start, stop))) if retstep else numbers


def _places(num: int, *bounds: Any) -> np.ndarray:
    """0, 1, 2, ... along a first axis in front of those of the bounds."""
    return np.arange(num, dtype="float64").reshape(-1, *[1] * max(len(ops.shape(x)) for x in bounds))


def _with_ends(numbers: Any, places: np.ndarray, start: Any, stop: Any, endpoint: bool) -> Any:
    """Numbers between bounds, of which the first and perhaps the last are the bounds themselves."""
    numbers = ops.where(places == 0, start, numbers)
    return ops.where(places == len(places) - 1, stop, numbers) if endpoint and len(places) > 1 else numbers


def linear(start: Any, stop: Any, num: int, endpoint: bool) -> tuple[Any, Any]:
    """Numbers at equal distances along a new first axis, and their distance, NaN where there is only one."""
    places = _places(num, start, stop)
    steps = num - 1 if endpoint else num
    whole = ops.subtract(stop, start)
    if steps < 1:
        return ops.add(ops.multiply(places, whole), start), ops.multiply(whole, np.nan)
    divisor = ops.where(ops.isnan(whole), whole, float(steps))  # by one number alone XLA does not divide exactly
    distance = ops.divide(whole, divisor)
    return _with_ends(ops.add(start, ops.multiply(places, distance)), places, start, stop, endpoint), distance


@composed(infer=_infer_linspace)
def linspace(
    start: Value,
    stop: Value,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: DType = None,
    axis: int = 0,
) -> Any:
    """Numbers at equal distances between two bounds.

    Args:
        start: The first number, or an array of them.
        stop: The last number, or an array of them; the shapes broadcast.
        num: How many numbers.
        endpoint: Whether `stop` is the last of them; otherwise it would come after the last.
        retstep: Whether to return the distance too.
        dtype: The dtype; None for that of the bounds, floatx for integers. Integers are rounded down.
        axis: Where the new axis is in the result.

    Returns:
        The numbers; with `retstep` a pair of them and their distance.

    >>> linspace(0.0, 1.0, 5)
    array([0.  , 0.25, 0.5 , 0.75, 1.  ], dtype=float32)
    """
    wanted = _infer_spaced(start, stop, num, dtype, axis).dtype
    bounds = _on_host(start, stop)
    if bounds is None:
        numbers, distance = linear(ops.cast(start, "float64"), ops.cast(stop, "float64"), num, endpoint)
    else:
        steps = num - 1 if endpoint else num
        distance = (bounds[1] - bounds[0]) / (steps if steps > 0 else np.nan)
        numbers = np.linspace(bounds[0], bounds[1], num, endpoint)
    if wanted in INTEGERS:
        numbers = ops.floor(numbers)
    numbers = ops.cast(ops.moveaxis(numbers, 0, axis), wanted)
    return (numbers, ops.cast(distance, _dtype_of(start, stop))) if retstep else numbers


def _infer_logspace(start: Any, stop: Any, num: int, endpoint: bool, base: Any, dtype: str | None, axis: int) -> Spec:
    return _infer_spaced(start, stop, num, dtype, axis)


@composed(infer=_infer_logspace, ulp=4)  # as power
def logspace(
    start: Value,
    stop: Value,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10,
    dtype: DType = None,
    axis: int = 0,
) -> Array:
    """Powers of a base, whose exponents lie at equal distances between two bounds.

    Args:
        start: The first exponent, or an array of them.
        stop: The last exponent, or an array of them; the shapes broadcast.
        num: How many numbers.
        endpoint: Whether `stop` is the last exponent; otherwise it would come after the last.
        base: The base.
        dtype: The dtype; None for that of the bounds, floatx for integers.
        axis: Where the new axis is in the result.

    Returns:
        The powers.

    >>> logspace(0.0, 2.0, 3)
    array([  1.,  10., 100.], dtype=float32)
    """
    wanted = _infer_spaced(start, stop, num, dtype, axis).dtype
    bounds = _on_host(start, stop, base)
    if bounds is None:
        exponents, _ = linear(ops.cast(start, "float64"), ops.cast(stop, "float64"), num, endpoint)
        numbers = ops.power(ops.cast(base, "float64"), exponents)
    else:
        numbers = np.power(bounds[2], np.linspace(bounds[0], bounds[1], num, endpoint))
    return ops.cast(ops.moveaxis(numbers, 0, axis), wanted)


def _infer_geomspace(start: Any, stop: Any, num: int, endpoint: bool, dtype: str | None, axis: int) -> Spec:
    return _infer_spaced(start, stop, num, dtype, axis)


@composed(infer=_infer_geomspace, ulp=4)  # a quotient, its power and a product, in float64
def geomspace(
    start: Value, stop: Value, num: int = 50, endpoint: bool = True, dtype: DType = None, axis: int = 0
) -> Array:
    """Numbers in equal ratios between two bounds. Between bounds of different signs they are NaN.

    Args:
        start: The first number, or an array of them, other than 0.
        stop: The last number, or an array of them, other than 0; the shapes broadcast.
        num: How many numbers.
        endpoint: Whether `stop` is the last of them; otherwise it would come after the last.
        dtype: The dtype; None for that of the bounds, floatx for integers.
        axis: Where the new axis is in the result.

    Returns:
        The numbers.

    >>> geomspace(1.0, 8.0, 4)
    array([1., 2., 4., 8.], dtype=float32)
    """
    wanted = _infer_spaced(start, stop, num, dtype, axis).dtype
    bounds = _on_host(start, stop)
    if bounds is not None and not (bounds[0].all() and bounds[1].all()):
        raise OptionError(f"expected bounds other than 0; got {start} and {stop}.")
    if bounds is None:
        start, stop = (ops.cast(x, "float64") for x in (start, stop))
        places = _places(num, start, stop)
        steps = num - 1 if endpoint else num
        growth = ops.power(ops.divide(stop, start), places / max(steps, 1))
        numbers = _with_ends(ops.multiply(start, growth), places, start, stop, endpoint)
    else:
        numbers = np.geomspace(bounds[0], bounds[1], num, endpoint)
    return ops.cast(ops.moveaxis(numbers, 0, axis), wanted)


def _infer_vander(x: Spec, N: int | None, increasing: bool) -> Spec:
    if x.ndim != 1:
        raise ShapeError(f"expected an array with one axis; got shape {show_shape(x.shape)}.")
    if N is not None and N < 0:
        raise OptionError(f"expected N to be from 0 up; got {N}.")
    return Spec((x.shape[0], x.shape[0] if N is None else N), x.dtype)


@composed(
    infer=_infer_vander,
    accepts=NUMBERS,
    promote=same,
    summands=lambda x, N, increasing: x.shape[0] if N is None else N,
)
def vander(x: Array, N: int | None = None, increasing: bool = False) -> Array:
    """The powers of each element in a row: a Vandermonde matrix.

    Args:
        x: Array with one axis.
        N: The number of columns; None for as many as rows.
        increasing: Whether the powers grow from left to right, rather than from right to left.

    Returns:
        The matrix.

    >>> vander([1, 2, 3])
    array([[1, 1, 1],
           [4, 2, 1],
           [9, 3, 1]], dtype=int32)
    """
    _infer_vander(spec_of(x), N, increasing)
    columns = ops.shape(x)[0] if N is None else N
    factor = ops.expand_dims(x, 1)
    powers = ops.ones_like(factor)[:, :columns]
    done = 1
    while done < columns:
        more = min(done, columns - done)
        higher = ops.multiply(powers[:, :more] if increasing else powers[:, done - more :], factor)
        powers = ops.concatenate([powers, higher] if increasing else [higher, powers], 1)
        factor, done = ops.square(factor), done + more
    return powers
