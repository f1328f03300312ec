"""Products of matrices, and of arrays with more axes."""

from __future__ import annotations

import functools
from typing import Any

from .. import ops
from .. import spec as specs
from ..dtypes import COMPUTABLE, inexact, multiplied, same
from ..errors import OptionError, ShapeError
from ..op import Array, Arrays, composed, names_its_errors, primitive
from ..spec import Spec, broadcast_shapes, normalize_axes, prod, same_size, show_shape
from ..symbolic import spec_of
from .rules import all_elements


def _infer_matmul(x1: Spec, x2: Spec) -> Spec:
    if not x1.ndim or not x2.ndim:
        raise ShapeError(
            f"expected arrays with at least one axis; got shapes {show_shape(x1.shape)} and {show_shape(x2.shape)}. "
            "Use multiply for numbers."
        )
    rows = x1.shape[-1]
    columns = x2.shape[-2] if x2.ndim > 1 else x2.shape[0]
    if not same_size(rows, columns):
        raise ShapeError(
            f"expected the last axis of x1 to have the size of the {'second last' if x2.ndim > 1 else 'only'} axis of "
            f"x2; got shapes {show_shape(x1.shape)} and {show_shape(x2.shape)}. Transpose or reshape one of them."
        )
    batch = broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
    return Spec((*batch, *x1.shape[-2:-1], *(x2.shape[-1:] if x2.ndim > 1 else ())), x1.dtype)


def _transposed(x: Any) -> Any:
    ndim = len(ops.shape(x))
    return ops.transpose(x, (1, 0) if ndim == 2 else (*range(ndim - 2), ndim - 1, ndim - 2))


def _matmul_left_rule(g: Any, out: Any, x1: Any, x2: Any) -> Any:
    if len(ops.shape(x2)) == 1:
        return ops.multiply(ops.expand_dims(g, -1), x2)
    if len(ops.shape(x1)) == 1:
        return ops.squeeze(matmul(ops.expand_dims(g, -2), _transposed(x2)), -2)
    return matmul(g, _transposed(x2))


def _matmul_right_rule(g: Any, out: Any, x1: Any, x2: Any) -> Any:
    ndim1, ndim2 = len(ops.shape(x1)), len(ops.shape(x2))
    if ndim1 == 1:
        column = ops.expand_dims(x1, -1)
        return ops.multiply(column, ops.expand_dims(g, -2)) if ndim2 > 1 else ops.multiply(x1, g)
    if ndim2 == 1:
        return ops.squeeze(matmul(_transposed(x1), ops.expand_dims(g, -1)), -1)
    if ndim2 == 2 < ndim1:  # for all matrices of a stack together
        x1, g = (ops.reshape(x, (prod(ops.shape(x)[:-1]), ops.shape(x)[-1])) for x in (x1, g))
    return matmul(_transposed(x1), g)


def _products(x1: Spec, x2: Spec) -> Any:
    return x1.shape[-1] if x1.ndim else 1


@primitive(
    why="the work of the hardware's matrix units",
    infer=_infer_matmul,
    promote=multiplied,
    accepts=COMPUTABLE,
    vjp=(_matmul_left_rule, _matmul_right_rule),
    summands=_products,
)
def matmul(x1: Array, x2: Array) -> Array:
    """The product of matrices, or of stacks of them.

    Args:
        x1: Array; its last two axes are the matrices. An array with one axis counts as a single row.
        x2: Array; likewise, one axis counts as a single column. Axes in front broadcast.

    Returns:
        The products, in int32 where the common dtype is int8. The axis that was added to an array with one axis is left
        out again.

    >>> matmul([[1.0, 2.0], [3.0, 4.0]], [[1.0], [1.0]])
    array([[3.],
           [7.]], dtype=float32)
    """


def _infer_affine(x: Spec, kernel: Spec, bias: Spec) -> Spec:
    if kernel.ndim != 2 or bias.ndim != 1 or not same_size(kernel.shape[1], bias.shape[0]):
        raise ShapeError(
            "expected kernel to be a matrix, and bias to have one axis, of the size of its second axis; got shapes "
            f"{show_shape(kernel.shape)} and {show_shape(bias.shape)}."
        )
    if not x.ndim or not same_size(x.shape[-1], kernel.shape[0]):
        raise ShapeError(
            "expected the last axis of x to have the size of the first axis of kernel; got shapes "
            f"{show_shape(x.shape)} and {show_shape(kernel.shape)}. Transpose or reshape one of them."
        )
    return Spec((*x.shape[:-1], kernel.shape[1]), x.dtype)


@composed(
    infer=_infer_affine, promote=inexact, accepts=COMPUTABLE, summands=lambda x, kernel, bias: kernel.shape[0] + 1
)
def affine(x: Array, kernel: Array, bias: Array) -> Array:
    """The product of rows with a matrix, plus a bias: what a dense layer computes.

    Args:
        x: Array; its last axis is the rows.
        kernel: Matrix with as many rows as x has columns.
        bias: Array of one axis, which is added to every row of the product.

    Returns:
        `matmul(x, kernel) + bias`, which frameworks may round once rather than twice.

    >>> affine([[1.0, 2.0]], [[1.0, 0.0], [0.0, 1.0]], [10.0, 20.0])
    array([[11., 22.]], dtype=float32)
    """
    if len(ops.shape(kernel)) != 2 or ops.shape(bias) != ops.shape(kernel)[1:]:  # which might go well by broadcasting
        _infer_affine(spec_of(x), spec_of(kernel), spec_of(bias))
    return ops.add(matmul(x, kernel), bias)


def _infer_dot(x1: Spec, x2: Spec) -> Spec:
    if not x1.ndim or not x2.ndim:
        return Spec((*x1.shape, *x2.shape), x1.dtype)
    return _infer_tensordot(x1, x2, ((-1,), (-2 if x2.ndim > 1 else 0,)))


@composed(infer=_infer_dot, promote=same, accepts=COMPUTABLE, summands=_products)
def dot(x1: Array, x2: Array) -> Array:
    """The product over the last axis of x1 and the second last of x2, of every row with every column.

    Args:
        x1: Array or number.
        x2: Array or number. Its only axis serves where it has one; a number multiplies.

    Returns:
        The products in the common dtype, also if that is int8: the remaining axes of x1, then those of x2.

    >>> dot([1.0, 2.0], [3.0, 4.0])
    array(11., dtype=float32)
    """
    ndims = len(ops.shape(x1)), len(ops.shape(x2))
    if 0 in ndims:
        return ops.multiply(x1, x2)
    if ndims[0] <= 2 and ndims[1] <= 2:
        return ops.cast(matmul(x1, x2), ops.dtype(x1))
    return tensordot(x1, x2, ((-1,), (-2 if ndims[1] > 1 else 0,)))


def _contracted(axes: Any, ndim1: int, ndim2: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if isinstance(axes, int):
        if not 0 <= axes <= min(ndim1, ndim2):
            raise ShapeError(f"cannot sum over {axes} axes of arrays that have {ndim1} and {ndim2}.")
        return tuple(range(ndim1 - axes, ndim1)), tuple(range(axes))
    if not isinstance(axes, (tuple, list)) or len(axes) != 2:
        raise OptionError(f"expected axes to be a number, or a pair of lists of axes; got {axes!r}.")
    return normalize_axes(axes[0], ndim1), normalize_axes(axes[1], ndim2)


def _contracted_axes(shape1: Any, shape2: Any, axes: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes of both arrays to sum over, whose sizes must be the same."""
    first, second = _contracted(axes, len(shape1), len(shape2))
    sizes = [shape1[a] for a in first], [shape2[a] for a in second]
    if len(first) != len(second) or not all(map(same_size, *sizes)):
        raise ShapeError(
            f"expected the axes to sum over to have the same sizes; got sizes {show_shape(sizes[0])} and "
            f"{show_shape(sizes[1])}, from shapes {show_shape(shape1)} and {show_shape(shape2)} with axes={axes}."
        )
    return first, second


def _infer_tensordot(x1: Spec, x2: Spec, axes: Any) -> Spec:
    first, second = _contracted_axes(x1.shape, x2.shape, axes)
    left = (size for a, size in enumerate(x1.shape) if a not in first)
    right = (size for a, size in enumerate(x2.shape) if a not in second)
    return Spec((*left, *right), x1.dtype)


@composed(infer=_infer_tensordot, promote=same, accepts=COMPUTABLE, summands=all_elements)
def tensordot(x1: Array, x2: Array, axes: Any = 2) -> Array:
    """The product summed over some axes of both arrays.

    Args:
        x1: Array.
        x2: Array.
        axes: How many of the last axes of x1 and the first of x2 to sum over; or a pair of lists that name them.

    Returns:
        The products: the remaining axes of x1, then those of x2.

    >>> tensordot([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0], axes=1)
    array([3., 7.], dtype=float32)
    """
    shape1, shape2 = ops.shape(x1), ops.shape(x2)
    first, second = _contracted_axes(shape1, shape2, axes)
    left = tuple(a for a in range(len(shape1)) if a not in first)
    right = tuple(a for a in range(len(shape2)) if a not in second)
    inner = specs.prod(shape1[a] for a in first)
    rows = ops.reshape(ops.transpose(x1, left + first), (specs.prod(shape1[a] for a in left), inner))
    columns = ops.reshape(ops.transpose(x2, second + right), (inner, specs.prod(shape2[a] for a in right)))
    products = ops.cast(matmul(rows, columns), ops.dtype(x1))
    return ops.reshape(products, (*(shape1[a] for a in left), *(shape2[a] for a in right)))


# Einstein's notation ---------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=1024)
def _parse(subscripts: str, ndims: tuple[int, ...]) -> tuple[tuple[str, ...], str]:
    """The letters of each operand's axes and of the result's; the axes of an ellipsis get letters of their own."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    inputs = left.split(",")
    if len(inputs) != len(ndims):
        raise ShapeError(f"{subscripts!r} is for {len(inputs)} arrays; got {len(ndims)}.")
    hidden = max((n - len(i.replace("...", "")) for i, n in zip(inputs, ndims, strict=True) if "..." in i), default=0)
    unused = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in text]
    spare = "".join(unused[: max(hidden, 0)])

    def expanded(letters: str, ndim: int) -> str:
        count = ndim - len(letters.replace("...", ""))
        letters = letters.replace("...", spare[len(spare) - count :] if count > 0 else "")
        if len(letters) != ndim or (not letters.isalpha() and letters):
            raise ShapeError(f"{subscripts!r} names {len(letters)} axes of an array that has {ndim}.")
        return letters

    operands = tuple(expanded(i, n) for i, n in zip(inputs, ndims, strict=True))
    everything = "".join(operands)
    if arrow:
        result = right.replace("...", spare)
    else:
        result = spare + "".join(sorted(c for c in set(everything) - set(spare) if everything.count(c) == 1))
    if len(set(result)) != len(result) or not set(result) <= set(everything):
        raise OptionError(f"the result of {subscripts!r} must name axes of the arrays, each of them once.")
    return operands, result


def _letter_sizes(operands: tuple[str, ...], shapes: list[tuple[Any, ...]]) -> dict[str, Any]:
    sizes: dict[str, Any] = {}
    for letters, shape in zip(operands, shapes, strict=True):
        for letter, size in zip(letters, shape, strict=True):
            known = sizes.setdefault(letter, size)
            if not same_size(known, size) and 1 not in (known, size):
                raise ShapeError(f"axis {letter!r} has size {known} in one array and {size} in another.")
            if isinstance(known, int) and known == 1:
                sizes[letter] = size
    return sizes


def _infer_contract(subscripts: str, operands: list[Spec]) -> Spec:
    letters, result = _parse(subscripts, tuple(x.ndim for x in operands))
    sizes = _letter_sizes(letters, [x.shape for x in operands])
    return Spec((sizes[c] for c in result), operands[0].dtype)


@functools.lru_cache(maxsize=1024)
def _contraction_order(operands: tuple[str, ...], result: str, shapes: tuple[tuple[int, ...], ...]) -> tuple[Any, ...]:
    import opt_einsum

    equation = f"{','.join(operands)}->{result}"
    path, _ = opt_einsum.contract_path(equation, *shapes, shapes=True, optimize="auto")
    return tuple(path)


@composed(
    infer=_infer_contract,
    promote=multiplied,
    accepts=COMPUTABLE,
    summands=lambda subscripts, operands: max(x.size for x in operands),
)
def contract(subscripts: str, operands: Arrays) -> Array:
    """As `einsum`, with the arrays in a list.

    Args:
        subscripts: A letter for each axis of each array, separated by commas, and after `->` for the result's.
        operands: The arrays.

    Returns:
        The sum of products, in int32 where the common dtype is int8.

    >>> contract("ij,jk->ik", [[[1.0, 2.0]], [[3.0], [4.0]]])
    array([[11.]], dtype=float32)
    """
    shapes = [ops.shape(x) for x in operands]
    letters, result = _parse(subscripts, tuple(map(len, shapes)))
    sizes = _letter_sizes(letters, shapes)
    terms = [_without_repeats(x, own) for x, own in zip(operands, letters, strict=True)]
    if len(terms) > 2:
        known = tuple(tuple(s if isinstance(s, int) else 16 for s in ops.shape(x)) for x, _ in terms)
        order = _contraction_order(tuple(own for _, own in terms), result, known)
    else:
        order = (tuple(range(len(terms))),)
    for places in order:
        chosen = [terms.pop(place) for place in sorted(places, reverse=True)]
        needed = set(result).union(*(own for _, own in terms))
        terms.append(_multiplied(_in_order(chosen, result), needed, sizes))
    return _arranged(*terms[0], result, sizes)


def _in_order(terms: list[tuple[Any, str]], result: str) -> list[tuple[Any, str]]:
    """The terms such that the axes of their product lie as those of the result, where that can be."""
    shared = set.intersection(*(set(own) for _, own in terms))
    return sorted(
        terms, key=lambda term: min((result.index(c) for c in term[1] if c in result and c not in shared), default=0)
    )


def _without_repeats(x: Any, letters: str) -> tuple[Any, str]:
    """An array with the diagonal taken of axes that have the same letter."""
    for letter in sorted(set(letters)):
        while letters.count(letter) > 1:
            first = letters.index(letter)
            second = letters.index(letter, first + 1)
            ndim = len(letters)
            order = [a for a in range(ndim) if a not in (first, second)]
            x = ops.transpose(x, (*order, first, second))
            shape = ops.shape(x)
            places = ops.arange(shape[-1])
            flat = ops.reshape(x, (*shape[:-2], shape[-1] * shape[-1]))
            x = ops.take(flat, ops.multiply(places, shape[-1] + 1), -1)
            letters = "".join(letters[a] for a in order) + letter
    return x, letters


def _summed(x: Any, letters: str, needed: set[str]) -> tuple[Any, str]:
    """An array summed over the axes that nobody needs any more."""
    over = tuple(a for a, letter in enumerate(letters) if letter not in needed)
    return (ops.cast(ops.sum(x, over), ops.dtype(x)) if over else x), "".join(c for c in letters if c in needed)


def _multiplied(terms: list[tuple[Any, str]], needed: set[str], sizes: dict[str, Any]) -> tuple[Any, str]:
    """One or two terms as one that has the needed axes, by a product of stacks of matrices."""
    if len(terms) == 1:
        return _summed(*terms[0], needed)
    (x1, own1), (x2, own2) = terms
    x1, own1 = _summed(x1, own1, needed | set(own2))
    x2, own2 = _summed(x2, own2, needed | set(own1))
    batch = "".join(c for c in own1 if c in own2 and c in needed)
    inner = "".join(c for c in own1 if c in own2 and c not in needed)
    left = "".join(c for c in own1 if c not in own2)
    right = "".join(c for c in own2 if c not in own1)
    x1, x2 = _spread(x1, own1, batch + inner, sizes), _spread(x2, own2, batch + inner, sizes)

    def matrices(x: Any, own: str, rows: str, columns: str) -> Any:
        x = ops.transpose(x, tuple(own.index(c) for c in batch + rows + columns))
        return ops.reshape(
            x, (*(sizes[c] for c in batch), *(specs.prod(sizes[c] for c in part) for part in (rows, columns)))
        )

    product = matmul(matrices(x1, own1, left, inner), matrices(x2, own2, inner, right))
    own = batch + left + right
    return ops.reshape(product, tuple(sizes[c] for c in own)), own


def _spread(x: Any, own: str, letters: str, sizes: dict[str, Any]) -> Any:
    """An array with the axes of these letters broadcast to their sizes."""
    shape = ops.shape(x)
    wanted = tuple(sizes[c] if c in letters else size for c, size in zip(own, shape, strict=True))
    return x if wanted == tuple(shape) else ops.broadcast_to(x, wanted)


def _arranged(x: Any, own: str, result: str, sizes: dict[str, Any]) -> Any:
    x, own = _summed(x, own, set(result))
    x = _spread(x, own, result, sizes)
    order = tuple(own.index(c) for c in result)
    return x if order == tuple(range(len(order))) else ops.transpose(x, order)


@names_its_errors
def einsum(subscripts: str, *operands: Array, **kwargs: Any) -> Array:
    """Multiply arrays and sum over axes, as written in Einstein's notation.

    Args:
        subscripts: A letter for each axis of each array, separated by commas; `...` for any axes in front. After
            `->` the letters of the result; without it, those that occur once, in alphabetical order.
        *operands: The arrays.
        **kwargs: Accepted for compatibility: the order of contraction is planned in any case.

    Returns:
        The sum of products, in int32 where the common dtype is int8.

    >>> einsum("ij,j->i", [[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0])
    array([3., 7.], dtype=float32)
    """
    return contract(subscripts, list(operands))
