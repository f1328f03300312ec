"""Branches and loops in TensorFlow's graphs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from polykeras import tree
from polykeras.errors import ShapeError
from polykeras.op import OPS

from .tensorflow_table import KERNELS, body, shape_of


def _arrays(structure: Any) -> Any:
    """A structure whose numbers have become tensors, as TensorFlow wants what branches and loops return."""
    return tree.map_structure(lambda x: x if x is None else OPS["as_array"].function(x), structure)


def _in_graph(kernel: Callable[..., Any], name: str) -> None:
    """Enter a kernel for graphs; eagerly, the op's body runs."""
    body = OPS[name].body
    assert body is not None
    KERNELS[name] = lambda *args: body(*args) if tf.executing_eagerly() else kernel(*args)


def _cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    return _branches(lambda fns: tf.cond(tf.cast(pred, tf.bool), *fns), [true_fn, false_fn])


def _run_branch(index: Any, branches: Any, operands: Any) -> Any:
    index = tf.clip_by_value(tf.cast(index, tf.int32), 0, len(branches) - 1)
    calls = [functools.partial(branch, *operands) for branch in branches]
    return _branches(lambda fns: tf.switch_case(index, fns), calls)


def _branches(choose: Callable[[list[Callable[[], Any]]], Any], functions: Sequence[Callable[[], Any]]) -> Any:
    """Run one of several functions, whose results travel as lists of tensors."""
    structure: Any = None

    def flat(function: Callable[[], Any]) -> list[Any]:
        nonlocal structure
        leaves, found = tree.take_apart(_arrays(function()))
        if structure not in (None, found):
            raise TypeError(f"one branch gives {structure}, another {found}.")  # which the op words by its shapes
        structure = found
        return leaves

    leaves = choose([functools.partial(flat, function) for function in functions])
    return tree.put_together(structure, leaves if isinstance(leaves, (list, tuple)) else [leaves])


def _while_loop(cond: Any, body: Any, loop_vars: Any, maximum_iterations: int | None) -> Any:
    leaves, structure = tree.take_apart(_arrays(loop_vars))

    def values(leaves: Any) -> Any:
        return tree.put_together(structure, leaves)

    def step(*leaves: Any) -> list[Any]:
        now = values(leaves)
        return tree.flatten(_arrays(tree.like(now, tree.call(body, now))))

    last = tf.while_loop(
        lambda *leaves: tf.reshape(tree.call(cond, values(leaves)), ()),
        step,
        leaves,
        maximum_iterations=maximum_iterations,
    )
    return values(last)


def _fori_loop(lower: Any, upper: Any, body_fun: Any, init_val: Any) -> Any:
    lower, upper = tf.cast(lower, tf.int32), tf.cast(upper, tf.int32)
    _, value = _while_loop(
        lambda i, value: i < upper, lambda i, value: (i + 1, body_fun(i, value)), (lower, init_val), None
    )
    return value


def _scan(f: Any, init: Any, xs: Any, length: int | None, reverse: bool, unroll: Any) -> Any:
    columns, structure = tree.take_apart(xs)
    steps: Any = next((shape_of(x)[0] for x in columns if x is not None), length)
    if isinstance(steps, int) and steps == 0:
        return body("scan", f, init, xs, length, reverse, unroll)
    first, direction = (steps - 1, -1) if reverse else (0, 1)

    rows = [  # by lists, whose gradients are lists, too: that of `gather` would be a whole array in each step
        None if x is None else tf.TensorArray(x.dtype, steps, element_shape=x.shape[1:]).unstack(x) for x in columns
    ]

    def at(i: Any) -> Any:
        return tree.put_together(structure, [None if row is None else row.read(i) for row in rows])

    def collected(y: Any, collections: list[Any]) -> list[Any]:
        leaves = [leaf for leaf in tree.flatten(_arrays(y)) if leaf is not None]
        return [
            tf.raw_ops.TensorListPushBack(input_handle=collection, tensor=leaf)
            for collection, leaf in zip(collections, leaves, strict=True)
        ]

    init = _arrays(init)
    carry, y = f(init, at(first))  # the first step shows what the others give
    leaves, y_structure = tree.take_apart(_arrays(y))
    present = [x for x in leaves if x is not None]
    known = steps if isinstance(steps, int) else -1
    collections = [  # that only grow: of those that are written anywhere, XLA copies the whole in a step's gradient
        tf.raw_ops.EmptyTensorList(element_shape=_sizes(x), max_num_elements=known, element_dtype=x.dtype)
        for x in present
    ]
    collections = collected(y, collections)
    carried, carry_structure = tree.take_apart(_arrays(carry))
    before, structure_before = tree.take_apart(init)
    dtypes, dtypes_before = ([getattr(x, "dtype", None) for x in leaves] for leaves in (carried, before))
    if carry_structure != structure_before or dtypes != dtypes_before:
        raise ShapeError("another carry than the first")

    def step(k: Any, carried: list[Any], collections: list[Any]) -> Any:
        i = first + k * direction
        carry, y = f(tree.put_together(carry_structure, carried), at(i))
        return k + 1, tree.flatten(_arrays(carry)), collected(y, collections)

    _, carried, collections = tf.while_loop(
        lambda k, *_: k < steps, step, (1, carried, collections), maximum_iterations=steps - 1
    )
    stacked = iter(
        [
            tf.raw_ops.TensorListStack(
                input_handle=collection, element_shape=_sizes(x), element_dtype=x.dtype, num_elements=known
            )
            for collection, x in zip(collections, present, strict=True)
        ]
    )
    found = [None if leaf is None else next(stacked)[::direction] for leaf in leaves]
    ys = tree.put_together(y_structure, found)
    return tree.put_together(carry_structure, carried), ys


def _sizes(x: Any) -> Any:
    """The shape of an element of a list, -1 for sizes that are not known."""
    return tf.constant([-1 if size is None else size for size in x.shape], tf.int32)


def _vectorized_map(function: Any, elements: Any) -> Any:
    return tf.vectorized_map(lambda xs: _arrays(function(xs)), elements)


for _name, _kernel in (
    ("cond", _cond),
    ("run_branch", _run_branch),
    ("while_loop", _while_loop),
    ("fori_loop", _fori_loop),
    ("scan", _scan),
    ("vectorized_map", _vectorized_map),
):
    _in_graph(_kernel, _name)
