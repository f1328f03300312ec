"""Kernels in a plan, where shapes, dtypes and constants are known: some are no work at all, others less."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from polykeras.backend import numpy_dtype

from .numpy_recording import Place, Slot, steps_in_order
from .numpy_table import BITS, KERNELS

CONSTANT = 1 << 14
"""How many elements an array may have that is computed once and kept: so many that they fit the cache with others."""

FITTED: dict[Any, Callable[..., Callable[..., Any] | None]] = {}
"""For kernels that first look at what they are given, functions that do so beforehand.

They take the kernel's arguments, with a `Slot` for what is computed, and give a function of the kernel's arguments and
of memory for the result, `out`, which may be None; or they give None, where the kernel has to look.
"""

WRITING_OVER: set[Callable[..., Any]] = set()
"""Functions, besides ufuncs, that may write their result over an array that they read and that lies in its order."""

_LAYING_OUT = ("reshape", "broadcast_to")
"""The ops whose kernels change nothing unless they change the shape."""


def passed_on(kernel: Callable[..., Any], args: Sequence[Any], slots: Sequence[Slot], out: int) -> Place | None:
    """The argument that a kernel gives as it is, if that is all that it does.

    Args:
        kernel: The kernel.
        args: Its arguments, with a `Place` for what is computed.
        slots: What is known of the arrays, by their numbers.
        out: The number of the result.
    """
    source = None
    lays_out = any(kernel is KERNELS[name] for name in _LAYING_OUT)
    if lays_out or (kernel in (np.multiply, np.divide) and _is_one(args[1])):
        source = args[0]
    elif kernel is KERNELS["where"] and type(args[0]) is not Place and np.ndim(args[0]) == 0:
        source = args[1] if args[0] else args[2]
    if type(source) is not Place:
        return None
    before, after = slots[source.number], slots[out]
    is_alike = before.shape == after.shape and before.dtype == after.dtype and _layout(before) == _layout(after)
    keeps_numbers = lays_out or before.dtype.kind != "c"  # of complex ones, a product with 1 adds parts up
    return source if is_alike and keeps_numbers and (before.owns_memory or not after.owns_memory) else None


def _layout(slot: Slot) -> list[int]:
    """The steps in memory along the axes that have any."""
    return [stride for size, stride in zip(slot.shape, slot.strides, strict=True) if size != 1]


def _is_one(x: Any) -> bool:
    return type(x) is not Place and np.ndim(x) == 0 and bool(x == 1)


def with_arrays(kernel: Callable[..., Any], args: Sequence[Any], slots: Sequence[Slot]) -> Sequence[Any]:
    """A kernel's arguments, with Python numbers as arrays of the dtype that NumPy would make them each time."""
    if not isinstance(kernel, np.ufunc) or kernel.nin != 2 or len(args) != 2:
        return args
    dtypes = [slots[x.number].dtype for x in args if type(x) is Place]
    if len(dtypes) != 1 or dtypes[0] not in _PLAIN or not any(t.startswith(dtypes[0].char * 2) for t in kernel.types):
        return args
    return [np.array(x, dtypes[0]) if _is_plain_number(x) else x for x in args]


def _is_plain_number(x: Any) -> bool:
    return type(x) is float or (type(x) is int and abs(x) < _EXACT)


_PLAIN = (np.dtype("float32"), np.dtype("float64"))
_EXACT = 1 << 24
"""From here on there are whole numbers that float32 does not have."""


def fitted(
    kernel: Callable[..., Any], args: Sequence[Any], slots: Sequence[Slot], out: int | None
) -> Callable[..., Any] | None:
    """A function that does what a kernel does to these arguments, without a look at them; None where there is none.

    Args:
        kernel: The kernel.
        args: Its arguments, with a `Place` for what is computed.
        slots: What is known of the arrays, by their numbers.
        out: The number of the result, which is to lie in memory as it did; None if there are several.
    """
    fit = FITTED.get(kernel)
    if fit is None or (out is not None and not is_in_order(slots[out])):
        return None
    return fit(*[slots[x.number] if type(x) is Place else x for x in args])


def is_in_order(slot: Slot) -> bool:
    """Whether the elements lie one after the other, the last axis first."""
    steps = steps_in_order(slot.shape, slot.dtype.itemsize)
    return all(size == 1 or step == s for size, step, s in zip(slot.shape, steps, slot.strides, strict=True))


def fitted_choice(many: int) -> Callable[..., Any]:
    """What the choice between numbers and zero is fitted by.

    Args:
        many: From how many elements on it is made bit by bit.
    """

    def fit(condition: Any, x1: Any, x2: Any) -> Callable[..., Any] | None:
        if all(math.prod(np.shape(x)) < many for x in (condition, x1, x2)):
            return _choice_of_few(condition, x1, x2)
        if type(condition) is not Slot or type(x1) is not Slot or not is_zero(x2):
            return None
        if condition.shape != x1.shape or x1.dtype.itemsize not in BITS:
            return None
        return _choice_or_zero

    return fit


def _choice_or_zero(condition: Any, x1: Any, x2: Any, out: Any = None) -> np.ndarray:
    return kept_or_zero(x1, condition, np.empty(x1.shape, x1.dtype) if out is None else out)


WRITING_OVER.add(_choice_or_zero)


def _choice_of_few(condition: Any, x1: Any, x2: Any) -> Callable[..., Any] | None:
    dtypes = [x.dtype for x in (x1, x2) if type(x) in (Slot, np.ndarray)]
    if not dtypes:
        return None
    number1, number2 = (np.array(x, dtypes[0]) if type(x) in (bool, int, float) else None for x in (x1, x2))
    is_single = all(np.shape(x) == () for x in (condition, x1, x2))

    def choose(condition: Any, x1: Any, x2: Any, out: Any = None) -> Any:
        x1 = x1 if number1 is None else number1
        x2 = x2 if number2 is None else number2
        if is_single:
            return np.array(x1 if condition else x2)
        if out is None:
            return np.where(condition, x1, x2)
        np.copyto(out, x2)
        np.copyto(out, x1, where=condition)
        return out

    return choose


SHORT = 16
"""Up to how many elements NumPy spends more on a row than on its elements, if there are as many rows."""


def fitted_extreme(extreme: np.ufunc) -> Callable[..., Any]:
    """What the largest or the smallest element is found by: of short rows, which NumPy takes one by one, in columns.

    Args:
        extreme: `np.maximum` or `np.minimum`.
    """

    def fit(x: Any, axis: Any, keepdims: bool) -> Callable[..., Any] | None:
        if type(x) is not Slot or not x.shape or 0 in x.shape:
            return None
        if axis not in (-1, len(x.shape) - 1) or x.shape[-1] > SHORT or math.prod(x.shape) < SHORT**2:
            return lambda x, axis, keepdims: extreme.reduce(x, axis, keepdims=keepdims)
        width, rows = x.shape[-1], x.shape[:-1]
        shape = (*rows, 1) if keepdims else rows
        return lambda x, axis, keepdims: extreme.reduce(np.ascontiguousarray(x.reshape(-1, width).T), axis=0).reshape(
            shape
        )

    return fit


def fitted_cast(x: Any, dtype: str) -> Callable[..., Any] | None:
    """What the cast of real numbers to other ones is done by."""
    if type(x) is not Slot or x.dtype.kind == "c" or not x.dtype.isnative:
        return None
    wanted = numpy_dtype(dtype)
    return None if wanted == x.dtype else lambda x, dtype: x.astype(wanted)


def fitted_gathering(x: Any, indices: Any, axis: int) -> Callable[..., Any] | None:
    """What is taken along an axis, taken from where it lies in memory."""
    if (found := _places(x, indices, axis)) is None:
        return None
    size, places = found

    def gather(x: Any, indices: Any, axis: int) -> Any:
        if indices.min() < 0 or indices.max() >= size:
            return KERNELS["gather_along_axis"](x, indices, axis)
        return x.reshape(-1).take(places(indices))

    return gather


def fitted_addition(x: Any, indices: Any, updates: Any, axis: int) -> Callable[..., Any] | None:
    """What is added along an axis, added where it lies in memory, where no two numbers go to one place."""
    found = _places(x, indices, axis)
    if found is None or indices.shape[axis] != 1:
        return None
    size, places = found

    def add(x: Any, indices: Any, updates: Any, axis: int) -> Any:
        if indices.min() < 0 or indices.max() >= size:
            return KERNELS["add_along_axis"](x, indices, updates, axis)
        out = x.copy(order="C")
        out.reshape(-1)[places(indices)] += updates
        return out

    return add


def _places(x: Any, indices: Any, axis: int) -> tuple[int, Callable[[Any], Any]] | None:
    """The size of an axis, and where in memory the elements are whose places on this axis are given."""
    if type(indices) is not Slot or not x.shape or 0 in (*x.shape, *indices.shape) or indices.dtype == np.uint64:
        return None
    steps = steps_in_order(x.shape)
    if not is_in_order(x) or math.prod(indices.shape) > CONSTANT:
        return None
    axis %= len(steps)
    others = [np.arange(n) * (0 if a == axis else steps[a]) for a, n in enumerate(indices.shape)]
    rows = functools.reduce(np.add, np.ix_(*others))
    step = np.intp(steps[axis])
    return x.shape[axis], lambda indices: rows + (indices if step == 1 else indices * step)


def is_zero(x: Any) -> bool:
    """Whether this is a Python number all of whose bits are 0."""
    return type(x) in (bool, int, float) and x == 0 and not np.signbit(x)


def kept_or_zero(x: Any, condition: Any, out: np.ndarray) -> np.ndarray:
    """The elements for which a condition holds, bit by bit, and 0 for the others."""
    bits = BITS[x.dtype.itemsize]
    np.multiply(x.view(bits), condition, out=out.view(bits))
    return out
