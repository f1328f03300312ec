"""Contests: who meets whom, and how the rounds are run.

All contestants of a contest take turns in short blocks, so that a machine that slows down for a while slows down
all of them, and what is reported is the middle of the paired ratios or differences.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .messages import line_of, message_of
from .quiet import Patience

ROOT = Path(__file__).resolve().parents[1]


class ContestError(Exception):
    """A contest that cannot be held: a contestant fails, or contestants disagree."""


@dataclass(frozen=True)
class Effort:
    """How much is done for precise results."""

    patience: Patience
    """Waits for a quiet moment before each turn."""

    rounds: int | None = None
    """How often each contestant has its turn in each task; None for as often as the contest says."""

    quick: bool = False
    """Whether to do with fewer rounds, and without contestants that take long to begin."""

    def rounds_of(self, contest: Contest) -> int:
        """How many rounds a contest has."""
        return self.rounds or (min(contest.quick_rounds, contest.rounds) if self.quick else contest.rounds)

    def contestants_of(self, contest: Contest) -> dict[str, Contestant]:
        """Who takes part."""
        return {name: c for name, c in contest.contestants.items() if not (self.quick and c.patient)}


# What a contest is -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Contestant:
    """One way to do the work: a module with a function `tasks`, its options, and the environment that it needs."""

    module: str
    options: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    patient: bool = False
    """Whether a quick run does without it, because it takes long to begin."""


@dataclass(frozen=True)
class Comparison:
    """Whose time is set in relation to whose, and what it should come to at most."""

    contestant: str
    reference: str | tuple[str, ...]
    """Of several the one that takes least, in each task."""

    target: float | None = None
    target_task: str | None = None
    """The task for which the target is meant; None for all."""

    tasks: Sequence[str] | None = None
    """The tasks in which they are compared; None for all."""

    measure: Callable[[float, float], float] | None = None
    """How; None for the contest's measure."""

    def target_in(self, task: str) -> float | None:
        """The target in a task."""
        return self.target if self.target_task in (None, task) else None


def ratio(seconds: float, reference: float) -> float:
    """How many times as long."""
    return seconds / reference


def extra(seconds: float, reference: float) -> float:
    """How many seconds longer."""
    return seconds - reference


@dataclass(frozen=True)
class Contest:
    """Contestants with the same tasks, and what is to be found out about them."""

    name: str
    contestants: Mapping[str, Contestant]
    comparisons: Sequence[Comparison]
    agree: Callable[[Mapping[str, list[Any]]], None]
    """Raises an AssertionError if the outcomes of the contestants, a list for each, are not what they should be."""

    labels: frozenset[str] = frozenset()
    """Words by which it can be chosen, such as the backend's."""

    tasks: Sequence[str] = ()
    """The tasks, where they can be chosen; in their order."""

    measure: Callable[[float, float], float] = ratio
    steps: int = 1
    """How many outcomes to compare."""

    rounds: int = 40
    quick_rounds: int = 5
    """How many rounds a quick run has, if not fewer anyway."""

    calls: int = 1
    """How many calls make a block."""

    seconds: float | None = None
    """How long a block is to take instead, where tasks differ too much for one number of calls."""

    warm_up: int = 1
    """How many calls before each block are not timed: they bring data and threads back from the others' turns."""

    long: bool = False
    """Whether a quick run does without it where it is not named."""

    units: Mapping[str, str] = field(default_factory=dict)
    """Units of what is measured where it is not seconds."""

    one_process: bool = False
    """Whether the contestants share a process, and so their arrays: for differences too small to be seen across."""


@dataclass(frozen=True)
class Spread:
    """The median of some numbers, and their quartiles."""

    median: float
    lower: float
    upper: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of numbers."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, lower, upper)


@dataclass(frozen=True)
class Row:
    """The result of a comparison in one task. Amounts are in seconds, or in bytes where the unit says so."""

    contest: str
    task: str
    contestant: str
    reference: str
    measure: str
    result: Spread
    seconds: float
    reference_seconds: float
    target: float | None
    rounds: int
    unit: str = "s"
    against: str = ""
    """Who could have been the reference: the name of one, or of several of which the best is."""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        return None if self.target is None else self.result.median <= self.target


# Processes -------------------------------------------------------------------------------------------------


class Worker:
    """A process with one contestant or more in it."""

    def __init__(self, contestants: Mapping[str, Contestant]):
        self._names = " and ".join(contestants)
        described = {name: {"module": c.module, "options": dict(c.options)} for name, c in contestants.items()}
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}  # a checkout is compiled once, as what is installed
        for contestant in contestants.values():
            environment |= contestant.environment
        # It is closed with the worker.
        self._messages = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.worker", json.dumps(described)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,  # shown only where something goes wrong: frameworks are talkative
            text=True,
        )

    def tasks(self) -> dict[str, list[str]]:
        """The names of the tasks of each contestant; the first thing to ask for."""
        return self._answer()

    def ask(self, action: str, contestant: str, task: str, **options: Any) -> Any:
        """Have something done with a contestant's task."""
        assert self._process.stdin
        request = {"action": action, "contestant": contestant, "task": task, "options": options}
        with contextlib.suppress(BrokenPipeError):  # the answer says more
            self._process.stdin.write(line_of(request) + "\n")
            self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise self._failure(f"the process ended with status {self._process.wait()}.")
        kind, content = message_of(line)
        if kind == "failure":
            raise self._failure(content)
        return content

    def _failure(self, what: str) -> ContestError:
        """What went wrong, and what the process had to say."""
        self._messages.seek(0)
        return ContestError(f"{self._names}: {what}\n{self._messages.read()}")

    def close(self) -> None:
        """Let the process end: it does when nobody can ask any more."""
        assert self._process.stdin
        assert self._process.stdout
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        self._messages.close()


@contextlib.contextmanager
def _workers(contest: Contest, contestants: Mapping[str, Contestant]) -> Iterator[dict[str, Worker]]:
    """The process of each contestant, by the contestant's name."""
    with contextlib.ExitStack() as stack:

        def start(contestants: Mapping[str, Contestant]) -> Worker:
            return stack.enter_context(contextlib.closing(Worker(contestants)))

        if contest.one_process:
            yield dict.fromkeys(contestants, start(contestants))
        else:
            yield {name: start({name: contestant}) for name, contestant in contestants.items()}


# Holding a contest -----------------------------------------------------------------------------------------

Times = dict[str, dict[str, list[float]]]
"""For each quantity, the amount of each contestant in each round."""


def hold(contest: Contest, chosen: Collection[str], effort: Effort, advance: Callable[[float], None]) -> list[Row]:
    """Run a contest.

    Args:
        contest: The contest.
        chosen: The tasks that are wanted; none for all.
        effort: How much is done for precise results.
        advance: Called after each round with the part of the contest that is over.

    Returns:
        The results: for each task, those of the comparisons.
    """
    rows: list[Row] = []
    rounds = effort.rounds_of(contest)
    with _workers(contest, effort.contestants_of(contest)) as workers:
        tasks = {task: who for task, who in _tasks(contest, workers).items() if not chosen or task in chosen}
        for task, who in tasks.items():
            _check_agreement(contest, who, task)
        for place, (task, who) in enumerate(tasks.items()):
            calls = {name: _calls(contest, worker, name, task) for name, worker in who.items()}
            times: Times = {}
            for number in range(rounds):
                _take_turns(contest, who, task, calls, times, effort.patience, backwards=bool(number % 2))
                advance((place + (number + 1) / rounds) / len(tasks))
            for quantity, amounts in times.items():
                rows += _rows(contest, task, quantity, amounts)
    return rows


def _tasks(contest: Contest, workers: Mapping[str, Worker]) -> dict[str, dict[str, Worker]]:
    """The tasks, and who takes part in each: all, where the contest does not say which tasks there are."""
    offered: dict[str, list[str]] = {}
    for worker in dict.fromkeys(workers.values()):
        offered |= worker.tasks()
    tasks, *others = offered.values()
    if contest.tasks:
        tasks = list(contest.tasks)
    elif any(other != tasks for other in others):
        raise ContestError(f"{contest.name}: expected the same tasks from all contestants; got {offered}.")
    return {task: {name: worker for name, worker in workers.items() if task in offered[name]} for task in tasks}


def _check_agreement(contest: Contest, workers: Mapping[str, Worker], task: str) -> None:
    outcomes = {name: worker.ask("outcomes", name, task, steps=contest.steps) for name, worker in workers.items()}
    try:
        contest.agree(outcomes)
    except AssertionError as error:
        raise ContestError(f"{contest.name}, {task}: the contestants do not do the same. {error}") from error


def _calls(contest: Contest, worker: Worker, contestant: str, task: str) -> int:
    """How many calls make a block of a task."""
    if contest.seconds is None:
        return contest.calls
    return worker.ask("calls", contestant, task, seconds=contest.seconds)


def _take_turns(
    contest: Contest,
    workers: Mapping[str, Worker],
    task: str,
    calls: Mapping[str, int],
    times: Times,
    patience: Patience,
    backwards: bool,
) -> None:
    """One round; every other one is run backwards, so that nobody always comes after the same other."""
    turns = list(workers.items())
    for name, worker in reversed(turns) if backwards else turns:
        patience.wait()
        amounts = worker.ask("measure", name, task, calls=calls[name], warm_up=contest.warm_up)
        for quantity, amount in amounts.items():
            times.setdefault(quantity, {}).setdefault(name, []).append(amount)


def _rows(contest: Contest, task: str, quantity: str, times: Mapping[str, list[float]]) -> Iterator[Row]:
    for comparison in contest.comparisons:
        reference = _best(comparison.reference, times)
        if reference is None or comparison.contestant not in times:
            continue
        name = quantity or task
        if comparison.tasks is not None and name not in comparison.tasks:
            continue
        mine, theirs = times[comparison.contestant], times[reference]
        measure = comparison.measure or contest.measure
        yield Row(
            contest=contest.name,
            task=name,
            contestant=comparison.contestant,
            reference=reference,
            measure=measure.__name__,
            result=Spread.of(list(map(measure, mine, theirs))),
            seconds=statistics.median(mine),
            reference_seconds=statistics.median(theirs),
            target=comparison.target_in(name),
            rounds=len(mine),
            unit=contest.units.get(name, "s"),
            against=", ".join(
                [comparison.reference] if isinstance(comparison.reference, str) else comparison.reference
            ),
        )


def _best(references: str | tuple[str, ...], times: Mapping[str, list[float]]) -> str | None:
    """Who takes least, of those that took part."""
    names = [name for name in ((references,) if isinstance(references, str) else references) if name in times]
    return min(names, key=lambda name: statistics.median(times[name]), default=None)
