"""Comparisons, truth values, bits, and choosing by a condition."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..dtypes import BITS, COMPUTABLE, ORDERED, UNSIGNED, WHOLE, same
from ..errors import OptionError, ShapeError
from ..op import Array, Mask, alias, composed, primitive
from ..spec import Spec, broadcast_shapes, unknown_dim
from .arithmetic import MACHINE
from .rules import broadcasting, comparing, elementwise


@primitive(why=MACHINE, infer=comparing, accepts=COMPUTABLE, promote=same)
def equal(x1: Array, x2: Array) -> Array:
    """Whether x1 == x2, element by element.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.

    Returns:
        A bool for each element.

    >>> equal([1, 2], [1, 3])
    array([ True, False])
    """


@primitive(why=MACHINE, infer=comparing, accepts=COMPUTABLE, promote=same)
def not_equal(x1: Array, x2: Array) -> Array:
    """Whether x1 != x2, element by element.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.

    Returns:
        A bool for each element.

    >>> not_equal([1, 2], [1, 3])
    array([False,  True])
    """


@primitive(why=MACHINE, infer=comparing, accepts=ORDERED, promote=same)
def less(x1: Array, x2: Array) -> Array:
    """Whether x1 < x2, element by element.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.

    Returns:
        A bool for each element.

    >>> less([1, 2], [2, 2])
    array([ True, False])
    """


@primitive(why=MACHINE, infer=comparing, accepts=ORDERED, promote=same)
def less_equal(x1: Array, x2: Array) -> Array:
    """Whether x1 <= x2, element by element.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.

    Returns:
        A bool for each element.

    >>> less_equal([1, 2, 3], [2, 2, 2])
    array([ True,  True, False])
    """


@primitive(why=MACHINE, infer=comparing, accepts=ORDERED, promote=same)
def greater(x1: Array, x2: Array) -> Array:
    """Whether x1 > x2, element by element.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.

    Returns:
        A bool for each element.

    >>> greater([1, 3], [2, 2])
    array([False,  True])
    """


@primitive(why=MACHINE, infer=comparing, accepts=ORDERED, promote=same)
def greater_equal(x1: Array, x2: Array) -> Array:
    """Whether x1 >= x2, element by element.

    Args:
        x1: Array or number.
        x2: Array or number; the shapes broadcast.

    Returns:
        A bool for each element.

    >>> greater_equal([1, 2, 3], [2, 2, 2])
    array([False,  True,  True])
    """


@primitive(why=MACHINE, infer=comparing)
def logical_and(x1: Mask, x2: Mask) -> Array:
    """Whether both are true, element by element.

    Args:
        x1: Array of bools; numbers count as true unless they are 0.
        x2: Likewise; the shapes broadcast.

    Returns:
        A bool for each element.

    >>> logical_and([True, True], [True, False])
    array([ True, False])
    """


@primitive(why=MACHINE, infer=comparing)
def logical_or(x1: Mask, x2: Mask) -> Array:
    """Whether at least one is true, element by element.

    Args:
        x1: Array of bools; numbers count as true unless they are 0.
        x2: Likewise; the shapes broadcast.

    Returns:
        A bool for each element.

    >>> logical_or([True, False], [False, False])
    array([ True, False])
    """


@composed(infer=comparing)
def logical_xor(x1: Mask, x2: Mask) -> Array:
    """Whether exactly one is true, element by element.

    Args:
        x1: Array of bools; numbers count as true unless they are 0.
        x2: Likewise; the shapes broadcast.

    Returns:
        A bool for each element.

    >>> logical_xor([True, True], [True, False])
    array([False,  True])
    """
    return not_equal(x1, x2)


@primitive(why=MACHINE, infer=comparing)
def logical_not(x: Mask) -> Array:
    """Whether each element is false.

    Args:
        x: Array of bools; numbers count as true unless they are 0.

    Returns:
        A bool for each element.

    >>> logical_not([True, False])
    array([False,  True])
    """


@primitive(why=MACHINE, infer=broadcasting, accepts=BITS, promote=same)
def bitwise_and(x: Array, y: Array) -> Array:
    """The bits that are set in both, element by element.

    Args:
        x: Array of integers or bools, or a number.
        y: Likewise; the shapes broadcast.

    Returns:
        The integers with these bits.

    >>> bitwise_and([6, 5], 3)
    array([2, 1], dtype=int32)
    """


@primitive(why=MACHINE, infer=broadcasting, accepts=BITS, promote=same)
def bitwise_or(x: Array, y: Array) -> Array:
    """The bits that are set in at least one, element by element.

    Args:
        x: Array of integers or bools, or a number.
        y: Likewise; the shapes broadcast.

    Returns:
        The integers with these bits.

    >>> bitwise_or([6, 5], 3)
    array([7, 7], dtype=int32)
    """


@primitive(why=MACHINE, infer=broadcasting, accepts=BITS, promote=same)
def bitwise_xor(x: Array, y: Array) -> Array:
    """The bits that are set in exactly one, element by element.

    Args:
        x: Array of integers or bools, or a number.
        y: Likewise; the shapes broadcast.

    Returns:
        The integers with these bits.

    >>> bitwise_xor([6, 5], 3)
    array([5, 6], dtype=int32)
    """


@primitive(why=MACHINE, infer=elementwise, accepts=BITS, promote=same)
def bitwise_not(x: Array) -> Array:
    """The opposite of every bit of each element.

    Args:
        x: Array of integers or bools, or a number.

    Returns:
        The integers with these bits.

    >>> bitwise_not([0, 5])
    array([-1, -6], dtype=int32)
    """


bitwise_invert = alias("bitwise_invert", bitwise_not)


def _within_width(x: Any, y: Any, constant: int | None) -> tuple[Any, Any]:
    """Where a shift is by fewer places than there are bits, and a shift of 0 in place of the others."""
    bits = np.iinfo(ops.dtype(x)).bits
    if constant is not None and 0 <= constant < bits:
        return None, y
    within = ops.logical_and(ops.greater_equal(y, 0), ops.less(y, bits))
    return within, ops.where(within, y, 0)


def _shift_left(compute: Any, constant: int | None, x: Any, y: Any) -> Any:
    within, y = _within_width(x, y, constant)
    return compute(x, y) if within is None else ops.where(within, compute(x, y), 0)


def _shift_right(compute: Any, constant: int | None, x: Any, y: Any) -> Any:
    within, y = _within_width(x, y, constant)
    sign = 0 if ops.dtype(x) in UNSIGNED else ops.negative(ops.cast(ops.less(x, 0), ops.dtype(x)))
    return compute(x, y) if within is None else ops.where(within, compute(x, y), sign)


@primitive(why=MACHINE, infer=broadcasting, accepts=WHOLE, promote=same, on_integers=_shift_left)
def left_shift(x: Array, y: Array) -> Array:
    """Move the bits of x up by y places, element by element.

    Args:
        x: Array of integers or number.
        y: Array of integers or number; the shapes broadcast.

    Returns:
        x times 2 to the power of y, without the bits that fall out; 0 where y is negative, or at least the number of
        bits.

    >>> left_shift([1, 3], 2)
    array([ 4, 12], dtype=int32)
    """


@primitive(why=MACHINE, infer=broadcasting, accepts=WHOLE, promote=same, on_integers=_shift_right)
def right_shift(x: Array, y: Array) -> Array:
    """Move the bits of x down by y places, element by element, repeating the sign.

    Args:
        x: Array of integers or number.
        y: Array of integers or number; the shapes broadcast.

    Returns:
        x divided by 2 to the power of y, rounded down; where y is negative, or at least the number of bits, nothing
        but the sign: 0, or -1 for negative x.

    >>> right_shift([4, -5], 1)
    array([ 2, -3], dtype=int32)
    """


bitwise_left_shift = alias("bitwise_left_shift", left_shift)


bitwise_right_shift = alias("bitwise_right_shift", right_shift)


def _infer_where(condition: Spec, x1: Spec, x2: Spec) -> Spec:
    return Spec(broadcast_shapes(condition.shape, x1.shape, x2.shape), x1.dtype)


@primitive(
    name="where",
    why=MACHINE,
    promote=same,
    infer=_infer_where,
    vjp=(
        None,
        lambda g, out, condition, x1, x2: where(condition, g, ops.zeros_like(g)),
        lambda g, out, condition, x1, x2: where(condition, ops.zeros_like(g), g),
    ),
    ulp=0,
)
def _choose(condition: Mask, x1: Array, x2: Array) -> Array:
    """Elements of x1 where the condition holds, of x2 elsewhere."""


def where(condition: Mask, x1: Any = None, x2: Any = None) -> Any:
    """Elements of x1 where the condition holds, of x2 elsewhere; or, with the condition alone, where it holds.

    Args:
        condition: Array of bools; numbers count as true unless they are 0.
        x1: Array or number.
        x2: Array or number; all three shapes broadcast.

    Returns:
        The chosen elements; with the condition alone the positions where it holds, an array for each axis.

    >>> where([True, False], [1.0, 2.0], 0.0)
    array([1., 0.], dtype=float32)
    >>> where([True, False, True])
    (array([0, 2], dtype=int32),)
    """
    if x1 is None and x2 is None:
        return nonzero(condition)
    if x1 is None or x2 is None:
        raise OptionError("expected both x1 and x2, or neither. Give the other as well, 0 for example.").named("where")
    return _choose(condition, x1, x2)


def _infer_nonzero(x: Spec) -> tuple[Spec, ...]:
    """A position on each axis for each element that is not zero; how many there are, only the run can tell."""
    if not x.ndim:
        raise ShapeError("an array without axes has no positions. Reshape it to (1,), or use `if`.")
    count = unknown_dim(1)
    return tuple(Spec((count,), "int32") for _ in range(x.ndim))


@primitive(why="the shape of the result depends on values", infer=_infer_nonzero)
def nonzero(x: Mask) -> Any:
    """The positions of the elements that are not zero. Compiled functions cannot use it: the result has no fixed shape.

    Args:
        x: Array.

    Returns:
        For each axis an array of positions on it.

    >>> nonzero([[0, 1], [2, 0]])
    (array([0, 1], dtype=int32), array([1, 0], dtype=int32))
    """
