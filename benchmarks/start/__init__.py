"""What a fresh process takes to its first and to its tenth training step, and how much memory at most."""

from __future__ import annotations

from ..agreement import close
from ..contest import Comparison, Contest, Contestant, extra
from ..loops import FRAMEWORKS
from ..matches import STEPS, TOLERANCE, keras, native, ours

NETWORK = "benchmarks.mlp"

FIRST, TENTH, MEMORY = "first step", "tenth step", "peak memory"

FIRST_OVER_NATIVE = 0.3
"""Seconds that polykeras may take longer than native code to the first step."""

FIRST_AGAINST_KERAS, MEMORY_AGAINST_NATIVE, MEMORY_AGAINST_KERAS = 0.7, 1.1, 0.9


def _contest(backend: str, framework: str) -> Contest:
    module, mine, theirs = f"{__name__}.process", f"polykeras on {framework}", f"Keras on {framework}"
    by_hand = native(NETWORK, backend, module=module)
    contestants: dict[str, Contestant] = {mine: ours(NETWORK, backend, module=module), **by_hand}
    comparisons = [
        Comparison(mine, tuple(by_hand), FIRST_OVER_NATIVE, FIRST, (FIRST, TENTH), extra),
        Comparison(mine, tuple(by_hand), MEMORY_AGAINST_NATIVE, tasks=(MEMORY,)),
    ]
    if backend != "numpy":
        contestants[theirs] = keras(NETWORK, backend, module=module)
        comparisons += [
            Comparison(mine, theirs, FIRST_AGAINST_KERAS, FIRST, (FIRST, TENTH)),
            Comparison(mine, theirs, MEMORY_AGAINST_KERAS, tasks=(MEMORY,)),
        ]
    return Contest(
        name=backend,
        contestants=contestants,
        comparisons=comparisons,
        agree=close(TOLERANCE),
        labels=frozenset({backend}),
        tasks=("process",),
        units={MEMORY: "B"},
        steps=STEPS,
        rounds=7,
        quick_rounds=3,
    )


CONTESTS = [_contest(backend, framework) for backend, framework in FRAMEWORKS.items()]
