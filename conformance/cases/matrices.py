"""Matrices to try linear algebra on: errors there grow with the condition of a matrix, and so it is kept small."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polykeras.backend import numpy_dtype

from ..case import Values, array, given, sample

REALS = ("float32", "float64", "float16", "bfloat16", "int32")
COMPUTED = ("float32", "float64")
HINGES = {"drawn": False}  # on rounding, where matrices drawn at random are singular
NOT_SQUARE = [sample(array(2, 3)), sample(array(3)), sample(array())]
NOT_MATRICES = [sample(array(3)), sample(array())]


@dataclass(frozen=True)
class Regular(Values):
    """Square matrices far from singular, whose eigenvalues differ."""

    def make(self, seed: int, dtype: str) -> np.ndarray:
        """The array."""
        numbers = Values(self.shape, -0.5, 0.5).make(seed, "complex128" if dtype.startswith("complex") else "float64")
        numbers = np.round(numbers + np.diag(np.arange(1.0, self.shape[-1] + 1)), 2)
        return np.asarray(numbers if not dtype.startswith("int") else np.round(3 * numbers), numpy_dtype(dtype))


@dataclass(frozen=True)
class Positive(Regular):
    """Symmetric positive definite matrices, whose eigenvalues differ."""

    def make(self, seed: int, dtype: str) -> np.ndarray:
        """The array."""
        root = super().make(seed, dtype if dtype.startswith(("int", "complex")) else "float64")
        return np.asarray(np.round(root @ np.conj(np.swapaxes(root, -1, -2)), 1), numpy_dtype(dtype))


def regular(*shape: int) -> Values:
    """Square matrices far from singular, whose eigenvalues differ."""
    return Regular(shape)


def positive(*shape: int) -> Values:
    """Symmetric positive definite matrices, whose eigenvalues differ."""
    return Positive(shape)


def condition(x: np.ndarray) -> np.ndarray:
    """The condition of each matrix, as matrices that broadcast."""
    if 0 in x.shape:
        return np.ones((*x.shape[:-2], 1, 1))
    return np.linalg.cond(x)[..., None, None]


def largest(x: np.ndarray, axes: int = 2) -> np.ndarray:
    """The size of the largest element of each matrix, or of each row."""
    return np.abs(x).max(axis=tuple(range(-axes, 0)), keepdims=True, initial=0.0)


DIAGONAL = given((2.0, 0.0, 0.0), (0.0, 3.0, 0.0), (0.0, 0.0, 5.0))
IDENTITY = given((1.0, 0.0), (0.0, 1.0))
