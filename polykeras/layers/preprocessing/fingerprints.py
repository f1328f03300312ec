"""Hash functions of byte strings, whose values the whole world agrees on: FarmHash's Fingerprint64, and SipHash-2-4.

Strings of one length are hashed together, as columns of 64-bit words that wrap around.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

K0, K1, K2 = (np.uint64(k) for k in (0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F))
CROSSING_SEED = 0xDECAFCAFFE
"""The number with which the fingerprint of a crossing of features begins."""
_CROSSING_FACTOR = np.uint64(0xC6A4A7935BD1E995)


def fingerprints(strings: Sequence[bytes]) -> np.ndarray:
    """The 64-bit fingerprint of each string.

    >>> [hex(x) for x in fingerprints([b"", b"A"])]
    ['0x9ae16a3b2f90404f', '0xeabf3252cc3bf414']
    """
    return _by_length(strings, _fingerprints_of_one_length)


def keyed_hashes(strings: Sequence[bytes], key: tuple[int, int]) -> np.ndarray:
    """The 64-bit SipHash-2-4 of each string with a key of two 64-bit words."""
    return _by_length(strings, lambda rows: _keyed_hashes_of_one_length(rows, key))


def crossed(columns: Sequence[np.ndarray]) -> np.ndarray:
    """One fingerprint for the fingerprints, or whole numbers, of several features."""
    with np.errstate(over="ignore"):
        total = np.full(columns[0].shape, CROSSING_SEED, "uint64")
        for column in columns:
            mixed = _shift_mixed(column.astype("uint64") * _CROSSING_FACTOR) * _CROSSING_FACTOR
            total = ((total ^ _CROSSING_FACTOR) ^ mixed) * _CROSSING_FACTOR
            total = _shift_mixed(_shift_mixed(total) * _CROSSING_FACTOR)
        return total


def _by_length(strings: Sequence[bytes], function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The function's values for all strings, computed for those of each length together."""
    lengths = np.array([len(string) for string in strings], "int64")
    found = np.empty(len(strings), "uint64")
    with np.errstate(over="ignore"):
        for length in np.unique(lengths):
            chosen = np.flatnonzero(lengths == length)
            joined = b"".join(strings[place] for place in chosen.tolist())
            found[chosen] = function(np.frombuffer(joined, "uint8").reshape(len(chosen), length))
    return found


def _words(rows: np.ndarray, start: int, dtype: str = "<u8") -> np.ndarray:
    """The little-endian number that begins at a byte of each row."""
    part = np.ascontiguousarray(rows[:, start : start + np.dtype(dtype).itemsize])
    return part.view(dtype)[:, 0].astype("uint64")


def _rotated_right(x: np.ndarray, by: int) -> np.ndarray:
    return (x >> np.uint64(by)) | (x << np.uint64(64 - by))


def _shift_mixed(x: np.ndarray) -> np.ndarray:
    return x ^ (x >> np.uint64(47))


def _of_two(u: np.ndarray, v: np.ndarray, factor: Any) -> np.ndarray:
    """A hash of two words."""
    a = _shift_mixed((u ^ v) * factor)
    return _shift_mixed((v ^ a) * factor) * factor


# FarmHash --------------------------------------------------------------------------------------------------


def _fingerprints_of_one_length(rows: np.ndarray) -> np.ndarray:
    count, length = rows.shape
    if length == 0:
        return np.full(count, K2)
    if length <= 16:
        return _up_to_16(rows)
    if length <= 32:
        return _of_two(*_two_words_of(rows, K1)[:2], K2 + np.uint64(2 * length))
    return _up_to_64(rows) if length <= 64 else _beyond_64(rows)


def _up_to_16(rows: np.ndarray) -> np.ndarray:
    length = rows.shape[1]
    factor = K2 + np.uint64(2 * length)
    if length >= 8:
        a, b = _words(rows, 0) + K2, _words(rows, length - 8)
        return _of_two(_rotated_right(b, 37) * factor + a, (_rotated_right(a, 25) + b) * factor, factor)
    if length >= 4:
        first, last = _words(rows, 0, "<u4"), _words(rows, length - 4, "<u4")
        return _of_two(np.uint64(length) + (first << np.uint64(3)), last, factor)
    first, middle, last = (rows[:, place].astype("uint64") for place in (0, length >> 1, length - 1))
    y, z = first + (middle << np.uint64(8)), np.uint64(length) + (last << np.uint64(2))
    return _shift_mixed((y * K2) ^ (z * K0)) * K2


def _two_words_of(rows: np.ndarray, first_factor: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two words made of the first and the last 16 bytes, and the first of the products."""
    length = rows.shape[1]
    factor = K2 + np.uint64(2 * length)
    a, b = _words(rows, 0) * first_factor, _words(rows, 8)
    c, d = _words(rows, length - 8) * factor, _words(rows, length - 16) * K2
    return _rotated_right(a + b, 43) + _rotated_right(c, 30) + d, a + _rotated_right(b + K2, 18) + c, a


def _up_to_64(rows: np.ndarray) -> np.ndarray:
    length = rows.shape[1]
    factor = K2 + np.uint64(2 * length)
    y, other, a = _two_words_of(rows, K2)
    z = _of_two(y, other, factor)
    e, f = _words(rows, 16) * factor, _words(rows, 24)
    g, h = (y + _words(rows, length - 32)) * factor, (z + _words(rows, length - 24)) * factor
    first = _rotated_right(e + f, 43) + _rotated_right(g, 30) + h
    return _of_two(first, e + _rotated_right(f + a, 18) + g, factor)


class _State:
    """What FarmHash carries from one block of 64 bytes to the next: x, y, z, and two pairs of words."""

    def __init__(self, rows: np.ndarray):
        count = len(rows)
        self.x = np.full(count, 81, "uint64") * K2 + _words(rows, 0)
        self.y = np.full(count, 81, "uint64") * K1 + np.uint64(113)
        self.z = _shift_mixed(self.y * K2 + np.uint64(113)) * K2
        self.v = self.w = (np.zeros(count, "uint64"), np.zeros(count, "uint64"))

    def take(self, rows: np.ndarray, start: int, factor: Any, times: int) -> None:
        """Take in a block; the last one counts some words more than once."""
        several = np.uint64(times)
        self.x = _rotated_right(self.x + self.y + self.v[0] + _words(rows, start + 8), 37) * factor
        self.y = _rotated_right(self.y + self.v[1] + _words(rows, start + 48), 42) * factor
        self.x = self.x ^ (self.w[1] * several)
        self.y = self.y + self.v[0] * several + _words(rows, start + 40)
        self.z = _rotated_right(self.z + self.w[0], 33) * factor
        self.v = _of_32_bytes(rows, start, self.v[1] * factor, self.x + self.w[0])
        self.w = _of_32_bytes(rows, start + 32, self.z + self.w[1], self.y + _words(rows, start + 16))
        self.x, self.z = self.z, self.x


def _of_32_bytes(rows: np.ndarray, start: int, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    words = [_words(rows, start + 8 * number) for number in range(4)]
    a = a + words[0]
    b = _rotated_right(b + a + words[3], 21)
    total = a + words[1] + words[2]
    return total + words[3], b + _rotated_right(total, 44) + a


def _beyond_64(rows: np.ndarray) -> np.ndarray:
    length = rows.shape[1]
    state = _State(rows)
    end = (length - 1) // 64 * 64
    for start in range(0, end, 64):
        state.take(rows, start, K1, 1)
    factor = K1 + ((state.z & np.uint64(0xFF)) << np.uint64(1))
    w = state.w[0] + np.uint64((length - 1) & 63)
    v = state.v[0] + w
    state.v, state.w = (v, state.v[1]), (w + v, state.w[1])
    state.take(rows, length - 64, factor, 9)
    first = _of_two(state.v[0], state.w[0], factor) + _shift_mixed(state.y) * K0 + state.z
    return _of_two(first, _of_two(state.v[1], state.w[1], factor) + state.x, factor)


# SipHash ---------------------------------------------------------------------------------------------------

_CONSTANTS = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)


def _keyed_hashes_of_one_length(rows: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    count, length = rows.shape
    padded = np.zeros((count, length // 8 * 8 + 8), "uint8")
    padded[:, :length] = rows
    padded[:, -1] = length & 0xFF
    v = [np.full(count, constant ^ key[number % 2], "uint64") for number, constant in enumerate(_CONSTANTS)]
    for start in range(0, padded.shape[1], 8):
        word = _words(padded, start)
        v[3] = v[3] ^ word
        v = _sip_round(_sip_round(v))
        v[0] = v[0] ^ word
    v[2] = v[2] ^ np.uint64(0xFF)
    for _ in range(4):
        v = _sip_round(v)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def _sip_round(v: list[np.ndarray]) -> list[np.ndarray]:
    def half(a: np.ndarray, b: np.ndarray, by: int) -> tuple[np.ndarray, np.ndarray]:
        total = a + b
        return total, _rotated_right(b, 64 - by) ^ total

    v0, v1 = half(v[0], v[1], 13)
    v2, v3 = half(v[2], v[3], 16)
    v0, v3 = half(_rotated_right(v0, 32), v3, 21)
    v2, v1 = half(v2, v1, 17)
    return [v0, v1, _rotated_right(v2, 32), v3]
