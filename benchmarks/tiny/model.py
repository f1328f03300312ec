"""The network in Keras's API."""

from __future__ import annotations

from typing import Any

from ..loops.library import Library
from ..problem import Problem


def loop(problem: Problem, library: str, **settings: Any) -> Library:
    """Polykeras or Keras."""
    return Library(library, build, compilation, problem, settings)


def build(keras: Any, problem: Problem) -> Any:
    """The model."""
    layers = keras.layers
    return keras.Sequential(
        [layers.Input((10,)), layers.Dense(32, activation="relu", name="hidden"), layers.Dense(1, name="last")]
    )


def compilation(keras: Any) -> dict[str, Any]:
    """How it is trained."""
    return {"optimizer": keras.optimizers.SGD(1e-2), "loss": keras.losses.MeanSquaredError()}
