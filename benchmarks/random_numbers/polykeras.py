"""Uniform numbers with polykeras, on the backend in use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import polykeras
from polykeras import ops

from ..task import Task

WAYS: dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    "eager": lambda function: function,
    "compiled": polykeras.compile,
}


def tasks(way: str, count: int) -> dict[str, Task]:
    """Draw with a key, which a compiled function takes as an argument."""

    def draw(key: Any) -> Any:
        return ops.random.uniform((count,), dtype="float32", seed=key)

    key = np.array([1, 2], "uint32")
    return {"uniform": Task(WAYS[way](draw), (key,), wait=ops.convert_to_numpy, outcome=ops.convert_to_numpy)}
