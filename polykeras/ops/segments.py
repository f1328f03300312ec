"""Reductions of elements that are marked as belonging together."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..dtypes import FLOATS, NUMBERS, ORDERED_NUMBERS, same
from ..errors import ShapeError, StateError
from ..op import Array, Index, composed
from ..spec import Spec, same_size, show_shape, unknown_dim
from ..symbolic import spec_of
from .conversion import in_single
from .scores import counting


def _infer_segments(data: Spec, segment_ids: Spec, num_segments: int | None, sorted: bool) -> Spec:
    if segment_ids.ndim != 1 or not data.ndim or not same_size(segment_ids.shape[0], data.shape[0]):
        raise ShapeError(
            "expected segment_ids to be one row with a number for each element of data along the first axis; got shapes"
            f" {show_shape(segment_ids.shape)} and {show_shape(data.shape)}."
        )
    return Spec((unknown_dim(1) if num_segments is None else num_segments, *data.shape[1:]), data.dtype)


def _elements(data: Spec, *_: Any) -> Any:
    return data.shape[0]


def _reduced(data: Any, ids: Any, count: int | None, reduction: str, start: Any) -> Any:
    """Elements combined by segment. What belongs to no segment goes to one more, which is left out in the end."""
    _infer_segments(spec_of(data), spec_of(ids), count, False)
    ids = counting(ids)
    if count is None:
        try:
            count = 0 if ops.shape(ids)[0] == 0 else max(int(ops.convert_to_numpy(ops.amax(ids))) + 1, 0)
        except StateError:
            raise StateError(
                "a compiled function cannot know the number of segments. Give num_segments to segment_sum and the like."
            ) from None
    lost = ops.logical_or(ops.less(ids, 0), ops.greater_equal(ids, count))
    places = ops.expand_dims(ops.where(lost, count, ids), -1)
    empty = ops.full_like(ops.zeros((count + 1, *ops.shape(data)[1:]), ops.dtype(data)), start)
    return ops.take_range(ops.scatter_update(empty, places, data, reduction), 0, count, 0)


def _bound(dtype: str, lowest: bool) -> Any:
    if dtype in FLOATS:
        return -np.inf if lowest else np.inf
    limits = np.iinfo(dtype)
    return np.array(limits.min if lowest else limits.max, dtype)


@composed(
    infer=_infer_segments,
    accepts=NUMBERS,
    promote=same,
    summands=_elements,
    vjp=(lambda g, out, data, segment_ids, num_segments, sorted: _of_segment(g, segment_ids), None),
)
def segment_sum(data: Array, segment_ids: Index, num_segments: int | None = None, sorted: bool = False) -> Array:
    """The sums of the elements along the first axis that belong to one segment.

    Args:
        data: Array.
        segment_ids: For each element along the first axis the number of its segment. Elements with a negative number,
            or one that names no segment, are left out.
        num_segments: The number of segments; None for as many as occur, which a compiled function cannot know.
        sorted: Whether the numbers are in ascending order. It makes no difference to the result.

    Returns:
        The sum of each segment, 0 where it has no elements.

    >>> segment_sum([1.0, 2.0, 10.0, 20.0], [0, 0, 2, 2], num_segments=3)
    array([ 3.,  0., 30.], dtype=float32)
    """
    return in_single(lambda x: _reduced(x, segment_ids, num_segments, "add", 0), data)


def _of_segment(x: Any, ids: Any) -> Any:
    """For each element what an array has for its segment, 0 where it has none."""
    count, ids = ops.shape(x)[0], counting(ids)
    lost = ops.logical_or(ops.less(ids, 0), ops.greater_equal(ids, count))
    padded = ops.pad_constant(x, ((0, 1), *(((0, 0),) * (len(ops.shape(x)) - 1))))
    return ops.take(padded, ops.where(lost, count, ids), 0)


@composed(infer=_infer_segments, accepts=ORDERED_NUMBERS, promote=same, ulp=0)
def segment_max(data: Array, segment_ids: Index, num_segments: int | None = None, sorted: bool = False) -> Array:
    """The greatest of the elements along the first axis that belong to one segment; NaN if there is one.

    At a tie the elements share the gradient evenly.

    Args:
        data: Array.
        segment_ids: For each element along the first axis the number of its segment. Elements with a negative number,
            or one that names no segment, are left out.
        num_segments: The number of segments; None for as many as occur, which a compiled function cannot know.
        sorted: Whether the numbers are in ascending order. It makes no difference to the result.

    Returns:
        The greatest of each segment; -inf, or the lowest integer, where it has no elements.

    >>> segment_max([1.0, 2.0, 10.0, 20.0], [0, 0, 1, 1], num_segments=2)
    array([ 2., 20.], dtype=float32)
    """
    return _reduced(data, segment_ids, num_segments, "max", _bound(ops.dtype(data), True))


@composed(infer=_infer_segments, accepts=ORDERED_NUMBERS, promote=same, ulp=0)
def segment_min(data: Array, segment_ids: Index, num_segments: int | None = None, sorted: bool = False) -> Array:
    """The smallest of the elements along the first axis that belong to one segment; NaN if there is one.

    At a tie the elements share the gradient evenly.

    Args:
        data: Array.
        segment_ids: For each element along the first axis the number of its segment. Elements with a negative number,
            or one that names no segment, are left out.
        num_segments: The number of segments; None for as many as occur, which a compiled function cannot know.
        sorted: Whether the numbers are in ascending order. It makes no difference to the result.

    Returns:
        The smallest of each segment; inf, or the greatest integer, where it has no elements.

    >>> segment_min([1.0, 2.0, 10.0, 20.0], [0, 0, 1, 1], num_segments=2)
    array([ 1., 10.], dtype=float32)
    """
    return _reduced(data, segment_ids, num_segments, "min", _bound(ops.dtype(data), False))


@composed(infer=_infer_segments, accepts=NUMBERS, promote=same, summands=_elements)
def segment_prod(data: Array, segment_ids: Index, num_segments: int | None = None, sorted: bool = False) -> Array:
    """The products of the elements along the first axis that belong to one segment.

    Args:
        data: Array.
        segment_ids: For each element along the first axis the number of its segment. Elements with a negative number,
            or one that names no segment, are left out.
        num_segments: The number of segments; None for as many as occur, which a compiled function cannot know.
        sorted: Whether the numbers are in ascending order. It makes no difference to the result.

    Returns:
        The product of each segment, 1 where it has no elements.

    >>> segment_prod([1.0, 2.0, 10.0, 20.0], [0, 0, 2, 2], num_segments=3)
    array([  2.,   1., 200.], dtype=float32)
    """
    return in_single(lambda x: _reduced(x, segment_ids, num_segments, "mul", 1), data)
