"""Tables of houses and their prices."""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError
from .stored import read_npz

Split = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def split_table(path: str, test_split: float, seed: int, rows: int | None = None) -> Split:
    """The rows of a table in random order, those for training and those for tests.

    Args:
        path: The file.
        test_split: The share of the rows for tests.
        seed: The seed of the order.
        rows: How many rows count, from the beginning; None for all.

    Returns:
        Numbers and targets for training, and for tests.
    """
    table = read_npz(path)
    x, y = table["x"][:rows], table["y"][:rows]
    order = np.random.RandomState(seed).permutation(len(x))
    kept = int(len(x) * (1 - test_split))
    return (x[order[:kept]], y[order[:kept]]), (x[order[kept:]], y[order[kept:]])


def check_test_split(test_split: float) -> None:
    """Refuse what is no share.

    Args:
        test_split: The share.
    """
    if not 0 <= test_split < 1:
        raise ArgumentError(f"expected test_split to be from 0 to below 1; got {test_split}.")
