"""Weights in several files of bounded size, and a table of them in JSON."""

from __future__ import annotations

import contextlib
import glob
import itertools
import json
import re
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

from ..backend import numpy_dtype
from ..errors import ArgumentError, FileError
from ..files import replacing, write
from .archive import plain_data
from .hdf5_reader import Group, open_hdf5
from .hdf5_types import refuse
from .hdf5_writer import GroupToWrite, hdf5_pieces
from .sources import FileSource, open_file, read_text

NAME = re.compile(r"[\w.-]+\.weights\.h5")


def save(groups: GroupToWrite, path: Path, max_shard_size: float | None) -> None:
    """Write groups to several files, the table last; the arrays of one layer stay together."""
    limit = 2**30 * (5 if max_shard_size is None else max_shard_size)
    if limit <= 0:
        raise ArgumentError(f"save_weights: expected max_shard_size to be a number of GB; got {max_shard_size!r}.")
    shards: list[GroupToWrite] = []
    places: dict[str, list[str]] = {}
    total, room = 0, 0.0
    stem = _free(path, path.name.removesuffix(".weights.json"))
    for where, group in _leaves(groups, ""):
        size = sum(prod(x.shape) * numpy_dtype(str(x.dtype)).itemsize for x in group.values())
        if not shards or size > room:
            shards.append(GroupToWrite())
            room = limit
        room, total = room - size, total + size
        target = shards[-1].group(where)
        target.attrs.update(group.attrs)
        target.update(group)
        places[where] = [f"{stem}_{len(shards) - 1:05d}.weights.h5"]
    former = _former(path)
    written = [path.with_name(f"{stem}_{number:05d}.weights.h5") for number in range(len(shards))]
    try:
        for place_of_shard, shard in zip(written, shards, strict=True):
            _, pieces = hdf5_pieces(shard)
            with replacing(place_of_shard) as place, open(place, "wb") as file:
                for piece in pieces:
                    file.write(piece)
        write(path, json.dumps({"metadata": {"total_size": total}, "weight_map": places}, indent=4))
    except BaseException:
        for place_of_shard in set(written) - set(_former(path)):  # the table may have been replaced
            place_of_shard.unlink(missing_ok=True)
        raise
    for place_of_shard in former:
        place_of_shard.unlink(missing_ok=True)


def _free(path: Path, stem: str) -> str:
    """The beginning of names that no file has yet: the files of a table stay as they are until it is replaced."""
    names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(1)))
    return next(name for name in names if not any(path.parent.glob(f"{glob.escape(name)}_?????.weights.h5")))


def _former(path: Path) -> list[Path]:
    """The files of the table that is there, as far as they have names that are given here."""
    pattern = re.compile(re.escape(path.name.removesuffix(".weights.json")) + r"(-\d+)?_\d{5}\.weights\.h5")
    try:
        names = _names_in(plain_data(read_text(path), path.name), path)
    except (FileError, ValueError):
        return []
    return [path.with_name(name) for name in names if isinstance(name, str) and pattern.fullmatch(name)]


def _leaves(group: GroupToWrite, path: str) -> Iterator[tuple[str, GroupToWrite]]:
    for name, member in group.items():
        if isinstance(member, GroupToWrite):
            if name == "vars":
                yield f"{path}/{name}", member
            else:
                yield from _leaves(member, f"{path}/{name}")


@contextlib.contextmanager
def opened(path: Path) -> Iterator[dict[str, Any]]:
    """The groups of all files of a table, which lie beside it."""
    names = _names_in(plain_data(read_text(path), path.name), path)
    with contextlib.ExitStack() as stack:
        whole: dict[str, Any] = {}
        for name in names:
            if not isinstance(name, str) or not NAME.fullmatch(name):
                raise refuse(f"{path.name} names the file {name!r}, which does not lie beside it")
            _merge(whole, open_hdf5(FileSource(stack.enter_context(open_file(path.with_name(name))))))
        yield whole


def _names_in(table: Any, path: Path) -> list[Any]:
    try:
        return list(dict.fromkeys(name for names in table["weight_map"].values() for name in _as_list(names)))
    except (KeyError, TypeError, AttributeError):
        raise refuse(f"{path.name} has no table of files") from None


def _as_list(names: Any) -> list[Any]:
    return [names] if isinstance(names, str) else list(names)


def _merge(whole: dict[str, Any], group: Group) -> None:
    for name, member in group.items():
        if isinstance(member, Group):
            inside = whole.setdefault(name, {})
            if not isinstance(inside, dict):
                raise refuse(f"{member.path} is in two files")
            _merge(inside, member)
        elif name in whole:
            raise refuse(f"{member.path} is in two files")
        else:
            whole[name] = member
