"""The convolutions in PyTorch, whose arrays have been laid out in its way before."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn.functional import conv2d

from ..task import Task
from . import problems


def tasks(memory_format: str) -> dict[str, Task]:
    """Convolutions of one shape, or of both, with the arrays in a memory format."""
    layout = getattr(torch, memory_format)
    return {
        name: Task(step, ([laid_out(*convolution, layout) for convolution in problem],), outcome=gradients)
        for name, problem in problems().items()
    }


def laid_out(
    images: np.ndarray, kernel: np.ndarray, cotangent: np.ndarray, layout: torch.memory_format
) -> tuple[torch.Tensor, ...]:
    """Images, kernel and cotangent as PyTorch expects them: channels, and the filters of a kernel, come first."""

    def tensor(array: np.ndarray, *axes: int) -> torch.Tensor:
        return torch.from_numpy(array).permute(axes).clone(memory_format=layout)

    return (
        tensor(images, 0, 3, 1, 2).requires_grad_(),
        tensor(kernel, 3, 2, 0, 1).requires_grad_(),
        tensor(cotangent, 0, 3, 1, 2),
    )


def step(problem: list[tuple[torch.Tensor, ...]]) -> list[tuple[Any, Any]]:
    """Each convolution's result and gradients."""
    results = []
    for images, kernel, cotangent in problem:
        convolved = conv2d(images, kernel)
        results.append((convolved, torch.autograd.grad(convolved, (images, kernel), cotangent)))
    return results


def gradients(results: list[tuple[Any, Any]]) -> list[np.ndarray]:
    """The gradients with respect to images and kernels, channels last."""
    return [
        gradient.permute(axes).numpy()
        for _, both in results
        for gradient, axes in zip(both, ((0, 2, 3, 1), (2, 3, 1, 0)), strict=True)
    ]
