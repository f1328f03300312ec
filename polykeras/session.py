"""What a process counts: the names that it has given."""

from __future__ import annotations

import gc
import itertools
from collections import defaultdict
from collections.abc import Iterator

from .backend import loaded
from .state import reset_names

_numbers: defaultdict[str, Iterator[int]] = defaultdict(lambda: itertools.count(1))


def get_uid(prefix: str = "") -> int:
    """A number for a prefix: 1 the first time, 2 the next.

    Args:
        prefix: Any text.

    Returns:
        The number.

    >>> clear_session()
    >>> get_uid("dense"), get_uid("dense"), get_uid("conv2d")
    (1, 2, 1)
    """
    return next(_numbers[prefix])


def clear_session(free_memory: bool = True) -> None:
    """Count from the beginning again, in names and numbers. Variables and models that are in use stay as they are.

    Args:
        free_memory: Whether to look for memory that nobody uses any more, right away, and to give back to the system
            what frameworks keep for later. JAX compiles again what goes on being used, in other threads, too.

    >>> clear_session()
    """
    _numbers.clear()
    reset_names()
    if free_memory:
        gc.collect()
        for backend in loaded():
            backend.release()
