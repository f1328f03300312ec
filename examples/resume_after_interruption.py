"""A training that is interrupted, and goes on where it was when the same code runs again: same weights, bit for bit."""

from __future__ import annotations

import tempfile

import numpy as np

import polykeras as keras
from polykeras import layers
from polykeras.callbacks import BackupAndRestore, LambdaCallback


class PowerCut(Exception):
    """What comes when nobody expects it."""


def train(folder: str, *more: keras.callbacks.Callback) -> keras.Model:
    """What a script does that may be run again."""
    keras.set_random_seed(1)
    x = keras.ops.convert_to_numpy(keras.random.normal((256, 8)))
    y = x.sum(1, keepdims=True) ** 2
    model = keras.Sequential([layers.Dense(16, "relu"), layers.Dropout(0.1), layers.Dense(1)])
    model.compile("adam", "mse")
    # A backup after each 5 batches; it is deleted when training has ended.
    model.fit(x, y, batch_size=32, epochs=4, verbose=0, callbacks=[BackupAndRestore(folder, save_freq=5), *more])
    return model


def main() -> float:
    """Interrupt a training in its third epoch, go on, and compare with one that was not interrupted."""

    def cut(batch: int, logs: dict[str, float] | None) -> None:
        if cutting.model.optimizer.iterations == 21:
            raise PowerCut

    cutting = LambdaCallback(on_train_batch_end=cut)
    with tempfile.TemporaryDirectory() as folder:
        try:
            train(folder, cutting)
        except PowerCut:
            print("Interrupted after 21 steps.")
        resumed = train(folder)
    with tempfile.TemporaryDirectory() as folder:
        whole = train(folder)
    differences = [np.abs(a - b).max() for a, b in zip(resumed.get_weights(), whole.get_weights(), strict=True)]
    print(f"Steps: {int(resumed.optimizer.iterations)}; largest difference of a weight: {max(differences)}")
    return float(max(differences))


if __name__ == "__main__":
    main()
