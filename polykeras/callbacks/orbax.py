"""Checkpoints in the format of Orbax, in the course of training."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import json
import os
from collections.abc import Mapping
from typing import Any

from ..errors import ArgumentError
from ..optional import need
from ..registry import serialize_keras_object
from ..state import Variable
from .checkpoint import Saving


def orbax() -> Any:
    """The first version of Orbax's interface, wherever the package that is installed has it."""
    with contextlib.suppress(ModuleNotFoundError):
        return importlib.import_module("orbax.checkpoint.v1")
    return need("orbax.checkpoint.experimental.v1", "orbax")


class OrbaxCheckpoint(Saving):
    """Saves checkpoints of the model with Orbax, of whatever backend it is: arrays are those of NumPy in the files.

    In the folder there is one for each checkpoint, by its number: that of the epoch from 0, or how many batches
    training has seen. `saving.load_model` makes a model of a checkpoint, `model.load_weights` takes its weights; both
    also do so with what Keras's callback wrote, as Keras does with these.

    Args:
        directory: The folder.
        monitor: The name of the number in the logs by which a model is better than another.
        verbose: 1 to say what is done.
        save_best_only: Whether only models are saved that are better than those before.
        mode: "min" where smaller is better, "max" where larger is, "auto" for what the metric of that name says.
        save_freq: "epoch", or after how many batches.
        initial_value_threshold: What the number has to be better than at first.
        max_to_keep: How many checkpoints are kept, the last ones; None for all.
        save_on_background: Whether training goes on while files are written.
        save_weights_only: Whether only weights are saved, without the architecture, the optimizer and metrics.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
        max_to_keep: int | None = 1,
        save_on_background: bool = True,
        save_weights_only: bool = False,
    ):
        super().__init__(monitor, verbose, save_best_only, mode, save_freq, initial_value_threshold)
        if not os.fspath(directory):
            raise ArgumentError("OrbaxCheckpoint: expected directory to be the name of a folder; got an empty one.")
        if max_to_keep is not None and (not isinstance(max_to_keep, int) or max_to_keep < 1):
            raise ArgumentError(
                f"OrbaxCheckpoint: expected max_to_keep to be a whole number from 1, or None; got {max_to_keep!r}."
            )
        training = orbax().training
        self.directory = os.fspath(directory)
        self.max_to_keep = max_to_keep
        self.save_on_background = save_on_background
        self.save_weights_only = save_weights_only
        policies = training.preservation_policies
        policy = policies.PreserveAll() if max_to_keep is None else policies.LatestN(max_to_keep)
        self._checkpointer = training.Checkpointer(os.path.abspath(self.directory), preservation_policy=policy)
        self._pending: Any = None

    def _place(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> int:
        return epoch if batch is None else self._batches.total

    def _save(self, where: int) -> None:
        self.wait_until_finished()
        parts = checkpointables(self.model, self.save_weights_only)
        if self.save_on_background:
            self._pending = self._checkpointer.save_checkpointables_async(where, parts, overwrite=True)
        else:
            self._checkpointer.save_checkpointables(where, parts, overwrite=True)

    def wait_until_finished(self) -> None:
        """Wait until the checkpoint that is being written is there as a whole."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def on_train_end(self, logs: Any = None) -> None:
        """Wait for the last checkpoint."""
        self.wait_until_finished()

    def abandon(self) -> None:
        """Wait for the last checkpoint, also where training ends with an error."""
        self.wait_until_finished()


def checkpointables(model: Any, weights_only: bool) -> dict[str, Any]:
    """What a checkpoint consists of, as Keras lays it out; and the paths of variables in the order that the model has.

    Of a model that is made anew from its configuration, the paths of variables need not be the same.
    """
    paths = {
        kind: _by_distinct_path(variables, f"{model.name}/")
        for kind, variables in kinds_of_state(model, weights_only).items()
    }
    parts: dict[str, Any] = {
        "pytree": {kind: _by_path(kind, variables) for kind, variables in paths.items()},
        "variables": {"paths": json.dumps({kind: list(variables) for kind, variables in paths.items()})},
    }
    if not weights_only:
        parts["model_config"] = {"config": json.dumps(serialize_keras_object(model))}
    return parts


def kinds_of_state(model: Any, weights_only: bool) -> dict[str, list[Variable]]:
    """The variables of a model, of which each kind is a part of a checkpoint."""
    kinds = {
        "trainable_variables": model.trainable_variables,
        "non_trainable_variables": model.non_trainable_variables,
    }
    if weights_only:
        return kinds
    optimizer = getattr(model, "optimizer", None)
    return {
        **kinds,
        "optimizer_variables": [] if optimizer is None else list(optimizer.variables),
        "metrics_variables": [variable for metric in model.metrics for variable in metric.variables],
    }


def _by_distinct_path(variables: list[Variable], prefix: str) -> dict[str, Variable]:
    """Variables by their paths, with numbers behind those that were there before."""
    found: dict[str, Variable] = {}
    for variable in variables:
        path = variable.path.removeprefix(prefix)
        numbered = (f"{path}_{number}" if number else path for number in itertools.count())
        found[next(name for name in numbered if name not in found)] = variable
    return found


def _by_path(kind: str, variables: Mapping[str, Variable]) -> dict[str, Any]:
    """The values of variables in dictionaries within dictionaries, by the parts of their paths."""
    found: dict[str, Any] = {}
    for path, variable in variables.items():
        *folders, name = path.split("/")
        place: Any = found
        for folder in folders:
            place = place.setdefault(folder, {}) if isinstance(place, dict) else place
        if not isinstance(place, dict) or name in place:
            raise ArgumentError(
                f"OrbaxCheckpoint: the path of one of the model's {kind}, {path!r}, begins with that of another, which "
                "files cannot have. Give layers and weights other names."
            )
        place[name] = variable.numpy()
    return found
