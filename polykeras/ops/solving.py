"""Linear equations, inverses and determinants."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..dtypes import COMPUTABLE, inexact, real_of
from ..errors import ShapeError
from ..op import Array, composed, primitive
from ..spec import Spec, broadcast_shapes, same_size, show_shape
from .complexes import is_complex, make_complex
from .matrices import (
    LAPACK,
    adjoint,
    all_in_single,
    check,
    lower_part,
    require_matrix,
    require_square,
    square,
    transposed,
    unit_matrix,
    upper_part,
    with_same_batch,
)


def _right_hand_side(a: Spec, b: Spec, square_only: bool = True) -> tuple[Any, ...]:
    """The shape of the right-hand sides as matrices."""
    (require_square if square_only else require_matrix)(a)
    columns = b.shape if b.ndim == a.ndim else (*b.shape, 1)
    if len(columns) != a.ndim or not same_size(a.shape[-2], columns[-2]):
        raise ShapeError(
            f"expected b to have as many rows as a: shape {show_shape(a.shape[:-1])} for one column, "
            f"{show_shape((*a.shape[:-1], 'n'))} for n; got shapes {show_shape(a.shape)} and {show_shape(b.shape)}. "
            "Reshape or broadcast b."
        )
    return columns


def _infer_solve(a: Spec, b: Spec, *_: Any) -> Spec:
    columns = _right_hand_side(a, b)
    shape = (*broadcast_shapes(a.shape[:-2], columns[:-2]), *columns[-2:])
    return Spec(shape if b.ndim == a.ndim else shape[:-1], b.dtype)


def _infer_matrix_solve(a: Spec, b: Spec, *_: Any) -> Spec:
    return Spec(b.shape, b.dtype)


def _of_columns(solver: Any, a: Any, b: Any) -> Any:
    """Solve for one column, or for several, whichever b has."""
    _right_hand_side(Spec(ops.shape(a)), Spec(ops.shape(b)))
    if len(ops.shape(b)) == len(ops.shape(a)):
        return solver(*with_same_batch(a, b))
    return ops.squeeze(solver(*with_same_batch(a, ops.expand_dims(b, -1))), -1)


def _minus_outer(one: Any, other: Any) -> Any:
    """The cotangent of a matrix out of that of the right-hand side and the solution."""
    return ops.negative(ops.matmul(one, transposed(other)))


def _column_rule(g: Any, out: Any, a: Any, b: Any) -> Any:
    return matrix_solve(transposed(a), g)


def _matrix_rule(g: Any, out: Any, a: Any, b: Any) -> Any:
    return _minus_outer(matrix_solve(transposed(a), g), out)


@primitive(
    why=LAPACK,
    infer=_infer_matrix_solve,
    promote=inexact,
    accepts=COMPUTABLE,
    vjp=(_matrix_rule, _column_rule),
    ulp=4,  # LAPACK's elimination grows with the condition of the matrix, which the case counts in
)
def matrix_solve(a: Array, b: Array) -> Array:
    """As `solve`, for matrices b whose axes in front are those of a.

    Args:
        a: Array; its last two axes are square matrices.
        b: Array; its last two axes are matrices with as many rows.

    Returns:
        The matrices by which those in a have to be multiplied to give those in b.

    >>> matrix_solve([[2.0, 0.0], [0.0, 4.0]], [[1.0], [1.0]])
    array([[0.5 ],
           [0.25]], dtype=float32)
    """


@composed(infer=_infer_solve, promote=inexact, accepts=COMPUTABLE, ulp=4)
def solve(a: Array, b: Array) -> Array:
    """Solve systems of linear equations.

    A singular matrix is an error, except in a function compiled by JAX, where it gives numbers that are not finite.

    Args:
        a: Array; its last two axes are square matrices.
        b: Array of the right-hand sides: with one axis less than a, a column for each matrix; else matrices with as
            many rows. Axes in front broadcast.

    Returns:
        The solutions x of `matmul(a, x) = b`, in the shape of b.

    >>> solve([[2.0, 0.0], [0.0, 4.0]], [1.0, 1.0])
    array([0.5 , 0.25], dtype=float32)
    """
    return all_in_single(lambda a, b: _of_columns(matrix_solve, a, b), a, b)


def _triangle(x: Any, lower: bool) -> Any:
    return lower_part(x) if lower else upper_part(x)


def _triangular_column_rule(g: Any, out: Any, a: Any, b: Any, lower: bool) -> Any:
    return triangular_solve(transposed(a), g, not lower)


def _triangular_matrix_rule(g: Any, out: Any, a: Any, b: Any, lower: bool) -> Any:
    return _triangle(_minus_outer(triangular_solve(transposed(a), g, not lower), out), lower)


@primitive(
    why=LAPACK,
    infer=_infer_matrix_solve,
    promote=inexact,
    accepts=COMPUTABLE,
    vjp=(_triangular_matrix_rule, _triangular_column_rule),
    ulp=4,  # substitution grows with the condition of the matrix, which the case counts in
)
def triangular_solve(a: Array, b: Array, lower: bool) -> Array:
    """As `solve_triangular`, for matrices b whose axes in front are those of a.

    Args:
        a: Array; its last two axes are square matrices, of which one triangle counts.
        b: Array; its last two axes are matrices with as many rows.
        lower: Whether the lower triangle counts, rather than the upper one.

    Returns:
        The matrices by which the triangles have to be multiplied to give those in b.

    >>> triangular_solve([[2.0, 9.0], [0.0, 4.0]], [[1.0], [4.0]], lower=True)
    array([[0.5],
           [1. ]], dtype=float32)
    """


@composed(infer=_infer_solve, promote=inexact, accepts=COMPUTABLE, ulp=4)
def solve_triangular(a: Array, b: Array, lower: bool = False) -> Array:
    """Solve systems of linear equations whose matrices are triangular.

    A zero on the diagonal gives numbers that are not finite.

    Args:
        a: Array; its last two axes are square matrices, of which one triangle counts.
        b: Array of the right-hand sides: with one axis less than a, a column for each matrix; else matrices with as
            many rows. Axes in front broadcast.
        lower: Whether the lower triangle counts, rather than the upper one.

    Returns:
        The solutions, in the shape of b.

    >>> solve_triangular([[2.0, 9.0], [0.0, 4.0]], [1.0, 4.0], lower=True)
    array([0.5, 1. ], dtype=float32)
    """
    return all_in_single(lambda a, b: _of_columns(lambda a, b: triangular_solve(a, b, lower), a, b), a, b)


@composed(infer=square, promote=inexact, accepts=COMPUTABLE, ulp=4)
def inv(x: Array) -> Array:
    """The inverses of square matrices.

    A singular matrix is an error, except in a function compiled by JAX, where it gives numbers that are not finite.

    Args:
        x: Array; its last two axes are the matrices.

    Returns:
        The inverses.

    >>> inv([[2.0, 0.0], [0.0, 4.0]])
    array([[0.5 , 0.  ],
           [0.  , 0.25]], dtype=float32)
    """
    check(require_square, x)
    return all_in_single(lambda x: solve(x, ops.broadcast_to(unit_matrix(x), ops.shape(x))), x)


@composed(infer=square, promote=inexact, accepts=COMPUTABLE, ulp=4)
def cholesky_inverse(x: Array, upper: bool = False) -> Array:
    """The inverses of symmetric positive definite matrices, out of their Cholesky factors.

    Args:
        x: Array; its last two axes are the factors, of which one triangle counts.
        upper: Whether it is the upper triangle, U with `U^T U` for the matrix, rather than the lower one, L with
            `L L^T`.

    Returns:
        The inverses of the matrices.

    >>> cholesky_inverse([[2.0, 0.0], [0.0, 4.0]])
    array([[0.25  , 0.    ],
           [0.    , 0.0625]], dtype=float32)
    """

    check(require_square, x)

    def inverse(x: Any) -> Any:
        root = solve_triangular(x, ops.broadcast_to(unit_matrix(x), ops.shape(x)), lower=not upper)
        return ops.matmul(root, adjoint(root)) if upper else ops.matmul(adjoint(root), root)

    return all_in_single(inverse, x)


# Determinants ----------------------------------------------------------------------------------------------


def _infer_number(x: Spec) -> Spec:
    require_square(x)
    return Spec(x.shape[:-2], x.dtype)


def _infer_sign_and_logarithm(x: Spec) -> tuple[Spec, Spec]:
    sign = _infer_number(x)
    return sign, Spec(sign.shape, real_of(sign.dtype))


def _logarithm_rule(g: Any, out: Any, x: Any) -> Any:
    by_number = g[1]
    if is_complex(x):  # the direction of the determinant turns with the imaginary part of its logarithm
        by_number = make_complex(by_number, ops.imag(ops.multiply(g[0], out[0])))
    return ops.multiply(_of_matrix(by_number), transposed(inv(x)))


def _of_matrix(g: Any) -> Any:
    """A number for each matrix, as a matrix that broadcasts."""
    return ops.expand_dims(g, (-1, -2))


@primitive(
    why=LAPACK,
    infer=_infer_number,
    promote=inexact,
    accepts=COMPUTABLE,
    vjp=(lambda g, out, x: ops.multiply(_of_matrix(ops.multiply(g, out)), transposed(inv(x))),),
    own_gradient=True,
    ulp=4,  # as an elimination, of which it is the product of the pivots
)
def determinant(x: Array) -> Array:
    """As `det`, in 32 bits at least.

    Args:
        x: Array; its last two axes are square matrices.

    Returns:
        A number for each matrix.

    >>> determinant([[2.0, 1.0], [0.0, 4.0]])
    array(8., dtype=float32)
    """


@composed(infer=_infer_number, promote=inexact, accepts=COMPUTABLE, ulp=4)
def det(x: Array) -> Array:
    """The determinants of square matrices. There is no gradient at a singular one.

    Args:
        x: Array; its last two axes are the matrices.

    Returns:
        A number for each matrix; 1 for one without rows.

    >>> det([[2.0, 1.0], [0.0, 4.0]])
    array(8., dtype=float32)
    """
    return all_in_single(determinant, x)


@primitive(
    why=LAPACK,
    infer=_infer_sign_and_logarithm,
    promote=inexact,
    accepts=COMPUTABLE,
    vjp=(_logarithm_rule,),
    own_gradient=True,
    ulp=4,
)
def sign_and_logarithm(x: Array) -> Any:
    """As `slogdet`, in 32 bits at least.

    Args:
        x: Array; its last two axes are square matrices.

    Returns:
        The signs, and the logarithms of the absolute values.

    >>> sign_and_logarithm([[-1.0, 0.0], [0.0, 1.0]])
    (array(-1., dtype=float32), array(0., dtype=float32))
    """


@composed(infer=_infer_sign_and_logarithm, promote=inexact, accepts=COMPUTABLE, ulp=4)
def slogdet(x: Array) -> tuple[Array, Array]:
    """Signs and logarithms of the determinants of square matrices, which may themselves be too large to be numbers.

    Args:
        x: Array; its last two axes are the matrices.

    Returns:
        The signs, 0 for a singular matrix, and the logarithms of the absolute values, for that -inf. Signs of real
        numbers have no gradient; the sign of a complex one is the number divided by its absolute value.

    >>> slogdet([[-1.0, 0.0], [0.0, 1.0]])
    (array(-1., dtype=float32), array(0., dtype=float32))
    """
    return all_in_single(sign_and_logarithm, x)


@composed(infer=lambda x: _infer_sign_and_logarithm(x)[1], promote=inexact, accepts=COMPUTABLE, ulp=4)
def logdet(x: Array) -> Array:
    """The logarithms of the absolute values of the determinants of square matrices.

    Args:
        x: Array; its last two axes are the matrices.

    Returns:
        A number for each matrix; -inf for a singular one.

    >>> logdet([[1.0, 0.0], [0.0, 1.0]])
    array(0., dtype=float32)
    """
    return slogdet(x)[1]
