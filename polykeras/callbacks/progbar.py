"""A bar for loops of one's own."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import ArgumentError


class Progbar:
    """A bar in a terminal; elsewhere one line when it is finished.

    Args:
        target: How many steps there will be; None where nobody knows.
        width: How many characters the bar has.
        verbose: 1 for a bar, 2 for a line at the end, 0 for nothing.
        interval: Seconds between two looks.
        stateful_metrics: The names of values that are shown as they are; of others the mean over the steps is shown.
        stateless_metrics: The names of values of which the mean is shown; others are shown as they are.
        unit_name: What a step is called.

    >>> bar = Progbar(3, verbose=0)
    >>> for loss in (4.0, 2.0, 0.0):
    ...     bar.add(1, [("loss", loss)])
    >>> bar.means()
    {'loss': 2.0}
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ):
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ArgumentError("Progbar: expected stateful_metrics or stateless_metrics; got both.")
        if verbose not in (0, 1, 2):
            raise ArgumentError(f"Progbar: expected verbose to be 0, 1 or 2; got {verbose!r}.")
        self.target, self.width, self.verbose = target, width, verbose
        self.interval, self.unit_name = interval, unit_name
        self._as_they_are = set(stateful_metrics or ())
        self._averaged = None if stateless_metrics is None else set(stateless_metrics)
        self._sums: dict[str, tuple[float, int]] = {}
        self._done = 0
        self._started, self._shown, self._length = time.perf_counter(), 0.0, 0

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Take further steps into account.

        Args:
            n: How many.
            values: Pairs of names and numbers.
        """
        self.update(self._done + n, values)

    def update(
        self, current: int, values: Iterable[tuple[str, Any]] | None = None, finalize: bool | None = None
    ) -> None:
        """Say how far it is.

        Args:
            current: How many steps are done.
            values: Pairs of names and numbers.
            finalize: Whether this is the end, for which the values are those to be shown; None for whether all steps
                are done.
        """
        is_last = finalize
        if is_last is None:
            is_last = self.target is not None and current >= self.target
        steps = max(current - self._done, 1)
        for name, value in values or []:
            number = float(np.mean(value))
            if finalize or not self._is_averaged(name):
                self._sums[name] = number, 1
            else:
                total, count = self._sums.get(name, (0.0, 0))
                self._sums[name] = total + number * steps, count + steps
        self._done = current
        self._show(is_last)

    def _is_averaged(self, name: str) -> bool:
        return name not in self._as_they_are if self._averaged is None else name in self._averaged

    def means(self) -> dict[str, float]:
        """What is shown of each value."""
        return {name: total / count for name, (total, count) in self._sums.items()}

    def _show(self, is_last: bool) -> None:
        now = time.perf_counter()
        redraws = self.verbose == 1 and sys.stdout.isatty()
        if not self.verbose or not (is_last or (redraws and now - self._shown >= self.interval)):
            return
        self._shown = now
        line = self._line(now - self._started, is_last)
        sys.stdout.write(("\r" if redraws else "") + line.ljust(self._length if redraws else 0))
        sys.stdout.write("\n" if is_last else "")
        sys.stdout.flush()
        self._length = len(line)

    def _line(self, seconds: float, is_last: bool) -> str:
        each = seconds / max(self._done, 1)
        parts = [f"{self._done}/{self.target or 'Unknown'}"]
        if self.verbose == 1 and self.target:
            full = min(self.width * self._done // self.target, self.width)
            parts.append("━" * full + "─" * (self.width - full))
        left = seconds if is_last or not self.target else each * (self.target - self._done)
        parts.append(f"{left:.0f}s {1000 * each:.3g} ms/{self.unit_name}")
        parts += [f"{name}: {mean:.4g}" for name, mean in self.means().items()]
        return "  ".join(parts)
