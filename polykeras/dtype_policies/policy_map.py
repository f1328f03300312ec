"""Policies of the layers of a model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from ..errors import ArgumentError
from ..registry import deserialize_keras_object, serialize_keras_object
from ..settings import settings
from .lookup import get
from .policy import DTypePolicy, global_policy


class DTypePolicyMap(DTypePolicy, MutableMapping):
    """Policies for the layers of a model by their paths.

    Args:
        default_policy: The policy of layers that are not in the map; None for the global one.
        policy_map: The policies: a dictionary from paths, or regular expressions that match whole paths.

    >>> policies = DTypePolicyMap(policy_map={"encoder/.*": "mixed_float16"})
    >>> policies["encoder/dense"].name, policies["decoder/dense"].name
    ('mixed_float16', 'float32')
    """

    def __init__(self, default_policy: Any = None, policy_map: dict[str, Any] | None = None):
        if not isinstance(policy_map, Mapping | None):
            raise ArgumentError(f"DTypePolicyMap: expected policy_map to be a dictionary; got {policy_map!r}.")
        self._given = default_policy
        self._default = None if default_policy is None else self._plain(default_policy)
        self._policies = {path: self._plain(policy) for path, policy in (policy_map or {}).items()}

    @staticmethod
    def _plain(identifier: Any) -> DTypePolicy:
        policy = get(identifier)
        if isinstance(policy, DTypePolicyMap):
            raise ArgumentError(f"DTypePolicyMap: expected policies that are no maps themselves; got {policy!r}.")
        return policy

    @property
    def default_policy(self) -> DTypePolicy:
        """The policy of layers that are not in the map."""
        if self._default is not None:
            return self._default
        policy = global_policy()
        if policy is self:
            return DTypePolicy(settings.floatx)
        return policy.default_policy if isinstance(policy, DTypePolicyMap) else policy

    @property
    def name(self) -> str:
        """A name that stands for the map in descriptions."""
        return f"map_{self.default_policy.name}"

    @property
    def compute_dtype(self) -> str:
        """The dtype in which layers that are not in the map compute."""
        return self.default_policy.compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of their weights."""
        return self.default_policy.variable_dtype

    @property
    def quantization_mode(self) -> str | None:
        """How their weights are quantized, or None."""
        return self.default_policy.quantization_mode

    def __getitem__(self, path: str) -> DTypePolicy:
        if path in self._policies:
            return self._policies[path]
        fitting = [pattern for pattern in self._policies if re.fullmatch(pattern, path)]
        if len(fitting) > 1:
            raise ArgumentError(
                f"DTypePolicyMap: expected one pattern to match {path!r}; {', '.join(map(repr, fitting))} do."
            )
        return self._policies[fitting[0]] if fitting else self.default_policy

    def __setitem__(self, path: str, policy: Any) -> None:
        if path in self._policies:
            raise ArgumentError(f"DTypePolicyMap: {path!r} has a policy already. Delete it first.")
        self._policies[path] = self._plain(policy)

    def __delitem__(self, path: str) -> None:
        del self._policies[path]

    def __contains__(self, path: object) -> bool:
        return path in self._policies

    def __iter__(self) -> Iterator[str]:
        return iter(self._policies)

    def __len__(self) -> int:
        return len(self._policies)

    def __eq__(self, other: object) -> bool:
        return DTypePolicy.__eq__(self, other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        default = None if self._default is None else self._default.name
        names = {path: policy.name for path, policy in self._policies.items()}
        return f"<DTypePolicyMap default_policy={default}, policy_map={names}>"

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {"default_policy": self._given, "policy_map": serialize_keras_object(self._policies)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicyMap:
        """One made from its configuration."""
        return cls(config["default_policy"], deserialize_keras_object(config["policy_map"]))
