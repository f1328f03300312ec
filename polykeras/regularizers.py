"""Losses on weights, which keep them small or apart."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from numbers import Real
from typing import Any

from . import ops
from .errors import ArgumentError
from .registry import Configurable, Family
from .spec import show_shape


class Regularizer(Configurable):
    """A function from an array to a loss, with a configuration. Subclasses override `__call__`.

    >>> class Largest(Regularizer):
    ...     def __call__(self, x):
    ...         return ops.max(ops.abs(x))
    >>> float(Largest()([1.0, -2.0]))
    2.0
    """

    def __call__(self, x: Any) -> Any:
        """The loss: none, unless a subclass says otherwise."""
        return 0.0

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        raise NotImplementedError(
            f"{type(self).__name__} has no method get_config, without which it cannot be saved. Write one that returns "
            "the arguments of its constructor."
        )


def _checked(owner: Any, **factors: Any) -> None:
    for name, factor in factors.items():
        if isinstance(factor, bool) or not isinstance(factor, Real) or not 0 <= float(factor) < float("inf"):
            raise ArgumentError(f"{type(owner).__name__}: expected {name} to be a number from 0; got {factor!r}.")


class L1L2(Regularizer):
    """The sum of absolute values times one factor, and the sum of squares times another.

    Args:
        l1: The factor of the absolute values.
        l2: The factor of the squares.

    >>> float(L1L2(1.0, 10.0)([1.0, -2.0]))
    53.0
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0):
        l1, l2 = 0.0 if l1 is None else l1, 0.0 if l2 is None else l2
        _checked(self, l1=l1, l2=l2)
        self.l1 = float(l1)
        self.l2 = float(l2)

    def __call__(self, x: Any) -> Any:
        """The loss."""
        x = ops.convert_to_tensor(x)
        terms = []
        if self.l1:
            terms.append(ops.multiply(ops.sum(ops.abs(x)), self.l1))
        if self.l2:
            terms.append(ops.multiply(ops.sum(ops.square(x)), self.l2))
        return functools.reduce(ops.add, terms) if terms else ops.zeros((), ops.dtype(x))

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {"l1": self.l1, "l2": self.l2}


class L1(L1L2):
    """The sum of absolute values, times a factor.

    Args:
        l1: The factor.

    >>> float(L1(0.5)([1.0, -2.0]))
    1.5
    """

    def __init__(self, l1: float = 0.01):
        super().__init__(0.01 if l1 is None else l1, 0.0)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {"l1": self.l1}


class L2(L1L2):
    """The sum of squares, times a factor.

    Args:
        l2: The factor.

    >>> float(L2(0.5)([1.0, -2.0]))
    2.5
    """

    def __init__(self, l2: float = 0.01):
        super().__init__(0.0, 0.01 if l2 is None else l2)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {"l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """The mean absolute cosine of the angles between the rows of a matrix, or its columns, times a factor.

    Args:
        factor: The factor.
        mode: "rows" or "columns".

    >>> float(OrthogonalRegularizer(1.0)([[1.0, 0.0], [0.0, 3.0]]))
    0.0
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows"):
        _checked(self, factor=factor)
        if mode not in ("rows", "columns"):
            raise ArgumentError(f"OrthogonalRegularizer: expected mode to be 'rows' or 'columns'; got {mode!r}.")
        self.factor = float(factor)
        self.mode = mode

    def __call__(self, inputs: Any) -> Any:
        """The loss."""
        x = ops.convert_to_tensor(inputs)
        shape = ops.shape(x)
        if len(shape) != 2:
            raise ArgumentError(f"OrthogonalRegularizer: expected a matrix; got shape {show_shape(shape)}.")
        rows = ops.normalize(x if self.mode == "rows" else ops.transpose(x), axis=1)
        size = ops.shape(rows)[0]
        products = ops.multiply(ops.matmul(rows, ops.transpose(rows)), 1 - ops.eye(size, dtype=ops.dtype(rows)))
        return ops.multiply(ops.sum(ops.abs(products)), self.factor / max(size * (size - 1), 1))

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {"factor": self.factor, "mode": self.mode}


l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer

_FAMILY = Family(
    "regularizer",
    {
        "L1": L1,
        "L2": L2,
        "L1L2": L1L2,
        "OrthogonalRegularizer": OrthogonalRegularizer,
        "l1": L1,
        "l2": L2,
        "l1_l2": L1L2,
        "l1l2": L1L2,
        "orthogonal_regularizer": OrthogonalRegularizer,
    },
)

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]


def get(identifier: Any) -> Any:
    """The regularizer that an identifier stands for: a name, a configuration, a class or a function; None for None.

    >>> get("l2").get_config()
    {'l2': 0.01}
    """
    return _FAMILY.get(identifier)


def serialize(regularizer: Any) -> Any:
    """A regularizer as plain data."""
    return _FAMILY.serialize(regularizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The regularizer that plain data describes."""
    return _FAMILY.deserialize(config, custom_objects)
