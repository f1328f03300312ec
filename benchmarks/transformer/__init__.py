"""A transformer for text: two blocks that normalize first, 128 wide, 4 heads, sequences of 64, 10 classes; Adam."""

from __future__ import annotations

from ..matches import of_network
from ..problem import Problem, integers, weights

WORDS, LENGTH, WIDTH, HEADS, INNER, BLOCKS, CLASSES = 5000, 64, 128, 4, 512, 2, 10
HEAD = WIDTH // HEADS
EPSILON = 1e-3
BATCH, STEPS = 16, 8


def _norm(name: str) -> dict[str, tuple[int, ...]]:
    return {f"{name}.gamma": (WIDTH,), f"{name}.beta": (WIDTH,)}


def _dense(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.kernel": (inputs, outputs), f"{name}.bias": (outputs,)}


def _block(number: int) -> dict[str, tuple[int, ...]]:
    shapes = _norm(f"norm{number}a")
    for part in ("query", "key", "value"):
        shapes |= {f"attention{number}.{part}.kernel": (WIDTH, HEADS, HEAD)}
        shapes |= {f"attention{number}.{part}.bias": (HEADS, HEAD)}
    shapes |= {f"attention{number}.output.kernel": (HEADS, HEAD, WIDTH), f"attention{number}.output.bias": (WIDTH,)}
    shapes |= _norm(f"norm{number}b")
    return shapes | _dense(f"inner{number}", WIDTH, INNER) | _dense(f"outer{number}", INNER, WIDTH)


def problem() -> Problem:
    """What the network is trained on."""
    shapes: dict[str, tuple[int, ...]] = {"words.embeddings": (WORDS, WIDTH)}
    for number in range(BLOCKS):
        shapes |= _block(number)
    shapes |= _norm("norm") | _dense("last", WIDTH, CLASSES)
    samples = BATCH * STEPS
    return Problem(weights(shapes), integers(WORDS, samples, LENGTH), integers(CLASSES, samples), BATCH)


CONTESTS = of_network(__name__)
