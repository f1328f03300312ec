"""In which dtypes layers keep their weights, and in which they compute."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..dtypes import canonical, is_float
from ..errors import ArgumentError, DTypeError
from ..registry import Configurable
from ..settings import settings
from ..spec import Spec

_MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}


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
        self._name = global_policy().name if name is None else _checked_name(name)
        narrow = _MIXED.get(self._name)
        self._compute_dtype = narrow or self._name
        self._variable_dtype = "float32" if narrow else self._name

    @property
    def name(self) -> str:
        """What names the policy."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """The dtype in which layers compute."""
        return self._compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of their weights."""
        return self._variable_dtype

    @property
    def quantization_mode(self) -> str | None:
        """How weights are quantized, or None."""
        return None

    def _kind(self) -> type:
        return DTypePolicy if type(self) is FloatDTypePolicy else type(self)

    def __repr__(self) -> str:
        return f'<{self._kind().__name__} "{self.name}">'

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, DTypePolicy) and self._kind() is other._kind() and self.get_config() == other.get_config()
        )

    def __hash__(self) -> int:
        return hash((self._kind(), self.name))

    def convert_input(self, x: Any, autocast: bool, dtype: Any) -> Any:
        """An array as a layer takes it: floats in a dtype, if `autocast`. What is no array stays as it is."""
        if not (ops.is_tensor(x) or isinstance(x, Spec) or hasattr(x, "__array__")):
            return x
        return ops.cast(x, dtype) if autocast and is_float(ops.dtype(x)) else ops.convert_to_tensor(x)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {"name": self.name}


class FloatDTypePolicy(DTypePolicy):
    """A DTypePolicy, by a name that older code has for it.

    Args:
        name: The name of the policy; None for the one that is set globally.

    >>> FloatDTypePolicy("float16") == DTypePolicy("float16")
    True
    """


def _checked_name(name: Any) -> str:
    if isinstance(name, str) and name in _MIXED:
        return name
    try:
        return canonical(name)
    except DTypeError as error:
        known = ", ".join(map(repr, _MIXED))
        raise ArgumentError(f"expected the name of a dtype policy: a dtype, {known}; got {name!r}.") from error


_global: list[DTypePolicy] = []


def global_policy() -> DTypePolicy:
    """The policy of layers that are given none: the one that was set, else floatx for everything.

    Returns:
        The policy.

    >>> global_policy()
    <DTypePolicy "float32">
    """
    return _global[0] if _global else DTypePolicy(settings.floatx)


def replace_global_policy(policy: DTypePolicy | None) -> None:
    """Have layers that are given none follow this policy; None for floatx again."""
    _global[:] = [] if policy is None else [policy]
