"""The network in Keras's API."""

from __future__ import annotations

from typing import Any

from ..loops.library import Library
from ..problem import Problem
from . import LENGTH, UNITS, WORDS


def loop(problem: Problem, library: str, **settings: Any) -> Library:
    """Polykeras or Keras."""
    return Library(library, build, compilation, problem, settings)


def build(keras: Any, problem: Problem) -> Any:
    """The model."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((LENGTH,), dtype="int32"),
            layers.Embedding(WORDS, UNITS, name="words"),
            layers.LSTM(UNITS, name="lstm"),
            layers.Dense(1, name="last"),
        ]
    )


def compilation(keras: Any) -> dict[str, Any]:
    """How it is trained."""
    return {"optimizer": keras.optimizers.Adam(), "loss": keras.losses.BinaryCrossentropy(from_logits=True)}
