"""What an object is made of: the variables, layers, metrics and generators of seeds in its attributes."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from ..state import Stateful, Variable

_CONTAINERS = (list, tuple, dict, set)


_remembered: ContextVar[dict[int, tuple[Any, list[Any]]] | None] = ContextVar("polykeras_parts", default=None)


@contextlib.contextmanager
def remembering(known: dict[int, tuple[Any, list[Any]]]) -> Iterator[None]:
    """Within the block, what each owner is made of is looked up once, and stays as it was.

    Args:
        known: What has been looked up before, and will be.
    """
    token = _remembered.set(known)
    try:
        yield
    finally:
        _remembered.reset(token)


def parts_of(owner: Any) -> list[Any]:
    """Every part that an attribute holds, by itself or in lists, tuples, dicts and sets; each once, in order.

    The arguments of the constructor, which every operation has in an attribute, are no parts of it for that.
    """
    known = _remembered.get()
    if known is None:
        return _found(owner)
    entry = known.get(id(owner))
    if entry is None:
        entry = known[id(owner)] = owner, _found(owner)
    return entry[1]


def _found(owner: Any) -> list[Any]:
    found: dict[int, Any] = {}
    for name, value in vars(owner).items():
        if _may_have_parts(type(value)) and name != "_arguments":
            for part in _parts_in(value):
                found[id(part)] = part
    return list(found.values())


@functools.cache
def _may_have_parts(cls: type) -> bool:
    """Whether a value of this type is looked at: most attributes are plain, and steps look at all of them."""
    return issubclass(cls, (Variable, Stateful, *_CONTAINERS))


def _parts_in(value: Any) -> Iterator[Any]:
    if isinstance(value, (Variable, Stateful)):
        yield value
    elif isinstance(value, _CONTAINERS) and value:
        items = list(value.values()) if isinstance(value, dict) else value
        for item in items:
            if isinstance(item, (str, int, float)):  # a table of plain values, perhaps a long one
                return
            yield from _parts_in(item)
