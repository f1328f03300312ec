"""A reader of HDF5 that can only read: no path, no link out of the file, no size that the file does not bear out.

It knows the part of the format that Keras, h5py and we write. What it does not know it refuses, instead of guessing.
Nothing but the structure is read at first; elements are when somebody asks for them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

import numpy as np

from .hdf5_bytes import UNDEFINED, Reader, Source, decoded
from .hdf5_chunks import Chunk, Filters, chunk_of, chunks_in, filters_from, unfiltered
from .hdf5_indexes import Heap, leaves, records
from .hdf5_types import Kind, bytes_of, kind_from, largest_from, refuse, shape_from

SIGNATURE = b"\x89HDF\r\n\x1a\n"
DEEPEST = 64
LARGEST_HEADER = 2**20
LARGEST_INFLATION = 200
"""How much larger than in the file compressed elements may be; zeros shrink by more, weights do by much less."""
SMALL = 2**24
"""What may be inflated without looking at how much larger it gets."""


# The structure ---------------------------------------------------------------------------------------------


def open_hdf5(source: Source) -> Group:
    """The root of a file, when its structure has been looked at as a whole.

    Args:
        source: The bytes of the file.

    Returns:
        The group, which has groups, datasets and attributes.
    """
    reader = Reader(source)
    if source.size < 48 or reader.bytes(0, 8) != SIGNATURE:
        raise refuse("expected a file of HDF5; its first bytes are those of something else")
    version = reader.bytes(8, 1)[0]
    if version in (0, 1):
        sizes, base = reader.bytes(13, 2), 24 if version == 0 else 28
        start, _, end, _, _, root = reader.unpack("<6Q", base)
    elif version in (2, 3):
        sizes = reader.bytes(9, 2)
        start, _, end, root = reader.unpack("<4Q", 12)
    else:
        raise refuse(f"HDF5 has no version {version}")
    if sizes != b"\x08\x08" or start != 0:
        raise refuse("a file of HDF5 has addresses that no model file has")
    if end > source.size:
        raise refuse(f"the file should have {end} bytes, but has {source.size}")
    found = _object(reader, root, "/", 0)
    if not isinstance(found, Group):
        raise refuse("the root of a file of HDF5 is no group")
    return found


Message = tuple[int, int, bytes]


def _messages(reader: Reader, address: int) -> Iterator[Message]:
    """The messages of the header of an object: type, flags and data."""
    reader.visit(address)
    version = reader.bytes(address, 1)[0]
    if version == 1:
        _, count, size = reader.unpack("<BxH4xI", address)
        blocks, is_new, flags = [(address + 16, size)], False, 0
    elif reader.bytes(address, 5) == b"OHDR\x02":
        flags = reader.bytes(address + 5, 1)[0]
        position = address + 6 + (16 if flags & 32 else 0) + (4 if flags & 16 else 0)
        width = 1 << (flags & 3)
        size = int.from_bytes(reader.bytes(position, width), "little")
        blocks, is_new, count = [(position + width, size)], True, 2**16
    else:
        raise refuse(f"the object at byte {address} has no header")
    total, seen = 0, 0
    layout = ("<BHB" + ("2x" if flags & 4 else "")) if is_new else "<HHB3x"
    width = struct.calcsize(layout)
    while blocks:
        position, size = blocks.pop(0)
        total += size
        if total > LARGEST_HEADER:
            raise refuse("the header of an object is larger than any that a model file needs")
        data, at = reader.bytes(position, size), 0
        while at + width <= size and seen < count:
            kind, length, message_flags = struct.unpack_from(layout, data, at)
            at += width
            if at + length > size:
                raise refuse("the header of an object is damaged")
            body, at, seen = data[at : at + length], at + length, seen + 1
            if kind == 0x10:
                blocks.append(_continuation(reader, body, is_new))
            elif kind:
                yield kind, message_flags, body


def _continuation(reader: Reader, body: bytes, is_new: bool) -> tuple[int, int]:
    if len(body) < 16:
        raise refuse("the header of an object is damaged")
    position, size = struct.unpack_from("<QQ", body)
    reader.visit(position)
    if not is_new:
        return position, size
    if reader.bytes(position, 4) != b"OCHK" or size < 8:
        raise refuse("the header of an object is damaged")
    return position + 4, size - 8


def _object(reader: Reader, address: int, path: str, depth: int) -> Group | Dataset:
    if depth > DEEPEST:
        raise refuse(f"groups are nested more than {DEEPEST} deep")
    found: dict[int, bytes] = {}
    attributes: dict[str, Any] = {}
    members: dict[str, int] = {}
    for kind, flags, body in _messages(reader, address):
        if kind in (1, 3, 5, 8, 11, 12) and flags & 2:
            raise refuse(f"{path} shares its description with another object, which no model file needs")
        if kind == 7:
            raise refuse(f"{path} takes its elements from another file (external storage), which is never read")
        if kind in (12, 21):
            for message in [body] if kind == 12 else _in_heap(reader, kind, body):
                name, value = _attribute(reader, message)
                attributes[name] = value
        elif kind in (2, 6):
            for message in [body] if kind == 6 else _in_heap(reader, kind, body):
                _add(members, *_link(message, path))
        else:
            found[kind] = body
    if 0x11 in found:
        if len(found[0x11]) < 16:
            raise refuse("a group is damaged")
        tree, heap = struct.unpack_from("<QQ", found[0x11])
        for name, place in _symbols(reader, tree, heap, path):
            _add(members, name, place)
    if 8 in found:
        return _dataset(reader, found, attributes, path)
    children = {
        name: _object(reader, place, f"{path.rstrip('/')}/{name}", depth + 1) for name, place in members.items()
    }
    return Group(path, children, attributes)


def _add(members: dict[str, int], name: str, place: int) -> None:
    if not name or name in (".", "..") or "/" in name or name in members:
        raise refuse(f"a group has a member with the name {name!r}")
    members[name] = place


def _link(body: bytes, path: str) -> tuple[str, int]:
    """The name and place of a member. Links by name, within the file or out of it, are refused."""
    try:
        version, flags = body[0], body[1]
        position, kind = 2, 0
        if flags & 8:
            kind, position = body[position], position + 1
        position += (8 if flags & 4 else 0) + (1 if flags & 16 else 0)
        width = 1 << (flags & 3)
        length = int.from_bytes(body[position : position + width], "little")
        position += width
        name = decoded(body[position : position + length])
        _refuse_kind_of_link(kind, f"{path.rstrip('/')}/{name}")
        if version != 1:
            raise refuse("a link is damaged")
        return name, struct.unpack_from("<Q", body, position + length)[0]
    except (IndexError, struct.error):
        raise refuse("a link is damaged") from None


def _refuse_kind_of_link(kind: int, path: str) -> None:
    if kind == 64:
        raise refuse(f"{path} is a link to another file (external link), which is never followed")
    if kind:
        raise refuse(f"{path} is a link by name (soft link), which is never followed")


def _in_heap(reader: Reader, kind: int, body: bytes) -> Iterator[bytes]:
    """The messages for members (2) or attributes (21) that are so many that a newer file has a heap for them."""
    tree_of, skip = (5, 8) if kind == 2 else (8, 2)
    position = 2 + (skip if len(body) > 1 and body[1] & 1 else 0)
    try:
        place, names = struct.unpack_from("<QQ", body, position)
    except struct.error:
        raise refuse("the index of a group is damaged") from None
    if place == UNDEFINED:
        return
    heap = Heap(reader, place)
    for record in records(reader, names, tree_of):
        if kind == 21 and record[heap.identity : heap.identity + 1] != b"\0":
            raise refuse("an attribute shares its description with another, which no model file needs")
        yield heap.piece(record[4 : 4 + heap.identity] if kind == 2 else record[: heap.identity])


def _symbols(reader: Reader, tree: int, heap: int, path: str) -> Iterator[tuple[str, int]]:
    """The names and places of the members of a group."""
    for node in leaves(reader, tree, 0, 8):
        reader.visit(node)
        signature, count = reader.unpack("<4s2xH", node)
        if signature != b"SNOD":
            raise refuse("a group is damaged")
        data = reader.bytes(node + 8, 40 * count)
        for place in range(0, 40 * count, 40):
            offset, address, kind = struct.unpack_from("<QQI", data, place)
            name = reader.name(heap, offset)
            _refuse_kind_of_link(int(kind == 2), f"{path.rstrip('/')}/{name}")
            yield name, address


def _attribute(reader: Reader, body: bytes) -> tuple[str, Any]:
    try:
        version, _, *sizes = struct.unpack_from("<BBHHH", body)
    except struct.error:
        raise refuse("an attribute is damaged") from None
    if version not in (1, 2, 3):
        raise refuse(f"an attribute has version {version}, which does not exist")
    position, parts = 8 + (version == 3), []
    for size in sizes:
        parts.append(body[position : position + size])
        position += (size + 7 & ~7) if version == 1 else size
    name, kind, shape = decoded(parts[0].rstrip(b"\0")), kind_from(parts[1]), shape_from(parts[2])
    if shape is None:
        return name, None
    size = bytes_of(shape, kind)
    if position + size > len(body):
        raise refuse(f"the attribute {name!r} declares shape {shape}, which is more than is stored")
    values = np.frombuffer(body, kind.dtype, prod(shape), position).reshape(shape)
    return name, _finished(reader, values, kind)


def _finished(reader: Reader, values: np.ndarray, kind: Kind) -> Any:
    """Elements as Python and NumPy have them: texts out of their heaps, truth values."""
    if kind.is_text:
        texts = [decoded(reader.text(reference)) for reference in values.ravel()]
        return texts[0] if values.ndim == 0 else np.array(texts, object).reshape(values.shape)
    if kind.is_bool:
        return values.astype(bool)
    return values if values.ndim else values[()]


# Datasets --------------------------------------------------------------------------------------------------


def _dataset(reader: Reader, found: dict[int, bytes], attributes: dict[str, Any], path: str) -> Dataset:
    if 1 not in found or 3 not in found:
        raise refuse(f"{path} does not say what its elements are")
    kind, shape, layout = kind_from(found[3]), shape_from(found[1]), found[8]
    filters = filters_from(found[11], path) if 11 in found else []
    shape = (0,) if shape is None else shape
    size = bytes_of(shape, kind)
    if len(layout) < 3 or layout[0] not in (3, 4):
        raise refuse(f"{path} is stored in a way that no model file needs")
    stored = _stored(reader, layout, path, (shape, largest_from(found[1])), bool(filters))
    if isinstance(stored, list):
        inside = sum(length for _, length, _, _ in stored)
        cells = prod(chunk_of(layout)[:-1]) * kind.dtype.itemsize
        held = len(stored) * cells
        limit = max(SMALL, LARGEST_INFLATION * inside)
        if held > limit or size > max(held, 0) or cells > limit:
            raise refuse(
                f"{path} declares {size} bytes, shape {shape}, but only {inside} are stored for it: not plausible"
            )
    else:
        inside = stored[1]
        if filters or size > inside:
            raise refuse(
                f"{path} declares shape {shape}, {size} bytes, which is more than the {inside} that are stored"
            )
    reader.declared += inside
    if reader.declared > reader.size:
        raise refuse("datasets share their elements, so that together they are larger than the file")
    return Dataset(reader, path, shape, kind, attributes, stored, filters, chunk_of(layout))


def _stored(
    reader: Reader, layout: bytes, path: str, shapes: tuple[tuple[int, ...], tuple[int, ...]], filtered: bool
) -> tuple[Any, int] | list[Chunk]:
    """Where elements are: a place and a size, bytes and their size, or a list of chunks."""
    kind = layout[1]
    try:
        if kind == 0:
            size = struct.unpack_from("<H", layout, 2)[0]
            data = layout[4 : 4 + size]
            return data, len(data)
        if kind == 1:
            address, size = struct.unpack_from("<QQ", layout, 2)
            if address == UNDEFINED:
                return None, 0
            if address + size > reader.size:
                raise refuse(f"{path} should have {size} bytes from byte {address} on, but the file ends before")
            return address, size
        if kind == 2:
            return chunks_in(reader, layout, path, *shapes, filtered)
    except struct.error:
        raise refuse("a dataset is damaged") from None
    if kind == 3:
        raise refuse(f"{path} is put together from other datasets or files (virtual dataset), which is never read")
    raise refuse(f"{path} is stored in a way that Keras does not write")


class Dataset:
    """Elements in a file, which are read when somebody asks for them."""

    def __init__(
        self,
        reader: Reader,
        path: str,
        shape: tuple[int, ...],
        kind: Kind,
        attrs: dict[str, Any],
        stored: Any,
        filters: Filters,
        chunk: tuple[int, ...],
    ):
        self.path = path
        self.shape = shape
        self.attrs = attrs
        self._reader = reader
        self._kind = kind
        self._stored = stored
        self._filters = filters
        self._chunk = chunk

    def __repr__(self) -> str:
        return f"<Dataset {self.path}, {self.dtype}, shape {self.shape}>"

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the elements."""
        if self._kind.is_text:
            return np.dtype(object)
        return np.dtype(bool) if self._kind.is_bool else self._kind.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """How much memory the elements take."""
        return bytes_of(self.shape, self._kind)

    def __getitem__(self, index: Any) -> Any:
        return self.read()[index]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.read()
        return array if dtype is None else array.astype(dtype, copy=False)

    def __len__(self) -> int:
        return self.shape[0]

    def read(self) -> np.ndarray:
        """The elements, in memory of their own that is taken once."""
        if isinstance(self._stored, list):
            values = self._from_chunks()
        else:
            values = np.empty(self.shape, self._kind.dtype)
            place, _ = self._stored
            if isinstance(place, bytes):
                values = np.frombuffer(place, self._kind.dtype, prod(self.shape)).reshape(self.shape).copy()
            elif values.nbytes:
                self._reader.source.read_into(place, values.reshape(-1).view(np.uint8).data)
        return np.asarray(_finished(self._reader, values, self._kind))

    def _from_chunks(self) -> np.ndarray:
        """Chunks put together; what no chunk covers is zero."""
        values = np.zeros(self.shape, self._kind.dtype)
        chunk, itemsize = self._chunk[:-1], self._kind.dtype.itemsize
        if any(size == 0 for size in chunk) or itemsize != self._chunk[-1]:
            raise refuse(f"{self.path} has chunks that do not fit its elements")
        for place, size, mask, start in self._stored:
            data = unfiltered(self._reader.bytes(place, size), self._filters, mask, prod(chunk) * itemsize, self.path)
            part = np.frombuffer(data, self._kind.dtype).reshape(chunk)
            if any(a % b or a >= whole for a, b, whole in zip(start, chunk, self.shape, strict=True)):
                raise refuse(f"a chunk of {self.path} belongs nowhere")
            ends = [min(a + b, whole) for a, b, whole in zip(start, chunk, self.shape, strict=True)]
            inside = tuple(slice(0, b - a) for a, b in zip(start, ends, strict=True))
            values[tuple(slice(a, b) for a, b in zip(start, ends, strict=True))] = part[inside]
        return values


class Group(Mapping[str, Any]):
    """Groups and datasets by name, and attributes."""

    def __init__(self, path: str, members: dict[str, Group | Dataset], attrs: dict[str, Any]):
        self.path = path
        self.attrs = attrs
        self._members = members

    def __getitem__(self, key: str) -> Any:
        found: Any = self
        for name in key.strip("/").split("/"):
            if not isinstance(found, Group) or name not in found._members:
                raise KeyError(
                    f"{key} is not in {self.path} of the file; it has {', '.join(self._members) or 'nothing'}"
                )
            found = found._members[name]
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __repr__(self) -> str:
        return f"<Group {self.path}: {', '.join(self._members) or 'empty'}>"

    def datasets(self) -> Iterator[Dataset]:
        """All datasets in this group and in those within it."""
        for member in self._members.values():
            if isinstance(member, Group):
                yield from member.datasets()
            else:
                yield member
