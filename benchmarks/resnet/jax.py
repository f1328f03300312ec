"""The network in JAX: the moving statistics of normalizations go in and out."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp

from ..loops.jax import ADAM, Arrays, Jax, convolution, cross_entropy
from ..problem import Problem
from . import EPSILON, FILTERS, MOMENTUM


def loop(problem: Problem) -> Jax:
    """Compiled."""
    return Jax(functools.partial(forward, problem.dropout), cross_entropy, ADAM, problem)


def forward(dropout: float, w: Arrays, moving: Arrays, x: jax.Array, key: jax.Array | None) -> tuple[jax.Array, Arrays]:
    """The logits, and the moving statistics after them."""
    moving = dict(moving)

    def normalized(x: jax.Array, name: str) -> jax.Array:
        x = convolution(x, w[f"{name}.kernel"], "SAME")
        return norm(w, moving, f"{name}_norm", x, key is not None)

    x = jax.nn.relu(normalized(x, "stem"))
    for number in range(len(FILTERS)):
        shortcut = x
        if number:
            x = jax.lax.reduce_window(x, 0.0, jax.lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") / 4
            shortcut = normalized(x, f"shortcut{number}")
        x = jax.nn.relu(normalized(x, f"first{number}"))
        x = jax.nn.relu(normalized(x, f"second{number}") + shortcut)
    x = x.mean(axis=(1, 2))
    if key is not None and dropout:
        x = jnp.where(jax.random.bernoulli(key, 1 - dropout, x.shape), x / (1 - dropout), 0.0)
    return x @ w["last.kernel"] + w["last.bias"], moving


def norm(w: Arrays, moving: Arrays, name: str, x: jax.Array, training: bool) -> jax.Array:
    """A normalization of each channel; in training it writes the moving statistics."""
    mean, variance = moving[f"{name}.moving_mean"], moving[f"{name}.moving_variance"]
    if training:
        own_mean, own_variance = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
        moving[f"{name}.moving_mean"] = MOMENTUM * mean + (1 - MOMENTUM) * own_mean
        moving[f"{name}.moving_variance"] = MOMENTUM * variance + (1 - MOMENTUM) * own_variance
        mean, variance = own_mean, own_variance
    return (x - mean) * (jax.lax.rsqrt(variance + EPSILON) * w[f"{name}.gamma"]) + w[f"{name}.beta"]
