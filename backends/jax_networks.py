"""Kernels of layers on JAX."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from polykeras.spec import normalize_axis

from .jax_table import PUSHING, body_of, compiled, kernel

_NARROW = (jnp.bfloat16, jnp.float16)


def _normalize_batch(x: Any, offset: Any, scale: Any, axis: int, epsilon: float) -> Any:
    axis = normalize_axis(axis, x.ndim)
    if not x.size or any(p is not None and p.shape != (x.shape[axis],) for p in (offset, scale)):
        return body_of("normalize_batch")(x, offset, scale, axis, epsilon)
    wide = x.astype(jnp.float32) if x.dtype in _NARROW else x
    offset, scale = (None if p is None else p.astype(wide.dtype) for p in (offset, scale))
    out, mean, variance = _normalized(wide, offset, scale, axis, epsilon)
    return out.astype(x.dtype), lax.stop_gradient(mean), lax.stop_gradient(variance)


def _normalized_with_parts(x: Any, offset: Any, scale: Any, axis: int, epsilon: float) -> tuple[Any, Any]:
    """The normalized array and its moments, and what the gradient needs."""
    others = tuple(i for i in range(x.ndim) if i != axis)
    mean = jnp.mean(x, others, keepdims=True)
    variance = jnp.mean(jnp.square(x - mean), others, keepdims=True)
    factor = lax.rsqrt(variance + epsilon)
    scale = None if scale is None else scale.reshape(mean.shape)
    out = (x - mean) * (factor if scale is None else factor * scale)
    out = out if offset is None else out + offset.reshape(mean.shape)
    return (out, mean.reshape(-1), variance.reshape(-1)), (x, mean, factor, scale, offset is None)


def _gradients(axis: int, epsilon: float, parts: Any, cotangents: Any) -> tuple[Any, Any, Any]:
    """From two sums over each channel, which XLA computes in one run; what JAX derives takes several."""
    x, mean, factor, scale, without_offset = parts
    g, centered = cotangents[0], x - mean
    others = tuple(i for i in range(x.ndim) if i != axis)
    total = jnp.sum(g, others, keepdims=True)
    along = factor * jnp.sum(g * centered, others, keepdims=True)
    count = x.size // x.shape[axis]
    inputs = (g - total / count - centered * (factor * along / count)) * factor
    return (
        inputs if scale is None else inputs * scale,
        None if without_offset else total.reshape(-1),
        None if scale is None else along.reshape(-1),
    )


_normalized = jax.custom_vjp(lambda *args: _normalized_with_parts(*args)[0], nondiff_argnums=(3, 4))
_normalized.defvjp(_normalized_with_parts, _gradients)

_program = compiled(_normalize_batch, 3, 4)


@kernel
def normalize_batch(x: Any, offset: Any, scale: Any, axis: int, epsilon: Any) -> Any:
    takes_body = PUSHING.get() or type(epsilon) not in (int, float)
    run = body_of("normalize_batch") if takes_body else _program
    return run(x, offset, scale, axis, epsilon)
