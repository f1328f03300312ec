"""Layers as plain data, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import SerializationError
from ..registry import deserialize_keras_object, serialize_keras_object
from .layer import Layer


def serialize(layer: Layer) -> dict[str, Any]:
    """A layer as data that JSON can hold: its class, its configuration, and what it was built for.

    Args:
        layer: The layer.

    Returns:
        The data.

    >>> from polykeras.layers import Dense
    >>> serialize(Dense(3))["config"]["units"]
    3
    """
    return serialize_keras_object(layer)


def deserialize(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Layer:
    """The layer that data from `serialize` describes, with new weights.

    Args:
        config: The data.
        custom_objects: Classes and functions by name, besides those that are registered.

    Returns:
        The layer.

    >>> from polykeras.layers import Dense
    >>> deserialize(serialize(Dense(3))).units
    3
    """
    layer = deserialize_keras_object(config, custom_objects)
    if not isinstance(layer, Layer):
        raise SerializationError(f"deserialize: expected the data of a layer; got that of {layer!r}.")
    return layer
