"""PyTorch: data as tensors, batches gathered by index, optimizers that update all parameters in one call."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import numpy as np
import torch
from torch import nn

from ..problem import Problem


class Torch:
    """A module in training.

    Args:
        network: The module.
        loss: Gives the loss of outputs and targets.
        optimizer: Makes the optimizer of the parameters.
        problem: What it is trained on.
        compiled: Whether `torch.compile` is used.
    """

    def __init__(
        self,
        network: nn.Module,
        loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        optimizer: Callable[[Any], torch.optim.Optimizer],
        problem: Problem,
        compiled: bool,
    ):
        self.network = network
        self.optimizer = optimizer(network.parameters())
        self.batch_size = problem.batch_size

        def total(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return loss(network(x), y)

        self.loss = torch.compile(total) if compiled else total
        self.forward = torch.compile(network) if compiled else network

    def step(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Take a step."""
        loss = self.loss(x, y)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss.detach()

    def train(self, x: np.ndarray, y: np.ndarray) -> float:
        self.network.train()
        return self.step(torch.from_numpy(x), torch.from_numpy(y)).item()

    def fit(self, x: np.ndarray, y: np.ndarray, epochs: int, shuffle: bool) -> float:
        self.network.train()
        inputs, targets, mean = torch.from_numpy(x), torch.from_numpy(y), 0.0
        for _ in range(epochs):
            order = torch.randperm(len(x)) if shuffle else torch.arange(len(x))
            losses = [self.step(inputs[batch], targets[batch]) for batch in order.split(self.batch_size)]
            mean = torch.stack(losses).mean().item()
        return mean

    @torch.inference_mode()
    def predict(self, x: np.ndarray) -> np.ndarray:
        self.network.eval()
        batches = torch.from_numpy(x).split(self.batch_size)
        return torch.cat([self.forward(batch) for batch in batches]).numpy()

    def forget(self) -> None:
        """Nothing is kept."""


def adam(parameters: Any) -> torch.optim.Optimizer:
    """Adam in one kernel, with the numbers that Keras has.

    PyTorch adds epsilon where the moments have been corrected for their beginning at zero, Keras where they have not;
    with an epsilon that follows the correction both compute the same, and contestants can be held to a few digits.
    """
    optimizer, steps = torch.optim.Adam(parameters, lr=1e-3, fused=True), count(1)

    def correct_epsilon(*_: Any) -> None:
        optimizer.param_groups[0]["eps"] = 1e-7 / math.sqrt(1 - 0.999 ** next(steps))

    optimizer.register_step_pre_hook(correct_epsilon)
    return optimizer


def cross_entropy(logits: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """The mean cross entropy of classes given as numbers."""
    return nn.functional.cross_entropy(logits, classes.long())


def tensors(weights: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """Weights as tensors of their own."""
    return {name: torch.tensor(array) for name, array in weights.items()}


def linear(kernel: torch.Tensor, bias: torch.Tensor) -> nn.Linear:
    """A linear layer with given weights."""
    inputs, outputs = kernel.shape
    layer = nn.Linear(inputs, outputs)
    with torch.no_grad():
        layer.weight.copy_(kernel.T)
        layer.bias.copy_(bias)
    return layer


def convolution(kernel: torch.Tensor, bias: torch.Tensor | None = None, **options: Any) -> nn.Conv2d:
    """A convolution with given weights, its kernel laid out channels last."""
    size, _, channels, filters = kernel.shape
    layer = nn.Conv2d(channels, filters, size, bias=bias is not None, **options)
    with torch.no_grad():
        layer.weight.data = kernel.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
        if bias is not None and layer.bias is not None:
            layer.bias.copy_(bias)
    return layer
