"""Reductions that pass over NaN, as if it marked what is missing."""

from __future__ import annotations

import math
from typing import Any

from .. import ops
from ..dtypes import COMPLEXES, COMPUTABLE, INEXACT, ORDERED, accumulator, inexact, same
from ..op import Array, Axes, DType, composed
from .conversion import in_single
from .reduction import _infer_running, _infer_variance
from .rules import all_elements, index_reduction, ordered_reduction, reduced_elements, reduction


def _present(x: Any) -> Any:
    """Where the array is not NaN, which alone does not equal itself."""
    return ops.equal(x, x)


def _filled(x: Any, value: float) -> Any:
    """The array with a number in place of NaN."""
    return ops.where(_present(x), x, value) if ops.dtype(x) in INEXACT else x


def _extreme(reduce: Any, x: Any, axis: Any, keepdims: bool, beaten: float) -> Any:
    if ops.dtype(x) not in INEXACT:
        return reduce(x, axis, keepdims)
    present = _present(x)
    found = reduce(ops.where(present, x, beaten), axis, keepdims)
    return ops.where(ops.any(present, axis, keepdims), found, math.nan)


@composed(infer=ordered_reduction, accepts=ORDERED, promote=same, ulp=0)
def nanmax(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The greatest element along axes that is not NaN.

    At a tie the elements share the gradient evenly.

    Args:
        x: Array.
        axis: The axis or axes; None for all. They must not be empty.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The greatest elements; NaN where all are NaN.

    >>> nanmax([1.0, float("nan"), 3.0])
    array(3., dtype=float32)
    """
    return _extreme(ops.amax, x, axis, keepdims, -math.inf)


@composed(infer=ordered_reduction, accepts=ORDERED, promote=same, ulp=0)
def nanmin(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The smallest element along axes that is not NaN.

    At a tie the elements share the gradient evenly.

    Args:
        x: Array.
        axis: The axis or axes; None for all. They must not be empty.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The smallest elements; NaN where all are NaN.

    >>> nanmin([1.0, float("nan"), 3.0])
    array(1., dtype=float32)
    """
    return _extreme(ops.amin, x, axis, keepdims, math.inf)


def _first(x: Any, extreme: Any, axis: int | None, keepdims: bool) -> Any:
    """The position of the first element that equals the extreme, which NaN never does; -1 where there is none."""
    hit = ops.equal(x, extreme)
    return ops.where(ops.any(hit, axis, keepdims), ops.argmax(hit, axis, keepdims), -1)


@composed(infer=index_reduction, accepts=ORDERED, promote=same)
def nanargmax(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The position of the greatest element along an axis that is not NaN: of the first one at a tie.

    Args:
        x: Array.
        axis: The axis, which must not be empty; None for the position in the flattened array.
        keepdims: Whether the axis stays, with size one.

    Returns:
        The positions, int32; -1 where all elements are NaN.

    >>> nanargmax([1.0, float("nan"), 3.0])
    array(2, dtype=int32)
    """
    return _first(x, nanmax(x, axis, keepdims=True), axis, keepdims)


@composed(infer=index_reduction, accepts=ORDERED, promote=same)
def nanargmin(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The position of the smallest element along an axis that is not NaN: of the first one at a tie.

    Args:
        x: Array.
        axis: The axis, which must not be empty; None for the position in the flattened array.
        keepdims: Whether the axis stays, with size one.

    Returns:
        The positions, int32; -1 where all elements are NaN.

    >>> nanargmin([1.0, float("nan"), 3.0])
    array(0, dtype=int32)
    """
    return _first(x, nanmin(x, axis, keepdims=True), axis, keepdims)


@composed(infer=reduction, accepts=COMPUTABLE, promote=accumulator, summands=reduced_elements)
def nansum(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The sum of the elements along axes that are not NaN. Integers narrower than 32 bits are summed in 32.

    Args:
        x: Array.
        axis: The axis or axes to sum over; None for all.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The sums; 0 for nothing.

    >>> nansum([1.0, float("nan"), 3.0])
    array(4., dtype=float32)
    """
    return ops.sum(_filled(x, 0), axis, keepdims)


@composed(infer=reduction, accepts=COMPUTABLE, promote=accumulator, summands=reduced_elements)
def nanprod(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The product of the elements along axes that are not NaN. Integers narrower than 32 bits are multiplied in 32.

    Args:
        x: Array.
        axis: The axis or axes to multiply over; None for all.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The products; 1 for nothing.

    >>> nanprod([2.0, float("nan"), 3.0])
    array(6., dtype=float32)
    """
    return ops.prod(_filled(x, 1), axis, keepdims)


@composed(infer=_infer_running, summands=all_elements)
def nancumsum(x: Array, axis: Axes = None, dtype: DType = None) -> Array:
    """The sums of the elements up to each one along an axis, in which NaN counts as 0.

    Args:
        x: Array.
        axis: The axis; None for the flattened array.
        dtype: The dtype of the result, and the one in which to add; None as in `cumsum`.

    Returns:
        The sums.

    >>> nancumsum([1.0, float("nan"), 3.0])
    array([1., 1., 4.], dtype=float32)
    """
    return ops.cumsum(_filled(x, 0), axis, dtype)


@composed(infer=_infer_running, summands=all_elements)
def nancumprod(x: Array, axis: Axes = None, dtype: DType = None) -> Array:
    """The products of the elements up to each one along an axis, in which NaN counts as 1.

    Args:
        x: Array.
        axis: The axis; None for the flattened array.
        dtype: The dtype of the result, and the one in which to multiply; None as in `cumprod`.

    Returns:
        The products.

    >>> nancumprod([2.0, float("nan"), 3.0])
    array([2., 2., 6.], dtype=float32)
    """
    return ops.cumprod(_filled(x, 1), axis, dtype)


def _mean(x: Any, present: Any, axis: Any, keepdims: bool) -> Any:
    """The mean of the elements that are there."""
    count = ops.cast(ops.sum(ops.cast(present, "int32"), axis, keepdims), ops.dtype(x))
    return ops.divide(ops.sum(ops.where(present, x, 0), axis, keepdims), count)


@composed(infer=reduction, accepts=COMPUTABLE, promote=inexact, summands=reduced_elements)
def nanmean(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The mean of the elements along axes that are not NaN.

    Args:
        x: Array.
        axis: The axis or axes to average over; None for all.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The means; NaN where all elements are NaN.

    >>> nanmean([1.0, float("nan"), 3.0])
    array(2., dtype=float32)
    """
    return in_single(lambda x: _mean(x, _present(x), axis, keepdims), ops.cast(x, inexact(ops.dtype(x))))


def _variance(x: Any, axis: Any, keepdims: bool) -> Any:
    present = _present(x)
    distance = ops.subtract(ops.where(present, x, 0), _mean(x, present, axis, keepdims=True))
    distance = ops.abs(distance) if ops.dtype(x) in COMPLEXES else distance
    return _mean(ops.square(distance), present, axis, keepdims)


@composed(infer=_infer_variance, accepts=COMPUTABLE, promote=inexact, summands=reduced_elements)
def nanvar(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The variance of the elements along axes that are not NaN: the mean square of their distances from their mean.

    Args:
        x: Array.
        axis: The axis or axes; None for all.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The variances; NaN where all elements are NaN.

    >>> nanvar([1.0, float("nan"), 3.0])
    array(1., dtype=float32)
    """
    return in_single(lambda x: _variance(x, axis, keepdims), ops.cast(x, inexact(ops.dtype(x))))


@composed(infer=_infer_variance, accepts=COMPUTABLE, promote=inexact, summands=reduced_elements)
def nanstd(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The standard deviation of the elements along axes that are not NaN: the root of their variance.

    Args:
        x: Array.
        axis: The axis or axes; None for all.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The standard deviations; NaN where all elements are NaN.

    >>> nanstd([1.0, float("nan"), 3.0])
    array(1., dtype=float32)
    """
    return in_single(lambda x: ops.sqrt(_variance(x, axis, keepdims)), ops.cast(x, inexact(ops.dtype(x))))
