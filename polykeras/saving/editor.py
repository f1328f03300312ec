"""A file of weights, taken apart and put together in another way."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.tree import Tree

from ..errors import ArgumentError
from ..files import replacing
from ..spec import show_shape
from .archive import Archive, plain_data
from .hdf5_reader import Group, open_hdf5
from .hdf5_writer import GroupToWrite, hdf5_pieces
from .sources import FileSource, open_file
from .weights import array_of, collect


class KerasFileEditor:
    """Looks at the weights in a file, renames and removes them, and writes them to another file.

    Args:
        filepath: The path of a `.keras` or `.weights.h5` file, which stays as it is.

    >>> import tempfile
    >>> from polykeras import Input, Sequential
    >>> from polykeras.layers import Dense
    >>> model = Sequential([Input((3,)), Dense(2)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.save_weights(f"{folder}/model.weights.h5")
    ...     editor = KerasFileEditor(f"{folder}/model.weights.h5")
    ...     editor.rename_object("layers/dense", "first")
    ...     sorted(editor.weights_dict["layers"])
    ['first']
    """

    def __init__(self, filepath: Any):
        self.filepath = os.fspath(filepath)
        self.console = Console(highlight=False)
        self.config: Any = None
        self.metadata: Any = None
        with open_file(self.filepath) as file:
            if file.read(4) == b"PK\x03\x04":
                archive = Archive(file)
                self.metadata = plain_data(archive.text("metadata.json"), "metadata.json")
                self.config = plain_data(archive.text("config.json"), "config.json")
                root = open_hdf5(archive.source("model.weights.h5"))
            else:
                root = open_hdf5(FileSource(file))
            self.weights_dict: dict[str, Any] = {}
            self._attributes: dict[str, dict[str, Any]] = {}
            self.weights_dict = self._taken(root, "")

    def _taken(self, group: Group, path: str) -> dict[str, Any]:
        taken: dict[str, Any] = {}
        for name, member in group.items():
            inside = f"{path}/{name}".lstrip("/")
            if isinstance(member, Group):
                self._attributes[inside] = dict(member.attrs)
                taken[name] = self._taken(member, inside)
            else:
                taken[name] = array_of(member)
        return taken

    # Looking -----------------------------------------------------------------------------------------------

    def summary(self) -> None:
        """Print the groups, and the shapes and dtypes of the weights."""
        tree = Tree(f"weights in {self.filepath}")
        self._grow(tree, self.weights_dict)
        self.console.print(tree)

    def _grow(self, tree: Tree, group: dict[str, Any]) -> None:
        for name, member in group.items():
            if isinstance(member, dict):
                self._grow(tree.add(name), member)
            else:
                tree.add(f"{name}: {member.dtype}{show_shape(member.shape)}")

    def compare(self, reference_model: Any) -> dict[str, Any]:
        """Say how the file differs from what a model would be saved as.

        Args:
            reference_model: The model.

        Returns:
            A dictionary with "status", which is "success" without a difference, and the counts of differences.
        """

        wanted = _flat(collect(reference_model))
        found = _flat(self.weights_dict)
        missing = sorted(set(wanted) - set(found))
        surplus = sorted(set(found) - set(wanted))
        other = [k for k in sorted(set(wanted) & set(found)) if tuple(wanted[k].shape) != tuple(found[k].shape)]
        for name in missing:
            self.console.print(f"missing: {name}, which the model has", markup=False)
        for name in surplus:
            self.console.print(f"surplus: {name}, which the model does not have", markup=False)
        for name in other:
            shapes = f"{show_shape(found[name].shape)} in the file, {show_shape(wanted[name].shape)} in the model"
            self.console.print(f"shapes: {name}: {shapes}", markup=False)
        if not (missing or surplus or other):
            self.console.print("the file is as the model would be saved")
        return {
            "status": "difference_found" if missing or surplus or other else "success",
            "error_count": len(missing) + len(other),
            "match_count": len(set(wanted) & set(found)) - len(other),
        }

    # Changing ----------------------------------------------------------------------------------------------

    def rename_object(self, object_name: str, new_name: str, source_name: str | None = None) -> None:
        """Give a layer or group another name.

        Args:
            object_name: Its name, or its path where there are several of that name.
            new_name: The new name.
            source_name: Only below a group of this name.
        """
        holder, name = self._find(object_name, source_name, dict)
        self._put(holder, name, new_name, holder[name])

    def rename_weight(self, object_name: str, weight_name: str, new_name: str) -> None:
        """Give a weight another name within its layer."""
        weights = self._weights_of(object_name, weight_name)
        self._put(weights, weight_name, new_name, weights[weight_name])

    def _put(self, holder: dict[str, Any], name: str, new_name: str, member: Any) -> None:
        if not new_name or "/" in new_name or new_name in holder:
            raise ArgumentError(f"KerasFileEditor: {new_name!r} is no name, or there is one like it already.")
        items = [(new_name if key == name else key, member if key == name else held) for key, held in holder.items()]
        holder.clear()
        holder.update(items)

    def delete_object(self, object_name: str) -> None:
        """Remove a layer or group, with all that is in it."""
        holder, name = self._find(object_name, None, dict)
        del holder[name]

    def add_object(self, object_path: str, weights: dict[str, Any]) -> None:
        """Add a layer or group.

        Args:
            object_path: Its path; the groups above it are there.
            weights: Its weights by name.
        """
        *outer, name = object_path.strip("/").split("/")
        holder = self._at(outer)
        if name in holder:
            raise ArgumentError(f"KerasFileEditor: there is {object_path!r} already. Rename or delete it first.")
        holder[name] = {"vars": {key: np.asarray(value) for key, value in weights.items()}}

    def delete_weight(self, object_name: str, weight_name: str) -> None:
        """Remove a weight of a layer."""
        del self._weights_of(object_name, weight_name)[weight_name]

    def add_weights(self, object_name: str, weights: dict[str, Any]) -> None:
        """Add weights to a layer, or replace those of the same names."""
        holder, name = self._find(object_name, None, dict)
        target = holder[name].setdefault("vars", {}) if name != "vars" else holder[name]
        target.update({key: np.asarray(value) for key, value in weights.items()})

    def _weights_of(self, object_name: str, weight_name: str) -> dict[str, Any]:
        holder, name = self._find(object_name, None, dict)
        found = holder[name]
        for weights in (found.get("vars", {}), found):
            if isinstance(weights, dict) and not isinstance(weights.get(weight_name, {}), dict):
                return weights
        names = ", ".join(found.get("vars", found)) or "none"
        raise ArgumentError(f"KerasFileEditor: {object_name!r} has no weight {weight_name!r}; it has {names}.")

    def _at(self, path: list[str]) -> dict[str, Any]:
        group = self.weights_dict
        for name in path:
            found = group.get(name)
            if not isinstance(found, dict):
                raise ArgumentError(f"KerasFileEditor: there is no group {'/'.join(path)!r}; call summary to see them.")
            group = found
        return group

    def _find(self, name: str, source_name: str | None, kind: type) -> tuple[dict[str, Any], str]:
        """The group that holds an object, by its path or by its name alone."""
        if "/" in name.strip("/"):
            *outer, last = name.strip("/").split("/")
            holder = self._at(outer)
            found = [(holder, last)] if isinstance(holder.get(last), kind) else []
        else:
            found = list(_named(self.weights_dict, name.strip("/"), source_name, source_name is None))
        if len(found) != 1:
            raise ArgumentError(
                f"KerasFileEditor: expected one object {name!r}; there are {len(found)}. Give its path, which "
                "summary shows."
            )
        return found[0]

    # Writing -----------------------------------------------------------------------------------------------

    def save(self, filepath: Any) -> None:
        """Write the weights to a file.

        Args:
            filepath: A path that ends with `.weights.h5`.
        """
        path = Path(os.fspath(filepath))
        if not path.name.endswith(".weights.h5"):
            raise ArgumentError(f"save: expected a path that ends with .weights.h5; got {path.name!r}.")
        _, pieces = hdf5_pieces(self._to_write(self.weights_dict, ""))
        with replacing(path) as place, open(place, "wb") as file:
            for piece in pieces:
                file.write(piece)

    def resave_weights(self, filepath: Any) -> None:
        """The same as `save`."""
        self.save(filepath)

    def _to_write(self, group: dict[str, Any], path: str) -> GroupToWrite:
        written = GroupToWrite(self._attributes.get(path))
        for name, member in group.items():
            is_group = isinstance(member, dict)
            written[name] = self._to_write(member, f"{path}/{name}".lstrip("/")) if is_group else member
        return written


def _flat(group: Any, path: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, member in group.items():
        inside = f"{path}/{name}".lstrip("/")
        found.update(_flat(member, inside) if isinstance(member, dict) else {inside: member})
    return found


def _named(group: dict[str, Any], name: str, source: str | None, inside: bool) -> Any:
    for key, member in group.items():
        if not isinstance(member, dict):
            continue
        if key == name and inside:
            yield group, key
        yield from _named(member, name, source, inside or key == source)
