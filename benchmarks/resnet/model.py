"""The network in Keras's API."""

from __future__ import annotations

from typing import Any

from ..loops.library import Library
from ..mlp.model import compilation
from ..problem import Problem
from . import EPSILON, FILTERS, MOMENTUM


def loop(problem: Problem, library: str, **settings: Any) -> Library:
    """Polykeras or Keras."""
    return Library(library, build, compilation, problem, settings)


def build(keras: Any, problem: Problem) -> Any:
    """The model."""
    layers = keras.layers

    def convolution(x: Any, name: str, size: int, filters: int) -> Any:
        x = layers.Conv2D(filters, size, padding="same", use_bias=False, name=name)(x)
        return layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}_norm")(x)

    inputs = layers.Input((32, 32, 3))
    x = layers.ReLU()(convolution(inputs, "stem", 3, FILTERS[0]))
    for number, filters in enumerate(FILTERS):
        shortcut = x
        if number:
            x = layers.AveragePooling2D(2)(x)
            shortcut = convolution(x, f"shortcut{number}", 1, filters)
        x = layers.ReLU()(convolution(x, f"first{number}", 3, filters))
        x = layers.ReLU()(layers.Add()([convolution(x, f"second{number}", 3, filters), shortcut]))
    x = layers.Dropout(problem.dropout)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, layers.Dense(10, name="last")(x))
