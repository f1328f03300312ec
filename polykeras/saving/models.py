"""Models in files, and out of them."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import ArgumentError, FileError, PolykerasError, SerializationError, StateError
from ..files import replacing
from ..layers import Layer
from ..models import Model
from ..registry import CustomObjectScope, deserialize_keras_object, serialize_keras_object
from . import legacy, safetensors, shards
from .archive import Archive, plain_data, write_archive
from .assets import assets_of, give_assets
from .hdf5_reader import Group, open_hdf5
from .hdf5_writer import GroupToWrite, hdf5_pieces
from .loading import deferred, sizes_of
from .orbax import checkpoint_in, give_weights, model_from
from .sources import FileSource, open_file
from .weights import collect, distribute

KERAS_VERSION = "3.15.1"
"""The version of Keras whose format the files have."""
WEIGHTS = "model.weights.h5"


def save_model(model: Any, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
    """Save a model: its architecture, weights, and what it was compiled with, the optimizer's state included.

    Keras 3.15.1 loads both formats, but does not train on a compiled model of `.h5` on PyTorch, and cannot load those
    that it saved itself with a loss by its short name, such as "mse". Here they are loaded and train on.

    Args:
        model: The model.
        filepath: Where to: a name that ends with `.keras`, or with `.h5` for the format of Keras 2.
        overwrite: Whether a file that is there is replaced; if not, it is an error.
        zipped: Only True, or None for that: a file is always one archive.
        **kwargs: `include_optimizer`, whether the state of the optimizer is saved, too.

    >>> import tempfile
    >>> from polykeras import Input, Sequential
    >>> from polykeras.layers import Dense
    >>> model = Sequential([Input((3,)), Dense(2)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(model, f"{folder}/model.keras")
    ...     load_model(f"{folder}/model.keras").count_params()
    8
    """
    with_optimizer = kwargs.pop("include_optimizer", True)
    if kwargs or zipped is False:
        unknown = ", ".join(kwargs) or "zipped=False"
        raise ArgumentError(f"save_model: unknown arguments {unknown}; known are overwrite and include_optimizer.")
    path = _target(filepath, overwrite, "save_model")
    if path.suffix in (".h5", ".hdf5"):
        root = legacy.model_to_groups(model, with_optimizer)
        _write_hdf5(path, root)
    elif path.suffix == ".keras":
        _write_keras(path, model, with_optimizer)
    else:
        raise ArgumentError(
            f"save_model: expected a path that ends with .keras or .h5; got {os.fspath(filepath)!r}. Write "
            f"{path.with_suffix('.keras').name!r}."
        )


def _target(filepath: Any, overwrite: bool, who: str) -> Path:
    path = Path(os.fspath(filepath))
    if path.exists() and not overwrite:
        raise FileError(f"{who}: {path} is there already, and overwrite is False. Choose another name.")
    return path


def _write_keras(path: Path, model: Any, with_optimizer: bool) -> None:
    texts = {
        "metadata.json": json.dumps(
            {"keras_version": KERAS_VERSION, "date_saved": datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")}
        ),
        "config.json": json.dumps(serialize_keras_object(model)),
    }
    groups = collect(model)
    if not with_optimizer:
        groups.pop("optimizer", None)
    streams: dict[str, tuple[int, Iterable[Any]]] = {WEIGHTS: hdf5_pieces(groups)}
    with replacing(path) as place:
        write_archive(place, {**texts, **assets_of(model)}, streams)


def _write_hdf5(path: Path, groups: GroupToWrite) -> None:
    _, pieces = hdf5_pieces(groups)
    with replacing(path) as place, open(place, "wb") as file:
        for piece in pieces:
            file.write(piece)


def load_model(
    filepath: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """The model in a file that `save_model` or Keras wrote.

    Only classes of the library, registered ones and `custom_objects` are made. No code and no path in the file is used.

    Args:
        filepath: The path of a `.keras` file, of a model in `.h5`, or of a folder with checkpoints of Orbax.
        custom_objects: Classes and functions by name, besides those that are registered.
        compile: Whether the model is compiled as it was, with the state of its optimizer.
        safe_mode: Accepted for compatibility: code in a file is never run, whatever it is.

    Returns:
        The model.

    >>> import tempfile
    >>> from polykeras import Input, Sequential
    >>> from polykeras.layers import Dense
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Sequential([Input((3,)), Dense(2)]).save(f"{folder}/model.keras")
    ...     load_model(f"{folder}/model.keras").output_shape
    (None, 2)
    """
    checkpoint = checkpoint_in(filepath)
    if checkpoint is not None:
        with _told(filepath), CustomObjectScope(custom_objects):
            return model_from(checkpoint, compile)
    with _told(filepath), CustomObjectScope(custom_objects), open_file(filepath) as file:
        start = file.read(8)
        if start[:4] == b"PK\x03\x04":
            return _from_keras(Archive(file), compile)
        if start == b"\x89HDF\r\n\x1a\n":
            return legacy.model_from_groups(open_hdf5(FileSource(file)), compile)
    raise SerializationError(
        f"load_model: {os.fspath(filepath)} is neither a .keras file nor one of HDF5. Weights alone are loaded with "
        "model.load_weights."
    )


def _from_keras(archive: Archive, compile: bool) -> Any:
    plain_data(archive.text("metadata.json"), "metadata.json")
    config = plain_data(archive.text("config.json"), "config.json")
    if not isinstance(config, dict):
        raise SerializationError("load_model: config.json does not describe a model.")
    stored = open_hdf5(archive.source(WEIGHTS))
    if not compile:
        config = {key: value for key, value in config.items() if key != "compile_config"}
    with deferred(sizes_of(stored)):
        model = deserialize_keras_object(config)
        if not isinstance(model, Layer):
            raise SerializationError(f"load_model: the file holds {model!r}, which is no model.")
        distribute(model, stored, optimizer=compile)
    give_assets(model, archive)
    return model


@contextlib.contextmanager
def _told(filepath: Any) -> Iterator[None]:
    """Within the block, whatever a malformed file leads to is one of our errors."""
    try:
        yield
    except PolykerasError:
        raise
    except OSError as error:
        raise FileError(f"{os.fspath(filepath)} cannot be read: {error}. Check the path.") from error
    except Exception as error:
        raise SerializationError(
            f"{os.fspath(filepath)} does not describe a model that can be made here: {type(error).__name__}: {error}. "
            "Register the classes that it names, and check that the file is whole."
        ) from error


def save_weights(
    model: Any, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None, **kwargs: Any
) -> None:
    """Save the weights of a model, with the state of its optimizer.

    Args:
        model: The model, or a layer.
        filepath: Where to: `.weights.h5`, `.weights.json` for several files, or `.safetensors` for names and arrays.
        overwrite: Whether a file that is there is replaced; if not, it is an error.
        max_shard_size: The largest size of each file in GB, for several files.
        **kwargs: None are known.

    >>> import tempfile
    >>> from polykeras import Input, Sequential
    >>> from polykeras.layers import Dense
    >>> model = Sequential([Input((3,)), Dense(2)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_weights(model, f"{folder}/model.weights.h5")
    ...     load_weights(model, f"{folder}/model.weights.h5")
    """
    if kwargs:
        raise ArgumentError(f"save_weights: unknown arguments {', '.join(kwargs)}.")
    if not model.built:
        raise StateError(
            f"save_weights: expected a model that has its weights; {model.name} is not built. Call it on data, or "
            "build it with the shape of its inputs."
        )
    path = _target(filepath, overwrite, "save_weights")
    if path.name.endswith(".weights.json"):
        shards.save(collect(model), path, max_shard_size)
    elif max_shard_size is not None:
        raise ArgumentError(f"save_weights: with max_shard_size the path ends with .weights.json; got {path.name!r}.")
    elif path.name.endswith(".weights.h5"):
        _write_hdf5(path, collect(model))
    elif path.suffix == ".safetensors":
        safetensors.save(collect(model), path)
    else:
        raise ArgumentError(
            f"save_weights: expected a path that ends with .weights.h5, .weights.json or .safetensors; got "
            f"{path.name!r}. Write {path.stem + '.weights.h5'!r}."
        )


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
    """Give a model the weights in a file. They all fit, or nothing is changed.

    Args:
        model: The model, or a layer.
        filepath: The path of `.weights.h5`, `.weights.json`, `.safetensors`, `.keras`, `.h5` of Keras 2, or of a
            folder with checkpoints of Orbax.
        skip_mismatch: Whether layers for which the file has something else are left as they are, with a warning.
        **kwargs: `by_name`, for `.h5` of Keras 2: whether layers are found by their names, not by their order.

    >>> import tempfile
    >>> from polykeras import Input, Sequential
    >>> from polykeras.layers import Dense
    >>> model, other = (Sequential([Input((3,)), Dense(2)]) for _ in range(2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.save_weights(f"{folder}/model.safetensors")
    ...     load_weights(other, f"{folder}/model.safetensors")
    """
    by_name = kwargs.pop("by_name", False)
    if kwargs:
        raise ArgumentError(f"load_weights: unknown arguments {', '.join(kwargs)}; known is by_name.")
    path = Path(os.fspath(filepath))
    with _told(filepath):
        checkpoint = checkpoint_in(path)
        if checkpoint is not None:
            return give_weights(model, checkpoint)
        if path.name.endswith(".weights.json"):
            with shards.opened(path) as stored:
                return _distribute(model, stored, skip_mismatch, by_name, path)
        with open_file(path) as file:
            start = file.read(8)
            if start[:4] == b"PK\x03\x04":
                stored = open_hdf5(Archive(file).source(WEIGHTS))
            elif start == b"\x89HDF\r\n\x1a\n":
                stored = open_hdf5(FileSource(file))
            elif path.suffix == ".safetensors":
                stored = safetensors.groups(FileSource(file))
            else:
                raise SerializationError(
                    f"load_weights: {path} is neither a .keras file, HDF5 nor .safetensors. Check the path."
                )
            return _distribute(model, stored, skip_mismatch, by_name, path)


def _distribute(model: Any, stored: Any, skip_mismatch: bool, by_name: bool, path: Path) -> None:
    if isinstance(stored, Group) and ("layer_names" in stored.attrs or "model_weights" in stored):
        legacy.load_weights(model, stored, skip_mismatch, by_name)
    elif by_name:
        raise ArgumentError(f"load_weights: by_name is for the format of Keras 2; {path.name} has another one.")
    else:
        distribute(model, stored, skip_mismatch)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The model that `to_json` describes, with new weights.

    Args:
        json_string: The text.
        custom_objects: Classes and functions by name, besides those that are registered.

    Returns:
        The model.

    >>> from polykeras import Input, Sequential
    >>> from polykeras.layers import Dense
    >>> model_from_json(Sequential([Input((3,)), Dense(2)]).to_json()).output_shape
    (None, 2)
    """
    with _told("the JSON"):
        config = plain_data(json_string, "model_from_json")
        with deferred(None):
            model = deserialize_keras_object(config, custom_objects)
        if not isinstance(model, Model):
            raise SerializationError(
                f"model_from_json: expected the text of to_json; got one that describes {model!r}."
            )
        return model
