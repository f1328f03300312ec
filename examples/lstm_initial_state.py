"""An LSTM whose state begins with something: where a walk ends depends on where it began."""

from __future__ import annotations

from typing import Any

import numpy as np

import polykeras as keras
from polykeras import layers


class Walk(keras.Model):
    """Reads the steps of a walk, with the place where it began as the first state."""

    def __init__(self, units: int = 32, **kwargs: Any):
        super().__init__(**kwargs)
        self.memory = layers.Dense(units, activation="tanh")
        self.carry = layers.Dense(units)
        self.steps = layers.LSTM(units)
        self.place = layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        start, steps = inputs
        return self.place(self.steps(steps, initial_state=[self.memory(start), self.carry(start)]))


def main(epochs: int = 15) -> float:
    """Train, and return how far off the ends are, in the mean."""
    keras.set_random_seed(0)
    random = np.random.default_rng(0)
    start = random.uniform(-1, 1, (1024, 1)).astype("float32")
    steps = random.choice([-0.2, 0.2], (1024, 8, 1)).astype("float32")
    end = start + steps.sum(1)

    model = Walk()
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse", metrics=["mae"])
    history = model.fit((start, steps), end, batch_size=64, epochs=epochs, validation_split=0.2, verbose=0)
    error = history.history["val_mae"][-1]
    print(f"the end is found to {error:.3f} in the mean; ends lie {np.abs(end).mean():.2f} from the middle")
    return error


if __name__ == "__main__":
    main()
