"""What layers keep in files of their own inside of a `.keras` file, such as vocabularies."""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from .archive import Archive
from .walking import parts_with_paths

FOLDER = "assets"


def assets_of(model: Any) -> dict[str, bytes]:
    """The files that the layers of a model write with `save_assets`, by their names in the archive."""
    found: dict[str, bytes] = {}
    for path, part in parts_with_paths(model):
        if not hasattr(part, "save_assets"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            part.save_assets(folder)
            for file in sorted(Path(folder).iterdir()):
                found[f"{FOLDER}/{path}/{file.name}"] = file.read_bytes()
    return found


def give_assets(model: Any, archive: Archive) -> None:
    """Let the layers of a model read their files, with `load_assets`.

    Each gets a folder with copies of its own members of the archive, by their last names, and nothing else.
    """
    for path, part in parts_with_paths(model):
        place = PurePosixPath(FOLDER, path)
        members = [name for name in archive.members if PurePosixPath(name).parent == place and not name.endswith("/")]
        if not members or not hasattr(part, "load_assets"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            for name in members:
                Path(folder, PurePosixPath(name).name).write_bytes(archive.text(name))
            part.load_assets(folder)
