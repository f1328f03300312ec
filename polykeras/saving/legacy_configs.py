"""Configurations as files of HDF5 have them: class and arguments only, and those of Keras 2 in words of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..registry import NAMESPACES, get_registered_object, in_namespace

_FORMER = {"Model": "Functional", "Policy": "DTypePolicy"}
"""Classes that had other names."""
_PLACES = ("keras", "keras.layers", *(n for n in NAMESPACES if n not in ("keras", "keras.layers", "keras.random")))
"""Where classes are looked for whose files do not say where they are from."""


def to_legacy(config: Any) -> Any:
    """A configuration without what Keras 2 does not know: build and compile configurations of layers."""
    if isinstance(config, Mapping):
        dropped = ("build_config", "compile_config") if "class_name" in config else ()
        return {key: to_legacy(value) for key, value in config.items() if key not in dropped}
    if isinstance(config, (list, tuple)):
        return [to_legacy(value) for value in config]
    return config


def from_legacy(config: Any) -> Any:
    """A configuration as `deserialize_keras_object` takes it."""
    if isinstance(config, (list, tuple)):
        return [from_legacy(value) for value in config]
    if not isinstance(config, Mapping):
        return config
    config = {key: from_legacy(value) for key, value in config.items()}
    if "class_name" not in config:
        return config
    if isinstance(config.get("config"), dict):
        config["config"] = _arguments(config["class_name"], config["config"])
    if isinstance(config["class_name"], str) and not isinstance(config.get("module"), str):
        name = str(_FORMER.get(config["class_name"], config["class_name"]))
        config["class_name"] = name
        place = next((place for place in _PLACES if in_namespace(place, name)), None)
        if place is not None and get_registered_object(name) is None:
            config["module"] = place
    if isinstance(config.get("inbound_nodes"), list):
        config["inbound_nodes"] = [_node(node) for node in config["inbound_nodes"]]
    return config


def _arguments(class_name: Any, config: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a class in words of today."""
    renamed = {"batch_input_shape": "batch_shape", "lr": "learning_rate"}
    config = {renamed.get(key, key): value for key, value in config.items()}
    for gone in ("decay", "is_legacy_optimizer", "jit_compile"):
        if "learning_rate" in config:
            config.pop(gone, None)
    if class_name != "InputLayer" and "batch_shape" in config:
        config["batch_input_shape"] = config.pop("batch_shape")
    for key in ("input_layers", "output_layers"):
        if isinstance(config.get(key), list):
            config[key] = _places(config[key])
    return config


def _places(places: list[Any]) -> Any:
    """Keras 2 has a list of places even where there is one input."""
    if len(places) == 1 and isinstance(places[0], list):
        return places[0]
    return places


def _node(node: Any) -> Any:
    """A call of a layer: a list of places with further arguments in Keras 2."""
    if not isinstance(node, list):
        return node
    single = bool(node) and isinstance(node[0], str)
    calls = [_tensor(place) for place in ([node] if single else node)]
    extra = next((place[3] for place in ([node] if single else node) if len(place) > 3 and place[3]), {})
    first = calls[0] if len(calls) == 1 else calls
    return {"args": [first], "kwargs": {key: _argument(value) for key, value in extra.items()}}


def _tensor(place: Any) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"keras_history": list(place[:3])}}


def _argument(value: Any) -> Any:
    is_place = isinstance(value, list) and len(value) >= 3 and isinstance(value[0], str) and isinstance(value[1], int)
    return _tensor(value) if is_place else value
