"""A small residual network for photographs of 32 by 32: three blocks, batch normalization, dropout; Adam."""

from __future__ import annotations

from ..matches import of_network
from ..problem import Problem, integers, normal, weights

FILTERS = (16, 32, 64)
"""Of each block; between blocks the images are halved."""

MOMENTUM, EPSILON = 0.99, 1e-3
BATCH, STEPS = 32, 6


def _convolution(name: str, size: int, channels: int, filters: int) -> dict[str, tuple[int, ...]]:
    """A convolution, and the normalization after it."""
    numbers = ("gamma", "beta", "moving_mean", "moving_variance")
    shapes: dict[str, tuple[int, ...]] = {f"{name}.kernel": (size, size, channels, filters)}
    return shapes | {f"{name}_norm.{number}": (filters,) for number in numbers}


def problem(dropout: float = 0.2) -> Problem:
    """What the network is trained on.

    Args:
        dropout: The share of the features that is dropped.

    Returns:
        The problem.
    """
    shapes = _convolution("stem", 3, 3, FILTERS[0])
    channels = FILTERS[0]
    for number, filters in enumerate(FILTERS):
        shapes |= _convolution(f"first{number}", 3, channels, filters)
        shapes |= _convolution(f"second{number}", 3, filters, filters)
        if channels != filters:
            shapes |= _convolution(f"shortcut{number}", 1, channels, filters)
        channels = filters
    shapes |= {"last.kernel": (channels, 10), "last.bias": (10,)}
    samples = BATCH * STEPS
    return Problem(weights(shapes), normal(samples, 32, 32, 3), integers(10, samples), BATCH, dropout)


CONTESTS = of_network(__name__)
