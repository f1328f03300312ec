"""The network in PyTorch."""

from __future__ import annotations

from functools import partial

from torch import nn, optim

from ..loops.torch import Torch, linear, tensors
from ..problem import Problem


def loop(problem: Problem, compiled: bool) -> Torch:
    """Eager or compiled."""
    w = tensors(problem.weights)
    network = nn.Sequential(
        linear(w["hidden.kernel"], w["hidden.bias"]), nn.ReLU(), linear(w["last.kernel"], w["last.bias"])
    )
    return Torch(network, nn.functional.mse_loss, partial(optim.SGD, lr=1e-2, foreach=True), problem, compiled)
