"""Ops for which zero, infinity and NaN are a matter of their own."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..dtypes import COMPUTABLE, FLOATS, ORDERED, inexact, same
from ..op import Array, composed
from ..spec import Spec, broadcast_shapes
from .representation import limits
from .rules import broadcasting, comparing, elementwise, to_bool

_INFINITY = float("inf")


def _equals(x: Any, number: float) -> Any:
    return ops.equal(x, number) if ops.dtype(x) in FLOATS else ops.zeros_like(x, "bool")


@composed(infer=to_bool, accepts=ORDERED, promote=same)
def isposinf(x: Array) -> Array:
    """Whether each element is positive infinity.

    Args:
        x: Array or number.

    Returns:
        A bool for each element.

    >>> isposinf([1.0, float("inf"), float("-inf")])
    array([False,  True, False])
    """
    return _equals(x, _INFINITY)


@composed(infer=to_bool, accepts=ORDERED, promote=same)
def isneginf(x: Array) -> Array:
    """Whether each element is negative infinity.

    Args:
        x: Array or number.

    Returns:
        A bool for each element.

    >>> isneginf([1.0, float("inf"), float("-inf")])
    array([False, False,  True])
    """
    return _equals(x, -_INFINITY)


@composed(infer=elementwise, accepts=ORDERED, promote=same, ulp=1)
def nan_to_num(x: Array, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Array:
    """Numbers in the place of NaN and of infinities. Elements that are replaced have the gradient 0.

    Args:
        x: Array or number. Integers stay as they are.
        nan: The number for NaN.
        posinf: The number for infinity; None for the greatest that the dtype has.
        neginf: The number for minus infinity; None for the least that the dtype has.

    Returns:
        The array.

    >>> nan_to_num([1.0, float("nan"), float("inf")], posinf=9.0)
    array([1., 0., 9.], dtype=float32)
    """
    if ops.dtype(x) not in FLOATS:
        return x
    least, greatest = limits(ops.dtype(x))
    x = ops.where(isposinf(x), greatest if posinf is None else posinf, x)
    x = ops.where(isneginf(x), least if neginf is None else neginf, x)
    return ops.where(ops.isnan(x), nan, x)


@composed(infer=broadcasting, accepts=COMPUTABLE, promote=inexact, ulp=1)
def divide_no_nan(x1: Array, x2: Array) -> Array:
    """Divide element by element; what is divided by 0 gives 0, and has the gradient 0.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.

    Returns:
        The quotients.

    >>> divide_no_nan([1.0, 2.0], [0.0, 4.0])
    array([0. , 0.5], dtype=float32)
    """
    zero = ops.equal(x2, 0)
    return ops.where(zero, 0, ops.divide(x1, ops.where(zero, 1, x2)))


def _infer_isclose(x1: Spec, x2: Spec, *_: Any) -> Spec:
    return comparing(x1, x2)


@composed(infer=_infer_isclose, accepts=COMPUTABLE, promote=inexact)
def isclose(x1: Array, x2: Array, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Array:
    """Whether |x1 - x2| <= atol + rtol * |x2|, element by element. An infinity is close to itself.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.
        rtol: The difference allowed for each unit of `x2`.
        atol: The difference allowed in any case.
        equal_nan: Whether NaN is close to NaN.

    Returns:
        A bool for each element.

    >>> isclose([1.0, 2.0], [1.000001, 2.1])
    array([ True, False])
    """
    if ops.dtype(x1) in ("float16", "bfloat16"):
        x1, x2 = ops.cast(x1, "float32"), ops.cast(x2, "float32")  # 16 bits cannot hold the tolerances
    close = ops.less_equal(ops.abs(ops.subtract(x1, x2)), ops.add(ops.multiply(ops.abs(x2), rtol), atol))
    close = ops.logical_or(ops.logical_and(close, ops.isfinite(x2)), ops.equal(x1, x2))
    return ops.logical_or(close, ops.logical_and(ops.isnan(x1), ops.isnan(x2))) if equal_nan else close


def _infer_allclose(x1: Spec, x2: Spec, *_: Any) -> Spec:
    broadcast_shapes(x1.shape, x2.shape)
    return Spec((), "bool")


@composed(infer=_infer_allclose, accepts=COMPUTABLE, promote=inexact)
def allclose(x1: Array, x2: Array, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Array:
    """Whether all elements are close, as `isclose` says.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.
        rtol: The difference allowed for each unit of `x2`.
        atol: The difference allowed in any case.
        equal_nan: Whether NaN is close to NaN.

    Returns:
        A bool without axes.

    >>> allclose([1.0, 2.0], [1.0, 2.000001])
    array(True)
    """
    return ops.all(isclose(x1, x2, rtol, atol, equal_nan))


@composed(infer=elementwise, accepts=ORDERED, promote=inexact, ulp=0)
def fabs(x: Array) -> Array:
    """The distance of each element from zero, as a float. The gradient at 0 is 0.

    Args:
        x: Array or number.

    Returns:
        The absolute values.

    >>> fabs([1, -2])
    array([1., 2.], dtype=float32)
    """
    return ops.abs(x)


def _passing_over_nan(choose: Any, x1: Any, x2: Any) -> Any:
    if ops.dtype(x1) not in FLOATS:
        return choose(x1, x2)
    return ops.where(ops.isnan(x1), x2, ops.where(ops.isnan(x2), x1, choose(x1, x2)))


@composed(infer=broadcasting, accepts=ORDERED, promote=same, ulp=0)
def fmax(x1: Array, x2: Array) -> Array:
    """The greater of two numbers, element by element; the other one if one is NaN.

    At a tie each argument gets half of the gradient.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.

    Returns:
        The greater ones.

    >>> fmax([1.0, float("nan")], 3.0)
    array([3., 3.], dtype=float32)
    """
    return _passing_over_nan(ops.maximum, x1, x2)


@composed(infer=broadcasting, accepts=ORDERED, promote=same, ulp=0)
def fmin(x1: Array, x2: Array) -> Array:
    """The smaller of two numbers, element by element; the other one if one is NaN.

    At a tie each argument gets half of the gradient.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.

    Returns:
        The smaller ones.

    >>> fmin([1.0, float("nan")], 3.0)
    array([1., 3.], dtype=float32)
    """
    return _passing_over_nan(ops.minimum, x1, x2)


@composed(infer=broadcasting, accepts=ORDERED, promote=inexact, ulp=0)
def heaviside(x1: Array, x2: Array) -> Array:
    """0 where x1 is negative, 1 where it is positive, x2 where it is zero; NaN where it is NaN.

    Only x2 has a gradient.

    Args:
        x1: Array or number.
        x2: Array or number, the values at 0; the shapes broadcast.

    Returns:
        The array.

    >>> heaviside([-1.0, 0.0, 2.0], 0.5)
    array([0. , 0.5, 1. ], dtype=float32)
    """
    x1 = ops.stop_gradient(x1)
    side = ops.where(ops.equal(x1, 0), x2, ops.cast(ops.greater(x1, 0), ops.dtype(x1)))
    return ops.where(ops.isnan(x1), x1, side)
