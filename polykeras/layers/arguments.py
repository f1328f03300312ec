"""Arguments of layers: those that name initializers, regularizers, constraints and activations, and default values."""

from __future__ import annotations

import inspect
import types
from typing import Any, TypeVar

from .. import activations, constraints, initializers, regularizers
from ..errors import ArgumentError

F = TypeVar("F")

_FAMILIES: dict[str, Any] = {
    "activation": activations,
    "constraint": constraints,
    "initializer": initializers,
    "regularizer": regularizers,
}


def keep(layer: Any, **arguments: Any) -> None:
    """Keep arguments as attributes: those that name an initializer or the like as the object, others as they are."""
    for name, value in arguments.items():
        family = _FAMILIES.get(name.rpartition("_")[2])
        setattr(layer, name, value if family is None else family.get(value))


def with_defaults(function: F, **defaults: Any) -> F:
    """The same function with other default values."""
    values = {**{p.name: p.default for p in inspect.signature(function).parameters.values()}, **defaults}  # type: ignore[arg-type]
    code = function.__code__  # type: ignore[attr-defined]
    names = code.co_varnames[: code.co_argcount]
    given = tuple(values[name] for name in names if values[name] is not inspect.Parameter.empty)
    made = types.FunctionType(code, function.__globals__, code.co_name, given, function.__closure__)  # type: ignore[attr-defined]
    made.__kwdefaults__ = function.__kwdefaults__  # type: ignore[attr-defined]
    made.__annotations__ = function.__annotations__  # type: ignore[attr-defined]
    made.__doc__ = function.__doc__
    return made  # type: ignore[return-value]


def channels_of(layer: Any, shape: Any, axis: int) -> int:
    """The size of the channels' axis in the shape of inputs, which has to be known."""
    channels = shape[axis]
    if channels is None:
        raise ArgumentError(
            f"{layer.name}: expected inputs whose axis {axis}, that of the channels, has a known size; got shape "
            f"{tuple(shape)}. Give the size to Input."
        )
    return channels
