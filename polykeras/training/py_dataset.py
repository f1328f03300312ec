"""Data sets that people write as classes: batches by number, made by several workers if need be."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import ops, random
from ..errors import ArgumentError
from .workers import Threads

if TYPE_CHECKING:
    from .worker_processes import Processes


class PyDataset:
    """Batches by number. A subclass says in `__getitem__` what a batch is, and in `__len__` how many there are.

    A training shuffles the numbers of the batches, unless told not to, and takes the batches in that order, however
    many workers make them.

    Args:
        workers: How many threads or processes make batches.
        use_multiprocessing: Whether workers are processes. The data set is sent to them, so that it has to be one that
            `pickle` can handle, and a script that trains has to say `if __name__ == "__main__":`.
        max_queue_size: How many batches may wait.

    >>> class Squares(PyDataset):
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, index):
    ...         x = np.arange(2.0) + 2 * index
    ...         return x, x**2
    >>> [y.tolist() for x, y in Squares()]
    [[0.0, 1.0], [4.0, 9.0], [16.0, 25.0]]
    """

    workers = 1
    use_multiprocessing = False
    max_queue_size = 10
    keeps_order = False
    """Whether a training takes the batches as they come, even if it shuffles."""

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10):
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __getitem__(self, index: int) -> Any:
        """A batch."""
        raise NotImplementedError(
            f"{type(self).__name__} has no method `__getitem__`. Write one that returns a batch: x, (x, y) or "
            "(x, y, sample_weight)."
        )

    @property
    def num_batches(self) -> int | None:
        """How many batches there are; None where they don't end."""
        if hasattr(self, "__len__"):
            return len(self)  # type: ignore[arg-type]
        raise NotImplementedError(
            f"{type(self).__name__} has neither `__len__` nor `num_batches`. Write one of them: the number of batches, "
            "or None where they don't end."
        )

    def __iter__(self) -> Iterator[Any]:
        count = self.num_batches
        for index in itertools.count() if count is None else range(count):
            yield self[index]

    def begin_pass(self) -> None:
        """What is to be done before its batches are gone through."""

    def on_epoch_begin(self) -> None:
        """What is to be done before an epoch."""

    def on_epoch_end(self) -> None:
        """What is to be done after an epoch."""


class PyDatasetBatches:
    """The batches of a data set, pass by pass.

    Args:
        dataset: The data set.
        shuffle: Whether each pass has an order of its own, which the random stream gives.
    """

    def __init__(self, dataset: PyDataset, shuffle: bool | str = False):
        if dataset.workers < 0 or dataset.max_queue_size < 1:
            raise ArgumentError(
                f"PyDataset: expected workers from 0 and max_queue_size from 1; got {dataset.workers} and "
                f"{dataset.max_queue_size}."
            )
        self._dataset = dataset
        self._shuffle = bool(shuffle) and not dataset.keeps_order
        if self._shuffle and dataset.num_batches is None:
            self._shuffle = False
            warnings.warn(f"{type(dataset).__name__} does not end, so that it is not shuffled.", stacklevel=4)
        self._workers: Threads | Processes | None = None

    def __len__(self) -> int:
        count = self._dataset.num_batches
        if count is None:
            raise TypeError("the batches do not end")
        return count

    def on_epoch_begin(self) -> None:
        """Tell the data set."""
        self._dataset.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """Tell the data set."""
        self._dataset.on_epoch_end()

    def __iter__(self) -> Iterator[Any]:
        order, dataset = self._order(), self._dataset
        dataset.begin_pass()
        if dataset.use_multiprocessing and dataset.workers > 0:
            workers = self._workers = self._workers or _processes(dataset.workers)
            return workers.batches(dataset, order, dataset.max_queue_size)
        if dataset.workers > 1:
            workers = self._workers = self._workers or Threads(dataset.workers)
            return workers.batches(dataset, order, dataset.max_queue_size)
        return (dataset[int(index)] for index in order)

    def _order(self) -> Iterable[int]:
        count = self._dataset.num_batches
        if count is None:
            return itertools.count()
        return np.asarray(ops.convert_to_numpy(random.permutation(count))) if self._shuffle else range(count)

    def close_workers(self) -> None:
        """Send the workers home."""
        if self._workers is not None:
            self._workers.close()
            self._workers = None


def _processes(count: int) -> Processes:
    """Workers that are processes, whose part of the standard library takes longer to load than most of training."""
    from .worker_processes import Processes

    return Processes(count)
