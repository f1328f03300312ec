"""The network in Keras's API."""

from __future__ import annotations

from typing import Any

from ..loops.library import Library
from ..mlp.model import compilation
from ..problem import Problem
from . import BLOCKS, CLASSES, EPSILON, HEAD, HEADS, INNER, LENGTH, WIDTH, WORDS


def loop(problem: Problem, library: str, **settings: Any) -> Library:
    """Polykeras or Keras."""
    return Library(library, build, compilation, problem, settings)


def build(keras: Any, problem: Problem) -> Any:
    """The model."""
    layers = keras.layers
    inputs = layers.Input((LENGTH,), dtype="int32")
    x = layers.Embedding(WORDS, WIDTH, name="words")(inputs)
    for number in range(BLOCKS):
        normal = layers.LayerNormalization(epsilon=EPSILON, name=f"norm{number}a")(x)
        x = layers.Add()([x, layers.MultiHeadAttention(HEADS, HEAD, name=f"attention{number}")(normal, normal)])
        normal = layers.LayerNormalization(epsilon=EPSILON, name=f"norm{number}b")(x)
        inner = layers.Dense(INNER, activation="relu", name=f"inner{number}")(normal)
        x = layers.Add()([x, layers.Dense(WIDTH, name=f"outer{number}")(inner)])
    x = layers.LayerNormalization(epsilon=EPSILON, name="norm")(x)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, layers.Dense(CLASSES, name="last")(x))
