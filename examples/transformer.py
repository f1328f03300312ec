"""A small transformer: which word of a sentence stands there twice?"""

from __future__ import annotations

from typing import Any

import numpy as np

import polykeras as keras
from polykeras import layers, ops

WORDS, LENGTH = 12, 8


class Block(layers.Layer):
    """Attention and a small network, each added to what came in."""

    def __init__(self, width: int, heads: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.attention = layers.MultiHeadAttention(heads, width // heads)
        self.first_norm, self.second_norm = layers.LayerNormalization(), layers.LayerNormalization()
        self.widen = layers.Dense(2 * width, activation="gelu")
        self.narrow = layers.Dense(width)

    def call(self, inputs: Any) -> Any:
        x = self.first_norm(inputs)
        x = inputs + self.attention(x, x)
        return x + self.narrow(self.widen(self.second_norm(x)))


def make_model(width: int = 32, heads: int = 4, blocks: int = 2) -> keras.Model:
    """Words and their places become vectors, blocks let them look at each other, and their mean decides."""
    words = layers.Input((LENGTH,), dtype="int32")
    x = layers.Embedding(WORDS, width)(words) + layers.Embedding(LENGTH, width)(ops.arange(LENGTH))
    for _ in range(blocks):
        x = Block(width, heads)(x)
    x = layers.GlobalMaxPooling1D()(layers.LayerNormalization()(x))
    return keras.Model(words, layers.Dense(WORDS, activation="softmax")(x))


def sentences(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Sentences in which one word stands twice, and which one that is."""
    random = np.random.default_rng(0)
    words = random.permuted(np.tile(np.arange(WORDS), (count, 1)), axis=1)[:, :LENGTH]
    words[:, -1] = words[:, 0]
    return random.permuted(words, axis=1).astype("int32"), words[:, 0].astype("int32")


def main(epochs: int = 8) -> float:
    """Train, and return the accuracy on sentences not seen before."""
    keras.set_random_seed(0)
    x, y = sentences(3000)
    model = make_model()
    model.compile(optimizer=keras.optimizers.Adam(0.005), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, batch_size=64, epochs=epochs, validation_split=0.1, verbose=0)
    accuracy = history.history["val_accuracy"][-1]
    print(f"accuracy after {epochs} epochs: {accuracy:.1%}")
    return accuracy


if __name__ == "__main__":
    main()
