"""The network in JAX."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ..loops.jax import ADAM, Arrays, Jax, stateless
from ..problem import Problem
from . import UNITS

Carry = tuple[jax.Array, jax.Array]


def loop(problem: Problem) -> Jax:
    """Compiled."""
    return Jax(stateless(forward), binary_cross_entropy, ADAM, problem)


def forward(w: Arrays, x: jax.Array) -> jax.Array:
    """The logits."""
    inputs = (w["words.embeddings"][x] @ w["lstm.kernel"] + w["lstm.bias"]).swapaxes(0, 1)

    def step(carry: Carry, inputs: jax.Array) -> tuple[Carry, None]:
        state, memory = carry
        i, f, c, o = jnp.split(inputs + state @ w["lstm.recurrent_kernel"], 4, axis=-1)
        memory = jax.nn.sigmoid(f) * memory + jax.nn.sigmoid(i) * jnp.tanh(c)
        return (jax.nn.sigmoid(o) * jnp.tanh(memory), memory), None

    zeros = jnp.zeros((len(x), UNITS))
    (state, _), _ = jax.lax.scan(step, (zeros, zeros), inputs)
    return state @ w["last.kernel"] + w["last.bias"]


def binary_cross_entropy(logits: jax.Array, targets: jax.Array) -> jax.Array:
    """The mean cross entropy of yes and no."""
    return (jnp.maximum(logits, 0) - logits * targets + jnp.log1p(jnp.exp(-jnp.abs(logits)))).mean()
