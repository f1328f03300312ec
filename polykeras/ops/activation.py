"""Activation functions."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..dtypes import ORDERED, inexact, numeric
from ..errors import ShapeError
from ..op import Array, Axes, alias, composed
from ..spec import Spec, normalize_axes, normalize_axis
from .conversion import in_single
from .exponential import finite_or_zero
from .rules import elementwise


@composed(
    infer=elementwise,
    accepts=ORDERED,
    promote=numeric,
    vjp=(lambda g, out, x: ops.where(ops.greater(out, 0), g, 0),),
    ulp=0,
)
def relu(x: Array) -> Array:
    """The element where it is positive, 0 elsewhere; NaN stays NaN. The gradient at 0 is 0.

    Args:
        x: Array or number.

    Returns:
        Numbers from 0 up.

    >>> relu([-1.0, 2.0])
    array([0., 2.], dtype=float32)
    """
    return ops.where(ops.less_equal(x, 0), 0, x)


@composed(infer=elementwise, accepts=ORDERED, promote=inexact)
def leaky_relu(x: Array, negative_slope: float = 0.2) -> Array:
    """The element where it is positive, a fraction of it elsewhere. The gradient at 0 is the fraction.

    Args:
        x: Array or number.
        negative_slope: The fraction.

    Returns:
        The array.

    >>> leaky_relu([-1.0, 2.0])
    array([-0.2,  2. ], dtype=float32)
    """
    return ops.where(ops.greater(x, 0), x, ops.multiply(x, negative_slope))


@composed(infer=elementwise, accepts=ORDERED, promote=inexact, ulp=4)
def elu(x: Array, alpha: float = 1.0) -> Array:
    """The element where it is positive, alpha * (exp(x) - 1) elsewhere.

    Args:
        x: Array or number.
        alpha: The distance below 0 that large negative elements approach.

    Returns:
        The array.

    >>> elu([-1.0, 2.0])
    array([-0.63212055,  2.        ], dtype=float32)
    """
    positive = ops.greater(x, 0)
    return ops.where(positive, x, ops.multiply(ops.expm1(ops.where(positive, 0, x)), alpha))


def _downward(x: Any) -> Any:
    """Minus the distance from 0, with the gradient 1 at 0: what is made of it has derivatives of every order there."""
    return ops.where(ops.greater(x, 0), ops.negative(x), x)


def _sigmoid_rule(g: Any, out: Any, x: Any) -> Any:
    return ops.multiply(g, ops.multiply(out, ops.subtract(1, out)))


@composed(
    infer=elementwise,
    accepts=ORDERED,
    promote=inexact,
    vjp=(_sigmoid_rule,),
    ulp=8,  # exp and a division; XLA uses tanh
)
def sigmoid(x: Array) -> Array:
    """The logistic function, 1 / (1 + exp(-x)).

    Args:
        x: Array or number.

    Returns:
        Numbers between 0 and 1.

    >>> sigmoid([0.0, 100.0])
    array([0.5, 1. ], dtype=float32)
    """
    small = ops.exp(_downward(x))
    return ops.divide(ops.where(ops.less(x, 0), small, 1), ops.add(small, 1))


@composed(
    infer=elementwise, accepts=ORDERED, promote=inexact, vjp=(lambda g, out, x: ops.multiply(g, sigmoid(x)),), ulp=6
)
def softplus(x: Array) -> Array:
    """log(1 + exp(x)), without overflow on the way.

    Args:
        x: Array or number.

    Returns:
        Numbers from 0 up.

    >>> softplus([0.0, 100.0])
    array([  0.6931472, 100.       ], dtype=float32)
    """
    return ops.add(ops.where(ops.greater(x, 0), x, 0), ops.log1p(ops.exp(_downward(x))))


@composed(infer=elementwise, accepts=ORDERED, promote=inexact, ulp=6)
def log_sigmoid(x: Array) -> Array:
    """The logarithm of the logistic function, accurate for large negative elements.

    Args:
        x: Array or number.

    Returns:
        Numbers up to 0.

    >>> log_sigmoid([0.0, -100.0])
    array([  -0.6931472, -100.       ], dtype=float32)
    """
    return ops.negative(softplus(ops.negative(x)))


@composed(infer=elementwise, accepts=ORDERED, promote=inexact, ulp=10)
def silu(x: Array) -> Array:
    """The element times its logistic function, also known as swish.

    Args:
        x: Array or number.

    Returns:
        The array.

    >>> silu([0.0, 2.0])
    array([0.       , 1.7615942], dtype=float32)
    """
    return ops.multiply(x, sigmoid(x))


swish = alias("swish", silu)


# Some three times slower on PyTorch than its own, in which 1 + tanh and 1 + erf cancel: below -5 no digit is right.
@composed(infer=elementwise, accepts=ORDERED, promote=inexact, ulp=8)
def gelu(x: Array, approximate: bool = True) -> Array:
    """The element times the probability that a standard normal number is below it.

    Args:
        x: Array or number.
        approximate: Whether to compute the probability by the usual approximation with tanh.

    Returns:
        The array.

    >>> gelu([0.0, 2.0])
    array([0.       , 1.9545977], dtype=float32)
    """
    if approximate:
        cubic = ops.multiply(x, ops.add(ops.multiply(ops.square(x), 0.044715), 1))
        return ops.multiply(x, sigmoid(ops.multiply(cubic, 1.5957691216057308)))  # 2 * sqrt(2 / pi)
    beyond = ops.erfc(ops.multiply(x, -0.7071067811865476))  # 1 / sqrt(2)
    return ops.multiply(ops.multiply(x, 0.5), beyond)


def _along(x: Spec, axis: Any) -> Spec:
    normalize_axes(axis, x.ndim)
    return elementwise(x)


def _softmax_rule(g: Any, out: Any, x: Any, axis: Any) -> Any:
    weighted = ops.multiply(g, out)
    return ops.subtract(weighted, ops.multiply(out, ops.sum(weighted, axis, keepdims=True)))


@composed(
    infer=_along,
    accepts=ORDERED,
    promote=inexact,
    vjp=(_softmax_rule,),
    ulp=40,  # exp multiplies the rounding of a difference, here up to 60, by the difference
)
def softmax(x: Array, axis: Axes = -1) -> Array:
    """Exponentials, scaled so that they add up to 1 along axes.

    Args:
        x: Array.
        axis: The axis or axes; None for all.

    Returns:
        Numbers between 0 and 1.

    >>> softmax([0.0, 0.0])
    array([0.5, 0.5], dtype=float32)
    """

    def result(x: Any) -> Any:
        if 0 in ops.shape(x):  # no largest element
            normalize_axes(axis, ops.ndim(x))
            return x
        shifted = ops.exp(ops.subtract(x, ops.stop_gradient(ops.amax(x, axis, keepdims=True))))
        return ops.divide(shifted, ops.sum(shifted, axis, keepdims=True))

    return in_single(result, x)


def _log_softmax_rule(g: Any, out: Any, x: Any, axis: Any) -> Any:
    return ops.subtract(g, ops.multiply(ops.exp(out), ops.sum(g, axis, keepdims=True)))


@composed(infer=_along, accepts=ORDERED, promote=inexact, vjp=(_log_softmax_rule,), ulp=8)
def log_softmax(x: Array, axis: Axes = -1) -> Array:
    """The logarithm of softmax, accurate for small probabilities.

    Args:
        x: Array.
        axis: The axis or axes; None for all.

    Returns:
        Numbers up to 0.

    >>> log_softmax([0.0, 0.0])
    array([-0.6931472, -0.6931472], dtype=float32)
    """

    def result(x: Any) -> Any:
        if 0 in ops.shape(x):  # no largest element
            normalize_axes(axis, ops.ndim(x))
            return x
        shifted = ops.subtract(x, finite_or_zero(ops.stop_gradient(ops.amax(x, axis, keepdims=True))))
        return ops.subtract(shifted, ops.log(ops.sum(ops.exp(shifted), axis, keepdims=True)))

    return in_single(result, x)


@composed(infer=elementwise, accepts=ORDERED, promote=inexact, ulp=4)
def celu(x: Array, alpha: float = 1.0) -> Array:
    """The element where it is positive, alpha * (exp(x / alpha) - 1) elsewhere.

    Args:
        x: Array or number.
        alpha: The distance below 0 that large negative elements approach.

    Returns:
        The array.

    >>> celu([-1.0, 2.0])
    array([-0.63212055,  2.        ], dtype=float32)
    """
    positive = ops.greater(x, 0)
    below = ops.expm1(ops.divide(ops.where(positive, 0, x), alpha))
    return ops.where(positive, x, ops.multiply(below, alpha))


@composed(infer=elementwise, accepts=ORDERED, promote=inexact, ulp=6)
def selu(x: Array) -> Array:
    """`elu` with constants that keep mean 0 and variance 1 from layer to layer (Klambauer et al., 2017).

    Args:
        x: Array or number.

    Returns:
        The array.

    >>> selu([-1.0, 2.0])
    array([-1.1113307,  2.101402 ], dtype=float32)
    """
    scale, alpha = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
    positive = ops.greater(x, 0)
    below = ops.multiply(ops.expm1(ops.where(positive, 0, x)), scale * alpha)
    return ops.where(positive, ops.multiply(x, scale), below)


@composed(infer=elementwise, accepts=ORDERED, promote=inexact)
def softsign(x: Array) -> Array:
    """The element divided by one plus its distance from 0.

    Args:
        x: Array or number.

    Returns:
        Numbers between -1 and 1; NaN for infinity.

    >>> softsign([-1.0, 3.0])
    array([-0.5 ,  0.75], dtype=float32)
    """
    return ops.divide(x, ops.add(ops.abs(x), 1))


@composed(infer=elementwise, accepts=ORDERED, promote=inexact, ulp=4)
def squareplus(x: Array, b: float = 4) -> Array:
    """(x + sqrt(x**2 + b)) / 2, accurate for large negative elements too.

    Args:
        x: Array or number.
        b: How far the curve is from the corner of `relu`, which it is for 0.

    Returns:
        Numbers from 0 up.

    >>> squareplus([-1.5, 0.0])
    array([0.5, 1. ], dtype=float32)
    """
    negative = ops.less(x, 0)
    size = ops.where(negative, ops.negative(x), x)
    large = ops.multiply(ops.add(size, ops.sqrt(ops.add(ops.square(x), b))), 0.5)
    small = ops.divide(b / 4, ops.where(negative, large, 1))  # the two have the product b / 4
    return ops.where(negative, small, large)


@composed(infer=elementwise, accepts=ORDERED, promote=inexact, ulp=4)
def tanh_shrink(x: Array) -> Array:
    """The element minus its hyperbolic tangent.

    Args:
        x: Array or number.

    Returns:
        The array. Errors are relative to the element.

    >>> tanh_shrink([0.0, 2.0])
    array([0.       , 1.0359724], dtype=float32)
    """
    return ops.subtract(x, ops.tanh(x))


def _infer_glu(x: Spec, axis: int) -> Spec:
    axis = normalize_axis(axis, x.ndim)
    size = x.shape[axis]
    if isinstance(size, int) and size % 2:
        raise ShapeError(f"axis {axis} has {size} elements, which do not make two halves. Give an axis of even size.")
    return Spec((*x.shape[:axis], size // 2, *x.shape[axis + 1 :]), x.dtype)


@composed(infer=_infer_glu, accepts=ORDERED, promote=inexact, ulp=10)
def glu(x: Array, axis: int = -1) -> Array:
    """The first half of an array times the logistic function of the second half.

    Args:
        x: Array.
        axis: The axis that is halved; its size must be even.

    Returns:
        The array, half as long along the axis.

    >>> glu([1.0, 2.0, 0.0, 0.0])
    array([0.5, 1. ], dtype=float32)
    """
    values, gates = ops.split(x, 2, axis)
    return ops.multiply(values, sigmoid(gates))
