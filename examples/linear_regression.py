"""A line through noisy points: the smallest model there is."""

from __future__ import annotations

import numpy as np

import polykeras as keras
from polykeras import layers


def main() -> float:
    """Train, and return how far the slope and the offset are off."""
    keras.set_random_seed(0)
    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, (256, 1)).astype("float32")
    y = 3 * x - 1 + 0.05 * random.normal(size=x.shape).astype("float32")

    model = keras.Sequential([layers.Input((1,)), layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(0.2), loss="mse")
    model.fit(x, y, batch_size=32, epochs=10, verbose=0)

    slope, offset = (float(weight.numpy().ravel()[0]) for weight in model.weights)
    print(f"y = {slope:.2f} x {offset:+.2f}; the points were made with y = 3 x - 1")
    return max(abs(slope - 3), abs(offset + 1))


if __name__ == "__main__":
    main()
