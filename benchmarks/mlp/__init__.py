"""A perceptron for images of digits: 784-512-256-10, Adam."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from ..matches import of_network
from ..problem import Problem, integers, normal, weights

SIZES = (784, 512, 256, 10)
BATCH, STEPS = 128, 16


def problem(sizes: Sequence[int] = SIZES, batch_size: int = BATCH, steps: int = STEPS) -> Problem:
    """What the network is trained on.

    Args:
        sizes: How many inputs there are, and how many outputs of each layer; the last are classes.
        batch_size: How many samples make a batch.
        steps: How many batches there are.

    Returns:
        The problem.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for number, (inputs, outputs) in enumerate(pairwise(sizes)):
        shapes |= {f"{number}.kernel": (inputs, outputs), f"{number}.bias": (outputs,)}
    samples = batch_size * steps
    return Problem(weights(shapes), normal(samples, sizes[0]), integers(sizes[-1], samples), batch_size)


def kernels(names: Iterable[str]) -> list[str]:
    """The names of the layers that have weights of these names."""
    return [name.removesuffix(".kernel") for name in names if name.endswith(".kernel")]


CONTESTS = of_network(__name__)
