"""The network in JAX."""

from __future__ import annotations

import jax

from ..loops.jax import ADAM, Arrays, Jax, convolution, cross_entropy, max_pooling, stateless
from ..problem import Problem


def loop(problem: Problem) -> Jax:
    """Compiled."""
    return Jax(stateless(forward), cross_entropy, ADAM, problem)


def forward(w: Arrays, x: jax.Array) -> jax.Array:
    """The logits."""
    for name in ("conv1", "conv2", "conv3"):
        x = jax.nn.relu(convolution(x, w[f"{name}.kernel"], "VALID") + w[f"{name}.bias"])
        if name != "conv3":
            x = max_pooling(x)
    x = x.reshape(len(x), -1)
    x = jax.nn.relu(x @ w["hidden.kernel"] + w["hidden.bias"])
    return x @ w["last.kernel"] + w["last.bias"]
