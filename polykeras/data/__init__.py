"""Small data that ships with the library. `README.md` beside it says where it comes from."""

from __future__ import annotations

from importlib import resources

import numpy as np


def digits() -> tuple[np.ndarray, np.ndarray]:
    """The UCI handwritten digits: images of 8 by 8 pixels from 0 to 16, and the digit that each one shows.

    >>> images, labels = digits()
    >>> images.shape, labels[:5]
    ((1797, 8, 8), array([0, 1, 2, 3, 4], dtype=uint8))
    """
    with resources.files(__name__).joinpath("digits.npz").open("rb") as file, np.load(file) as stored:
        return stored["images"], stored["labels"]
