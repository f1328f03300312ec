"""The network in NumPy by hand."""

from __future__ import annotations

from ..loops.numpy import Dense, Numpy, Views, adam, cross_entropy
from ..problem import Problem
from . import kernels


def loop(problem: Problem) -> Numpy:
    """In place."""
    return Numpy(layers, cross_entropy, adam, 2, problem)


def layers(parameters: Views, gradients: Views) -> list[Dense]:
    """The stack."""
    names = kernels(parameters)
    return [Dense(parameters, gradients, name, relu=name != names[-1]) for name in names]
