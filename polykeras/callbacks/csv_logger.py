"""The numbers of each epoch in a file of comma-separated values."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from .callback import Callback


class CSVLogger(Callback):
    """Writes the numbers of each epoch as a line of a file.

    Args:
        filename: The file.
        separator: What stands between two numbers.
        append: Whether the file is gone on with, as after an interruption.

    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp(), "log.csv")
    >>> logger = CSVLogger(file)
    >>> logger.on_train_begin()
    >>> logger.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.25})
    >>> logger.on_train_end()
    >>> print(file.read_text().strip())
    epoch,loss,val_loss
    0,0.5,0.25
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False):
        super().__init__()
        self.sep = separator
        self.filename = os.fspath(filename)
        self.append = append
        self.append_header = True
        self.keys: list[str] | None = None
        self.writer: Any = None
        self.csv_file: TextIO | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Open the file."""
        self._close()
        file = Path(self.filename)
        self.append_header = not (self.append and file.exists() and file.stat().st_size)
        self.csv_file = file.open("a" if self.append else "w", newline="")
        self.keys = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write a line."""
        assert self.csv_file is not None
        logs = logs or {}
        if self.keys is None:
            keys = sorted(logs)
            if keys and not any(key.startswith("val_") for key in keys):  # a validation may come in a later epoch
                keys += [f"val_{key}" for key in keys]
            self.keys = keys
            self.writer = csv.DictWriter(
                self.csv_file, ["epoch", *keys], delimiter=self.sep, lineterminator="\n", extrasaction="ignore"
            )
            if self.append_header:
                self.writer.writeheader()
        self.writer.writerow({"epoch": epoch, **{key: _shown(logs.get(key, "NA")) for key in self.keys}})
        self.csv_file.flush()

    def on_train_end(self, logs: Any = None) -> None:
        """Close the file."""
        self._close()

    def _close(self) -> None:
        if self.csv_file is not None:
            self.csv_file.close()
        self.csv_file = self.writer = None


def _shown(value: Any) -> Any:
    """A value as it stands in the file."""
    if isinstance(value, Iterable) and not isinstance(value, str):
        return f'"[{", ".join(map(str, value))}]"'
    return value
