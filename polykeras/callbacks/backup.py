"""Backups from which an interrupted training goes on as if nothing had happened."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import files
from ..backend import numpy_dtype
from ..errors import ArgumentError, FileError, StateError
from ..random import go_to_positions, stream_positions
from ..state import Variable
from .callback import Callback
from .checkpoint import EveryFewBatches, check_frequency

FORMAT = 2


class BackupAndRestore(Callback):
    """Backs up a training, so that it goes on when the same code runs again after an interruption.

    What is restored: weights, the state of optimizer, metrics and random streams, the place in the epoch and the order
    of its samples, and what callbacks remember. On the same backend the final weights are those of a training without
    an interruption, bit for bit, if the data is the same: arrays; data loaders of PyTorch, whose generators are
    restored; or batches that come in the same order each time. A pipeline of `tf.data` that shuffles has another order
    when it is made again, unless it says `reshuffle_each_iteration=False` and a seed.

    Args:
        backup_dir: A folder for the backup, of this training only.
        save_freq: "epoch", or after how many batches there is a backup.
        double_checkpoint: Whether the last backup but one is kept too, for when the last one cannot be read.
        delete_checkpoint: Whether there is no backup left when training has ended.

    >>> import tempfile
    >>> model = polykeras.Sequential([polykeras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> backup = BackupAndRestore(tempfile.mkdtemp() + "/backup")
    >>> model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[backup]).epoch
    [0, 1]
    """

    comes_last = True
    repeats = True
    takes_arrays = True

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ):
        super().__init__()
        if not os.fspath(backup_dir):
            raise ArgumentError("BackupAndRestore: expected backup_dir to be the name of a folder; got an empty one.")
        check_frequency("BackupAndRestore", save_freq)
        self.backup_dir = backup_dir
        self.save_freq = save_freq
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._file = Path(backup_dir, "training.npz")
        self._previous = Path(backup_dir, "training.previous.npz")
        self._epoch = 0
        self._before = 0  # batches of all epochs before this one
        self._batches = EveryFewBatches(0 if save_freq == "epoch" else int(save_freq))
        self._at_begin: dict[str, Any] = {}
        self._data: list[np.ndarray] = []
        self._after_first: dict[str, Any] = {}
        self._last_batch = -1
        self._backup: _Backup | None = None
        if save_freq != "epoch":  # so that nothing is called at batches where there is nothing to do
            self.on_train_batch_end = self._after_batch

    def on_train_begin(self, logs: Any = None) -> None:
        """Find out where to go on, if there is a backup."""
        self._before, self._last_batch, self._backup = 0, -1, None
        backup = self._read()
        if backup is None:
            return
        found = backup.described
        self._backup = backup
        self._before = found["batches_before"]
        self._at_begin, self._after_first = found["at_begin"], found["after_first"]
        self._data = backup.restored(found["data"])
        self._last_batch = found["batch"] - 1
        self._batches.state = found["batches_seen"]
        names = ("epoch", "batch", "batches_before", "is_over", "at_begin", "after_first")
        self.model.resume_at(**{name: found[name] for name in names}, data=self._data, restore=self._restore)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note where random streams are, before the samples are put into an order."""
        self._epoch = epoch
        if self._last_batch < 0:
            self._note()

    def _note(self) -> None:
        """Note where an epoch begins."""
        self._at_begin, self._after_first = stream_positions(), {}
        self._data = self.model.states_of_data()

    def _after_batch(self, batch: int, logs: Any = None) -> None:
        if not self._after_first:
            self._after_first = stream_positions()
        self._last_batch = batch
        if self._batches.is_due(batch):
            self._save(self._epoch, batch + 1)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Make a backup, if it is time."""
        self._last_batch = -1
        self._note()
        self._before += (self.params or {}).get("steps") or 0
        if self.save_freq == "epoch":
            self._save(epoch + 1, 0)

    def on_train_end(self, logs: Any = None) -> None:
        """Delete the backup, which nobody needs any more."""
        if self.delete_checkpoint:
            for file in (self._file, self._previous):
                file.unlink(missing_ok=True)
            self._remove_partial_files()
            if self._file.parent.is_dir() and not any(self._file.parent.iterdir()):
                self._file.parent.rmdir()

    def _save(self, epoch: int, batch: int) -> None:
        described = {
            "format": FORMAT,
            "epoch": epoch,
            "batch": batch,
            "batches_before": self._before,
            "batches_seen": self._batches.state,
            "is_over": bool(self.model.stop_training),
            "at_begin": self._at_begin,
            "after_first": self._after_first,
            "now": stream_positions(),
        }
        backup = _Backup(described)
        described["data"] = backup.plain(self._data)
        backup.add_variables(self.model.state_in_training())
        backup.add_callbacks(self.companions)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        if self.double_checkpoint and self._file.exists():
            with files.replacing(self._previous) as place:
                shutil.copyfile(self._file, place)
        backup.write(self._file)

    def _read(self) -> _Backup | None:
        """The last backup that can be read, if there is any."""
        self._remove_partial_files()
        for file in (self._file, self._previous):
            try:
                return _Backup.read(file) if file.exists() else None
            except FileError:
                if file is self._previous or not self._previous.exists():
                    raise
        return None

    def _remove_partial_files(self) -> None:
        """Remove what a killed process has left."""
        for file in self._file.parent.glob(".training*.partial"):
            file.unlink(missing_ok=True)

    def _restore(self, variables: list[Variable]) -> None:
        assert self._backup is not None
        backup, self._backup = self._backup, None
        backup.give_variables(variables)
        backup.give_callbacks(self.companions)
        if backup.described["batch"]:  # else the samples of the epoch have just been put into an order again
            go_to_positions(backup.described["now"])


class _Backup:
    """What a backup holds: a description that is plain data, and arrays that it refers to by number.

    Args:
        described: What is to be said besides.
        arrays: The arrays, each as bytes.
    """

    def __init__(self, described: dict[str, Any], arrays: Sequence[np.ndarray] = ()):
        self.described = described
        self.arrays = list(arrays)

    def add_variables(self, variables: list[Variable]) -> None:
        """Take the values of variables."""
        self.described["variables"] = [{"path": v.path, **self._packed(v.numpy())} for v in variables]

    def give_variables(self, variables: list[Variable]) -> None:
        """Give variables their values."""
        found = self.described["variables"]
        shapes = [(tuple(entry["shape"]), entry["dtype"]) for entry in found]
        if shapes != [(v.shape, v._dtype) for v in variables]:
            raise StateError(
                f"BackupAndRestore: the backup is of another model or another optimizer: it has {len(found)} variables "
                f"({_shown(shapes)}), and there are {len(variables)} now "
                f"({_shown([(v.shape, v._dtype) for v in variables])}). Use another backup_dir, or delete the backup."
            )
        for variable, entry in zip(variables, found, strict=True):
            variable.assign(self._unpacked(entry))

    def add_callbacks(self, callbacks: Sequence[Callback]) -> None:
        """Take what callbacks remember."""
        self.described["callbacks"] = [
            [type(callback).__name__, {name: self.plain(getattr(callback, name)) for name in _names_of(callback)}]
            for callback in callbacks
        ]

    def give_callbacks(self, callbacks: Sequence[Callback]) -> None:
        """Give callbacks what they remembered. Those that were not there begin anew."""
        left = list(self.described["callbacks"])
        for callback in callbacks:
            entry = next((entry for entry in left if entry[0] == type(callback).__name__), None)
            if entry is not None:
                left.remove(entry)
                for name, value in entry[1].items():
                    setattr(callback, name, self.restored(value))

    def plain(self, value: Any) -> Any:
        """A value as plain data."""
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, np.ndarray):
            return {"array": self._packed(value)}
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, (list, tuple)):
            return [self.plain(item) for item in value]
        if isinstance(value, dict):
            return {"items": [[key, self.plain(item)] for key, item in value.items()]}
        raise StateError(
            f"BackupAndRestore: a callback remembers a {type(value).__name__}, which a backup cannot keep. Leave it "
            "out of its state_names, or make it of numbers, texts, NumPy arrays, lists and dictionaries."
        )

    def restored(self, value: Any) -> Any:
        """The value that plain data stands for."""
        if isinstance(value, list):
            return [self.restored(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "array" in value:
            return self._unpacked(value["array"])
        return {key: self.restored(item) for key, item in value["items"]}

    def _packed(self, array: np.ndarray) -> dict[str, Any]:
        self.arrays.append(np.frombuffer(array.tobytes(), "uint8"))
        return {"number": len(self.arrays) - 1, "shape": list(array.shape), "dtype": array.dtype.name}

    def _unpacked(self, entry: dict[str, Any]) -> np.ndarray:
        content = self.arrays[entry["number"]].tobytes()
        return np.frombuffer(content, numpy_dtype(entry["dtype"])).reshape(entry["shape"]).copy()

    def write(self, file: Path) -> None:
        """Write it to a file, which is there as a whole or as it was before."""
        text = np.frombuffer(json.dumps(self.described).encode(), "uint8")
        with files.replacing(file) as place, zipfile.ZipFile(place, "w") as archive:
            for name, array in [("described", text), *((f"array_{n}", a) for n, a in enumerate(self.arrays))]:
                with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                    np.lib.format.write_array(stream, array, allow_pickle=False)

    @classmethod
    def read(cls, file: Path) -> _Backup:
        """Read it from a file."""
        try:
            with np.load(file, allow_pickle=False) as content:
                described = json.loads(content["described"].tobytes())
                arrays = [content[f"array_{number}"] for number in range(len(content.files) - 1)]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise FileError(
                f"BackupAndRestore: the backup {file} cannot be read: {error}. Delete it to begin anew."
            ) from error
        if described.get("format") != FORMAT:
            raise FileError(f"BackupAndRestore: the backup {file} is of another version. Delete it to begin anew.")
        return cls(described, arrays)


def _names_of(callback: Callback) -> Sequence[str]:
    return getattr(callback, "state_names", ())


def _shown(shapes: list[Any]) -> str:
    return ", ".join(f"{dtype}{list(shape)}" for shape, dtype in shapes[:4]) + (", ..." if len(shapes) > 4 else "")
