"""`x[key]`, as NumPy means it, taken apart into ops."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np

from .. import ops
from ..backend import Backend
from ..dtypes import INTEGERS, index_dtype, result_type
from ..errors import DTypeError, OptionError, OutOfRangeError, ShapeError
from ..interpreters import HOST, Interpreter, kind_of
from ..mistakes import shown
from ..op import Array, composed
from ..spec import Dim, broadcast_shapes, larger, prod, same_size, show_shape, smaller


@composed(ulp=0)
def get_item(x: Array, key: Any) -> Array:
    """The part of an array that `x[key]` means in NumPy.

    Args:
        x: Array.
        key: Integers, slices, None, Ellipsis, arrays of integers or of bools, or a tuple of them.

    Returns:
        The part.

    >>> get_item([[1, 2], [3, 4]], (0, ...))
    array([1, 2], dtype=int32)
    """
    x, items = _with_positions(x, _complete(key, len(ops.shape(x))))
    if None in [item if item is None else 0 for item in items]:
        sizes = iter(ops.shape(x))
        x = ops.reshape(x, tuple(1 if item is None else next(sizes) for item in items))
        items = [slice(None) if item is None else item for item in items]
    by_array = any(_is_array(item) for item in items)
    shape = ops.shape(x)
    sliced = [
        slice(None) if by_array and not isinstance(item, slice) else _as_slice(item, size, axis)
        for axis, (item, size) in enumerate(zip(items, shape, strict=True))
    ]
    x = _slice(x, sliced)
    if by_array:
        arrays = {axis: item for axis, item in enumerate(items) if not isinstance(item, slice)}
        return _take_at(x, arrays)
    kept = tuple(size for size, item in zip(ops.shape(x), items, strict=True) if isinstance(item, slice))
    return x if len(kept) == len(items) else ops.reshape(x, kept)


def _is_array(item: Any) -> bool:
    kind = kind_of(type(item)) if not isinstance(item, (slice, type(None), type(...))) else None
    return (kind is HOST and np.asarray(item).ndim > 0) or isinstance(kind, (Backend, Interpreter))


def _complete(key: Any, ndim: int) -> list[Any]:
    """The items of a key, enough for all axes: lists as arrays, `...` written out."""
    items = list(key) if isinstance(key, tuple) else [key]
    items = [np.asarray(item, None if item else "int32") if isinstance(item, list) else item for item in items]
    used = sum(map(_covers, items))
    if used > ndim or sum(item is ... for item in items) > 1:
        raise ShapeError(f"the key {shown(key)} has too many entries for an array with {ndim} axes.")
    if not any(item is ... for item in items):
        items.append(...)
    at = next(i for i, item in enumerate(items) if item is ...)
    return items[:at] + [slice(None)] * (ndim - used) + items[at + 1 :]


def _covers(item: Any) -> int:
    """For how many axes an item of a key stands: several where it is a mask."""
    if item is None or item is ...:
        return 0
    return len(ops.shape(item)) if _is_mask(item) else 1


def _is_mask(item: Any) -> bool:
    is_array = _is_array(item)
    is_bool = isinstance(item, (bool, np.bool_)) or (hasattr(item, "dtype") and ops.dtype(item) == "bool")
    if is_bool and not (is_array and len(ops.shape(item))):
        raise DTypeError("a single bool cannot be an index. Use an array of bools, or an integer.")
    return is_bool


def _with_positions(x: Any, items: list[Any]) -> tuple[Any, list[Any]]:
    """Each mask as the positions where it holds, on one axis in place of those that it covers."""
    if not any(map(_is_mask, items)):
        return x, items
    shape, sizes, found, axis = ops.shape(x), [], [], 0
    for item in items:
        covered = shape[axis : axis + _covers(item)]
        if _is_mask(item):
            if not all(map(_may_be_equal, covered, ops.shape(item))):
                raise ShapeError(
                    f"a mask of shape {show_shape(ops.shape(item))} does not fit axes {axis} and following of "
                    f"{show_shape(shape)}."
                )
            item = _places(item)
        if covered:
            sizes.append(prod(covered))
        found.append(item)
        axis += len(covered)
    return ops.reshape(x, tuple(sizes)), found


def _may_be_equal(one: Any, other: Any) -> bool:
    """Whether two sizes are equal, as far as can be told: some only a framework knows, once it runs."""
    return not all(isinstance(size, (int, Dim)) for size in (one, other)) or same_size(one, other)


def _places(mask: Any) -> Any:
    """Where a mask holds, as positions among its elements."""
    sizes = ops.shape(mask)
    count = prod(sizes)
    dtype = "int64" if isinstance(count, int) and count > 2**31 else "int32"
    if kind_of(type(mask)) is HOST:  # known also while a function is traced
        return np.flatnonzero(mask).astype(dtype)
    position, *others = [ops.cast(place, dtype) for place in ops.nonzero(mask)]
    for size, place in zip(sizes[1:], others, strict=True):
        position = ops.add(ops.multiply(position, size), place)
    return position


def _as_slice(item: Any, size: Any, axis: int) -> slice:
    """An integer as the slice that holds it; a slice as it is."""
    if isinstance(item, slice):
        return item
    if not hasattr(item, "__index__"):
        raise DTypeError(f"expected an index to be an integer, a slice, None, Ellipsis or an array; got {item!r}.")
    position = item.__index__()
    if isinstance(size, int) and not -size <= position < size:
        raise OutOfRangeError(f"index {position} is out of range for axis {axis} with size {size}.")
    position = position + size if position < 0 else position
    return slice(position, position + 1)


def _slice(x: Any, items: list[slice]) -> Any:
    """The elements that slices name on each axis."""
    shape = ops.shape(x)
    if all(item == slice(None) for item in items):
        return x
    bounds = [_bounds(item, size) for item, size in zip(items, shape, strict=True)]
    starts, stops, steps = zip(*(bound[:3] for bound in bounds), strict=True)
    x = ops.strided_slice(x, starts, stops, steps)
    backwards = tuple(axis for axis, bound in enumerate(bounds) if bound[3])
    return ops.flip(x, backwards) if backwards else x


def _bounds(item: slice, size: Any) -> tuple[Any, Any, int, bool]:
    """Start, stop and positive step that reach the elements of a slice, and whether their order is to be reversed."""
    step = 1 if item.step is None else item.step.__index__()
    if step == 0:
        raise OptionError("expected the step of a slice to be other than 0.")
    if isinstance(size, int) and all(b is None or hasattr(b, "__index__") for b in (item.start, item.stop)):
        places = range(*item.indices(size))
        if step < 0:
            places = places[::-1]
        return (places[0], places[-1] + 1, places.step, step < 0) if places else (0, 0, 1, False)
    if step < 0 and (item.start is not None or item.stop is not None):
        raise ShapeError(
            f"a slice with bounds and a negative step needs an axis of known size; this one has size {size}."
        )
    start = 0 if item.start is None else _bound(item.start, size)
    stop = size if item.stop is None else _bound(item.stop, size)
    if isinstance(size, Dim):
        stop = larger(start, smaller(stop, size))
    if step < 0:
        start = (size - 1) % -step
    return start, stop, abs(step), step < 0


def _bound(bound: Any, size: Any) -> Any:
    """A bound of a slice as a place on an axis whose size is symbolic, or known only to the framework."""
    if isinstance(bound, int) and bound < 0:
        return larger(size + bound, 0) if isinstance(size, Dim) else ops.maximum(size + bound, 0)
    return bound


def _take_at(x: Any, arrays: dict[int, Any]) -> Any:
    """The elements at positions given by arrays on some of the axes, which broadcast against each other."""
    for item in arrays.values():
        if ops.dtype(item) not in INTEGERS:
            raise DTypeError(f"expected integer indices; got {ops.dtype(item)}. Cast them to int32.")
    axes = list(arrays)
    if len(axes) == 1:
        return ops.take(x, arrays[axes[0]], axes[0])
    shape = ops.shape(x)
    rest = [axis for axis in range(len(shape)) if axis not in arrays]
    dtype = result_type(*(index_dtype(ops.dtype(item)) for item in arrays.values()))
    indices = [ops.cast(item, dtype) for item in arrays.values()]
    shapes = [ops.shape(item) for item in indices]
    if all(isinstance(size, (int, Dim)) for size in itertools.chain(*shapes)):
        reached = broadcast_shapes(*shapes)
        indices = [ops.broadcast_to(item, reached) for item in indices]
    else:  # sizes that the framework knows once it runs
        nothing = ops.multiply(functools.reduce(ops.add, indices), 0)
        indices = [ops.add(item, nothing) for item in indices]
    places = ops.stack(indices, axis=-1)
    taken = ops.gather(ops.transpose(x, (*axes, *rest)), places)
    adjacent = axes == list(range(axes[0], axes[-1] + 1))
    if not adjacent:
        return taken
    joined = max(map(len, shapes))
    before = list(range(joined, joined + axes[0]))
    after = list(range(joined + axes[0], joined + len(rest)))
    return ops.transpose(taken, (*before, *range(joined), *after))
