"""Handwritten digits again: labels as one-hot vectors, and RMSprop."""

from __future__ import annotations

import numpy as np

import polykeras as keras
from polykeras import layers
from polykeras.data import digits


def main(epochs: int = 8) -> float:
    """Train, and return the accuracy on images not seen before."""
    keras.set_random_seed(0)
    images, labels = digits()
    images = images[..., None].astype("float32") / 16
    one_hot = np.eye(10, dtype="float32")[labels]

    model = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.RMSprop(0.001)
    model.compile(optimizer=optimizer, loss="categorical_crossentropy", metrics=["categorical_accuracy"])
    history = model.fit(images, one_hot, batch_size=32, epochs=epochs, validation_split=0.1, verbose=0)
    accuracy = history.history["val_categorical_accuracy"][-1]
    print(f"accuracy after {epochs} epochs: {accuracy:.1%}")
    return accuracy


if __name__ == "__main__":
    main()
