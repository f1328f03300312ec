"""Functions of elements as functions of whole arrays, and scans whose steps can be taken in any order."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from .. import ops, tree
from ..errors import DTypeError, OptionError, ShapeError
from ..op import Function, Tree, composed
from ..spec import Spec, broadcast_shapes, normalize_axis, prod, same_size, show_shape
from .control import agree, scan_length


def _infer_vectorized_map(function: Any, elements: Any) -> Any:
    steps = scan_length(elements, None)
    y = function(tree.map_structure(lambda x: Spec(x.shape[1:], x.dtype), elements))
    return tree.map_structure(lambda y: Spec((steps, *ops.shape(y)), ops.dtype(y)), y)


@composed(infer=_infer_vectorized_map, ulp=8)
def vectorized_map(function: Function, elements: Tree) -> Any:
    """Call a function on each element along the first axis of arrays, all of them at once where the backend can.

    Args:
        function: Takes the elements of one place, in the structure of `elements`. It must not have side effects.
        elements: The arrays, or a structure of them.

    Returns:
        The results, joined along a new first axis.

    >>> vectorized_map(lambda x: sum(multiply(x, x)), array([[1.0, 2.0], [3.0, 4.0]]))
    array([ 5., 25.], dtype=float32)
    """
    return ops.map(function, elements)


# An associative function -----------------------------------------------------------------------------------


def _scanned_size(elems: Any, axis: int) -> Any:
    shapes = [ops.shape(x) for x in tree.flatten(elems)]
    sizes = [shape[normalize_axis(axis, len(shape))] for shape in shapes]
    if not all(same_size(size, sizes[0]) for size in sizes):
        raise ShapeError(
            f"expected arrays of one size on axis {axis}; got shapes {', '.join(map(show_shape, shapes))}."
        )
    return sizes[0]


def _infer_associative_scan(f: Any, elems: Any, reverse: bool, axis: int) -> Any:
    _scanned_size(elems, axis)
    return tree.map_structure(lambda x: Spec(x.shape, x.dtype), elems)


@composed(infer=_infer_associative_scan, ulp=4)
def associative_scan(f: Function, elems: Tree, reverse: bool = False, axis: int = 0) -> Any:
    """Combine the elements up to each one along an axis, in about 2 log2(n) calls of a function for n elements.

    Args:
        f: Combines the elements at several places of the axis with those at others, place by place: two arrays, or
            structures of them, to one. It must be associative.
        elems: The arrays, or a structure of them.
        reverse: Whether to combine from each element to the end.
        axis: The axis.

    Returns:
        The results, in the shapes of `elems`.

    >>> associative_scan(multiply, array([1.0, 2.0, 3.0, 4.0]))
    array([ 1.,  2.,  6., 24.], dtype=float32)
    """
    size = _scanned_size(elems, axis)
    if not isinstance(size, int):
        raise ShapeError(f"expected an axis of known size; axis {axis} has size {size}.")
    leaves, structure = tree.take_apart(tree.map_structure(ops.as_array, elems))
    axes = [normalize_axis(axis, len(ops.shape(x))) for x in leaves]

    def combined(one: list[Any], other: list[Any]) -> list[Any]:
        given = tree.put_together(structure, one)
        result = f(given, tree.put_together(structure, other))
        agree(given, result, "elements and what the function makes of two of them")
        return tree.flatten(result)

    def flipped(leaves: list[Any]) -> list[Any]:
        return [ops.flip(x, axis) for x, axis in zip(leaves, axes, strict=True)]

    results = _scanned(combined, flipped(leaves) if reverse else leaves, axes, size)
    return tree.put_together(structure, flipped(results) if reverse else results)


def _scanned(combined: Callable[..., list[Any]], xs: list[Any], axes: list[int], size: int) -> list[Any]:
    """Pairs of neighbours are combined and scanned, which gives every other result; one call more gives the rest."""

    def part(xs: list[Any], start: int, stop: int, step: int = 1) -> list[Any]:
        return [x[(slice(None),) * axis + (slice(start, stop, step),)] for x, axis in zip(xs, axes, strict=True)]

    if size < 2:
        return xs
    pairs = size // 2
    odd = _scanned(combined, combined(part(xs, 0, 2 * pairs, 2), part(xs, 1, size, 2)), axes, pairs)
    even = part(xs, 0, 1)
    if size > 2:
        rest = combined(part(odd, 0, (size - 1) // 2), part(xs, 2, size, 2))
        even = [ops.concatenate(ends, axis) for *ends, axis in zip(even, rest, axes, strict=True)]
    return [_alternating(one, other, axis) for one, other, axis in zip(even, odd, axes, strict=True)]


def _alternating(even: Any, odd: Any, axis: int) -> Any:
    """The elements of two arrays by turns; the first may have one more."""
    shape, other = ops.shape(even), ops.shape(odd)
    pairs = other[axis]
    both = ops.stack([even[(slice(None),) * axis + (slice(0, pairs),)], odd], axis + 1)
    both = ops.reshape(both, (*shape[:axis], 2 * pairs, *shape[axis + 1 :]))
    if shape[axis] == pairs:
        return both
    return ops.concatenate([both, even[(slice(None),) * axis + (slice(pairs, pairs + 1),)]], axis)


# Functions of numbers, or of small arrays ------------------------------------------------------------------

_NAMES = r"\((?:\w+(?:,\w+)*)?\)"
_SIGNATURE = re.compile(rf"{_NAMES}(?:,{_NAMES})*->{_NAMES}(?:,{_NAMES})*")


def _parsed(signature: str) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """For each argument and for each result the names of its axes."""
    text = re.sub(r"\s+", "", signature)
    if not _SIGNATURE.fullmatch(text):
        raise OptionError(f"expected a signature such as '(m,n),(n)->(m)'; got {signature!r}.").named("vectorize")

    def sides(side: str) -> list[tuple[str, ...]]:
        return [tuple(name for name in names.split(",") if name) for names in re.findall(r"\(([^)]*)\)", side)]

    arguments, results = text.split("->")
    return sides(arguments), sides(results)


def _loop_shape(shapes: list[tuple[Any, ...]], cores: list[tuple[str, ...]]) -> tuple[Any, ...]:
    """The shape over which the function is repeated: what the axes in front of those named have in common."""
    sizes: dict[str, Any] = {}
    for shape, core in zip(shapes, cores, strict=True):
        if len(shape) < len(core):
            raise ShapeError(
                f"expected an array with the axes ({','.join(core)}); got shape {show_shape(shape)}."
            ).named("vectorize")
        for name, size in zip(core, shape[len(shape) - len(core) :], strict=True):
            if not same_size(sizes.setdefault(name, size), size):
                raise ShapeError(f"axis {name} has sizes {sizes[name]} and {size}.").named("vectorize")
    return broadcast_shapes(*(shape[: len(shape) - len(core)] for shape, core in zip(shapes, cores, strict=True)))


def vectorize(pyfunc: Callable[..., Any], *, excluded: Any = None, signature: str | None = None) -> Callable[..., Any]:
    """Make a function of numbers, or of small arrays, one of arrays of any shape.

    Args:
        pyfunc: A function of ops on arrays without axes, or with those that `signature` names.
        excluded: The positions, or names, of arguments to pass on as they are.
        signature: The axes that the function takes and gives, such as "(m,n),(n)->(m)"; None for none.

    Returns:
        A function that is repeated over all other axes of its arguments, which broadcast.

    >>> vectorize(lambda x, y: maximum(x, y))([1.0, 5.0], [[2.0], [3.0]])
    array([[2., 5.],
           [3., 5.]], dtype=float32)
    >>> shape(vectorize(lambda m, v: matmul(m, v), signature="(m,n),(n)->(m)")(ones((2, 3)), ones((4, 3))))
    (4, 2)
    """
    if not callable(pyfunc):
        raise DTypeError(f"expected a function; got {pyfunc!r}.").named("vectorize")
    kept = set(excluded or ())
    parsed = None if signature is None else _parsed(signature)

    @functools.wraps(pyfunc)
    def run(*args: Any, **kwargs: Any) -> Any:
        keys = [i for i in range(len(args)) if i not in kept] + [name for name in kwargs if name not in kept]
        given = {**dict(enumerate(args)), **kwargs}
        cores = parsed[0] if parsed else [()] * len(keys)
        if len(cores) != len(keys):
            raise ShapeError(f"the signature is for {len(cores)} arrays; got {len(keys)}.").named("vectorize")
        arrays = [ops.as_array(given[key]) for key in keys]

        def call(elements: list[Any]) -> Any:
            values = {**given, **dict(zip(keys, elements, strict=True))}
            return pyfunc(*(values[i] for i in range(len(args))), **{name: values[name] for name in kwargs})

        if not arrays:
            return call([])
        return _repeated(call, arrays, cores)

    return run


def _repeated(call: Callable[[list[Any]], Any], arrays: list[Any], cores: list[tuple[str, ...]]) -> Any:
    """A function called for each place over which it is repeated."""
    shapes = [ops.shape(x) for x in arrays]
    loop = _loop_shape(shapes, cores)
    rows = []
    for x, shape, core in zip(arrays, shapes, cores, strict=True):
        inner = shape[len(shape) - len(core) :]
        rows.append(ops.reshape(ops.broadcast_to(x, (*loop, *inner)), (prod(loop), *inner)))
    results = ops.vectorized_map(call, rows)
    return tree.map_structure(lambda y: ops.reshape(y, (*loop, *ops.shape(y)[1:])), results)
