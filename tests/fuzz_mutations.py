"""Real files of each format, small ones, and what can be made of them: the inputs of the fuzzers."""

from __future__ import annotations

import io
import json
import random
import struct
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

import polykeras
from polykeras import Input, Model, Sequential, layers, ops, saving
from polykeras.errors import PolykerasError
from polykeras.saving.hdf5_reader import Dataset, Group, open_hdf5
from polykeras.saving.hdf5_writer import GroupToWrite, hdf5_pieces
from polykeras.saving.inspection import inspect_file
from polykeras.saving.sources import FileSource

KERAS_2 = Path(__file__).parent / "data" / "keras_2.zip"
NUMBERS = (0, 1, 2, 0x7F, 0xFF, 0xFFFF, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1)
VALUES = (
    *(None, True, -1, 0, 1, 10**9, 10**18, 1e308, float("nan"), "", "x", "../x", "/etc/passwd"),
    *([], {}, [[]], [1], "Dense", "keras.layers", "function", "float8_e4m3fn", "Model"),
)
KEYS = ("class_name", "config", "module", "name", "axis", "units", "registered_name", "batch_input_shape", "dtype")
CONFIGS = ("model_config", "training_config")


class Seed(NamedTuple):
    """A real file."""

    name: str
    """The name that a file with this content has, by which its format is known."""
    data: bytes
    model: Any
    """The model that loads the file as weights; None where the file is a whole model."""


# Seeds -----------------------------------------------------------------------------------------------------


def models() -> Iterator[Any]:
    """A graph with layers of many kinds, and a stack."""
    i = Input((4, 4))
    x = layers.Bidirectional(layers.GRU(2))(layers.MultiHeadAttention(1, 2)(i, i))
    x = layers.BatchNormalization()(layers.Dropout(0.5)(layers.Dense(3, "relu", kernel_regularizer="l2")(x)))
    yield Model(i, ops.multiply(x[:, 0], 2.0) + ops.sum(x, axis=1))
    yield Sequential([Input((5,)), layers.Embedding(9, 2), layers.Conv1D(2, 2), layers.Flatten(), layers.Dense(1)])


def seeds() -> list[Seed]:
    """Small real files of each format."""
    found = []
    with polykeras.using("numpy"), tempfile.TemporaryDirectory() as folder:
        polykeras.set_random_seed(0)
        for model in models():
            model.compile("adam", "mse", metrics=["mae"])
            model.optimizer.build(model.trainable_variables)
            for name in ("m.keras", "m.h5"):
                model.save(f"{folder}/{name}")
                found.append(Seed(name, Path(folder, name).read_bytes(), None))
            for name in ("m.weights.h5", "m.safetensors"):
                model.save_weights(f"{folder}/{name}")
                found.append(Seed(name, Path(folder, name).read_bytes(), model))
            found.append(Seed("m.json", model.to_json().encode(), None))
            found.append(Seed("m.weights.h5", in_newest_layout(f"{folder}/m.weights.h5"), model))
    with zipfile.ZipFile(KERAS_2) as archive:
        found += [Seed("m.h5", archive.read(f"{name}.h5"), None) for name in ("recurrent", "functional")]
    return found


def in_newest_layout(path: str) -> bytes:
    """A file of weights as h5py writes it today if it is asked to: trees, heaps and indexes of the newer kinds."""
    file = io.BytesIO()
    with h5py.File(path) as old, h5py.File(file, "w", libver="latest") as new:

        def copy(name: str, found: Any) -> None:
            if isinstance(found, h5py.Dataset) and found.ndim:
                rows = (max(found.shape[0] // 2, 1), *found.shape[1:])
                new.create_dataset(name, data=found[()], chunks=rows, compression="gzip", shuffle=True)
            elif isinstance(found, h5py.Dataset):
                new[name] = found[()]
            else:
                new.require_group(name).attrs.update(
                    {f"{key}_{i}": x for key, x in found.attrs.items() for i in range(9)}
                )

        old.visititems(copy)
    return file.getvalue()


# Mutations -------------------------------------------------------------------------------------------------


def in_bytes(content: bytes, source: random.Random) -> bytes:
    """Bits turned, numbers put in, pieces cut out, doubled or exchanged."""
    data = bytearray(content)
    for _ in range(source.choice((1, 1, 2, 4, 16))):
        if not data:
            break
        place = source.randrange(len(data))
        kind = source.randrange(6)
        if kind == 0:
            data[place] ^= 1 << source.randrange(8)
        elif kind == 1:
            data[place] = source.randrange(256)
        elif kind == 2:
            width = source.choice("BHIQ")
            number = source.choice(NUMBERS) % 2 ** (8 * struct.calcsize(width))
            data[place : place + struct.calcsize(width)] = struct.pack(f"<{width}", number)
        elif kind == 3:
            del data[place : place + source.choice((1, 8, 64, 4096))]
        elif kind == 4:
            other = source.randrange(len(data))
            data[place : place + 8] = data[other : other + 8]
        else:
            del data[place:]
    return bytes(data)


def in_json(text: bytes | str, source: random.Random) -> bytes:
    """Values exchanged, removed, doubled, or put elsewhere."""
    root = json.loads(text)
    places = []

    def walk(node: Any) -> None:
        for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
            places.append((node, key))
            walk(node[key])

    walk(root)
    for _ in range(source.choice((1, 1, 2, 5))):
        node, key = source.choice(places)
        try:
            kind = source.randrange(4)
            if kind == 0:
                node[key] = source.choice(VALUES)
            elif kind == 1:
                other, name = source.choice(places)
                node[key] = json.loads(json.dumps(other[name]))
            elif kind == 2 and isinstance(node, dict):
                node[source.choice(KEYS)] = node.pop(key)
            else:
                del node[key]
        except (KeyError, IndexError, ValueError):
            continue
    return json.dumps(root).encode()


def in_archive(data: bytes, source: random.Random) -> bytes:
    """One member changed; the archive around it is whole, so that its checksums are right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    member = source.choice(("config.json", "config.json", "model.weights.h5", "metadata.json"))
    change = in_json if member.endswith("json") and source.random() < 0.8 else in_bytes
    members[member] = change(members[member], source)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for each, content in members.items():
            archive.writestr(each, content)
    return made.getvalue()


def in_attributes(data: bytes, source: random.Random) -> bytes:
    """The architecture in a file of Keras 2 changed; the file around it is whole."""
    root = copied(open_hdf5(FileSource(io.BytesIO(data))))
    name = source.choice([name for name in CONFIGS if name in root.attrs])
    root.attrs[name] = in_json(root.attrs[name], source).decode()
    return b"".join(bytes(piece) for piece in hdf5_pieces(root)[1])


def copied(group: Group) -> GroupToWrite:
    """Groups as they can be written."""
    made = GroupToWrite({key: list(x) if np.asarray(x).dtype.kind == "O" else x for key, x in group.attrs.items()})
    for name, member in group.items():
        made[name] = (member.read(), member.attrs) if isinstance(member, Dataset) else copied(member)
    return made


def in_table(data: bytes, source: random.Random) -> bytes:
    """The table of a file of safetensors changed."""
    length = struct.unpack("<Q", data[:8])[0]
    table = in_json(data[8 : 8 + length], source)
    return struct.pack("<Q", len(table)) + table + data[8 + length :]


WITHIN = {
    "m.json": (0.8, in_json),
    "m.keras": (0.8, in_archive),
    "m.h5": (0.5, in_attributes),
    "m.safetensors": (0.5, in_table),
}
"""How each format is changed within, so that what is around stays right, and in how many cases."""


def mutated(seed: Seed, source: random.Random) -> bytes:
    """Another input, made of a seed."""
    share, change = WITHIN.get(seed.name, (0.0, in_bytes))
    return change(seed.data, source) if source.random() < share else in_bytes(seed.data, source)


# Trials ----------------------------------------------------------------------------------------------------


def tried(seed: Seed, data: bytes, folder: str) -> str:
    """Load one input: "loaded" where it gave a model, else the class of our error with which it was refused."""
    try:
        if seed.name == "m.json":
            polykeras.models.model_from_json(data.decode("utf-8", "replace"))
            return "loaded"
        path = Path(folder, seed.name)
        path.write_bytes(data)
        if seed.model is None:
            saving.load_model(path)
        else:
            seed.model.load_weights(path)
    except PolykerasError as error:
        if isinstance(error.__cause__, MemoryError):  # it was not refused before memory was taken
            raise error.__cause__ from None
        return type(error).__name__
    return "loaded"


def inspected(seed: Seed, data: bytes, folder: str) -> None:
    """Look at what is in an input: whatever it is, there is a report, which JSON can hold."""
    path = Path(folder, seed.name)
    path.write_bytes(data)
    json.dumps(inspect_file(path))
