"""Copies of models: the same layers, wired alike, with weights of their own."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .. import tree
from ..errors import ArgumentError
from ..layers.calling import plain_shape
from ..layers.input_layer import Input, InputLayer
from ..layers.layer import Layer
from ..layers.operation import Node, Operation
from ..spec import Spec
from .functional import Wiring
from .graph import OpCall, node_of
from .model import Functional, Model, is_plain_graph
from .sequential import Sequential

CloneFunction = Callable[[Any], Any]
CallFunction = Callable[..., Any]


def clone_model(
    model: Any,
    input_tensors: Any = None,
    clone_function: CloneFunction | None = None,
    call_function: CallFunction | None = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Any:
    """A model like another one, made of new layers with new weights.

    Args:
        model: The model.
        input_tensors: Specs on which the new graph begins, in the structure of the model's inputs; None for inputs of
            its own.
        clone_function: What makes a new layer of an old one; None for one with the same configuration. It is not asked
            about inputs.
        call_function: What calls a new layer, in graphs: a function of the layer and the arguments of its call.
        recursive: Whether `clone_function` and `call_function` are asked about the layers of models within, and not
            about those models.
        **kwargs: None are known but `cache`, which is accepted for compatibility.

    Returns:
        The new model, not compiled.

    >>> from polykeras import layers
    >>> model = Sequential([Input((2,)), layers.Dense(3)])
    >>> clone_model(model, clone_function=lambda layer: layers.Dense(5)).output_shape
    (None, 5)
    """
    kwargs.pop("cache", None)
    if kwargs:
        raise ArgumentError(f"clone_model: unknown arguments {', '.join(kwargs)}.")
    if isinstance(model, Sequential):
        if call_function is not None:
            raise ArgumentError(
                f"clone_model: expected call_function=None for a Sequential model, {model.name!r}, whose layers are "
                "not called when it is made. Use it with graphs."
            )
        return _stack(model, input_tensors, _Copies(clone_function, None, recursive))
    if isinstance(model, Model) and model._wiring is not None and is_plain_graph(type(model)):
        return _graph(model, input_tensors, _Copies(clone_function, call_function, recursive))
    given = {"input_tensors": input_tensors, "clone_function": clone_function, "call_function": call_function}
    refused = [name for name, value in given.items() if value is not None]
    if refused:
        raise ArgumentError(
            f"clone_model: expected no {' and no '.join(refused)} for {type(model).__name__}, which is no graph and no "
            "stack of layers: it is made again from its configuration."
        )
    if not isinstance(model, Layer):
        raise ArgumentError(f"clone_model: expected a model; got {model!r}.")
    return type(model).from_config(model.get_config())


class _Copies:
    """The new layers, each made once, so that layers which were shared are shared again."""

    def __init__(self, clone_function: CloneFunction | None, call_function: CallFunction | None, recursive: bool):
        self._clone_function = clone_function
        self._call_function = call_function
        self._recursive = recursive
        self._made: dict[int, Any] = {}

    def of(self, operation: Operation) -> Any:
        """The new layer for an old one."""
        if id(operation) not in self._made:
            self._made[id(operation)] = self._make(operation)
        return self._made[id(operation)]

    def _make(self, operation: Any) -> Any:
        if isinstance(operation, OpCall) or self._clone_function is None:
            return type(operation).from_config(operation.get_config())
        if self._recursive and isinstance(operation, (Functional, Sequential)):
            calls = None if isinstance(operation, Sequential) else self._call_function
            return clone_model(operation, None, self._clone_function, calls, recursive=True)
        made = self._clone_function(operation)
        if not isinstance(made, Layer):
            raise ArgumentError(
                f"clone_model: expected clone_function to return a layer for {operation.name!r}; got {made!r}."
            )
        return made

    def calling(self, node: Node) -> Callable[..., Any]:
        """What to call in the new graph where the old one has a node."""
        made = self.of(node.operation)
        if self._call_function is None or not isinstance(made, Layer):
            return made
        return functools.partial(self._call_function, made)


def _graph(model: Any, input_tensors: Any, copies: _Copies) -> Any:
    wiring: Wiring = model._wiring
    given = None if input_tensors is None else _checked(input_tensors, wiring.inputs)
    inputs = tree.map_structure(_new_input, wiring.inputs) if given is None else given
    results = wiring.graph.run(tree.flatten(inputs), copies.calling)
    outputs = results[0] if isinstance(wiring.outputs, Spec) else tree.pack_sequence_as(wiring.outputs, results)
    clone = type(model)(inputs=inputs, outputs=outputs, name=model.name)
    clone._trainable = model.trainable
    return clone


def _new_input(spec: Spec) -> Spec:
    """An input like that of a model, in a layer of its own."""
    node = node_of(spec)
    if node is not None and isinstance(node.operation, InputLayer):
        return InputLayer.from_config(node.operation.get_config()).output
    return Input(batch_shape=plain_shape(spec.shape), dtype=spec.dtype, name=spec.name)


def _checked(given: Any, wanted: Any) -> Any:
    """Specs that somebody gave, if they are laid out as the inputs of the model."""
    specs, expected = tree.flatten(given), tree.flatten(wanted)
    for x in specs:
        if not isinstance(x, Spec):
            raise ArgumentError(f"clone_model: expected input_tensors to be made by Input; got {x!r}.")
    if len(specs) != len(expected) or (isinstance(wanted, dict) and set(given) != set(wanted)):
        raise ArgumentError(
            f"clone_model: expected input_tensors in the structure of the model's inputs, {wanted}; got {given}."
        )
    return tree.pack_sequence_as(wanted, specs)


def _stack(model: Sequential, input_tensors: Any, copies: _Copies) -> Sequential:
    first = model._layers[0] if model._layers else None
    begin: list[Any] = []
    if input_tensors is not None:
        (spec,) = tree.flatten(_checked(input_tensors, [None]))
        begin = [Input(batch_shape=plain_shape(spec.shape), dtype=spec.dtype, name=spec.name)]
    elif isinstance(first, InputLayer):
        begin = [InputLayer.from_config(first.get_config())]
    return type(model)([*begin, *map(copies.of, model.layers)], trainable=model.trainable, name=model.name)
