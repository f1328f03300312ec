"""Singular values and eigenvalues, with signs and orders chosen so that every backend gives the same numbers.

Vectors are unique up to their sign, or angle in the complex plane, only. Of each left singular vector in `svd`, and
each eigenvector in `eigh` and `eig`, the first element that is at least 0.57 times as large as the largest one is real
and positive. Which one is the largest would be a matter of rounding where two are equal.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ops
from ..dtypes import COMPUTABLE, inexact, real_of
from ..op import Array, composed, primitive
from ..spec import Spec
from .complexes import complex_dtype, conjugated, is_complex, make_complex, squared_size
from .factorization import orthogonal_triangular
from .matrices import (
    LAPACK,
    adjoint,
    all_in_single,
    check,
    diagonal,
    on_diagonal,
    require_matrix,
    require_square,
    rows_and_columns,
    smaller,
    symmetric_part,
    transposed,
)
from .solving import matrix_solve

_LARGE = 0.57  # of the largest element; no ratio of small whole numbers


def _differences(x: Any) -> Any:
    """One divided by the difference of each two elements of rows, 0 where they are equal: column minus row."""
    return _inverse(ops.subtract(ops.expand_dims(x, -2), ops.expand_dims(x, -1)))


def _differences_of_squares(x: Any) -> Any:
    """The same of the squares: as a product, because that of a sum and 0 is 0 however it is rounded."""
    return ops.multiply(_differences(x), _inverse(ops.add(ops.expand_dims(x, -2), ops.expand_dims(x, -1))))


def _inverse(x: Any) -> Any:
    """One divided by each element, and 0 for 0."""
    zero = ops.equal(x, 0)
    return ops.where(zero, 0, ops.divide(1, ops.where(zero, 1, x)))


def _first_large(x: Any) -> Any:
    """Of each column the first element that is large, as a row."""
    size = ops.abs(x)
    large = ops.greater_equal(size, ops.multiply(ops.amax(size, axis=-2, keepdims=True), _LARGE))
    place = ops.argmax(ops.cast(large, "int32"), axis=-2, keepdims=True)
    return ops.take_along_axis(x, place, axis=-2)


def _signs(x: Any) -> Any:
    """The sign, or direction in the complex plane, that each column is to be multiplied with, as a row."""
    if 0 in ops.shape(x)[-2:]:
        return ops.ones_like(ops.sum(x, -2, keepdims=True))
    first = _first_large(x)
    return ops.divide(conjugated(first), ops.abs(first)) if is_complex(x) else ops.where(ops.less(first, 0), -1.0, 1.0)


def _infer_singular(x: Spec) -> tuple[Spec, Spec, Spec]:
    require_matrix(x)
    rows, columns = x.shape[-2:]
    count, batch = smaller(rows, columns), x.shape[:-2]
    return (
        Spec((*batch, rows, count), x.dtype),
        Spec((*batch, count), real_of(x.dtype)),
        Spec((*batch, count, columns), x.dtype),
    )


def _singular_rule(g: Any, out: Any, x: Any) -> Any:
    (u, s, vh), g_s = out, g[1]
    g_u, g_v, v = conjugated(g[0]), adjoint(conjugated(g[2])), adjoint(vh)
    rows, columns = rows_and_columns(x)
    apart = _differences_of_squares(s)

    def turned(one: Any, other: Any) -> Any:
        product = ops.matmul(adjoint(one), other)
        return ops.multiply(ops.subtract(product, adjoint(product)), apart)

    inner = ops.add(
        ops.multiply(turned(u, g_u), ops.expand_dims(s, -2)),
        ops.multiply(ops.expand_dims(s, -1), turned(v, g_v)),
    )
    if is_complex(x):  # vectors turn in the complex plane, too, and it does not matter how much of it is V's part
        g_s = make_complex(g_s, ops.multiply(ops.imag(diagonal(ops.matmul(adjoint(u), g_u))), _inverse(s)))
    total = ops.matmul(ops.matmul(u, ops.add(inner, on_diagonal(g_s))), vh)
    inverse = ops.expand_dims(_inverse(s), -2)
    if rows > columns:
        outside = ops.subtract(g_u, ops.matmul(u, ops.matmul(adjoint(u), g_u)))
        total = ops.add(total, ops.matmul(ops.multiply(outside, inverse), vh))
    if columns > rows:
        outside = ops.subtract(g_v, ops.matmul(v, ops.matmul(vh, g_v)))
        total = ops.add(total, ops.matmul(u, adjoint(ops.multiply(outside, inverse))))
    return conjugated(total)


@primitive(
    why=LAPACK,
    infer=_infer_singular,
    promote=inexact,
    accepts=COMPUTABLE,
    vjp=(_singular_rule,),
    own_gradient=True,
    ulp=8,  # vectors turn by the error divided by the gaps between values, which the case counts in
)
def singular_vectors(x: Array) -> Any:
    """As `svd`, with as many vectors as there are values, and signs as they come.

    Args:
        x: Array; its last two axes are the matrices.

    Returns:
        The factors U, S and the transposed V.

    >>> singular_vectors([[3.0, 0.0], [0.0, 4.0]])[1]
    array([4., 3.], dtype=float32)
    """


def _values_rule(g: Any, out: Any, x: Any) -> Any:
    u, _, vh = singular_vectors(x)
    return conjugated(ops.matmul(ops.multiply(u, ops.expand_dims(g, -2)), vh))


@composed(
    infer=lambda x: _infer_singular(x)[1],
    promote=inexact,
    accepts=COMPUTABLE,
    vjp=(_values_rule,),
    own_gradient=True,
    ulp=8,
)
def singular_values(x: Array) -> Array:
    """As `svd` without the vectors, in 32 bits at least.

    Args:
        x: Array; its last two axes are the matrices.

    Returns:
        The singular values, of which each is at least as large as the next.

    >>> singular_values([[3.0, 0.0], [0.0, 4.0]])
    array([4., 3.], dtype=float32)
    """
    return singular_vectors(x)[1]


def _infer_svd(x: Spec, full_matrices: bool, compute_uv: bool) -> Any:
    u, s, vh = _infer_singular(x)
    if not compute_uv:
        return s
    if full_matrices:
        u, vh = (Spec((*x.shape[:-2], size, size), x.dtype) for size in x.shape[-2:])
    return u, s, vh


@composed(infer=_infer_svd, promote=inexact, accepts=COMPUTABLE, ulp=8)
def svd(x: Array, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Matrices as products `U diag(S) V^T`, where U and V have orthogonal columns of length 1.

    Of each column of U the first element that is large is real and positive (at least 0.57 times the largest). The
    gradient takes vectors of equal singular values not to turn into each other. Of complex matrices V^T is V's adjoint.

    Args:
        x: Array; its last two axes are the matrices.
        full_matrices: Whether U and V are square. Columns beyond the singular values are those of Householder
            reflections, and have no gradient.
        compute_uv: Whether to give U and V, or S alone.

    Returns:
        U, S, of which each is at least as large as the next, and the transposed V; or S.

    >>> svd([[3.0, 0.0], [0.0, -4.0]])
    (array([[0., 1.],
           [1., 0.]], dtype=float32), array([4., 3.], dtype=float32), array([[ 0., -1.],
           [ 1.,  0.]], dtype=float32))
    """

    check(require_matrix, x)

    def factors(x: Any) -> Any:
        if not compute_uv:
            return singular_values(x)
        u, s, vh = singular_vectors(x)
        signs = _signs(u)
        u, vh = ops.multiply(u, signs), ops.multiply(vh, adjoint(signs))
        return (_completed(u), s, adjoint(_completed(adjoint(vh)))) if full_matrices else (u, s, vh)

    return all_in_single(factors, x)


def _completed(x: Any) -> Any:
    """A square matrix whose first columns are the given ones, which are orthogonal."""
    rows, count = rows_and_columns(x)
    if rows == count:
        return x
    if count == 0:
        return ops.broadcast_to(np.eye(rows, dtype=ops.dtype(x)), (*ops.shape(x)[:-2], rows, rows))
    q, _ = orthogonal_triangular(ops.add(ops.stop_gradient(x), 0.0), complete=True)
    return ops.concatenate([x, q[..., count:]], axis=-1)


# Eigenvalues -----------------------------------------------------------------------------------------------


def _infer_eigh(x: Spec) -> tuple[Spec, Spec]:
    require_square(x)
    return Spec(x.shape[:-1], real_of(x.dtype)), Spec(x.shape, x.dtype)


def _symmetric_rule(g: Any, out: Any, x: Any) -> Any:
    (values, vectors), g_values, g_vectors = out, g[0], conjugated(g[1])
    turned = ops.multiply(ops.matmul(adjoint(vectors), g_vectors), _differences(values))
    inner = ops.add(on_diagonal(g_values), turned)
    return conjugated(ops.matmul(ops.matmul(vectors, inner), adjoint(vectors)))


@primitive(
    why=LAPACK,
    infer=_infer_eigh,
    promote=inexact,
    accepts=COMPUTABLE,
    vjp=(_symmetric_rule,),
    own_gradient=True,
    ulp=8,  # vectors turn by the error divided by the gaps between values, which the case counts in
)
def symmetric_eigenvectors(x: Array) -> Any:
    """As `eigh`, of matrices that are symmetric to the last bit, with signs as they come.

    Args:
        x: Array; its last two axes are the matrices.

    Returns:
        The eigenvalues and the eigenvectors.

    >>> symmetric_eigenvectors([[2.0, 0.0], [0.0, 1.0]])[0]
    array([1., 2.], dtype=float32)
    """


@composed(infer=_infer_eigh, promote=inexact, accepts=COMPUTABLE, ulp=8)
def eigh(x: Array) -> tuple[Array, Array]:
    """The eigenvalues and eigenvectors of symmetric matrices.

    Of a matrix that is not symmetric the symmetric part counts, (x + x^T) / 2, and so the gradient is symmetric. Of
    each eigenvector the first element that is large is positive (at least 0.57 times the largest). The gradient takes
    vectors of equal eigenvalues not to turn into each other. Where an element of a matrix is not finite, all is NaN.

    Args:
        x: Array; its last two axes are the matrices.

    Returns:
        The eigenvalues, the smallest first, and matrices with the eigenvectors, of length 1, as columns.

    >>> eigh([[2.0, 0.0], [0.0, 1.0]])
    (array([1., 2.], dtype=float32), array([[0., 1.],
           [1., 0.]], dtype=float32))
    """

    check(require_square, x)

    def factors(x: Any) -> Any:
        values, vectors = symmetric_eigenvectors(symmetric_part(x))
        vectors = ops.multiply(vectors, _signs(vectors))
        finite = ops.all(ops.isfinite(x), axis=(-2, -1), keepdims=True)  # LAPACK has numbers for others, too
        return ops.where(finite[..., 0], values, math.nan), ops.where(finite, vectors, math.nan)

    return all_in_single(factors, x)


def _infer_eig(x: Spec) -> tuple[Spec, Spec]:
    require_square(x)
    dtype = complex_dtype(x.dtype)
    return Spec(x.shape[:-1], dtype), Spec(x.shape, dtype)


def _general_rule(g: Any, out: Any, x: Any) -> Any:
    """The cotangent for eigenvectors of any length and angle in the complex plane, which stay as they are."""
    (g_values, g_vectors), (values, vectors) = g, out
    turned = ops.multiply(ops.matmul(transposed(vectors), g_vectors), _differences(values))
    inner = ops.matmul(ops.add(on_diagonal(g_values), turned), transposed(vectors))
    cotangent = matrix_solve(transposed(vectors), inner)
    return cotangent if is_complex(x) else ops.real(cotangent)


@primitive(
    why=LAPACK,
    infer=_infer_eig,
    promote=inexact,
    accepts=COMPUTABLE,
    vjp=(_general_rule,),
    own_gradient=True,
    ulp=8,  # vectors turn by the error divided by the gaps between values, which the case counts in
)
def general_eigenvectors(x: Array) -> Any:
    """As `eig`, in any order, with eigenvectors of any length and angle in the complex plane.

    Args:
        x: Array; its last two axes are the matrices.

    Returns:
        The eigenvalues and the eigenvectors.

    >>> general_eigenvectors([[2.0]])[0]
    array([2.+0.j], dtype=complex64)
    """


@composed(infer=_infer_eig, promote=inexact, accepts=COMPUTABLE, ulp=8)
def eig(x: Array) -> tuple[Array, Array]:
    """The eigenvalues and eigenvectors of square matrices, as complex numbers.

    They are in the order of the real parts, the smallest first, and where these are equal (to half of the digits of the
    largest eigenvalue) in the order of the imaginary parts. Of each eigenvector the first element that is large is real
    and positive (at least 0.57 times the largest). The gradient takes vectors of equal eigenvalues not to turn
    into each other.

    Args:
        x: Array; its last two axes are the matrices.

    Returns:
        The eigenvalues, and matrices with the eigenvectors, of length 1, as columns.

    >>> eig([[0.0, 1.0], [-1.0, 0.0]])[0]
    array([0.-1.j, 0.+1.j], dtype=complex64)
    """
    check(require_square, x)
    return all_in_single(_eig, x) if 0 not in ops.shape(x)[-2:] else all_in_single(general_eigenvectors, x)


def _eig(x: Any) -> tuple[Any, Any]:
    values, vectors = general_eigenvectors(x)
    order = _eigenvalue_order(
        ops.stop_gradient(values), 2.0**-11 if ops.dtype(x) in ("float32", "complex64") else 2.0**-26
    )
    values = ops.take_along_axis(values, order, axis=-1)
    vectors = ops.take_along_axis(vectors, ops.expand_dims(order, -2), axis=-1)
    length = ops.sqrt(ops.sum(squared_size(vectors), axis=-2, keepdims=True))
    first = _first_large(vectors)
    return values, ops.multiply(vectors, ops.divide(ops.divide(ops.conjugate(first), ops.abs(first)), length))


def _eigenvalue_order(values: Any, digits: float) -> Any:
    """The places of eigenvalues by their real parts, without the last digits, and then by their imaginary parts."""
    by_imaginary = ops.argsort(ops.imag(values), axis=-1)
    unit = ops.multiply(ops.amax(ops.abs(values), axis=-1, keepdims=True), digits)
    coarse = ops.rint(ops.divide(ops.real(values), ops.where(ops.equal(unit, 0), 1, unit)))
    by_real = ops.argsort(ops.take_along_axis(coarse, by_imaginary, axis=-1), axis=-1)
    return ops.take_along_axis(by_imaginary, by_real, axis=-1)
