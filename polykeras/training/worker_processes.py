"""Processes that make the batches of a data set, in a file of its own: few need them, and they load a lot."""

from __future__ import annotations

import multiprocessing
import pickle
import random
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import numpy as np

from ..errors import ArgumentError, StateError
from ..philox import MASK
from ..seeds import next_seed, stream_apart
from .workers import in_order


class Processes:
    """Processes that make batches, each with a copy of the data set.

    They are not forks of this process, because frameworks have threads, which a fork would leave in the middle of
    whatever they do.

    Args:
        count: How many.
    """

    def __init__(self, count: int):
        self._count = count
        self._executor: Executor | None = None
        self._sent: bytes | None = None

    def batches(self, dataset: Any, order: Iterable[int], ahead: int) -> Iterator[Any]:
        """The batches of these numbers, in order, of the data set as it is now."""
        self._send(dataset)
        executor = self._executor
        assert executor is not None
        try:
            yield from in_order(lambda index: executor.submit(_batch, index, next_seed()), order, ahead)
        except BrokenProcessPool as error:
            self.close()
            raise StateError(
                f"the workers of {type(dataset).__name__} have ended. Does the script that trains say `if __name__ == "
                '"__main__":`, is the class in a file that can be imported, and is there memory for '
                f"{self._count} copies of the data? Else make it with use_multiprocessing=False."
            ) from error

    def _send(self, dataset: Any) -> None:
        """Give the workers the data set, if it is not as they have it."""
        try:
            packed = pickle.dumps(dataset)
        except Exception as error:
            raise ArgumentError(
                f"{type(dataset).__name__} cannot be sent to processes: {error}. Open files and the like in "
                "`__getitem__`, define the class in a file, or make it with use_multiprocessing=False."
            ) from error
        if packed == self._sent:
            return
        self.close()
        methods = multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        self._executor = ProcessPoolExecutor(self._count, context, _take, (packed,))
        self._sent = packed

    def close(self) -> None:
        """End them."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
        self._executor = self._sent = None


_dataset: Any = None


def _take(packed: bytes) -> None:
    """Take the data set, in a worker."""
    global _dataset
    _dataset = pickle.loads(packed)


def _batch(index: int, seed: int) -> Any:
    """Make a batch, in a worker, whose random numbers do not depend on which worker it is."""
    random.seed(seed)
    np.random.seed(seed & MASK)
    with stream_apart(seed):
        return _dataset[index]
