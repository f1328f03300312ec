"""Shapes and parts of matrices, for the ops of linear algebra."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops, tree
from ..dtypes import BOOLS, FLOATS, INTEGERS, Accepted, in_single
from ..errors import ShapeError
from ..spec import Spec, broadcast_shapes, same_size, show_shape, unknown_dim
from .complexes import conjugated

LAPACK = "the framework's binding of LAPACK"
REAL = Accepted(
    BOOLS | INTEGERS | FLOATS,
    "of complex matrices frameworks choose different pivots: solve, inv, det and slogdet take them, and give the same.",
)


def require_matrix(x: Spec) -> None:
    """Refuse arrays with fewer than two axes."""
    if x.ndim < 2:
        raise ShapeError(
            f"expected matrices, on the last two axes; got shape {show_shape(x.shape)}. Add axes with expand_dims."
        )


def require_square(x: Spec) -> None:
    """Refuse what is no square matrix."""
    require_matrix(x)
    if not same_size(x.shape[-1], x.shape[-2]):
        raise ShapeError(
            f"expected square matrices, on the last two axes; got shape {show_shape(x.shape)}. "
            "Use lstsq, pinv, qr or svd for others."
        )


def check(require: Callable[[Spec], None], x: Any) -> None:
    """Look at the shape of an array before a body computes with it: what it does might go well by broadcasting."""
    require(Spec(ops.shape(x)))


def square(x: Spec, *_: Any) -> Spec:
    """A square matrix gives one of the same shape."""
    require_square(x)
    return Spec(x.shape, x.dtype)


def smaller(one: Any, other: Any) -> Any:
    """The smaller of two sizes; where only the run can tell, a size with a name of its own."""
    try:
        return min(one, other)
    except ShapeError:
        return unknown_dim(1)


def rows_and_columns(x: Any) -> tuple[Any, Any]:
    """The sizes of the last two axes."""
    return ops.shape(x)[-2:]


def transposed(x: Any) -> Any:
    """Matrices with rows and columns exchanged."""
    return ops.swapaxes(x, -1, -2)


def lower_part(x: Any, diagonal: int = 0) -> Any:
    """Matrices with zeros above a diagonal."""
    return ops.where(np.tri(*rows_and_columns(x), diagonal, dtype=bool), x, 0)


def upper_part(x: Any, diagonal: int = 0) -> Any:
    """Matrices with zeros below a diagonal."""
    return ops.where(~np.tri(*rows_and_columns(x), diagonal - 1, dtype=bool), x, 0)


def diagonal(x: Any) -> Any:
    """The main diagonals of matrices, as rows."""
    count = min(rows_and_columns(x))
    return ops.sum(ops.where(np.eye(count, dtype=bool), x[..., :count, :count], 0), axis=-1)


def on_diagonal(x: Any) -> Any:
    """Square matrices with the given rows as their main diagonals."""
    return ops.where(np.eye(ops.shape(x)[-1], dtype=bool), ops.expand_dims(x, -1), 0)


def unit_matrix(x: Any) -> Any:
    """The identity, of the size and dtype of the square matrices."""
    return ops.cast(np.eye(ops.shape(x)[-1]), ops.dtype(x))


def adjoint(x: Any) -> Any:
    """Matrices with rows and columns exchanged, and their elements conjugated."""
    return conjugated(transposed(x))


def symmetric_part(x: Any) -> Any:
    """The mean of matrices and their adjoints."""
    return ops.multiply(ops.add(x, adjoint(x)), 0.5)


def with_same_batch(one: Any, other: Any) -> tuple[Any, Any]:
    """Matrices whose axes in front have been broadcast."""
    shapes = ops.shape(one), ops.shape(other)
    if shapes[0][:-2] == shapes[1][:-2]:
        return one, other
    batch = broadcast_shapes(shapes[0][:-2], shapes[1][:-2])
    return (
        ops.broadcast_to(one, (*batch, *shapes[0][-2:])),
        ops.broadcast_to(other, (*batch, *shapes[1][-2:])),
    )


def all_in_single(function: Callable[..., Any], *xs: Any) -> Any:
    """A function of arrays of one dtype, computed in float32 where that is narrower; a result may have parts."""
    own = ops.dtype(xs[0])
    if in_single(own) == own:
        return function(*xs)
    results = function(*(ops.cast(x, "float32") for x in xs))
    return tree.map_structure(lambda x: ops.cast(x, own) if ops.dtype(x) == "float32" else x, results)
