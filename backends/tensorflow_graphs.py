"""Functions as graphs, whose state stays in variables of TensorFlow's that they change in place."""

from __future__ import annotations

import enum
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import tensorflow as tf

from .tensorflow_gradients import setting

LARGE = 1 << 15
"""From how many elements on an array is worth a variable, or a kernel of its own."""


class ByXla(enum.Enum):
    """What of a graph XLA compiles."""

    NOTHING = enum.auto()
    UPDATES = enum.auto()
    """Updates of large arrays, each as a function of its own."""
    EVERYTHING = enum.auto()


BY_XLA: ContextVar[ByXla] = ContextVar("polykeras_tensorflow_xla", default=ByXla.UPDATES)
"""What XLA will compile of the graph that is being made."""


def is_large(x: Any) -> bool:
    """Whether it is an array of floats so large that what a step does with it goes through main memory."""
    size = x.shape.num_elements()
    return x.dtype.is_floating and size is not None and size >= LARGE


class Contents:
    """What TensorFlow's variables hold while a graph is being made: the tensors that were read from them last."""

    def __init__(self) -> None:
        self._variables: dict[int, tuple[Any, tf.Variable]] = {}
        self.has_updates = False
        """Whether there have been updates of large arrays."""

    def read(self, variable: tf.Variable) -> Any:
        """The tensor that a variable holds from now on."""
        tensor = variable.read_value()
        self._variables = {key: found for key, found in self._variables.items() if found[1] is not variable}
        self._variables[id(tensor)] = tensor, variable
        return tensor

    def variable_of(self, tensor: Any) -> Any:
        """The variable that holds a tensor; the tensor itself where there is none, or within a branch or a loop."""
        variable = self._variables.get(id(tensor), (None, tensor))[1]
        return variable if tensor.graph is tf.compat.v1.get_default_graph() else tensor


CONTENTS: ContextVar[Contents | None] = ContextVar("polykeras_tensorflow_contents", default=None)


class Graph:
    """A function as a graph, for arrays that have the same shapes and dtypes in every call.

    Args:
        function: The function.
        state: How many arguments, the first ones, the first results replace. The large ones among them become
            variables in the first call, and are returned as these.
        by_xla: What XLA compiles of it.
    """

    def __init__(self, function: Callable[..., list], state: int, by_xla: ByXla):
        self._function = function
        self._state = state
        self._by_xla = by_xla
        self._traced = tf.function(self._in_place, autograph=False, jit_compile=by_xla is ByXla.EVERYTHING)
        self._program: Any = None
        self._kept: set[int] = set()
        self.has_updates = False
        """Whether it updates large arrays, as far as is known: the first call finds out."""

    def __call__(self, *arrays: Any) -> list[Any]:
        if not tf.executing_eagerly():  # within somebody else's graph, of which XLA compiles what it compiles
            return self._function(*map(opened, arrays))
        if self._program is None:
            self._kept = {i for i, x in enumerate(arrays[: self._state]) if is_large(x)}
        given = [_variable(x) if i in self._kept else opened(x) for i, x in enumerate(arrays)]
        if self._program is None:
            self._program = self._traced.get_concrete_function(*given)
        flat = [x.handle if i in self._kept else x for i, x in enumerate(given)]
        # by a private method, as what public ones do with arguments takes as long as a small graph
        results = iter(self._program._call_flat(flat, self._program.captured_inputs))
        state = [given[i] if i in self._kept else next(results) for i in range(self._state)]
        return [*state, *results]

    def _in_place(self, *arrays: Any) -> list[Any]:
        """The results without those that replace what is kept, which is changed."""
        contents = Contents()
        given = [contents.read(x) if i in self._kept else x for i, x in enumerate(arrays)]
        with setting(CONTENTS, contents), setting(BY_XLA, self._by_xla):
            results = self._function(*given)
        self.has_updates = contents.has_updates
        for i in self._kept:
            if contents.variable_of(results[i]) is not arrays[i]:
                arrays[i].assign(results[i], read_value=False)
        return [x for i, x in enumerate(results) if i not in self._kept]


def _variable(x: Any) -> tf.Variable:
    if isinstance(x, tf.Variable):
        return x
    with tf.device(x.device):
        return tf.Variable(x, trainable=False)


def opened(x: Any) -> Any:
    """The tensor that a variable holds now: later changes of the variable are made elsewhere."""
    return tf.raw_ops.ReadVariableOp(resource=x.handle, dtype=x.dtype) if isinstance(x, tf.Variable) else x
