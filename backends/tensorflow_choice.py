"""What of a graph XLA compiles: found out by trying, in calls that count."""

from __future__ import annotations

import contextlib
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from polykeras.backend import is_repeatable

from .tensorflow_graphs import ByXla, Graph, opened

PAYS = 3.0
"""After how many seconds in a function it is worth the time that other graphs take to be made."""

TRIALS = 7
"""How many calls of each graph are compared."""


class Fastest:
    """A function whose calls go to the fastest of its graphs, once that is known.

    At first they go to the one that XLA has no part in, which is there soonest. Whoever needs the same bits another
    time gets the one with updates by XLA.

    Args:
        graphs: The graphs, by what XLA compiles of them.
        wait: Waits until the devices are done.
    """

    def __init__(self, graphs: Mapping[ByXla, Graph], wait: Callable[[], None]):
        self._graphs = dict(graphs)
        self._wait = wait
        self._chosen: Graph | None = None
        self._seconds: float | None = None
        self._times: dict[Graph, list[float]] = {}
        self._trial = threading.Lock()

    def __call__(self, *arrays: Any) -> list[Any]:
        if not tf.executing_eagerly():  # within somebody else's graph
            return self._graphs[ByXla.NOTHING](*arrays)
        if is_repeatable():
            return self._graphs[ByXla.UPDATES](*arrays)
        if self._chosen is not None:
            return self._chosen(*arrays)
        if self._seconds is None or self._seconds < PAYS or not self._trial.acquire(blocking=False):
            return self._timed(arrays)
        try:
            return self._tried(arrays)
        finally:
            self._trial.release()

    def _timed(self, arrays: tuple[Any, ...]) -> list[Any]:
        begin = time.perf_counter()
        results = self._graphs[ByXla.NOTHING](*arrays)
        spent = time.perf_counter() - begin
        self._seconds = 0.0 if self._seconds is None else self._seconds + spent  # the first call traces
        return results

    def _tried(self, arrays: tuple[Any, ...]) -> list[Any]:
        """The results of the graph whose turn it is: they alternate, so that a machine that slows down slows all."""
        if self._chosen is not None:  # by another thread, by now
            return self._chosen(*arrays)
        self._times = self._times or {graph: [] for graph in self._candidates()}
        graph, times = min(self._times.items(), key=lambda item: len(item[1]))
        soonest = self._graphs[ByXla.NOTHING]
        is_new = graph is not soonest and not times
        before = tuple(map(opened, arrays)) if is_new else arrays
        results = None
        self._wait()
        begin = time.perf_counter()
        with contextlib.suppress(Exception) if is_new else contextlib.nullcontext():
            results = graph(*arrays)
        if results is None:  # there are graphs that XLA does not take, some of which have changed the state by then
            results = soonest(*before)  # or this one says what is wrong with the arguments
            del self._times[graph]
            return results
        self._wait()
        times.append(time.perf_counter() - begin)
        if min(map(len, self._times.values())) > TRIALS:
            self._choose(min(self._times, key=lambda graph: statistics.median(self._times[graph][1:])))
        return results

    def _candidates(self) -> list[Graph]:
        soonest = self._graphs[ByXla.NOTHING]
        with_updates = [self._graphs[ByXla.UPDATES]] if soonest.has_updates else []
        return [soonest, *with_updates, self._graphs[ByXla.EVERYTHING]]

    def _choose(self, graph: Graph) -> None:
        """Keep a graph, and the one for whoever needs the same bits; the memory of others is given back."""
        self._chosen = graph
        self._graphs |= {ByXla.NOTHING: graph, ByXla.EVERYTHING: graph}
        self._times = {}
