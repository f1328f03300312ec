"""One model on every backend that is installed, in one process and from one seed: how far apart are the losses?"""

from __future__ import annotations

import numpy as np

import polykeras as keras
from polykeras import layers
from polykeras.data import digits


def train(epochs: int) -> list[float]:
    """Train on the backend in use, and return the loss of each epoch."""
    keras.set_random_seed(0)
    images, labels = digits()
    images = images.reshape(-1, 64).astype("float32") / 16
    model = keras.Sequential(
        [layers.Input((64,)), layers.Dense(32, activation="relu"), layers.Dropout(0.2), layers.Dense(10, "softmax")]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    return model.fit(images, labels, batch_size=64, epochs=epochs, verbose=0).history["loss"]


def main(epochs: int = 3) -> float:
    """Train on all backends, and return the largest difference between the losses of two."""
    losses = {}
    for name in keras.available():
        with keras.using(name):
            losses[name] = train(epochs)
        print(f"{name:>12}", " ".join(f"{loss:.7f}" for loss in losses[name]))
    apart = float(np.ptp(list(losses.values()), axis=0).max())
    print(f"never further apart than {apart:.1e}")
    return apart


if __name__ == "__main__":
    main()
