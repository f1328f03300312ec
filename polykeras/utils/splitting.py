"""Data in two parts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import ops, random
from ..backend import using
from ..errors import ArgumentError
from ..interpreters import kind_or_none
from ..seeds import next_seed
from ..settings import EMBEDDED
from ..training.arrays import as_array, is_frame
from ..training.pipeline import Pipeline
from ..tree import map_structure


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Pipeline, Pipeline]:
    """The samples of data in two parts.

    Args:
        dataset: An array, a tuple or list of arrays with as many samples, a data set with samples by number, or
            something iterable that gives them, whatever its framework.
        left_size: The size of the first part, as a number of samples or as a share below 1; None for the rest.
        right_size: The size of the second part.
        shuffle: Whether samples are shuffled before.
        seed: The seed of that; None for one that `set_random_seed` determines.
        preferred_backend: Not needed, as the parts are data for every backend.

    Returns:
        Two data sets of single samples, which `batch` puts in batches.

    >>> left, right = split_dataset(np.arange(10), left_size=0.8)
    >>> len(left), [int(x) for x in right]
    (8, [8, 9])
    """
    samples = _samples(dataset)
    left, right = _sizes(len(samples), left_size, right_size)
    order = np.arange(len(samples))
    if shuffle:
        with using(EMBEDDED):
            drawn = random.permutation(len(samples), seed=next_seed() if seed is None else seed)
            order = np.asarray(ops.convert_to_numpy(drawn))

    def part(numbers: np.ndarray) -> Pipeline:
        return Pipeline(lambda index: samples[int(numbers[index])], len(numbers))

    return part(order[:left]), part(order[len(samples) - right :])


def _samples(dataset: Any) -> Any:
    """Samples by number."""
    if isinstance(dataset, Pipeline):
        return dataset
    if kind_or_none(type(dataset)) is not None and not isinstance(dataset, (list, tuple)):
        return Pipeline.of_arrays(_host(dataset))
    if isinstance(dataset, (list, tuple, dict)) or is_frame(dataset):
        arrays = map_structure(_host, dataset)
        return Pipeline.of_arrays(tuple(arrays) if isinstance(arrays, list) else arrays)
    if hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__"):
        return Pipeline(lambda index: map_structure(_host, dataset[index]), len(dataset))
    if isinstance(dataset, Iterable):
        found = [map_structure(_host, sample) for sample in dataset]
        return Pipeline(lambda index: found[index], len(found))
    raise ArgumentError(
        f"split_dataset: expected arrays, or a data set with samples by number or one by one; got a "
        f"{type(dataset).__name__}."
    )


def _host(x: Any) -> Any:
    with using(EMBEDDED):
        return as_array(x)


def _sizes(count: int, left: float | None, right: float | None) -> tuple[int, int]:
    if left is None and right is None:
        raise ArgumentError("split_dataset: expected left_size or right_size; got neither.")
    found = []
    for name, size in (("left_size", left), ("right_size", right)):
        is_share = isinstance(size, float)
        if size is not None and not (0 <= size <= (1 if is_share else count)):
            raise ArgumentError(
                f"split_dataset: expected {name} to be a share from 0.0 to 1.0 or a number of samples up to {count}; "
                f"got {size}."
            )
        found.append(round(size * count) if is_share else size)
    first, second = found
    first = count - second if first is None else first
    second = count - first if second is None else second
    if first + second > count or not first or not second:
        raise ArgumentError(
            f"split_dataset: {first} and {second} samples are no two parts of {count}. Change left_size or right_size."
        )
    return int(first), int(second)
