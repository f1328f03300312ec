"""The network in NumPy by hand."""

from __future__ import annotations

from ..loops.numpy import Dense, Numpy, Views, sgd, squared_error
from ..problem import Problem


def loop(problem: Problem) -> Numpy:
    """In place."""
    return Numpy(layers, squared_error, sgd, 0, problem)


def layers(parameters: Views, gradients: Views) -> list[Dense]:
    """The stack."""
    return [Dense(parameters, gradients, "hidden", relu=True), Dense(parameters, gradients, "last", relu=False)]
