"""What of a graph XLA compiles: found out by trying, in calls that count."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from polykeras.backend import is_repeatable

from .tensorflow_graphs import ByXla, Graph

PAYS = 3.0
"""After how many seconds in a function it is worth the time of another compilation."""

TRIALS = 7
"""How many calls of each program are compared."""


class Faster:
    """A function whose calls go to the fastest of its graphs, once that is known.

    At first they go to the one that XLA has no part in, which is there soonest. Whoever needs the same bits another
    time gets the one with updates by XLA.

    Args:
        graphs: The graphs, by what XLA compiles of them.
        wait: Waits until the devices are done.
    """

    def __init__(self, graphs: Mapping[ByXla, Graph], wait: Callable[[], None]):
        self._first = graphs[ByXla.NOTHING]
        self._steady = graphs[ByXla.UPDATES]
        self._compiled = graphs[ByXla.EVERYTHING]
        self._wait = wait
        self._chosen: Graph | None = None
        self._seconds: float | None = None
        self._times: dict[Graph, list[float]] = {}

    def __call__(self, *arrays: Any) -> list[Any]:
        if is_repeatable() or not tf.executing_eagerly():  # the latter within somebody else's graph
            return self._steady(*arrays)
        if self._chosen is not None:
            return self._chosen(*arrays)
        is_worth_it = self._seconds is not None and self._seconds >= PAYS
        return self._tried(arrays) if is_worth_it else self._timed(arrays)

    def _timed(self, arrays: tuple[Any, ...]) -> list[Any]:
        begin = time.perf_counter()
        results = self._first(*arrays)
        spent = time.perf_counter() - begin
        self._seconds = 0.0 if self._seconds is None else self._seconds + spent  # the first call traces
        return results

    def _tried(self, arrays: tuple[Any, ...]) -> list[Any]:
        """The results of the graph whose turn it is: they alternate, so that a machine that slows down slows all."""
        if not self._times:
            self._times = {graph: [] for graph in self._candidates()}
        times = self._times
        graph = min(times, key=lambda graph: len(times[graph]))
        self._wait()
        begin = time.perf_counter()
        try:
            results = graph(*arrays)
        except Exception:  # there are graphs that XLA does not take; what is wrong with the arguments, the others say
            if graph is self._first:
                raise
            del times[graph]
            return self(*arrays)
        self._wait()
        times[graph].append(time.perf_counter() - begin)
        if min(map(len, times.values())) > TRIALS:
            self._choose(min(times, key=lambda graph: statistics.median(times[graph][1:])))
        return results

    def _candidates(self) -> list[Graph]:
        with_updates = [self._steady] if self._first.has_updates else []
        return [self._first, *with_updates, self._compiled]

    def _choose(self, graph: Graph) -> None:
        """Keep a graph, and the one for whoever needs the same bits; the memory of others is given back."""
        self._chosen = self._first = self._compiled = graph
        self._times.clear()
