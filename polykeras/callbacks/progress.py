"""How training is going: a bar in a terminal and in a notebook, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError
from ..settings import settings
from .bars import NotebookBar, TerminalBar, bar_for
from .callback import Callback, as_numbers

if TYPE_CHECKING:
    from rich.console import Console

INTERVAL = 0.2
"""Seconds between two looks at the logs, which may have to wait for the device."""


class ProgbarLogger(Callback):
    """Shows epochs, steps, loss and metrics.

    Args:
        console: Where to; None for the standard output.
    """

    takes_arrays = True
    sees_every_batch = False

    def __init__(self, console: Console | None = None) -> None:
        super().__init__()
        if console is None:
            # Here, as it takes long to import, and silent trainings have none.
            from rich.console import Console

            console = Console(soft_wrap=True, highlight=False)
        self._console = console
        self._bar: TerminalBar | NotebookBar | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Note how many epochs there will be."""
        self._epochs = (self.params or {}).get("epochs", 1)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin a bar."""
        self._begin(f"Epoch {epoch + 1}/{self._epochs}", "train")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the bar."""
        self._advance(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """End the bar, with the numbers of the whole epoch."""
        self._end(logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Begin a bar, unless the evaluation is part of training."""
        if self._bar is None:
            self._begin("Evaluation", "test")

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the bar."""
        if self._kind == "test":
            self._advance(batch, logs)

    def on_test_end(self, logs: Any = None) -> None:
        """End the bar."""
        if self._kind == "test":
            self._end(logs)

    def on_predict_begin(self, logs: Any = None) -> None:
        """Begin a bar."""
        self._begin("Prediction", "predict")

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the bar."""
        self._advance(batch, None)

    def on_predict_end(self, logs: Any = None) -> None:
        """End the bar."""
        self._end(None)

    def _begin(self, title: str, kind: str) -> None:
        self._title, self._kind, self._steps = title, kind, 0
        self._started = self._looked = time.perf_counter()
        self._bar = bar_for(self._console, title, (self.params or {}).get("steps"))

    def _advance(self, batch: int, logs: Mapping[str, Any] | None) -> None:
        self._steps = batch + 1
        now = time.perf_counter()
        if self._bar is None or not self._bar.is_shown or now - self._looked < INTERVAL:
            return
        self._looked = now
        self._bar.update(self._steps, _shown(logs))

    def abandon(self) -> None:
        """Take the bar away, which else goes on, and hides the cursor."""
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.stop()

    def _end(self, logs: Mapping[str, Any] | None) -> None:
        bar, self._bar = self._bar, None
        if bar is None:
            return
        bar.stop()
        shown = _shown(logs)  # waits for what is still being computed
        seconds = time.perf_counter() - self._started
        each = f"{1000 * seconds / max(self._steps, 1):.3g} ms/step"
        bar.finish(f"{self._title}: {self._steps} steps, {seconds:.3g} s, {each}  {shown}".rstrip())


class EpochLogger(Callback):
    """Writes one line for each epoch."""

    def on_train_begin(self, logs: Any = None) -> None:
        """Note how many epochs there will be."""
        self._epochs = (self.params or {}).get("epochs", 1)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the time."""
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the line."""
        seconds = time.perf_counter() - self._started
        print(f"Epoch {epoch + 1}/{self._epochs}: {seconds:.3g} s  {_shown(logs)}", flush=True)


def progress_callback(verbose: Any) -> Callback | None:
    """What shows how training is going: nothing for 0, a bar for 1, lines for 2."""
    if verbose not in (0, 1, 2, "auto"):  # True and False are 1 and 0
        raise ArgumentError(f"expected verbose to be 0, 1, 2 or 'auto'; got {verbose!r}.")
    if not verbose:
        return None
    is_plain = verbose == 2 or (verbose == "auto" and not settings.interactive_logging)
    return EpochLogger() if is_plain else ProgbarLogger()


def _shown(logs: Mapping[str, Any] | None) -> str:
    numbers = as_numbers(logs) or {}
    return "  ".join(f"{key} {value:.4g}" for key, value in numbers.items() if isinstance(value, (int, float)))
