"""Layers that prepare data wherever it is: in a model, in a pipeline, on the host."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ... import ops
from ...backend import Backend, current, host_array
from ...dtypes import TEXT
from ...errors import ArgumentError, StateError
from ...interpreters import HOST, Interpreter, held, home_of, kind_or_none
from ...random import SeedGenerator
from ...spec import Spec
from ...state import Variable
from ...text import Text, is_text, text_of
from ..layer import Layer


class DataLayer(Layer):
    """A layer that computes where its inputs are, on whatever backend it was made."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.built = type(self).build is Layer.build

    def _settle(self) -> None:
        self._is_settled = self.built

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(*map(self.prepared, args), **{name: self.prepared(x) for name, x in kwargs.items()})

    def prepared(self, x: Any) -> Any:
        """An argument of a call, with lists of numbers as arrays, and strings as `Text`."""
        return as_input(x)

    def local(self, variable: Variable) -> Any:
        """The value of a variable, where the layer computes now."""
        return variable if variable.home is current() else variable.numpy()

    def key(self, generator: SeedGenerator, near: Any) -> Any:
        """The key of the next draw, for arrays like the one given.

        Where somebody else's graph is being built, the host counts the draws when it runs.
        """
        home, state = current(), generator.state
        if home is state.home and home.is_traced(near) <= home.is_traced(state.value):
            return generator.next()

        def next_key() -> np.ndarray:
            with _one_draw_at_a_time:
                return np.asarray(ops.convert_to_numpy(generator.next()))

        return home.on_host(next_key, [], (2,), "uint32")


_one_draw_at_a_time = threading.Lock()


def as_input(x: Any) -> Any:
    """What was given to a layer, with lists of numbers as arrays, and strings as `Text`."""
    if isinstance(x, dict):
        return {name: as_input(value) for name, value in x.items()}
    if is_text(x):
        return text_of(x)
    if isinstance(x, (list, tuple)) and x and not _has_arrays(x):
        return host_array(x)
    if isinstance(x, (list, tuple)):
        return type(x)(map(as_input, x))
    return x


def _has_arrays(x: Any) -> bool:
    """Whether there is anything but numbers in nested lists."""
    if isinstance(x, (list, tuple)):
        return any(map(_has_arrays, x))
    return not isinstance(x, (bool, int, float, np.generic))


def on_host(function: Callable[..., np.ndarray], inputs: list[Any], shape: tuple[int | None, ...], dtype: str) -> Any:
    """What a function of NumPy arrays gives, as an array of where the inputs are.

    Args:
        function: The function. Strings come to it as arrays of bytes.
        inputs: Arrays of any backend; or `Text`, by itself.
        shape: The shape of the result, None for sizes that only the function knows.
        dtype: The dtype of the result.

    Returns:
        The array.
    """
    if any(isinstance(x, Spec) for x in inputs):
        return Spec(shape, dtype)
    if isinstance(inputs[0], Text):
        return inputs[0].outcome(function, shape, dtype)
    inputs = [_values(x) for x in inputs]
    return home_of(inputs).on_host(function, inputs, shape, dtype)


def _values(x: Any) -> Any:
    """The array inside of what holds one."""
    if isinstance(x, Text):
        return x.values
    x = held(x)
    return ops.convert_to_numpy(x) if isinstance(kind_or_none(type(x)), Interpreter) else x


def as_values(x: Any) -> np.ndarray:
    """An array of any backend, or strings, as a NumPy array."""
    x = _values(as_input(x))
    if isinstance(x, np.ndarray):
        return x
    kind = kind_or_none(type(x))
    return np.asarray(kind.to_numpy(x)) if isinstance(kind, Backend) else host_array(x)


def is_text_input(x: Any) -> bool:
    """Whether an argument of a layer holds strings: `Text`, a framework's array of them, or a Spec of one."""
    if isinstance(x, Spec):
        return x.dtype == TEXT
    kind = kind_or_none(type(x))
    return isinstance(x, Text) or (isinstance(kind, Backend) and kind.holds_text(x))


# Data to adapt to ------------------------------------------------------------------------------------------


def batches_of(layer: Layer, data: Any, steps: int | None = None) -> Iterator[np.ndarray]:
    """Data to adapt to, batch by batch, as NumPy arrays.

    An array, or lists of numbers or strings, is one batch. What can be iterated over gives a batch each time: a
    generator, a `tf.data.Dataset`, a `DataLoader`, a `PyDataset`.
    """
    parts: Iterable[Any] = [data] if _is_batch(data) else _iterated(layer, data)
    found = False
    for part in itertools.islice(parts, steps):
        found = True
        yield as_values(_inputs_of(layer, part))
    if not found:
        raise ArgumentError(f"{layer.name}: expected data to adapt to; got none. A generator can be used only once.")


def _is_batch(data: Any) -> bool:
    if is_text(data) or isinstance(data, (list, tuple)):
        return True
    kind = kind_or_none(type(data))
    return kind is HOST or isinstance(kind, (Backend, Interpreter)) or hasattr(data, "__array__")


def _iterated(layer: Layer, data: Any) -> Iterable[Any]:
    if hasattr(data, "__iter__"):
        return data
    if hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        return (data[place] for place in range(len(data)))
    if hasattr(data, "__getitem__") and hasattr(data, "num_batches"):
        return (data[place] for place in range(data.num_batches))
    raise ArgumentError(
        f"{layer.name}: expected data to adapt to: an array, a list, or what gives batches one after another; got a "
        f"{type(data).__name__}."
    )


def _inputs_of(layer: Layer, part: Any) -> Any:
    if not isinstance(part, (tuple, dict)):
        return part
    if isinstance(part, tuple) and len(part) == 1:
        return part[0]
    raise ArgumentError(
        f"{layer.name}: expected batches that are one array; got a {type(part).__name__} of {len(part)}. Adapt to the "
        "inputs alone, for example to data.map(lambda x, y: x)."
    )


def not_adapted(layer: Layer, what: str) -> StateError:
    """The error for a layer that has not seen data yet."""
    return StateError(f"{layer.name}: it has no {what} yet. Give it {what}, or call adapt with data like the inputs.")
