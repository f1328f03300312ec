"""A model of two dense layers, written as a class: which points lie in a ring?"""

from __future__ import annotations

from typing import Any

import numpy as np

import polykeras as keras
from polykeras import layers


class Ring(keras.Model):
    """Two dense layers."""

    def __init__(self, units: int = 64, **kwargs: Any):
        super().__init__(**kwargs)
        self.hidden = layers.Dense(units, activation="relu")
        self.decision = layers.Dense(1, activation="sigmoid")

    def call(self, inputs: Any) -> Any:
        return self.decision(self.hidden(inputs))


def points(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of a square, and whether their distance from the middle is between 0.4 and 0.8."""
    x = np.random.default_rng(0).uniform(-1, 1, (count, 2)).astype("float32")
    distance = np.linalg.norm(x, axis=1, keepdims=True)
    return x, ((distance > 0.4) & (distance < 0.8)).astype("float32")


def main(epochs: int = 50) -> float:
    """Train, and return the accuracy on points not seen before."""
    keras.set_random_seed(0)
    x, y = points(1024)
    model = Ring()
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(x[:768], y[:768], batch_size=32, epochs=epochs, verbose=0)
    _, accuracy = model.evaluate(x[768:], y[768:], verbose=0)
    print(f"accuracy after {epochs} epochs: {accuracy:.1%}")
    return accuracy


if __name__ == "__main__":
    main()
