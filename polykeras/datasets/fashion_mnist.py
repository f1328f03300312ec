"""Small pictures of clothes."""

from __future__ import annotations

import os

from ..errors import UnsafeFileError
from .files import fetched
from .stored import read_idx
from .tables import Split

__all__ = ["load_data"]


def load_data() -> Split:
    """70000 pictures of clothes, gray, of 28 by 28 pixels.

    The classes are T-shirt, trousers, pullover, dress, coat, sandal, shirt, sneaker, bag and ankle boot.

    Returns:
        (x_train, y_train), (x_test, y_test): NumPy arrays of bytes, of shape (60000, 28, 28) and (60000,) for training,
        and 10000 for tests.
    """
    folder = os.path.join("datasets", "fashion-mnist")

    def part(name: str) -> tuple:
        files = [f"{name}-images-idx3-ubyte.gz", f"{name}-labels-idx1-ubyte.gz"]
        x, y = (read_idx(fetched(file, cache_subdir=folder)) for file in files)
        if len(x) != len(y):
            raise UnsafeFileError(f"{files[0]} has {len(x)} pictures, {files[1]} {len(y)} labels. Delete both files.")
        return x, y

    return part("train"), part("t10k")
