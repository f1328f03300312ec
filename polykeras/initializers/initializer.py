"""What gives weights their first values."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from typing import Any

from .. import ops
from ..backend import using
from ..errors import ArgumentError, StateError
from ..random import SeedGenerator
from ..registry import Configurable, deserialize_keras_object, serialize_keras_object
from ..seeds import GLOBAL_STREAM
from ..settings import EMBEDDED, settings


class Initializer(Configurable):
    """A function of shape and dtype, with a configuration. Subclasses override `__call__`.

    >>> class Sevens(Initializer):
    ...     def __call__(self, shape, dtype=None):
    ...         return ops.full(shape, 7.0, dtype)
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
        with using(EMBEDDED):
            values = compute(self, as_shape(shape), settings.floatx if dtype is None else dtype)
        return ops.convert_to_tensor(values)

    return call


def as_shape(shape: Any) -> tuple[Any, ...]:
    """A shape as a tuple: one axis may be given as its size."""
    return (shape,) if hasattr(shape, "__index__") else tuple(shape)


class RandomInitializer(Initializer):
    """One that draws. The same object gives the same values whenever it is called.

    Args:
        seed: An integer, or a SeedGenerator for other values at each call; None for a seed that
            `set_random_seed` determines.
    """

    def __init__(self, seed: Any = None):
        if isinstance(seed, dict):
            seed = deserialize_keras_object(seed)
        is_number = hasattr(seed, "__index__") and not isinstance(seed, bool)
        if not (seed is None or isinstance(seed, SeedGenerator) or (is_number and 0 <= seed < 1 << 64)):
            raise ArgumentError(
                f"{type(self).__name__}: expected seed to be an integer from 0 to 2**64 - 1, a SeedGenerator or None; "
                f"got {seed!r}."
            )
        self._given_seed = seed
        self.seed = int(GLOBAL_STREAM.next()[0]) if seed is None else seed

    def _key(self) -> Any:
        """The seed of one call, on the host, so that a SeedGenerator of any backend gives the same bits."""
        if not isinstance(self.seed, SeedGenerator):
            return self.seed
        key = self.seed.next()
        with contextlib.suppress(StateError):  # the key has no value yet while a function is compiled
            key = ops.convert_to_numpy(key)
        return key

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {"seed": serialize_keras_object(self._given_seed)}
