"""What a contestant offers to be timed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Task:
    """A piece of work that can be done again and again.

    A contestant's module has a function `tasks`, which takes the contestant's options and gives its tasks by name.
    """

    step: Callable[..., Any]
    """Does the work once."""

    arguments: tuple[Any, ...] = ()
    """What the step is called with."""

    wait: Callable[[Any], Any] = lambda result: None
    """Waits until a step's result is there, on a framework that returns before it is."""

    outcome: Callable[[Any], Any] = np.asarray
    """What contestants must agree on, made of a step's result: arrays, or plain Python data."""

    loop: Callable[[int], Any] | None = None
    """Does the work a number of times in one call, where that is something else than to do the step again and again."""

    ripens: float = 0.0
    """Seconds of work before it is timed, where programs are chosen while they run."""

    parts: int = 1
    """Of how many equal parts the work consists; times are given for one part."""

    evidence: Callable[[int], list[Any]] | None = None
    """What contestants must agree on, for a number of steps, where it is not the outcome of each."""

    readings: Callable[[Any], dict[str, float]] | None = None
    """What a step has measured itself, by name, made of its result: these are compared then, not how long it took."""
