"""A training with all that an interruption may disturb, to be run by `test_interruption.py` in a process of its own.

python interrupted_training.py BACKEND FOLDER [FREQUENCY [BYTES]]
"""

from __future__ import annotations

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


if __name__ == "__main__":
    name, folder, *rest = sys.argv[1:]
    frequency = int(rest[0]) if rest and rest[0] != "epoch" else "epoch"
    if len(rest) > 1:  # so many bytes may be written to a file, as if the disk was full
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(rest[1]),) * 2)
    with keras.using(name):
        model, history = train([callbacks.BackupAndRestore(Path(folder, "backup"), frequency)])
        np.savez(Path(folder, "result.npz"), *model.get_weights(), loss=history["loss"])
