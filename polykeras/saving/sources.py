"""Bytes that can be read from any place: a file, a part of one, or memory."""

from __future__ import annotations

import io
import os
from typing import Any

from ..errors import FileError
from .hdf5_types import refuse

LARGEST_TEXT = 2**28
"""No configuration is larger than this."""


class FileSource:
    """A part of a file that is open for reading.

    Args:
        file: The file.
        start: Where the part begins.
        size: How many bytes it has; None for all that follow.
    """

    def __init__(self, file: Any, start: int = 0, size: int | None = None):
        self._file = file
        self._start = start
        self.size = file.seek(0, os.SEEK_END) - start if size is None else size

    def read(self, offset: int, size: int) -> bytes:
        """The bytes from a place on."""
        self._file.seek(self._start + offset)
        data = self._file.read(min(size, self.size - offset))
        if len(data) < size:
            raise refuse("the file ends before it should")
        return data

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fill memory with the bytes from a place on."""
        self._file.seek(self._start + offset)
        if offset + len(buffer) > self.size or self._file.readinto(buffer) != len(buffer):
            raise refuse("the file ends before it should")


def open_file(path: str | os.PathLike[str]) -> io.BufferedReader:
    """A file, open for reading; errors say what is the matter."""
    try:
        return open(path, "rb")
    except FileNotFoundError:
        raise FileError(f"{os.fspath(path)} does not exist. Check the path.") from None
    except (IsADirectoryError, PermissionError) as error:
        raise FileError(f"{os.fspath(path)} cannot be read: {error.strerror}. Give the path of a file.") from error


def read_text(path: str | os.PathLike[str]) -> bytes:
    """A small file as a whole."""
    with open_file(path) as file:
        data = file.read(LARGEST_TEXT + 1)
    if len(data) > LARGEST_TEXT:
        raise refuse(f"{os.fspath(path)} is larger than {LARGEST_TEXT} bytes")
    return data
