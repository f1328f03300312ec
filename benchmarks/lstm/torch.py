"""The network in PyTorch."""

from __future__ import annotations

import torch
from torch import nn

from ..loops.torch import Torch, adam, linear, tensors
from ..problem import Problem
from . import UNITS


def loop(problem: Problem, compiled: bool) -> Torch:
    """Eager or compiled."""
    network = Network(tensors(problem.weights))
    return Torch(network, nn.functional.binary_cross_entropy_with_logits, adam, problem, compiled)


class Network(nn.Module):
    """The network. PyTorch has a second bias, which stays zero."""

    def __init__(self, w: dict[str, torch.Tensor]):
        super().__init__()
        self.words = nn.Embedding.from_pretrained(w["words.embeddings"], freeze=False)
        self.lstm = nn.LSTM(UNITS, UNITS, batch_first=True)
        kernel, recurrent_kernel, bias, second_bias = self.lstm.parameters()
        with torch.no_grad():
            kernel.copy_(w["lstm.kernel"].T)
            recurrent_kernel.copy_(w["lstm.recurrent_kernel"].T)
            bias.copy_(w["lstm.bias"])
            second_bias.zero_().requires_grad_(False)
        self.last = linear(w["last.kernel"], w["last.bias"])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        _, (states, _) = self.lstm(self.words(x))
        return self.last(states[0])
