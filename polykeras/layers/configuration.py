"""What the constructors of layers have in common: arguments to check, and to give back as a configuration."""

from __future__ import annotations

import inspect
from typing import Any

from .. import activations
from ..errors import ArgumentError
from ..registry import serialize_keras_object
from ..settings import CHOICES, settings
from .layer import Layer


def described(layer: Layer, *names: str) -> dict[str, Any]:
    """Attributes of a layer as plain data; functions are activations."""

    def plain(x: Any) -> Any:
        return activations.serialize(x) if inspect.isfunction(x) else serialize_keras_object(x)

    return {name: plain(getattr(layer, name)) for name in names}


def whole(layer: Layer, name: str, value: Any, low: int = 1) -> int:
    """An argument that has to be a whole number from a bound on."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < low:
        raise ArgumentError(f"{type(layer).__name__}: expected {name} to be a whole number from {low}; got {value!r}.")
    return value.__index__()


def share(layer: Layer, name: str, value: Any) -> Any:
    """An argument that has to be a number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ArgumentError(f"{type(layer).__name__}: expected {name} to be a number from 0 to 1; got {value!r}.")
    return value


def whole_numbers(layer: Layer, name: str, value: Any, count: int, low: int = 1) -> tuple[int, ...]:
    """An argument that is a whole number for each of some axes, or one for all of them."""
    given = (value,) * count if hasattr(value, "__index__") else value
    if not isinstance(given, (tuple, list)) or len(given) != count:
        raise ArgumentError(
            f"{type(layer).__name__}: expected {name} to be a whole number, or a tuple of {count}; got {value!r}."
        )
    return tuple(whole(layer, name, number, low) for number in given)


def data_format(layer: Layer, value: Any) -> str:
    """Where the channels are: as given, or as it is set for the process."""
    if value is None:
        return settings.image_data_format
    if value not in CHOICES["image_data_format"]:
        raise ArgumentError(
            f"{type(layer).__name__}: expected data_format to be one of {', '.join(CHOICES['image_data_format'])}, or "
            f"None; got {value!r}."
        )
    return value


def refuse_quantization(layer: Layer, **arguments: Any) -> None:
    """Quantized layers are not there: say so before anything else is built on them."""
    for name, value in arguments.items():
        if value is not None:
            raise ArgumentError(
                f"{type(layer).__name__}: layers cannot be quantized; got {name}={value!r}. Leave out {name}, or "
                'compute with fewer bits by dtype="mixed_float16".'
            )
