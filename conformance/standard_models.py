"""The models that every backend has to train alike: small ones of each kind, with data for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import polykeras as keras
from polykeras import layers, ops
from polykeras.data import digits


def mlp() -> keras.Model:
    """Two hidden layers."""
    return keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(32, "relu"),
            layers.Dense(16, "tanh"),
            layers.Dense(10, "softmax"),
        ]
    )


def convnet() -> keras.Model:
    """Convolutions and pooling, with batch normalization and dropout."""
    return keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(8, 3, padding="same"),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="relu"),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.25),
            layers.Dense(10, "softmax"),
        ]
    )


def recurrent() -> keras.Model:
    """An LSTM over words."""
    return keras.Sequential(
        [
            layers.Input((12,), dtype="int32"),
            layers.Embedding(20, 8, mask_zero=True),
            layers.LSTM(8),
            layers.Dense(10, "softmax"),
        ]
    )


class Block(layers.Layer):
    """Attention and a small network, each with a residual and normalized inputs."""

    def __init__(self, width: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.attention = layers.MultiHeadAttention(2, width // 2, dropout=0.1)
        self.norms = [layers.LayerNormalization(dtype=self.dtype_policy) for _ in range(2)]
        self.hidden = layers.Dense(2 * width, "gelu")
        self.projection = layers.Dense(width)

    def call(self, x: Any) -> Any:
        normed = self.norms[0](x)
        x = x + self.attention(normed, normed)
        return x + self.projection(self.hidden(self.norms[1](x)))


def transformer() -> keras.Model:
    """Two blocks of attention over words."""
    words = layers.Input((12,), dtype="int32")
    x = layers.Embedding(20, 8)(words)
    x = x + layers.Embedding(12, 8)(ops.arange(12))
    for _ in range(2):
        x = Block(8)(x)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(words, layers.Dense(10, "softmax")(x))


def images() -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits, and which ones they are."""
    x, y = digits()
    return x.astype("float64")[..., None] / 16, y.astype("int32")


def flat_images() -> tuple[np.ndarray, np.ndarray]:
    """The same in rows."""
    x, y = images()
    return x.reshape(len(x), -1), y


def sentences() -> tuple[np.ndarray, np.ndarray]:
    """Sequences of words, some of them short, and a class that depends on the words."""
    random = np.random.Generator(np.random.Philox(7))
    x = random.integers(1, 20, (1024, 12))
    x[np.arange(12)[None, :] >= random.integers(4, 13, (1024, 1))] = 0
    return x.astype("int32"), (x.sum(1) % 10).astype("int32")


MODELS: dict[str, tuple[Callable[[], keras.Model], Callable[[], tuple[np.ndarray, np.ndarray]]]] = {
    "mlp": (mlp, flat_images),
    "convnet": (convnet, images),
    "recurrent": (recurrent, sentences),
    "transformer": (transformer, sentences),
}
OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "sgd": lambda: keras.optimizers.SGD(0.05, momentum=0.9),
    "adam": lambda: keras.optimizers.Adam(0.003),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.001),
}
"""Rates at which training is stable. With RMSprop at twice this rate the transformer is not: where one weight begins
one unit in the last place higher, on one and the same backend, the loss of step 200 is another by half a percent."""
