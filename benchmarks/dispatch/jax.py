"""JAX's own calls."""

from functools import cache

import jax
import jax.numpy as jnp

from ..task import Task
from . import operands


@cache
def tasks() -> dict[str, Task]:
    """One call each."""
    first, second = map(jnp.asarray, operands())
    return {
        "add": Task(jnp.add, (first, second), jax.block_until_ready),
        "matmul": Task(jnp.matmul, (first, second), jax.block_until_ready),
        "relu": Task(jax.nn.relu, (first,), jax.block_until_ready),
    }
