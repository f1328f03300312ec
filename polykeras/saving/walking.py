"""The parts of a model in the order and under the names that Keras gives them in files."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from ..layers.layer import Layer
from ..metrics import Metric
from ..models import Functional, Model, Sequential
from ..optimizers import Optimizer
from ..random import SeedGenerator
from ..state import snake_case
from ..training import Trainer

Part = tuple[str, Any]
KINDS = (Layer, Optimizer, SeedGenerator, Metric)
CONTAINERS = (list, tuple, set, dict)


def parts_with_paths(root: Any) -> Iterator[Part]:
    """Each part that holds variables of its own, once, with its path in a file; the root has the path ""."""
    visited: set[int] = set()

    def visit(part: Any, path: str) -> Iterator[Part]:
        if id(part) in visited:
            return
        visited.add(id(part))
        yield path, part
        for name, child in _children(part):
            inside = f"{path}/{name}".lstrip("/")
            if isinstance(child, KINDS):
                yield from visit(child, inside)
            else:
                for number, element in _numbered(child):
                    yield from visit(element, f"{inside}/{number}")

    yield from visit(root, "")


def _numbered(container: Any) -> Iterator[Part]:
    """The elements of a list or the like, each named by its class and, from the second of a class on, a number."""
    used: dict[str, int] = {}
    for element in list(container.values()) if isinstance(container, dict) else container:
        if isinstance(element, KINDS):
            name = snake_case(type(element).__name__)
            number = used.get(name, -1) + 1
            used[name] = number
            yield (f"{name}_{number}" if number else name), element


def _children(part: Any) -> Iterator[Part]:
    """What a part is made of, by name: public names first, private ones last. Layers of a graph come before all."""
    if isinstance(part, (SeedGenerator, Metric)):
        return
    if isinstance(part, (Functional, Sequential)):
        yield "layers", part.layers
    own = vars(part)
    names = {name for name in own if name not in _hidden()} | _properties(type(part))
    if isinstance(part, Model):
        names.add("layers")
        if getattr(part, "optimizer", None) is not None:
            names.add("optimizer")
    for name in sorted(names, key=lambda name: (name.startswith("_"), name)):
        try:
            child = getattr(part, name)
        except Exception:  # a property of somebody's that has nothing to give yet
            continue
        if isinstance(child, (*KINDS, *CONTAINERS)):
            yield name, child
    if isinstance(part, Layer):
        yield "_layers", part.sublayers()  # those in lists within lists, for which Keras has no name


@functools.cache
def _hidden() -> frozenset[str]:
    """The attributes that every layer and model has: none of them is a part by its name."""
    own = {"_arguments", "nodes", "_wiring", "_graph_layers", "_graph_variables", "_layers", "_compiled", "_functions"}
    return frozenset(own | set(vars(Layer())) | {"optimizer", "history"})


@functools.cache
def _properties(cls: type) -> set[str]:
    """The properties that a class adds to those of all layers, models and optimizers."""
    bases = {*Trainer.__mro__, Model, Functional, Sequential, *Optimizer.__mro__}
    added = [vars(base) for base in cls.__mro__ if base not in bases]
    return {
        name
        for attributes in added
        for name, value in attributes.items()
        if isinstance(value, (property, functools.cached_property)) and not name.startswith("__")
    }
