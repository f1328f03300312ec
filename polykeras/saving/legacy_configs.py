"""Configurations as files of HDF5 have them: class and arguments only, and those of Keras 2 in words of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import SerializationError
from ..models.op_names import is_of_ops
from ..registry import NAMESPACES, get_registered_object, in_namespace

_FORMER = {
    "Model": "Functional",
    "Policy": "DTypePolicy",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
}
"""Classes that had other names."""
_CALLS = ("SlicingOpLambda", "TFOpLambda", "TensorFlowOpLayer")
_PLACES = ("keras", "keras.layers", *(n for n in NAMESPACES if n not in ("keras", "keras.layers", "keras.random")))
"""Where classes are looked for whose files do not say where they are from."""
_PLACES_BY_ARGUMENT = {
    "initializer": "keras.initializers",
    "regularizer": "keras.regularizers",
    "constraint": "keras.constraints",
    "loss": "keras.losses",
    "metrics": "keras.metrics",
    "optimizer": "keras.optimizers",
    "optimizer_config": "keras.optimizers",
    "learning_rate": "keras.optimizers.schedules",
}
"""Where they are looked for first, by the last word of the argument: some names are those of several classes."""
_ROOTS = ("keras", "tf_keras", "tensorflow")


# Writing ---------------------------------------------------------------------------------------------------


def to_legacy(config: Any) -> Any:
    """A configuration without what Keras 2 does not know: build and compile configurations of layers."""
    if isinstance(config, Mapping):
        dropped = ("build_config", "compile_config") if "class_name" in config else ()
        return {key: to_legacy(value) for key, value in config.items() if key not in dropped}
    if isinstance(config, (list, tuple)):
        return [to_legacy(value) for value in config]
    return config


# Reading ---------------------------------------------------------------------------------------------------


def from_legacy(config: Any, argument: str = "") -> Any:
    """A configuration as `deserialize_keras_object` takes it.

    Args:
        config: The configuration.
        argument: The name of the argument that it is for, which tells where its class is looked for.
    """
    if isinstance(config, (list, tuple)):
        return [from_legacy(value, argument) for value in config]
    if not isinstance(config, Mapping):
        return config
    if "class_name" not in config:
        return {key: from_legacy(value, _place_or(key, argument)) for key, value in config.items()}
    config = dict(config)
    name, place = _class_of(config, argument)
    if place is not None:
        config["class_name"], config["module"] = name, place
    if name in ("Sequential", "Functional"):
        config["config"] = _stack(config["config"]) if name == "Sequential" else _graph(config["config"])
    if isinstance(config.get("config"), Mapping):
        inside = {key: from_legacy(value, str(key)) for key, value in config["config"].items()}
        config["config"] = inside if place is None else _arguments(name, place, inside)
    return config


def _place_or(key: Any, argument: str) -> str:
    """What a value in a dictionary is for: for what its key says, or for what the dictionary is."""
    return key if str(key).rpartition("_")[2] in _PLACES_BY_ARGUMENT or key in _PLACES_BY_ARGUMENT else argument


def _class_of(config: Mapping[str, Any], argument: str) -> tuple[Any, str | None]:
    """The name of a class today, and where it is; None for those of somebody else's, or whose place the file knows."""
    name, module = config["class_name"], config.get("module")
    if not isinstance(name, str) or get_registered_object(name) is not None:
        return name, None
    if get_registered_object(str(config.get("registered_name"))) is not None:
        return name, None
    name = name.removeprefix("Custom>")
    name = _FORMER.get(name, name)
    if name in _CALLS:
        raise SerializationError(
            f"{config.get('name')}: the graph calls a function of TensorFlow ({name}), as Keras 2 could. Make the "
            "model anew with layers and polykeras.ops in place of such functions, and load its weights alone."
        )
    if is_of_ops(module):
        return name, None
    if isinstance(module, str):
        if in_namespace(module, name) is not None:
            return name, module
        if module.partition(".")[0] not in _ROOTS:
            return name, None
    first = _PLACES_BY_ARGUMENT.get(argument) or _PLACES_BY_ARGUMENT.get(argument.rpartition("_")[2])
    places = _PLACES if first is None else (first, *_PLACES)
    return name, next((place for place in places if in_namespace(place, name) is not None), None)


# Arguments -------------------------------------------------------------------------------------------------

ANY = object()
_RENAMED = {"lr": "learning_rate"}
_WITHOUT_GROUPS = r"Separable|Depthwise|Transpose"
_GONE: dict[str, dict[str, tuple[str, Any]]] = {
    "keras.layers": {
        "batch_input_shape": ("", ANY),
        "groups": (_WITHOUT_GROUPS, (1,)),
        "kernel_constraint": ("Separable", (None,)),
        "kernel_initializer": ("Separable", ANY),
        "kernel_regularizer": ("Separable", (None,)),
        "key_shape": ("MultiHeadAttention", ANY),
        "noise_shape": ("SpatialDropout", (None,)),
        "query_shape": ("MultiHeadAttention", ANY),
        "ragged": ("InputLayer", (False,)),
        "rng_type": ("", ANY),
        "softmax_robust_masking": ("MultiHeadAttention", ANY),
        "time_major": ("", (False,)),
        "trainable": ("Discretization|SpatialDropout", ANY),
        "value_shape": ("MultiHeadAttention", ANY),
    },
    "keras.initializers": {"dtype": ("", ANY)},
    "keras.losses": {"fn": ("", ANY)},
    "keras.optimizers": {
        "decay": ("", (0.0,)),
        "dynamic": ("", (True,)),
        "is_legacy_optimizer": ("", ANY),
        "jit_compile": ("", ANY),
    },
}
"""Arguments that Keras 2 wrote and that are gone: from which classes, and with which values they can be left out."""


def _arguments(name: str, place: str, config: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a class of the library in words of today."""
    config = {_RENAMED.get(key, key): value for key, value in config.items()}
    if name == "InputLayer" and "batch_input_shape" in config:
        config["batch_shape"] = config.pop("batch_input_shape")
    if name == "BatchNormalization" and isinstance(config.get("axis"), list) and len(config["axis"]) == 1:
        config["axis"] = config["axis"][0]
    if name == "TextVectorization":
        config.pop("dtype", None)
    if name == "MeanMetricWrapper" and isinstance(config.get("fn"), str):
        config["fn"] = in_namespace("keras.metrics", config["fn"]) or config["fn"]
    if place == "keras.losses" and config.get("reduction") == "auto":
        config["reduction"] = "sum_over_batch_size"
    if place == "keras.optimizers" and isinstance(config.get("decay"), (int, float)) and config["decay"] > 0:
        config["learning_rate"] = _decaying(name, config)
    for key, (classes, values) in _GONE.get(place, {}).items():
        if key not in config or not re.search(classes, name):
            continue
        if values is not ANY and config[key] not in values:
            raise SerializationError(
                f"{name}: Keras 2 had the argument {key}={config[key]!r}, of which there is nothing left. Make the "
                "model anew, and load its weights alone."
            )
        del config[key]
    return config


def _decaying(name: str, config: dict[str, Any]) -> Any:
    """The schedule that an optimizer of Keras 2 had inside. That of Nadam was one for its momentum."""
    rate, decay = config.get("learning_rate"), config.pop("decay")
    if name == "Nadam" or not isinstance(rate, (int, float)):
        return rate
    arguments = {"initial_learning_rate": rate, "decay_steps": 1, "decay_rate": decay}
    return {"class_name": "InverseTimeDecay", "module": "keras.optimizers.schedules", "config": arguments}


# Stacks and graphs -----------------------------------------------------------------------------------------


def _stack(config: Any) -> Any:
    """The configuration of a stack, with the layer for its input, which Keras 2 left out at first."""
    config = {"layers": config} if isinstance(config, list) else dict(config)
    layers = config.get("layers")
    first = layers[0] if isinstance(layers, list) and layers and isinstance(layers[0], Mapping) else {}
    inside = first.get("config")
    if isinstance(inside, Mapping) and first.get("class_name") != "InputLayer" and "batch_input_shape" in inside:
        arguments = {"batch_input_shape": inside["batch_input_shape"], "dtype": inside.get("dtype", "float32")}
        arguments["name"] = f"{inside.get('name')}_input"
        config["layers"] = [{"class_name": "InputLayer", "config": arguments}, *layers]
    return config


def _graph(config: Any) -> Any:
    """The configuration of a graph, whose layers say where they are called in lists of places in Keras 2."""
    if not isinstance(config, Mapping) or not isinstance(config.get("layers"), list):
        return config
    layers = [dict(layer) for layer in config["layers"] if isinstance(layer, Mapping)]
    if all(_is_of_today(node) for layer in layers for node in _nodes_of(layer)):
        return {**config, **{key: _places(config[key]) for key in _ENDS if key in config}}
    models = {layer.get("name") for layer in layers if _is_model(layer.get("config"))}
    for layer in layers:
        is_recurrent = layer.get("class_name") in _RECURRENT
        layer["inbound_nodes"] = [_node(node, models, is_recurrent) for node in _nodes_of(layer)]
    ends = {key: _places(_each_place(config[key], models)) for key in _ENDS if key in config}
    return {**config, "layers": layers, **ends}


_RECURRENT = ("Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "GRU", "LSTM", "RNN", "SimpleRNN")
_ENDS = ("input_layers", "output_layers")


def _nodes_of(layer: Mapping[str, Any]) -> list[Any]:
    nodes = layer.get("inbound_nodes")
    return nodes if isinstance(nodes, list) else []


def _is_model(config: Any) -> bool:
    return isinstance(config, list) or (isinstance(config, Mapping) and "layers" in config)


def _is_of_today(node: Any) -> bool:
    return isinstance(node, Mapping)


def _places(places: Any) -> Any:
    """Keras 2 has a list of places even where there is one input."""
    if isinstance(places, list) and len(places) == 1 and isinstance(places[0], list):
        return places[0]
    return places


def _is_place(value: Any) -> bool:
    return isinstance(value, list) and len(value) >= 3 and isinstance(value[0], str) and type(value[1]) is int


def _place(place: list[Any], models: set[Any]) -> list[Any]:
    """A place: a layer, which of its calls, and which of the outputs. In Keras 2 a model counts itself as the first."""
    return [place[0], place[1] - (place[0] in models), place[2]]


def _each_place(places: Any, models: set[Any]) -> Any:
    if _is_place(places):
        return _place(places, models)
    return [_each_place(each, models) for each in places] if isinstance(places, list) else places


def _node(node: Any, models: set[Any], is_recurrent: bool) -> Any:
    """A call of a layer: a list of places with further arguments in Keras 2, states among the places."""
    if not isinstance(node, list):
        return node
    places = [node] if _is_place(node) else [place for place in node if _is_place(place)]
    calls = [_argument(place, models) for place in places]
    extra = next((place[3] for place in places if len(place) > 3 and isinstance(place[3], Mapping)), {})
    arguments = {key: _argument(value, models) for key, value in extra.items()}
    if is_recurrent and len(calls) > 1:
        return {"args": calls[:1], "kwargs": {**arguments, "initial_state": calls[1:]}}
    return {"args": calls if len(calls) == 1 else [calls], "kwargs": arguments}


def _argument(value: Any, models: set[Any]) -> Any:
    """An argument of a call: a place, a constant that Keras 2 marks, or something with places in it."""
    if _is_place(value):
        if value[0] == "_CONSTANT_VALUE":
            return value[2]
        return {"class_name": "__keras_tensor__", "config": {"keras_history": _place(value, models)}}
    return [_argument(each, models) for each in value] if isinstance(value, list) else value
