"""What gives weights their first values."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .. import ops
from ..backend import using
from ..errors import ArgumentError
from ..random import SeedGenerator
from ..registry import Configurable, deserialize_keras_object, serialize_keras_object
from ..seeds import GLOBAL_STREAM

HOST_BACKEND = "numpy"


class Initializer(Configurable):
    """A function of shape and dtype, with a configuration. Subclasses override `__call__`.

    >>> class Sevens(Initializer):
    ...     def __call__(self, shape, dtype=None):
    ...         return ops.full(shape, 7, dtype)
    >>> Sevens()((2,))
    array([7., 7.], dtype=float32)
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """An array of first values."""
        raise NotImplementedError(f"{type(self).__name__} has no method __call__(shape, dtype). Write one.")

    def clone(self) -> Initializer:
        """Another one like this."""
        return type(self).from_config(self.get_config())


def on_host(compute: Callable[..., Any]) -> Callable[..., Any]:
    """A method that computes with NumPy, whatever backend is in use: so the values have the same bits everywhere."""

    @functools.wraps(compute)
    def call(self: Initializer, shape: Any, dtype: Any = None) -> Any:
        with using(HOST_BACKEND):
            values = compute(self, tuple(shape), dtype)
        return ops.convert_to_tensor(values)

    return call


class RandomInitializer(Initializer):
    """One that draws. The same object gives the same values whenever it is called.

    Args:
        seed: An integer, or a SeedGenerator for other values at each call; None for a seed that
            `set_random_seed` determines.
    """

    def __init__(self, seed: Any = None):
        if isinstance(seed, dict):
            seed = deserialize_keras_object(seed)
        if seed is not None and not hasattr(seed, "__index__") and not isinstance(seed, SeedGenerator):
            raise ArgumentError(
                f"{type(self).__name__}: expected seed to be an integer, a SeedGenerator or None; got {seed!r}."
            )
        self._given_seed = seed
        self.seed = int(GLOBAL_STREAM.next()[0]) if seed is None else seed

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {"seed": serialize_keras_object(self._given_seed)}
