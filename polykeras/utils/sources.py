"""Where the values of a graph come from."""

from __future__ import annotations

from typing import Any

from .. import tree
from ..errors import ArgumentError
from ..models.graph import node_of
from ..spec import Spec


def get_source_inputs(tensor: Any) -> list[Spec]:
    """The inputs of a graph that a symbolic value depends on.

    Args:
        tensor: The value, or a structure of values.

    Returns:
        The inputs, those first that are found first.

    >>> from polykeras import layers
    >>> a, b = layers.Input((2,), name="a"), layers.Input((2,), name="b")
    >>> [source is found for source, found in zip((a, b), get_source_inputs(layers.Add()([a, b])))]
    [True, True]
    """
    found: dict[int, Spec] = {}
    seen: set[int] = set()
    waiting = list(reversed(tree.flatten(tensor)))
    while waiting:
        spec = waiting.pop()
        if not isinstance(spec, Spec):
            raise ArgumentError(f"get_source_inputs: expected values of a graph; got a {type(spec).__name__}.")
        if id(spec) in seen:
            continue
        seen.add(id(spec))
        node = node_of(spec)
        if node is None or not node.inputs:
            found[id(spec)] = spec
        else:
            waiting += reversed(node.inputs)
    return list(found.values())
