"""Exclusive or: what one layer cannot learn, and two can."""

from __future__ import annotations

import numpy as np

import polykeras as keras
from polykeras import layers


def main() -> float:
    """Train both, and return the accuracies of one layer and of two."""
    keras.set_random_seed(2)
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
    y = np.array([[0], [1], [1], [0]], "float32")
    accuracies = []
    for hidden in ([], [layers.Dense(8, activation="tanh")]):
        model = keras.Sequential([layers.Input((2,)), *hidden, layers.Dense(1, activation="sigmoid")])
        model.compile(optimizer=keras.optimizers.Adam(0.1), loss="binary_crossentropy", metrics=["accuracy"])
        model.fit(x, y, batch_size=4, epochs=150, verbose=0)
        accuracies.append(model.evaluate(x, y, verbose=0)[1])
    print(f"accuracy with one layer: {accuracies[0]:.2f}; with two: {accuracies[1]:.2f}")
    return accuracies[1]


if __name__ == "__main__":
    main()
