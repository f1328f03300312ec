"""The network in PyTorch, channels last."""

from __future__ import annotations

import torch
from torch import nn

from ..loops.torch import Torch, adam, convolution, cross_entropy, linear, tensors
from ..problem import Problem


def loop(problem: Problem, compiled: bool) -> Torch:
    """Eager or compiled."""
    return Torch(Network(tensors(problem.weights)), cross_entropy, adam, problem, compiled)


class Network(nn.Module):
    """The network."""

    def __init__(self, w: dict[str, torch.Tensor]):
        super().__init__()
        self.features = nn.Sequential(
            convolution(w["conv1.kernel"], w["conv1.bias"]),
            nn.ReLU(),
            nn.MaxPool2d(2),
            convolution(w["conv2.kernel"], w["conv2.bias"]),
            nn.ReLU(),
            nn.MaxPool2d(2),
            convolution(w["conv3.kernel"], w["conv3.bias"]),
            nn.ReLU(),
        )
        self.hidden = linear(w["hidden.kernel"], w["hidden.bias"])
        self.last = linear(w["last.kernel"], w["last.bias"])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features = self.features(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1).flatten(1)
        return self.last(nn.functional.relu(self.hidden(features)))
