"""Weights in several files of bounded size, and a table of them in JSON."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

from ..backend import numpy_dtype
from ..errors import ArgumentError
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
    stem = path.name.removesuffix(".weights.json")
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
    for number, shard in enumerate(shards):
        _, pieces = hdf5_pieces(shard)
        with replacing(path.with_name(f"{stem}_{number:05d}.weights.h5")) as place, open(place, "wb") as file:
            for piece in pieces:
                file.write(piece)
    write(path, json.dumps({"metadata": {"total_size": total}, "weight_map": places}, indent=4))


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
    table = plain_data(read_text(path), path.name)
    try:
        names = list(dict.fromkeys(name for names in table["weight_map"].values() for name in _as_list(names)))
    except (KeyError, TypeError, AttributeError):
        raise refuse(f"{path.name} has no table of files") from None
    with contextlib.ExitStack() as stack:
        whole: dict[str, Any] = {}
        for name in names:
            if not isinstance(name, str) or not NAME.fullmatch(name):
                raise refuse(f"{path.name} names the file {name!r}, which does not lie beside it")
            _merge(whole, open_hdf5(FileSource(stack.enter_context(open_file(path.with_name(name))))))
        yield whole


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
