"""Choosing among arrays, and finding elements and their positions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from .. import spec as specs
from ..dtypes import ORDERED, same
from ..errors import ShapeError, StateError
from ..op import Array, Arrays, Index, Shape, Tree, composed
from ..spec import Spec, broadcast_shapes, normalize_axis, unknown_dim
from ..symbolic import spec_of
from .rules import along_axis
from .sorting import _infer_searchsorted


def _infer_select(condlist: list[Any], choicelist: list[Spec], default: Spec) -> Spec:
    if len(condlist) != len(choicelist):
        raise ShapeError(
            f"expected as many conditions as arrays to choose from; got {len(condlist)} and {len(choicelist)}."
        )
    shapes = [ops.shape(ops.as_array(condition)) for condition in condlist]
    return Spec(broadcast_shapes(*shapes, *(x.shape for x in choicelist), default.shape), default.dtype)


@composed(infer=_infer_select, promote=same, ulp=0)
def select(condlist: Tree, choicelist: Arrays, default: Array = 0) -> Array:
    """Elements of the first array whose condition holds.

    Args:
        condlist: The conditions, arrays of bools.
        choicelist: For each of them an array; all shapes broadcast.
        default: What to take where no condition holds.

    Returns:
        The chosen elements.

    >>> select([[True, False, False], [True, True, False]], [[1, 2, 3], [4, 5, 6]])
    array([1, 5, 0], dtype=int32)
    """
    chosen = default
    for condition, choice in zip(condlist[::-1], choicelist[::-1], strict=True):
        chosen = ops.where(condition, choice, chosen)
    return chosen


def _infer_unravel_index(indices: Spec, shape: tuple[Any, ...]) -> tuple[Spec, ...]:
    return tuple(Spec(indices.shape, indices.dtype) for _ in shape)


@composed(infer=_infer_unravel_index)
def unravel_index(indices: Index, shape: Shape) -> Any:
    """Positions in a flattened array as positions on each of its axes.

    Args:
        indices: Array of integers; negative ones count from the end. One outside of the array counts round again.
        shape: The shape of the array.

    Returns:
        For each axis an array of positions on it, in the dtype of `indices`.

    >>> unravel_index([1, 5], (2, 3))
    (array([0, 1], dtype=int32), array([1, 2], dtype=int32))
    """
    dtype = ops.dtype(indices)
    rest = ops.cast(indices, "int64" if dtype in ("int64", "uint64", "uint32") else "int32")
    places = []
    for size in reversed(shape):
        places.append(ops.cast(ops.mod(rest, size), dtype))
        rest = ops.floor_divide(rest, size)
    return tuple(reversed(places))


def _infer_argpartition(x: Spec, kth: int, axis: int | None) -> Spec:
    shape = along_axis(x, axis).shape
    size = shape[0 if axis is None else axis]
    if isinstance(size, int) and not -size <= kth < size:
        raise ShapeError(f"expected kth to be a position along the axis, which has size {size}; got {kth}.")
    return Spec(shape, "int32")


@composed(infer=_infer_argpartition, promote=same, accepts=ORDERED)
def argpartition(x: Array, kth: int, axis: int | None = -1) -> Array:
    """The positions of the elements with the k-th smallest in its place, smaller ones before and greater ones after it.

    They are those of `argsort`, because a partition that every backend makes alike needs an order.

    Args:
        x: Array.
        kth: The place of the element that is to be there as if sorted, counted from 0.
        axis: The axis; None for the flattened array.

    Returns:
        The positions, int32.

    >>> argpartition([3.0, 1.0, 2.0], 1)
    array([1, 2, 0], dtype=int32)
    """
    _infer_argpartition(spec_of(x), kth, axis)
    return ops.argsort(x, axis)


@composed(
    infer=lambda x, bins: _infer_searchsorted(bins, x, "right"),
    promote=same,
    accepts=ORDERED,
)
def digitize(x: Array, bins: Array) -> Array:
    """The number of the bin in which each element lies. A bin begins at its edge; the edge of the next is outside.

    Args:
        x: Array.
        bins: The edges, an array with one axis in ascending order.

    Returns:
        For each element how many edges are not above it, int32; that is all of them for NaN.

    >>> digitize([0.5, 1.0, 7.0], [0.0, 1.0, 2.0])
    array([1, 2, 3], dtype=int32)
    """
    return ops.searchsorted(bins, x, "right")


@composed(infer=lambda x1, x2, assume_unique, invert: Spec(x1.shape, "bool"), promote=same, accepts=ORDERED)
def isin(x1: Array, x2: Array, assume_unique: bool = False, invert: bool = False) -> Array:
    """Whether each element of one array is among those of another. NaN never is.

    Args:
        x1: Array.
        x2: Array, of any shape.
        assume_unique: Accepted for compatibility: it makes no difference.
        invert: Whether to tell what is not among them.

    Returns:
        Bools, in the shape of `x1`.

    >>> isin([1, 2, 3], [3, 1])
    array([ True, False,  True])
    """
    among = ops.sort(ops.ravel(x2), 0)
    (count,) = ops.shape(among)
    if isinstance(count, int) and count == 0:
        found = ops.zeros_like(x1, "bool")
    else:
        places = ops.minimum(ops.searchsorted(among, x1), count - 1)
        found = ops.equal(ops.take(among, places, 0), x1)
    return ops.logical_not(found) if invert else found


# Unique elements -------------------------------------------------------------------------------------------


def _infer_unique(
    x: Spec,
    sorted: bool,
    return_index: bool,
    return_inverse: bool,
    return_counts: bool,
    axis: int | None,
    size: int | None,
    fill_value: Any,
) -> Any:
    count = unknown_dim(1) if size is None else size
    if axis is None:
        shape, inverse = (count,), x.shape
    else:
        place = normalize_axis(axis, x.ndim)
        shape, inverse = (*x.shape[:place], count, *x.shape[place + 1 :]), (x.shape[place],)
    found = [Spec(shape, x.dtype)]
    found += [Spec((count,), "int32")] if return_index else []
    found += [Spec(inverse, "int32")] if return_inverse else []
    found += [Spec((count,), "int32")] if return_counts else []
    return tuple(found) if len(found) > 1 else found[0]


def _begins(rows: Any) -> Any:
    """Where along the first axis of sorted rows another number begins."""
    return ops.concatenate([ops.ones_like(rows[:1], "bool"), ops.not_equal(rows[1:], rows[:-1])], 0)


def _numbers(columns: Any) -> Any:
    """Small numbers in place of the elements of each column, in the same order: equal ones for equal elements."""
    order = ops.argsort(columns, 0)
    ordered = ops.gather_along_axis(columns, order, 0)
    numbers = ops.subtract(ops.cumsum(ops.cast(_begins(ordered), "int32"), 0), 1)
    return ops.add_along_axis(ops.zeros_like(order), order, numbers, 0)


def _one_column(rows: Any) -> Any:
    """A number for each row of a matrix, in the order of the rows.

    The elements of each column get small numbers, pairs of which make one, until a single column is left.
    """
    count, width = ops.shape(rows)
    if width == 0:
        return ops.zeros((count,), "int32")
    columns = rows
    while width > 1:
        columns = ops.cast(_numbers(columns), "int64")
        if width % 2:
            columns = ops.concatenate([columns, ops.zeros_like(columns[:, :1])], 1)
        columns = ops.add(ops.multiply(columns[:, ::2], count), columns[:, 1::2])
        width = (width + 1) // 2
    return columns[:, 0]


@composed(infer=_infer_unique, promote=same, accepts=ORDERED, ulp=0)
def unique(
    x: Array,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """The different elements of an array, or its different parts along an axis. A NaN differs from every other.

    How many there are depends on the values, so that inside compiled functions `size` must be given.

    Args:
        x: Array.
        sorted: Accepted for compatibility: the elements come in ascending order in any case.
        return_index: Whether to return where each of them comes first.
        return_inverse: Whether to return for each element of `x` which of them it is.
        return_counts: Whether to return how often each of them comes.
        axis: The axis along which to compare parts; None for the elements of the flattened array.
        size: How many to return: of more the first ones, and fewer with `fill_value` behind them, at the position of
            the first one, 0 times.
        fill_value: What stands for missing ones; None for 0.

    Returns:
        The elements; or a tuple of them and of what else was asked for, int32.

    >>> unique([3, 1, 3], return_counts=True)
    (array([1, 3], dtype=int32), array([1, 2], dtype=int32))
    """
    shape = ops.shape(x)
    axis = axis if axis is None else normalize_axis(axis, len(shape))
    parts = ops.ravel(x) if axis is None else ops.moveaxis(x, axis, 0)
    count, *rest = ops.shape(parts)
    order: Any = None
    if axis is None and not (return_index or return_inverse):
        parts = keys = ops.sort(parts, 0)
    else:
        keys = parts if axis is None else _one_column(ops.reshape(parts, (count, specs.prod(rest))))
        order = ops.argsort(keys, 0)
        parts, keys = ops.take(parts, order, 0), ops.take(keys, order, 0)
    begins = _begins(keys)
    numbers: Any = None
    if return_inverse or size is not None:
        numbers = ops.subtract(ops.cumsum(ops.cast(begins, "int32"), 0), 1)
    if size is None:
        starts = _places_of(begins)
        ends = ops.concatenate([starts[1:], np.full(min(count, 1), count, "int32")]) if return_counts else None
    else:
        places = np.arange(size, dtype="int32")
        starts, ends = (ops.searchsorted(numbers, places, side) for side in ("left", "right"))
    results = [_chosen(parts, starts, size, 0 if fill_value is None else fill_value)]
    if return_index:
        results.append(_chosen(order, starts, size, order[0] if count else 0))
    if return_inverse:
        inverse = ops.add_along_axis(ops.zeros_like(order), order, numbers, 0)
        results.append(ops.reshape(inverse, shape) if axis is None else inverse)
    if return_counts:
        results.append(ops.subtract(ends, starts))
    if axis is not None:
        results[0] = ops.moveaxis(results[0], 0, axis)
    return tuple(results) if len(results) > 1 else results[0]


def _places_of(begins: Any) -> Any:
    """Where bools hold, which needs their values."""
    try:
        ops.convert_to_numpy(begins[:0])
    except StateError:
        raise ShapeError(
            "how many different elements there are is not known while a function is being compiled. Give size."
        ) from None
    return ops.nonzero(begins)[0]


def _chosen(rows: Any, places: Any, size: int | None, filler: Any) -> Any:
    """The rows at some places; where their number is given, there is another number in the place behind the last."""
    if size is not None:
        shape = ops.shape(rows)
        last = ops.broadcast_to(ops.cast(filler, ops.dtype(rows)), (1, *shape[1:]))
        rows = ops.concatenate([rows, last], 0)
    return ops.take(rows, places, 0)
