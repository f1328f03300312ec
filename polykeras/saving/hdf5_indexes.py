"""Indexes within a file of HDF5: the trees of both generations, and the heaps in which newer files keep names."""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterator
from typing import Any

from .hdf5_bytes import UNDEFINED, Reader
from .hdf5_types import refuse

DEEPEST_TREE = 16


def leaves(reader: Reader, address: int, kind: int, key: int, depth: int = 0) -> Iterator[Any]:
    """What the leaves of an older tree hold: addresses in groups, keys and addresses of the chunks of datasets.

    Args:
        reader: The file.
        address: Where the tree is.
        kind: 0 for the members of a group, 1 for chunks.
        key: The size of a key.
        depth: How many nodes are above this one.
    """
    reader.visit(address)
    signature, found, level, count = reader.unpack("<4sBBH", address)
    if signature != b"TREE" or found != kind or depth > DEEPEST_TREE or (depth and level >= 32):
        raise refuse("an index is damaged")
    width = key + 8
    data = reader.bytes(address + 24, count * width)
    for position in range(0, count * width, width):
        child = struct.unpack_from("<Q", data, position + key)[0]
        if level:
            yield from leaves(reader, child, kind, key, depth + 1)
        else:
            yield (data[position : position + key], child) if kind else child


# Trees of version 2 ----------------------------------------------------------------------------------------


def records(reader: Reader, address: int, kind: int) -> Iterator[bytes]:
    """The records of a newer tree, in its order.

    Args:
        reader: The file.
        address: Where the tree is.
        kind: What its records are, by the number that HDF5 has for it.
    """
    reader.visit(address)
    signature, version, found, size, width, depth = reader.unpack("<4sBBIHH", address)
    root, count = reader.unpack("<QH", address + 16)
    if signature != b"BTHD" or version != 0 or found != kind or not width or depth > DEEPEST_TREE or size < 32:
        raise refuse("an index is damaged")
    if root != UNDEFINED:
        yield from _Tree(reader, kind, size, width, depth).within(root, depth, count)


class _Tree:
    """A newer tree: its sizes, of which those of pointers follow."""

    def __init__(self, reader: Reader, kind: int, size: int, width: int, depth: int):
        self._reader = reader
        self._kind = kind
        self._width = width
        most = (size - 10) // width
        self._counts = _bytes_for(most)  # of the bytes that say how many records a child has
        self._totals, total = [0], most  # of those that say how many there are below it, by level
        for _ in range(depth):
            pointer = 8 + self._counts + self._totals[-1]
            most = max((size - 10 - pointer) // (width + pointer), 0)
            total = (most + 1) * total + most
            self._totals.append(_bytes_for(total))

    def within(self, address: int, level: int, count: int) -> Iterator[bytes]:
        """The records of a node and of those below it."""
        self._reader.visit(address)
        data = self._reader.bytes(address, 6 + count * self._width)
        if data[:6] != (b"BTIN" if level else b"BTLF") + bytes([0, self._kind]):
            raise refuse("an index is damaged")
        own = [data[place : place + self._width] for place in range(6, len(data), self._width)]
        if not level:
            yield from own
            return
        pointer = 8 + self._counts + self._totals[level - 1]
        below = self._reader.bytes(address + len(data), (count + 1) * pointer)
        for number in range(count + 1):
            begin = number * pointer
            child = struct.unpack_from("<Q", below, begin)[0]
            of_child = int.from_bytes(below[begin + 8 : begin + 8 + self._counts], "little")
            yield from self.within(child, level - 1, of_child)
            yield from own[number : number + 1]


def _bytes_for(number: int) -> int:
    """How many bytes HDF5 takes for numbers up to this one."""
    return (max(number, 1).bit_length() - 1) // 8 + 1


# Heaps -----------------------------------------------------------------------------------------------------


class Heap:
    """A fractal heap: pieces of a few bytes, in blocks that double in size from row to row of a table."""

    def __init__(self, reader: Reader, address: int):
        reader.visit(address)
        self._reader = reader
        signature, version, identity, filters, _, largest = reader.unpack("<4sBHHBI", address)
        self._huge, _, self._free = reader.unpack("<QQQ", address + 22)
        self._columns, self._first, self._largest_block, bits = reader.unpack("<HQQH", address + 110)
        self._root, self._rows = reader.unpack("<QH", address + 132)
        if signature != b"FRHP" or version != 0 or not self._is_plausible(bits):
            raise refuse("a heap of names is damaged")
        if filters:
            raise refuse("a heap of names is compressed, which no model file needs")
        self._offsets = (bits + 7) // 8
        self._lengths = min((self._largest_block.bit_length() + 6) // 8, _bytes_for(largest))
        self._direct_rows = (self._largest_block // self._first).bit_length() + 1
        self.identity = identity

    def _is_plausible(self, bits: int) -> bool:
        sizes = (self._first, self._largest_block, self._columns)
        powers = all(size and size & (size - 1) == 0 for size in sizes)
        return powers and self._first <= self._largest_block <= 2**32 and bits <= 64 and self._rows <= 64

    def piece(self, name: bytes) -> bytes:
        """The bytes that an identity stands for."""
        kind = name[0] >> 4 & 3 if name else None
        if kind == 0 and len(name) >= 1 + self._offsets + self._lengths:
            offset = int.from_bytes(name[1 : 1 + self._offsets], "little")
            end = 1 + self._offsets + self._lengths
            return self._managed(offset, int.from_bytes(name[1 + self._offsets : end], "little"))
        if kind == 2:
            return name[1 : 2 + (name[0] & 15)]
        if kind == 1:
            return self._large(int.from_bytes(name[1:9], "little"))
        raise refuse("a heap of names is damaged")

    def _large(self, number: int) -> bytes:
        """A piece outside of the blocks, which a tree has the place of."""
        if number not in self._places:
            raise refuse("a heap of names is damaged")
        return self._reader.bytes(*self._places[number])

    @functools.cached_property
    def _places(self) -> dict[int, tuple[int, int]]:
        """Where the pieces outside of the blocks are, and their lengths, by their numbers."""
        form = struct.Struct("<QQQ")
        found = list(records(self._reader, self._huge, 1))
        if any(len(record) < form.size for record in found):
            raise refuse("a heap of names is damaged")
        return {number: (address, length) for address, length, number in map(form.unpack_from, found)}

    def _managed(self, offset: int, length: int) -> bytes:
        if self._rows:
            block, begin, size = self._within(self._root, self._rows, 0, offset, 0)
        else:
            block, begin, size = self._root, 0, self._first
        if not begin <= offset <= offset + length <= begin + size or self._reader.bytes(block, 4) != b"FHDB":
            raise refuse("a heap of names is damaged")
        return self._reader.bytes(block + offset - begin, length)

    def _within(self, address: int, rows: int, begin: int, offset: int, depth: int) -> tuple[int, int, int]:
        """The block in which an offset lies: its address, where it begins, and its size."""
        if self._reader.bytes(address, 4) != b"FHIB" or depth > DEEPEST_TREE:
            raise refuse("a heap of names is damaged")
        for row in range(rows):
            size = self._first << max(row - 1, 0)
            if offset < begin + size * self._columns:
                column = (offset - begin) // size
                begin += column * size
                place = address + 13 + self._offsets + 8 * (row * self._columns + column)
                child = self._reader.unpack("<Q", place)[0]
                if row < self._direct_rows:
                    return child, begin, size
                below = (size // (self._first * self._columns)).bit_length()
                return self._within(child, below, begin, offset, depth + 1)
            begin += size * self._columns
        raise refuse("a heap of names is damaged")
