"""Which pixels of a noisy picture belong to a disc? A U-Net: down to coarse features, up again beside the fine ones."""

from __future__ import annotations

from typing import Any

import numpy as np

import polykeras as keras
from polykeras import layers

SIZE = 16


def pictures(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Bright discs of any size and place under noise, and which pixels are theirs."""
    random = np.random.default_rng(0)
    x, y = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
    center_x, center_y = random.uniform(3, SIZE - 3, (2, count, 1, 1))
    radius = random.uniform(2, 5, (count, 1, 1))
    disc = (x - center_x) ** 2 + (y - center_y) ** 2 < radius**2
    noisy = disc + random.normal(0, 0.5, disc.shape)
    return noisy[..., None].astype("float32"), disc[..., None].astype("float32")


def twice(x: Any, filters: int) -> Any:
    """Two convolutions."""
    for _ in range(2):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return x


def make_model(filters: int = 8, depth: int = 2) -> keras.Model:
    """A U-Net."""
    inputs = layers.Input((SIZE, SIZE, 1))
    x, beside = inputs, []
    for level in range(depth):
        x = twice(x, filters * 2**level)
        beside.append(x)
        x = layers.MaxPooling2D()(x)
    x = twice(x, filters * 2**depth)
    for level in reversed(range(depth)):
        x = layers.Conv2DTranspose(filters * 2**level, 2, strides=2, activation="relu")(x)
        x = twice(layers.Concatenate()([x, beside[level]]), filters * 2**level)
    return keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x))


def main(epochs: int = 6) -> float:
    """Train, and return how much of what is found or true is both, in pictures not seen before."""
    keras.set_random_seed(0)
    x, y = pictures(480)
    model = make_model()
    overlap = keras.metrics.BinaryIoU(target_class_ids=[1], name="overlap")
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="binary_crossentropy", metrics=[overlap])
    history = model.fit(x, y, batch_size=32, epochs=epochs, validation_split=0.2, verbose=0)
    found = history.history["val_overlap"][-1]
    print(f"intersection over union after {epochs} epochs: {found:.1%}")
    return found


if __name__ == "__main__":
    main()
