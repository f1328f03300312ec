"""Uniform numbers with JAX."""

import jax

from ..task import Task


def tasks(function: str, count: int) -> dict[str, Task]:
    """Draw with a key, which a compiled function takes as an argument."""
    draws = {"compiled": jax.jit(lambda key: jax.random.uniform(key, (count,)))}
    return {"uniform": Task(draws[function], (jax.random.key(0),), wait=jax.block_until_ready)}
