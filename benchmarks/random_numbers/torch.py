"""Uniform numbers with PyTorch."""

import torch

from ..task import Task


def tasks(function: str, count: int) -> dict[str, Task]:
    """Draw from the global generator."""
    draws = {"rand": lambda: torch.rand(count)}
    return {"uniform": Task(draws[function])}
