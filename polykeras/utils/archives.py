"""Archives, of which only files and folders are taken, and only into the folder that is meant."""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath, PureWindowsPath
from typing import IO, Any

from ..errors import ArgumentError, UnsafeFileError

FORMATS = {"tar": tarfile.is_tarfile, "zip": zipfile.is_zipfile}


def extract(archive: Any, folder: Any, archive_format: Any = "auto") -> None:
    """Take the files out of an archive, into a folder that is there when all of them are, or not at all.

    Links, devices and names that lead out of the folder are refused. Owners and permissions are not taken over.

    Args:
        archive: The file: of the formats tar, also compressed, or zip.
        folder: The folder to be made.
        archive_format: "tar", "zip", a list of both, or "auto".
    """
    formats = list(FORMATS) if archive_format == "auto" else archive_format
    formats = [formats] if isinstance(formats, str) else list(formats or [])
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise ArgumentError(f"expected archive_format to be 'auto', 'tar' or 'zip'; got {archive_format!r}.")
    found = next((name for name in formats if FORMATS[name](archive)), None)
    if found is None:
        raise UnsafeFileError(f"expected {archive} to be an archive of the format {' or '.join(formats)}; it is none.")
    folder = os.fspath(folder)
    os.makedirs(os.path.dirname(os.path.abspath(folder)), exist_ok=True)
    begun = tempfile.mkdtemp(prefix=f".{os.path.basename(folder)}.", dir=os.path.dirname(os.path.abspath(folder)))
    try:
        _fill(begun, archive, found)
        os.chmod(begun, 0o755)
        put_in_place(begun, folder)
    finally:
        shutil.rmtree(begun, ignore_errors=True)


def put_in_place(begun: str, folder: str) -> None:
    """Give a finished folder its name, in place of one that has it.

    Args:
        begun: The finished folder.
        folder: Its name.
    """
    old = f"{begun}.old"
    if os.path.isdir(folder):
        os.rename(folder, old)
    try:
        os.rename(begun, folder)
    except OSError:
        if not os.path.isdir(folder):  # else somebody else has just made the same
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _fill(folder: str, archive: Any, format: str) -> None:
    try:
        for name, content in (_tar if format == "tar" else _zip)(archive):
            target = os.path.join(folder, *checked_name(name, archive).parts)
            if content is None:
                os.makedirs(target, exist_ok=True)
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with content, open(target, "wb") as file:
                shutil.copyfileobj(content, file)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, RuntimeError) as error:
        raise UnsafeFileError(f"the archive {archive} is damaged: {error}. Delete it, and get it again.") from error


def checked_name(name: str, archive: Any) -> PurePosixPath:
    """The name of a member of an archive, if it leads to a place in the folder, on any system.

    Args:
        name: The name.
        archive: The archive, for the error.
    """
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    leads_out = posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts or "\0" in name
    if leads_out or "\\" in name:
        raise UnsafeFileError(
            f"the archive {archive} has a member {name!r}, which would be written outside of its folder. Don't trust "
            "where it comes from."
        )
    return posix


def _refuse(archive: Any, name: str, what: str) -> UnsafeFileError:
    return UnsafeFileError(
        f"the archive {archive} has a member {name!r} that is a {what}; only files and folders are taken out of "
        "archives, as others can lead anywhere. Unpack it by hand, if you trust where it comes from."
    )


def _tar(archive: Any) -> Iterator[tuple[str, IO[bytes] | None]]:
    with tarfile.open(archive) as opened:
        for member in opened:
            if not member.isfile() and not member.isdir():
                raise _refuse(archive, member.name, "link" if member.issym() or member.islnk() else "device")
            yield member.name, None if member.isdir() else opened.extractfile(member)


def _zip(archive: Any) -> Iterator[tuple[str, IO[bytes] | None]]:
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            mode = stat.S_IFMT(member.external_attr >> 16)
            if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _refuse(archive, member.filename, "link" if mode == stat.S_IFLNK else "device")
            yield member.filename, None if member.is_dir() else opened.open(member)
