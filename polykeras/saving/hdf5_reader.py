"""A reader of HDF5 that can only read: no path, no link out of the file, no size that the file does not bear out.

It knows the part of the format that Keras, h5py and we write. What it does not know it refuses, instead of guessing.
Nothing but the structure is read at first; elements are when somebody asks for them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from math import prod
from typing import Any, Protocol

import numpy as np

from .hdf5_types import Kind, bytes_of, kind_from, refuse, shape_from

SIGNATURE = b"\x89HDF\r\n\x1a\n"
UNDEFINED = 2**64 - 1
DEEPEST = 64
LARGEST_HEADER = 2**20
LARGEST_INFLATION = 200
"""How much larger than in the file compressed elements may be; zeros shrink by more, weights do by much less."""
SMALL = 2**24
"""What may be inflated without looking at how much larger it gets."""


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
        if kind == 12:
            name, value = _attribute(reader, body)
            attributes[name] = value
        elif kind == 6:
            _add(members, *_link(body, path))
        elif kind in (2, 21):
            _refuse_dense(kind, body, path)
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


def _refuse_dense(kind: int, body: bytes, path: str) -> None:
    """Groups and attributes in heaps of their own, which Keras never writes."""
    what, skip = ("members", 8) if kind == 2 else ("attributes", 2)
    position = 2 + (skip if len(body) > 1 and body[1] & 1 else 0)
    if body[position : position + 8] != b"\xff" * 8:
        raise refuse(f"{path} has so many {what} in a layout that Keras does not write that they cannot be read")


def _symbols(reader: Reader, tree: int, heap: int, path: str) -> Iterator[tuple[str, int]]:
    """The names and places of the members of a group."""
    for node in _leaves(reader, tree, 0, 8, 0):
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


def _leaves(reader: Reader, address: int, kind: int, key: int, depth: int) -> Iterator[Any]:
    """What the leaves of a tree hold: addresses in groups, keys and addresses of the chunks of datasets."""
    reader.visit(address)
    signature, found, level, count = reader.unpack("<4sBBH", address)
    if signature != b"TREE" or found != kind or depth > 16 or (depth and level >= 32):
        raise refuse("an index is damaged")
    width = key + 8
    data = reader.bytes(address + 24, count * width)
    for position in range(0, count * width, width):
        child = struct.unpack_from("<Q", data, position + key)[0]
        if level:
            yield from _leaves(reader, child, kind, key, depth + 1)
        else:
            yield (data[position : position + key], child) if kind else child


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
    filters = _filters(found[11], path) if 11 in found else []
    shape = (0,) if shape is None else shape
    size = bytes_of(shape, kind)
    if len(layout) < 3 or layout[0] not in (3, 4):
        raise refuse(f"{path} is stored in a way that no model file needs")
    stored = _stored(reader, layout, path, len(shape))
    if isinstance(stored, list):
        inside = sum(length for _, length, _, _ in stored)
        cells = prod(_chunk_of(layout)[:-1]) * kind.dtype.itemsize
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
    return Dataset(reader, path, shape, kind, attributes, stored, filters, _chunk_of(layout))


Chunk = tuple[int, int, int, tuple[int, ...]]
"""Where a chunk lies, its size there, the filters that were left out, and where it belongs."""


def _chunk_of(layout: bytes) -> tuple[int, ...]:
    """The shape of chunks, and the size of an element behind it."""
    if layout[0] == 3 and layout[1] == 2:
        rank = layout[2]
        if len(layout) < 11 + 4 * rank or rank < 1:
            raise refuse("a dataset is damaged")
        return struct.unpack_from(f"<{rank}I", layout, 11)
    return ()


def _stored(reader: Reader, layout: bytes, path: str, rank: int) -> Any:
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
        if kind == 2 and layout[0] == 3:
            return _chunks(reader, layout, path, rank)
    except struct.error:
        raise refuse("a dataset is damaged") from None
    if kind == 3:
        raise refuse(f"{path} is put together from other datasets or files (virtual dataset), which is never read")
    raise refuse(f"{path} is stored in a way that Keras does not write")


def _chunks(reader: Reader, layout: bytes, path: str, rank: int) -> list[Chunk]:
    if layout[2] != rank + 1:
        raise refuse(f"{path} has chunks of another rank")
    address = struct.unpack_from("<Q", layout, 3)[0]
    if address == UNDEFINED:
        return []
    chunks = []
    for key, place in _leaves(reader, address, 1, 8 + 8 * (rank + 1), 0):
        size, mask, *offsets = struct.unpack(f"<II{rank + 1}Q", key)
        if place + size > reader.size:
            raise refuse(f"a chunk of {path} lies outside of the file")
        chunks.append((place, size, mask, tuple(offsets[:rank])))
    return chunks


def _filters(body: bytes, path: str) -> list[tuple[int, int]]:
    """The filters through which chunks went: their numbers and their first parameters."""
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
            if number not in (1, 2, 3):
                raise refuse(f"{path} is compressed in a way (filter {number}) that is not known")
            found.append((number, first))
    except (IndexError, struct.error):
        raise refuse("a dataset is damaged") from None
    return found


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
        filters: list[tuple[int, int]],
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
            data = self._unfiltered(self._reader.bytes(place, size), mask, prod(chunk) * itemsize)
            part = np.frombuffer(data, self._kind.dtype).reshape(chunk)
            if any(a % b or a >= whole for a, b, whole in zip(start, chunk, self.shape, strict=True)):
                raise refuse(f"a chunk of {self.path} belongs nowhere")
            ends = [min(a + b, whole) for a, b, whole in zip(start, chunk, self.shape, strict=True)]
            inside = tuple(slice(0, b - a) for a, b in zip(start, ends, strict=True))
            values[tuple(slice(a, b) for a, b in zip(start, ends, strict=True))] = part[inside]
        return values

    def _unfiltered(self, data: bytes, mask: int, size: int) -> bytes:
        for number, (filter_, first) in reversed(list(enumerate(self._filters))):
            if mask >> number & 1:
                continue
            if filter_ == 1:
                data = _inflated(data, size + 4)
            elif filter_ == 2 and first > 1 and len(data) % first == 0:
                data = np.frombuffer(data, np.uint8).reshape(first, -1).T.tobytes()
            elif filter_ == 3:
                data = data[:-4]
        if len(data) != size:
            raise refuse(f"a chunk of {self.path} has {len(data)} bytes; expected {size}")
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
