"""Files from the network, which are kept, and are what they should be."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from ..errors import ArgumentError, ChecksumError, DownloadError
from ..files import replacing
from ..settings import home, settings
from .archives import extract as extract_archive

PIECE = 1 << 18
"""How many bytes are read at once."""

TIMEOUT = 60
"""Seconds without an answer after which a download has failed."""

HASHES = {32: "md5", 64: "sha256"}
"""The kinds of checksums, by how many digits they have."""


def get_file(
    fname: Any = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: Any = "auto",
    cache_dir: Any = None,
    force_download: bool = False,
) -> str:
    """A file from the network, which is downloaded once and then kept.

    The file is there when it is complete and has its checksum, or not at all.

    Args:
        fname: The name under which it is kept; None for that of the address.
        origin: The address.
        untar: An older name of `extract`.
        md5_hash: An older name of `file_hash`.
        file_hash: The checksum that the file has to have, of the kind SHA-256 or MD5.
        cache_subdir: The folder within `cache_dir` where it is kept.
        hash_algorithm: "sha256", "md5", or "auto" to tell by the length.
        extract: Whether it is an archive, out of which the files are taken. Links in it are refused.
        archive_format: "tar", "zip", a list of both, or "auto".
        cache_dir: The folder where things are kept; None for `POLYKERAS_HOME`, by default `~/.polykeras`.
        force_download: Whether to download it even if it is there.

    Returns:
        The path of the file, or of the folder with the files of the archive.
    """
    if origin is None:
        raise ArgumentError("get_file: expected origin to be the address of a file; got None.")
    name = os.fspath(fname) if fname else os.path.basename(urllib.parse.unquote(urllib.parse.urlsplit(origin).path))
    if not name or name in (".", "..") or any(mark in name for mark in "/\\\0"):
        raise ArgumentError(f"get_file: expected fname to be the name of a file, without folders; got {name!r}.")
    folder = Path(home() if cache_dir is None else cache_dir).expanduser() / cache_subdir
    extract = extract or untar
    target = folder / (name if not extract or (fname and "." in name) else f"{name}_archive")
    checksum = file_hash or md5_hash
    is_there = target.exists() and not force_download
    if is_there and checksum and not has_checksum(target, checksum, hash_algorithm):
        _say(f"{target} is not what it should be; it is downloaded again.")
        is_there = False
    if not is_there:
        folder.mkdir(parents=True, exist_ok=True)
        _download(origin, target, checksum, hash_algorithm)
    if not extract:
        return str(target)
    unpacked = folder / (f"{name.partition('.')[0]}_extracted" if fname and "." in name else name)
    if not is_there or not unpacked.is_dir():
        extract_archive(target, unpacked, archive_format)
    return str(unpacked)


def has_checksum(path: Any, checksum: str, algorithm: str = "auto") -> bool:
    """Whether a file has a checksum.

    Args:
        path: The file.
        checksum: The checksum.
        algorithm: "sha256", "md5", or "auto" to tell by the length.
    """
    if algorithm == "auto":
        algorithm = HASHES.get(len(checksum), "")
    if algorithm not in HASHES.values():
        raise ArgumentError(
            f"expected a checksum of 64 digits, SHA-256, or 32, MD5; got {checksum!r} and hash_algorithm={algorithm!r}."
        )
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest() == checksum.lower()


def _download(origin: str, target: Path, checksum: str | None, algorithm: str) -> None:
    """Download a file next to its place, and put it there when it is complete."""
    with replacing(target) as begun:
        with open(begun, "wb") as file:
            _fetch(origin, file, target)
        if checksum and not has_checksum(begun, checksum, algorithm):
            raise ChecksumError(
                f"the file from {origin} has not the checksum {checksum}: it is incomplete, or another one. Try again, "
                "or ask who gave you the checksum."
            )


def _fetch(origin: str, file: Any, target: Path) -> None:
    _say(f"Downloading {origin}")
    try:
        with urllib.request.urlopen(origin, timeout=TIMEOUT) as answer, _progress() as progress:
            length = answer.headers.get("Content-Length")
            task = progress.add_task("", total=None if length is None else int(length))
            received = 0
            while piece := answer.read(PIECE):
                file.write(piece)
                received += len(piece)
                progress.update(task, completed=received)
    except urllib.error.HTTPError as error:
        raise DownloadError(f"{origin} cannot be downloaded: the server says {error.code}, {error.reason}.") from error
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise DownloadError(
            f"{origin} cannot be downloaded: {getattr(error, 'reason', error)}. Without a network, get the file "
            f"elsewhere and put it at {target}."
        ) from error
    if length is not None and received < int(length):
        raise DownloadError(f"{origin} has ended after {received} of {length} bytes. Try again.")


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(30), DownloadColumn(), TransferSpeedColumn())
    console = Console()
    is_shown = settings.interactive_logging and (console.is_terminal or console.is_jupyter)
    return Progress(*columns, console=console, transient=True, disable=not is_shown)


def _say(message: str) -> None:
    if settings.interactive_logging:
        print(message, flush=True)
