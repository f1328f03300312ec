"""What holds while a model is made out of a file: memory within what the file holds, and no numbers drawn in vain."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from ..deferral import Deferral

SLACK = 2**24
"""Bytes that variables may take beyond what is stored: states of generators, metrics and the like."""
WIDENING = 8
"""How much larger a variable may be than what is stored for it: float64 out of float8."""


USUAL_MEMORY = 2**36
"""That of a machine that does not say how much it has."""


@contextlib.contextmanager
def deferred(stored: int | None) -> Iterator[None]:
    """Within the block, variables are made without drawing numbers; those that get no others draw them at its end.

    Args:
        stored: How many bytes of weights there are, which bounds what all variables may take; None where there are no
            weights but those that are drawn, for which half of the machine's memory is the bound.
    """
    with Deferral(memory() // 2 if stored is None else SLACK + WIDENING * stored) as deferral:
        yield
        deferral.finish()


def memory() -> int:
    """How many bytes of memory this process could have at most."""
    try:
        found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows does not tell
        return USUAL_MEMORY
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    except (ImportError, OSError, ValueError):
        return found
    return found if limit == resource.RLIM_INFINITY else min(found, limit)


def sizes_of(stored: Any) -> int:
    """How many bytes all datasets of a file have."""
    return sum(dataset.nbytes for dataset in stored.datasets())
