"""Training in `fit` at several sizes of a problem: a task for each."""

from __future__ import annotations

from typing import Any

from ..task import Task
from . import contestant


def tasks(sizes: dict[str, dict[str, Any]], **settings: Any) -> dict[str, Task]:
    """A task for each size; contestants must agree on the loss of the first step.

    Args:
        sizes: The arguments of the problem for each.
        **settings: Who the contestant is, as `contestant.tasks` has it.

    Returns:
        The tasks, with the name of the size.
    """
    return {name: contestant.fitting(problem=size, **settings) for name, size in sizes.items()}
