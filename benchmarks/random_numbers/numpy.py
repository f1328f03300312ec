"""Uniform numbers with NumPy."""

import numpy as np

from ..task import Task


def tasks(function: str, count: int) -> dict[str, Task]:
    """Draw from a generator."""
    generator = np.random.default_rng(0)
    draws = {"generator": lambda: generator.random(count, dtype=np.float32)}
    return {"uniform": Task(draws[function])}
