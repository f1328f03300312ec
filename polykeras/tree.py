"""Nested structures of lists, tuples, dicts and named tuples. `None` is a leaf; dicts are walked by sorted keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import optree

Structure = optree.PyTreeSpec


def flatten(structure: Any) -> list[Any]:
    """Everything in a structure that is not itself a structure, in order.

    >>> flatten({"b": [1, 2], "a": (3,)})
    [3, 1, 2]
    """
    return optree.tree_leaves(structure, none_is_leaf=True)


def take_apart(structure: Any) -> tuple[list[Any], Structure]:
    """The leaves of a structure, and what `put_together` needs to build it again."""
    return optree.tree_flatten(structure, none_is_leaf=True)


def put_together(structure: Structure, leaves: Iterable[Any]) -> Any:
    """The structure with these leaves."""
    return structure.unflatten(leaves)


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """The structure of the first argument, each leaf the function's value at the corresponding leaves.

    >>> map_structure(lambda x, y: x + y, [1, (2, 3)], [10, (20, 30)])
    [11, (22, 33)]
    """
    return optree.tree_map(func, *structures, none_is_leaf=none_is_leaf)


def is_nested(structure: Any) -> bool:
    """Whether this is a structure, not a leaf.

    >>> is_nested([1]), is_nested(1)
    (True, False)
    """
    return not optree.tree_is_leaf(structure, none_is_leaf=True)


def call(function: Callable[..., Any], values: Any) -> Any:
    """Call a function with the parts of a tuple or list one by one, with anything else as a whole.

    >>> call(lambda x, y: x + y, (1, 2))
    3
    """
    return function(*values) if isinstance(values, (tuple, list)) else function(values)


def like(values: Any, result: Any) -> Any:
    """What a function returned, in the form in which it was given its values: a tuple, a list, or one value.

    >>> like([1], 2), like(1, (2,))
    ([2], 2)
    """
    if isinstance(values, (tuple, list)):
        items = result if isinstance(result, (tuple, list)) else (result,)
        if not hasattr(values, "_fields"):
            return type(values)(items)
        return type(values)(*items) if len(items) == len(values) else tuple(items)
    return result[0] if isinstance(result, (tuple, list)) and len(result) == 1 else result
