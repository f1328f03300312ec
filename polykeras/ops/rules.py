"""Rules for shapes and dtypes that many ops share."""

from __future__ import annotations

from typing import Any

from ..errors import ShapeError
from ..spec import Spec, broadcast_shapes, normalize_axes, normalize_axis, prod, show_shape


def elementwise(x: Spec, *_: Any) -> Spec:
    """The result is like the argument."""
    return Spec(x.shape, x.dtype)


def broadcasting(*xs: Spec) -> Spec:
    """Arguments broadcast; their common dtype is the result's."""
    return Spec(broadcast_shapes(*(x.shape for x in xs)), xs[0].dtype)


def comparing(*xs: Spec) -> Spec:
    """Arguments broadcast, the result is bool."""
    return Spec(broadcast_shapes(*(x.shape for x in xs)), "bool")


def to_bool(x: Spec) -> Spec:
    """A bool for each element."""
    return Spec(x.shape, "bool")


def reduced_shape(shape: tuple[Any, ...], axis: Any, keepdims: bool) -> tuple[Any, ...]:
    """The shape that is left when axes are reduced."""
    axes = normalize_axes(axis, len(shape))
    return tuple(1 if i in axes else size for i, size in enumerate(shape) if keepdims or i not in axes)


def reduction(x: Spec, axis: Any = None, keepdims: bool = False, *_: Any) -> Spec:
    """Axes are reduced, the dtype stays."""
    return Spec(reduced_shape(x.shape, axis, keepdims), x.dtype)


def ordered_reduction(x: Spec, axis: Any = None, keepdims: bool = False, *_: Any) -> Spec:
    """Axes that are not empty are reduced to one of their elements."""
    _not_empty(x, axis)
    return reduction(x, axis, keepdims)


def index_reduction(x: Spec, axis: Any = None, keepdims: bool = False) -> Spec:
    """An axis that is not empty is reduced to a position on it."""
    if axis is not None and not isinstance(axis, int):
        raise ShapeError(f"expected one axis or None; got axis={axis!r}.")
    _not_empty(x, axis)
    return Spec(reduced_shape(x.shape, axis, keepdims), "int32")


def _not_empty(x: Spec, axis: Any) -> None:
    if any(x.shape[a] == 0 for a in normalize_axes(axis, x.ndim)):
        raise ShapeError(
            f"there is nothing to choose from along axis {axis} of an array of shape {show_shape(x.shape)}."
        )


def reduced_elements(x: Spec, axis: Any = None, *_: Any) -> Any:
    """How many elements are reduced to one."""
    return prod(x.shape[a] for a in normalize_axes(axis, x.ndim))


def all_elements(x: Spec, *_: Any) -> Any:
    """How many elements there are."""
    return x.size


def bool_reduction(x: Spec, axis: Any = None, keepdims: bool = False) -> Spec:
    """Axes are reduced to a bool."""
    return Spec(reduced_shape(x.shape, axis, keepdims), "bool")


def along_axis(x: Spec, axis: Any = None, *_: Any) -> Spec:
    """The result is like the argument, and the axis must exist; None stands for the flattened array."""
    if axis is None:
        return Spec((x.size,), x.dtype)
    normalize_axis(axis, x.ndim)
    return Spec(x.shape, x.dtype)
