"""The names under which older code sets dtype policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .dtype_policies.lookup import set_global_policy
from .dtype_policies.policy import DTypePolicy, global_policy

if TYPE_CHECKING:
    from .optimizers import LossScaleOptimizer

Policy = DTypePolicy
dtype_policy = global_policy
set_dtype_policy = set_global_policy

__all__ = [
    "DTypePolicy",
    "LossScaleOptimizer",
    "Policy",
    "dtype_policy",
    "global_policy",
    "set_dtype_policy",
    "set_global_policy",
]


def __getattr__(name: str) -> Any:
    if name == "LossScaleOptimizer":
        from .optimizers import LossScaleOptimizer

        return LossScaleOptimizer
    raise AttributeError(f"module 'polykeras.mixed_precision' has no attribute {name!r}")
