"""The cases, op by op."""

from . import (
    activation,
    arithmetic,
    control,
    conversion,
    creation,
    elementary,
    image,
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
    "control",
    "conversion",
    "creation",
    "elementary",
    "image",
    "indexing",
    "linear",
    "logic",
    "movement",
    "random",
    "reduction",
    "sorting",
    "windows",
]
