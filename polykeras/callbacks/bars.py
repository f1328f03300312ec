"""Bars that show how far something is: in a terminal, and in a notebook."""

from __future__ import annotations

import html
import importlib
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 30
"""The width of a bar, in characters."""


class TerminalBar:
    """A bar in a terminal, which gives way to a line in the end. Elsewhere there is only that line.

    Args:
        console: Where to.
        title: What stands in front.
        total: How many steps there will be; None where nobody knows.
    """

    def __init__(self, console: Console, title: str, total: int | None):
        from rich import progress  # here, as it takes long to import, and not all trainings have a bar

        columns = (
            progress.TextColumn("{task.description}"),
            progress.BarColumn(WIDTH),
            progress.MofNCompleteColumn(),
            progress.TimeElapsedColumn(),
            progress.TimeRemainingColumn(),
            progress.TextColumn("{task.fields[logs]}"),
        )
        self.is_shown = console.is_terminal
        self._console = console
        self._bar = progress.Progress(*columns, console=console, transient=True, disable=not self.is_shown)
        self._bar.start()
        self._task = self._bar.add_task(title, total=total, logs="")

    def update(self, steps: int, logs: str) -> None:
        """Show how many steps have been taken, and some numbers."""
        self._bar.update(self._task, completed=steps, logs=logs)

    def stop(self) -> None:
        """Take the bar away."""
        self._bar.stop()

    def finish(self, line: str) -> None:
        """Write the line in place of the bar."""
        self._console.print(line, markup=False)


class NotebookBar:
    """A bar in the output of a notebook's cell, which becomes a line in the end. It needs no widgets.

    Args:
        title: What stands in front.
        total: How many steps there will be; None where nobody knows.
    """

    is_shown = True

    def __init__(self, title: str, total: int | None):
        self._title, self._total = title, total
        self._started = time.perf_counter()
        self._handle: Any = None

    def update(self, steps: int, logs: str) -> None:
        """Show how many steps have been taken, and some numbers."""
        done = 0 if not self._total else min(steps * WIDTH // self._total, WIDTH)
        seconds = time.perf_counter() - self._started
        bar = "━" * done + "─" * (WIDTH - done)
        self._show(f"{self._title} {bar} {steps}/{self._total or '?'}  {seconds:.0f} s  {logs}")

    def stop(self) -> None:
        """The bar stays until the line takes its place."""

    def finish(self, line: str) -> None:
        """Write the line in place of the bar."""
        self._show(line)

    def _show(self, line: str) -> None:
        content = {"text/plain": line, "text/html": f"<pre>{html.escape(line)}</pre>"}
        if self._handle is None:
            display = importlib.import_module("IPython.display").display
            self._handle = display(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)


def bar_for(console: Console, title: str, total: int | None) -> TerminalBar | NotebookBar:
    """The bar that suits where the output goes."""
    return NotebookBar(title, total) if console.is_jupyter else TerminalBar(console, title, total)
