"""Small pictures of ten kinds of things."""

from __future__ import annotations

from .cifar import load_pictures
from .tables import Split

__all__ = ["load_data"]


def load_data() -> Split:
    """60000 pictures in color of 32 by 32 pixels.

    The classes are airplane, automobile, bird, cat, deer, dog, frog, horse, ship and truck. Some labels are wrong.

    Returns:
        (x_train, y_train), (x_test, y_test): NumPy arrays of bytes, of shape (50000, 32, 32, 3), or with the channels
        first if that is set, and (50000, 1) for training, and 10000 for tests.
    """
    batches = [f"data_batch_{number}" for number in range(1, 6)]
    return load_pictures("cifar-10-python.tar.gz", "cifar-10-batches-py", batches, "test_batch", "labels")
