"""The network in Keras's API."""

from __future__ import annotations

from typing import Any

from ..loops.library import Library
from ..mlp.model import compilation
from ..problem import Problem


def loop(problem: Problem, library: str, **settings: Any) -> Library:
    """Polykeras or Keras."""
    return Library(library, build, compilation, problem, settings)


def build(keras: Any, problem: Problem) -> Any:
    """The model."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu", name="conv1"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu", name="conv2"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu", name="conv3"),
            layers.Flatten(),
            layers.Dense(64, activation="relu", name="hidden"),
            layers.Dense(10, name="last"),
        ]
    )
