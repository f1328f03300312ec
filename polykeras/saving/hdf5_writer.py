"""A writer of HDF5: groups, attributes and arrays, as every reader of the format knows them.

All places are found out first, so that a file is written from its beginning to its end, with no copy of the arrays.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ..backend import numpy_dtype
from ..errors import SerializationError
from .hdf5_types import TEXT, dataspace, datatype

UNDEFINED = 2**64 - 1
LEAVES = 4
"""Half of how many members a node of a group has room for."""
BRANCHES = 16
"""Half of how many nodes a node above those has room for."""
PIECE = 2**24


class GroupToWrite(dict[str, Any]):
    """Groups, and arrays or what has a shape, a dtype and `__array__`, by name; and attributes.

    Elements with another dtype of NumPy's than its own (bfloat16) are written as bytes, and the attribute "dtype" says
    what they are, as Keras does it.
    """

    def __init__(self, attrs: Mapping[str, Any] | None = None):
        super().__init__()
        self.attrs: dict[str, Any] = dict(attrs or {})

    def group(self, path: str) -> GroupToWrite:
        """The group at a path below this one, made if it is not there."""
        found = self
        for name in filter(None, path.split("/")):
            found = found.setdefault(name, GroupToWrite())
        return found


class Elements:
    """An array to write, the dtype in which it is written, and its place, when that is known."""

    def __init__(self, x: Any, dtype: np.dtype):
        self.x = x
        self.dtype = dtype
        self.size = int(np.prod(x.shape, dtype=np.int64)) * dtype.itemsize
        self.place = UNDEFINED

    def pieces(self) -> Iterator[memoryview]:
        """The bytes."""
        values = np.ascontiguousarray(np.asarray(self.x)).astype(self.dtype, copy=False).reshape(-1)
        for begin in range(0, values.size, PIECE):
            yield values[begin : begin + PIECE].view(np.uint8).data


class Layout:
    """The pieces of a file, each with its place."""

    def __init__(self) -> None:
        self.size = 96
        self.pieces: list[tuple[int, Callable[[], bytes]]] = []
        self.arrays: list[Elements] = []

    def reserve(self, size: int) -> int:
        """The place of so many bytes."""
        place = self.size
        self.size += size + 7 & ~7
        return place

    def put_later(self, size: int, made: Callable[[], bytes]) -> int:
        """The place of so many bytes that will be known when all places are."""
        place = self.reserve(size)
        self.pieces.append((place, made))
        return place

    def put(self, data: bytes) -> int:
        """The place of bytes that are known already."""
        return self.put_later(len(data), lambda: data)


def hdf5_pieces(root: GroupToWrite) -> tuple[int, Iterator[Any]]:
    """The size of the file with a group as its root, and its bytes, piece after piece.

    Args:
        root: The group.

    Returns:
        The size and the pieces.
    """
    layout = Layout()
    header, tree, heap = _write_group(layout, root)
    for elements in layout.arrays:
        if elements.size:
            elements.place = layout.reserve(elements.size)
    entry = struct.pack("<QQIIQQ", 0, header, 1, 0, tree, heap)
    superblock = b"\x89HDF\r\n\x1a\n" + struct.pack(
        "<8B2HI4Q", 0, 0, 0, 0, 0, 8, 8, 0, LEAVES, BRANCHES, 0, 0, UNDEFINED, layout.size, UNDEFINED
    )
    return layout.size, _in_order(superblock + entry, layout)


def _in_order(start: bytes, layout: Layout) -> Iterator[Any]:
    position = len(start)
    yield start
    for place, made in layout.pieces:
        data = made()
        yield bytes(place - position) + data
        position = place + len(data)
    for elements in layout.arrays:
        if elements.size:
            yield bytes(elements.place - position)
            yield from elements.pieces()
            position = elements.place + elements.size
    yield bytes(layout.size - position)


# Objects ---------------------------------------------------------------------------------------------------


def _write_group(layout: Layout, group: GroupToWrite) -> tuple[int, int, int]:
    """The places of a group's header, of the index of its members, and of their names."""
    places = {}
    for name in sorted(group, key=str.encode):
        member = group[name]
        is_group = isinstance(member, GroupToWrite)
        places[name] = _write_group(layout, member) if is_group else (_write_dataset(layout, name, member),)
    names, offsets = bytearray(8), {}
    for name in places:
        offsets[name] = len(names)
        data = name.encode() + b"\0"
        names += data.ljust(len(data) + 7 & ~7, b"\0")
    names += struct.pack("<QQ", 1, 16)
    data_place = layout.put(bytes(names))
    heap = layout.put(b"HEAP" + struct.pack("<B3xQQQ", 0, len(names), len(names) - 16, data_place))
    tree = _write_index(layout, places, offsets)
    messages = [_message(0x11, struct.pack("<QQ", tree, heap)), *_attributes(layout, group.attrs)]
    return layout.put(_header(messages)), tree, heap


def _write_index(layout: Layout, places: dict[str, tuple[int, ...]], offsets: dict[str, int]) -> int:
    """The place of the index of a group's members."""
    names = list(places)
    nodes: list[tuple[int, int]] = []  # the offset of the last name, and the place
    for begin in range(0, len(names), 2 * LEAVES):
        inside = names[begin : begin + 2 * LEAVES]
        data = b"SNOD" + struct.pack("<BxH", 1, len(inside)) + b"".join(_entry(places[n], offsets[n]) for n in inside)
        nodes.append((offsets[inside[-1]], layout.put(data.ljust(8 + 80 * LEAVES, b"\0"))))
    level = 0
    while True:
        above = []
        for begin in range(0, max(len(nodes), 1), 2 * BRANCHES):
            inside = nodes[begin : begin + 2 * BRANCHES]
            first = nodes[begin - 1][0] if begin else 0
            keys = struct.pack("<Q", first) + b"".join(struct.pack("<QQ", place, last) for last, place in inside)
            data = b"TREE" + struct.pack("<BBHQQ", 0, level, len(inside), UNDEFINED, UNDEFINED) + keys
            above.append((inside[-1][0] if inside else 0, layout.put(data.ljust(32 + 32 * BRANCHES, b"\0"))))
        if len(above) == 1:
            return above[0][1]
        nodes, level = above, level + 1


def _entry(places: tuple[int, ...], offset: int) -> bytes:
    if len(places) == 3:
        return struct.pack("<QQIIQQ", offset, places[0], 1, 0, places[1], places[2])
    return struct.pack("<QQII16x", offset, places[0], 0, 0)


def _write_dataset(layout: Layout, name: str, x: Any) -> int:
    """The place of a dataset's header; its elements come after everything else."""
    attributes: dict[str, Any] = {}
    if isinstance(x, tuple):
        x, attributes = x
    if not (hasattr(x, "shape") and hasattr(x, "dtype")):
        x = np.asarray(x)
    dtype = np.dtype(x.dtype) if not isinstance(x.dtype, str) else numpy_dtype(x.dtype)
    if dtype.kind not in "iufb" or dtype.name in _OTHERS:
        if dtype.name not in _OTHERS:
            raise SerializationError(f"{name}: expected an array of numbers; got one of dtype {dtype}.")
        attributes = {"dtype": dtype.name, **attributes}
        kind = np.dtype(f"V{dtype.itemsize}")
    else:
        kind = dtype = dtype.newbyteorder("<")
    elements = Elements(x, dtype)
    space = dataspace(tuple(int(size) for size in x.shape))
    rest = list(_attributes(layout, attributes))

    def header() -> bytes:
        where = struct.pack("<BBQQ", 3, 1, elements.place, elements.size)
        parts = ((1, space), (3, datatype(kind)), (5, struct.pack("<4B", 2, 2, 2, 0)), (8, where))
        return _header([*(_message(number, data) for number, data in parts), *rest])

    layout.arrays.append(elements)
    return layout.put_later(len(header()), header)


_OTHERS = ("bfloat16", "float8_e4m3fn", "float8_e5m2")


def _message(kind: int, data: bytes) -> bytes:
    data = data.ljust(len(data) + 7 & ~7, b"\0")
    if len(data) > 65528:
        raise SerializationError("an attribute is larger than the 64 KiB that HDF5 allows. Split it.")
    return struct.pack("<HHB3x", kind, len(data), 0) + data


def _header(messages: list[bytes]) -> bytes:
    data = b"".join(messages)
    return struct.pack("<BxHII4x", 1, len(messages), 1, len(data)) + data


def _attributes(layout: Layout, attributes: Mapping[str, Any]) -> Iterator[bytes]:
    for name, value in attributes.items():
        texts = _texts(value)
        if texts is None:
            values = np.asarray(value)
            kind, shape, data = datatype(values.dtype), values.shape, values.tobytes()
        else:
            kind, shape = TEXT, np.shape(value)
            data = _write_texts(layout, texts)
        encoded, space = name.encode() + b"\0", dataspace(shape)
        sizes = struct.pack("<BxHHH", 1, len(encoded), len(kind), len(space))
        padded = (part.ljust(len(part) + 7 & ~7, b"\0") for part in (encoded, kind, space))
        yield _message(12, sizes + b"".join(padded) + data)


def _texts(value: Any) -> list[bytes] | None:
    """The texts of an attribute, or None where it is something else."""
    items = [value] if isinstance(value, str) else value
    if isinstance(items, (list, tuple)) and items and all(isinstance(item, str) for item in items):
        return [item.encode() for item in items]
    return None


def _write_texts(layout: Layout, texts: list[bytes]) -> bytes:
    """References to texts, which go into a heap of their own."""
    data, references = bytearray(), []
    for index, text in enumerate(texts, 1):
        references.append((len(text), index))
        data += struct.pack("<HH4xQ", index, 1, len(text)) + text.ljust(len(text) + 7 & ~7, b"\0")
    size = max(16 + len(data) + 16, 4096)
    free = size - 16 - len(data)
    data += struct.pack("<HH4xQ", 0, 0, free)
    place = layout.put((b"GCOL" + struct.pack("<B3xQ", 1, size) + data).ljust(size, b"\0"))
    return b"".join(struct.pack("<IQI", length, place, index) for length, index in references)
