"""Batches that are made ready while the one before them is trained on."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

from ..seeds import stream_apart

AHEAD = 2
"""How many batches wait at most."""

GRACE = 1.0
"""Seconds that an interrupted training waits for a batch on its way."""

_END = object()


def in_background(batches: Iterator[Any], prepared: Callable[[Any], Any]) -> Iterator[Any]:
    """The batches, prepared, in order; all but the first by a thread that runs ahead.

    The first comes without it, because a model is built on it: what both draw at random without a seed would come in
    an order that nobody knows. Later draws of the thread are from a stream of its own.

    Args:
        batches: The batches.
        prepared: What becomes of a batch.

    Returns:
        An iterator.
    """
    for batch in batches:
        yield prepared(batch)
        break
    else:
        return
    with stream_apart():
        context = contextvars.copy_context()
    ahead = _Ahead(batches, prepared)
    thread = threading.Thread(target=context.run, args=(ahead.run,), daemon=True, name="polykeras-batches")
    thread.start()
    try:
        yield from ahead
    finally:
        ahead.stopped.set()
        thread.join(GRACE)


class _Ahead:
    """A queue of batches, and the loop that fills it.

    Args:
        batches: The batches.
        prepared: What becomes of a batch.
    """

    def __init__(self, batches: Iterator[Any], prepared: Callable[[Any], Any]):
        self._batches = batches
        self._prepared = prepared
        self._ready: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        self._places = threading.Semaphore(AHEAD)
        self.stopped = threading.Event()

    def run(self) -> None:
        """Fill the queue, which ends with the error that ended the batches."""
        try:
            while self._may_go_on():
                batch = next(self._batches, _END)
                if batch is _END:
                    break
                self._ready.put((self._prepared(batch), None))
            self._ready.put((_END, None))
        except BaseException as error:
            self._ready.put((_END, error))

    def _may_go_on(self) -> bool:
        while not self._places.acquire(timeout=0.5):
            if self.stopped.is_set():
                return False
        return not self.stopped.is_set()

    def __iter__(self) -> Iterator[Any]:
        while True:
            batch, error = self._ready.get()
            if error is not None:
                raise error
            if batch is _END:
                return
            self._places.release()
            yield batch
