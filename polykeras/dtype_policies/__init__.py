"""The dtypes of layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..registry import deserialize_keras_object, serialize_keras_object
from .policy import DTypePolicy, DTypePolicyMap, FloatDTypePolicy, as_policy
from .quantized import (
    AWQDTypePolicy,
    GPTQDTypePolicy,
    Int4DTypePolicy,
    QuantizedDTypePolicy,
    QuantizedFloat8DTypePolicy,
)

__all__ = [
    "AWQDTypePolicy",
    "DTypePolicy",
    "DTypePolicyMap",
    "FloatDTypePolicy",
    "GPTQDTypePolicy",
    "Int4DTypePolicy",
    "QuantizedDTypePolicy",
    "QuantizedFloat8DTypePolicy",
    "deserialize",
    "get",
    "serialize",
]


def get(identifier: Any) -> Any:
    """The policy that an identifier stands for: a name, a dtype, a configuration; the global policy for None.

    >>> get("mixed_float16").compute_dtype
    'float16'
    """
    return as_policy(identifier)


def serialize(dtype_policy: Any) -> Any:
    """A policy as plain data."""
    return serialize_keras_object(dtype_policy)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The policy that plain data describes."""
    return deserialize_keras_object(config, custom_objects)
