"""Handwritten digits: a convolutional network, with every tenth image kept for validation."""

from __future__ import annotations

import polykeras as keras
from polykeras import layers
from polykeras.data import digits


def main(epochs: int = 3) -> float:
    """Train, and return the accuracy on images not seen before."""
    keras.set_random_seed(0)
    images, labels = digits()
    images = images[..., None].astype("float32") / 16

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
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(images, labels, batch_size=64, epochs=epochs, validation_split=0.1, verbose=0)
    accuracy = history.history["val_accuracy"][-1]
    print(f"accuracy after {epochs} epochs: {accuracy:.1%}")
    return accuracy


if __name__ == "__main__":
    main(epochs=5)
