"""Models and weights out of checkpoints of Orbax."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..callbacks.orbax import kinds_of_state, orbax
from ..errors import FileError, SerializationError
from ..registry import deserialize_keras_object
from ..spec import show_shape
from .archive import plain_data
from .loading import deferred

STATE, CONFIG, ORDER = "pytree", "model_config", "variables"


def checkpoint_in(filepath: Any) -> Path | None:
    """The folder of a checkpoint: the one given, or the last one within it; None where there is none."""
    folder = Path(os.fspath(filepath))
    if not folder.is_dir():
        return None
    if (folder / STATE).is_dir():
        return folder
    found = [each for each in folder.iterdir() if each.name.isdecimal() and (each / STATE).is_dir()]
    return max(found, key=lambda each: int(each.name), default=None)


def model_from(folder: Path, compile: bool) -> Any:
    """The model in a checkpoint.

    Args:
        folder: The folder of the checkpoint.
        compile: Whether the model is compiled as it was, with the state of its optimizer.
    """
    if not (folder / CONFIG).is_dir():
        raise SerializationError(
            f"load_model: the checkpoint {folder} has weights only. Make the model, and call model.load_weights."
        )
    parts = _read(folder)
    config = plain_data(parts[CONFIG]["config"], CONFIG)
    if not isinstance(config, dict):
        raise SerializationError(f"load_model: the checkpoint {folder} does not describe a model.")
    if not compile:
        config = {key: value for key, value in config.items() if key != "compile_config"}
    stored = sum(np.asarray(value).nbytes for _, value in _flat(parts[STATE]))
    with deferred(stored):
        model = deserialize_keras_object(config)
        give_state(model, parts, folder, weights_only=not compile)
    return model


def give_weights(model: Any, folder: Path) -> None:
    """Give a model the weights of a checkpoint. They all fit, or nothing is changed."""
    give_state(model, _read(folder), folder, weights_only=True)


def _read(folder: Path) -> dict[str, Any]:
    reader = orbax()
    try:
        return reader.load_checkpointables(os.path.abspath(folder))
    except Exception as error:  # of whatever kind Orbax and what it uses have
        raise FileError(f"{folder} cannot be read as a checkpoint of Orbax: {error}. Use another one.") from error


def give_state(model: Any, parts: dict[str, Any], folder: Path, weights_only: bool) -> None:
    """Give the variables of a model their values in a checkpoint: in the order of the model, else by their paths."""
    paths = plain_data(parts[ORDER]["paths"], ORDER) if ORDER in parts else {}
    values = []
    for kind, variables in kinds_of_state(model, weights_only).items():
        stored = dict(_flat(parts[STATE].get(kind, {})))
        if kind == "metrics_variables" and len(stored) != len(variables):  # they are made in the first step
            continue
        wanted = paths.get(kind) or [_found(variable.path, stored) for variable in variables]
        if len(wanted) != len(variables):
            raise SerializationError(
                f"{folder}: expected {len(variables)} {kind}, as the model has; got {len(wanted)}. Build the model as "
                "it was."
            )
        for variable, path in zip(variables, wanted, strict=True):
            found = stored.get(path)
            if found is None or np.shape(found) != tuple(variable.shape):
                got = "nothing" if found is None else f"shape {show_shape(np.shape(found))}"
                raise SerializationError(
                    f"{folder}: expected a value of shape {show_shape(variable.shape)} for {variable.path} among its "
                    f"{kind}; got {got}. Build the model as it was, with the same names."
                )
            values.append((variable, np.asarray(found)))
    for variable, value in values:
        variable.assign(value)


def _flat(stored: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The values in dictionaries within dictionaries, with their paths."""
    if not isinstance(stored, dict):
        yield path, stored
        return
    for name, value in stored.items():
        yield from _flat(value, f"{path}/{name}" if path else name)


def _found(path: str, stored: dict[str, Any]) -> str:
    """The stored path of a variable, which may begin with the name of the model where the variable's does not."""
    if path in stored:
        return path
    owner, _, name = path.rpartition("/")
    longer = [key for key in stored if key.endswith(f"/{path}") or (key.startswith(owner) and key.endswith(f"_{name}"))]
    return longer[0] if len(longer) == 1 else path
