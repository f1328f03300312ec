"""Every op beside what the framework calls the same thing, on a small and on a large input."""

from __future__ import annotations

from ..agreement import close
from ..contest import Comparison, Contest, Contestant
from ..loops import FRAMEWORKS
from .page import write

__all__ = ["CONTESTS", "write"]

TARGET = 1.5
"""How many times as long as the native call."""

# Sums of thousands of float32 numbers in any order, and factors of matrices that are well conditioned: it is meant to
# find a call that does something else, not the last digit.
TOLERANCE = 1e-3


# Two threads of PyTorch wait for each other by spinning, for milliseconds where others use the machine.
_ONE_THREAD = {"OMP_NUM_THREADS": "1"}


def _contest(backend: str, framework: str) -> Contest:
    """All ops against the framework's own functions, on the same arrays in the same process."""
    module, ours = f"{__name__}.contestant", f"polykeras on {framework}"
    return Contest(
        name=backend,
        contestants={
            framework: Contestant(module, {"backend": backend, "ours": False}, _ONE_THREAD),
            ours: Contestant(module, {"backend": backend, "ours": True}, {"POLYKERAS_BACKEND": backend, **_ONE_THREAD}),
        },
        comparisons=[Comparison(ours, framework, TARGET)],
        agree=close(TOLERANCE),
        rounds=9,
        seconds=4e-3,
        one_process=True,
        labels=frozenset({backend}),
        long=True,
    )


CONTESTS = [_contest(backend, framework) for backend, framework in FRAMEWORKS.items()]
