"""Whether a graph runs as TensorFlow runs it, or as XLA compiles it: found out by doing both, in calls that count."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from polykeras.backend import is_repeatable

PAYS = 3.0
"""After how many seconds in a function it is worth the time of another compilation."""

TRIALS = 7
"""How many calls of each program are compared."""

Program = Callable[..., list[Any]]


class Faster:
    """A function whose calls go to the faster of two programs, once that is known.

    Args:
        plain: The program that TensorFlow runs.
        compiled: The one that XLA compiles in its first call, or refuses to.
        wait: Waits until the devices are done.
    """

    def __init__(self, plain: Program, compiled: Program, wait: Callable[[], None]):
        self._plain = plain
        self._compiled = compiled
        self._wait = wait
        self._chosen: Program | None = None
        self._calls = 0
        self._seconds = 0.0
        self._times: dict[Program, list[float]] = {plain: [], compiled: []}

    def __call__(self, *arrays: Any) -> list[Any]:
        if is_repeatable() or not tf.executing_eagerly():  # the latter within somebody else's graph
            return self._plain(*arrays)
        if self._chosen is not None:
            return self._chosen(*arrays)
        return self._timed(self._plain, arrays) if self._seconds < PAYS else self._tried(arrays)

    def _timed(self, program: Program, arrays: tuple[Any, ...]) -> list[Any]:
        begin = time.perf_counter()
        results = program(*arrays)
        self._calls += 1
        if self._calls > 1:  # the first one traces
            self._seconds += time.perf_counter() - begin
        return results

    def _tried(self, arrays: tuple[Any, ...]) -> list[Any]:
        """The results of the program whose turn it is: they alternate, so that a machine that slows down slows both."""
        times = self._times
        program = min(times, key=lambda program: len(times[program]))
        self._wait()
        begin = time.perf_counter()
        try:
            results = program(*arrays)
        except Exception:  # there are graphs that XLA does not take; what is wrong with the arguments, the other says
            if program is self._plain:
                raise
            self._choose(self._plain)
            return self._plain(*arrays)
        self._wait()
        times[program].append(time.perf_counter() - begin)
        if min(map(len, times.values())) > TRIALS:
            self._choose(min(times, key=lambda program: statistics.median(times[program][1:])))
        return results

    def _choose(self, program: Program) -> None:
        """Keep a program, and the plain one for whoever needs the same bits; the memory of the other is given back."""
        self._chosen = self._compiled = program
        self._times.clear()
