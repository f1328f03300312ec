"""The network in NumPy by hand: convolutions as products of matrices."""

from __future__ import annotations

from ..loops.numpy import Convolution, Dense, Flatten, Layer, Numpy, Pooling, Views, adam, cross_entropy
from ..problem import Problem


def loop(problem: Problem) -> Numpy:
    """In place."""
    return Numpy(layers, cross_entropy, adam, 2, problem)


def layers(parameters: Views, gradients: Views) -> list[Layer]:
    """The stack."""
    return [
        Convolution(parameters, gradients, "conv1"),
        Pooling(),
        Convolution(parameters, gradients, "conv2"),
        Pooling(),
        Convolution(parameters, gradients, "conv3"),
        Flatten(),
        Dense(parameters, gradients, "hidden", relu=True),
        Dense(parameters, gradients, "last", relu=False),
    ]
