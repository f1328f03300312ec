"""What an object is made of: the variables, layers, metrics and generators of seeds in its attributes."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from ..state import Stateful, Variable

_CONTAINERS = (list, tuple, dict, set)


def parts_of(owner: Any) -> list[Any]:
    """Every part that an attribute holds, by itself or in lists, tuples, dicts and sets; each once, in order.

    The arguments of the constructor, which every operation has in an attribute, are no parts of it for that.
    """
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
