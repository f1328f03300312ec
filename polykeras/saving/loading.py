"""What holds while a model is made out of a file: memory within what the file holds, and no numbers drawn in vain."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from ..deferral import Deferral

SLACK = 2**24
"""Bytes that variables may take beyond what is stored: states of generators, metrics and the like."""
WIDENING = 8
"""How much larger a variable may be than what is stored for it: float64 out of float8."""


@contextlib.contextmanager
def deferred(stored: int) -> Iterator[None]:
    """Within the block, variables are made without drawing numbers; those that get no others draw them at its end.

    Args:
        stored: How many bytes of weights there are, which bounds what all variables may take.
    """
    with Deferral(SLACK + WIDENING * stored) as deferral:
        yield
        deferral.finish()


def sizes_of(stored: Any) -> int:
    """How many bytes all datasets of a file have."""
    return sum(dataset.nbytes for dataset in stored.datasets())
