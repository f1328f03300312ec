"""Seeds, and the keys of random draws that come out of them."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import numpy as np

from .errors import DTypeError, OptionError, StateError
from .philox import MASK, integer_block

# Counters from here on make keys, and never numbers: a draw would have to take 2**66 words to get there.
GLOBAL_KEYS, CHILD_KEYS, SPLIT_KEYS = 1 << 64, 2 << 64, 3 << 64

SEEDS_REQUIRED: ContextVar[bool] = ContextVar("polykeras_seeds_required", default=False)
"""Whether the function that runs now has to be pure, so that it cannot draw from the global stream."""


_keys_in_use: ContextVar[Keys | _Apart | None] = ContextVar("polykeras_keys_in_use", default=None)


class Keys:
    """The keys that a function took from the global stream, so that it gets the same ones when it runs again."""

    def __init__(self) -> None:
        self._taken: list[np.ndarray] = []

    @contextlib.contextmanager
    def from_the_first(self) -> Iterator[None]:
        """Hand the keys out in order, and take new ones where they end."""
        self._position = 0
        token = _keys_in_use.set(self)
        try:
            yield
        finally:
            _keys_in_use.reset(token)

    def next(self, stream: GlobalStream) -> np.ndarray:
        """The next key."""
        if self._position == len(self._taken):
            self._taken.append(stream.take())
        self._position += 1
        return self._taken[self._position - 1]


class GlobalStream:
    """The keys of the draws for which nobody gave a seed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset(secrets.randbits(32))

    def reset(self, seed: int) -> None:
        """Begin the stream of a seed."""
        with self._lock:
            self._key, self._draws = words_of(seed), 0

    def next(self) -> np.ndarray:
        """The key of the next draw."""
        if SEEDS_REQUIRED.get():
            raise StateError(
                "a draw without a seed, in a function that is compiled, made pure or run by an op such as scan, might "
                "give the same numbers in every call. Give it a key as an argument, or a SeedGenerator whose state is "
                "among the variables."
            )
        keys = _keys_in_use.get()
        return self.take() if keys is None else keys.next(self)

    def take(self) -> np.ndarray:
        """The next key of the stream itself."""
        with self._lock:
            self._draws += 1
            words = integer_block(self._key, GLOBAL_KEYS + self._draws)
        return np.array(words[:2], "uint32")

    def position(self) -> list[int]:
        """Where the stream is, as plain numbers."""
        with self._lock:
            return [*self._key, self._draws]

    def go_to(self, position: list[int]) -> None:
        """Go on from where the stream was once."""
        with self._lock:
            low, high, self._draws = map(int, position)
            self._key = low, high


class _Apart:
    """Keys of another stream in place of the global one's."""

    def __init__(self, seed: int):
        self._stream = GlobalStream()
        self._stream.reset(seed)

    def next(self, stream: GlobalStream) -> np.ndarray:
        """The next key."""
        return self._stream.take()


@contextlib.contextmanager
def stream_apart(seed: int | None = None) -> Iterator[None]:
    """Have draws without a seed use a stream of their own, as in a thread whose draws come at any time.

    Args:
        seed: Its seed; None for one that the global stream determines.
    """
    token = _keys_in_use.set(_Apart(next_seed() if seed is None else seed))
    try:
        yield
    finally:
        _keys_in_use.reset(token)


def next_seed() -> int:
    """A seed of 64 bits that the global stream determines."""
    low, high = map(int, GLOBAL_STREAM.next())
    return low | high << 32


def words_of(seed: int) -> tuple[int, int]:
    """A seed as two words."""
    if not 0 <= seed < 1 << 64:
        raise OptionError(f"expected a seed from 0 to 2**64 - 1; got {seed}.")
    return int(seed) & MASK, int(seed) >> 32


GLOBAL_STREAM = GlobalStream()


def key_of(seed: Any) -> Any:
    """The key of a draw, two words, out of what a caller may give as a seed."""
    if seed is None:
        return GLOBAL_STREAM.next()
    if isinstance(seed, (str, bytes, dict)):
        raise DTypeError(f"expected seed to be an integer, a SeedGenerator or an array of two words; got {seed!r}.")
    if hasattr(seed, "__index__") and not getattr(seed, "shape", ()):
        try:
            return np.array(words_of(seed.__index__()), "uint32")
        except TypeError:  # it is a float, which the op refuses
            return seed
    return seed.next() if hasattr(seed, "next") else seed
