"""Datasets in chunks: the indexes that say where chunks are, and the filters through which they went."""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Callable, Iterator
from math import prod

import numpy as np

from .hdf5_bytes import UNDEFINED, Reader
from .hdf5_indexes import leaves, records
from .hdf5_types import refuse

Chunk = tuple[int, int, int, tuple[int, ...]]
"""Where a chunk lies, its size there, the filters that were left out, and where it belongs."""
Filters = list[tuple[int, int]]
"""The filters through which chunks went: their numbers and their first parameters."""
_DEFLATE, _SHUFFLE, _CHECKSUM = 1, 2, 3
_OTHER_FILTERS = {4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf", 32001: "blosc", 32004: "lz4", 32015: "zstd"}


def chunk_of(layout: bytes) -> tuple[int, ...]:
    """The shape of chunks, and the size of an element behind it."""
    if layout[1] != 2:
        return ()
    try:
        if layout[0] == 3:
            return struct.unpack_from(f"<{layout[2]}I", layout, 11)
        rank, width = layout[3], layout[4]
        sizes = [layout[5 + i * width : 5 + (i + 1) * width] for i in range(rank)]
        if width > 8 or len(layout) < 5 + rank * width:
            raise refuse("a dataset is damaged")
        return tuple(int.from_bytes(size, "little") for size in sizes)
    except (IndexError, struct.error):
        raise refuse("a dataset is damaged") from None


def chunks_in(
    reader: Reader, layout: bytes, path: str, shape: tuple[int, ...], largest: tuple[int, ...], filtered: bool
) -> list[Chunk]:
    """Where the chunks of a dataset are.

    Args:
        reader: The file.
        layout: The message that says how the dataset is stored.
        path: Its path, for errors.
        shape: Its shape.
        largest: The shape that it may grow to, by which some indexes count.
        filtered: Whether the chunks went through filters.
    """
    chunk = chunk_of(layout)
    if len(chunk) != len(shape) + 1 or not all(chunk):
        raise refuse(f"{path} has chunks of another rank")
    size, count = prod(chunk), prod(_counts(shape, chunk[:-1]))
    if count > reader.size:  # each of them takes a byte at least
        raise refuse(f"{path} declares shape {shape} in {count} chunks, which is more than the file could hold")
    if not count:  # however many there were along other axes
        return []
    if layout[0] == 3:
        found = _older(reader, struct.unpack_from("<Q", layout, 3)[0], len(shape))
    else:
        found = _newer(reader, layout, path, (shape, largest, chunk[:-1]), size, filtered)
    chunks = list(found)
    if any(place + stored > reader.size for place, stored, _, _ in chunks):
        raise refuse(f"a chunk of {path} lies outside of the file")
    if len(chunks) != count:
        raise refuse(f"{path} declares shape {shape}, but only {len(chunks)} chunks are stored for it")
    return chunks


Shapes = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
"""That of the dataset, the one that it may grow to, and that of its chunks."""


def _counts(shape: tuple[int, ...], chunk: tuple[int, ...]) -> list[int]:
    return [-(-whole // part) for whole, part in zip(shape, chunk, strict=True)]


def _older(reader: Reader, address: int, rank: int) -> Iterator[Chunk]:
    if address == UNDEFINED:
        return
    for key, place in leaves(reader, address, 1, 8 + 8 * (rank + 1)):
        size, mask, *offsets = struct.unpack(f"<II{rank + 1}Q", key)
        yield place, size, mask, tuple(offsets[:rank])


def _newer(reader: Reader, layout: bytes, path: str, shapes: Shapes, size: int, filtered: bool) -> Iterator[Chunk]:
    """The chunks by the index that a newer file names."""
    position = 5 + layout[3] * layout[4]
    kind = layout[position] if position < len(layout) else None
    address = struct.unpack_from("<Q", layout, len(layout) - 8)[0] if len(layout) >= position + 9 else UNDEFINED
    if address == UNDEFINED:
        return
    if layout[2] & 1 and filtered:
        raise refuse(f"{path} has chunks at its edges that did not go through its filters, which no model file needs")
    if kind == 1:
        stored, mask = struct.unpack_from("<QI", layout, position + 1) if layout[2] & 2 else (size, 0)
        yield address, stored, mask, (0,) * len(shapes[0])
    elif kind == 2:
        if address + size * prod(_counts(shapes[0], shapes[2])) > reader.size:
            raise refuse(f"the chunks of {path} end behind the file")
        for number, place in enumerate(_places(shapes[0], shapes[2])):
            yield address + number * size, size, 0, place
    elif kind == 3:
        yield from _fixed_array(reader, address, shapes, size, filtered)
    elif kind == 5:
        yield from _tree(reader, address, shapes[2], size, filtered)
    else:
        raise refuse(
            f"{path} can grow along one axis and has an index of chunks for that, which is not read. Write it with "
            "h5py without maxshape, or without libver='latest'"
        )


def _places(shape: tuple[int, ...], chunk: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Where chunks belong, in order."""
    return itertools.product(*(range(0, whole, part) for whole, part in zip(shape, chunk, strict=True)))


def _fixed_array(reader: Reader, address: int, shapes: Shapes, size: int, filtered: bool) -> Iterator[Chunk]:
    """The chunks of a dataset that cannot grow, whose places are in one array, or in pages of one."""
    reader.visit(address)
    signature, version, client, width, bits, count, block = reader.unpack("<4sBBBBQQ", address)
    shape, largest, chunk = shapes
    if signature != b"FAHD" or version != 0 or client != filtered or bits > 32:
        raise refuse("an index of chunks is damaged")
    if width != 8 if not filtered else not 13 <= width <= 20:
        raise refuse("an index of chunks is damaged")
    counts = _counts(largest, chunk)
    if count != prod(counts) or count * width > reader.size:
        raise refuse("an index of chunks has another number of them")
    steps = [prod(counts[axis + 1 :]) for axis in range(len(counts))]
    entries = _pages(reader, block, width, count, 1 << bits)
    for place in _places(shape, chunk):
        number = sum(a // b * step for a, b, step in zip(place, chunk, steps, strict=True))
        entry = entries(number)
        child = int.from_bytes(entry[:8], "little")
        if child == UNDEFINED or not entry:
            continue
        stored = int.from_bytes(entry[8:-4], "little") if filtered else size
        yield child, stored, int.from_bytes(entry[-4:], "little") if filtered else 0, place


def _pages(reader: Reader, block: int, width: int, count: int, in_page: int) -> Callable[[int], bytes]:
    """A function that gives an entry of an array by its number; nothing where its page was never written."""
    reader.visit(block)
    if reader.bytes(block, 4) != b"FADB":
        raise refuse("an index of chunks is damaged")
    begin = block + 14
    if count <= in_page:
        data = reader.bytes(begin, count * width)
        return lambda number: data[number * width : (number + 1) * width]
    pages = -(-count // in_page)
    written = reader.bytes(begin, (pages + 7) // 8)
    begin += len(written) + 4

    def entry(number: int) -> bytes:
        page, inside = divmod(number, in_page)
        if not written[page // 8] >> (7 - page % 8) & 1:
            return b""
        return reader.bytes(begin + page * (in_page * width + 4) + inside * width, width)

    return entry


def _tree(reader: Reader, address: int, chunk: tuple[int, ...], size: int, filtered: bool) -> Iterator[Chunk]:
    """The chunks of a dataset that can grow along several axes."""
    rank = len(chunk)
    for record in records(reader, address, 11 if filtered else 10):
        if len(record) < 8 + 8 * rank + (5 if filtered else 0):
            raise refuse("an index of chunks is damaged")
        place = struct.unpack_from("<Q", record)[0]
        scaled = struct.unpack_from(f"<{rank}Q", record, len(record) - 8 * rank)
        begin = tuple(a * b for a, b in zip(scaled, chunk, strict=True))
        if filtered:
            sizes = record[8 : len(record) - 8 * rank]
            yield place, int.from_bytes(sizes[:-4], "little"), int.from_bytes(sizes[-4:], "little"), begin
        else:
            yield place, size, 0, begin


# Filters ---------------------------------------------------------------------------------------------------


def filters_from(body: bytes, path: str) -> Filters:
    """The filters that the bytes of a message name."""
    found = []
    try:
        version, count = body[0], body[1]
        position = 8 if version == 1 else 2
        for _ in range(count):
            number = struct.unpack_from("<H", body, position)[0]
            named = version == 1 or number >= 256
            length = struct.unpack_from("<H", body, position + 2)[0] if named else 0
            position += 4 if named else 2
            values = struct.unpack_from("<2xH", body, position)[0]
            position += 4 + ((length + 7 & ~7) if version == 1 else length)
            first = struct.unpack_from("<I", body, position)[0] if values else 0
            position += 4 * (values + (values & 1 if version == 1 else 0))
            if number not in (_DEFLATE, _SHUFFLE, _CHECKSUM):
                raise refuse(
                    f"{path} is compressed by {_OTHER_FILTERS.get(number, 'a filter')} (number {number}), which is not "
                    "read here. Write it with h5py and compression='gzip'"
                )
            found.append((number, first))
    except (IndexError, struct.error):
        raise refuse("a dataset is damaged") from None
    return found


def unfiltered(data: bytes, filters: Filters, mask: int, size: int, path: str) -> bytes:
    """The elements of a chunk, which has to be of a size."""
    for number, (filter_, first) in reversed(list(enumerate(filters))):
        if mask >> number & 1:
            continue
        if filter_ == _DEFLATE:
            data = _inflated(data, size + 4)
        elif filter_ == _SHUFFLE and first > 1 and len(data) % first == 0:
            data = np.frombuffer(data, np.uint8).reshape(first, -1).T.tobytes()
        elif filter_ == _CHECKSUM:
            data = data[:-4]
    if len(data) != size:
        raise refuse(f"a chunk of {path} has {len(data)} bytes; expected {size}")
    return data


def _inflated(data: bytes, largest: int) -> bytes:
    decompressor = zlib.decompressobj()
    try:
        result = decompressor.decompress(data, largest)
    except zlib.error:
        raise refuse("compressed elements are damaged") from None
    if decompressor.unconsumed_tail:
        raise refuse("compressed elements are larger than they should be")
    return result
