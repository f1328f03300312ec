"""Runs cases in worker processes: one that crashes or hangs costs its case, and another process goes on."""

from __future__ import annotations

import multiprocessing
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from polykeras.errors import PolykerasError

from .records import CRASHED, HUNG, NOT_RUN, Case, Result
from .worker import work

START_LIMIT = 300.0
"""How many seconds a worker may take to import frameworks and collect the suite."""
LOG_TAIL = 3000


class WorkerError(PolykerasError, RuntimeError):
    """A worker cannot collect the suite."""


class Worker:
    """A process that runs cases, started again whenever it is lost.

    Args:
        arguments: Arguments of pytest's.
        folder: Where it may write.
        number: Which one it is.
    """

    def __init__(self, arguments: Sequence[str], folder: Path, number: int):
        self._arguments = list(arguments)
        self._log = folder / f"worker{number}.log"
        self._process: Any = None

    def start(self) -> list[dict[str, str]]:
        """Start the process, and return what it has collected."""
        context = multiprocessing.get_context("spawn")
        self._orders, theirs = context.Pipe()
        self._log.write_text("")
        self._process = context.Process(target=work, args=(theirs, str(self._log), self._arguments), daemon=True)
        self._process.start()
        theirs.close()
        end = time.monotonic() + START_LIMIT
        broken: list[str] = []
        while time.monotonic() < end and self._orders.poll(max(end - time.monotonic(), 0)):
            try:
                kind, value = self._orders.recv()
            except EOFError:
                break
            if kind == "collected" and not broken:
                return value
            if kind == "broken":
                broken.append(value)
            if kind == "ended" or broken:
                break
        self.stop()
        raise WorkerError(f"the suite cannot be collected: {' '.join(broken) or self._tail()}")

    def run(self, case: Case, limit: float) -> Result:
        """Run a case, starting the process if there is none."""
        if self._process is None:
            self.start()
        begin, program = time.monotonic(), ""
        try:
            self._orders.send(case.id)
            while True:
                if not self._orders.poll(max(begin + limit - time.monotonic(), 0)):
                    rest = f"{program}{self._tail()}"
                    self.stop()
                    return Result(case, HUNG, time.monotonic() - begin, f"no answer within {limit:g} seconds\n\n{rest}")
                kind, found = self._orders.recv()
                if kind == "done":
                    return Result(case, **found)
                if kind == "ended":  # before its time
                    rest = f"{program}{self._tail()}"
                    self.stop()
                    return _crash(case, begin, found, rest)
                program = f"It was trying:\n\n{found}\n\n"
        except (EOFError, OSError):
            process, self._process = self._process, None
            if process is not None:  # else it was stopped meanwhile
                process.join(5)
            code = None if process is None else process.exitcode
            reason = f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"
            return _crash(case, begin, reason, f"{program}{self._tail()}")

    def stop(self) -> None:
        """End the process."""
        if self._process is None:
            return
        self._process.kill()
        self._process.join()
        self._process = None

    def _tail(self) -> str:
        """The last that the process has printed; from where it came to its end, if it says that."""
        log = self._log.read_text(errors="replace")
        fatal = log.rfind("Fatal Python error")  # after which comes the innermost call first
        return log[fatal:][:LOG_TAIL] if fatal >= 0 else log[-LOG_TAIL:]


def _crash(case: Case, begin: float, reason: str, rest: str) -> Result:
    """What is said of a case in which the process ended, which had begun at a time by the monotonic clock."""
    return Result(case, CRASHED, time.monotonic() - begin, f"the process ended: {reason}\n\n{rest}")


def collect(arguments: Sequence[str], device: str) -> list[Case]:
    """The cases that arguments of pytest's select.

    Args:
        arguments: The arguments.
        device: The device that they choose.

    Returns:
        The cases in order.
    """
    with tempfile.TemporaryDirectory(prefix="polykeras-") as folder:
        worker = Worker(arguments, Path(folder), 0)
        try:
            return [Case(device=device, **found) for found in worker.start()]
        finally:
            worker.stop()


def run(
    cases: Sequence[Case],
    arguments: Sequence[str],
    *,
    jobs: int,
    limit: float,
    deadline: float | None,
    done: Callable[[Result], None],
) -> None:
    """Run cases in several processes.

    Args:
        cases: The cases. Those of one group run in one process, as long as it lives.
        arguments: Arguments of pytest's that select them, among others.
        jobs: How many processes.
        limit: How many seconds a case may take.
        deadline: When to begin no more cases, by the monotonic clock; None for never.
        done: What to call with each result.
    """
    groups: dict[str, deque[Case]] = {}
    for case in cases:
        groups.setdefault(case.group, deque()).append(case)
    waiting, lock = deque(groups.values()), threading.Lock()
    failures: list[BaseException] = []

    def serve(worker: Worker) -> None:
        try:
            while not failures:
                with lock:
                    if not waiting:
                        return
                    group = waiting.popleft()
                for case in group:
                    if failures:
                        return
                    is_late = deadline is not None and time.monotonic() > deadline
                    result = (
                        Result(case, NOT_RUN, message="the time budget was spent")
                        if is_late
                        else worker.run(case, limit)
                    )
                    if failures:  # the process was ended because the run was
                        return
                    with lock:
                        done(result)
        except BaseException as error:
            failures.append(error)
        finally:
            worker.stop()

    with tempfile.TemporaryDirectory(prefix="polykeras-") as folder:
        workers = [Worker(arguments, Path(folder), number) for number in range(max(min(jobs, len(groups)), 1))]
        threads = [threading.Thread(target=serve, args=(worker,), daemon=True) for worker in workers]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.2)
        except KeyboardInterrupt as interrupt:
            failures.append(interrupt)
            for worker in workers:
                worker.stop()
            raise
    if failures:
        raise failures[0]
