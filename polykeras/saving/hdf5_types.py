"""The datatypes and shapes of HDF5: what the bytes of its messages mean, and the bytes for what we write."""

from __future__ import annotations

import struct
from math import prod
from typing import NamedTuple

import numpy as np

from ..errors import UnsafeFileError

LARGEST_RANK = 32


class Kind(NamedTuple):
    """What the elements of a dataset or attribute are."""

    dtype: np.dtype
    """The dtype in which NumPy holds them; that of references for texts of any length."""
    is_text: bool = False
    """Whether they are texts of any length, which lie in a heap."""
    is_bool: bool = False
    size: int = 0
    """The number of bytes that describe it."""


REFERENCE = np.dtype([("length", "<u4"), ("address", "<u8"), ("index", "<u4")])
"""Where a text of any length lies."""
_FLOATS = {2: (10, 5, 0, 10, 15), 4: (23, 8, 0, 23, 127), 8: (52, 11, 0, 52, 1023)}
_PLAIN = {"i": 0, "u": 0, "f": 1, "S": 3, "V": 5, "b": 8}


def refuse(what: str) -> UnsafeFileError:
    """The error for a file that is not as it should be."""
    return UnsafeFileError(f"{what}. Load only files that are whole; ask for another copy of this one.")


# Reading ---------------------------------------------------------------------------------------------------


def kind_from(data: bytes) -> Kind:
    """The kind of elements that the bytes of a datatype describe."""
    if len(data) < 8:
        raise refuse("a datatype is cut off")
    first, bits, high, _, size = struct.unpack_from("<BBBBI", data)
    number, version = first & 15, first >> 4
    if number == 0 and size in (1, 2, 4, 8):
        return Kind(np.dtype(f"{'>' if bits & 1 else '<'}{'i' if bits & 8 else 'u'}{size}"), size=12)
    if number == 1 and size in _FLOATS and len(data) >= 20:
        given = struct.unpack_from("<HHBBBBI", data, 8)
        if given[2:] == _FLOATS[size] and not bits & 64:
            return Kind(np.dtype(f"{'>' if bits & 1 else '<'}f{size}"), size=20)
    if number == 3 and 0 < size <= 2**20:
        return Kind(np.dtype(f"S{size}"), size=8)
    if number == 5 and 0 < size <= 2**10:
        return Kind(np.dtype(f"V{size}"), size=8 + (bits + 7 & ~7))
    if number == 8 and version <= 5:
        return _enumeration(data, bits | high << 8, version)
    if number == 9 and bits & 15 == 1 and size == 16:
        return Kind(REFERENCE, is_text=True, size=16 if len(data) < 16 else 8 + kind_from(data[8:]).size)
    raise refuse(f"a dataset has elements of a kind that no model file needs (class {number}, {size} bytes)")


def _enumeration(data: bytes, count: int, version: int) -> Kind:
    base = kind_from(data[8:])
    position, names = 8 + base.size, []
    for _ in range(count):
        end = data.find(b"\0", position)
        if end < 0:
            raise refuse("a datatype is cut off")
        names.append(data[position:end])
        position = end + 1 if version >= 3 else position + (end - position + 8 & ~7)
    if base.dtype != np.int8 or names != [b"FALSE", b"TRUE"]:
        raise refuse("a dataset has elements of an enumeration, which no model file needs")
    return Kind(base.dtype, is_bool=True, size=position + count * base.dtype.itemsize)


def shape_from(data: bytes) -> tuple[int, ...] | None:
    """The shape that the bytes of a dataspace describe; None for one without elements."""
    if len(data) < 4:
        raise refuse("a dataspace is cut off")
    version, rank, _, kind = data[:4]
    start = {1: 8, 2: 4}.get(version)
    if start is None or rank > LARGEST_RANK or len(data) < start + 8 * rank:
        raise refuse(f"a dataspace of version {version} with {rank} axes cannot be read")
    if version == 2 and kind == 2:
        return None
    return struct.unpack_from(f"<{rank}Q", data, start)


def largest_from(data: bytes) -> tuple[int, ...]:
    """The shape up to which an array of the dataspace that bytes describe may grow."""
    shape, flags = shape_from(data) or (), data[2]
    start = (8 if data[0] == 1 else 4) + 8 * len(shape)
    if not flags & 1:
        return shape
    if len(data) < start + 8 * len(shape):
        raise refuse("a dataspace is cut off")
    return struct.unpack_from(f"<{len(shape)}Q", data, start)


def bytes_of(shape: tuple[int, ...], kind: Kind) -> int:
    """How much memory an array takes."""
    return prod(shape) * kind.dtype.itemsize


# Writing ---------------------------------------------------------------------------------------------------


def datatype(dtype: np.dtype) -> bytes:
    """The bytes that describe the elements of an array."""
    number, size = _PLAIN[dtype.kind], dtype.itemsize
    if dtype.kind == "b":
        names = b"FALSE".ljust(8, b"\0") + b"TRUE".ljust(8, b"\0")
        return struct.pack("<BBBBI", 0x18, 2, 0, 0, 1) + datatype(np.dtype("i1")) + names + b"\0\1"
    if dtype.kind in "iu":
        return struct.pack("<BBBBIHH", 0x10, 8 if dtype.kind == "i" else 0, 0, 0, size, 0, 8 * size)
    if dtype.kind == "f":
        fields = _FLOATS[size]
        return struct.pack("<BBBBIHHBBBBI", 0x11, 0x20, 8 * size - 1, 0, size, 0, 8 * size, *fields)
    return struct.pack("<BBBBI", 0x10 | number, 1 if dtype.kind == "S" else 0, 0, 0, size)


TEXT = struct.pack("<BBBBI", 0x19, 1, 1, 0, 16) + struct.pack("<BBBBI", 0x13, 0, 1, 0, 1)
"""The bytes that describe texts in UTF-8 of any length."""


def dataspace(shape: tuple[int, ...]) -> bytes:
    """The bytes that describe a shape."""
    return struct.pack("<BBBBI", 1, len(shape), 0, 0, 0) + struct.pack(f"<{len(shape)}Q", *shape)
