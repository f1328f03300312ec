"""The network in JAX."""

from __future__ import annotations

import jax

from ..loops.jax import SGD, Arrays, Jax, stateless
from ..problem import Problem


def loop(problem: Problem) -> Jax:
    """Compiled."""
    return Jax(stateless(forward), squared_error, SGD, problem)


def forward(w: Arrays, x: jax.Array) -> jax.Array:
    """The outputs."""
    hidden = jax.nn.relu(x @ w["hidden.kernel"] + w["hidden.bias"])
    return hidden @ w["last.kernel"] + w["last.bias"]


def squared_error(outputs: jax.Array, targets: jax.Array) -> jax.Array:
    """The mean square of the differences."""
    return ((outputs - targets) ** 2).mean()
