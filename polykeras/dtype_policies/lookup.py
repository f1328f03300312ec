"""Policies by whatever names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..registry import deserialize_keras_object
from .policy import DTypePolicy, global_policy, replace_global_policy
from .quantized import MODES, quantized_policy


def get(identifier: Any) -> Any:
    """The policy that an identifier stands for.

    Args:
        identifier: A policy, its name or configuration, or a dtype; None for the global policy.

    Returns:
        The policy.

    >>> get("mixed_float16").compute_dtype
    'float16'
    """
    if identifier is None:
        return global_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if isinstance(identifier, str) and identifier.startswith(MODES):
        return quantized_policy(identifier)
    return DTypePolicy(identifier)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The policy that plain data describes.

    Args:
        config: What `serialize` gave.
        custom_objects: Classes by name, besides those that are registered.

    Returns:
        The policy.

    >>> deserialize({"class_name": "DTypePolicy", "config": {"name": "float16"}})
    <DTypePolicy "float16">
    """
    place = config.get("module") or "keras.dtype_policies"
    return deserialize_keras_object({**config, "module": place}, custom_objects)


def set_global_policy(policy: Any) -> None:
    """Set the policy of layers that are given none.

    Args:
        policy: A policy, its name or configuration, or a dtype; None for floatx again.

    >>> set_global_policy(None)
    """
    replace_global_policy(None if policy is None else get(policy))
