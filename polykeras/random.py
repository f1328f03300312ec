"""Random numbers that are the same on every backend, and their seeds."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from . import ops
from .backend import loaded
from .errors import OptionError
from .ops.random import (
    bernoulli,
    beta,
    binomial,
    bits,
    categorical,
    dropout,
    fold_in,
    gamma,
    normal,
    permutation,
    randint,
    shuffle,
    split,
    truncated_normal,
    uniform,
)
from .philox import MASK
from .seeds import GLOBAL_STREAM
from .state import Stateful, Variable

__all__ = [
    "SeedGenerator",
    "bernoulli",
    "beta",
    "binomial",
    "bits",
    "categorical",
    "dropout",
    "fold_in",
    "gamma",
    "normal",
    "permutation",
    "randint",
    "set_random_seed",
    "shuffle",
    "split",
    "truncated_normal",
    "uniform",
]


class SeedGenerator(Stateful):
    """A seed for many draws: each one gets a key of its own.

    It holds the seed and the number of draws so far in a variable, so that draws within compiled functions go on
    where the last ones ended.

    Args:
        seed: An integer from 0 to 2**32 - 1; None for one that `set_random_seed` determines.
        name: A name; None for one that is made up.

    >>> seed = SeedGenerator(42)
    >>> a, b = uniform((2,), seed=seed), uniform((2,), seed=seed)
    >>> bool(ops.all(ops.equal(a, b)))
    False
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any):
        if kwargs:
            raise TypeError(f"SeedGenerator: unknown arguments {', '.join(kwargs)}; known ones: seed, name.")
        if seed is None:
            seed = int(GLOBAL_STREAM.next()[0])
        if not hasattr(seed, "__index__") or not 0 <= seed <= MASK:
            raise OptionError(f"SeedGenerator: expected a seed from 0 to 2**32 - 1; got {seed!r}.")
        self.name = "seed_generator" if name is None else name
        self.seed = int(seed)
        self.state = Variable(np.array([seed, 0], "uint32"), trainable=False, name="seed_generator_state")

    def next(self, ordered: bool = True) -> Any:
        """The key of the next draw."""
        key = self.state.value
        self.state.assign(ops.add(key, np.array([0, 1], "uint32")))
        return key

    def get_config(self) -> dict[str, Any]:
        """What it takes to make another one like this."""
        return {"seed": self.seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """A generator made from its configuration."""
        return cls(**config)


def set_random_seed(seed: int) -> None:
    """Seed everything: the draws for which nobody gives a seed, Python's `random`, NumPy and the loaded frameworks.

    The same code after it gives the same numbers, on whatever backend.

    Args:
        seed: An integer from 0 to 2**32 - 1.

    >>> set_random_seed(1)
    >>> first = uniform((2,))
    >>> set_random_seed(1)
    >>> bool(ops.all(ops.equal(first, uniform((2,)))))
    True
    """
    if not hasattr(seed, "__index__") or not 0 <= seed <= MASK:
        raise OptionError(f"set_random_seed: expected a seed from 0 to 2**32 - 1; got {seed!r}.")
    GLOBAL_STREAM.reset(int(seed))
    random.seed(int(seed))
    np.random.seed(int(seed))
    for backend in loaded():
        backend.seed(int(seed))


def stream_positions() -> dict[str, Any]:
    """Where the streams that `set_random_seed` begins are now, as plain data: ours, Python's and NumPy's.

    Returns:
        A dictionary for `go_to_positions`.

    >>> positions = stream_positions()
    >>> first = uniform((2,))
    >>> go_to_positions(positions)
    >>> bool(ops.all(ops.equal(first, uniform((2,)))))
    True
    """
    version, words, gauss = random.getstate()
    kind, key, *rest = np.random.get_state(legacy=True)
    numpy_state = [kind, [int(word) for word in key], *rest]
    return {"ours": GLOBAL_STREAM.position(), "python": [version, list(words), gauss], "numpy": numpy_state}


def go_to_positions(positions: dict[str, Any]) -> None:
    """Have the streams go on from where they were once.

    Args:
        positions: What `stream_positions` returned.

    >>> go_to_positions(stream_positions())
    """
    GLOBAL_STREAM.go_to(positions["ours"])
    version, words, gauss = positions["python"]
    random.setstate((version, tuple(words), gauss))
    kind, key, *rest = positions["numpy"]
    np.random.set_state((kind, np.array(key, "uint32"), *rest))
