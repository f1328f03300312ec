"""The network in JAX."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ..loops.jax import ADAM, Arrays, Jax, cross_entropy, stateless
from ..problem import Problem
from . import BLOCKS, EPSILON, HEAD


def loop(problem: Problem) -> Jax:
    """Compiled."""
    return Jax(stateless(forward), cross_entropy, ADAM, problem)


def forward(w: Arrays, x: jax.Array) -> jax.Array:
    """The logits."""
    x = w["words.embeddings"][x]
    for number in range(BLOCKS):
        x = x + attention(w, f"attention{number}", norm(w, f"norm{number}a", x))
        inner = jax.nn.relu(dense(w, f"inner{number}", norm(w, f"norm{number}b", x)))
        x = x + dense(w, f"outer{number}", inner)
    return dense(w, "last", norm(w, "norm", x).mean(axis=1))


def dense(w: Arrays, name: str, x: jax.Array) -> jax.Array:
    """A dense layer."""
    return x @ w[f"{name}.kernel"] + w[f"{name}.bias"]


def norm(w: Arrays, name: str, x: jax.Array) -> jax.Array:
    """A normalization of each word."""
    mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + EPSILON) * w[f"{name}.gamma"] + w[f"{name}.beta"]


def attention(w: Arrays, name: str, x: jax.Array) -> jax.Array:
    """Attention of the words to each other."""
    query, key, value = (
        jnp.einsum("bld,dhe->blhe", x, w[f"{name}.{part}.kernel"]) + w[f"{name}.{part}.bias"]
        for part in ("query", "key", "value")
    )
    scores = jax.nn.softmax(jnp.einsum("bqhe,bkhe->bhqk", query, key) / HEAD**0.5)
    heads = jnp.einsum("bhqk,bkhe->bqhe", scores, value)
    return jnp.einsum("blhe,hed->bld", heads, w[f"{name}.output.kernel"]) + w[f"{name}.output.bias"]
