"""Files that are there as a whole or not at all: written beside their place, flushed, and renamed into it."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from .errors import FileError

ADVICE = {
    errno.ENOSPC: "the disk is full. Make room, or choose another place",
    errno.EDQUOT: "the quota of the disk is used up. Make room, or choose another place",
    errno.EROFS: "the disk can only be read. Choose another place",
    errno.EACCES: "the folder can only be read. Choose another one, or ask for the right to write there",
    errno.EPERM: "the folder can only be read. Choose another one, or ask for the right to write there",
    errno.EFBIG: "it would be larger than the system allows. Raise the limit, or choose another place",
    errno.ENOENT: "the folder does not exist. Make it first",
    errno.ENOTDIR: "what should be its folder is a file. Choose another place",
    errno.EISDIR: "a folder of that name is there. Choose another name",
}
"""What is the matter, and how to mend it, by the number of an error of the system."""


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A place to write a file, which takes the place of `path` when the block ends without an error.

    Killed at any moment, the old file is there or the new one, whole. A killed writer leaves a file behind whose
    name starts with a dot and ends with ".partial".

    Args:
        path: Where the file is to be. A symbolic link stays, and what it points to is replaced.

    Yields:
        The path of a new empty file in the same folder.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(f"{folder}/log.txt") as place:
    ...         _ = place.write_text("finished")
    ...     Path(folder, "log.txt").read_text()
    'finished'
    """
    target = Path(os.path.realpath(os.fspath(path)))
    partial = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.partial")
    with told(path):
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        with told(path):
            yield partial
            with contextlib.suppress(FileNotFoundError):
                os.chmod(partial, target.stat().st_mode & 0o7777)
            with open(partial, "rb+") as written:
                os.fsync(written.fileno())
            os.replace(partial, target)
            _flush_folder(target.parent)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def write(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Put a text or bytes into a file, which is replaced as a whole.

    Args:
        path: Where the file is to be.
        content: What it is to contain; a text is written in UTF-8.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(f"{folder}/state.json", "{}")
    ...     Path(folder, "state.json").read_text()
    '{}'
    """
    with replacing(path) as place:
        place.write_bytes(content.encode() if isinstance(content, str) else content)


@contextlib.contextmanager
def told(path: str | os.PathLike[str]) -> Iterator[None]:
    """Within the block, errors of the system that mean that a file cannot be written are told as ours."""
    try:
        yield
    except FileError:
        raise
    except OSError as error:
        reason = ADVICE.get(error.errno or 0)
        if reason is None:
            raise
        raise FileError(f"cannot write {os.fspath(path)}: {reason}. What was there before is unchanged.") from error


def _flush_folder(folder: Path) -> None:
    """Have the new name of a file on the disk, where the system knows how to."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
