"""The bytes of a file of HDF5: pieces that it really has, texts and names out of its heaps, and none of it twice."""

from __future__ import annotations

import struct
from typing import Any, Protocol

from .hdf5_types import refuse

UNDEFINED = 2**64 - 1
"""The address of what is not there."""


class Source(Protocol):
    """Bytes that can be read from any place."""

    size: int

    def read(self, offset: int, size: int) -> bytes:
        """The bytes from a place on."""
        ...

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fill memory with the bytes from a place on."""
        ...


class Reader:
    """The bytes of a file, and how much of its structure has been looked at."""

    def __init__(self, source: Source):
        self.source = source
        self.size = source.size
        self._visited: set[int] = set()
        self._heaps: dict[int, dict[int, bytes]] = {}
        self.declared = 0
        """The bytes of all datasets so far, which cannot be more than the file has."""

    def bytes(self, offset: int, size: int) -> bytes:
        """Bytes of the file."""
        if offset < 0 or size < 0 or offset + size > self.size:
            raise refuse(f"{size} bytes from byte {offset} on should be there, but the file has {self.size}")
        return self.source.read(offset, size)

    def unpack(self, layout: str, offset: int) -> tuple[Any, ...]:
        """Numbers of the file."""
        return struct.unpack(layout, self.bytes(offset, struct.calcsize(layout)))

    def visit(self, address: int) -> None:
        """Note that a piece of the structure is looked at: none can be part of two others, or of itself."""
        if address in self._visited:
            raise refuse(f"the structure at byte {address} is used twice, so that it might have no end")
        self._visited.add(address)

    def text(self, reference: Any) -> bytes:
        """A text of any length out of its heap."""
        length, address, index = (int(part) for part in reference)
        if not length:
            return b""
        if address not in self._heaps:
            self._heaps[address] = self._heap(address)
        found = self._heaps[address].get(index)
        if found is None or len(found) < length:
            raise refuse("a text is not where it should be")
        return found[:length]

    def _heap(self, address: int) -> dict[int, bytes]:
        signature, _, size = self.unpack("<4sB3xQ", address)
        if signature != b"GCOL" or size > self.size:
            raise refuse("a heap of texts is damaged")
        data, objects, position = self.bytes(address, size), {}, 16
        while position + 16 <= size:
            index, length = struct.unpack_from("<H6xQ", data, position)
            if index == 0:
                break
            if position + 16 + length > size:
                raise refuse("a heap of texts is damaged")
            objects[index] = data[position + 16 : position + 16 + length]
            position += 16 + (length + 7 & ~7)
        return objects

    def name(self, heap: int, offset: int) -> str:
        """A name of a member of a group."""
        signature, size, data = self.unpack("<4s4xQ8xQ", heap)
        if signature != b"HEAP" or offset >= size or data + size > self.size:
            raise refuse("the names of a group are damaged")
        rest = self.bytes(data + offset, min(size - offset, 4096))
        return decoded(rest[: rest.find(b"\0")] if b"\0" in rest else rest)


def decoded(data: bytes) -> str:
    """A name or text as Python has it."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise refuse("a name is no text in UTF-8") from None
