"""Gradients by TensorFlow's tapes: the hooks of the backend."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import tensorflow as tf
from tensorflow.python.eager.record import should_record_backprop

from polykeras import tree
from polykeras.errors import GradientError

DIFFERENTIATING: ContextVar[bool] = ContextVar("polykeras_tensorflow_differentiating", default=False)
"""Whether a tape is there because polykeras computes a gradient."""


@contextlib.contextmanager
def setting(variable: ContextVar[Any], value: Any) -> Iterator[None]:
    """Have a context variable hold a value for a block."""
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


def total(x: Any, axes: Any, keepdims: bool = False) -> Any:
    """A sum, which of float16 TensorFlow would add up in 16 bits on a processor."""
    if x.dtype == tf.float16:
        return tf.cast(total(tf.cast(x, tf.float32), axes, keepdims), tf.float16)
    return tf.raw_ops.Sum(input=x, axis=axes, keep_dims=keepdims)


def summed_to(x: Any, g: Any) -> Any:
    """The cotangent of an array that was broadcast."""
    if g.shape.is_fully_defined() and g.shape == x.shape:
        return g
    axes, _ = tf.raw_ops.BroadcastGradientArgs(s0=tf.shape(x), s1=tf.shape(g))
    return tf.reshape(total(g, axes), tf.shape(x))


class TensorflowGradients:
    """The gradient hooks of the backend, on tapes."""

    def value_and_grad(self, function: Callable[[list], tuple[Any, list]], arrays: list) -> tuple[Any, list, list]:
        """Value, auxiliary results, and the gradient of the value with respect to each of the arrays."""
        leaves = [tf.identity(x) for x in arrays]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([x for x in leaves if _has_gradient(x)])
            with setting(DIFFERENTIATING, True):
                value, aux = function(leaves)
        return value, aux, _pull(tape, [value], leaves, None)

    def vjp(self, function: Callable[[list], list], arrays: list) -> tuple[list, Callable[[list], list]]:
        """Results, and the function that pulls cotangents of the results back to the arrays."""
        leaves = [tf.identity(x) for x in arrays]
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch([x for x in leaves if _has_gradient(x)])
            with setting(DIFFERENTIATING, True):
                results = [tf.identity(x) for x in function(leaves)]
        return results, lambda cotangents: _pull(tape, results, leaves, cotangents)

    def custom_gradient(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """`function(*args)[0]`, whose gradient is what `function(*args)[1]` makes of the cotangent."""
        leaves, structure = tree.take_apart(args)
        result_structure: Any = None

        @tf.custom_gradient
        def run(*leaves: Any) -> tuple[list[Any], Callable[..., Any]]:
            nonlocal result_structure
            with setting(DIFFERENTIATING, False):  # what happens inside has the gradient that it brings
                result, gradient = function(*tree.put_together(structure, leaves))
            results, result_structure = tree.take_apart(result)
            return results, lambda *gs: tree.flatten(gradient(*gs))

        results = run(*leaves)
        return tree.put_together(result_structure, results)

    def with_rules(self, op: Any, compute: Callable[..., Any]) -> Callable[..., Any]:
        """A kernel of an op whose gradient is that of the op's rules, which are bilinear, unlike TensorFlow's."""

        def run(*args: Any) -> Any:
            given = [tf.convert_to_tensor(args[i]) for i in op.positions]  # a variable by itself is on no tape
            if tf.executing_eagerly() and not should_record_backprop(given):
                return compute(*args)

            def whole(arrays: Sequence[Any]) -> list[Any]:
                given = list(args)
                for position, array in zip(op.positions, arrays, strict=True):
                    given[position] = array
                return given

            @tf.custom_gradient
            def function(*arrays: Any) -> Any:
                def gradient(*cotangents: Any) -> list[Any]:
                    given = whole(arrays)
                    out = run(*given)  # again, so that a gradient of this gradient knows the rules too
                    g = tuple(map(tf.math.conj, cotangents))
                    results = [rule(g if isinstance(out, tuple) else g[0], out, *given) for rule in op.vjp]
                    return [summed_to(x, tf.math.conj(result)) for x, result in zip(arrays, results, strict=True)]

                return compute(*whole(arrays)), gradient

            return function(*(args[position] for position in op.positions))

        return run

    def remat(self, function: Callable[..., Any], used: Callable[[], list]) -> Callable[..., Any]:
        """The same function, which computes its intermediate results again for the gradient.

        TensorFlow's own can do so once, but not for a gradient of the gradient.
        """

        def recomputing(leaves: list[Any], structure: tree.Structure) -> tuple[tree.Structure, list[Any]]:
            result_structure: Any = None

            def again(leaves: Sequence[Any]) -> list[Any]:
                nonlocal result_structure
                results, result_structure = tree.take_apart(function(*tree.put_together(structure, leaves)))
                return results

            @tf.custom_gradient
            def call(*leaves: Any) -> tuple[list[Any], Callable[..., Any]]:
                results = again([tf.stop_gradient(x) for x in leaves])  # so that no tape around it keeps what is inside
                return results, lambda *gs: self.vjp(again, list(leaves))[1](list(gs))

            results: Any = call(*leaves)
            return result_structure, results

        def run(*args: Any) -> Any:
            leaves, structure = tree.take_apart(args)
            traced = tf.function(lambda *xs: tree.flatten(function(*tree.put_together(structure, xs))), autograph=False)
            inputs = traced.get_concrete_function(*leaves).captured_inputs
            known = {id(x) for x in used()}
            captured = [x for x in inputs if _has_gradient(x) and id(x) not in known]
            if captured:
                raise GradientError(
                    f"remat: on tensorflow the function may use its arguments and variables; it uses {len(captured)} "
                    "other tensors too, whose gradients would be lost. Make them arguments."
                )
            return tree.put_together(*recomputing(leaves, structure))

        return run


def _pull(tape: tf.GradientTape, results: list[Any], leaves: list[Any], cotangents: list[Any] | None) -> list[Any]:
    floats = [i for i, x in enumerate(results) if _has_gradient(x)]
    gradients = tape.gradient(
        [results[i] for i in floats],
        leaves,
        None if cotangents is None else [cotangents[i] for i in floats],
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )
    return [tf.convert_to_tensor(g) for g in gradients]  # the gradient of a gather comes as slices


def _has_gradient(x: Any) -> bool:
    return x.dtype.is_floating or x.dtype.is_complex
