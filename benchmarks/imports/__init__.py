"""How long a new Python process takes longer when it imports polykeras."""

from __future__ import annotations

from collections.abc import Mapping

from ..agreement import Outcomes
from ..contest import Comparison, Contest, Contestant, extra
from ..loops import FRAMEWORKS

TARGET = 0.15
"""Seconds on top of a process that imports nothing."""

NOTHING = "a bare process"
OURS = ("import polykeras", "from polykeras import ops")
OTHERS = {"import numpy": ("import numpy", {})} | {
    f"import keras, on {framework}": ("import keras", {"KERAS_BACKEND": backend})
    for backend, framework in FRAMEWORKS.items()
}


def _without_frameworks(outcomes: Outcomes) -> None:
    for name in (NOTHING, *OURS):
        for found in outcomes[name]:
            assert not found, f"{name} imports {', '.join(found)}."


def _statement(code: str, environment: Mapping[str, str]) -> Contestant:
    return Contestant(f"{__name__}.process", {"code": code}, environment)


CONTESTS = [
    Contest(
        name="import",
        contestants={
            name: _statement(*statement)
            for name, statement in {NOTHING: ("pass", {}), **{code: (code, {}) for code in OURS}, **OTHERS}.items()
        },
        comparisons=[
            Comparison(OURS[0], NOTHING, TARGET),
            *(Comparison(name, NOTHING) for name in (*OURS[1:], *OTHERS)),
        ],
        agree=_without_frameworks,
        measure=extra,
        rounds=12,
        warm_up=0,
    )
]
