"""A recurrent network for text: words as vectors, LSTM of 64 units over 80 words, one output; Adam."""

from __future__ import annotations

from ..matches import of_network
from ..problem import Problem, integers, weights

WORDS, LENGTH, UNITS = 10000, 80, 64
BATCH, STEPS = 32, 16

SHAPES = {
    "words.embeddings": (WORDS, UNITS),
    "lstm.kernel": (UNITS, 4 * UNITS),
    "lstm.recurrent_kernel": (UNITS, 4 * UNITS),
    "lstm.bias": (4 * UNITS,),
    "last.kernel": (UNITS, 1),
    "last.bias": (1,),
}


def problem() -> Problem:
    """What the network is trained on."""
    samples = BATCH * STEPS
    return Problem(weights(SHAPES), integers(WORDS, samples, LENGTH), integers(2, samples, 1).astype("float32"), BATCH)


CONTESTS = of_network(__name__)
