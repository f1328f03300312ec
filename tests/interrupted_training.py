"""A training with all that an interruption may disturb, to be run by `test_interruption.py` in a process of its own.

python interrupted_training.py BACKEND FOLDER [FREQUENCY] [--bytes BYTES] [--calls CALLS --signal SIGNAL]
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
from pathlib import Path

import numpy as np

import polykeras as keras
from polykeras import callbacks, layers, optimizers

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(43, 3)).astype("float32")
Y = (X @ [[1.0], [-2.0], [0.5]] + 0.3).astype("float32")
EPOCHS = 4


def made(**options) -> keras.Model:
    keras.set_random_seed(1)
    model = keras.Sequential(
        [layers.Dense(4, "tanh"), layers.BatchNormalization(), layers.Dropout(0.25), layers.Dense(1)]
    )
    model.compile(optimizers.Adam(0.01, use_ema=True), "mse", metrics=["mae"], **options)
    return model


def train(given=(), data=None, **options) -> tuple[keras.Model, dict]:
    """Train, with callbacks that remember things."""
    model = made()
    remembering = [
        callbacks.ReduceLROnPlateau("loss", 0.5, 1, min_delta=0.5, cooldown=1),
        callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
        callbacks.EarlyStopping("val_loss", min_delta=0.01, patience=3, restore_best_weights=True),
    ]
    options = {"batch_size": 5, "epochs": EPOCHS, "validation_data": (X, Y), **options}
    given = [*remembering, *given]
    x, y = (X, Y) if data is None else (data(), None)
    return model, model.fit(x, y, verbose=0, callbacks=given, **options).history


class Dying(callbacks.Callback):
    """Sends the process a signal so many calls of functions after its first batch: the same moment in each run."""

    def __init__(self, calls: int, signal: int):
        super().__init__()
        self.left, self.signal = calls, signal

    def on_train_batch_end(self, batch, logs=None):
        sys.setprofile(self._count)

    def _count(self, frame, event, argument):
        self.left -= event == "call"
        if self.left == 0:
            os.kill(os.getpid(), self.signal)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("backend")
    parser.add_argument("folder", type=Path)
    parser.add_argument("frequency", nargs="?", default="epoch")
    parser.add_argument("--bytes", type=int, help="that may be written to a file, as if the disk was full")
    parser.add_argument("--calls", type=int, default=0, help="after which a signal is sent")
    parser.add_argument("--signal", type=int)
    given = parser.parse_args()
    if given.bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (given.bytes,) * 2)
    frequency = given.frequency if given.frequency == "epoch" else int(given.frequency)
    watching = [Dying(given.calls, given.signal)] if given.calls else []
    with keras.using(given.backend):
        model, history = train([*watching, callbacks.BackupAndRestore(given.folder / "backup", frequency)])
        np.savez(given.folder / "result.npz", *model.get_weights(), loss=history["loss"])
