"""The network in PyTorch, channels last."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import avg_pool2d, relu

from ..loops.torch import Torch, adam, convolution, cross_entropy, linear, tensors
from ..problem import Problem
from . import EPSILON, FILTERS, MOMENTUM


def loop(problem: Problem, compiled: bool) -> Torch:
    """Eager or compiled."""
    return Torch(Network(tensors(problem.weights), problem.dropout), cross_entropy, adam, problem, compiled)


def normalized(w: dict[str, torch.Tensor], name: str) -> nn.Sequential:
    """A convolution and a normalization, whose weights begin as PyTorch's do."""
    kernel = w[f"{name}.kernel"]
    norm = nn.BatchNorm2d(kernel.shape[3], EPSILON, 1 - MOMENTUM)
    return nn.Sequential(convolution(kernel, padding="same"), norm)


class Block(nn.Module):
    """Two convolutions, and a way around them."""

    def __init__(self, w: dict[str, torch.Tensor], number: int):
        super().__init__()
        self.first = normalized(w, f"first{number}")
        self.second = normalized(w, f"second{number}")
        self.shortcut = normalized(w, f"shortcut{number}") if number else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shortcut = x
        if self.shortcut is not None:
            x = avg_pool2d(x, 2)
            shortcut = self.shortcut(x)
        return relu(self.second(relu(self.first(x))) + shortcut)


class Network(nn.Module):
    """The network."""

    def __init__(self, w: dict[str, torch.Tensor], dropout: float):
        super().__init__()
        self.stem = normalized(w, "stem")
        self.blocks = nn.Sequential(*(Block(w, number) for number in range(len(FILTERS))))
        self.dropout = nn.Dropout(dropout)
        self.last = linear(w["last.kernel"], w["last.bias"])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.blocks(relu(self.stem(x.permute(0, 3, 1, 2))))
        return self.last(self.dropout(x.mean(dim=(2, 3))))
