"""The network in PyTorch."""

from __future__ import annotations

from torch import nn

from ..loops.torch import Torch, adam, cross_entropy, linear, tensors
from ..problem import Problem
from . import kernels


def loop(problem: Problem, compiled: bool) -> Torch:
    """Eager or compiled."""
    w = tensors(problem.weights)
    layers = [linear(w[f"{name}.kernel"], w[f"{name}.bias"]) for name in kernels(problem.weights)]
    network = nn.Sequential(*(part for layer in layers for part in (layer, nn.ReLU())))[:-1]
    return Torch(network, cross_entropy, adam, problem, compiled)
