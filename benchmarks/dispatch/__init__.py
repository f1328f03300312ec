"""What a call costs on top of the framework's own, seen where the framework's own work is next to nothing."""

from __future__ import annotations

import numpy as np

from ..agreement import close
from ..contest import Comparison, Contest, Contestant, extra
from ..loops import FRAMEWORKS

TARGET = 250e-9
"""Seconds on top of the native call."""

# matmul adds up eight products, which may be fused and come in any order; add and relu are exact.
TOLERANCE = 8 * float(np.finfo("float32").eps)

SHAPE = (8, 8)


def operands() -> tuple[np.ndarray, np.ndarray]:
    """The two arrays that all calls are made with."""
    generator = np.random.default_rng(0)
    first, second = (generator.normal(size=SHAPE).astype("float32") for _ in range(2))
    return first, second


def _contest(library: str, variable: str, backend: str, framework: str, rounds: int, target: float | None) -> Contest:
    """A library's ops against what the framework calls them, on the same arrays in the same process."""
    ours = f"{library} on {framework}"
    native = f"{__name__}.{backend}"
    return Contest(
        name=ours,
        contestants={
            framework: Contestant(native),
            ours: Contestant(f"{__name__}.{library.lower()}", {"native": native}, {variable: backend}),
        },
        comparisons=[Comparison(ours, framework, target)],
        agree=close(TOLERANCE),
        measure=extra,
        rounds=rounds,
        calls=2000,
        warm_up=100,
        one_process=True,
        labels=frozenset({backend}),
    )


CONTESTS = [
    _contest(library, variable, backend, framework, rounds, target)
    for library, variable, rounds, target in (
        ("polykeras", "POLYKERAS_BACKEND", 50, TARGET),
        ("Keras", "KERAS_BACKEND", 15, None),
    )
    for backend, framework in FRAMEWORKS.items()
]
