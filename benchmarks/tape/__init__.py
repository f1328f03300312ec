"""A training step of a small network on NumPy: the tape against gradients that an expert has worked out by hand."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from ..agreement import close
from ..contest import Comparison, Contest, Contestant

TARGET = 1.2
"""Times the hand-written step's time."""

# A loss is a mean over sums of up to 784 products in float32, rounded some 28 * 6e-8 = 1.7e-6 apart when the additions
# come in another order; ten steps of Adam carry such differences on.
TOLERANCE = 2e-5

SIZES = (784, 512, 256, 10)
BATCH = 128

LEARNING_RATE = 1e-3
BETA_1 = 0.9
BETA_2 = 0.999
EPSILON = 1e-7

_HERE = __name__

CONTESTS = [
    Contest(
        name="training step of a multilayer perceptron",
        contestants={
            "polykeras on NumPy": Contestant(
                f"{_HERE}.polykeras", {"compiled": False}, environment={"POLYKERAS_BACKEND": "numpy"}
            ),
            "polykeras on NumPy, compiled": Contestant(
                f"{_HERE}.polykeras", {"compiled": True}, environment={"POLYKERAS_BACKEND": "numpy"}
            ),
            "NumPy by hand, Adam in parts": Contestant(f"{_HERE}.numpy", {"part": 1 << 16}),
            "NumPy by hand": Contestant(f"{_HERE}.numpy", {"part": None}),
        },
        comparisons=[
            Comparison("polykeras on NumPy", "NumPy by hand, Adam in parts", TARGET),
            Comparison("polykeras on NumPy", "NumPy by hand", TARGET),
            Comparison("polykeras on NumPy, compiled", "NumPy by hand, Adam in parts", TARGET),
            Comparison("polykeras on NumPy, compiled", "NumPy by hand", TARGET),
        ],
        agree=close(TOLERANCE),
        steps=10,
        rounds=50,
        calls=3,
    )
]


def weights() -> list[np.ndarray]:
    """The first kernels and biases, in turn."""
    generator = np.random.default_rng(0)
    found = []
    for inputs, outputs in pairwise(SIZES):
        found.append((generator.normal(size=(inputs, outputs)) * math.sqrt(2 / inputs)).astype("float32"))
        found.append(np.zeros(outputs, "float32"))
    return found


def batch() -> tuple[np.ndarray, np.ndarray]:
    """Images and their classes."""
    generator = np.random.default_rng(1)
    images = generator.normal(size=(BATCH, SIZES[0])).astype("float32")
    return images, generator.integers(0, SIZES[-1], BATCH).astype("int32")


def step_size(step: int) -> float:
    """Adam's learning rate, with the corrections for moments that began at zero."""
    return LEARNING_RATE * math.sqrt(1 - BETA_2**step) / (1 - BETA_1**step)
