"""The convolutions with ops, differentiated by the tape."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from polykeras import ops

from ..task import Task
from . import problems


def tasks() -> dict[str, Task]:
    """Convolutions of one shape, or of both."""
    return {name: Task(step, (problem,), outcome=gradients) for name, problem in problems().items()}


def step(problem: list[tuple[np.ndarray, ...]]) -> list[tuple[Any, Any]]:
    """Each convolution's result and gradients."""
    results = []
    for images, kernel, cotangent in problem:
        convolved, pull_back = ops.vjp(partial(ops.conv, data_format="channels_last"), images, kernel)
        results.append((convolved, pull_back(cotangent)))
    return results


def gradients(results: list[tuple[Any, Any]]) -> list[np.ndarray]:
    """The gradients with respect to images and kernels."""
    return [np.asarray(gradient) for _, both in results for gradient in both]
