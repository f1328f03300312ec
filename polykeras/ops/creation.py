"""New arrays, out of numbers or in the likeness of other arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..backend import host_array, numpy_dtype
from ..dtypes import COMPLEXES, canonical, index_dtype
from ..errors import DTypeError, OptionError, ShapeError
from ..op import Array, DType, FloatxDType, Index, Shape, Value, composed, names_its_errors, primitive
from ..spec import Dim, Spec, broadcast_shapes, ceil_div, normalize_axis, same_size, show_shape
from ..symbolic import spec_of

NEW = "makes an array"


def _infer_full(shape: tuple[Any, ...], fill_value: Any, dtype: str) -> Spec:
    value = spec_of(fill_value)
    _check_fills(value.shape, shape)
    if value.dtype in COMPLEXES and dtype not in COMPLEXES:
        raise DTypeError(f"{dtype} cannot hold complex numbers. Give dtype='complex64'.")
    return Spec(shape, dtype)


def _check_fills(given: tuple[Any, ...], shape: tuple[Any, ...]) -> None:
    reached = broadcast_shapes(given, shape)
    if len(reached) != len(shape) or not all(map(same_size, reached, shape)):
        raise ShapeError(
            f"expected a fill_value that broadcasts to {show_shape(shape)}; got one of shape {show_shape(given)}."
        )


@composed(infer=_infer_full, ulp=1)
def full(shape: Shape, fill_value: Value, dtype: FloatxDType = None) -> Array:
    """An array filled with a value.

    Args:
        shape: The shape.
        fill_value: The number, or an array that broadcasts to the shape.
        dtype: The dtype; None for floatx, also where the value is an integer.

    Returns:
        The array.

    >>> full((2,), 3)
    array([3., 3.], dtype=float32)
    """
    _infer_full(shape, fill_value, dtype)
    return ops.broadcast_to(ops.convert_to_tensor(fill_value, dtype), shape)


def _infer_filled(shape: tuple[Any, ...], dtype: str) -> Spec:
    return Spec(shape, dtype)


@primitive(why=NEW, infer=_infer_filled, ulp=1)
def zeros(shape: Shape, dtype: FloatxDType = None) -> Array:
    """An array of zeros.

    Args:
        shape: The shape.
        dtype: The dtype; None for floatx.

    Returns:
        The array.

    >>> zeros((2,))
    array([0., 0.], dtype=float32)
    """


@primitive(why=NEW, infer=_infer_filled, ulp=1)
def ones(shape: Shape, dtype: FloatxDType = None) -> Array:
    """An array of ones.

    Args:
        shape: The shape.
        dtype: The dtype; None for floatx.

    Returns:
        The array.

    >>> ones((2,))
    array([1., 1.], dtype=float32)
    """


@names_its_errors
def empty(shape: Shape, dtype: DType = None) -> Array:
    """An array whose values do not matter yet. They are zeros, so that runs can be repeated.

    Args:
        shape: The shape.
        dtype: The dtype; None for floatx.

    Returns:
        The array.

    >>> shape(empty((2, 3)))
    (2, 3)
    """
    return zeros(shape, dtype)


def _infer_like(x: Spec, dtype: str | None) -> Spec:
    return Spec(x.shape, dtype or x.dtype)


@primitive(why=NEW, infer=_infer_like, ulp=1)
def zeros_like(x: Array, dtype: DType = None) -> Array:
    """Zeros in the shape of another array.

    Args:
        x: The other array.
        dtype: The dtype; None for that of `x`.

    Returns:
        The array.

    >>> zeros_like([1.0, 2.0])
    array([0., 0.], dtype=float32)
    """


@names_its_errors
def empty_like(x: Array, dtype: DType = None) -> Array:
    """An array in the shape of another one, whose values do not matter yet. They are zeros, as those of `empty`.

    Args:
        x: The other array.
        dtype: The dtype; None for that of `x`.

    Returns:
        The array.

    >>> shape(empty_like([1.0, 2.0]))
    (2,)
    """
    return zeros_like(x, dtype)


@primitive(why=NEW, infer=_infer_like, ulp=1)
def ones_like(x: Array, dtype: DType = None) -> Array:
    """Ones in the shape of another array.

    Args:
        x: The other array.
        dtype: The dtype; None for that of `x`.

    Returns:
        The array.

    >>> ones_like([1, 2])
    array([1, 1], dtype=int32)
    """


def _infer_full_like(x: Spec, fill_value: Any, dtype: str | None) -> Spec:
    _check_fills(spec_of(fill_value).shape, x.shape)
    return _infer_like(x, dtype)


@composed(infer=_infer_full_like, ulp=1)
def full_like(x: Array, fill_value: Value, dtype: DType = None) -> Array:
    """A value repeated in the shape of another array.

    Args:
        x: The other array.
        fill_value: The number, or an array that broadcasts to the shape of `x`.
        dtype: The dtype; None for that of `x`.

    Returns:
        The array.

    >>> full_like([1.0, 2.0], 3)
    array([3., 3.], dtype=float32)
    """
    return ops.broadcast_to(ops.cast(fill_value, dtype or ops.dtype(x)), ops.shape(x))


def _number(x: Any) -> Any:
    """A bound given as a number or as an array without axes, as a number or a NumPy scalar."""
    return x if isinstance(x, (int, float, np.generic)) else ops.convert_to_numpy(x)[()]


def _bounds_dtype(*bounds: Any) -> str:
    return canonical(host_array(list(bounds)).dtype)


def _arange(start: Any, stop: Any, step: Any, dtype: str | None) -> np.ndarray:
    given = [_number(b) for b in (start, stop, step) if b is not None]
    if step is not None and given[-1] == 0:
        raise OptionError("expected a step other than 0.")
    begin, *rest = given if stop is not None else [0, *given]
    return np.arange(begin, *rest).astype(numpy_dtype(dtype or _bounds_dtype(*given)))


def _infer_arange(start: Any, stop: Any, step: Any, dtype: str | None) -> Spec:
    if any(isinstance(bound, Dim) for bound in (start, stop, step)):
        begin, end = (0, start) if stop is None else (start, stop)
        return Spec((ceil_div(end - begin, 1 if step is None else step),), dtype or "int32")
    values = _arange(start, stop, step, dtype)
    return Spec(values.shape, canonical(values.dtype))


@composed(infer=_infer_arange, ulp=1)
def arange(start: Any, stop: Any = None, step: Any = None, dtype: DType = None) -> Array:
    """Numbers at equal distances, up to but without the last.

    Args:
        start: The first number; with no `stop` given, the end, and the first number is 0.
        stop: The end, which is left out.
        step: The distance, by default 1.
        dtype: The dtype; None for that of the bounds.

    Returns:
        The numbers in one row.

    >>> arange(3), arange(0.0, 1.0, 0.25)
    (array([0, 1, 2], dtype=int32), array([0.  , 0.25, 0.5 , 0.75], dtype=float32))
    """
    return ops.convert_to_tensor(_arange(start, stop, step, dtype))


def _infer_eye(N: int, M: int | None, k: int, dtype: str) -> Spec:
    return Spec((N, N if M is None else M), dtype)


@composed(infer=_infer_eye, ulp=1)
def eye(N: int, M: int | None = None, k: int = 0, dtype: FloatxDType = None) -> Array:
    """A matrix with ones on a diagonal and zeros elsewhere.

    Args:
        N: The number of rows.
        M: The number of columns; None for as many as rows.
        k: Which diagonal: 0 is the main one, positive ones lie above it.
        dtype: The dtype; None for floatx.

    Returns:
        The matrix.

    >>> eye(2)
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    return ops.convert_to_tensor(np.eye(N, M, k, numpy_dtype(dtype)))


@names_its_errors
def identity(n: int, dtype: Any = None) -> Array:
    """A square matrix with ones on the main diagonal and zeros elsewhere.

    Args:
        n: The number of rows and columns.
        dtype: The dtype; None for floatx.

    Returns:
        The matrix.

    >>> identity(2)
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    return eye(n, dtype=dtype)


def _infer_one_hot(x: Spec, num_classes: int, axis: int, dtype: str, sparse: bool) -> Spec:
    if not hasattr(num_classes, "__index__") or (not isinstance(num_classes, Dim) and num_classes < 0):
        raise OptionError(f"expected num_classes to be a whole number from 0; got {num_classes!r}.")
    axis = normalize_axis(axis, x.ndim + 1)
    return Spec((*x.shape[:axis], num_classes, *x.shape[axis:]), dtype)


@composed(infer=_infer_one_hot, ulp=1)
def one_hot(x: Index, num_classes: int, axis: int = -1, dtype: FloatxDType = None, sparse: bool = False) -> Array:
    """For each class number a row with a one at its place and zeros elsewhere.

    Args:
        x: Array of integers. One outside of the classes gives zeros only.
        num_classes: The number of classes.
        axis: Where the axis of classes is in the result.
        dtype: The dtype; None for floatx.
        sparse: Must be False: no backend here has sparse arrays.

    Returns:
        The rows.

    >>> one_hot([0, 2], 3)
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    if sparse:
        raise OptionError("sparse arrays do not exist here. Leave out sparse=True.")
    ndim = len(ops.shape(x)) + 1
    _infer_one_hot(Spec((1,) * (ndim - 1)), num_classes, axis, dtype, sparse)
    axis = normalize_axis(axis, ndim)
    classes = np.arange(num_classes, dtype="int32").reshape([-1 if i == axis else 1 for i in range(ndim)])
    hot = ops.equal(ops.cast(ops.expand_dims(x, axis), index_dtype(ops.dtype(x))), classes)
    return ops.cast(hot, dtype)


def _infer_multi_hot(inputs: Spec, num_classes: int | None, axis: int, dtype: str, sparse: bool) -> Spec:
    if num_classes is None:
        raise OptionError("expected num_classes, the number of classes; got None.")
    if sparse:
        raise OptionError("sparse arrays do not exist here. Leave out sparse=True.")
    rest = (*inputs.shape[:1], *inputs.shape[2:]) if inputs.ndim > 1 else ()
    axis = normalize_axis(axis, len(rest) + 1)
    return Spec((*rest[:axis], num_classes, *rest[axis:]), dtype)


@composed(infer=_infer_multi_hot, ulp=1)
def multi_hot(
    inputs: Index, num_classes: int | None = None, axis: int = -1, dtype: FloatxDType = None, sparse: bool = False
) -> Array:
    """For each row of class numbers ones at their places and zeros elsewhere.

    Args:
        inputs: Array of integers: the classes of one thing, or, with more axes, of several: the first axis is for the
            things, the second for the classes of each. One outside of the classes counts for nothing.
        num_classes: The number of classes.
        axis: Where the axis of classes is in the result.
        dtype: The dtype; None for floatx.
        sparse: Must be False: no backend here has sparse arrays.

    Returns:
        The rows.

    >>> multi_hot([[0, 2], [1, 1]], 3)
    array([[1., 0., 1.],
           [0., 1., 0.]], dtype=float32)
    """
    _infer_multi_hot(spec_of(inputs), num_classes, axis, dtype, sparse)
    inputs = inputs if ops.shape(inputs) else ops.reshape(inputs, (1,))
    labels = 1 if len(ops.shape(inputs)) > 1 else 0
    classes = ops.arange(num_classes)
    hot = ops.equal(ops.cast(ops.expand_dims(inputs, -1), "int32"), classes)
    return ops.moveaxis(ops.cast(ops.any(hot, labels), dtype), -1, axis)
