"""The archive of a `.keras` file: its members are checked before one is read, and never unpacked by their names."""

from __future__ import annotations

import json
import os
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from ..errors import PolykerasError, UnsafeFileError
from .hdf5_types import refuse
from .sources import LARGEST_TEXT, FileSource

MOST_MEMBERS = 10_000
LARGEST_INFLATION = 200
SMALL = 2**24
PIECE = 2**20


class Archive:
    """The members of a `.keras` file.

    Args:
        file: The file, open for reading.
    """

    def __init__(self, file: Any):
        self._file = file
        self._size = file.seek(0, os.SEEK_END)
        file.seek(0)
        try:
            self._zip = zipfile.ZipFile(file)
            members = self._zip.infolist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, struct.error) as error:
            raise UnsafeFileError(
                f"expected an archive (zip); it is damaged: {error}. Ask for another copy."
            ) from error
        if len(members) > MOST_MEMBERS:
            raise refuse(f"the archive has {len(members)} members; no model has more than {MOST_MEMBERS}")
        self.members: dict[str, zipfile.ZipInfo] = {}
        total = 0
        for member in members:
            self._check(member)
            total += member.compress_size
            self.members[member.filename] = member
        if total > self._size:
            raise refuse("members of the archive lie over one another, so that together they are larger than it")

    def _check(self, member: zipfile.ZipInfo) -> None:
        name = member.filename
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name or not path.parts:
            raise refuse(f"the archive has a member {name!r}, whose name leads out of it")
        if member.external_attr >> 28 not in (0, 4, 8):
            raise refuse(f"the archive has a member {name!r}, which is a link or a device")
        if name in self.members:
            raise refuse(f"the archive has two members {name!r}")
        if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise refuse(f"the member {name!r} is encrypted, or compressed in a way that Keras does not use")
        if member.file_size > max(SMALL, LARGEST_INFLATION * member.compress_size):
            raise refuse(
                f"the member {name!r} declares {member.file_size} bytes out of {member.compress_size}: a bomb of zeros"
            )
        if member.compress_type == zipfile.ZIP_STORED and member.file_size != member.compress_size:
            raise refuse(
                f"the member {name!r} declares {member.file_size} bytes, but {member.compress_size} are stored"
            )

    def text(self, name: str) -> bytes:
        """A member that is small."""
        member = self.members.get(name)
        if member is None:
            raise refuse(f"the archive has no member {name!r}; it has {', '.join(self.members) or 'none'}")
        if member.file_size > LARGEST_TEXT:
            raise refuse(f"the member {name!r} is larger than {LARGEST_TEXT} bytes")
        try:
            with self._zip.open(member) as file:
                data = file.read(member.file_size + 1)
        except PolykerasError:
            raise
        except Exception as error:
            raise refuse(f"the member {name!r} is damaged: {error}") from error
        return data

    def source(self, name: str) -> FileSource:
        """A member that may be large, its checksum checked. One that is not compressed is not copied."""
        member = self.members.get(name)
        if member is None:
            raise refuse(f"the archive has no member {name!r}; it has {', '.join(self.members) or 'none'}")
        copy = None if member.compress_type == zipfile.ZIP_STORED else tempfile.TemporaryFile()  # noqa: SIM115 - it is read as long as the source is
        try:
            with self._zip.open(member) as file:
                checksum, size = 0, 0
                while piece := file.read(PIECE):
                    checksum, size = zlib.crc32(piece, checksum), size + len(piece)
                    if copy is not None:
                        copy.write(piece)
        except Exception as error:
            raise refuse(f"the member {name!r} is damaged: {error}") from error
        if checksum != member.CRC or size != member.file_size:
            raise refuse(f"the member {name!r} does not have the checksum that the archive says")
        return FileSource(copy, 0, size) if copy is not None else FileSource(self._file, self._data_start(member), size)

    def _data_start(self, member: zipfile.ZipInfo) -> int:
        self._file.seek(member.header_offset + 26)
        name, extra = struct.unpack("<HH", self._file.read(4))
        return member.header_offset + 30 + name + extra


def write_archive(path: Any, texts: Mapping[str, str | bytes], streams: dict[str, tuple[int, Iterable[Any]]]) -> None:
    """Write an archive without compression: small members, and streams of pieces of known size."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
        for name, (size, pieces) in streams.items():
            member = zipfile.ZipInfo(name)
            member.file_size = size
            with archive.open(member, "w", force_zip64=size > 2**31 - 2**20) as file:
                for piece in pieces:
                    file.write(piece)


def plain_data(text: bytes | str, what: str) -> Any:
    """What a text in JSON says."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnsafeFileError(f"{what}: expected JSON; {error}. Ask for another copy of the file.") from error
