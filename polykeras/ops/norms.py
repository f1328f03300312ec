"""Norms, ranks, and what singular values are good for beside them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from .. import ops
from ..dtypes import COMPUTABLE, inexact, real_of
from ..errors import OptionError, ShapeError
from ..op import Array, Axes, composed
from ..spec import Spec, normalize_axes, same_size, show_shape
from .complexes import conjugated, squared_size
from .matrices import adjoint, all_in_single, check, require_matrix, rows_and_columns
from .products import safe_root
from .reduction import kept
from .rules import reduced_elements, reduced_shape
from .spectra import singular_values, singular_vectors

_OF_MATRICES = ("fro", "nuc", math.inf, -math.inf, 1, -1, 2, -2)


def _norm_axes(shape: tuple[Any, ...], ord: Any, axis: Any) -> tuple[int, ...]:
    """The axes to reduce, after a look at whether there is such a norm."""
    axes = normalize_axes(axis, len(shape))
    if ord is None and axis is None:
        return axes
    if len(axes) not in (1, 2):
        raise ShapeError(
            f"expected one axis for norms of vectors, or two for those of matrices; got axis={axis} with ord={ord!r} "
            f"for shape {show_shape(shape)}. Give axis, or leave out ord."
        )
    if ord is not None and (ord not in _OF_MATRICES if len(axes) == 2 else isinstance(ord, str)):
        known = ", ".join(map(repr, _OF_MATRICES)) if len(axes) == 2 else "a number, inf or -inf"
        raise OptionError(
            f"there is no norm of order {ord!r} for {'matrices' if len(axes) == 2 else 'vectors'}; expected {known}."
        )
    if _is_smallest_of_none([shape[axis] for axis in axes], ord):
        raise ShapeError(f"there is nothing to find the smallest of; got ord={ord!r} for shape {show_shape(shape)}.")
    return axes


def _is_smallest_of_none(sizes: Sequence[Any], ord: Any) -> bool:
    """Whether a norm is the smallest of numbers of which there are none."""
    if len(sizes) == 1:
        return ord == -math.inf and _has_none(sizes)
    rows, columns = sizes
    return ord in (-1, -2, -math.inf) and _has_none({-1: (columns,), -math.inf: (rows,)}.get(ord, sizes))


def _has_none(sizes: Iterable[Any]) -> bool:
    """Whether one of the sizes is known to be 0."""
    return any(type(size) is int and size == 0 for size in sizes)


def _infer_norm(x: Spec, ord: Any, axis: Any, keepdims: bool) -> Spec:
    axes = _norm_axes(x.shape, ord, axis)
    return Spec(reduced_shape(x.shape, axes, keepdims), real_of(x.dtype))


@composed(
    infer=_infer_norm,
    promote=inexact,
    accepts=COMPUTABLE,
    summands=lambda x, ord, axis, keepdims: reduced_elements(x, axis),
    ulp=4,  # a power and its root; norms of matrices by singular values as LAPACK gives them
)
def norm(x: Array, ord: Any = None, axis: Axes = None, keepdims: bool = False) -> Array:
    """Norms of vectors or matrices. The gradient at 0 is 0.

    Args:
        x: Array.
        ord: For vectors the exponent p, with `inf` for the largest absolute value, `-inf` for the smallest, and 0 for
            the number of elements that are not 0. For matrices `"fro"` (the root of the sum of squares), `"nuc"` (the
            sum of the singular values), 2 and -2 (the largest and the smallest of these), 1 and -1 (the largest and
            smallest sum of absolute values of a column), `inf` and `-inf` (of a row). None for the root of the sum of
            squares.
        axis: One axis for vectors, two for matrices. None for the whole array: all elements as one vector, or with
            `ord` a vector or matrix.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The norms.

    >>> norm([3.0, 4.0])
    array(5., dtype=float32)
    """
    axes = _norm_axes(ops.shape(x), ord, axis)

    def compute(x: Any) -> Any:
        if ord is None or ord == "fro" or (ord == 2 and len(axes) == 1):
            return safe_root(ops.sum(squared_size(x), axes, keepdims))
        return _vector_norm(x, ord, axes, keepdims) if len(axes) == 1 else _matrix_norm(x, ord, axes, keepdims)

    return all_in_single(compute, x)


def _vector_norm(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    size = ops.abs(x)
    if ord == math.inf:
        return _largest(size, axes, keepdims)
    if ord == -math.inf:
        return ops.amin(size, axes, keepdims)
    if ord == 0:
        return ops.sum(ops.cast(ops.not_equal(x, 0), ops.dtype(size)), axes, keepdims)
    if ord == 1:
        return ops.sum(size, axes, keepdims)
    total = ops.sum(ops.power(size, float(ord)), axes, keepdims)
    if ord < 0:
        return ops.power(total, 1.0 / ord)
    zero = ops.equal(total, 0)
    return ops.where(zero, 0, ops.power(ops.where(zero, 1, total), 1.0 / ord))


def _largest(sizes: Any, axes: Any, keepdims: bool = False) -> Any:
    """The largest of numbers that are not negative; 0 of none."""
    choose = ops.sum if _has_none(ops.shape(sizes)) else ops.amax
    return choose(sizes, axes, keepdims)


def _matrix_norm(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    matrices = ops.moveaxis(x, axes, (-2, -1))
    if ord in ("nuc", 2, -2):
        s = singular_values(matrices)
        norms = ops.sum(s, -1) if ord == "nuc" else _largest(s, -1) if ord == 2 else ops.amin(s, -1)
    else:
        sums = ops.sum(ops.abs(matrices), -2 if ord in (1, -1) else -1)
        norms = _largest(sums, -1) if ord > 0 else ops.amin(sums, -1)
    return kept(norms, x, axes) if keepdims else norms


def _resolution(x: Any) -> float:
    """The relative size below which singular values are taken for 0."""
    return max(rows_and_columns(x)) * (2.0**-52 if ops.dtype(x) == "float64" else 2.0**-23)


def _infer_rank(x: Spec, tol: Any) -> Spec:
    require_matrix(x)
    return Spec(x.shape[:-2], "int32")


@composed(infer=_infer_rank, promote=inexact, accepts=COMPUTABLE)
def matrix_rank(x: Array, tol: float | None = None) -> Array:
    """How many singular values of matrices are not negligible. The result has no gradient.

    Args:
        x: Array; its last two axes are the matrices.
        tol: The size up to which singular values are negligible; None for the largest one times the larger size of
            the matrix times the precision of the dtype.

    Returns:
        A number for each matrix, int32.

    >>> matrix_rank([[1.0, 2.0], [2.0, 4.0]])
    array(1, dtype=int32)
    """
    check(require_matrix, x)
    x = ops.stop_gradient(ops.cast(x, "float32") if ops.dtype(x) in ("float16", "bfloat16") else x)
    if 0 in rows_and_columns(x):
        return ops.zeros(ops.shape(x)[:-2], "int32")
    s = singular_values(x)
    least = ops.multiply(ops.amax(s, -1, keepdims=True), _resolution(x)) if tol is None else tol
    return ops.sum(ops.cast(ops.greater(s, least), "int32"), -1)


def _infer_pinv(x: Spec, rcond: Any) -> Spec:
    require_matrix(x)
    return Spec((*x.shape[:-2], x.shape[-1], x.shape[-2]), x.dtype)


def _pinv_rule(g: Any, out: Any, x: Any, rcond: Any) -> Any:
    """Golub and Pereyra's derivative, for changes that do not change the rank."""
    g = conjugated(g)
    p, g_t, p_t = out, adjoint(g), adjoint(out)

    def beside(one: Any, other: Any, y: Any) -> Any:
        """(1 - one other) y."""
        return ops.subtract(y, ops.matmul(one, ops.matmul(other, y)))

    total = ops.negative(ops.matmul(ops.matmul(p_t, g), p_t))
    rows = ops.matmul(g_t, ops.matmul(p, p_t))
    total = ops.add(total, beside(x, p, rows))
    columns = adjoint(ops.matmul(ops.matmul(p_t, p), g_t))
    return conjugated(ops.add(total, adjoint(beside(adjoint(x), p_t, columns))))


@composed(infer=_infer_pinv, promote=inexact, accepts=COMPUTABLE, vjp=(_pinv_rule,), own_gradient=True, ulp=4)
def pinv(x: Array, rcond: float | None = None) -> Array:
    """The pseudoinverses of matrices. The gradient is for changes that keep the rank.

    Args:
        x: Array; its last two axes are the matrices.
        rcond: The share of the largest singular value up to which others count as 0; None for the larger size of the
            matrix times the precision of the dtype.

    Returns:
        The pseudoinverses.

    >>> pinv([[2.0, 0.0], [0.0, 0.0]])
    array([[0.5, 0. ],
           [0. , 0. ]], dtype=float32)
    """

    check(require_matrix, x)

    def inverse(x: Any) -> Any:
        u, s, vh = singular_vectors(x)
        if 0 in rows_and_columns(x):
            return ops.matmul(adjoint(vh), adjoint(u))
        least = ops.multiply(ops.amax(s, -1, keepdims=True), _resolution(x) if rcond is None else rcond)
        counts = ops.greater(s, least)
        inverses = ops.where(counts, ops.divide(1, ops.where(counts, s, 1)), 0)
        return ops.matmul(ops.multiply(adjoint(vh), ops.expand_dims(inverses, -2)), adjoint(u))

    return all_in_single(inverse, x)


def _infer_lstsq(a: Spec, b: Spec, rcond: Any) -> Spec:
    if a.ndim != 2 or b.ndim not in (1, 2) or not same_size(a.shape[0], b.shape[0]):
        raise ShapeError(
            "expected a matrix a, and b with as many rows, and one or two axes; got shapes "
            f"{show_shape(a.shape)} and {show_shape(b.shape)}. For more matrices use matmul(pinv(a), b)."
        )
    return Spec((a.shape[1], *b.shape[1:]), a.dtype)


@composed(infer=_infer_lstsq, promote=inexact, accepts=COMPUTABLE, ulp=4)
def lstsq(a: Array, b: Array, rcond: float | None = None) -> Array:
    """The x for which `matmul(a, x)` comes closest to b, by the sum of squares; the smallest, where there are several.

    Args:
        a: A matrix.
        b: A column with as many rows, or a matrix with several.
        rcond: The share of the largest singular value up to which others count as 0; None for the larger size of the
            matrix times the precision of the dtype.

    Returns:
        The solutions, one for each column of b.

    >>> lstsq([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], [1.0, 3.0, 5.0])
    array([1., 2.], dtype=float32)
    """
    _infer_lstsq(Spec(ops.shape(a)), Spec(ops.shape(b)), rcond)
    return all_in_single(lambda a, b: ops.matmul(pinv(a, rcond), b), a, b)
