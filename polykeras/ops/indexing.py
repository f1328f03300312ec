"""Taking elements out of arrays by position, and putting others in."""

from __future__ import annotations

import builtins
from typing import Any

from .. import ops
from ..dtypes import like_first
from ..errors import OptionError, ShapeError
from ..op import Array, Axes, Index, Shape, composed, primitive
from ..spec import Dim, Spec, broadcast_shapes, ceil_div, normalize_axis, prod, same_size, show_shape
from ..symbolic import spec_of
from .movement import LAYOUT

GATHERS = "reads or writes at computed positions"


# By slices -------------------------------------------------------------------------------------------------


def _infer_strided_slice(x: Spec, starts: Any, stops: Any, steps: Any) -> Spec:
    sizes = zip(starts, stops, steps, strict=True)
    return Spec((ceil_div(stop - start, step) for start, stop, step in sizes), x.dtype)


@primitive(
    why=LAYOUT,
    infer=_infer_strided_slice,
    vjp=(lambda g, out, x, starts, stops, steps: ops.strided_slice_gradient(g, ops.shape(x), starts, stops, steps),),
    ulp=0,
)
def strided_slice(x: Array, starts: Any, stops: Any, steps: Any) -> Array:
    """The elements at regular distances between bounds, on each axis. `x[a:b:c]` is made of this.

    Args:
        x: Array.
        starts: For each axis the first position.
        stops: For each axis the position before which to stop, in `starts <= stops <= shape(x)`.
        steps: For each axis the distance, positive.

    Returns:
        The part.

    >>> strided_slice([1, 2, 3, 4], (0,), (4,), (2,))
    array([1, 3], dtype=int32)
    """


@composed(
    infer=lambda g, shape, starts, stops, steps: Spec(shape, g.dtype),
    vjp=(lambda gg, out, g, shape, starts, stops, steps: ops.strided_slice(gg, starts, stops, steps),),
    ulp=0,
)
def strided_slice_gradient(g: Array, shape: Shape, starts: Any, stops: Any, steps: Any) -> Array:
    """Zeros with an array put in at regular distances: what `strided_slice` with the same bounds takes out again.

    Args:
        g: Array.
        shape: The shape of the result.
        starts: For each axis the first position.
        stops: For each axis the position before which to stop.
        steps: For each axis the distance, positive.

    Returns:
        The array with zeros around and between the elements.

    >>> strided_slice_gradient([1, 3], (4,), (0,), (4,), (2,))
    array([1, 0, 3, 0], dtype=int32)
    """
    sizes = ops.shape(g)
    if builtins.any(step != 1 for step in steps):
        apart = ops.reshape(g, tuple(s for size in sizes for s in (size, 1)))
        apart = ops.pad_constant(apart, tuple(p for step in steps for p in ((0, 0), (0, step - 1))))
        sizes = tuple(size * step for size, step in zip(sizes, steps, strict=True))
        g = ops.reshape(apart, sizes)
        ends = tuple(
            size if step == 1 else size - step + 1 if size != 0 else 0 for size, step in zip(sizes, steps, strict=True)
        )
        g = strided_slice(g, (0,) * len(sizes), ends, (1,) * len(sizes))
        sizes = ends
    pairs = ((start, total - start - size) for start, total, size in zip(starts, shape, sizes, strict=True))
    return ops.pad_constant(g, tuple(pairs))


def _infer_slice(inputs: Spec, start_indices: Spec, shape: tuple[Any, ...]) -> Spec:
    if start_indices.shape != (inputs.ndim,) or len(shape) != inputs.ndim:
        raise ShapeError(
            f"expected a start and a size for each of the {inputs.ndim} axes; got starts of shape "
            f"{show_shape(start_indices.shape)} and sizes {shape}."
        )
    if any(not isinstance(size, Dim) and size < 0 for size in shape):
        raise ShapeError(f"expected sizes to be whole numbers from 0; got {tuple(shape)}.")
    for size, whole in zip(shape, inputs.shape, strict=True):
        if not isinstance(size, Dim) and not isinstance(whole, Dim) and size > whole:
            raise ShapeError(
                f"a part of shape {show_shape(shape)} is larger than the array, {show_shape(inputs.shape)}."
            )
    return Spec(shape, inputs.dtype)


@primitive(
    why=GATHERS,
    infer=_infer_slice,
    vjp=(
        lambda g, out, inputs, start_indices, shape: ops.slice_update(ops.zeros_like(inputs), start_indices, g),
        None,
    ),
    ulp=0,
)
def slice(inputs: Array, start_indices: Index, shape: Shape) -> Array:
    """A block of an array, whose position may be computed.

    Args:
        inputs: Array.
        start_indices: For each axis where the block begins. It must lie in the array as a whole.
        shape: The shape of the block.

    Returns:
        The block.

    >>> slice([[1, 2], [3, 4]], (1, 0), (1, 2))
    array([[3, 4]], dtype=int32)
    """


def _infer_slice_update(inputs: Spec, start_indices: Spec, updates: Spec) -> Spec:
    _infer_slice(inputs, start_indices, updates.shape)
    return Spec(inputs.shape, inputs.dtype)


@primitive(
    why=GATHERS,
    infer=_infer_slice_update,
    promote=like_first,
    vjp=(
        lambda g, out, inputs, start_indices, updates: ops.slice_update(g, start_indices, ops.zeros_like(updates)),
        None,
        lambda g, out, inputs, start_indices, updates: ops.slice(g, start_indices, ops.shape(updates)),
    ),
    ulp=0,
)
def slice_update(inputs: Array, start_indices: Index, updates: Array) -> Array:
    """An array with one of its blocks replaced. The position of the block may be computed.

    Args:
        inputs: Array.
        start_indices: For each axis where the block begins. It must lie in the array as a whole.
        updates: The new block; it takes the dtype of `inputs`.

    Returns:
        The changed array; `inputs` stays as it was.

    >>> slice_update([1, 2, 3], (1,), [7, 8])
    array([1, 7, 8], dtype=int32)
    """


# By arrays of indices --------------------------------------------------------------------------------------


def _infer_take(x: Spec, indices: Spec, axis: int | None) -> Spec:
    if axis is None:
        return Spec(indices.shape, x.dtype)
    axis = normalize_axis(axis, x.ndim)
    return Spec((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]), x.dtype)


def _take_rule(g: Any, out: Any, x: Any, indices: Any, axis: int | None) -> Any:
    shape = ops.shape(x)
    count = prod(ops.shape(indices))
    places = ops.reshape(indices, (count, 1))
    if axis is None:
        return ops.reshape(scatter(places, ops.reshape(g, (count,)), (prod(shape),)), shape)
    axis = normalize_axis(axis, len(shape))
    before, after = shape[:axis], shape[axis + 1 :]
    rows = ops.moveaxis(ops.reshape(g, (*before, count, *after)), axis, 0)
    return ops.moveaxis(scatter(places, rows, (shape[axis], *before, *after)), 0, axis)


@primitive(why=GATHERS, infer=_infer_take, vjp=(_take_rule, None), ulp=0)
def take(x: Array, indices: Index, axis: Axes = None) -> Array:
    """The elements, or slices along an axis, at given positions.

    Args:
        x: Array.
        indices: Array of integers; negative ones count from the end.
        axis: The axis; None takes elements of the flattened array.

    Returns:
        The elements: the shape of `indices` stands in place of the axis.

    >>> take([10, 20, 30], [2, 0, -1])
    array([30, 10, 30], dtype=int32)
    """


def _infer_take_along_axis(x: Spec, indices: Spec, axis: int | None) -> Spec:
    if axis is None:
        return Spec(indices.shape, x.dtype)
    if x.ndim != indices.ndim:
        raise ShapeError(
            f"expected indices of as many axes as the array; got {show_shape(indices.shape)} for {show_shape(x.shape)}."
        )
    axis = normalize_axis(axis, x.ndim)
    rest = broadcast_shapes(
        tuple(1 if i == axis else s for i, s in enumerate(x.shape)),
        tuple(1 if i == axis else s for i, s in enumerate(indices.shape)),
    )
    return Spec((*rest[:axis], indices.shape[axis], *rest[axis + 1 :]), x.dtype)


@composed(infer=_infer_take_along_axis, ulp=0)
def take_along_axis(x: Array, indices: Index, axis: Axes = None) -> Array:
    """The elements at given positions along an axis, positions of its own for each row.

    Args:
        x: Array.
        indices: Array of integers with as many axes as `x`; the other axes broadcast. Negative ones count from the end.
        axis: The axis; None takes elements of the flattened array.

    Returns:
        The elements, in the shape of `indices`.

    >>> take_along_axis([[1, 2], [3, 4]], [[1], [0]], axis=1)
    array([[2],
           [3]], dtype=int32)
    """
    if axis is None:
        return take(x, indices)
    shape, places = ops.shape(x), ops.shape(indices)
    if len(shape) != len(places):
        _infer_take_along_axis(spec_of(x), spec_of(indices), axis)
    axis = normalize_axis(axis, len(shape))
    if all(i == axis or same_size(*sizes) for i, sizes in enumerate(zip(shape, places, strict=True))):
        return gather_along_axis(x, indices, axis)
    rest = broadcast_shapes(
        tuple(1 if i == axis else s for i, s in enumerate(shape)),
        tuple(1 if i == axis else s for i, s in enumerate(places)),
    )
    x = ops.broadcast_to(x, (*rest[:axis], shape[axis], *rest[axis + 1 :]))
    indices = ops.broadcast_to(indices, (*rest[:axis], places[axis], *rest[axis + 1 :]))
    return gather_along_axis(x, indices, axis)


def _infer_gather_along_axis(x: Spec, indices: Spec, axis: int) -> Spec:
    return Spec(indices.shape, x.dtype)


@primitive(
    why=GATHERS,
    infer=_infer_gather_along_axis,
    vjp=(
        lambda g, out, x, indices, axis: ops.add_along_axis(ops.zeros_like(x), indices, g, axis),
        None,
    ),
    ulp=0,
)
def gather_along_axis(x: Array, indices: Index, axis: int) -> Array:
    """As `take_along_axis`, for arrays whose other axes have the same sizes already.

    Args:
        x: Array.
        indices: Array of integers.
        axis: The axis, not negative.

    Returns:
        The elements, in the shape of `indices`.

    >>> gather_along_axis([[1, 2], [3, 4]], [[1], [0]], 1)
    array([[2],
           [3]], dtype=int32)
    """


@primitive(
    why=GATHERS,
    infer=lambda x, indices, updates, axis: Spec(x.shape, x.dtype),
    promote=like_first,
    vjp=(
        lambda g, out, x, indices, updates, axis: g,
        None,
        lambda g, out, x, indices, updates, axis: ops.gather_along_axis(g, indices, axis),
    ),
    ulp=4,
)
def add_along_axis(x: Array, indices: Index, updates: Array, axis: int) -> Array:
    """An array with numbers added at given positions along an axis. A position that comes up twice gets both.

    Args:
        x: Array.
        indices: Array of integers; its other axes have the sizes of those of `x`.
        updates: The numbers to add, in the shape of `indices` and the dtype of `x`.
        axis: The axis, not negative.

    Returns:
        The sums, in the shape of `x`.

    >>> add_along_axis([[1, 2], [3, 4]], [[1], [0]], [[10], [20]], 1)
    array([[ 1, 12],
           [23,  4]], dtype=int32)
    """


def _infer_gather(x: Spec, indices: Spec) -> Spec:
    depth = indices.shape[-1] if indices.ndim else None
    if not isinstance(depth, int) or depth > x.ndim:
        raise ShapeError(
            f"expected the last axis of indices to hold a position on each of the first axes of an array of shape "
            f"{show_shape(x.shape)}; got indices of shape {show_shape(indices.shape)}."
        )
    return Spec((*indices.shape[:-1], *x.shape[depth:]), x.dtype)


@primitive(
    why=GATHERS,
    infer=_infer_gather,
    vjp=(lambda g, out, x, indices: ops.scatter(indices, g, ops.shape(x)), None),
    ulp=0,
)
def gather(x: Array, indices: Index) -> Array:
    """The elements, or slices, at positions that are given on the first axes together.

    Args:
        x: Array.
        indices: Array of integers, whose last axis holds one position on each of the first axes of `x`.

    Returns:
        The elements, or slices over the remaining axes of `x`.

    >>> gather([[1, 2], [3, 4]], [[0, 1], [1, 0]])
    array([2, 3], dtype=int32)
    """


def _infer_scatter(indices: Spec, values: Spec, shape: tuple[Any, ...]) -> Spec:
    expected = _infer_gather(Spec(shape, values.dtype), indices).shape
    if len(expected) != values.ndim or not all(map(same_size, expected, values.shape)):
        raise ShapeError(
            f"indices of shape {show_shape(indices.shape)} into {show_shape(shape)} need values of shape "
            f"{show_shape(expected)}; got {show_shape(values.shape)}."
        )
    return Spec(shape, values.dtype)


@composed(infer=_infer_scatter, vjp=(None, lambda g, out, indices, values, shape: ops.gather(g, indices)), ulp=4)
def scatter(indices: Index, values: Array, shape: Shape) -> Array:
    """Zeros with values added at given positions. A position that comes up twice gets the sum.

    Args:
        indices: Array of integers, whose last axis holds one position on each of the first axes of the result.
        values: The values, or slices over the remaining axes.
        shape: The shape of the result.

    Returns:
        The array.

    >>> scatter([[0], [2], [0]], [1.0, 2.0, 3.0], (3,))
    array([4., 0., 2.], dtype=float32)
    """
    return scatter_update(ops.zeros(shape, ops.dtype(values)), indices, values, "add")


def _infer_scatter_update(inputs: Spec, indices: Spec, updates: Spec, reduction: str | None) -> Spec:
    if reduction not in (None, "add", "max", "min", "mul"):
        raise OptionError(f"expected reduction to be None, 'add', 'max', 'min' or 'mul'; got {reduction!r}.")
    _infer_scatter(indices, updates, inputs.shape)
    return Spec(inputs.shape, inputs.dtype)


def _scattered_input_rule(g: Any, out: Any, inputs: Any, indices: Any, updates: Any, reduction: str | None) -> Any:
    if reduction == "add":
        return g
    if reduction == "mul":
        return ops.multiply(g, scatter_update(ops.ones_like(inputs), indices, updates, "mul"))
    if reduction is None:
        return scatter_update(g, indices, ops.zeros_like(updates))
    return ops.where(ops.equal(inputs, out), ops.divide(g, _winners(out, inputs, indices, updates)), 0)


def _scattered_updates_rule(g: Any, out: Any, inputs: Any, indices: Any, updates: Any, reduction: str | None) -> Any:
    here = gather(g, indices)
    if reduction in (None, "add"):
        return here
    if reduction == "mul":
        return ops.divide(ops.multiply(here, gather(out, indices)), updates)
    shared = ops.divide(here, gather(_winners(out, inputs, indices, updates), indices))
    return ops.where(ops.equal(updates, gather(out, indices)), shared, 0)


def _winners(out: Any, inputs: Any, indices: Any, updates: Any) -> Any:
    """How many of the old and new values at each place are the greatest, or the smallest, that stayed there."""
    kept = ops.cast(ops.equal(inputs, out), ops.dtype(out))
    won = ops.cast(ops.equal(updates, gather(out, indices)), ops.dtype(out))
    return scatter_update(kept, indices, won, "add")


@primitive(
    why=GATHERS,
    infer=_infer_scatter_update,
    promote=like_first,
    vjp=(_scattered_input_rule, None, _scattered_updates_rule),
    ulp=4,
)
def scatter_update(inputs: Array, indices: Index, updates: Array, reduction: str | None = None) -> Array:
    """An array with the elements at given positions replaced, or combined with others.

    Where a position comes up twice, the last value replaces the others, and a reduction takes them all. The
    gradient of a maximum or minimum is shared evenly at a tie; that of a product is undefined where an update is 0.

    Args:
        inputs: Array.
        indices: Array of integers, whose last axis holds one position on each of the first axes of `inputs`.
        updates: The values, or slices over the remaining axes; they take the dtype of `inputs`.
        reduction: What to do with the old value: None (replace it), "add", "max", "min" or "mul".

    Returns:
        The changed array; `inputs` stays as it was.

    >>> scatter_update([1.0, 2.0, 3.0], [[0], [2]], [7.0, 8.0])
    array([7., 2., 8.], dtype=float32)
    """
