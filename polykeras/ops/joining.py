"""Joining and cutting arrays along the axes that have names: rows, columns, depth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import ops
from .. import spec as specs
from ..dtypes import same
from ..errors import OptionError, ShapeError
from ..op import Array, Arrays, Axes, composed
from ..spec import Spec, normalize_axis, show_shape
from .movement import _infer_concatenate, parts


def _infer_append(x1: Spec, x2: Spec, axis: int | None) -> Spec:
    if axis is None:
        return Spec((x1.size + x2.size,), x1.dtype)
    return _infer_concatenate([x1, x2], axis)


@composed(infer=_infer_append, promote=same, ulp=0)
def append(x1: Array, x2: Array, axis: Axes = None) -> Array:
    """Join two arrays.

    Args:
        x1: Array.
        x2: Array; the shapes may differ along the axis only.
        axis: The axis; None joins the flattened arrays.

    Returns:
        The elements of x1 and then those of x2.

    >>> append([1, 2], [3])
    array([1, 2, 3], dtype=int32)
    """
    if axis is None:
        return ops.concatenate([ops.ravel(x1), ops.ravel(x2)])
    return ops.concatenate([x1, x2], axis)


def _one_axis(shape: tuple[Any, ...]) -> tuple[Any, ...]:
    return shape or (1,)


def _two_axes(shape: tuple[Any, ...]) -> tuple[Any, ...]:
    return (1,) * (2 - len(shape)) + tuple(shape)


def _three_axes(shape: tuple[Any, ...]) -> tuple[Any, ...]:
    shape = _two_axes(shape)
    return shape if len(shape) > 2 else (*shape, 1)


def _across(shape: tuple[Any, ...]) -> int:
    """The axis of columns, which arrays with one axis do not have."""
    return 0 if len(shape) == 1 else 1


def _joining(
    complete: Callable[..., Any], axis_of: Callable[..., int]
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """How arrays are joined that are given missing axes first: the rule and the body."""

    def infer(xs: list[Spec]) -> Spec:
        completed = [Spec(complete(x.shape), x.dtype) for x in xs]
        return _infer_concatenate(completed, axis_of(completed[0].shape))

    def body(xs: list[Any]) -> Any:
        completed = [ops.reshape(x, complete(ops.shape(x))) for x in xs]
        return ops.concatenate(completed, axis_of(ops.shape(completed[0])))

    return infer, body


_infer_hstack, _hstack = _joining(_one_axis, _across)
_infer_vstack, _vstack = _joining(_two_axes, lambda shape: 0)
_infer_dstack, _dstack = _joining(_three_axes, lambda shape: 2)


@composed(infer=_infer_hstack, promote=same, ulp=0)
def hstack(xs: Arrays) -> Array:
    """Join arrays side by side: along the second axis, or along the only one.

    Args:
        xs: The arrays.

    Returns:
        The joined array.

    >>> hstack([[[1], [2]], [[3], [4]]])
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    return _hstack(xs)


@composed(infer=_infer_vstack, promote=same, ulp=0)
def vstack(xs: Arrays) -> Array:
    """Join arrays one below the other, along the first axis. One with a single axis counts as a row.

    Args:
        xs: The arrays.

    Returns:
        The joined array.

    >>> vstack([[1, 2], [3, 4]])
    array([[1, 2],
           [3, 4]], dtype=int32)
    """
    return _vstack(xs)


@composed(infer=_infer_dstack, promote=same, ulp=0)
def dstack(xs: Arrays) -> Array:
    """Join arrays along the third axis, which they are given where they have fewer.

    Args:
        xs: The arrays.

    Returns:
        The joined array.

    >>> dstack([[1, 2], [3, 4]])
    array([[[1, 3],
            [2, 4]]], dtype=int32)
    """
    return _dstack(xs)


# Cutting ---------------------------------------------------------------------------------------------------


@composed(ulp=0)
def array_split(x: Array, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Cut an array along an axis into parts that need not have the same size.

    Args:
        x: Array.
        indices_or_sections: The number of parts, of which the first ones are longer by one where they do not come out
            even; or the positions at which to cut.
        axis: The axis.

    Returns:
        The list of parts.

    >>> array_split([1, 2, 3], 2)
    [array([1, 2], dtype=int32), array([3], dtype=int32)]
    """
    if not hasattr(indices_or_sections, "__index__"):
        return parts(x, indices_or_sections, axis)
    count = indices_or_sections.__index__()
    if count < 1:
        raise OptionError(f"expected at least one part; got {count}.")
    shape = ops.shape(x)
    axis = normalize_axis(axis, len(shape))
    pieces, start = [], 0
    for number in range(count):
        stop = start + specs.ceil_div(shape[axis] - number, count)
        pieces.append(ops.take_range(x, start, stop, axis))
        start = stop
    return pieces


def _cut(x: Any, indices_or_sections: Any, axis: int, least: int) -> list[Any]:
    shape = ops.shape(x)
    if len(shape) < least:
        raise ShapeError(f"expected at least {least} axes; got an array of shape {show_shape(shape)}.")
    return parts(x, indices_or_sections, axis)


@composed(ulp=0)
def hsplit(x: Array, indices_or_sections: Any) -> list[Any]:
    """Cut an array into parts side by side: along the second axis, or along the only one.

    Args:
        x: Array.
        indices_or_sections: The number of equal parts; or the positions at which to cut.

    Returns:
        The list of parts.

    >>> hsplit([[1, 2], [3, 4]], 2)
    [array([[1],
           [3]], dtype=int32), array([[2],
           [4]], dtype=int32)]
    """
    return _cut(x, indices_or_sections, _across(ops.shape(x)), least=1)


@composed(ulp=0)
def vsplit(x: Array, indices_or_sections: Any) -> list[Any]:
    """Cut an array with at least two axes into parts one below the other, along the first axis.

    Args:
        x: Array.
        indices_or_sections: The number of equal parts; or the positions at which to cut.

    Returns:
        The list of parts.

    >>> vsplit([[1, 2], [3, 4]], 2)
    [array([[1, 2]], dtype=int32), array([[3, 4]], dtype=int32)]
    """
    return _cut(x, indices_or_sections, 0, least=2)


@composed(ulp=0)
def dsplit(x: Array, indices_or_sections: Any) -> list[Any]:
    """Cut an array with at least three axes along the third.

    Args:
        x: Array.
        indices_or_sections: The number of equal parts; or the positions at which to cut.

    Returns:
        The list of parts.

    >>> dsplit([[[1, 2]]], 2)
    [array([[[1]]], dtype=int32), array([[[2]]], dtype=int32)]
    """
    return _cut(x, indices_or_sections, 2, least=3)


# Grids -----------------------------------------------------------------------------------------------------


@composed(name="meshgrid", ulp=0)
def _meshgrid(xs: Arrays, indexing: str) -> list[Any]:
    """Coordinates of the points of a grid."""
    if indexing not in ("xy", "ij"):
        raise OptionError(f"expected indexing to be 'xy' or 'ij'; got {indexing!r}.")
    order = list(range(len(xs)))
    if indexing == "xy" and len(xs) > 1:
        order[:2] = 1, 0
    sizes = [specs.prod(ops.shape(x)) for x in xs]
    shape = tuple(sizes[number] for number in order)

    def spread(number: int) -> Any:
        line = tuple(sizes[number] if other == number else 1 for other in order)
        return ops.broadcast_to(ops.reshape(xs[number], line), shape)

    return [spread(number) for number in range(len(xs))]


def meshgrid(*x: Any, indexing: str = "xy") -> list[Any]:
    """Coordinates of the points of a grid, out of the coordinates along its axes.

    Args:
        *x: For each axis an array of coordinates.
        indexing: In which order the axes come: "xy", where the second array gives the rows of the results and the
            first the columns; or "ij", where they come as they are given.

    Returns:
        For each axis an array with its coordinate of every point.

    >>> meshgrid([1, 2], [3, 4])
    [array([[1, 2],
           [1, 2]], dtype=int32), array([[3, 3],
           [4, 4]], dtype=int32)]
    """
    return _meshgrid(list(x), indexing) if x else []
