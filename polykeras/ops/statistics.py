"""Averages, differences and sums over neighbours, and how arrays vary together."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..dtypes import COMPUTABLE, ORDERED, ORDERED_NUMBERS, inexact, same
from ..errors import OptionError, ShapeError
from ..op import Array, Axes, composed
from ..spec import Dim, Spec, broadcast_shapes, normalize_axes, normalize_axis, same_size, show_shape, unknown_dim
from ..symbolic import spec_of
from .conversion import in_single
from .rules import ordered_reduction, reduced_elements, reduced_shape
from .windows import Window


def _infer_average(x: Spec, axis: Any, weights: Spec | None) -> Spec:
    shape = reduced_shape(x.shape, axis, False)
    if weights is not None and not (weights.ndim == x.ndim and all(map(same_size, weights.shape, x.shape))):
        axes = normalize_axes(axis, x.ndim)
        if axis is None or len(axes) != 1 or weights.ndim != 1 or not same_size(weights.shape[0], x.shape[axes[0]]):
            raise ShapeError(
                f"expected weights in the shape of the array, {show_shape(x.shape)}, or one for each place along one "
                f"axis; got weights of shape {show_shape(weights.shape)} and axis={axis}."
            )
    return Spec(shape, x.dtype)


@composed(
    infer=_infer_average,
    accepts=COMPUTABLE,
    promote=inexact,
    summands=lambda x, axis, weights: reduced_elements(x, axis),
)
def average(x: Array, axis: Axes = None, weights: Array | None = None) -> Array:
    """The mean of elements along axes, in which each counts by its weight.

    Args:
        x: Array.
        axis: The axis or axes to average over; None for all.
        weights: Array in the shape of `x`, or with one weight for each place along the only axis; None for the mean.

    Returns:
        The averages; NaN for nothing, and NaN or infinite where the weights add up to 0.

    >>> average([1.0, 4.0], weights=[2.0, 1.0])
    array(2., dtype=float32)
    """
    if weights is None:
        return ops.mean(x, axis)
    _infer_average(spec_of(x), axis, spec_of(weights))
    dtype = inexact(ops.dtype(x), ops.dtype(weights))
    x, weights = ops.cast(x, dtype), ops.cast(weights, dtype)
    shape, given = ops.shape(x), ops.shape(weights)
    if len(given) != len(shape):
        place = normalize_axes(axis, len(shape))[0]
        weights = ops.reshape(weights, tuple(given[0] if i == place else 1 for i in range(len(shape))))
    weights = ops.broadcast_to(weights, shape)
    narrow = dtype in ("bfloat16", "float16")
    wide, shares = (ops.cast(a, "float32") if narrow else a for a in (x, weights))
    result = ops.divide(ops.sum(ops.multiply(wide, shares), axis), ops.sum(shares, axis))
    return ops.cast(result, dtype) if narrow else result


def _infer_corrcoef(x: Spec) -> Spec:
    if x.ndim not in (1, 2):
        raise ShapeError(f"expected one or two axes; got an array of shape {show_shape(x.shape)}.")
    if x.shape[-1] == 0:
        raise ShapeError(f"expected observations; got an array of shape {show_shape(x.shape)}, which has none.")
    return Spec((x.shape[0],) * 2 if x.ndim == 2 else (), x.dtype)


@composed(
    infer=_infer_corrcoef,
    accepts=ORDERED,
    promote=inexact,
    summands=lambda x: x.shape[-1],
)
def corrcoef(x: Array) -> Array:
    """The correlation of each row with each other: from -1 to 1.

    Args:
        x: Array of shape (variables, observations); with one axis it is a single variable.

    Returns:
        A symmetric matrix with a row and a column for each variable; a number for a single one. NaN where a variable
        does not vary.

    >>> corrcoef([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    array([[ 1., -1.],
           [-1.,  1.]], dtype=float32)
    """

    _infer_corrcoef(spec_of(x))

    def correlation(x: Any) -> Any:
        rows = x if len(ops.shape(x)) == 2 else ops.expand_dims(x, 0)
        centred = ops.subtract(rows, ops.mean(rows, -1, keepdims=True))
        largest = ops.stop_gradient(ops.amax(ops.abs(centred), -1, keepdims=True))
        centred = ops.divide(centred, largest)  # squares neither overflow nor vanish
        lengths = ops.sqrt(ops.sum(ops.square(centred), -1, keepdims=True))
        unit = ops.divide(centred, lengths)
        result = ops.clip(ops.matmul(unit, ops.transpose(unit)), -1, 1)
        return result if rows is x else ops.reshape(result, ())

    return in_single(correlation, x)


# Differences and sums over neighbours ----------------------------------------------------------------------


def _shorter(size: Any, by: int) -> Any:
    return size - by if isinstance(size, Dim) else max(size - by, 0)


def _infer_diff(a: Spec, n: int, axis: int) -> Spec:
    if n < 0:
        raise OptionError(f"expected n to be from 0 up; got {n}.")
    axis = normalize_axis(axis, a.ndim)
    return Spec((*a.shape[:axis], _shorter(a.shape[axis], n), *a.shape[axis + 1 :]), a.dtype)


@composed(infer=_infer_diff, accepts=COMPUTABLE, promote=same)
def diff(a: Array, n: int = 1, axis: int = -1) -> Array:
    """The differences between each element and the one before it along an axis. Bools differ or they do not.

    Args:
        a: Array.
        n: How many times to take differences.
        axis: The axis, which gets shorter by one each time.

    Returns:
        The differences.

    >>> diff([1.0, 4.0, 9.0])
    array([3., 5.], dtype=float32)
    """
    if n < 0:
        raise OptionError(f"expected n to be from 0 up; got {n}.")
    axis = normalize_axis(axis, len(ops.shape(a)))
    change = ops.not_equal if ops.dtype(a) == "bool" else ops.subtract
    for _ in range(n):
        a = change(ops.take_range(a, 1, None, axis), ops.take_range(a, None, -1, axis))
    return a


@composed(infer=ordered_reduction, accepts=ORDERED_NUMBERS, promote=same, ulp=1)
def ptp(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The distance from the smallest to the greatest element along axes; NaN if there is one.

    At a tie the elements share the gradient evenly.

    Args:
        x: Array.
        axis: The axis or axes; None for all. They must not be empty.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The distances.

    >>> ptp([1.0, 5.0, 3.0])
    array(4., dtype=float32)
    """
    return ops.subtract(ops.amax(x, axis, keepdims), ops.amin(x, axis, keepdims))


def _infer_trapezoid(y: Spec, x: Spec | None, dx: Any, axis: int) -> Spec:
    axis = normalize_axis(axis, y.ndim)
    rest = (*y.shape[:axis], *y.shape[axis + 1 :])
    if x is None:
        return Spec(rest, y.dtype)
    if not x.ndim:
        raise ShapeError("expected x to be points, in one row or in the shape of y; got a number. Use dx for that.")
    if x.ndim == 1:
        if not same_size(x.shape[0], y.shape[axis]):
            raise ShapeError(
                f"expected a point for each of the {y.shape[axis]} values along axis {axis}; got {x.shape[0]} points."
            )
        return Spec(rest, y.dtype)
    shape = broadcast_shapes(x.shape, y.shape)
    axis += len(shape) - y.ndim
    return Spec((*shape[:axis], *shape[axis + 1 :]), y.dtype)


@composed(infer=_infer_trapezoid, accepts=ORDERED, promote=inexact, summands=lambda y, x, dx, axis: y.shape[axis])
def trapezoid(y: Array, x: Array | None = None, dx: Any = 1.0, axis: int = -1) -> Array:
    """The integral of a function along an axis, whose values are joined by straight lines.

    Args:
        y: Array of values of the function.
        x: The points at which it has them, in one row or in the shape of `y`; None for points at equal distances.
        dx: Their distance.
        axis: The axis.

    Returns:
        The integrals; 0 for fewer than two values.

    >>> trapezoid([1.0, 2.0, 3.0])
    array(4., dtype=float32)
    """
    ndim = len(ops.shape(y))
    axis = normalize_axis(axis, ndim)
    width = dx
    if x is not None:
        _infer_trapezoid(spec_of(y), spec_of(x), dx, axis)
        y = ops.cast(y, inexact(ops.dtype(y), ops.dtype(x)))
        row = len(ops.shape(x)) == 1
        width = diff(x, axis=0 if row else axis - ndim)
        width = ops.reshape(width, (-1, *[1] * (ndim - axis - 1))) if row else width

    def integral(y: Any) -> Any:
        both = ops.add(ops.take_range(y, 1, None, axis - ndim), ops.take_range(y, None, -1, axis - ndim))
        if isinstance(width, (int, float)):
            return ops.multiply(ops.sum(both, axis - ndim), width / 2)
        return ops.sum(ops.multiply(ops.multiply(both, 0.5), width), axis - ndim)

    return in_single(integral, y)


_MODES = ("valid", "same", "full")


def _infer_correlate(x1: Spec, x2: Spec, mode: str) -> Spec:
    if mode not in _MODES:
        raise OptionError(f"expected mode to be one of {', '.join(_MODES)}; got {mode!r}.")
    for x in (x1, x2):
        if x.ndim != 1 or (isinstance(x.shape[0], int) and not x.shape[0]):
            raise ShapeError(
                f"expected arrays with one axis that is not empty; got shapes {show_shape(x1.shape)} and "
                f"{show_shape(x2.shape)}."
            )
    long, short = x1.shape[0], x2.shape[0]
    if mode == "full":
        return Spec((long + short - 1,), x1.dtype)
    if isinstance(long, Dim) or isinstance(short, Dim):  # which of them is the longer one, only the run can tell
        return Spec((unknown_dim(1),), x1.dtype)
    return Spec((max(long, short) if mode == "same" else abs(long - short) + 1,), x1.dtype)


@composed(
    infer=_infer_correlate,
    accepts=ORDERED,
    promote=inexact,
    summands=lambda x1, x2, mode: min(x1.shape[0], x2.shape[0]),
)
def correlate(x1: Array, x2: Array, mode: str = "valid") -> Array:
    """The sums of products of two sequences, of which one is moved along the other.

    Args:
        x1: Array with one axis.
        x2: Array with one axis, which is moved along.
        mode: Which places it takes: "valid", those where the shorter sequence lies inside the longer one; "same", as
            many as the longer one has, in the middle of all; "full", all where they overlap.

    Returns:
        The sums, from where `x2` lies farthest to the left of `x1`.

    >>> correlate([1.0, 2.0, 3.0], [0.0, 1.0, 0.5])
    array([3.5], dtype=float32)
    """
    _infer_correlate(spec_of(x1), spec_of(x2), mode)
    dtype = inexact(ops.dtype(x1), ops.dtype(x2))
    (long,), (short,) = ops.shape(x1), ops.shape(x2)
    swapped = long < short
    if swapped:
        x1, x2, long, short = x2, x1, short, long
    around = {"valid": (0, 0), "full": (short - 1, short - 1), "same": (short // 2, short - 1 - short // 2)}[mode]
    window = Window((short,), (1,), (around,), (1,), channels_last=True)
    signal, kernel = (ops.cast(x, dtype) for x in (x1, x2))
    sums = ops.convolve(ops.reshape(signal, (1, long, 1)), ops.reshape(kernel, (short, 1, 1)), window)
    sums = ops.ravel(sums)
    return ops.flip(sums, 0) if swapped else sums
