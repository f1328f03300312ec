"""Random numbers, as `ops.random`."""

from .distributions import beta, binomial, gamma
from .draws import (
    bernoulli,
    bits,
    categorical,
    dropout,
    fold_in,
    normal,
    permutation,
    randint,
    shuffle,
    split,
    truncated_normal,
    uniform,
)

__all__ = [
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
    "shuffle",
    "split",
    "truncated_normal",
    "uniform",
]
