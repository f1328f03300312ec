"""A training that ends when it stops getting better, and keeps the best model in a file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import polykeras as keras
from polykeras import layers
from polykeras.data import digits


def main() -> float:
    """Train on a few digits until more of it does not help, and return the accuracy of the model in the file."""
    keras.set_random_seed(0)
    images, labels = digits()
    images = images.astype("float32") / 16
    train, test = slice(0, 600), slice(1200, None)

    model = keras.Sequential(
        [layers.Input(images.shape[1:]), layers.Flatten(), layers.Dense(32, "relu"), layers.Dense(10)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    with tempfile.TemporaryDirectory() as folder:
        best = Path(folder, "best.keras")
        callbacks = [
            keras.callbacks.EarlyStopping(monitor="val_loss", patience=3),
            keras.callbacks.ModelCheckpoint(best, monitor="val_loss", save_best_only=True),
        ]
        history = model.fit(
            images[train], labels[train], epochs=100, validation_split=0.25, callbacks=callbacks, verbose=0
        )
        loaded = keras.models.load_model(best)
    print(f"ended after {len(history.epoch)} of 100 epochs")
    _, accuracy = loaded.evaluate(images[test], labels[test], verbose=0)
    print(f"accuracy of the best model: {accuracy:.1%}")
    return accuracy


if __name__ == "__main__":
    main()
