"""Philox4x32-10, the generator behind every random number (Salmon et al., "Parallel random numbers: as easy as 1, 2,
3", SC'11): the formula, which backends apply to words of their own, and the streams of words on the host."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
MASK = 0xFFFFFFFF

SIGNIFICANT_BITS = {"bfloat16": 8, "float16": 11, "float32": 24}
"""How many bits of a word make a uniform number of a dtype."""


def block(
    counter: Sequence[Any],
    key: Sequence[Any],
    multiply: Callable[[int, Any], tuple[Any, Any]],
    step: Callable[[Any, int], Any],
) -> tuple[Any, Any, Any, Any]:
    """Four 32-bit words for each block of the counter.

    Args:
        counter: The words of the blocks' numbers, lowest first.
        key: Two words.
        multiply: The high and the low word of a constant times a word.
        step: A word plus a constant, without the carry.

    Returns:
        The words, in order.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(ROUNDS):
        high0, low0 = multiply(MULTIPLIERS[0], c0)
        high1, low1 = multiply(MULTIPLIERS[1], c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = step(k0, KEY_STEPS[0]), step(k1, KEY_STEPS[1])
    return c0, c1, c2, c3


def counter_words(counter: int) -> tuple[int, int, int, int]:
    """A 128-bit number as four words, lowest first."""
    return tuple((counter >> shift) & MASK for shift in (0, 32, 64, 96))  # type: ignore[return-value]


def integer_block(key: tuple[int, int], counter: int) -> tuple[int, int, int, int]:
    """One block, of Python integers."""

    def multiply(constant: int, word: int) -> tuple[int, int]:
        product = constant * word
        return product >> 32, product & MASK

    return block(counter_words(counter), key, multiply, lambda word, constant: (word + constant) & MASK)


# Streams on the host ---------------------------------------------------------------------------------------

_CHUNK = 1 << 15  # blocks whose words stay in the cache while ten rounds go over them
_LOW, _HIGH = (0, 1) if sys.byteorder == "little" else (1, 0)
_COLUMN = np.array(MULTIPLIERS, np.uint64)[:, None]


def _round_keys(key: Any) -> list[np.ndarray]:
    """The key of each round, a column of two words."""
    first = [int(word) for word in key]
    rounds = [[[(word + i * step) & MASK] for word, step in zip(first, KEY_STEPS, strict=True)] for i in range(ROUNDS)]
    return [np.array(column, np.uint32) for column in rounds]


class _Workspace:
    """Memory for a number of blocks, and what turns their numbers into words.

    Words 0 and 2 stand in the low halves of 64 bits, where their products have room, and a view of the halves takes
    the products apart without arithmetic.
    """

    def __init__(self, key: Any, blocks: int):
        self.keys = _round_keys(key)
        self._out = np.empty((blocks, 4), np.uint32)
        self._even = np.zeros((2, blocks), np.uint64)
        self._product = np.empty((2, blocks), np.uint64)
        self._odd = np.empty((2, blocks), np.uint32)

    def words(self, first: int, count: int) -> np.ndarray:
        """The words of so many blocks in order. The next call overwrites them."""
        out, even, product, odd = (
            self._out[:count],
            self._even[:, :count],
            self._product[:, :count],
            self._odd[:, :count],
        )
        even_words = _halves(even)[:, :, _LOW]
        halves = _halves(product)[::-1]
        low, high = halves[:, :, _LOW], halves[:, :, _HIGH]
        c0, c1, c2, c3 = counter_words(first)
        even[0] = np.arange(c0, c0 + count, dtype=np.uint64)
        even[1], odd[0], odd[1] = c2, c1, c3
        np.bitwise_xor(odd, self.keys[0], out=odd)
        for following in (*self.keys[1:], None):
            np.multiply(even, _COLUMN, out=product)
            np.bitwise_xor(high, odd, out=even_words)
            if following is not None:
                np.bitwise_xor(low, following, out=odd)
        out[:, 0], out[:, 1], out[:, 2], out[:, 3] = even_words[0], low[0], even_words[1], low[1]
        return out.reshape(-1)


def _halves(x: np.ndarray) -> np.ndarray:
    return x.view(np.uint32).reshape(*x.shape, 2)


@functools.cache
def _workers() -> tuple[ThreadPoolExecutor, int]:
    """Threads, one for each processor: NumPy computes a chunk without holding the interpreter's lock."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return ThreadPoolExecutor(count, "polykeras-random"), count


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _workers.cache_clear())  # threads do not survive a fork


def _each_piece(key: Any, counter: int, count: int, use: Callable[[slice, np.ndarray], None]) -> None:
    """Call a function with the words of a stream, piece by piece, and their places. It must not keep a piece."""
    blocks = -(-count // 4)

    def run(first: int, last: int) -> None:
        workspace = _Workspace(key, min(_CHUNK, last - first))
        while first < last:
            before_carry = MASK + 1 - ((counter + first) & MASK)
            size = min(_CHUNK, last - first, before_carry)
            piece = workspace.words(counter + first, size)[: count - first * 4]
            use(slice(first * 4, first * 4 + len(piece)), piece)
            first += size

    if blocks < 2 * _CHUNK:
        run(0, blocks)
        return
    threads, parts = _workers()
    edges = [blocks * part // parts for part in range(parts + 1)]
    list(threads.map(run, edges[:-1], edges[1:]))


def words(key: Any, counter: int, count: int) -> np.ndarray:
    """The words of a stream, from the block of a number on."""
    out = np.empty(count, np.uint32)

    def use(place: slice, piece: np.ndarray) -> None:
        out[place] = piece

    _each_piece(key, counter, count, use)
    return out


def unit(key: Any, count: int, dtype: str) -> np.ndarray:
    """Uniform numbers from 0 to before 1: float64, or float32 that the dtype can hold exactly."""
    if dtype == "float64":
        pairs = words(key, 0, 2 * count).astype(np.uint64).reshape(count, 2)
        return ((pairs[:, 0] >> 5 << 26) + (pairs[:, 1] >> 6)) * 2.0**-53
    out = np.empty(count, np.float32)
    bits = SIGNIFICANT_BITS[dtype]

    def use(place: slice, piece: np.ndarray) -> None:
        piece >>= 32 - bits
        numbers = out[place]
        numbers[...] = piece.view(np.int32)
        numbers *= np.float32(2.0**-bits)

    _each_piece(key, 0, count, use)
    return out


def below(key: Any, count: int, limit: int, first: int, dtype: str) -> np.ndarray:
    """Whole numbers from a first one on: a limit of 31 bits times fractions of 62 bits, which two words make."""
    out = np.empty(count, dtype)
    factor, start = np.uint64(limit), np.uint64(first % 2**64)  # the sum wraps around to the negative numbers

    def use(place: slice, piece: np.ndarray) -> None:
        pairs = _pairs(piece)
        numbers = pairs >> np.uint64(33)
        numbers *= factor
        pairs &= np.uint64(MASK - 1)
        pairs *= factor
        pairs >>= np.uint64(32)
        numbers += pairs
        numbers >>= np.uint64(31)
        np.add(numbers, start, out=out[place.start // 2 : place.stop // 2], casting="unsafe")

    _each_piece(key, 0, 2 * count, use)
    return out


def _pairs(piece: np.ndarray) -> np.ndarray:
    """Each two words as one number of 64 bits, of which the first word is the low half."""
    return (piece if _LOW == 0 else piece.reshape(-1, 2)[:, ::-1].copy()).view(np.uint64)


def threshold(probability: float) -> int:
    """The number below which a word is with a probability."""
    return round(probability * 2**32)


def coin(key: Any, count: int, probability: float) -> np.ndarray:
    """Bools that are true with a probability."""
    limit = threshold(probability)
    if limit > MASK:
        return np.ones(count, bool)
    out = np.empty(count, bool)

    def use(place: slice, piece: np.ndarray) -> None:
        np.less(piece, np.uint32(limit), out=out[place])

    _each_piece(key, 0, count, use)
    return out
