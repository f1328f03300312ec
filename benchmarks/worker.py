"""The process in which contestants run: it does what it is asked, line by line, until nobody asks any more.

Requests and replies are lines of JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from itertools import repeat
from textwrap import indent
from typing import IO, Any

from .messages import line_of, message_of
from .task import Task

PULSE = 0.005
"""Seconds between two looks at whether the process is still busy."""

PATIENCE = 1.0
"""Seconds after which a process may go on being busy."""


def take_standard_output() -> IO[str]:
    """The pipe to whoever asks. What a framework prints goes to standard error instead, and spoils no reply."""
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return pipe


def settle() -> None:
    """Let threads come to rest: OpenBLAS's spin for a tenth of a second, on a core that somebody else's turn needs."""
    deadline = time.monotonic() + PATIENCE
    busy = PULSE
    while busy > PULSE / 5 and time.monotonic() < deadline:
        before = time.process_time()
        time.sleep(PULSE)
        busy = time.process_time() - before


def loop_over(task: Task) -> Callable[[int], Any]:
    """A function that does a task's step a number of times and waits for the last result.

    It is written out for the number of arguments: `step(*arguments)` takes 50 ns longer than `step(x, y)` where step is
    a Python function, and no longer where it is a built-in one. Each task has its own, because CPython adapts the call
    to what it finds there.
    """
    names = [f"x{i}" for i in range(len(task.arguments))]
    source = (
        f"def loop(calls):\n"
        f"    result = None\n"
        f"    for _ in repeat(None, calls):\n"
        f"        result = step({', '.join(names)})\n"
        f"    return wait(result)\n"
    )
    # Local variables of a function around it are found faster than global ones.
    whole = f"def make(step, wait, repeat, {', '.join(names)}):\n{indent(source, '    ')}    return loop\n"
    namespace: dict[str, Any] = {}
    exec(whole, namespace)
    return namespace["make"](task.step, task.wait, repeat, *task.arguments)


class Stage:
    """A task that is ready to be asked about."""

    def __init__(self, task: Task):
        self.task = task
        self.loop = task.loop or loop_over(task)

    def time(self, calls: int, warm_up: int) -> float:
        """The seconds that a step, or a part of it, takes, on average over a block of them."""
        if warm_up:
            self.loop(warm_up)
        begin = time.perf_counter_ns()
        self.loop(calls)
        seconds = (time.perf_counter_ns() - begin) / (calls * self.task.parts) * 1e-9
        settle()
        return seconds

    def measure(self, calls: int, warm_up: int) -> dict[str, float]:
        """What a block comes to, by name: its time, which has none, or what the step has measured itself."""
        if self.task.readings is None:
            return {"": self.time(calls, warm_up)}
        return self.task.readings(self.task.step(*self.task.arguments))

    def calls(self, seconds: float) -> int:
        """How many calls take about that long."""
        deadline = time.monotonic() + self.task.ripens
        while time.monotonic() < deadline:
            self.loop(1)
        calls = 1
        while (taken := self.time(calls, 1) * self.task.parts) * calls < seconds / 2:
            calls = min(max(2 * calls, round(seconds / taken)), 100 * calls)
        return calls

    def outcomes(self, steps: int) -> list[Any]:
        """What the next steps come to."""
        if self.task.evidence is not None:
            return self.task.evidence(steps)
        found = [self.task.outcome(self.task.step(*self.task.arguments)) for _ in range(steps)]
        settle()
        return found


def tasks_of(module: str, options: dict[str, Any]) -> dict[str, Task]:
    """The tasks that a contestant's module offers."""
    return importlib.import_module(module).tasks(**options)


def serve(contestants: dict[str, dict[str, Any]], replies: IO[str]) -> None:
    """Answer requests: first with the names of each contestant's tasks, then with what is asked for."""

    def reply(kind: str, content: Any) -> None:
        print(line_of((kind, content)), file=replies, flush=True)

    try:
        stages = {
            name: {task: Stage(work) for task, work in tasks_of(**contestant).items()}
            for name, contestant in contestants.items()
        }
        reply("answer", {name: list(offered) for name, offered in stages.items()})
        for line in sys.stdin:
            request = message_of(line)
            stage = stages[request["contestant"]][request["task"]]
            reply("answer", getattr(stage, request["action"])(**request["options"]))
    except Exception:
        reply("failure", traceback.format_exc())


if __name__ == "__main__":
    serve(json.loads(sys.argv[1]), take_standard_output())
