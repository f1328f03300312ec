"""A graph of layers: two inputs, a layer that both share, a residual, and two outputs with losses of their own."""

from __future__ import annotations

import numpy as np

import polykeras as keras
from polykeras import layers, ops


def make_model() -> keras.Model:
    """Compare two things: is the first one larger, and by how much?"""
    first, second = layers.Input((4,), name="first"), layers.Input((4,), name="second")
    described = layers.Dense(16, activation="relu", name="describe")
    difference = described(first) - described(second)
    hidden = difference + layers.Dense(16, activation="tanh", name="residual")(difference)
    outputs = {
        "is_larger": layers.Dense(1, activation="sigmoid", name="is_larger")(hidden),
        "by": layers.Dense(1, name="by")(ops.tanh(hidden)),
    }
    return keras.Model([first, second], outputs)


def main(epochs: int = 15) -> float:
    """Train, and return the accuracy of the first output."""
    keras.set_random_seed(0)
    random = np.random.default_rng(0)
    first, second = (random.uniform(-1, 1, (512, 4)).astype("float32") for _ in range(2))
    by = (first.sum(1) - second.sum(1))[:, None]

    model = make_model()
    model.compile(
        optimizer=keras.optimizers.Adam(0.01),
        loss={"is_larger": "binary_crossentropy", "by": "mse"},
        loss_weights={"is_larger": 1.0, "by": 0.5},
        metrics={"is_larger": ["accuracy"]},
    )
    targets = {"is_larger": (by > 0).astype("float32"), "by": by}
    history = model.fit([first, second], targets, batch_size=64, epochs=epochs, verbose=0)
    accuracy = history.history["is_larger_accuracy"][-1]
    print(f"which is larger: {accuracy:.1%} right; by how much: squared error {history.history['by_loss'][-1]:.3f}")
    return accuracy


if __name__ == "__main__":
    main()
