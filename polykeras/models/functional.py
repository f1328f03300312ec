"""Models that are graphs of layers."""

from __future__ import annotations

from typing import Any

from .. import masks, ops, tree
from ..backend import Backend
from ..dtypes import TEXT
from ..errors import ArgumentError
from ..interpreters import kind_or_none
from ..layers.calling import plain_shape
from ..layers.input_layer import InputLayer
from ..registry import deserialize_keras_object, serialize_keras_object
from ..spec import Dim, Spec, show_shape
from ..state import Variable
from ..symbolic import spec_of
from ..text import as_text, holds_text
from ..training.texts import gathered
from .graph import Graph, OpCall, depends, node_of, op_call
from .sizes import CLASS_NAME, describe_size, revive_size


def only_of(outputs: Any) -> Spec | None:
    """The only output, where that stands in a list or tuple: calls give it by itself, as they do in Keras."""
    is_alone = isinstance(outputs, (list, tuple)) and len(outputs) == 1 and isinstance(outputs[0], Spec)
    return outputs[0] if is_alone else None


class Wiring:
    """The graph of a model, and how a user's inputs and outputs are laid out around it."""

    def __init__(self, inputs: Any, outputs: Any, name: str):
        self.inputs = inputs
        self.outputs = outputs
        flat = tree.flatten(inputs)
        for spec in flat:
            if not isinstance(spec, Spec):
                raise ArgumentError(f"{name}: expected inputs made by Input; got {spec!r}.")
        if len({id(spec) for spec in flat}) < len(flat):
            raise ArgumentError(f"{name}: an input is given twice. Give each one once.")
        self.graph = Graph(flat, tree.flatten(outputs), name)
        self._name = name
        self._structure = tree.take_apart(outputs)[1]
        self._is_single = isinstance(outputs, Spec) or only_of(outputs) is not None
        self._names = [spec.name for spec in flat]
        self._takes_text = any(spec.dtype == TEXT for spec in flat)
        self.variables = [
            leaf
            for node in self.graph.nodes
            for leaf in tree.flatten((node.args, node.kwargs))
            if isinstance(leaf, Variable)
        ]
        """Variables that ops in the graph use directly."""

    def run(self, inputs: Any, call: Any = None) -> Any:
        """The outputs for inputs in any layout that fits."""
        arrays = self._in_order(gathered(inputs) if self._takes_text else inputs)
        results = self.graph.run([self._fitted(x, s) for x, s in zip(arrays, self.graph.inputs, strict=True)], call)
        return results[0] if self._is_single else tree.put_together(self._structure, results)

    def _in_order(self, inputs: Any) -> list[Any]:
        """The arrays for the inputs of the graph."""
        wanted = self.graph.inputs
        if isinstance(inputs, dict):
            keys = sorted(self.inputs) if isinstance(self.inputs, dict) else self._names
            missing = [key for key in keys if key not in inputs and not self._is_optional(wanted[keys.index(key)])]
            if missing:
                raise ArgumentError(
                    f"{self._name}: expected inputs {', '.join(map(str, keys))}; got {', '.join(map(str, inputs))}."
                )
            given = [inputs.get(key) for key in keys]
            return tree.flatten(given)
        arrays = tree.flatten(inputs)
        if len(arrays) != len(wanted):
            described = ", ".join(f"{spec.name} {show_shape(plain_shape(spec.shape))}" for spec in wanted)
            raise ArgumentError(
                f"{self._name}: expected {len(wanted)} inputs ({described}); got {len(arrays)}. "
                "Pass a list of arrays, or a dictionary by name."
            )
        return arrays

    def _is_optional(self, spec: Spec) -> bool:
        node = node_of(spec)
        return node is not None and getattr(node.operation, "optional", False)

    def _fitted(self, x: Any, wanted: Spec) -> Any:
        """An input in the dtype and rank of the graph's: a last axis of size 1 may be missing or be there."""
        if x is None:
            if self._is_optional(wanted):
                return None
            raise ArgumentError(f"{self._name}: expected an array for input {wanted.name}; got None.")
        if self._takes_text and holds_text(x) and not _is_traced(x):
            x = as_text(x)
        given = spec_of(x)
        if (given.dtype == TEXT) != (wanted.dtype == TEXT):
            kinds = ["strings" if spec.dtype == TEXT else f"numbers ({spec.dtype})" for spec in (wanted, given)]
            raise ArgumentError(
                f"{self._name}: expected {kinds[0]} for input {wanted.name}; got {kinds[1]}. Give what the dtype of "
                "its Input says, or make the Input of another dtype."
            )
        fitted = x if given.dtype == wanted.dtype else ops.cast(x, wanted.dtype)
        if len(given.shape) == wanted.ndim + 1 and given.shape[-1] == 1:
            fitted = ops.squeeze(fitted, -1)
        elif len(given.shape) == wanted.ndim - 1 and wanted.shape[-1] == 1:
            fitted = ops.expand_dims(fitted, -1)
        elif len(given.shape) != wanted.ndim or not _fits(given.shape, plain_shape(wanted.shape)):
            raise ArgumentError(
                f"{self._name}: expected input {wanted.name} to have shape "
                f"{show_shape(plain_shape(wanted.shape))}; got {show_shape(plain_shape(given.shape))}. "
                "Reshape it, or build the model for this shape."
            )
        if fitted is not x:
            masks.set_mask(fitted, masks.mask_of(x))
        return fitted


def _fits(shape: Any, wanted: Any) -> bool:
    pairs = zip(shape, wanted, strict=True)
    return all(size is None or not isinstance(given, int) or given == size for given, size in pairs)


# Configuration ---------------------------------------------------------------------------------------------


def config_of(wiring: Wiring) -> dict[str, Any]:
    """The layers of a graph, and how they are connected, as plain data."""
    graph = wiring.graph
    kept = {id(node): node for node in graph.nodes}
    for spec in graph.inputs:
        node = node_of(spec)
        kept[id(node)] = node  # type: ignore[assignment]
    numbers: dict[int, int] = {}
    by_operation: dict[int, list[Any]] = {}
    for node in sorted(kept.values(), key=lambda node: node.index):
        nodes = by_operation.setdefault(id(node.operation), [])
        numbers[id(node)] = len(nodes)
        nodes.append(node)

    def place(spec: Spec) -> list[Any]:
        node: Any = node_of(spec)
        position = [id(x) for x in tree.flatten(node.outputs)].index(id(spec))
        return [node.operation.name, numbers[id(node)], position]

    origins = {
        str(size): {"keras_history": place(spec), "axis": axis}
        for spec in graph.inputs
        for axis, size in reversed(list(enumerate(spec.shape)))
        if isinstance(size, Dim)
    }

    def described(x: Any) -> Any:
        if isinstance(x, dict):
            return {key: described(value) for key, value in x.items()}
        if isinstance(x, list):
            return list(map(described, x))
        if isinstance(x, tuple):  # JSON has lists only, and to index with one is something else
            return {"class_name": "__tuple__", "items": list(map(described, x))}
        if isinstance(x, Dim):
            return describe_size(x, origins)
        if isinstance(x, slice):
            bounds = {name: described(getattr(x, name)) for name in ("start", "stop", "step")}
            return {"class_name": "__slice__", "config": bounds}
        if not isinstance(x, Spec):
            return x
        config = {"shape": list(plain_shape(x.shape)), "dtype": x.dtype, "keras_history": place(x)}
        return {"class_name": "__keras_tensor__", "config": config}

    layers = []
    for operation in graph.operations:
        as_op = operation.described() if isinstance(operation, OpCall) else None
        data = serialize_keras_object(operation) if as_op is None else as_op[0]
        data["name"] = operation.name
        calls = [(node.args, node.kwargs) for node in by_operation.get(id(operation), []) if depends(node)]
        data["inbound_nodes"] = [
            serialize_keras_object({"args": described(list(args)), "kwargs": described(dict(kwargs))})
            for args, kwargs in (calls if as_op is None else [as_op[1:]])
        ]
        layers.append(data)
    return {
        "layers": layers,
        "input_layers": tree.map_structure(place, wiring.inputs),
        "output_layers": tree.map_structure(place, wiring.outputs),
    }


def connected(config: dict[str, Any], custom_objects: Any = None) -> tuple[Any, Any]:
    """The inputs and outputs of the graph that a configuration describes, its layers made and called."""
    operations, constant, pending = {}, {}, []
    for data in config["layers"]:
        as_op = op_call(data)
        operation, settings = (deserialize_keras_object(data, custom_objects), {}) if as_op is None else as_op
        operations[data["name"]] = operation
        constant[data["name"]] = settings
        pending += [(operation, number, call) for number, call in enumerate(data.get("inbound_nodes", []))]
    calls: dict[tuple[str, int], Any] = {
        (name, 0): operation.nodes[0] for name, operation in operations.items() if isinstance(operation, InputLayer)
    }
    while pending:
        waiting = []
        for operation, number, call in pending:
            if not all(tuple(place[:2]) in calls for place in _places_in(call)):
                waiting.append((operation, number, call))
                continue
            args, kwargs = _revived(call["args"], calls), _revived(call["kwargs"], calls)
            operation(*args, **kwargs, **constant[operation.name])
            calls[operation.name, number] = operation.nodes[-1]
        if len(waiting) == len(pending):
            names = ", ".join(operation.name for operation, _, _ in waiting)
            raise ArgumentError(f"the configuration of a model is incomplete: nothing leads to the layers {names}.")
        pending = waiting
    return _at_places(config["input_layers"], calls), _at_places(config["output_layers"], calls)


def _places_in(data: Any) -> list[list[Any]]:
    if isinstance(data, dict):
        if "keras_history" in data:
            return [data["keras_history"]]
        return [place for value in data.values() for place in _places_in(value)]
    if isinstance(data, (list, tuple)):
        return [place for value in data for place in _places_in(value)]
    return []


def _revived(data: Any, calls: dict[tuple[str, int], Any]) -> Any:
    """Arguments of a call, with Specs where the data has places."""
    if isinstance(data, dict):
        if data.get("class_name") == "__keras_tensor__":
            return _at_places(data["config"]["keras_history"], calls)
        if data.get("class_name") == CLASS_NAME:
            return revive_size(data["config"], lambda x: _at_places(x["keras_history"], calls).shape[x["axis"]])
        if data.get("class_name") == "__tuple__":
            return tuple(_revived(item, calls) for item in data["items"])
        if data.get("class_name") == "__slice__":
            return slice(*(_revived(data["config"][name], calls) for name in ("start", "stop", "step")))
        if "class_name" in data:
            return deserialize_keras_object(data)
        return {key: _revived(value, calls) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return type(data)(_revived(value, calls) for value in data)
    return data


def _at_places(data: Any, calls: dict[tuple[str, int], Any]) -> Any:
    """The Specs at places: a name, the number of a call, and the number of an output."""
    if isinstance(data, dict):
        return {key: _at_places(value, calls) for key, value in data.items()}
    if len(data) == 3 and isinstance(data[0], str):
        return tree.flatten(calls[data[0], data[1]].outputs)[data[2]]
    return type(data)(_at_places(value, calls) for value in data)


def _is_traced(x: Any) -> bool:
    """Whether it is in a graph that somebody else builds, as of a data pipeline."""
    kind = kind_or_none(type(x))
    return isinstance(kind, Backend) and kind.is_traced(x)
