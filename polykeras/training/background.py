"""Batches that are made ready while the one before them is trained on."""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from ..seeds import stream_apart

AHEAD = 2
"""How many batches wait at most."""

CHEAP = 2e-4
"""Seconds that a batch may take to be made when it is asked for. To hand one over from a thread costs about that."""

GRACE = 1.0
"""Seconds that an interrupted training waits for a batch on its way."""

_END = object()


def in_background(batches: Iterator[Any], prepared: Callable[[Any], Any]) -> Iterator[Any]:
    """The batches, prepared, in order; made by a thread that runs ahead, as soon as one of them takes its time.

    The first comes without it, because a model is built on it: what both draw at random without a seed would come in
    an order that nobody knows. Later draws for batches are from a stream of their own, wherever they are made.

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

    def make() -> Any:
        batch = next(batches, _END)
        return batch if batch is _END else prepared(batch)

    while True:
        begin = time.perf_counter()
        batch = context.run(make)
        if batch is _END:
            return
        if time.perf_counter() - begin > CHEAP:
            break
        yield batch
    ahead = _Ahead(make)
    thread = threading.Thread(target=context.run, args=(ahead.run,), daemon=True, name="polykeras-batches")
    thread.start()
    try:
        yield batch
        yield from ahead
    finally:
        ahead.stop()
        thread.join(GRACE)


class _Ahead:
    """A queue of batches, and the loop that fills it.

    Args:
        make: Makes the next batch, or says that there is none.
    """

    def __init__(self, make: Callable[[], Any]):
        self._make = make
        self._ready: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        self._places = threading.Semaphore(AHEAD)
        self._is_stopped = False

    def run(self) -> None:
        """Fill the queue, which ends with the error that ended the batches."""
        try:
            batch: Any = None
            while batch is not _END and self._may_go_on():
                batch = self._make()
                self._ready.put((batch, None))
        except BaseException as error:
            self._ready.put((_END, error))

    def _may_go_on(self) -> bool:
        self._places.acquire()
        return not self._is_stopped

    def stop(self) -> None:
        """Have no further batch made."""
        self._is_stopped = True
        self._places.release()

    def __iter__(self) -> Iterator[Any]:
        while True:
            batch, error = self._ready.get()
            if error is not None:
                raise error
            if batch is _END:
                return
            self._places.release()
            yield batch
