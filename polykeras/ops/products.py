"""Products of vectors and arrays, and distances."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..dtypes import COMPUTABLE, NUMBERS, inexact, same
from ..errors import ShapeError
from ..op import Array, composed
from ..spec import Dim, Spec, broadcast_shapes, normalize_axis, same_size, show_shape
from .complexes import conjugated
from .matrices import REAL, all_in_single
from .rules import all_elements


def _infer_inner(x1: Spec, x2: Spec) -> Spec:
    if not x1.ndim or not x2.ndim:
        return Spec((*x1.shape, *x2.shape), x1.dtype)
    if not same_size(x1.shape[-1], x2.shape[-1]):
        raise ShapeError(
            f"expected the last axes to have one size; got shapes {show_shape(x1.shape)} and {show_shape(x2.shape)}. "
            "Transpose or reshape one of them."
        )
    return Spec((*x1.shape[:-1], *x2.shape[:-1]), x1.dtype)


@composed(
    infer=_infer_inner,
    promote=same,
    accepts=COMPUTABLE,
    summands=lambda x1, x2: x1.shape[-1] if x1.ndim and x2.ndim else 1,
)
def inner(x1: Array, x2: Array) -> Array:
    """The product summed over the last axes, of every row of x1 with every row of x2.

    Args:
        x1: Array or number.
        x2: Array with a last axis of the same size; or a number, which multiplies.

    Returns:
        The sums: the remaining axes of x1, then those of x2.

    >>> inner([1.0, 2.0], [3.0, 4.0])
    array(11., dtype=float32)
    """
    if not ops.ndim(x1) or not ops.ndim(x2):
        return ops.multiply(x1, x2)
    return ops.tensordot(x1, x2, ((-1,), (-1,)))


@composed(infer=lambda x1, x2: Spec((x1.size, x2.size), x1.dtype), promote=same, accepts=COMPUTABLE, ulp=1)
def outer(x1: Array, x2: Array) -> Array:
    """The products of every element of x1 with every element of x2.

    Args:
        x1: Array or number, which is flattened.
        x2: Array or number, which is flattened.

    Returns:
        A matrix with a row for each element of x1 and a column for each of x2.

    >>> outer([1.0, 2.0], [3.0, 4.0])
    array([[3., 4.],
           [6., 8.]], dtype=float32)
    """
    return ops.multiply(ops.reshape(x1, (-1, 1)), ops.reshape(x2, (1, -1)))


def _with_axes(shape: tuple[Any, ...], ndim: int) -> tuple[Any, ...]:
    return (1,) * (ndim - len(shape)) + tuple(shape)


def _infer_kron(x1: Spec, x2: Spec) -> Spec:
    ndim = max(x1.ndim, x2.ndim)
    pairs = zip(_with_axes(x1.shape, ndim), _with_axes(x2.shape, ndim), strict=True)
    return Spec((one * other for one, other in pairs), x1.dtype)


@composed(infer=_infer_kron, promote=same, accepts=COMPUTABLE, ulp=1)
def kron(x1: Array, x2: Array) -> Array:
    """The Kronecker product: x1, with each element replaced by its product with the whole of x2.

    Args:
        x1: Array or number.
        x2: Array or number. The one with fewer axes gets axes of size 1 in front.

    Returns:
        The products. The size of each axis is the product of the sizes.

    >>> kron([1.0, 10.0], [1.0, 2.0])
    array([ 1.,  2., 10., 20.], dtype=float32)
    """
    ndim = max(ops.ndim(x1), ops.ndim(x2))
    one, other = _with_axes(ops.shape(x1), ndim), _with_axes(ops.shape(x2), ndim)
    apart = ops.reshape(x1, [size for pair in zip(one, (1,) * ndim, strict=True) for size in pair])
    inside = ops.reshape(x2, [size for pair in zip((1,) * ndim, other, strict=True) for size in pair])
    return ops.reshape(ops.multiply(apart, inside), [a * b for a, b in zip(one, other, strict=True)])


def _infer_vdot(x1: Spec, x2: Spec) -> Spec:
    if not same_size(x1.size, x2.size):
        raise ShapeError(
            "expected arrays with the same number of elements; got shapes "
            f"{show_shape(x1.shape)} and {show_shape(x2.shape)}."
        )
    return Spec((), x1.dtype)


@composed(infer=_infer_vdot, promote=same, accepts=COMPUTABLE, summands=all_elements)
def vdot(x1: Array, x2: Array) -> Array:
    """The sum of the products of the elements, those of x1 conjugated.

    Args:
        x1: Array or number, which is flattened.
        x2: Array or number with as many elements, which is flattened.

    Returns:
        The sum.

    >>> vdot([[1.0, 2.0]], [3.0, 4.0])
    array(11., dtype=float32)
    """
    return ops.cast(ops.matmul(conjugated(ops.ravel(x1)), ops.ravel(x2)), ops.dtype(x1))


def _cross_axes(ndim1: int, ndim2: int, axes: tuple[int, int, int], axis: int | None) -> tuple[int, int, int]:
    first, second, third = axes if axis is None else (axis, axis, axis)
    return normalize_axis(first, ndim1), normalize_axis(second, ndim2), third


def _infer_cross(x1: Spec, x2: Spec, axisa: int, axisb: int, axisc: int, axis: int | None) -> Spec:
    first, second, third = _cross_axes(x1.ndim, x2.ndim, (axisa, axisb, axisc), axis)
    sizes = x1.shape[first], x2.shape[second]
    if 3 not in sizes and any(isinstance(size, Dim) for size in sizes):
        raise ShapeError(f"whether vectors have size 2 or 3 must be known; got sizes {sizes[0]} and {sizes[1]}.")
    if any(isinstance(size, int) and size not in (2, 3) for size in sizes):
        raise ShapeError(
            f"expected vectors of size 2 or 3; got sizes {sizes[0]} and {sizes[1]}, from shapes "
            f"{show_shape(x1.shape)} and {show_shape(x2.shape)}. Choose other axes."
        )
    shape = broadcast_shapes((*x1.shape[:first], *x1.shape[first + 1 :]), (*x2.shape[:second], *x2.shape[second + 1 :]))
    if sizes == (2, 2):
        return Spec(shape, x1.dtype)
    place = normalize_axis(third, len(shape) + 1)
    return Spec((*shape[:place], 3, *shape[place:]), x1.dtype)


@composed(infer=_infer_cross, promote=same, accepts=NUMBERS)
def cross(x1: Array, x2: Array, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Array:
    """The cross product of vectors of size 3, or 2.

    Args:
        x1: Array of vectors.
        x2: Array of vectors; the other axes broadcast. A vector of size 2 beside one of size 3 has a third element 0.
        axisa: The axis of x1 that holds the vectors.
        axisb: The axis of x2 that holds the vectors.
        axisc: The axis of the result that is to hold the vectors.
        axis: Stands for all three, where it is given.

    Returns:
        Vectors at right angles to both; of two vectors of size 2 the third element alone, without an axis.

    >>> cross([1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    array([0., 0., 1.], dtype=float32)
    """
    first, second, third = _cross_axes(ops.ndim(x1), ops.ndim(x2), (axisa, axisb, axisc), axis)
    a, b = (list(ops.unstack(x, axis=place)) for x, place in ((x1, first), (x2, second)))
    if not {len(a), len(b)} <= {2, 3}:
        _infer_cross(Spec(ops.shape(x1)), Spec(ops.shape(x2)), axisa, axisb, axisc, axis)
    last = _difference_of_products(a[0], b[1], a[1], b[0])
    if len(a) == len(b) == 2:
        return last
    zeros = [ops.zeros_like(parts[0]) for parts in (a, b)]
    a, b = (parts if len(parts) == 3 else [*parts, zero] for parts, zero in zip((a, b), zeros, strict=True))
    parts = [_difference_of_products(a[1], b[2], a[2], b[1]), _difference_of_products(a[2], b[0], a[0], b[2]), last]
    return ops.stack(parts, axis=third)


def _difference_of_products(a: Any, b: Any, c: Any, d: Any) -> Any:
    return ops.subtract(ops.multiply(a, b), ops.multiply(c, d))


def safe_root(x: Any) -> Any:
    """The square root of numbers that are not negative, whose gradient at 0 is 0."""
    zero = ops.equal(x, 0)
    return ops.where(zero, 0, ops.sqrt(ops.where(zero, 1, x)))


def _infer_cdist(x: Spec, y: Spec) -> Spec:
    if x.ndim < 2 or y.ndim < 2 or not same_size(x.shape[-1], y.shape[-1]):
        raise ShapeError(
            "expected arrays of points, with at least two axes and a last axis of one size; got shapes "
            f"{show_shape(x.shape)} and {show_shape(y.shape)}. Reshape one of them."
        )
    batch = broadcast_shapes(x.shape[:-2], y.shape[:-2])
    return Spec((*batch, x.shape[-2], y.shape[-2]), x.dtype)


@composed(
    infer=_infer_cdist,
    promote=inexact,
    accepts=REAL,
    summands=lambda x, y: x.shape[-1],
)
def cdist(x: Array, y: Array) -> Array:
    """The Euclidean distances between every point of x and every point of y. The gradient at distance 0 is 0.

    Args:
        x: Array whose last two axes are points and their coordinates.
        y: Array of points with as many coordinates. Axes in front broadcast.

    Returns:
        Distances: a row for each point of x, a column for each of y.

    >>> cdist([[0.0, 0.0], [3.0, 0.0]], [[0.0, 4.0]])
    array([[4.],
           [5.]], dtype=float32)
    """

    def distances(x: Any, y: Any) -> Any:
        _infer_cdist(Spec(ops.shape(x)), Spec(ops.shape(y)))
        apart = ops.subtract(ops.expand_dims(x, -2), ops.expand_dims(y, -3))
        return safe_root(ops.sum(ops.square(apart), axis=-1))

    return all_in_single(distances, x, y)
