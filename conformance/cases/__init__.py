"""The cases, op by op."""

from . import (
    activation,
    arithmetic,
    complexes,
    control,
    conversion,
    creation,
    elementary,
    indexing,
    linear,
    logic,
    movement,
    random,
    reduction,
    sorting,
    windows,
)

__all__ = [
    "activation",
    "arithmetic",
    "complexes",
    "control",
    "conversion",
    "creation",
    "elementary",
    "indexing",
    "linear",
    "logic",
    "movement",
    "random",
    "reduction",
    "sorting",
    "windows",
]
