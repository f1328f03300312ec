"""In which dtypes layers keep their weights, and in which they compute."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from typing import Any

from .. import ops
from ..dtypes import canonical, is_float
from ..errors import ArgumentError, DTypeError
from ..registry import Configurable, deserialize_keras_object, serialize_keras_object
from ..settings import settings

_MIXED = "mixed_"


class DTypePolicy(Configurable):
    """The dtype of weights and that of the computation.

    Args:
        name: A dtype for both; "mixed_float16" or "mixed_bfloat16" for computing in the narrow dtype with weights of
            float32. None for the policy that is set globally.

    >>> policy = DTypePolicy("mixed_bfloat16")
    >>> policy.compute_dtype, policy.variable_dtype
    ('bfloat16', 'float32')
    """

    def __init__(self, name: Any = None):
        self.name: str = global_policy().name if name is None else _policy_name(name)
        self.compute_dtype, self.variable_dtype = _dtypes_of(self.name)

    def __repr__(self) -> str:
        return f'<{type(self).__name__} "{self.name}">'

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.name == self.name

    def __hash__(self) -> int:
        return hash((type(self), self.name))

    @property
    def quantization_mode(self) -> str | None:
        """How weights are quantized, or None."""
        return None

    def convert_input(self, x: Any, autocast: bool, dtype: Any) -> Any:
        """An array as a layer takes it: floats in a dtype, if `autocast`; host data as arrays of the backend in use."""
        given = ops.dtype(x)
        return ops.cast(x, dtype) if autocast and is_float(given) else ops.convert_to_tensor(x)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {"name": self.name}


FloatDTypePolicy = DTypePolicy


def _policy_name(name: Any) -> str:
    if isinstance(name, str) and name.startswith(_MIXED):
        _dtypes_of(name)
        return name
    try:
        return canonical(name)
    except DTypeError as error:
        raise ArgumentError(
            f"expected the name of a dtype policy: a dtype, 'mixed_float16' or 'mixed_bfloat16'; got {name!r}."
        ) from error


def _dtypes_of(name: str) -> tuple[str, str]:
    """The dtypes of computation and weights."""
    if not name.startswith(_MIXED):
        return name, name
    narrow = name.removeprefix(_MIXED)
    if narrow not in ("float16", "bfloat16"):
        raise ArgumentError(f"expected the mixed policies mixed_float16 and mixed_bfloat16; got {name!r}.")
    return narrow, "float32"


_global: list[DTypePolicy] = []


def global_policy() -> DTypePolicy:
    """The policy of layers that are given none: the one that was set, else floatx for everything."""
    return _global[0] if _global else DTypePolicy(settings.floatx)


def set_global_policy(policy: Any) -> None:
    """Set the policy of layers that are given none."""
    _global[:] = [] if policy is None else [as_policy(policy)]


def as_policy(identifier: Any) -> Any:
    """The policy that an identifier stands for: a name, a dtype, a configuration; None for the global one."""
    if identifier is None:
        return global_policy()
    if isinstance(identifier, (DTypePolicy, DTypePolicyMap)):
        return identifier
    if isinstance(identifier, dict):
        return deserialize_keras_object(identifier)
    if isinstance(identifier, str) and "_from_" in identifier:
        from .quantized import quantized_policy

        return quantized_policy(identifier)
    return DTypePolicy(identifier)


class DTypePolicyMap(Configurable, MutableMapping):
    """Policies for the layers of a model by their paths.

    Args:
        default_policy: The policy of layers that are not in the map; None for the global one.
        policy_map: The policies: a dictionary from paths, or regular expressions that match whole paths.

    >>> policies = DTypePolicyMap(policy_map={"encoder/.*": "mixed_float16"})
    >>> policies["encoder/dense"].name, policies["decoder/dense"].name
    ('mixed_float16', 'float32')
    """

    def __init__(self, default_policy: Any = None, policy_map: dict[str, Any] | None = None):
        self._default = None if default_policy is None else as_policy(default_policy)
        self._policies = {path: as_policy(policy) for path, policy in (policy_map or {}).items()}

    @property
    def name(self) -> str:
        """A name that stands for the map in descriptions."""
        return f"map_{self.default_policy.name}"

    @property
    def default_policy(self) -> DTypePolicy:
        """The policy of layers that are not in the map."""
        return global_policy() if self._default is None else self._default

    @property
    def quantization_mode(self) -> str | None:
        """How weights are quantized, or None."""
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
        self._policies[path] = as_policy(policy)

    def __delitem__(self, path: str) -> None:
        del self._policies[path]

    def __contains__(self, path: object) -> bool:
        return path in self._policies

    def __iter__(self) -> Iterator[str]:
        return iter(self._policies)

    def __len__(self) -> int:
        return len(self._policies)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        default = None if self._default is None else serialize_keras_object(self._default)
        policies = {path: serialize_keras_object(policy) for path, policy in self._policies.items()}
        return {"default_policy": default, "policy_map": policies}
