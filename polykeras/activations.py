"""Functions between layers, by the names that layers know them by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import ops
from .ops import (
    celu,
    elu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    tanh,
    tanh_shrink,
    threshold,
)
from .registry import Family

hard_swish = hard_silu
swish = silu


def linear(x: Any) -> Any:
    """The array as it is.

    Args:
        x: Array.

    Returns:
        The array.

    >>> linear(3.0)
    3.0
    """
    return x


def exponential(x: Any) -> Any:
    """The exponential function.

    Args:
        x: Array.

    Returns:
        The array.

    >>> float(exponential(0.0))
    1.0
    """
    return ops.exp(x)


def gelu(x: Any, approximate: bool = False) -> Any:
    """The element times the probability that a normally distributed number is smaller.

    Args:
        x: Array.
        approximate: Whether that probability is approximated through tanh.

    Returns:
        The array.

    >>> float(gelu(0.0))
    0.0
    """
    return ops.gelu(x, approximate)


def mish(x: Any) -> Any:
    """The element times tanh of its softplus (Misra, 2019).

    Args:
        x: Array.

    Returns:
        The array.

    >>> float(mish(0.0))
    0.0
    """
    return ops.multiply(x, ops.tanh(ops.softplus(x)))


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """The element where it is above a threshold, else its distance to the threshold times a slope.

    Args:
        x: Array.
        negative_slope: The slope below the threshold.
        max_value: What the result is at most; None for no bound.
        threshold: The threshold.

    Returns:
        The array.

    >>> relu(ops.array([-1.0, 2.0, 9.0]), max_value=6.0)
    array([0., 2., 6.], dtype=float32)
    """
    if threshold == 0 and not negative_slope:
        rising = ops.relu(x)
    else:
        below = ops.multiply(ops.subtract(x, threshold), negative_slope) if negative_slope else 0
        rising = ops.where(ops.less_equal(x, threshold), below, x)
    return rising if max_value is None else ops.where(ops.greater_equal(x, max_value), max_value, rising)


def squareplus(x: Any, b: float = 4) -> Any:
    """(x + sqrt(x**2 + b)) / 2, a smooth rectifier.

    Args:
        x: Array.
        b: How smooth.

    Returns:
        The array.

    >>> float(squareplus(0.0))
    1.0
    """
    return ops.squareplus(x, b)


__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]

_OWN = ("deserialize", "get", "serialize")
_FAMILY = Family("activation", {name: globals()[name] for name in __all__ if name not in _OWN})


def get(identifier: Any) -> Any:
    """The function that an identifier stands for: a name, a configuration or the function; `linear` for None.

    >>> get("relu")(ops.array([-1.0, 1.0]))
    array([0., 1.], dtype=float32)
    """
    return linear if identifier is None else _FAMILY.get(identifier)


def serialize(activation: Any) -> Any:
    """The name of an activation, or its configuration."""
    return _FAMILY.serialize(activation)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The activation that a name or a configuration stands for."""
    return _FAMILY.deserialize(config, custom_objects)
