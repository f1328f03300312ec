"""The network in Keras's API."""

from __future__ import annotations

from typing import Any

from ..loops.library import Library
from ..problem import Problem
from . import kernels


def loop(problem: Problem, library: str, **settings: Any) -> Library:
    """Polykeras or Keras."""
    return Library(library, build, compilation, problem, settings)


def build(keras: Any, problem: Problem) -> Any:
    """The model."""
    layers = keras.layers
    *hidden, last = kernels(problem.weights)
    units = {name: problem.weights[f"{name}.bias"].size for name in (*hidden, last)}
    return keras.Sequential(
        [
            layers.Input(problem.x.shape[1:]),
            *(layers.Dense(units[name], activation="relu", name=name) for name in hidden),
            layers.Dense(units[last], name=last),
        ]
    )


def compilation(keras: Any) -> dict[str, Any]:
    """How it is trained."""
    return {"optimizer": keras.optimizers.Adam(), "loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True)}
