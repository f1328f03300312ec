"""Handwritten digits."""

from __future__ import annotations

from .files import fetched
from .stored import read_npz
from .tables import Split

__all__ = ["load_data"]


def load_data(path: str = "mnist.npz") -> Split:
    """70000 handwritten digits, gray, of 28 by 28 pixels.

    Args:
        path: The name under which the file is kept.

    Returns:
        (x_train, y_train), (x_test, y_test): NumPy arrays of bytes, of shape (60000, 28, 28) and (60000,) for training,
        and 10000 for tests.
    """
    found = read_npz(fetched("mnist.npz", path))
    return (found["x_train"], found["y_train"]), (found["x_test"], found["y_test"])
