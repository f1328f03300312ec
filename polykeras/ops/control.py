"""Control flow: branches and loops that a compiled function can hold.

The bodies run as Python does, which is all that an eager backend needs. Backends that compile override them.
"""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable
from typing import Any

from .. import mistakes, ops, tree
from ..errors import CallError, OptionError, ShapeError
from ..interpreters import ABSENT, NESTED, kind_or_none
from ..op import Function, Functions, Index, Mask, Tree, composed, names_its_errors
from ..spec import Spec, same_size, show_shape
from ..symbolic import spec_of


def agree(one: Any, other: Any, what: str) -> Any:
    """The Specs of two results that must have the same structure, shapes and dtypes."""
    (ones, structure), (others, other_structure) = (tree.take_apart(result) for result in (one, other))
    specs, other_specs = ([_spec_or_none(leaf) for leaf in leaves] for leaves in (ones, others))
    if structure != other_structure or not builtins.all(builtins.map(_alike, specs, other_specs)):
        shown = [", ".join(_shown(each)) for each in (specs, other_specs)]
        raise ShapeError(f"{what} must give the same structure, shapes and dtypes; got {shown[0]} and {shown[1]}.")
    return tree.put_together(structure, specs)


def _alike(one: Spec | None, other: Spec | None) -> bool:
    if one is None or other is None:
        return one is other
    if one.dtype != other.dtype or one.ndim != other.ndim:
        return False
    return builtins.all(builtins.map(same_size, one.shape, other.shape))


def _spec_or_none(x: Any) -> Spec | None:
    return None if x is None else spec_of(x)


def _shown(specs: list[Spec | None]) -> list[str]:
    """Specs as a reader expects them."""
    return ["None" if spec is None else f"{spec.dtype}{show_shape(spec.shape)}" for spec in specs]


def _arrays(structure: Any) -> Any:
    """A structure whose numbers have become arrays, as every round of a loop has them, and every backend."""
    return tree.map_structure(lambda x: x if x is None else ops.as_array(x), structure)


def _infer_cond(pred: Spec, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    if pred.ndim:
        raise ShapeError(
            f"expected one condition; got an array of shape {show_shape(pred.shape)}. Use where to choose elements."
        )
    return agree(true_fn(), false_fn(), "both branches")


@composed(infer=_infer_cond)
def cond(pred: Mask, true_fn: Function, false_fn: Function) -> Any:
    """Call one of two functions.

    Args:
        pred: The condition, an array without axes, or a bool.
        true_fn: Called without arguments where the condition holds.
        false_fn: Called otherwise. It gives results of the same structure, shapes and dtypes.

    Returns:
        What the function returned.

    >>> cond(True, lambda: ones((2,)), lambda: zeros((2,)))
    array([1., 1.], dtype=float32)
    """
    return true_fn() if pred else false_fn()


def _infer_branch(index: Spec, branches: Any, operands: Any) -> Any:
    results = [branch(*operands) for branch in branches]
    first = results[0]
    for other in results:
        agreed = agree(first, other, "all branches")
    return agreed


@composed(infer=_infer_branch)
def run_branch(index: Index, branches: Functions, operands: Tree) -> Any:
    """As `switch`, with the arguments in a list.

    Args:
        index: Which function to call.
        branches: The functions.
        operands: The arguments.

    Returns:
        What the function returned.

    >>> run_branch(1, [lambda x: add(x, 1), lambda x: multiply(x, 5)], [2.0])
    array(10., dtype=float32)
    """
    return branches[builtins.min(builtins.max(int(index), 0), len(branches) - 1)](*operands)


@names_its_errors
def switch(index: Any, branches: Any, *operands: Any) -> Any:
    """Call one of several functions.

    Args:
        index: Which one, an integer or an array without axes. What is too small means the first, too large the last.
        branches: The functions. They give results of the same structure, shapes and dtypes.
        *operands: What they are called with.

    Returns:
        What the function returned.

    >>> switch(1, [lambda x: add(x, 1), lambda x: multiply(x, 5)], 2.0)
    array(10., dtype=float32)
    """
    if not branches:
        raise OptionError("there is no function to call: the list of branches is empty.")
    return run_branch(index, list(branches), operands)


def _infer_while_loop(cond: Any, body: Any, loop_vars: Any, maximum_iterations: Any) -> Any:
    if maximum_iterations is not None:
        operator.index(maximum_iterations)
    _one_condition(tree.call(cond, loop_vars))
    return agree(loop_vars, tree.like(loop_vars, tree.call(body, loop_vars)), LOOP)


def _one_condition(holds: Any) -> Any:
    """What a loop's condition gave, after a look at whether it is one."""
    if kind_or_none(type(holds)) in (None, NESTED, ABSENT):
        raise CallError(f"expected cond to give one condition; got {holds!r}. Is a return missing?")
    shape = spec_of(holds).shape
    if any(not same_size(size, 1) for size in shape):
        raise ShapeError(
            f"expected cond to give one condition; got an array of shape {show_shape(shape)}. "
            "Use all or any to make one of it."
        )
    return holds


LOOP, COUNTED, CARRIED = (
    "the loop's variables and its body",
    "the first value and the body",
    "the first carry and the function's",
)
"""What must agree in the three kinds of loops."""


@composed(infer=_infer_while_loop)
def while_loop(cond: Function, body: Function, loop_vars: Tree, maximum_iterations: int | None = None) -> Any:
    """Repeat a function as long as a condition holds.

    Args:
        cond: Tells from the variables whether to go on.
        body: Makes new variables of the old ones, in the same structure, shapes and dtypes. Numbers become arrays.
        loop_vars: The first variables: a tuple or list, whose parts the functions take one by one, or anything else.
        maximum_iterations: When to stop in any case.

    Returns:
        The last variables.

    >>> while_loop(lambda x: less(x, 100), lambda x: multiply(x, 2), 3)
    array(192, dtype=int32)
    """
    rounds, values = 0, _arrays(loop_vars)
    limit = None if maximum_iterations is None else operator.index(maximum_iterations)
    while limit is None or rounds < limit:
        holds = tree.call(cond, values)
        if not (holds if rounds else _one_condition(holds)):
            break
        following = _arrays(tree.like(values, tree.call(body, values)))
        if not rounds:
            agree(values, following, LOOP)
        values, rounds = following, rounds + 1
    return values


def _infer_fori_loop(lower: Spec, upper: Spec, body_fun: Any, init_val: Any) -> Any:
    return agree(init_val, body_fun(Spec((), "int32"), init_val), COUNTED)


@composed(infer=_infer_fori_loop, ulp=16)
def fori_loop(lower: Index, upper: Index, body_fun: Function, init_val: Tree) -> Any:
    """Repeat a function for each number of a range.

    Args:
        lower: The first number.
        upper: The end, which is left out.
        body_fun: Takes the number and the value, and gives the new value, in the same structure, shapes and dtypes.
        init_val: The first value, an array or a structure of them.

    Returns:
        The last value.

    >>> fori_loop(0, 4, lambda i, total: add(total, i), 0)
    array(6, dtype=int32)
    """
    value, first = _arrays(init_val), int(lower)
    for number in range(first, int(upper)):
        following = _arrays(body_fun(ops.as_array(number), value))
        if number == first:
            agree(value, following, COUNTED)
        value = following
    return value


def scan_length(xs: Any, length: int | None) -> Any:
    """The number of steps of a scan."""
    shapes = [ops.shape(x) for x in tree.flatten(xs) if x is not None]
    if () in shapes:
        raise ShapeError(
            "expected arrays to run along, with at least one axis; got a number. Lists and tuples are structures of "
            "arrays: make an array of a list of numbers."
        )
    lengths = {shape[0] for shape in shapes}
    if length is not None:
        lengths.add(length)
    if len(lengths) != 1:
        given = f"the lengths {sorted(lengths)}" if lengths else "neither"
        raise ShapeError(
            f"expected arrays with one length on their first axis, or a length; got {given}. Pass xs, or length=10 for "
            "ten rounds without arrays."
        )
    return lengths.pop()


def _step(f: Function, carry: Any, x: Any) -> tuple[Any, Any]:
    """What the function of a scan gives, which is a pair."""
    result = f(carry, x)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise CallError(
            "expected f to return a pair, of the next value to hand on and a result, which may be None; got "
            f"{mistakes.shown(result)}."
        )
    return result[0], result[1]


def _infer_scan(f: Any, init: Any, xs: Any, length: Any, reverse: bool, unroll: Any) -> Any:
    steps = scan_length(xs, length)
    x = tree.map_structure(lambda x: None if x is None else Spec(x.shape[1:], x.dtype), xs)
    carry, y = _step(f, init, x)
    carry = agree(init, carry, CARRIED)
    stacked = tree.map_structure(lambda y: None if y is None else Spec((steps, *ops.shape(y)), ops.dtype(y)), y)
    return carry, stacked


@composed(
    infer=_infer_scan,
    ulp=32,  # five steps of tanh, each good to a few units
)
def scan(
    f: Function, init: Tree, xs: Tree = None, length: int | None = None, reverse: bool = False, unroll: Any = 1
) -> Any:
    """Run a function along the first axis of arrays, handing a value on from step to step.

    Args:
        f: Takes the value that is handed on and the elements of this step; gives the next value, in the same
            structure, shapes and dtypes, and a result.
        init: The first value, an array or a structure of them.
        xs: The arrays to run along, or a structure of them, as lists are.
        length: The number of steps, where there are no arrays.
        reverse: Whether to run from the last element to the first.
        unroll: How many steps a compiled loop does at a time.

    Returns:
        The last value, and the results joined along a new first axis.

    >>> scan(lambda total, x: (add(total, x), multiply(total, x)), 0.0, array([1.0, 2.0, 3.0]))
    (array(6., dtype=float32), array([0., 2., 9.], dtype=float32))
    """
    steps = scan_length(xs, length)
    carry, results = _arrays(init), []
    leaves, structure = tree.take_apart(xs)
    columns = [[None] * steps if x is None else ops.unstack(x) for x in leaves]
    for step in range(steps)[::-1] if reverse else range(steps):
        following, result = _step(f, carry, tree.put_together(structure, [column[step] for column in columns]))
        following = _arrays(following)
        if not results:
            agree(carry, following, CARRIED)
        carry = following
        results.append(result)
    if reverse:
        results.reverse()
    if not results:
        first, rows = tree.map_structure(_spec_or_none, init), tree.map_structure(_spec_or_none, xs)
        _, specs = _infer_scan(f, first, rows, length, reverse, unroll)
        return carry, tree.map_structure(
            lambda spec: spec if spec is None else ops.zeros(spec.shape, spec.dtype), specs
        )
    return carry, tree.map_structure(lambda *ys: None if ys[0] is None else ops.stack(ys), *results)


@composed(infer=lambda f, xs, donate: tree.call(f, xs))
def elementwise(f: Function, xs: Tree, donate: Any = ()) -> Any:
    """Call a function that computes element by element on arrays of one shape.

    Where every intermediate result is written to memory, it is called on one part of the arrays after the other, small
    enough for the processor's cache.

    Args:
        f: A function of arrays that gives an array of the same shape, or a structure of them. What it makes of an
            element must not depend on the others.
        xs: The arrays, a tuple or list whose parts the function takes one by one, or one array.
        donate: The positions of arrays whose memory may be used for the results, and which are lost to the caller.

    Returns:
        What the function returned.

    >>> elementwise(lambda x, y: add(multiply(x, x), y), (array([1.0, 2.0]), array([3.0, 4.0])))
    array([4., 8.], dtype=float32)
    """
    return tree.call(f, xs)


def _infer_map(f: Any, xs: Any) -> Any:
    steps = scan_length(xs, None)
    y = f(tree.map_structure(lambda x: Spec(x.shape[1:], x.dtype), xs))
    return tree.map_structure(lambda y: Spec((steps, *ops.shape(y)), ops.dtype(y)), y)


@composed(infer=_infer_map, ulp=8)
def map(f: Function, xs: Tree) -> Any:
    """Call a function on each element along the first axis of arrays, and join the results.

    Args:
        f: Takes the elements of one place, in the structure of `xs`.
        xs: The arrays, or a structure of them, as lists are.

    Returns:
        The results, joined along a new first axis.

    >>> map(lambda x: multiply(x, 2), array([1.0, 2.0]))
    array([2., 4.], dtype=float32)
    """
    _, results = scan(lambda carry, x: (carry, f(x)), (), xs)
    return results
