"""Order among elements."""

from __future__ import annotations

from .. import ops
from ..dtypes import ORDERED, same
from ..errors import OptionError, ShapeError
from ..op import Array, composed, primitive
from ..spec import Spec, normalize_axis, show_shape
from ..symbolic import spec_of
from .rules import along_axis

ORDER = "an algorithm, not a formula"


def _infer_sort(x: Spec, axis: int | None = -1) -> Spec:
    return along_axis(x, axis)


def _infer_argsort(x: Spec, axis: int | None = -1) -> Spec:
    return Spec(_infer_sort(x, axis).shape, "int32")


@primitive(why=ORDER, infer=_infer_argsort, promote=same, accepts=ORDERED)
def argsort(x: Array, axis: int | None = -1) -> Array:
    """The positions that would sort an array: smallest first, NaN last, equal elements in their old order.

    Args:
        x: Array.
        axis: The axis to sort along; None for the flattened array.

    Returns:
        The positions, int32.

    >>> argsort([3.0, 1.0, 2.0])
    array([1, 2, 0], dtype=int32)
    """


@composed(infer=_infer_sort, promote=same, accepts=ORDERED, ulp=0)
def sort(x: Array, axis: int | None = -1) -> Array:
    """The elements in order along an axis: smallest first, NaN last.

    Args:
        x: Array.
        axis: The axis; None for the flattened array.

    Returns:
        The sorted array.

    >>> sort([3.0, 1.0, 2.0])
    array([1., 2., 3.], dtype=float32)
    """
    if axis is None:
        return sort(ops.reshape(x, (-1,)), 0)
    axis = normalize_axis(axis, len(ops.shape(x)))
    return ops.gather_along_axis(x, argsort(x, axis), axis)


def _infer_top_k(x: Spec, k: int, sorted: bool) -> tuple[Spec, Spec]:
    if not x.ndim or (isinstance(x.shape[-1], int) and not 0 <= k <= x.shape[-1]):
        raise ShapeError(f"cannot choose {k} elements along the last axis of an array of shape {show_shape(x.shape)}.")
    shape = (*x.shape[:-1], k)
    return Spec(shape, x.dtype), Spec(shape, "int32")


@composed(infer=_infer_top_k, promote=same, accepts=ORDERED, ulp=0)
def top_k(x: Array, k: int, sorted: bool = True) -> tuple[Array, Array]:
    """The greatest elements along the last axis, and where they are. Of equal elements the first come first.

    Args:
        x: Array. NaN counts as greater than anything else.
        k: How many.
        sorted: Accepted for compatibility: the elements come greatest first in any case.

    Returns:
        The elements, and their positions, int32.

    >>> top_k([1.0, 3.0, 2.0], 2)
    (array([3., 2.], dtype=float32), array([1, 2], dtype=int32))
    """
    _infer_top_k(spec_of(x), k, sorted)
    length = ops.shape(x)[-1]
    ascending = argsort(ops.flip(x, -1), -1)
    places = ops.subtract(length - 1, ops.flip(ascending, -1)[..., :k])
    return ops.gather_along_axis(x, places, len(ops.shape(x)) - 1), places


def _infer_searchsorted(sorted_sequence: Spec, values: Spec, side: str) -> Spec:
    if sorted_sequence.ndim != 1:
        raise ShapeError(f"expected a sequence with one axis; got shape {show_shape(sorted_sequence.shape)}.")
    if side not in ("left", "right"):
        raise OptionError(f"expected side to be 'left' or 'right'; got {side!r}.")
    return Spec(values.shape, "int32")


@primitive(why=ORDER, infer=_infer_searchsorted, promote=same, accepts=ORDERED)
def searchsorted(sorted_sequence: Array, values: Array, side: str = "left") -> Array:
    """Where values belong in a sorted sequence.

    Args:
        sorted_sequence: Array with one axis, in ascending order.
        values: Array or number.
        side: Whether a value that is in the sequence belongs to the "left" of it or to the "right".

    Returns:
        For each value how many elements of the sequence come before it, int32.

    >>> searchsorted([1.0, 2.0, 3.0], [2.0, 5.0])
    array([1, 3], dtype=int32)
    """
