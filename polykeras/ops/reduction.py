"""Reductions over axes, and running ones along an axis."""

from __future__ import annotations

from typing import Any

from .. import ops
from .. import spec as specs
from ..dtypes import COMPUTABLE, ORDERED, accumulator, inexact, numeric, real_of, same
from ..op import Array, Axes, DType, Mask, composed, primitive
from ..spec import Spec, normalize_axes
from .complexes import squared_size
from .conversion import in_single
from .elementary import TUNED
from .exponential import finite_or_zero
from .rules import (
    all_elements,
    along_axis,
    bool_reduction,
    index_reduction,
    ordered_reduction,
    reduced_elements,
    reduced_shape,
    reduction,
)


def kept(x: Any, like: Any, axis: Any) -> Any:
    """A reduced array with the reduced axes back in place, of size one."""
    return ops.reshape(x, reduced_shape(ops.shape(like), axis, True))


def _spread(g: Any, x: Any, axis: Any) -> Any:
    """The cotangent of a sum: the same for every summand."""
    return ops.broadcast_to(g if axis is None else kept(g, x, axis), ops.shape(x))


def count(x: Any, axis: Any) -> Any:
    """How many elements are reduced to one."""
    shape = ops.shape(x)
    return specs.prod(shape[a] for a in normalize_axes(axis, len(shape)))


@primitive(
    why=TUNED,
    infer=reduction,
    accepts=COMPUTABLE,
    promote=accumulator,
    vjp=(lambda g, out, x, axis, keepdims: _spread(g, x, axis),),
    summands=reduced_elements,
)
def sum(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The sum of elements along axes. Integers narrower than 32 bits are summed in 32.

    Args:
        x: Array.
        axis: The axis or axes to sum over; None for all.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The sums; 0 for nothing.

    >>> sum([[1.0, 2.0], [3.0, 4.0]], axis=0)
    array([4., 6.], dtype=float32)
    """


def _other_factors(x: Any, axis: Any) -> Any:
    """For each element the product of all the others that are reduced with it. Zeros do no harm."""
    shape = ops.shape(x)
    axes = normalize_axes(axis, len(shape))
    order = [*(i for i in range(len(shape)) if i not in axes), *axes]
    rows = ops.transpose(x, order)
    moved = ops.shape(rows)
    rows = ops.reshape(rows, (*moved[: len(shape) - len(axes)], specs.prod(moved[len(shape) - len(axes) :])))
    ones = ops.ones_like(rows[..., :1])
    before = ops.concatenate([ones, ops.cumprod(rows, axis=-1)[..., :-1]], axis=-1)
    after = ops.flip(ops.cumprod(ops.flip(rows, axis=-1), axis=-1), axis=-1)
    after = ops.concatenate([after[..., 1:], ones], axis=-1)
    others = ops.reshape(ops.multiply(before, after), moved)
    return ops.transpose(others, [order.index(i) for i in range(len(shape))])


@primitive(
    why=TUNED,
    infer=reduction,
    accepts=COMPUTABLE,
    promote=accumulator,
    vjp=(lambda g, out, x, axis, keepdims: ops.multiply(_spread(g, x, axis), _other_factors(x, axis)),),
    summands=reduced_elements,
)
def product(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The product of elements along axes, in the dtype of the elements or 32 bits at least.

    Args:
        x: Array.
        axis: The axis or axes to multiply over; None for all.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The products; 1 for nothing.

    >>> product([[1.0, 2.0], [3.0, 4.0]], axis=0)
    array([3., 8.], dtype=float32)
    """


def _infer_in_dtype(x: Spec, axis: Any, keepdims: bool, dtype: str | None) -> Spec:
    return Spec(reduced_shape(x.shape, axis, keepdims), dtype or accumulator(x.dtype))


@composed(infer=_infer_in_dtype, summands=reduced_elements)
def prod(x: Array, axis: Axes = None, keepdims: bool = False, dtype: DType = None) -> Array:
    """The product of elements along axes. Integers narrower than 32 bits are multiplied in 32.

    Args:
        x: Array.
        axis: The axis or axes to multiply over; None for all.
        keepdims: Whether the axes stay, with size one.
        dtype: The dtype of the result, and the one in which to multiply.

    Returns:
        The products; 1 for nothing.

    >>> prod([[1.0, 2.0], [3.0, 4.0]], axis=0)
    array([3., 8.], dtype=float32)
    """
    result = product(x if dtype is None else ops.cast(x, dtype), axis, keepdims)
    return result if dtype is None else ops.cast(result, dtype)


def _mean_rule(g: Any, out: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    return _spread(in_single(lambda g: ops.divide(g, count(x, axis)), g), x, axis)


@composed(infer=reduction, accepts=COMPUTABLE, promote=inexact, vjp=(_mean_rule,), summands=reduced_elements)
def mean(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The mean of elements along axes.

    Args:
        x: Array.
        axis: The axis or axes to average over; None for all.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The means; NaN for nothing.

    >>> mean([[1.0, 2.0], [3.0, 4.0]], axis=0)
    array([2., 3.], dtype=float32)
    """
    return in_single(lambda x: ops.divide(sum(x, axis, keepdims), count(x, axis)), x)


def _infer_variance(x: Spec, axis: Any = None, keepdims: bool = False) -> Spec:
    return Spec(reduced_shape(x.shape, axis, keepdims), real_of(x.dtype))


# Up to twice as slow as the frameworks' own, which lose half of the digits where the mean is large.
@composed(infer=_infer_variance, accepts=COMPUTABLE, promote=inexact, summands=reduced_elements)
def var(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The variance of elements along axes: the mean square of the distances from the mean.

    Args:
        x: Array.
        axis: The axis or axes; None for all.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The variances; NaN for nothing.

    >>> var([1.0, 2.0, 3.0, 4.0])
    array(1.25, dtype=float32)
    """

    def variance(x: Any) -> Any:
        distance = ops.subtract(x, mean(x, axis, keepdims=True))
        missed = squared_size(mean(distance, axis, keepdims))  # by rounding, which a large mean makes large
        result = ops.subtract(mean(squared_size(distance), axis, keepdims), missed)
        return ops.where(ops.less(result, 0), 0, result)

    return in_single(variance, x)


@composed(infer=_infer_variance, accepts=COMPUTABLE, promote=inexact, summands=reduced_elements)
def std(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The standard deviation of elements along axes: the root of the variance.

    Args:
        x: Array.
        axis: The axis or axes; None for all.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The standard deviations; NaN for nothing.

    >>> std([1.0, 3.0])
    array(1., dtype=float32)
    """
    return in_single(lambda x: ops.sqrt(var(x, axis, keepdims)), x)


def _extreme_rule(g: Any, out: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    chosen = ops.cast(ops.equal(x, kept(out, x, axis)), ops.dtype(x))
    return ops.multiply(chosen, ops.divide(kept(g, x, axis), sum(chosen, axis, keepdims=True)))


@primitive(why=TUNED, infer=ordered_reduction, accepts=ORDERED, promote=same, vjp=(_extreme_rule,), ulp=0)
def amax(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The greatest element along axes; NaN if there is one.

    At a tie the elements share the gradient evenly.

    Args:
        x: Array.
        axis: The axis or axes; None for all. They must not be empty.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The greatest elements.

    >>> amax([[1.0, 5.0], [3.0, 4.0]], axis=0)
    array([3., 5.], dtype=float32)
    """


@primitive(why=TUNED, infer=ordered_reduction, accepts=ORDERED, promote=same, vjp=(_extreme_rule,), ulp=0)
def amin(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The smallest element along axes; NaN if there is one.

    At a tie the elements share the gradient evenly.

    Args:
        x: Array.
        axis: The axis or axes; None for all. They must not be empty.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The smallest elements.

    >>> amin([[1.0, 5.0], [3.0, 4.0]], axis=0)
    array([1., 4.], dtype=float32)
    """


def _infer_with_initial(x: Spec, axis: Any, keepdims: bool, initial: Spec | None) -> Spec:
    return ordered_reduction(x, axis, keepdims) if initial is None else reduction(x, axis, keepdims)


def _with_initial(reduce: Any, pair: Any, x: Any, axis: Any, keepdims: bool, initial: Any) -> Any:
    if initial is None:
        return reduce(x, axis, keepdims)
    if count(x, axis) == 0:
        return ops.broadcast_to(initial, reduced_shape(ops.shape(x), axis, keepdims))
    return pair(reduce(x, axis, keepdims), initial)


@composed(infer=_infer_with_initial, accepts=ORDERED, promote=same, ulp=0)
def max(x: Array, axis: Axes = None, keepdims: bool = False, initial: Array | None = None) -> Array:
    """The greatest element along axes; NaN if there is one.

    At a tie the elements share the gradient evenly.

    Args:
        x: Array.
        axis: The axis or axes; None for all. They must not be empty, unless there is an initial value.
        keepdims: Whether the axes stay, with size one.
        initial: A number that the result is to reach at least.

    Returns:
        The greatest elements.

    >>> max([[1.0, 5.0], [3.0, 4.0]], axis=0)
    array([3., 5.], dtype=float32)
    """
    return _with_initial(amax, ops.maximum, x, axis, keepdims, initial)


@composed(infer=_infer_with_initial, accepts=ORDERED, promote=same, ulp=0)
def min(x: Array, axis: Axes = None, keepdims: bool = False, initial: Array | None = None) -> Array:
    """The smallest element along axes; NaN if there is one.

    At a tie the elements share the gradient evenly.

    Args:
        x: Array.
        axis: The axis or axes; None for all. They must not be empty, unless there is an initial value.
        keepdims: Whether the axes stay, with size one.
        initial: A number that the result is to reach at most.

    Returns:
        The smallest elements.

    >>> min([[1.0, 5.0], [3.0, 4.0]], axis=0)
    array([1., 4.], dtype=float32)
    """
    return _with_initial(amin, ops.minimum, x, axis, keepdims, initial)


@primitive(why=TUNED, infer=index_reduction, accepts=ORDERED, promote=same)
def argmax(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The position of the greatest element along an axis: of the first one at a tie, of the first NaN if there is one.

    Args:
        x: Array.
        axis: The axis, which must not be empty; None for the position in the flattened array.
        keepdims: Whether the axis stays, with size one.

    Returns:
        The positions, int32.

    >>> argmax([[1.0, 5.0], [3.0, 4.0]], axis=0)
    array([1, 0], dtype=int32)
    """


@primitive(why=TUNED, infer=index_reduction, accepts=ORDERED, promote=same)
def argmin(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The position of the smallest element along an axis: of the first one at a tie, of the first NaN if there is one.

    Args:
        x: Array.
        axis: The axis, which must not be empty; None for the position in the flattened array.
        keepdims: Whether the axis stays, with size one.

    Returns:
        The positions, int32.

    >>> argmin([[1.0, 5.0], [3.0, 4.0]], axis=0)
    array([0, 1], dtype=int32)
    """


@primitive(why=TUNED, infer=bool_reduction)
def any(x: Mask, axis: Axes = None, keepdims: bool = False) -> Array:
    """Whether any element along axes is true.

    Args:
        x: Array of bools; numbers count as true unless they are 0.
        axis: The axis or axes; None for all.
        keepdims: Whether the axes stay, with size one.

    Returns:
        Bools; False for nothing.

    >>> any([[True, False], [False, False]], axis=1)
    array([ True, False])
    """


@primitive(why=TUNED, infer=bool_reduction)
def all(x: Mask, axis: Axes = None, keepdims: bool = False) -> Array:
    """Whether all elements along axes are true.

    Args:
        x: Array of bools; numbers count as true unless they are 0.
        axis: The axis or axes; None for all.
        keepdims: Whether the axes stay, with size one.

    Returns:
        Bools; True for nothing.

    >>> all([[True, False], [True, True]], axis=1)
    array([False,  True])
    """


@composed(infer=lambda x, axis: Spec(reduced_shape(x.shape, axis, False), "int32"))
def count_nonzero(x: Mask, axis: Axes = None) -> Array:
    """How many elements along axes are not zero.

    Args:
        x: Array.
        axis: The axis or axes; None for all.

    Returns:
        The numbers of elements, int32.

    >>> count_nonzero([[0, 1], [2, 3]], axis=0)
    array([1, 2], dtype=int32)
    """
    return sum(ops.cast(x, "int32"), axis)


@composed(infer=reduction, accepts=ORDERED, promote=inexact, ulp=4)
def logsumexp(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The logarithm of the sum of exponentials along axes, without overflow on the way.

    Args:
        x: Array.
        axis: The axis or axes; None for all.
        keepdims: Whether the axes stay, with size one.

    Returns:
        log(sum(exp(x))); -inf for nothing.

    >>> logsumexp([1000.0, 1000.0])
    array(1000.6932, dtype=float32)
    """

    def result(x: Any) -> Any:
        if count(x, axis) == 0:
            return ops.log(sum(x, axis, keepdims))
        highest = finite_or_zero(ops.stop_gradient(amax(x, axis, keepdims=True)))
        total = sum(ops.exp(ops.subtract(x, highest)), axis, keepdims)
        return ops.add(ops.log(total), highest if keepdims else ops.reshape(highest, ops.shape(total)))

    return in_single(result, x)


@primitive(
    why=TUNED,
    infer=along_axis,
    accepts=COMPUTABLE,
    promote=accumulator,
    vjp=(lambda g, out, x, axis: ops.flip(ops.running_sum(ops.flip(g, axis), axis), axis),),
    summands=all_elements,
)
def running_sum(x: Array, axis: int = -1) -> Array:
    """The sums of the elements up to each one along an axis, as `cumsum`.

    Args:
        x: Array.
        axis: The axis.

    Returns:
        The sums.

    >>> running_sum([1.0, 2.0, 3.0])
    array([1., 3., 6.], dtype=float32)
    """


@composed(infer=along_axis, accepts=COMPUTABLE, promote=accumulator, summands=all_elements)
def running_product(x: Array, axis: int = -1) -> Array:
    """The products of the elements up to each one along an axis, as `cumprod`.

    Args:
        x: Array.
        axis: The axis.

    Returns:
        The products.

    >>> running_product([1.0, 2.0, 3.0])
    array([1., 2., 6.], dtype=float32)
    """
    rows = ops.moveaxis(x, axis, 0)
    length = ops.shape(rows)[0]
    distance = 1
    while distance < length:
        later = ops.multiply(rows[distance:], rows[:-distance])
        rows = ops.concatenate([rows[:distance], later], axis=0)
        distance *= 2
    return ops.moveaxis(rows, 0, axis)


def _infer_running(x: Spec, axis: Any, dtype: str | None) -> Spec:
    return Spec(along_axis(x, axis).shape, dtype or numeric(x.dtype))


def _running(function: Any, x: Any, axis: int | None, dtype: str | None) -> Any:
    x = ops.reshape(x, (-1,)) if axis is None else x
    result = function(x if dtype is None else ops.cast(x, dtype), 0 if axis is None else axis)
    return ops.cast(result, dtype or numeric(ops.dtype(x)))


@composed(infer=_infer_running, summands=all_elements)
def cumsum(x: Array, axis: Axes = None, dtype: DType = None) -> Array:
    """The sums of the elements up to each one along an axis.

    Args:
        x: Array.
        axis: The axis; None for the flattened array.
        dtype: The dtype of the result, and the one in which to add; None for that of the array, in which integers wrap
            around, and int32 for booleans.

    Returns:
        The sums.

    >>> cumsum([[1.0, 2.0], [3.0, 4.0]], axis=0)
    array([[1., 2.],
           [4., 6.]], dtype=float32)
    """
    return _running(running_sum, x, axis, dtype)


@composed(infer=_infer_running, summands=all_elements)
def cumprod(x: Array, axis: Axes = None, dtype: DType = None) -> Array:
    """The products of the elements up to each one along an axis.

    Args:
        x: Array.
        axis: The axis; None for the flattened array.
        dtype: The dtype of the result, and the one in which to multiply; None for that of the array, in which integers
            wrap around, and int32 for booleans.

    Returns:
        The products.

    >>> cumprod([[1.0, 2.0], [3.0, 4.0]], axis=0)
    array([[1., 2.],
           [3., 8.]], dtype=float32)
    """
    return _running(running_product, x, axis, dtype)
