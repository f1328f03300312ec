"""Gradients made smaller where they are too large."""

from __future__ import annotations

import math
from typing import Any

from .. import ops
from ..dtypes import result_type
from ..ops.updates import Rule, elementwise_each


def _to_value(gradient: Any, *, value: float) -> tuple[Any]:
    return (ops.clip(gradient, -value, value),)


def by_value(gradients: list[Any], value: float) -> list[Any]:
    """Gradients with each element between the negative of a value and the value."""
    return elementwise_each(gradients, Rule(_to_value, 1, settings=(("value", value),)))


def by_norm(gradients: list[Any], limit: float) -> list[Any]:
    """Gradients each scaled down to a norm, if its own is greater."""
    return [ops.multiply(g, ops.divide(limit, ops.maximum(_norm([g]), limit))) for g in gradients]


def by_global_norm(gradients: list[Any], limit: float) -> list[Any]:
    """Gradients scaled down together to a norm, if that of all is greater. Where it is not finite, all become NaN."""
    norm = _norm(gradients)
    scale = ops.where(ops.isfinite(norm), ops.divide(limit, ops.maximum(norm, limit)), math.nan)
    return [ops.multiply(g, ops.cast(scale, ops.dtype(g))) for g in gradients]


def _norm(gradients: list[Any]) -> Any:
    """The root of the sum of all squares, of sums in 32 bits at least where there are several."""
    sums = [ops.sum(ops.square(g)) for g in gradients]
    if len(sums) > 1:
        dtype = result_type("float32", *(ops.dtype(x) for x in sums))
        sums = [ops.sum(ops.stack([ops.cast(x, dtype) for x in sums]))]
    return ops.sqrt(sums[0])
