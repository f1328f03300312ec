"""The model saved to files in the course of training."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np

from ..errors import ArgumentError
from .monitor import MonitorCallback


class EveryFewBatches:
    """Counts batches, however many are taken in one call, and says when it is time.

    Args:
        frequency: After how many batches it is.
    """

    def __init__(self, frequency: int):
        self.frequency = frequency
        self.seen = 0
        self.total = 0
        self._last = -1

    @property
    def state(self) -> list[int]:
        """The batches since the last time, the number of the last one, and how many there were."""
        return [self.seen, self._last, self.total]

    @state.setter
    def state(self, state: list[int]) -> None:
        self.seen, self._last, self.total = state

    def is_due(self, batch: int) -> bool:
        """Whether it is time after a batch, given its number in the epoch."""
        more = batch - self._last if batch > self._last else batch + 1
        self.seen, self.total, self._last = self.seen + more, self.total + more, batch
        if self.seen < self.frequency:
            return False
        self.seen = 0
        return True


def check_frequency(owner: str, save_freq: Any) -> None:
    """Refuse what is neither "epoch" nor a number of batches."""
    if save_freq != "epoch" and (isinstance(save_freq, bool) or not isinstance(save_freq, int) or save_freq < 1):
        raise ArgumentError(
            f"{owner}: expected save_freq to be 'epoch' or a number of batches from 1; got {save_freq!r}."
        )


class Saving(MonitorCallback):
    """The base of callbacks that save after epochs or batches, all the time or what is best."""

    state_names = ("best", "batches_seen")

    def __init__(
        self,
        monitor: str,
        verbose: int,
        save_best_only: bool,
        mode: str,
        save_freq: Any,
        initial_value_threshold: float | None,
    ):
        super().__init__(monitor, mode, initial_value_threshold)
        check_frequency(type(self).__name__, save_freq)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_freq = save_freq
        self._epoch = 0
        self._batches = EveryFewBatches(0 if save_freq == "epoch" else save_freq)
        if save_freq != "epoch":  # so that nothing is called after batches where there is nothing to do
            self.on_train_batch_end = self._after_batch

    @property
    def batches_seen(self) -> list[int]:
        """How many batches there have been, and how far it is to the next time."""
        return self._batches.state

    @batches_seen.setter
    def batches_seen(self, state: list[int]) -> None:
        self._batches.state = state

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch."""
        self._epoch = epoch

    def _after_batch(self, batch: int, logs: Any = None) -> None:
        if self._batches.is_due(batch):
            self._save_if_good(self._epoch, batch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save, if it is time."""
        if self.save_freq == "epoch":
            self._save_if_good(epoch, None, logs or {})

    def _save_if_good(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> None:
        where = self._place(epoch, batch, logs)
        if self._is_good(epoch, logs):
            self._say(epoch, f"saving to {where}")
            self._save(where)

    def _is_good(self, epoch: int, logs: dict[str, Any]) -> bool:
        if not self.save_best_only:
            return True
        value = self._monitored(logs, "to find the best model by, so that each one is saved")
        if value is None:
            return True
        if np.ndim(value):
            warnings.warn(
                f"{type(self).__name__}: {self.monitor!r} is not one number, so that each model is saved.", stacklevel=4
            )
            return True
        if not self._is_improvement(value, self.best):
            self._say(epoch, f"{self.monitor} is not better than {self.best}")
            return False
        self._say(epoch, f"{self.monitor} has become better, from {self.best} to {value}")
        self.best = value
        return True

    def _say(self, epoch: int, what: str) -> None:
        if self.verbose:
            print(f"Epoch {epoch + 1}: {what}")

    def _place(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> Any:
        """Where to save."""
        raise NotImplementedError

    def _save(self, where: Any) -> None:
        """Save."""
        raise NotImplementedError


class ModelCheckpoint(Saving):
    """Saves the model, or its weights, after epochs or batches.

    Args:
        filepath: The file. It may have places for the number of the epoch, from 1, that of the batch, and for numbers
            of the logs, as in "model_{epoch:02d}_{val_loss:.2f}.keras". It ends in ".weights.h5" for weights.
        monitor: The name of the number in the logs by which a model is better than another.
        verbose: 1 to say what is done.
        save_best_only: Whether only models are saved that are better than those before.
        save_weights_only: Whether only weights are saved.
        mode: "min" where smaller is better, "max" where larger is, "auto" for what the metric of that name says.
        save_freq: "epoch", or after how many batches.
        initial_value_threshold: What the number has to be better than at first.

    >>> best = ModelCheckpoint("best.keras", monitor="val_loss", save_best_only=True)
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ):
        super().__init__(monitor, verbose, save_best_only, mode, save_freq, initial_value_threshold)
        self.filepath = os.fspath(filepath)
        self.save_weights_only = save_weights_only
        endings = (".weights.h5",) if save_weights_only else (".keras", ".h5")
        if not self.filepath.endswith(endings):
            raise ArgumentError(
                f"ModelCheckpoint: expected filepath to end in {' or '.join(endings)} with "
                f"save_weights_only={save_weights_only}; got {self.filepath!r}."
            )

    def _place(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> str:
        numbers = {**({} if batch is None else {"batch": batch + 1}), **logs, "epoch": epoch + 1}
        try:
            return self.filepath.format(**numbers)
        except KeyError as error:
            raise ArgumentError(
                f"ModelCheckpoint: filepath {self.filepath!r} has a place for {error}; there are {', '.join(numbers)}."
            ) from None

    def _save(self, where: str) -> None:
        if os.path.isdir(where):
            raise ArgumentError(f"ModelCheckpoint: {where!r} is a folder. Give the name of a file.")
        folder = os.path.dirname(where)
        if folder:
            os.makedirs(folder, exist_ok=True)
        save = self.model.save_weights if self.save_weights_only else self.model.save
        save(where, overwrite=True)
