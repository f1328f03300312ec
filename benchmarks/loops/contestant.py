"""What is timed of a network: its training and its predictions, in the hands of any contestant."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..problem import Problem
from ..task import Task
from .loop import Loop

TASKS = ("one_sample", "predict", "train_on_batch", "fit")
"""Those that change weights come last: contestants are compared on predictions of the weights they begin with."""


def tasks(
    workload: str,
    contestant: str,
    problem: dict[str, Any] | None = None,
    options: dict[str, Any] | None = None,
    only: Sequence[str] = TASKS,
    ripens: float = 0.0,
) -> dict[str, Task]:
    """The tasks of a contestant in a workload.

    Args:
        workload: The name of the workload's module, which has a function `problem`.
        contestant: The name of the contestant's file there, which has a function `loop`.
        problem: Arguments of `problem`.
        options: Arguments of `loop`, besides the problem.
        only: Which tasks are wanted.
        ripens: How many seconds each task goes on before it is timed.

    Returns:
        The tasks by name.
    """
    given = importlib.import_module(workload).problem(**problem or {})
    running = make(workload, contestant, given, options)
    found = _tasks(given, running, Checks(workload, contestant, problem or {}, options, given, running))
    return {name: dataclasses.replace(task, ripens=ripens) for name, task in found.items() if name in only}


def fitting(
    workload: str,
    contestant: str,
    problem: dict[str, Any],
    options: dict[str, Any] | None = None,
    ripens: float = 0.0,
) -> Task:
    """The task `fit` alone, with the losses of the first steps for what contestants must agree on.

    Args:
        workload: As for `tasks`.
        contestant: As for `tasks`.
        problem: As for `tasks`.
        options: As for `tasks`.
        ripens: As for `tasks`.

    Returns:
        The task.
    """
    given = importlib.import_module(workload).problem(**problem)
    running = make(workload, contestant, given, options)
    checks = Checks(workload, contestant, problem, options, given, running)
    return dataclasses.replace(_tasks(given, running, checks)["fit"], evidence=checks.losses, ripens=ripens)


def make(workload: str, contestant: str, problem: Problem, options: dict[str, Any] | None) -> Loop:
    """A contestant's loop for a problem."""
    return importlib.import_module(f"{workload}.{contestant}").loop(problem, **options or {})


class Checks:
    """What contestants must agree on: predictions, losses of steps, and the loss after a `fit`.

    Dropout is left out, because each framework draws numbers of its own.
    """

    def __init__(
        self,
        workload: str,
        contestant: str,
        settings: dict[str, Any],
        options: dict[str, Any] | None,
        problem: Problem,
        running: Loop,
    ):
        self.problem, self.loop = problem, running
        if problem.dropout:
            self.problem = importlib.import_module(workload).problem(**{**settings, "dropout": 0.0})
            self.loop = make(workload, contestant, self.problem, options)

    def predictions(self, steps: int) -> list[np.ndarray]:
        """Outputs for the first batch."""
        return [self.loop.predict(self.problem.x[: self.problem.batch_size])]

    def losses(self, steps: int) -> list[float]:
        """The loss of each of the first steps."""
        found = []
        for x, y in self.problem.batches(steps):
            self.loop.forget()
            found.append(float(self.loop.train(x, y)))
        return found

    def fitted(self, steps: int) -> list[float]:
        """The loss of the first batch after some steps in their order."""
        batches = list(self.problem.batches(steps))
        x, y = (np.concatenate(arrays) for arrays in zip(*batches, strict=True))
        self.loop.fit(x, y, 1, shuffle=False)
        return self.losses(1)


def _tasks(problem: Problem, running: Loop, checks: Checks) -> dict[str, Task]:
    x, y = problem.x, problem.y
    first_x, first_y = next(problem.batches(1))
    return {
        "one_sample": Task(running.predict, (x[:1],), evidence=checks.predictions),
        "predict": Task(running.predict, (x,), parts=problem.steps, evidence=checks.predictions),
        "train_on_batch": Task(running.train, (first_x, first_y), evidence=checks.losses),
        "fit": Task(
            running.fit,
            loop=lambda epochs: running.fit(x, y, epochs, shuffle=True),
            parts=problem.steps,
            evidence=checks.fitted,
        ),
    }
