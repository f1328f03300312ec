"""Factorizations of matrices into triangles and orthogonal columns, by elimination and reflections."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..dtypes import COMPUTABLE, inexact
from ..errors import OptionError
from ..op import Array, composed, primitive
from ..spec import Spec
from .complexes import conjugated, is_complex
from .matrices import (
    LAPACK,
    REAL,
    adjoint,
    all_in_single,
    check,
    diagonal,
    lower_part,
    on_diagonal,
    require_matrix,
    require_square,
    rows_and_columns,
    smaller,
    square,
    symmetric_part,
    transposed,
    unit_matrix,
    upper_part,
)
from .solving import triangular_solve


def _cholesky_rule(g: Any, out: Any, x: Any) -> Any:
    upper = adjoint(out)
    inner = lower_part(ops.matmul(upper, conjugated(g)))
    inner = ops.subtract(inner, ops.multiply(on_diagonal(diagonal(inner)), 0.5))
    left = triangular_solve(upper, inner, lower=False)
    return conjugated(symmetric_part(adjoint(triangular_solve(upper, adjoint(left), lower=False))))


@primitive(
    why=LAPACK,
    infer=square,
    promote=inexact,
    accepts=COMPUTABLE,
    vjp=(_cholesky_rule,),
    ulp=4,  # elimination grows with the condition of the matrix, which the case counts in
)
def lower_cholesky(x: Array) -> Array:
    """As `cholesky`, of matrices that are symmetric to the last bit, the lower factor.

    Args:
        x: Array; its last two axes are symmetric positive definite matrices.

    Returns:
        The lower factors.

    >>> lower_cholesky([[4.0, 2.0], [2.0, 5.0]])
    array([[2., 0.],
           [1., 2.]], dtype=float32)
    """


@composed(infer=square, promote=inexact, accepts=COMPUTABLE, ulp=4)
def cholesky(x: Array, upper: bool = False) -> Array:
    """The Cholesky factors of symmetric positive definite matrices: triangles with a positive diagonal.

    Of a matrix that is not symmetric the symmetric part counts, (x + x^T) / 2, and so the gradient is symmetric; of a
    complex one the Hermitian part, and what is said of transposes holds of adjoints. One that is not positive definite
    is an error, except in a compiled function, where it gives NaN.

    Args:
        x: Array; its last two axes are the matrices.
        upper: Whether to give U with `U^T U = x`, rather than L with `L L^T = x`.

    Returns:
        The factors, with zeros in the other triangle.

    >>> cholesky([[4.0, 2.0], [2.0, 5.0]])
    array([[2., 0.],
           [1., 2.]], dtype=float32)
    """

    check(require_square, x)

    def factor(x: Any) -> Any:
        lower = lower_cholesky(symmetric_part(x))
        return adjoint(lower) if upper else lower

    return all_in_single(factor, x)


# LU --------------------------------------------------------------------------------------------------------


def _infer_lu(x: Spec) -> tuple[Spec, Spec]:
    require_matrix(x)
    return Spec(x.shape, x.dtype), Spec((*x.shape[:-2], smaller(*x.shape[-2:])), "int32")


def _square_factors(packed: Any, count: int) -> tuple[Any, Any]:
    """The triangles of the leading square block."""
    block = packed[..., :count, :count]
    return ops.add(lower_part(block, -1), unit_matrix(block)), upper_part(block)


def _lu_rule(g: Any, out: Any, x: Any) -> Any:
    """The cotangent of a matrix with at least as many rows as columns, in the order of the pivots, put back."""
    packed, pivots = out
    rows, count = rows_and_columns(packed)
    lower, upper = _square_factors(packed, count)
    below, g_below = packed[..., count:, :], g[0][..., count:, :]
    g_upper, g_lower = upper_part(g[0][..., :count, :]), lower_part(g[0][..., :count, :], -1)
    through_upper = ops.subtract(
        ops.matmul(g_upper, transposed(upper)), ops.matmul(transposed(below), g_below) if rows > count else 0
    )
    inner = ops.add(lower_part(ops.matmul(transposed(lower), g_lower), -1), upper_part(through_upper))
    g_block = triangular_solve(transposed(lower), inner, lower=False)
    g_rows = ops.concatenate([g_block, g_below], axis=-2) if rows > count else g_block
    g_rows = transposed(triangular_solve(upper, transposed(g_rows), lower=False))
    return _exchanged(g_rows, pivots, backwards=True)


def _exchanged(x: Any, pivots: Any, backwards: bool = False) -> Any:
    """Matrices with rows exchanged one after the other, as pivots say, or the other way round."""
    order = _order(pivots, ops.shape(x)[-2])
    order = ops.argsort(order, axis=-1) if backwards else order
    return ops.take_along_axis(x, ops.expand_dims(order, -1), axis=-2)


def _order(pivots: Any, rows: int) -> Any:
    """The order in which the rows are after exchanges: a permutation for each matrix."""
    order = ops.broadcast_to(np.arange(rows, dtype="int32"), (*ops.shape(pivots)[:-1], rows))
    for place in range(ops.shape(pivots)[-1]):
        pivot = pivots[..., place : place + 1]
        other = ops.take_along_axis(order, pivot, axis=-1)
        here = order[..., place : place + 1]
        order = ops.where(ops.equal(np.arange(rows, dtype="int32"), pivot), here, order)
        order = ops.concatenate([order[..., :place], other, order[..., place + 1 :]], axis=-1)
    return order


@composed(
    infer=_infer_lu,
    promote=inexact,
    accepts=REAL,
    vjp=(_lu_rule,),
    own_gradient=True,  # TensorFlow has none
    ulp=4,  # elimination grows with the condition of the matrix, which the case counts in
)
def pivoted_lu(x: Array) -> tuple[Array, Array]:
    """As `lu_factor`, of matrices with at least as many rows as columns.

    Args:
        x: Array; its last two axes are the matrices.

    Returns:
        The triangles, and the pivots.

    >>> pivoted_lu([[0.0, 2.0], [4.0, 8.0]])
    (array([[4., 8.],
           [0., 2.]], dtype=float32), array([1, 1], dtype=int32))
    """
    rows, count = rows_and_columns(x)
    numbers = np.arange(rows, dtype="int32")
    pivots = []
    for place in range(count):
        column = ops.where(numbers >= place, ops.abs(x[..., place]), -1.0)
        pivot = ops.expand_dims(ops.argmax(column, axis=-1), (-1, -2))
        chosen = ops.take_along_axis(x, ops.broadcast_to(pivot, (*ops.shape(x)[:-2], 1, 1)), axis=-2)
        here = x[..., place : place + 1, :]
        x = ops.where(ops.equal(numbers[:, None], pivot), here, x)
        row = chosen[..., 0, place + 1 :]
        divisor = chosen[..., 0, place : place + 1]
        factors = ops.divide(x[..., place + 1 :, place], ops.where(ops.equal(divisor, 0), 1, divisor))
        left = ops.concatenate([x[..., place + 1 :, :place], ops.expand_dims(factors, -1)], axis=-1)
        product = ops.multiply(ops.expand_dims(factors, -1), ops.expand_dims(row, -2))
        below = ops.concatenate([left, ops.subtract(x[..., place + 1 :, place + 1 :], product)], axis=-1)
        x = ops.concatenate([x[..., :place, :], chosen, below], axis=-2)
        pivots.append(pivot[..., 0, 0])
    return x, ops.stack(pivots, axis=-1) if pivots else ops.zeros((*ops.shape(x)[:-2], 0), "int32")


@composed(infer=_infer_lu, promote=inexact, accepts=REAL, ulp=4)
def lu_factor(x: Array) -> tuple[Array, Array]:
    """The triangles L and U with `L U` for matrices whose rows have been exchanged, so that no element of L exceeds 1.

    Args:
        x: Array; its last two axes are the matrices.

    Returns:
        Matrices with U on and above the diagonal, and below it L, whose own diagonal is all ones; and for each place
        on the diagonal the row with which it was exchanged, one after the other, int32. These have no gradient.

    >>> lu_factor([[0.0, 2.0], [4.0, 8.0]])
    (array([[4., 8.],
           [0., 2.]], dtype=float32), array([1, 1], dtype=int32))
    """

    check(require_matrix, x)

    def factor(x: Any) -> Any:
        rows, columns = rows_and_columns(x)
        if rows >= columns:
            return pivoted_lu(x)
        packed, pivots = pivoted_lu(x[..., :rows])
        lower, _ = _square_factors(packed, rows)
        rest = triangular_solve(lower, _exchanged(x[..., rows:], pivots), lower=True)
        return ops.concatenate([packed, rest], axis=-1), pivots

    return all_in_single(factor, x)


# QR --------------------------------------------------------------------------------------------------------


def _infer_orthogonal(x: Spec, complete: bool) -> tuple[Spec, Spec]:
    require_matrix(x)
    rows, columns = x.shape[-2:]
    count = rows if complete else smaller(rows, columns)
    return Spec((*x.shape[:-1], count), x.dtype), Spec((*x.shape[:-2], count, columns), x.dtype)


def _orthogonal_rule(g: Any, out: Any, x: Any, complete: bool) -> Any:
    count = ops.shape(x)[-1]
    q, r = out[0][..., :count], out[1][..., :count, :]
    g_q, g_r = conjugated(g[0])[..., :count], conjugated(g[1])[..., :count, :]
    inner = ops.subtract(ops.matmul(r, adjoint(g_r)), ops.matmul(adjoint(g_q), q))
    below = lower_part(inner, -1)
    inner = ops.add(ops.add(below, adjoint(below)), on_diagonal(ops.real(diagonal(inner))))
    g_rows = ops.add(g_q, ops.matmul(q, inner))
    return transposed(triangular_solve(r, adjoint(g_rows), lower=False))


@primitive(
    why=LAPACK,
    infer=_infer_orthogonal,
    promote=inexact,
    accepts=COMPUTABLE,
    vjp=(_orthogonal_rule,),
    own_gradient=True,
    ulp=4,
)
def orthogonal_triangular(x: Array, complete: bool) -> Any:
    """As `qr`, with signs as they come, of matrices with at least as many rows as columns.

    Args:
        x: Array; its last two axes are the matrices.
        complete: Whether Q is square. The columns beyond those of x have no gradient.

    Returns:
        The factors Q and R.

    >>> q, r = orthogonal_triangular([[2.0, 0.0], [0.0, 4.0]], complete=False)
    >>> matmul(q, r)
    array([[2., 0.],
           [0., 4.]], dtype=float32)
    """


def _is_complete(mode: str) -> bool:
    if mode not in ("reduced", "complete"):
        raise OptionError(f"expected mode to be 'reduced' or 'complete'; got {mode!r}.")
    return mode == "complete"


def _infer_qr(x: Spec, mode: str) -> tuple[Spec, Spec]:
    return _infer_orthogonal(x, _is_complete(mode))


@composed(infer=_infer_qr, promote=inexact, accepts=COMPUTABLE, ulp=4)
def qr(x: Array, mode: str = "reduced") -> tuple[Array, Array]:
    """Matrices as products of one with orthogonal columns of length 1, and an upper triangle.

    The diagonal of R is real and not negative, which makes the factors of a matrix of full rank unique.

    Args:
        x: Array; its last two axes are the matrices.
        mode: `"reduced"` for as many columns of Q and rows of R as needed, `"complete"` for a square Q. Its columns
            beyond those of x are those of Householder reflections, and have no gradient.

    Returns:
        The factors Q and R.

    >>> qr([[0.0, -3.0], [-2.0, 1.0]])
    (array([[ 0., -1.],
           [-1.,  0.]], dtype=float32), array([[ 2., -1.],
           [ 0.,  3.]], dtype=float32))
    """
    complete = _is_complete(mode)
    check(require_matrix, x)
    return all_in_single(lambda x: _qr(x, complete), x)


def _qr(x: Any, complete: bool) -> tuple[Any, Any]:
    rows, columns = rows_and_columns(x)
    count = min(rows, columns)
    if count == 0 and complete:  # LAPACK's bindings differ in what they make of nothing
        batch = ops.shape(x)[:-2]
        return ops.broadcast_to(np.eye(rows, dtype=ops.dtype(x)), (*batch, rows, rows)), x
    q, r = orthogonal_triangular(ops.add(x[..., :count], 0.0), complete)  # turns -0.0 into 0.0, a question of sign
    signs = _directions(diagonal(r))
    if complete and rows > count:
        signs = ops.concatenate([signs, ops.ones_like(q[..., 0, count:])], axis=-1)
    q = ops.multiply(q, ops.expand_dims(signs, -2))
    r = ops.multiply(r, ops.expand_dims(conjugated(signs), -1))
    if columns > count:
        r = ops.concatenate([r, ops.matmul(adjoint(q), x[..., count:])], axis=-1)
    return q, r


def _directions(x: Any) -> Any:
    """The sign of each number, of a complex one its direction, and 1 for 0."""
    if not is_complex(x):
        return ops.where(ops.less(x, 0), -1.0, 1.0)
    zero = ops.equal(x, 0)
    numbers = ops.where(zero, 1, x)
    return ops.divide(numbers, ops.abs(numbers))
