"""Workers that make the batches of a data set: threads here, processes in `worker_processes`."""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from ..seeds import stream_apart


class Threads:
    """Threads that make batches.

    Args:
        count: How many.
    """

    def __init__(self, count: int):
        self._executor = ThreadPoolExecutor(count, "polykeras-worker")

    def batches(self, dataset: Any, order: Iterable[int], ahead: int) -> Iterator[Any]:
        """The batches of these numbers, in order."""

        def submit(index: int) -> Future[Any]:
            with stream_apart():
                context = contextvars.copy_context()
            return self._executor.submit(context.run, dataset.__getitem__, index)

        return in_order(submit, order, ahead)

    def close(self) -> None:
        """End them."""
        self._executor.shutdown(wait=True, cancel_futures=True)


def in_order(submit: Callable[[int], Future[Any]], order: Iterable[int], ahead: int) -> Iterator[Any]:
    """What comes of some numbers, in their order, with no more than so many under way."""
    waiting: deque[Future[Any]] = deque()
    try:
        for index in order:
            waiting.append(submit(int(index)))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
