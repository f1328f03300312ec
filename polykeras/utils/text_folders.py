"""Folders of texts as data."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..training.pipeline import Pipeline
from .folders import Folder, check_format, in_batches


def text_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Any = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str = "tf",
    verbose: bool = True,
) -> Pipeline | tuple[Pipeline, Pipeline]:
    """The texts in a folder, that has a folder for each class, in batches.

    Args:
        directory: The folder.
        labels: "inferred" for classes by the folders, a label for each file in the order of their names, or None.
        label_mode: "int", "binary" for 0.0 and 1.0, "categorical" for rows with a one, or None for no labels.
        class_names: The folders, in the order in which classes are numbered; None for all by name.
        batch_size: The size of a batch; None for single texts.
        max_length: How many bytes of a text are kept; None for all.
        shuffle: Whether each pass has a random order.
        seed: The seed of it.
        validation_split: The share of the files that is for validation.
        subset: "training", "validation" or "both", with `validation_split`.
        follow_links: Whether links to folders are followed.
        format: "tf", as Keras calls what here suits all backends.
        verbose: Whether to say what has been found.

    Returns:
        A data set of NumPy arrays of texts, with `class_names` and `file_paths`, or two for `subset="both"`.
    """
    check_format(format)
    folder = Folder(directory, (".txt",), labels, label_mode, class_names, shuffle, seed, follow_links, verbose)

    def load(path: str) -> np.ndarray:
        with open(path, "rb") as file:
            content = file.read() if max_length is None else file.read(max_length)
        return np.asarray(content.decode("utf-8", "ignore"), object)

    found = folder.pipelines(load, validation_split, subset)
    return found if batch_size is None else in_batches(found, lambda samples: samples.batch(batch_size))
