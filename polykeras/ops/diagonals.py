"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..backend import numpy_dtype
from ..dtypes import COMPUTABLE, accumulator
from ..errors import ShapeError
from ..op import Array, FloatxDType, composed
from ..spec import Dim, Spec, normalize_axes, show_shape, unknown_dim


def _infer_tri(N: int, M: int | None, k: int, dtype: str) -> Spec:
    return Spec((N, N if M is None else M), dtype)


@composed(infer=_infer_tri, ulp=1)
def tri(N: int, M: int | None = None, k: int = 0, dtype: FloatxDType = None) -> Array:
    """A matrix with ones on and below a diagonal and zeros above.

    Args:
        N: The number of rows.
        M: The number of columns; None for as many as rows.
        k: Which diagonal: 0 is the main one, positive ones lie above it.
        dtype: The dtype; None for floatx.

    Returns:
        The matrix.

    >>> tri(2)
    array([[1., 0.],
           [1., 1.]], dtype=float32)
    """
    return ops.convert_to_tensor(np.tri(N, M, k, numpy_dtype(dtype)))


def _infer_triangle(x: Spec, k: int) -> Spec:
    if x.ndim < 2:
        raise ShapeError(f"expected at least two axes; got an array of shape {show_shape(x.shape)}.")
    return Spec(x.shape, x.dtype)


@composed(infer=_infer_triangle, vjp=(lambda g, out, x, k: ops.tril(g, k),), ulp=0)
def tril(x: Array, k: int = 0) -> Array:
    """The lower triangle of a matrix, or of each in a stack of them; zeros elsewhere.

    Args:
        x: Array with at least two axes.
        k: The last diagonal to keep: 0 is the main one, positive ones lie above it.

    Returns:
        The array, in the shape of `x`.

    >>> tril([[1, 2], [3, 4]])
    array([[1, 0],
           [3, 4]], dtype=int32)
    """
    rows, columns = ops.shape(x)[-2:]
    return ops.where(np.tri(rows, columns, k, bool), x, False)


@composed(infer=_infer_triangle, vjp=(lambda g, out, x, k: ops.triu(g, k),), ulp=0)
def triu(x: Array, k: int = 0) -> Array:
    """The upper triangle of a matrix, or of each in a stack of them; zeros elsewhere.

    Args:
        x: Array with at least two axes.
        k: The first diagonal to keep: 0 is the main one, positive ones lie above it.

    Returns:
        The array, in the shape of `x`.

    >>> triu([[1, 2], [3, 4]])
    array([[1, 2],
           [0, 4]], dtype=int32)
    """
    rows, columns = ops.shape(x)[-2:]
    return ops.where(np.logical_not(np.tri(rows, columns, k - 1, bool)), x, False)


def _length(rows: Any, columns: Any, offset: int) -> Any:
    """How many elements a diagonal has."""
    down, right = rows + min(offset, 0), columns - max(offset, 0)
    if not isinstance(down, Dim) and not isinstance(right, Dim):
        return max(min(down, right), 0)
    return down if down == right else unknown_dim(1)


def _infer_diagonal(x: Spec, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Spec:
    if x.ndim < 2:
        raise ShapeError(f"expected at least two axes; got an array of shape {show_shape(x.shape)}.")
    first, second = normalize_axes((axis1, axis2), x.ndim)
    rest = (size for axis, size in enumerate(x.shape) if axis not in (first, second))
    return Spec((*rest, _length(x.shape[first], x.shape[second], offset)), x.dtype)


def _bounds(count: int, columns: int, offset: int) -> tuple[int, int]:
    """Where a diagonal begins and ends in the elements of a matrix, row by row. They are columns + 1 apart."""
    start = offset if offset > 0 else -offset * columns
    return (start, start + (count - 1) * (columns + 1) + 1) if count > 0 else (0, 0)


@composed(infer=_infer_diagonal, ulp=0)
def diagonal(x: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """A diagonal of a matrix, or of each in a stack of them.

    Args:
        x: Array with at least two axes.
        offset: Which diagonal: 0 is the main one, positive ones lie above it.
        axis1: The axis of rows.
        axis2: The axis of columns.

    Returns:
        The elements on the diagonal, along the last axis, behind the axes that are not of the matrices.

    >>> diagonal([[1, 2], [3, 4]])
    array([1, 4], dtype=int32)
    """
    matrices = ops.moveaxis(x, (axis1, axis2), (-2, -1))
    *rest, rows, columns = ops.shape(matrices)
    flat = ops.reshape(matrices, (*rest, rows * columns))
    start, stop = _bounds(_length(rows, columns, offset), columns, offset)
    return flat[..., start : stop : columns + 1]


def _infer_diag(x: Spec, k: int) -> Spec:
    if x.ndim == 2:
        return _infer_diagonal(x, k)
    if x.ndim != 1:
        raise ShapeError(f"expected one or two axes; got an array of shape {show_shape(x.shape)}.")
    size = x.shape[0] + abs(k)
    return Spec((size, size), x.dtype)


@composed(infer=_infer_diag, ulp=0)
def diag(x: Array, k: int = 0) -> Array:
    """The matrix with given elements on a diagonal and zeros elsewhere; or the elements on a diagonal of a matrix.

    Args:
        x: Array with one axis, of which a matrix is made; or a matrix, whose diagonal is taken.
        k: Which diagonal: 0 is the main one, positive ones lie above it.

    Returns:
        The matrix, or the elements.

    >>> diag([1, 2])
    array([[1, 0],
           [0, 2]], dtype=int32)
    """
    shape = ops.shape(x)
    if len(shape) != 1:
        return _diagonal_of_matrix(x, k)
    size = shape[0] + abs(k)
    start, stop = _bounds(shape[0], size, k)
    flat = ops.strided_slice_gradient(x, (size * size,), (start,), (stop,), (size + 1,))
    return ops.reshape(flat, (size, size))


def _diagonal_of_matrix(x: Any, k: int) -> Any:
    if len(ops.shape(x)) != 2:
        raise ShapeError("neither a row nor a matrix")  # the rule says it better
    return diagonal(x, k)


@composed(infer=lambda x, k: _infer_diag(Spec((x.size,), x.dtype), k), ulp=0)
def diagflat(x: Array, k: int = 0) -> Array:
    """The matrix with the elements of an array on a diagonal and zeros elsewhere.

    Args:
        x: Array, which is flattened.
        k: Which diagonal: 0 is the main one, positive ones lie above it.

    Returns:
        The matrix.

    >>> diagflat([[1, 2]])
    array([[1, 0],
           [0, 2]], dtype=int32)
    """
    return diag(ops.ravel(x), k)


def _infer_trace(x: Spec, offset: int, axis1: int, axis2: int) -> Spec:
    return Spec(_infer_diagonal(x, offset, axis1, axis2).shape[:-1], x.dtype)


@composed(
    infer=_infer_trace,
    accepts=COMPUTABLE,
    promote=accumulator,
    summands=lambda x, offset, axis1, axis2: _infer_diagonal(x, offset, axis1, axis2).shape[-1],
)
def trace(x: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """The sum of a diagonal of a matrix, or of each in a stack; integers narrower than 32 bits are summed in 32.

    Args:
        x: Array with at least two axes.
        offset: Which diagonal: 0 is the main one, positive ones lie above it.
        axis1: The axis of rows.
        axis2: The axis of columns.

    Returns:
        The sums; 0 for a diagonal without elements.

    >>> trace([[1, 2], [3, 4]])
    array(5, dtype=int32)
    """
    return ops.sum(diagonal(x, offset, axis1, axis2), -1)
