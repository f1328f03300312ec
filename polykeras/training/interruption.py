"""Where a training may be interrupted, and how it goes on afterwards."""

from __future__ import annotations

import itertools
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..random import go_to_positions
from ..state import Variable


@dataclass
class Resumption:
    """What it takes to go on with a training that was interrupted."""

    epoch: int
    """The number of the epoch to go on with."""
    batch: int
    """How many of its batches have been trained on."""
    batches_before: int
    """How many batches were trained on before the epoch."""
    is_over: bool
    """Whether a callback had ended the training."""
    at_begin: dict[str, Any]
    """Where random streams were at the beginning of the epoch."""
    after_first: dict[str, Any]
    """Where they were after the first call of it."""
    data: list[np.ndarray]
    """The states of the generators that give the order of the data."""
    restore: Callable[[list[Variable]], None]
    """Gives variables, streams and callbacks what they had."""

    def skip(self, groups: Iterator[Any], make_ready: Callable[[Any], None]) -> Iterator[Any]:
        """The groups of batches that are left of the epoch. What was drawn at random for others is drawn again.

        Args:
            groups: All groups of the epoch.
            make_ready: Makes the step ready for a group, before which there may be no variables.
        """
        go_to_positions(self.at_begin)
        for group in groups:
            make_ready(group)
            if not self.batch:
                return itertools.chain([group], groups)
            break
        go_to_positions(self.after_first)
        last = 0
        while last + 1 < self.batch:
            group = next(groups, None)
            if group is None:
                break
            _, last, _ = group
        return groups


class Interruptions:
    """A block within which Ctrl-C does not come in the middle of a step, but after it.

    A step may have consumed the arrays of variables that have no others yet. Pressed twice, it does come.
    """

    def __init__(self) -> None:
        self._is_busy = self._is_pending = self._is_installed = False

    def __enter__(self) -> Interruptions:
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._interrupt)
            self._is_installed = True
        return self

    def __exit__(self, *error: object) -> None:
        if self._is_installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._is_installed = False

    def _interrupt(self, *_: Any) -> None:
        if not self._is_busy or self._is_pending:
            raise KeyboardInterrupt
        self._is_pending = True

    def guarded(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """A step that is not interrupted."""

        def run(*args: Any) -> Any:
            self._is_busy = True
            try:
                result = step(*args)
            finally:
                self._is_busy = False
            if self._is_pending:
                raise KeyboardInterrupt
            return result

        return run
