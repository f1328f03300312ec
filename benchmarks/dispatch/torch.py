"""PyTorch's own calls."""

from functools import cache

import torch

from ..task import Task
from . import operands


@cache
def tasks() -> dict[str, Task]:
    """One call each."""
    first, second = map(torch.from_numpy, operands())
    return {
        "add": Task(torch.add, (first, second)),
        "matmul": Task(torch.matmul, (first, second)),
        "relu": Task(torch.relu, (first,)),
    }
