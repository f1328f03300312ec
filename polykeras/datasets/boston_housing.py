"""Prices of houses in Boston in the 1970s."""

from __future__ import annotations

from .files import fetched
from .tables import Split, check_test_split, split_table

__all__ = ["load_data"]


def load_data(path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113) -> Split:
    """506 parts of the town with 13 numbers each, and the median price of a house in thousands of dollars.

    One of the numbers was made on the assumption that prices depend on the share of black people. Take
    `california_housing` for anything but a discussion of that.

    Args:
        path: The name under which the file is kept.
        test_split: The share of the rows for tests.
        seed: The seed of the order of the rows.

    Returns:
        (x_train, y_train), (x_test, y_test): NumPy arrays of shape (rows, 13) and (rows,).
    """
    check_test_split(test_split)
    return split_table(fetched("boston_housing.npz", path), test_split, seed)
