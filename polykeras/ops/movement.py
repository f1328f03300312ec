"""Ops that move elements without computing: shapes, axes, joining, cutting, repeating."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import numpy as np

from .. import ops
from .. import spec as specs
from ..dtypes import INEXACT, INTEGERS, same
from ..errors import OptionError, ShapeError
from ..op import Array, Arrays, Axes, Shape, composed, names_its_errors, primitive
from ..spec import Dim, Spec, broadcast_shapes, normalize_axes, normalize_axis, same_size, show_shape

LAYOUT = "rearranges memory"


def _infer_reshape(x: Spec, newshape: tuple[Any, ...]) -> Spec:
    unknown = [i for i, size in enumerate(newshape) if size is None or (not isinstance(size, Dim) and size == -1)]
    if len(unknown) > 1:
        raise ShapeError(f"at most one size can be left open; got {newshape}.")
    known = specs.prod(size for i, size in enumerate(newshape) if i not in unknown)
    shape = tuple(newshape)
    if unknown:
        size = x.size // known if known != 0 else 0
        shape = (*shape[: unknown[0]], size, *shape[unknown[0] + 1 :])
    if not same_size(specs.prod(shape), x.size):
        raise ShapeError(
            f"an array of shape {show_shape(x.shape)} has {x.size} elements, and does not fit into "
            f"{show_shape(newshape)}."
        )
    return Spec(shape, x.dtype)


@primitive(why=LAYOUT, infer=_infer_reshape, vjp=(lambda g, out, x, newshape: ops.reshape(g, ops.shape(x)),), ulp=0)
def reshape(x: Array, newshape: Shape) -> Array:
    """The same elements in the same order, in another shape.

    Args:
        x: Array.
        newshape: The shape; one size may be -1, and follows from the others.

    Returns:
        The array in its new shape.

    >>> reshape([1, 2, 3, 4], (2, -1))
    array([[1, 2],
           [3, 4]], dtype=int32)
    """


@names_its_errors
def ravel(x: Array) -> Array:
    """The elements in one row.

    Args:
        x: Array.

    Returns:
        An array with one axis.

    >>> ravel([[1, 2], [3, 4]])
    array([1, 2, 3, 4], dtype=int32)
    """
    return reshape(x, (-1,))


def _infer_transpose(x: Spec, axes: Any) -> Spec:
    order = range(x.ndim)[::-1] if axes is None else axes
    found = [] if isinstance(order, int) else sorted(a % x.ndim if -x.ndim <= a < x.ndim else -1 for a in order)
    if isinstance(order, int) or found != list(range(x.ndim)):
        raise ShapeError(f"expected axes to name each of the {x.ndim} axes once; got {axes}.")
    return Spec((x.shape[a] for a in order), x.dtype)


def _transpose_rule(g: Any, out: Any, x: Any, axes: Any) -> Any:
    if axes is None:
        return transpose(g)
    order = [a % len(axes) for a in axes]
    return transpose(g, tuple(order.index(i) for i in range(len(order))))


@primitive(why=LAYOUT, infer=_infer_transpose, vjp=(_transpose_rule,), ulp=0)
def transpose(x: Array, axes: Axes = None) -> Array:
    """The array with its axes in another order.

    Args:
        x: Array.
        axes: For each axis of the result the axis of `x` that it is; None reverses the order.

    Returns:
        The array with permuted axes.

    >>> transpose([[1, 2], [3, 4]])
    array([[1, 3],
           [2, 4]], dtype=int32)
    """


@composed(ulp=0)
def swapaxes(x: Array, axis1: int, axis2: int) -> Array:
    """The array with two of its axes exchanged.

    Args:
        x: Array.
        axis1: One axis.
        axis2: The other.

    Returns:
        The array with permuted axes.

    >>> swapaxes([[1, 2], [3, 4]], 0, 1)
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    ndim = len(ops.shape(x))
    order = list(range(ndim))
    one, other = normalize_axis(axis1, ndim), normalize_axis(axis2, ndim)
    order[one], order[other] = other, one
    return transpose(x, tuple(order))


@composed(ulp=0)
def moveaxis(x: Array, source: Axes, destination: Axes) -> Array:
    """The array with some axes moved to other places; the rest keep their order.

    Args:
        x: Array.
        source: The axis or axes to move.
        destination: Where each of them goes.

    Returns:
        The array with permuted axes.

    >>> shape(moveaxis(zeros((2, 3, 4)), 0, -1))
    (3, 4, 2)
    """
    ndim = len(ops.shape(x))
    sources, destinations = normalize_axes(source, ndim), normalize_axes(destination, ndim)
    if len(sources) != len(destinations):
        raise ShapeError(f"expected as many destinations as sources; got {source} and {destination}.")
    order = [axis for axis in range(ndim) if axis not in sources]
    for to, axis in sorted(zip(destinations, sources, strict=True)):
        order.insert(to, axis)
    return transpose(x, tuple(order))


@composed(ulp=0)
def expand_dims(x: Array, axis: Axes) -> Array:
    """The array with axes of size one put in.

    Args:
        x: Array.
        axis: Where the new axis is, or the new axes are, in the result.

    Returns:
        The array with more axes.

    >>> expand_dims([1, 2], 0)
    array([[1, 2]], dtype=int32)
    """
    shape = ops.shape(x)
    added = axis if isinstance(axis, tuple) else (axis,)
    ndim = len(shape) + len(added)
    added = normalize_axes(added, ndim)
    sizes = iter(shape)
    return reshape(x, tuple(1 if i in added else next(sizes) for i in range(ndim)))


@composed(ulp=0)
def squeeze(x: Array, axis: Axes = None) -> Array:
    """The array without axes of size one.

    Args:
        x: Array.
        axis: The axis or axes to leave out, which must have size one; None for all that have.

    Returns:
        The array with fewer axes.

    >>> squeeze([[[1, 2]]])
    array([1, 2], dtype=int32)
    """
    shape = ops.shape(x)
    if axis is None:
        dropped = tuple(i for i, size in enumerate(shape) if isinstance(size, int) and size == 1)
    else:
        dropped = normalize_axes(axis, len(shape))
    for i in dropped:
        if not same_size(shape[i], 1):
            raise ShapeError(
                f"axis {i} has size {shape[i]} in {show_shape(shape)}; only axes of size 1 can be left out."
            )
    return reshape(x, tuple(size for i, size in enumerate(shape) if i not in dropped))


def _infer_broadcast_to(x: Spec, shape: tuple[Any, ...]) -> Spec:
    try:
        reached = broadcast_shapes(x.shape, shape)
    except ShapeError:
        reached = None
    if reached is None or len(reached) != len(shape) or not all(map(same_size, reached, shape)):
        raise ShapeError(
            f"an array of shape {show_shape(x.shape)} cannot be broadcast to {show_shape(shape)}: from the last "
            "axis on, sizes must be equal, or 1 in the array. Use tile to repeat it."
        )
    return Spec(shape, x.dtype)


@primitive(why=LAYOUT, infer=_infer_broadcast_to, vjp=(lambda g, out, x, shape: g,), ulp=0)
def broadcast_to(x: Array, shape: Shape) -> Array:
    """The array repeated along axes of size one, and along new axes in front.

    Args:
        x: Array.
        shape: The shape to reach.

    Returns:
        The array in that shape.

    >>> broadcast_to([1, 2], (2, 2))
    array([[1, 2],
           [1, 2]], dtype=int32)
    """


def _infer_concatenate(xs: list[Spec], axis: int) -> Spec:
    first = xs[0]
    axis = normalize_axis(axis, first.ndim)
    for x in xs:
        fits = x.ndim == first.ndim and all(
            i == axis or same_size(a, b) for i, (a, b) in enumerate(zip(x.shape, first.shape, strict=True))
        )
        if not fits:
            shapes = ", ".join(show_shape(x.shape) for x in xs)
            raise ShapeError(f"expected shapes that differ along axis {axis} only; got {shapes}.")
    total = xs[0].shape[axis]
    for x in xs[1:]:
        total = total + x.shape[axis]
    return Spec((*first.shape[:axis], total, *first.shape[axis + 1 :]), first.dtype)


def _concatenate_rule(g: Any, out: Any, xs: list[Any], axis: int) -> list[Any]:
    shape = ops.shape(g)
    axis = normalize_axis(axis, len(shape))
    pieces, start = [], 0
    for x in xs:
        stop = start + ops.shape(x)[axis]
        pieces.append(_cut(g, axis, start, stop))
        start = stop
    return pieces


def _cut(x: Any, axis: int, start: int, stop: int, step: int = 1) -> Any:
    """The elements from start to stop along an axis."""
    shape = ops.shape(x)
    starts = tuple(start if i == axis else 0 for i in range(len(shape)))
    stops = tuple(stop if i == axis else size for i, size in enumerate(shape))
    steps = tuple(step if i == axis else 1 for i in range(len(shape)))
    return ops.strided_slice(x, starts, stops, steps)


@primitive(why=LAYOUT, infer=_infer_concatenate, promote=same, vjp=(_concatenate_rule,), ulp=0)
def concatenate(xs: Arrays, axis: int = 0) -> Array:
    """Join arrays along an axis that they have.

    Args:
        xs: The arrays, whose shapes may differ along the axis only.
        axis: The axis.

    Returns:
        The joined array.

    >>> concatenate([[1, 2], [3]])
    array([1, 2, 3], dtype=int32)
    """


def _infer_stack(xs: list[Spec], axis: int) -> Spec:
    first = xs[0].shape
    if not all(x.ndim == len(first) and all(map(same_size, x.shape, first)) for x in xs):
        raise ShapeError(f"expected arrays of one shape; got {', '.join(show_shape(x.shape) for x in xs)}.")
    axis = normalize_axis(axis, len(first) + 1)
    return Spec((*first[:axis], len(xs), *first[axis:]), xs[0].dtype)


def _stack_rule(g: Any, out: Any, x: list[Any], axis: int) -> list[Any]:
    axis = normalize_axis(axis, len(ops.shape(g)))
    return [ops.squeeze(_cut(g, axis, i, i + 1), axis) for i in range(len(x))]


@composed(infer=_infer_stack, promote=same, vjp=(_stack_rule,), ulp=0)
def stack(x: Arrays, axis: int = 0) -> Array:
    """Join arrays of one shape along a new axis.

    Args:
        x: The arrays.
        axis: Where the new axis is in the result.

    Returns:
        The joined array.

    >>> stack([[1, 2], [3, 4]], axis=1)
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    return concatenate([expand_dims(part, axis) for part in x], axis)


def parts(x: Any, indices_or_sections: Any, axis: int) -> list[Any]:
    """The parts of an array that is cut along an axis, as `split` does it."""
    shape = ops.shape(x)
    axis = normalize_axis(axis, len(shape))
    length = shape[axis]
    if hasattr(indices_or_sections, "__index__") and not np.ndim(indices_or_sections):
        if indices_or_sections < 1:
            raise OptionError(f"expected the number of parts to be at least 1; got {indices_or_sections}.")
        part = length // indices_or_sections
        if not same_size(part * indices_or_sections, length):
            raise ShapeError(
                f"axis {axis} has {length} elements, which do not make {indices_or_sections} equal parts. "
                "Give the positions at which to cut, or use array_split."
            )
        cuts = [part * i for i in range(1, indices_or_sections)]
    else:
        try:
            cuts = [operator.index(i) for i in indices_or_sections]
        except TypeError:
            raise OptionError(
                "expected a number of equal parts, or a list of the positions at which to cut; "
                f"got {indices_or_sections!r}."
            ) from None
    edges = [0, *cuts, length]
    return [ops.take_range(x, start, stop, axis) for start, stop in itertools.pairwise(edges)]


def _joined(g: Any, out: Any, x: Any, indices_or_sections: Any, axis: int) -> Any:
    """The cotangent of what was split. Parts alone each fill up the whole; positions may let them overlap, though."""
    if hasattr(indices_or_sections, "__index__"):
        return ops.concatenate(list(g), axis)
    return ops.vjp(lambda x: parts(x, indices_or_sections, axis), x)[1](list(g))[0]


@composed(ulp=0, vjp=(_joined,))
def split(x: Array, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Cut an array along an axis.

    Args:
        x: Array.
        indices_or_sections: The number of equal parts; or the positions at which to cut.
        axis: The axis.

    Returns:
        The list of parts.

    >>> split([1, 2, 3, 4], 2)
    [array([1, 2], dtype=int32), array([3, 4], dtype=int32)]
    """
    return parts(x, indices_or_sections, axis)


@composed(ulp=0, vjp=(lambda g, out, x, num, axis: ops.stack(list(g), axis),))  # parts alone each fill up the whole
def unstack(x: Array, num: int | None = None, axis: int = 0) -> list[Any]:
    """The parts of an array along an axis, without the axis.

    Args:
        x: Array.
        num: The size of the axis, where it is not known otherwise.
        axis: The axis.

    Returns:
        The list of parts.

    >>> unstack([[1, 2], [3, 4]])
    [array([1, 2], dtype=int32), array([3, 4], dtype=int32)]
    """
    shape = ops.shape(x)
    axis = normalize_axis(axis, len(shape))
    length = shape[axis] if num is None else num
    if isinstance(length, Dim) or not same_size(length, shape[axis]):
        raise ShapeError(f"axis {axis} has size {shape[axis]}; got num={num}. Give the number of parts.")
    return [squeeze(_cut(x, axis, i, i + 1), axis) for i in range(length)]


@composed(ulp=0)
def take_range(x: Array, start: Any, stop: Any, axis: int) -> Array:
    """The elements from `start` to before `stop` along an axis, as `x[start:stop]` has them.

    Args:
        x: Array.
        start: Where to begin; positions beyond the end, and negative ones, mean what they mean in a slice.
        stop: Where to end.
        axis: The axis.

    Returns:
        The part.

    >>> take_range([1, 2, 3], 1, 3, 0)
    array([2, 3], dtype=int32)
    """
    shape = ops.shape(x)
    axis = normalize_axis(axis, len(shape))
    if all(bound is None or type(bound) is int for bound in (start, stop)) and type(shape[axis]) is int:
        first, end, _ = slice(start, stop).indices(shape[axis])
        return _cut(x, axis, first, max(first, end))
    return ops.get_item(x, (slice(None),) * axis + (slice(start, stop),))


def _infer_pad_constant(x: Spec, pairs: tuple[tuple[int, int], ...], value: Any = 0) -> Spec:
    return Spec((size + low + high for size, (low, high) in zip(x.shape, pairs, strict=True)), x.dtype)


def _unpad(g: Any, out: Any, x: Any, pairs: Any, value: Any) -> Any:
    starts = tuple(low for low, _ in pairs)
    stops = tuple(low + size for (low, _), size in zip(pairs, ops.shape(x), strict=True))
    return ops.strided_slice(g, starts, stops, (1,) * len(starts))


@primitive(why=LAYOUT, infer=_infer_pad_constant, vjp=(_unpad,), ulp=0)
def pad_constant(x: Array, pairs: tuple[tuple[int, int], ...], value: float = 0) -> Array:
    """Put a number around an array, as `pad` does.

    Args:
        x: Array.
        pairs: For each axis how many elements to add before and after, none of them negative.
        value: The number, which the dtype of the array can hold.

    Returns:
        The larger array.

    >>> pad_constant([1, 2], ((1, 2),))
    array([0, 1, 2, 0, 0], dtype=int32)
    """


def _pad_pairs(pad_width: Any, ndim: int) -> tuple[tuple[int, int], ...]:
    """A pair for each axis out of a number, a pair, or pairs."""
    try:
        pairs = np.broadcast_to(np.asarray(pad_width), (ndim, 2))
    except ValueError:
        pairs = np.full((1, 2), -1)
    if pairs.dtype.kind not in "iu" or (pairs < 0).any():
        raise OptionError(
            f"expected pad_width to be a number, a pair, or a pair for each of the {ndim} axes, none negative; "
            f"got {pad_width!r}."
        )
    return tuple((int(low), int(high)) for low, high in pairs)


_COPIES = {"circular": "wrap", "edge": "edge", "reflect": "reflect", "symmetric": "symmetric", "wrap": "wrap"}
_SUMMARIES = {"maximum": "max", "mean": "mean", "median": "median", "minimum": "min"}
_PAD_MODES = ("constant", "empty", *_COPIES, "linear_ramp", *_SUMMARIES)


def _check_pad_mode(mode: str, constant_values: Any) -> None:
    if mode not in _PAD_MODES:
        raise OptionError(f"expected mode to be one of {', '.join(_PAD_MODES)}; got {mode!r}.")
    if constant_values is not None and mode != "constant":
        raise OptionError(f"constant_values go with mode='constant'; got mode={mode!r}.")


def _infer_pad(x: Spec, pad_width: Any, mode: str, constant_values: Any) -> Spec:
    _check_pad_mode(mode, constant_values)
    pairs = _pad_pairs(pad_width, x.ndim)
    _check_for_elements(x.shape, pairs, mode)
    return _infer_pad_constant(x, pairs, x)


def _check_for_elements(shape: tuple[Any, ...], pairs: tuple[tuple[int, int], ...], mode: str) -> None:
    is_missing = any(type(size) is int and size == 0 != sum(pair) for size, pair in zip(shape, pairs, strict=True))
    if is_missing and mode not in ("constant", "empty"):
        raise ShapeError(f"mode {mode!r} needs elements to go by; got an array of shape {show_shape(shape)}.")


@composed(infer=_infer_pad, ulp=0)
def pad(x: Array, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Array:
    """Put elements around an array.

    Args:
        x: Array.
        pad_width: How many: a number for all sides, a pair (before, after) for all axes, or a pair for each axis.
        mode: What to put there: "constant", "edge" (the outermost element), "reflect" (mirrored at the outermost
            element), "symmetric" (mirrored behind it), "wrap" or "circular" (the other end), "linear_ramp" (from the
            outermost element in equal steps to 0), "maximum", "mean", "median" or "minimum" (of the elements along the
            axis), or "empty" (anything: here zeros). Of integers, means are rounded, and ramps rounded down.
        constant_values: The number for mode "constant", by default 0.

    Returns:
        The larger array.

    >>> pad([1, 2, 3], (1, 2), mode="reflect")
    array([2, 1, 2, 3, 2, 1], dtype=int32)
    """
    _check_pad_mode(mode, constant_values)
    pairs = _pad_pairs(pad_width, len(ops.shape(x)))
    if mode in ("constant", "empty"):
        value = 0 if constant_values is None else constant_values
        if isinstance(value, (bool, int, float)):
            return pad_constant(x, pairs, value)
        inside = np.pad(np.ones(ops.shape(x), "bool"), np.array(pairs))
        return ops.where(inside, pad_constant(x, pairs), ops.cast(value, ops.dtype(x)))
    _check_for_elements(ops.shape(x), pairs, mode)
    for axis, pair in enumerate(pairs):
        if pair == (0, 0):
            continue
        if mode in _COPIES:
            positions = np.pad(np.arange(ops.shape(x)[axis]), pair, mode=_COPIES[mode])  # type: ignore[call-overload]
            x = ops.take(x, positions.astype("int32"), axis)
        else:
            x = ops.pad_computed(x, axis, pair, mode)
    return x


def _infer_pad_computed(x: Spec, axis: int, pair: tuple[int, int], mode: str) -> Spec:
    place = normalize_axis(axis, x.ndim)
    if mode not in ("linear_ramp", *_SUMMARIES):
        raise OptionError(f"expected mode to be one of linear_ramp, {', '.join(_SUMMARIES)}; got {mode!r}.")
    return _infer_pad_constant(x, tuple(pair if i == place else (0, 0) for i in range(x.ndim)))


@composed(infer=_infer_pad_computed)
def pad_computed(x: Array, axis: int, pair: tuple[int, int], mode: str) -> Array:
    """Put what is computed from the elements before and after them, as `pad` does.

    Args:
        x: Array.
        axis: The axis.
        pair: How many elements to add before and after, neither negative.
        mode: "linear_ramp", "maximum", "mean", "median" or "minimum".

    Returns:
        The larger array.

    >>> pad_computed([1.0, 2.0], 0, (2, 1), "linear_ramp")
    array([0. , 0.5, 1. , 2. , 0. ], dtype=float32)
    """
    dtype, shape = ops.dtype(x), ops.shape(x)
    axis = normalize_axis(axis, len(shape))
    if mode in ("maximum", "minimum"):
        sides = _repeated(getattr(ops, _SUMMARIES[mode])(x, axis, keepdims=True), axis, pair)
        return ops.concatenate([sides[0], x, sides[1]], axis)
    numbers = x if dtype in INEXACT else ops.cast(x, "float64")
    if mode == "linear_ramp":
        along = [-1 if i == axis else 1 for i in range(len(shape))]
        rising, falling = (np.arange(count).reshape(along) / max(count, 1) for count in pair)
        edges = _cut(numbers, axis, 0, 1), _cut(numbers, axis, shape[axis] - 1, shape[axis])
        shares = rising, np.flip(falling, axis)
        sides = [ops.multiply(edge, ops.cast(s, ops.dtype(numbers))) for edge, s in zip(edges, shares, strict=True)]
    else:
        sides = _repeated(getattr(ops, _SUMMARIES[mode])(numbers, axis, keepdims=True), axis, pair)
    if dtype in INTEGERS:
        sides = [ops.floor(side) if mode == "linear_ramp" else ops.rint(side) for side in sides]
    return ops.concatenate([ops.cast(sides[0], dtype), x, ops.cast(sides[1], dtype)], axis)


def _repeated(x: Any, axis: int, pair: tuple[int, int]) -> list[Any]:
    """An array of size one along an axis, as often as a pair says, for the one side and for the other."""
    return [ops.repeat(x, count, axis) for count in pair]


def _check_flip(x: Spec, axis: Any) -> Spec:
    normalize_axes(axis, x.ndim)
    return Spec(x.shape, x.dtype)


@primitive(why=LAYOUT, infer=_check_flip, vjp=(lambda g, out, x, axis: ops.flip(g, axis),), ulp=0)
def flip(x: Array, axis: Axes = None) -> Array:
    """The array with the order of elements along axes reversed.

    Args:
        x: Array.
        axis: The axis or axes; None for all.

    Returns:
        The reversed array.

    >>> flip([1, 2, 3])
    array([3, 2, 1], dtype=int32)
    """


@composed(ulp=0)
def roll(x: Array, shift: Axes, axis: Axes = None) -> Array:
    """The array moved along axes; what falls out at one end comes back at the other.

    Args:
        x: Array.
        shift: How far to move, a number for each axis.
        axis: The axis or axes; None moves through the flattened array.

    Returns:
        The moved array, in the shape of `x`.

    >>> roll([1, 2, 3], 1)
    array([3, 1, 2], dtype=int32)
    """
    shape = ops.shape(x)
    if axis is None:
        return reshape(roll(reshape(x, (-1,)), shift, 0), shape)
    axes = axis if isinstance(axis, tuple) else (axis,)
    shifts = shift if isinstance(shift, tuple) else (shift,) * len(axes)
    if len(shifts) != len(axes):
        raise ShapeError(f"expected a shift for each axis; got shift={shift} and axis={axis}.")
    for one, by in zip(axes, shifts, strict=True):
        length = shape[normalize_axis(one, len(shape))]
        cut = (length - by) % length if length != 0 else 0
        x = concatenate([take_range(x, cut, None, one), take_range(x, 0, cut, one)], one)
    return x


@composed(ulp=0)
def tile(x: Array, repeats: Axes) -> Array:
    """The array repeated as a whole along its axes.

    Args:
        x: Array.
        repeats: How often along each axis; axes are added in front where there are more numbers than axes.

    Returns:
        The larger array.

    >>> tile([1, 2], 2)
    array([1, 2, 1, 2], dtype=int32)
    """
    repeats = repeats if isinstance(repeats, tuple) else (repeats,)
    if any(isinstance(times, int) and times < 0 for times in repeats):
        raise OptionError(f"expected repeats to be whole numbers from 0; got {repeats}.")
    shape = ops.shape(x)
    ndim = max(len(shape), len(repeats))
    shape = (1,) * (ndim - len(shape)) + tuple(shape)
    repeats = (1,) * (ndim - len(repeats)) + repeats
    apart = reshape(x, tuple(size for pair in shape for size in (1, pair)))
    wide = broadcast_to(apart, tuple(size for pair in zip(repeats, shape, strict=True) for size in pair))
    return reshape(wide, tuple(r * size for r, size in zip(repeats, shape, strict=True)))


@composed(ulp=0)
def repeat(x: Array, repeats: Any, axis: Axes = None) -> Array:
    """The array with each element repeated along an axis.

    Args:
        x: Array.
        repeats: How often: one number, or one for each element along the axis.
        axis: The axis; None for the flattened array.

    Returns:
        The larger array.

    >>> repeat([1, 2], 2)
    array([1, 1, 2, 2], dtype=int32)
    """
    if axis is None:
        return repeat(reshape(x, (-1,)), repeats, 0)
    shape = ops.shape(x)
    axis = normalize_axis(axis, len(shape))
    if not isinstance(repeats, int) or repeats < 0:
        times = np.asarray(ops.convert_to_numpy(repeats), None if np.size(repeats) else "int32")
        if times.dtype.kind not in "iu" or times.ndim > 1 or times.size not in (1, shape[axis]) or (times < 0).any():
            raise ShapeError(
                f"expected repeats to be a whole number from 0, or one for each of the {shape[axis]} elements on axis "
                f"{axis}; got {repeats!r}."
            )
        if times.size > 1:
            return ops.take(x, np.repeat(np.arange(shape[axis]), times).astype("int32"), axis)
        repeats = int(times.reshape(()))
    wide = (*shape[: axis + 1], repeats, *shape[axis + 1 :])
    return reshape(
        broadcast_to(expand_dims(x, axis + 1), wide), (*shape[:axis], shape[axis] * repeats, *shape[axis + 1 :])
    )
