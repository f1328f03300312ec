"""The format of Keras 2: a model in one file of HDF5, its architecture in attributes."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import losses
from ..errors import SerializationError
from ..layers.layer import Layer
from ..metrics import Metric
from ..models import Model
from ..random import SeedGenerator
from ..registry import deserialize_keras_object, serialize_keras_object
from ..spec import show_shape
from ..state import Variable
from .archive import plain_data
from .hdf5_reader import Dataset, Group
from .hdf5_writer import GroupToWrite
from .legacy_configs import from_legacy, to_legacy
from .legacy_optimizers import Plan, plan_for
from .loading import deferred, sizes_of
from .walking import parts_with_paths
from .weights import array_of, give

GENERATORS = "seed_generators"
"""A group that Keras does not look at: it does not store the states of generators of random numbers in such files."""
LARGEST_ATTRIBUTE = 4000
"""How many texts one attribute has; more go on in attributes with numbers behind their name."""


# Writing ---------------------------------------------------------------------------------------------------


def model_to_groups(model: Any, with_optimizer: bool) -> GroupToWrite:
    """A whole model as groups and attributes."""
    config = to_legacy(serialize_keras_object(model))
    root = GroupToWrite({"keras_version": "3.15.1", "backend": "jax", "model_config": json.dumps(config)})
    compiled = model.get_compile_config()
    if compiled is not None and with_optimizer:
        optimizer = to_legacy(compiled.pop("optimizer"))
        named = {"loss": _in_full(compiled.get("loss")), "optimizer_config": optimizer}
        root.attrs["training_config"] = json.dumps({**compiled, **named})
        if model.optimizer is not None and model.optimizer.built:
            _add_optimizer(root.group("optimizer_weights"), model.optimizer)
    _add_weights(root.group("model_weights"), model)
    for path, generator in _generators(model):
        root.group(f"{GENERATORS}/{path}")["state"] = generator.state
    return root


def _in_full(loss: Any) -> Any:
    """Losses with their names in full: Keras 3.15.1 does not find "mse" in a file of this format."""
    if isinstance(loss, dict):
        return loss if "class_name" in loss else {key: _in_full(value) for key, value in loss.items()}
    if isinstance(loss, (list, tuple)):
        return [_in_full(value) for value in loss]
    try:
        found = losses.get(loss) if isinstance(loss, str) else None
    except SerializationError:
        return loss
    return found.__name__ if found and getattr(losses, getattr(found, "__name__", ""), None) is found else loss


def _generators(model: Any) -> Iterator[tuple[str, SeedGenerator]]:
    for path, part in parts_with_paths(model):
        if isinstance(part, SeedGenerator):
            yield path, part


def _add_optimizer(group: GroupToWrite, optimizer: Any) -> None:
    names = []
    for number, variable in enumerate(optimizer.variables):
        names.append(f"{optimizer.name}/{number:06d}_{variable.name}")
        group.group(optimizer.name)[names[-1].split("/")[1]] = variable
    _put_texts(group, "weight_names", names)


def _add_weights(group: GroupToWrite, model: Any) -> None:
    group.attrs.update({"backend": "jax", "keras_version": "3.15.1"})
    _put_texts(group, "layer_names", [layer.name for layer in model.layers])
    for layer in model.layers:
        _add_layer(group.group(layer.name), legacy_weights(layer))
    _add_layer(group.group("top_level_model_weights"), _top_level(model))


def _add_layer(group: GroupToWrite, variables: list[Variable]) -> None:
    names: list[str] = []
    for variable in variables:
        name = variable.path
        while name in names:
            name += "_1"
        names.append(name)
        outer, _, last = name.rpartition("/")
        group.group(outer)[last] = variable
    _put_texts(group, "weight_names", names)


def _put_texts(group: GroupToWrite, name: str, texts: list[str]) -> None:
    pieces = [texts[begin : begin + LARGEST_ATTRIBUTE] for begin in range(0, len(texts), LARGEST_ATTRIBUTE)] or [[]]
    for number, piece in enumerate(pieces):
        group.attrs[name if len(pieces) == 1 else f"{name}{number}"] = piece


def legacy_weights(layer: Layer) -> list[Variable]:
    """The weights of a layer in the order of Keras 2: those first that training changes, which are not frozen."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _top_level(model: Any) -> list[Variable]:
    own = model._own_variables()
    return [*(v for v in own if v.made_trainable), *(v for v in own if not v.made_trainable)]


# Reading ---------------------------------------------------------------------------------------------------


def model_from_groups(root: Group, compile: bool) -> Any:
    """The model in a file."""
    if "model_config" not in root.attrs or "model_weights" not in root:
        raise SerializationError(
            "load_model: the file has weights but no architecture. Make the model, and call model.load_weights."
        )
    if str(root.attrs.get("keras_version", "")).startswith("1."):
        raise SerializationError("load_model: the file is one of Keras 1. Load it with Keras 2 and save it from there.")
    config = from_legacy(_json(root.attrs["model_config"]))
    with deferred(sizes_of(root)):
        model = deserialize_keras_object(config)
        if not isinstance(model, Model):
            raise SerializationError(f"load_model: the file holds {model!r}, which is no model.")
        names = load_weights(model, root["model_weights"], False, False)
        _give_states(model, root)
        if compile and "training_config" in root.attrs:
            _compile(model, from_legacy(_json(root.attrs["training_config"])), root, names)
    return model


def _give_states(model: Any, root: Group) -> None:
    """Let generators of random numbers go on where they were."""
    for path, generator in _generators(model):
        found = root.get(f"{GENERATORS}/{path}/state")
        if isinstance(found, Dataset) and tuple(found.shape) == tuple(generator.state.shape):
            give(generator.state, array_of(found))


def _json(text: Any) -> Any:
    return plain_data(text if isinstance(text, (str, bytes)) else str(text), "an attribute of the file")


def _compile(model: Any, config: dict[str, Any], root: Group, names: dict[int, str]) -> None:
    optimizer = config.get("optimizer_config")
    known = ("loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly", "steps_per_execution", "jit_compile")
    given = {key: deserialize_keras_object(config[key]) for key in known if key in config}
    for key in ("metrics", "weighted_metrics"):
        given[key] = _renamed(given.get(key), getattr(model, "output_names", []))
    model.compile(optimizer=deserialize_keras_object(optimizer), **given)
    if "optimizer_weights" not in root or not model.built or model.optimizer is None:
        return
    group = root["optimizer_weights"]
    stored = {name: group.get(name) for name in texts(group, "weight_names")}
    model.optimizer.build(model.trainable_variables)
    if any(name.endswith(":0") for name in stored):
        plan = plan_for(model.optimizer, stored, names)
    else:
        plan = _in_order(model.optimizer.variables, stored)
    is_new = not any(isinstance(x, Dataset) and x.shape for x in stored.values())
    if plan is None and is_new:
        return
    if plan is None:
        warnings.warn(
            f"load_model: the state of the optimizer {model.optimizer.name} is laid out as an older version had it; it "
            "starts anew.",
            stacklevel=5,
        )
        return
    for variable, found in plan:
        give(variable, array_of(found))


def _in_order(variables: list[Variable], stored: dict[str, Any]) -> Plan | None:
    """Keras 3 stores all variables of an optimizer in the order that they have there."""
    shapes = [tuple(x.shape) if isinstance(x, Dataset) else None for x in stored.values()]
    if shapes != [tuple(v.shape) for v in variables]:
        return None
    return list(zip(variables, stored.values(), strict=True))


def _renamed(metrics: Any, outputs: list[str]) -> Any:
    """Metrics of several outputs, each under its own name: Keras 2 put that of the output before it."""
    if not isinstance(metrics, list) or len(outputs) < 2 or len(metrics) != len(outputs):
        return metrics
    for output, of_output in zip(outputs, metrics, strict=True):
        for metric in of_output if isinstance(of_output, list) else [of_output]:
            if isinstance(metric, Metric):
                metric.name = metric.name.removeprefix(f"{output}_")
    return metrics


def texts(group: Group, name: str) -> list[str]:
    """The texts of an attribute, which may go on in others."""
    pieces = [group.attrs[name]] if name in group.attrs else list(_numbered(group, name))
    return [x.decode() if isinstance(x, bytes) else str(x) for piece in pieces for x in np.asarray(piece).ravel()]


def _numbered(group: Group, name: str) -> Iterator[Any]:
    number = 0
    while f"{name}{number}" in group.attrs:
        yield group.attrs[f"{name}{number}"]
        number += 1


def load_weights(model: Any, root: Any, skip_mismatch: bool, by_name: bool) -> dict[int, str]:
    """Give the layers of a model what is stored for them, by their order or by their names.

    Returns:
        The names that the variables have in the file, by their identities.
    """
    group = root.get("model_weights", root)
    stored = [(name, _arrays(group[name])) for name in _layers(group)]
    stored = [(name, arrays) for name, arrays in stored if arrays]
    layers = [(layer, legacy_weights(layer)) for layer in model.layers]
    problems: list[str] = []
    plan: list[tuple[Variable, tuple[str, Any]]] = []
    if by_name:
        known = dict(stored)
        pairs = [(layer, own, known[layer.name]) for layer, own in layers if layer.name in known]
    else:
        layers = [(layer, own) for layer, own in layers if own]
        if len(layers) != len(stored):
            raise SerializationError(
                f"load_weights: the file has {len(stored)} layers with weights ({_some(n for n, _ in stored)}), the "
                f"model {len(layers)} ({_some(layer.name for layer, _ in layers)}). Make the model as the one that was "
                "saved, or load by_name=True."
            )
        pairs = [(layer, own, arrays) for (layer, own), (_, arrays) in zip(layers, stored, strict=True)]
    if "top_level_model_weights" in group and not by_name:
        top = group["top_level_model_weights"]
        own = _top_level(model)
        arrays = _arrays(top)
        if arrays or own:
            pairs.append((model, own, arrays))
    for layer, own, arrays in pairs:
        problem = _fit(layer, own, arrays)
        if problem is None:
            plan += zip(own, arrays, strict=True)
        else:
            problems.append(problem)
    if problems and not skip_mismatch:
        raise SerializationError(
            f"load_weights: the file does not fit the model {model.name!r}:\n  "
            + "\n  ".join(problems[:10])
            + "\nNothing was changed. Make the model as the one that was saved, or pass skip_mismatch=True."
        )
    for problem in problems:
        warnings.warn(f"load_weights: {problem}; left as it is.", stacklevel=5)
    for variable, (_, found) in plan:
        give(variable, array_of(found))
    return {id(variable): name for variable, (name, _) in plan}


def _arrays(group: Group) -> list[tuple[str, Any]]:
    """What is stored for a layer, with the names."""
    return [(name, group[name]) for name in texts(group, "weight_names")]


def _layers(group: Group) -> list[str]:
    return [name for name in texts(group, "layer_names") if isinstance(group.get(name), Group)]


def _some(names: Any) -> str:
    listed = list(names)
    return ", ".join(listed[:6]) + (", ..." if len(listed) > 6 else "")


def _fit(layer: Any, own: list[Variable], arrays: list[tuple[str, Any]]) -> str | None:
    what = f"{type(layer).__name__} {layer.name!r}"
    if len(own) != len(arrays):
        return f"{what}: it has {len(own)} weights ({_some(v.path for v in own)}), the file has {len(arrays)}"
    for variable, (_, found) in zip(own, arrays, strict=True):
        if isinstance(found, Group) or tuple(found.shape) != tuple(variable.shape):
            return (
                f"{what}: its weight {variable.path} has shape {show_shape(variable.shape)}, the one in the file "
                f"{show_shape(tuple(getattr(found, 'shape', ())))}"
            )
    return None
