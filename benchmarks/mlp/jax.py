"""The network in JAX."""

from __future__ import annotations

import jax

from ..loops.jax import ADAM, Arrays, Jax, cross_entropy, stateless
from ..problem import Problem
from . import kernels


def loop(problem: Problem) -> Jax:
    """Compiled."""
    *hidden, last = kernels(problem.weights)

    def forward(w: Arrays, x: jax.Array) -> jax.Array:
        for name in hidden:
            x = jax.nn.relu(x @ w[f"{name}.kernel"] + w[f"{name}.bias"])
        return x @ w[f"{last}.kernel"] + w[f"{last}.bias"]

    return Jax(stateless(forward), cross_entropy, ADAM, problem)
