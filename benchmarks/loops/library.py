"""polykeras and Keras: the same program, for the names are the same."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from ..problem import Problem


class Library:
    """A model, in the hands of its library.

    Args:
        name: The library.
        build: Makes the model of the library and the problem.
        compile: What the model is compiled with, made of the library.
        problem: What it is trained on.
        settings: Further arguments of `compile`.
    """

    def __init__(
        self,
        name: str,
        build: Callable[[Any, Problem], Any],
        compile: Callable[[Any], dict[str, Any]],
        problem: Problem,
        settings: dict[str, Any],
    ):
        library = importlib.import_module(name)
        self.model = build(library, problem)
        for layer in self.model.layers:
            layer.set_weights([array for name, array in problem.weights.items() if name.startswith(f"{layer.name}.")])
        self.model.compile(**compile(library), **settings)
        self.batch_size = problem.batch_size

    def train(self, x: np.ndarray, y: np.ndarray) -> float:
        return self.model.train_on_batch(x, y)

    def fit(self, x: np.ndarray, y: np.ndarray, epochs: int, shuffle: bool) -> Any:
        return self.model.fit(x, y, self.batch_size, epochs, verbose=0, shuffle=shuffle)

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.model.predict(x, self.batch_size, verbose=0)

    def forget(self) -> None:
        self.model.reset_metrics()
