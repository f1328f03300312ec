"""What a network is trained on, and the numbers that its weights start with: the same for all contestants."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

SCALES = {"bias": 0.0, "beta": 0.0, "moving_mean": 0.0, "gamma": 1.0, "moving_variance": 1.0}
"""What vectors of weights start with, by the last part of their names."""


@dataclass(frozen=True)
class Problem:
    """Data in memory, and the weights to begin with."""

    weights: dict[str, np.ndarray]
    """By the name of their layer, a dot, and their own; those of a layer in the order of its `get_weights`."""

    x: np.ndarray
    y: np.ndarray
    batch_size: int
    dropout: float = 0.0

    @property
    def steps(self) -> int:
        """How many batches the data has; they are all of the same size."""
        return len(self.x) // self.batch_size

    def batches(self, number: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The first batches, and again from the beginning where there are fewer."""
        for step in range(number):
            first = step % self.steps * self.batch_size
            yield self.x[first : first + self.batch_size], self.y[first : first + self.batch_size]


def weights(shapes: Mapping[str, Sequence[int]]) -> dict[str, np.ndarray]:
    """Weights to begin with: of a variance that keeps that of what goes through positive parts.

    Args:
        shapes: Their shapes by name, such as "dense.kernel".

    Returns:
        The weights by name.
    """
    generator = np.random.default_rng(0)
    found = {}
    for name, shape in shapes.items():
        kind = name.rpartition(".")[2]
        if kind in SCALES:
            found[name] = np.full(shape, SCALES[kind], "float32")
        else:
            inputs = 1 if kind == "embeddings" else math.prod(shape[:-1])
            found[name] = (generator.normal(size=shape) * math.sqrt(2 / inputs)).astype("float32")
    return found


def normal(*shape: int) -> np.ndarray:
    """Inputs of a network."""
    return np.random.default_rng(1).normal(size=shape).astype("float32")


def integers(high: int, *shape: int) -> np.ndarray:
    """Classes, or words of a vocabulary, below a number."""
    return np.random.default_rng(2).integers(0, high, shape).astype("int32")
