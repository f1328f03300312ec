"""The network in PyTorch: one product for queries, keys and values, and PyTorch's own attention."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from ..loops.torch import Torch, adam, cross_entropy, linear, tensors
from ..problem import Problem
from . import BLOCKS, EPSILON, HEAD, HEADS, WIDTH


def loop(problem: Problem, compiled: bool) -> Torch:
    """Eager or compiled."""
    return Torch(Network(tensors(problem.weights)), cross_entropy, adam, problem, compiled)


class Block(nn.Module):
    """Attention, and a network on each word; weights of normalizations begin as PyTorch's do."""

    def __init__(self, w: dict[str, torch.Tensor], number: int):
        super().__init__()
        attention, parts = f"attention{number}", ("query", "key", "value")
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH, EPSILON) for _ in range(2))
        self.inputs = linear(
            torch.cat([w[f"{attention}.{part}.kernel"].reshape(WIDTH, WIDTH) for part in parts], dim=1),
            torch.cat([w[f"{attention}.{part}.bias"].reshape(WIDTH) for part in parts]),
        )
        self.output = linear(w[f"{attention}.output.kernel"].reshape(WIDTH, WIDTH), w[f"{attention}.output.bias"])
        self.inner = linear(w[f"inner{number}.kernel"], w[f"inner{number}.bias"])
        self.outer = linear(w[f"outer{number}.kernel"], w[f"outer{number}.bias"])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, _ = x.shape
        query, key, value = self.inputs(self.norms[0](x)).view(batch, length, 3, HEADS, HEAD).permute(2, 0, 3, 1, 4)
        heads = functional.scaled_dot_product_attention(query, key, value)
        x = x + self.output(heads.transpose(1, 2).reshape(batch, length, WIDTH))
        return x + self.outer(functional.relu(self.inner(self.norms[1](x))))


class Network(nn.Module):
    """The network."""

    def __init__(self, w: dict[str, torch.Tensor]):
        super().__init__()
        self.words = nn.Embedding.from_pretrained(w["words.embeddings"], freeze=False)
        self.blocks = nn.Sequential(*(Block(w, number) for number in range(BLOCKS)))
        self.norm = nn.LayerNorm(WIDTH, EPSILON)
        self.last = linear(w["last.kernel"], w["last.bias"])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.norm(self.blocks(self.words(x))).mean(dim=1))
