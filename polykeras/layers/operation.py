"""What layers and other operations on arrays have in common: a name, a configuration, and nodes in a graph."""

from __future__ import annotations

import inspect
from typing import Any

from .. import tree
from ..errors import ArgumentError, StateError
from ..registry import Configurable, serialize_keras_object
from ..spec import Spec
from ..state import snake_case, unique_name


class Node:
    """One call of an operation on Specs. Its outputs know it as their producer."""

    def __init__(self, operation: Operation, args: tuple[Any, ...], kwargs: dict[str, Any]):
        self.operation = operation
        self.args = args
        self.kwargs = kwargs
        self.outputs: Any = None
        self.index = len(operation.nodes)
        operation.nodes.append(self)

    def __repr__(self) -> str:
        return f"<call {self.index} of {self.operation.name}>"

    @property
    def inputs(self) -> list[Spec]:
        """The Specs among the arguments."""
        return [x for x in tree.flatten((self.args, self.kwargs)) if isinstance(x, Spec)]

    def first_input(self) -> Any:
        """The first argument, or all that come by name where there is none."""
        return self.args[0] if self.args else self.kwargs


class Operation(Configurable):
    """Something that is called on arrays or on Specs, and keeps track of the calls on Specs.

    Args:
        name: A name; None for one that is made up.

    >>> class Double(Operation):
    ...     def call(self, x):
    ...         return x * 2
    >>> Double()(Spec((None, 3)))
    Spec((batch, 3), 'float32')
    """

    name: str
    nodes: list[Node]
    _arguments: tuple[tuple[Any, ...], dict[str, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = super().__new__(cls)
        vars(self)["_arguments"] = args, kwargs
        vars(self)["nodes"] = []
        return self

    def __init__(self, name: str | None = None):
        self.name = unique_name(snake_case(type(self).__name__)) if name is None else name
        if not isinstance(self.name, str) or "/" in self.name:
            raise ArgumentError(f"{type(self).__name__}: expected name to be a string without '/'; got {name!r}.")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if any(isinstance(leaf, Spec) for leaf in tree.flatten((args, kwargs))):
            return self.symbolic_call(*args, **kwargs)
        return self.call(*args, **kwargs)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """What the operation computes. Subclasses say it."""
        raise NotImplementedError(f"{type(self).__name__} has no method `call`. Write one that returns the outputs.")

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """Call on Specs, and remember it."""
        return self.as_node(self.compute_output_spec(*args, **kwargs), args, kwargs)

    def as_node(self, outputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The outputs of a call on Specs, as Specs that remember the call."""
        node = Node(self, args, kwargs)
        node.outputs = tree.map_structure(lambda x: _produced(x, node), outputs)
        return node.outputs

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The Specs of the outputs."""
        return self.call(*args, **kwargs)

    @property
    def input(self) -> Any:
        """The Specs on which the operation was called, if that was once."""
        return self._only_node("input").first_input()

    @property
    def output(self) -> Any:
        """The Specs that it gave, if it was called once."""
        return self._only_node("output").outputs

    def _only_node(self, what: str) -> Node:
        if not self.nodes:
            raise StateError(
                f"{self.name}: there is no {what}, as the operation has not been called on the result of Input."
            )
        return self.nodes[0]

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made.

        A class that takes arguments of its own may leave this method out: then those that it was given are taken.
        """
        if type(self).get_config not in _INHERITED:
            return {"name": self.name}
        return self.config_of_arguments()

    def config_of_arguments(self) -> dict[str, Any]:
        """The arguments with which the constructor was called, and its defaults, as plain data."""
        args, kwargs = self._arguments
        bound = inspect.signature(type(self).__init__).bind(self, *args, **kwargs)
        bound.apply_defaults()
        config: dict[str, Any] = {}
        for parameter in list(bound.signature.parameters.values())[1:]:
            if parameter.kind is parameter.VAR_KEYWORD:
                config.update(bound.arguments[parameter.name])
            elif parameter.kind is not parameter.VAR_POSITIONAL:
                config[parameter.name] = bound.arguments[parameter.name]
        if "name" in config or any(p.kind is p.VAR_KEYWORD for p in bound.signature.parameters.values()):
            config["name"] = self.name
        return {key: serialize_keras_object(value) for key, value in config.items()}


_INHERITED = {Operation.get_config}
"""The methods `get_config` of base classes, which know nothing of a subclass's arguments."""


def inherits_config(method: Any) -> None:
    """Take a base class's `get_config` for one that knows nothing of a subclass's arguments."""
    _INHERITED.add(method)


def _produced(x: Any, node: Node) -> Any:
    if not isinstance(x, Spec):
        return x
    return Spec(x.shape, x.dtype, name=x.name, producer=node)
