"""Prices of houses in California in 1990."""

from __future__ import annotations

from ..errors import ArgumentError
from .files import fetched
from .tables import Split, check_test_split, split_table

__all__ = ["load_data"]

ROWS = {"small": 600, "large": None}


def load_data(
    version: str = "large", path: str = "california_housing.npz", test_split: float = 0.2, seed: int = 113
) -> Split:
    """20640 districts with 8 numbers each, and the median price of a house in dollars.

    Args:
        version: "large" for all, "small" for 600 of them.
        path: The name under which the file is kept.
        test_split: The share of the rows for tests.
        seed: The seed of the order of the rows.

    Returns:
        (x_train, y_train), (x_test, y_test): NumPy arrays of shape (rows, 8), which are income, age of the houses,
        rooms, bedrooms, people, people in a household, latitude and longitude, and (rows,).
    """
    check_test_split(test_split)
    if version not in ROWS:
        raise ArgumentError(f"expected version to be 'large' or 'small'; got {version!r}.")
    return split_table(fetched("california_housing.npz", path), test_split, seed, ROWS[version])
