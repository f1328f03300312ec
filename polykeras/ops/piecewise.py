"""Activation functions that are made of pieces of lines and parabolas.

At a kink the gradient is that of the flat piece, 0, as for `relu`.
"""

from __future__ import annotations

import math
from typing import Any

from .. import ops
from ..dtypes import ORDERED, inexact, numeric
from ..op import Array, alias, composed
from ..spec import Spec, normalize_axis
from .conversion import in_single
from .rules import elementwise


def _between(x: Any, low: float, high: float) -> Any:
    """The element brought between bounds, at which the gradient is 0 already."""
    return ops.where(ops.less_equal(x, low), low, ops.where(ops.greater_equal(x, high), high, x))


@composed(infer=elementwise, accepts=ORDERED, promote=numeric, ulp=0)
def relu6(x: Array) -> Array:
    """The element brought between 0 and 6. The gradient at 0 and 6 is 0.

    Args:
        x: Array or number.

    Returns:
        Numbers from 0 to 6.

    >>> relu6([-1.0, 2.0, 8.0])
    array([0., 2., 6.], dtype=float32)
    """
    return _between(x, 0, 6)


@composed(infer=elementwise, accepts=ORDERED, promote=inexact, ulp=0)
def hard_tanh(x: Array) -> Array:
    """The element brought between -1 and 1. The gradient at -1 and 1 is 0.

    Args:
        x: Array or number.

    Returns:
        Numbers from -1 to 1.

    >>> hard_tanh([-2.0, 0.5, 2.0])
    array([-1. ,  0.5,  1. ], dtype=float32)
    """
    return _between(x, -1, 1)


@composed(infer=elementwise, accepts=ORDERED, promote=inexact)
def hard_sigmoid(x: Array) -> Array:
    """A line in the place of the logistic function: 0 up to -3, 1 from 3 on. The gradient at -3 and 3 is 0.

    Args:
        x: Array or number.

    Returns:
        Numbers from 0 to 1.

    >>> hard_sigmoid([-4.0, 0.0, 1.5])
    array([0.  , 0.5 , 0.75], dtype=float32)
    """
    return ops.divide(relu6(ops.add(x, 3)), 6)


def _hard_silu_rule(g: Any, out: Any, x: Any) -> Any:
    middle = ops.divide(ops.add(ops.multiply(x, 2), 3), 6)
    return ops.multiply(g, ops.where(ops.less_equal(x, -3), 0, ops.where(ops.greater_equal(x, 3), 1, middle)))


@composed(infer=elementwise, accepts=ORDERED, promote=inexact, vjp=(_hard_silu_rule,), ulp=3)
def hard_silu(x: Array) -> Array:
    """The element times `hard_sigmoid` of it, also known as hard swish. The gradient is 0 at -3 and 1 at 3.

    Args:
        x: Array or number.

    Returns:
        The array.

    >>> hard_silu([-4.0, 0.0, 1.0])
    array([-0.       ,  0.       ,  0.6666667], dtype=float32)
    """
    return ops.multiply(x, hard_sigmoid(x))


hard_swish = alias("hard_swish", hard_silu)


@composed(infer=elementwise, accepts=ORDERED, promote=numeric, ulp=0)
def hard_shrink(x: Array, threshold: float = 0.5) -> Array:
    """The element where it is farther from 0 than a threshold, 0 elsewhere and for NaN.

    The gradient at the threshold is 0.

    Args:
        x: Array or number.
        threshold: The threshold.

    Returns:
        The array.

    >>> hard_shrink([-1.0, 0.5, 2.0])
    array([-1.,  0.,  2.], dtype=float32)
    """
    return ops.where(ops.greater(ops.abs(x), threshold), x, 0)


@composed(infer=elementwise, accepts=ORDERED, promote=inexact, ulp=1)
def soft_shrink(x: Array, threshold: float = 0.5) -> Array:
    """The element brought nearer to 0 by a threshold, 0 where it is not farther away, and for NaN.

    The gradient at the threshold is 0.

    Args:
        x: Array or number.
        threshold: The threshold.

    Returns:
        The array.

    >>> soft_shrink([-1.0, 0.25, 2.0])
    array([-0.5,  0. ,  1.5], dtype=float32)
    """
    above, below = ops.greater(x, threshold), ops.less(x, -threshold)
    return ops.where(above, ops.subtract(x, threshold), ops.where(below, ops.add(x, threshold), 0))


@composed(infer=elementwise, accepts=ORDERED, promote=inexact)
def sparse_plus(x: Array) -> Array:
    """0 up to -1, the element from 1 on, and between them the parabola that joins both.

    Args:
        x: Array or number.

    Returns:
        Numbers from 0 up.

    >>> sparse_plus([-2.0, 0.0, 2.0])
    array([0.  , 0.25, 2.  ], dtype=float32)
    """
    middle = ops.divide(ops.square(ops.add(_between(x, -1, 1), 1)), 4)
    return ops.where(ops.greater_equal(x, 1), x, middle)


@composed(infer=elementwise, accepts=ORDERED, promote=inexact)
def sparse_sigmoid(x: Array) -> Array:
    """A line in the place of the logistic function: 0 up to -1, 1 from 1 on. The gradient at -1 and 1 is 0.

    Args:
        x: Array or number.

    Returns:
        Numbers from 0 to 1.

    >>> sparse_sigmoid([-2.0, 0.0, 0.5])
    array([0.  , 0.5 , 0.75], dtype=float32)
    """
    return ops.divide(ops.add(_between(x, -1, 1), 1), 2)


@composed(infer=elementwise, accepts=ORDERED, promote=numeric, ulp=0)
def threshold(x: Array, threshold: float, default_value: float) -> Array:
    """The element where it is greater than a threshold, another value elsewhere and for NaN.

    The gradient at the threshold is 0.

    Args:
        x: Array or number.
        threshold: The threshold.
        default_value: The other value.

    Returns:
        The array, in the dtype of `x`.

    >>> threshold([-1.0, 2.0], 0.5, -7.0)
    array([-7.,  2.], dtype=float32)
    """
    kept = ops.greater(x, threshold)
    return ops.where(kept, x, ops.cast(default_value, ops.dtype(x)))


def _infer_sparsemax(x: Spec, axis: int) -> Spec:
    normalize_axis(axis, x.ndim)
    return elementwise(x)


@composed(infer=_infer_sparsemax, accepts=ORDERED, promote=inexact, ulp=4)
def sparsemax(x: Array, axis: int = -1) -> Array:
    """The point nearest to each row among those whose numbers are not negative and add up to 1.

    Args:
        x: Array.
        axis: The axis along which the rows lie.

    Returns:
        Numbers from 0 to 1, many of them 0. Errors are relative to the largest element. NaN where that is not finite.

    >>> sparsemax([1.0, 1.5, -1.0])
    array([0.25, 0.75, 0.  ], dtype=float32)
    """

    normalize_axis(axis, len(ops.shape(x)))

    def result(x: Any) -> Any:
        greatest = ops.max(ops.stop_gradient(x), axis, keepdims=True, initial=-float("inf"))
        shifted = ops.subtract(x, greatest)
        supported = _support(ops.stop_gradient(shifted), axis)
        count = ops.sum(ops.cast(supported, ops.dtype(x)), axis, keepdims=True)
        total = ops.sum(ops.where(supported, shifted, 0), axis, keepdims=True)
        chosen = ops.where(supported, ops.subtract(shifted, ops.divide(ops.subtract(total, 1), count)), 0)
        return ops.where(ops.isfinite(greatest), chosen, math.nan)

    return in_single(result, x)


def _support(x: Any, axis: int) -> Any:
    """Which elements stay positive: those above the level at which what they exceed it by adds up to 1."""
    falling = ops.negative(ops.sort(ops.negative(x), axis))
    place = ops.cumsum(ops.ones_like(x), axis)
    before = ops.subtract(ops.cumsum(falling, axis), ops.multiply(place, falling))
    kept = ops.less(before, 1)  # what the greater ones exceed this one by
    lowest = ops.min(ops.where(kept, falling, float("inf")), axis, keepdims=True, initial=float("inf"))
    return ops.greater_equal(x, lowest)
