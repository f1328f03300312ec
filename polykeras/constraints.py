"""What is done to weights after each step, so that they stay where they shall be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import ops
from .registry import Configurable, Family
from .settings import settings


class Constraint(Configurable):
    """A function from weights to weights that are allowed, with a configuration. Subclasses override `__call__`.

    >>> class AtMostOne(Constraint):
    ...     def __call__(self, w):
    ...         return ops.minimum(w, 1.0)
    >>> AtMostOne()(ops.array([0.5, 2.0]))
    array([0.5, 1. ], dtype=float32)
    """

    def __call__(self, w: Any) -> Any:
        """The weights that are allowed: all, unless a subclass says otherwise."""
        return w


class NonNeg(Constraint):
    """Negative weights become 0.

    >>> NonNeg()(ops.array([-1.0, 2.0]))
    array([0., 2.], dtype=float32)
    """

    def __call__(self, w: Any) -> Any:
        """The weights that are allowed."""
        return ops.maximum(w, 0)


def _norms(w: Any, axis: Any) -> Any:
    return ops.sqrt(ops.sum(ops.square(w), axis, keepdims=True))


class MinMaxNorm(Constraint):
    """Weights along an axis are scaled so that their norm lies between two bounds.

    Args:
        min_value: The smallest norm.
        max_value: The largest norm.
        rate: How far they are scaled at once: 1 for all the way.
        axis: The axis or axes over which norms are taken.

    >>> MinMaxNorm(max_value=1.0)(ops.array([[3.0], [4.0]]))
    array([[0.59999996],
           [0.79999995]], dtype=float32)
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0):
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """The weights that are allowed."""
        norms = _norms(w, self.axis)
        wanted = ops.clip(norms, self.min_value, self.max_value)
        if self.rate != 1:
            wanted = ops.add(ops.multiply(wanted, self.rate), ops.multiply(norms, 1 - self.rate))
        return ops.multiply(w, ops.divide(wanted, ops.add(norms, settings.epsilon)))

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


class MaxNorm(MinMaxNorm):
    """Weights along an axis are scaled down where their norm is too large.

    Args:
        max_value: The largest norm.
        axis: The axis or axes over which norms are taken.

    >>> MaxNorm(10)(ops.array([[3.0], [4.0]]))
    array([[3.],
           [4.]], dtype=float32)
    """

    def __init__(self, max_value: float = 2, axis: Any = 0):
        super().__init__(0.0, max_value, 1.0, axis)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {"max_value": self.max_value, "axis": self.axis}


class UnitNorm(Constraint):
    """Weights along an axis are scaled so that their norm is 1.

    Args:
        axis: The axis or axes over which norms are taken.

    >>> UnitNorm()(ops.array([[3.0], [4.0]]))
    array([[0.59999996],
           [0.79999995]], dtype=float32)
    """

    def __init__(self, axis: Any = 0):
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """The weights that are allowed."""
        return ops.divide(w, ops.add(_norms(w, self.axis), settings.epsilon))

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {"axis": self.axis}


max_norm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = NonNeg
unit_norm = UnitNorm

_FAMILY = Family(
    "constraint",
    {
        "MaxNorm": MaxNorm,
        "MinMaxNorm": MinMaxNorm,
        "NonNeg": NonNeg,
        "UnitNorm": UnitNorm,
        "max_norm": MaxNorm,
        "min_max_norm": MinMaxNorm,
        "non_neg": NonNeg,
        "unit_norm": UnitNorm,
    },
)

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]


def get(identifier: Any) -> Any:
    """The constraint that an identifier stands for: a name, a configuration, a class or a function; None for None.

    >>> get("non_neg")(ops.array([-1.0]))
    array([0.], dtype=float32)
    """
    return _FAMILY.get(identifier)


def serialize(constraint: Any) -> Any:
    """A constraint as plain data."""
    return _FAMILY.serialize(constraint)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The constraint that plain data describes."""
    return _FAMILY.deserialize(config, custom_objects)
