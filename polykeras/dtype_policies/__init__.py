"""The dtypes of layers."""

from __future__ import annotations

from typing import Any

from ..registry import serialize_keras_object
from .lookup import deserialize, get
from .policy import DTypePolicy, FloatDTypePolicy
from .policy_map import DTypePolicyMap
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


def serialize(dtype_policy: Any) -> Any:
    """A policy as plain data.

    Args:
        dtype_policy: The policy.

    Returns:
        The data, from which `deserialize` makes such a policy again.

    >>> serialize(DTypePolicy("float16"))["config"]
    {'name': 'float16'}
    """
    return serialize_keras_object(dtype_policy)
