"""Small pictures of a hundred kinds of things."""

from __future__ import annotations

from ..errors import ArgumentError
from .cifar import load_pictures
from .tables import Split

__all__ = ["load_data"]


def load_data(label_mode: str = "fine") -> Split:
    """60000 pictures in color of 32 by 32 pixels.

    Args:
        label_mode: "fine" for 100 classes, "coarse" for the 20 that these belong to.

    Returns:
        (x_train, y_train), (x_test, y_test): NumPy arrays of bytes, of shape (50000, 32, 32, 3), or with the channels
        first if that is set, and (50000, 1) for training, and 10000 for tests.
    """
    if label_mode not in ("fine", "coarse"):
        raise ArgumentError(f"expected label_mode to be 'fine' or 'coarse'; got {label_mode!r}.")
    return load_pictures("cifar-100-python.tar.gz", "cifar-100-python", ["train"], "test", f"{label_mode}_labels")
