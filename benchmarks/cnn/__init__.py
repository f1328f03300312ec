"""A convolutional network for images of digits: three convolutions, two poolings, two dense layers; Adam."""

from __future__ import annotations

from ..matches import of_network
from ..problem import Problem, integers, normal, weights

BATCH, STEPS = 64, 8

SHAPES = {
    "conv1.kernel": (3, 3, 1, 32),
    "conv1.bias": (32,),
    "conv2.kernel": (3, 3, 32, 64),
    "conv2.bias": (64,),
    "conv3.kernel": (3, 3, 64, 64),
    "conv3.bias": (64,),
    "hidden.kernel": (576, 64),
    "hidden.bias": (64,),
    "last.kernel": (64, 10),
    "last.bias": (10,),
}


def problem() -> Problem:
    """What the network is trained on."""
    samples = BATCH * STEPS
    return Problem(weights(SHAPES), normal(samples, 28, 28, 1), integers(10, samples), BATCH)


CONTESTS = of_network(__name__)
