"""The cases, op by op."""

from . import (
    activation,
    arithmetic,
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
