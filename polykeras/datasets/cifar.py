"""What CIFAR-10 and CIFAR-100 have in common: files of small pictures in color."""

from __future__ import annotations

import os

import numpy as np

from ..config import image_data_format
from .files import fetched
from .stored import ArrayUnpickler
from .tables import Split


def load_pictures(archive: str, folder: str, training: list[str], tests: str, labels: str) -> Split:
    """The pictures and labels in some files of an archive.

    Args:
        archive: The archive.
        folder: The folder in it.
        training: The files for training.
        tests: The file for tests.
        labels: Which of the labels in the files.

    Returns:
        (x_train, y_train), (x_test, y_test).
    """
    place = os.path.join(fetched(archive, f"{folder}-target", extract=True), folder)
    return _part(place, training, labels), _part(place, [tests], labels)


def _part(place: str, files: list[str], labels: str) -> tuple[np.ndarray, np.ndarray]:
    pictures, classes = [], []
    for name in files:
        with open(os.path.join(place, name), "rb") as file:
            found = ArrayUnpickler(file, encoding="bytes").load()
        pictures.append(np.asarray(found[b"data"], "uint8").reshape(-1, 3, 32, 32))
        classes.append(np.asarray(found[labels.encode()], "uint8"))
    x = np.concatenate(pictures)
    x = np.ascontiguousarray(x.transpose(0, 2, 3, 1)) if image_data_format() == "channels_last" else x
    return x, np.concatenate(classes)[:, None]
