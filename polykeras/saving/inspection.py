"""What is in a file, without loading it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from ..errors import PolykerasError, SerializationError
from ..models.op_names import is_of_ops
from ..registry import NAMESPACES, get_registered_object, in_namespace
from . import safetensors
from .archive import Archive, plain_data
from .hdf5_reader import open_hdf5
from .sources import FileSource, open_file
from .weights import array_of


def inspect_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a file holds: format, layers, weights, and what is suspicious. Nothing of it is made or run.

    Args:
        path: The path of a `.keras`, `.h5` or `.safetensors` file.

    Returns:
        A dictionary that JSON can hold. What is refused by the loaders is told under "suspicious".
    """
    report: dict[str, Any] = {"file": os.fspath(path), "format": None, "layers": [], "weights": [], "suspicious": []}
    with open_file(path) as file:
        report["size"] = file.seek(0, os.SEEK_END)
        report["sha256"] = _sha256(file)
        file.seek(0)
        start = file.read(8)
        try:
            if start[:4] == b"PK\x03\x04":
                _keras(file, report)
            elif start == b"\x89HDF\r\n\x1a\n":
                _hdf5(open_hdf5(FileSource(file)), report)
            elif os.fspath(path).endswith(".safetensors"):
                report["format"] = "safetensors"
                report["weights"] = [_weight(name, x, x) for name, x in safetensors.tensors(FileSource(file)).items()]
            else:
                raise SerializationError("neither a .keras file, nor HDF5, nor safetensors")
        except PolykerasError as error:
            report["suspicious"].append(str(error))
        except Exception as error:
            report["suspicious"].append(f"it is malformed: {type(error).__name__}: {error}")
    report["parameters"] = sum(int(np.prod(weight["shape"])) for weight in report["weights"])
    return report


def _sha256(file: Any) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()


def _keras(file: Any, report: dict[str, Any]) -> None:
    report["format"] = "keras"
    archive = Archive(file)
    report["members"] = [
        {"name": name, "size": member.file_size, "crc32": f"{member.CRC:08x}"}
        for name, member in archive.members.items()
    ]
    metadata = plain_data(archive.text("metadata.json"), "metadata.json")
    if isinstance(metadata, dict):
        report["keras_version"] = metadata.get("keras_version")
        report["date_saved"] = metadata.get("date_saved")
    _architecture(plain_data(archive.text("config.json"), "config.json"), report)
    stored = open_hdf5(archive.source("model.weights.h5"))
    report["weights"] = [_weight(x.path, x, x) for x in stored.datasets()]


def _hdf5(root: Any, report: dict[str, Any]) -> None:
    is_model = "model_config" in root.attrs
    report["format"] = "HDF5 of Keras 2" if is_model or "layer_names" in root.attrs else "weights in HDF5"
    if "keras_version" in root.attrs:
        report["keras_version"] = str(root.attrs["keras_version"])
    if is_model:
        _architecture(plain_data(root.attrs["model_config"], "model_config"), report)
    report["weights"] = [_weight(x.path, x, x) for x in root.datasets()]


def _weight(name: str, found: Any, stored: Any) -> dict[str, Any]:
    values = array_of(stored)
    is_text = values.dtype == object
    data = (
        "\0".join(values.ravel()).encode() if is_text else np.ascontiguousarray(values).reshape(-1).view(np.uint8).data
    )
    return {
        "name": name.lstrip("/"),
        "shape": list(found.shape),
        "dtype": "string" if is_text else values.dtype.name,
        "bytes": found.nbytes,
        "sha256": hashlib.sha256(data).hexdigest(),
    }


# The architecture ------------------------------------------------------------------------------------------

_PLAIN = ("__bytes__", "__ellipsis__", "__keras_tensor__", "__numpy__", "__slice__", "__tensor__", "function")


def _architecture(config: Any, report: dict[str, Any]) -> None:
    if isinstance(config, Mapping):
        report["model"] = config.get("class_name")
        report["compiled"] = bool(config.get("compile_config"))
    for entry in _entries(config):
        name, place = entry["class_name"], entry.get("module")
        if not isinstance(name, str) or not isinstance(place, (str, type(None))):
            report["suspicious"].append(f"it names a class by what is no name: {name!r} of {place!r}"[:200])
            continue
        inside = entry["config"] if isinstance(entry["config"], Mapping) else {}
        is_layer = place == "keras.layers" or (place is None and isinstance(inside.get("name"), str))
        if is_layer or inside.get("layers") is not None:
            report["layers"].append({"name": inside.get("name"), "class": name, "module": place})
        report["suspicious"] += _doubts(entry, name, place, inside)


def _entries(config: Any) -> Iterator[Mapping[str, Any]]:
    """Every object that a configuration describes."""
    pending = [config]
    while pending:
        found = pending.pop()
        if isinstance(found, Mapping):
            if "class_name" in found and "config" in found:
                yield found
            pending.extend(reversed(list(found.values())))
        elif isinstance(found, (list, tuple)):
            pending.extend(reversed(found))


def _doubts(entry: Mapping[str, Any], name: str, place: Any, config: Mapping[str, Any]) -> Iterator[str]:
    what = f"{name} {config.get('name', '')!r}"
    if name == "__lambda__":
        yield "it carries code (__lambda__), which is never run"
    elif name == "Lambda":
        yield f"{what} calls a function by name, which has to be registered"
    elif name == "function":
        if get_registered_object(str(entry["config"])) is None:
            yield f"it names the function {entry['config']!r}, which is not registered here"
    elif ">" in str(entry.get("registered_name")) and get_registered_object(str(entry["registered_name"])) is None:
        yield f"it names {str(entry['registered_name'])[:100]!r}, which is not registered here"
    elif name not in _PLAIN and not _is_known(entry, name, place):
        yield f"it names the class {name!r} of {place!r}, which is not known here"
    for key in ("vocabulary", "filepath", "file", "url", "path", "origin"):
        value = config.get(key)
        if isinstance(value, str) and ("/" in value or "\\" in value or "." in value):
            yield f"{what} names a file or address, {key}={value!r}, which is never read"


def _is_known(entry: Mapping[str, Any], name: str, place: Any) -> bool:
    registered = entry.get("registered_name")
    if isinstance(registered, str) and get_registered_object(registered) is not None:
        return True
    if isinstance(place, str):
        return is_of_ops(place) or in_namespace(place, name) is not None
    return get_registered_object(name) is not None or any(in_namespace(space, name) for space in NAMESPACES)


def show(report: dict[str, Any], console: Console) -> None:
    """Print a report."""
    console.print(f"{report['file']}: {report['format'] or 'unknown format'}, {report['size']:,} bytes", markup=False)
    for key in ("model", "keras_version", "date_saved", "sha256"):
        if report.get(key):
            console.print(f"  {key}: {report[key]}", markup=False)
    if report["layers"]:
        _table(console, "layers", ("name", "class", "module"), report["layers"])
    if report["weights"]:
        rows = [{**weight, "sha256": weight["sha256"][:12]} for weight in report["weights"]]
        _table(
            console, f"weights: {report['parameters']:,} numbers", ("name", "shape", "dtype", "bytes", "sha256"), rows
        )
    for doubt in report["suspicious"]:
        console.print(f"suspicious: {doubt}", style="bold red", markup=False)
    if not report["suspicious"]:
        console.print("nothing suspicious was found")


def _table(console: Console, title: str, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(str(row[column]).replace("[", "\\[") for column in columns))
    console.print(table)
