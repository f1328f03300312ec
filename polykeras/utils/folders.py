"""Files in folders, one folder for each class, as samples with labels."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..philox import MASK
from ..seeds import next_seed
from ..settings import settings
from ..training.pipeline import Pipeline

THREADS = min(8, os.cpu_count() or 1)
"""How many threads read files in a training."""


class Folder:
    """The files of a folder with their labels.

    Args:
        directory: The folder.
        formats: The endings of the files that count.
        labels: "inferred" for the classes of which the folders have the names, a label for each file, in the order of
            their names, or None.
        label_mode: What the labels become: "int", "binary", "categorical", or None for no labels.
        class_names: The folders, in the order in which they are numbered; None for all by name.
        shuffle: Whether the order is random.
        seed: The seed of that order; None for one that `set_random_seed` determines.
        follow_links: Whether links to folders are followed.
        verbose: Whether to say what has been found.
    """

    def __init__(
        self,
        directory: Any,
        formats: tuple[str, ...],
        labels: Any,
        label_mode: str | None,
        class_names: Sequence[str] | None,
        shuffle: bool,
        seed: int | None,
        follow_links: bool,
        verbose: bool,
    ):
        if label_mode not in ("int", "binary", "categorical", None):
            raise ArgumentError(
                f"expected label_mode to be 'int', 'binary', 'categorical' or None; got {label_mode!r}."
            )
        by_folder = isinstance(labels, str)
        if by_folder and labels != "inferred":
            raise ArgumentError(f"expected labels to be 'inferred', a list of numbers, or None; got {labels!r}.")
        if class_names and not by_folder:
            raise ArgumentError('class_names are names of folders, so that they need labels="inferred".')
        self.directory, self.formats = os.fspath(directory), formats
        self.label_mode = None if labels is None else label_mode
        self.seed, self.shuffle = (next_seed() & MASK if seed is None else seed), shuffle
        self.verbose = verbose
        self.class_names: list[str] | None = None
        if by_folder:
            self.class_names = self._folders(class_names)
            by_class = [self._files(os.path.join(self.directory, name), follow_links) for name in self.class_names]
            self.paths = [path for paths in by_class for path in paths]
            self.labels = np.repeat(np.arange(len(by_class), dtype="int32"), list(map(len, by_class)))
        else:
            self.paths = self._files(self.directory, follow_links)
            self.labels = np.zeros(len(self.paths), "int32") if labels is None else np.asarray(labels)
            self.class_names = None if labels is None else list(map(str, sorted(set(labels))))
        self._check()
        if shuffle:  # as Keras does it, so that the same seed keeps the same files for validation
            order = np.random.RandomState(self.seed).permutation(len(self.paths))
            self.paths, self.labels = [self.paths[i] for i in order], self.labels[order]

    def _folders(self, class_names: Sequence[str] | None) -> list[str]:
        if not os.path.isdir(self.directory):
            raise ArgumentError(f"expected a folder with a folder for each class; there is no {self.directory!r}.")
        found = sorted(
            name
            for name in os.listdir(self.directory)
            if os.path.isdir(os.path.join(self.directory, name)) and not name.startswith(".")
        )
        unknown = [name for name in class_names or [] if name not in found]
        if unknown:
            raise ArgumentError(f"class_names: there is no folder {unknown[0]!r}; folders are {', '.join(found)}.")
        return list(class_names or found)

    def _files(self, folder: str, follow_links: bool) -> list[str]:
        walked = sorted(os.walk(folder, followlinks=follow_links), key=lambda place: place[0])
        return [
            os.path.join(root, name)
            for root, _, names in walked
            for name in sorted(names)
            if name.lower().endswith(self.formats)
        ]

    def _check(self) -> None:
        if len(self.labels) != len(self.paths):
            raise ArgumentError(
                f"expected a label for each of {len(self.paths)} files in {self.directory}; got {len(self.labels)}."
            )
        if self.label_mode == "binary" and len(self.class_names or []) != 2:
            raise ArgumentError(
                f'label_mode="binary" needs two classes; found {", ".join(self.class_names or []) or "none"}. '
                'Use "int" or "categorical".'
            )
        if self.verbose:
            classes = f" of {len(self.class_names)} classes" if self.class_names is not None else ""
            self._say(f"Found {len(self.paths)} files{classes}.")

    def _say(self, message: str) -> None:
        if settings.interactive_logging:
            print(message, flush=True)

    def pipelines(
        self, load: Callable[[str], Any], validation_split: float | None, subset: str | None
    ) -> Pipeline | tuple[Pipeline, Pipeline]:
        """The samples, or those of the training and of the validation.

        Args:
            load: Makes an array of a file.
            validation_split: The share of the samples that is for validation.
            subset: "training", "validation", "both", or None for all samples.
        """
        check_split(validation_split, subset)
        if validation_split is None:
            return self._pipeline(load, slice(None), self.shuffle)
        count = int(validation_split * len(self.paths))
        parts = {"training": slice(0, len(self.paths) - count), "validation": slice(len(self.paths) - count, None)}
        if self.verbose:
            for name, size in (("training", len(self.paths) - count), ("validation", count)):
                if subset in (name, "both"):
                    self._say(f"Using {size} files for {name}.")
        if subset == "both":
            training, validation = (
                self._pipeline(load, part, self.shuffle and name == "training") for name, part in parts.items()
            )
            return training, validation
        assert subset is not None
        return self._pipeline(load, parts[subset], self.shuffle)

    def _pipeline(self, load: Callable[[str], Any], part: slice, shuffle: bool) -> Pipeline:
        paths, labels = self.paths[part], self._encoded(self.labels[part])
        if not paths:
            raise ArgumentError(
                f"found no files in {self.directory} that end in {', '.join(self.formats)}"
                f"{' for this subset' if part != slice(None) else ''}. Look at the folder, or change validation_split."
            )
        with_label = (lambda i: (load(paths[i]), labels[i])) if self.label_mode else (lambda i: load(paths[i]))
        samples = Pipeline(with_label, len(paths), workers=THREADS)
        samples.class_names, samples.file_paths = self.class_names, paths
        return samples.shuffle(seed=self.seed) if shuffle else samples

    def _encoded(self, labels: np.ndarray) -> np.ndarray:
        if self.label_mode == "binary":
            return labels.astype("float32")[:, None]
        if self.label_mode == "categorical":
            return np.eye(len(self.class_names or []), dtype="float32")[labels]
        return labels.astype("int32")


def check_split(validation_split: float | None, subset: str | None) -> None:
    """Refuse a split without a part of it, a part without a split, and what is neither.

    Args:
        validation_split: The share of the samples that is for validation.
        subset: The part.
    """
    if (validation_split is None) != (subset is None):
        raise ArgumentError(
            f"expected both validation_split and subset, or neither; got {validation_split} and {subset!r}."
        )
    if validation_split is not None and not 0 < validation_split < 1:
        raise ArgumentError(f"expected validation_split to be between 0 and 1; got {validation_split}.")
    if subset not in ("training", "validation", "both", None):
        raise ArgumentError(f"expected subset to be 'training', 'validation' or 'both'; got {subset!r}.")


def check_format(format: str) -> None:
    """Refuse kinds of data sets that there are not. Keras's default, "tf", stands for ours, which suits all backends.

    Args:
        format: The kind.
    """
    if format != "tf":
        raise ArgumentError(
            f"expected format to be 'tf', which gives a data set for all backends here; got {format!r}. Make a data "
            "set of grain from its elements, if you need one."
        )


def in_batches(
    found: Pipeline | tuple[Pipeline, Pipeline], batch: Callable[[Pipeline], Pipeline]
) -> Pipeline | tuple[Pipeline, Pipeline]:
    """One pipeline or two, in batches.

    Args:
        found: The pipelines.
        batch: Puts the samples of one in batches.
    """
    return (batch(found[0]), batch(found[1])) if isinstance(found, tuple) else batch(found)
