"""Callbacks that watch a number to see whether it gets better."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ArgumentError
from .callback import Callback

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {"min": operator.lt, "max": operator.gt}


class MonitorCallback(Callback):
    """The base of callbacks that watch a number of the logs. What is not a number is never better.

    Args:
        monitor: The name of the number in the logs.
        mode: "min" where smaller is better, "max" where larger is, "auto" for what the metric of that name says.
        baseline: What the number has to be better than at first; None for anything.
        min_delta: By how much it has to be better.
    """

    state_names = ("best",)

    def __init__(self, monitor: str = "val_loss", mode: str = "auto", baseline: Any = None, min_delta: float = 0):
        super().__init__()
        if mode not in ("auto", *_COMPARISONS):
            warnings.warn(
                f"{type(self).__name__}: expected mode to be 'auto', 'min' or 'max'; got {mode!r}, taken for 'auto'.",
                stacklevel=3,
            )
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.best = baseline
        self.min_delta = abs(min_delta)
        self.monitor_op = _COMPARISONS.get(mode)

    def _is_improvement(self, value: Any, reference: Any) -> bool:
        """Whether a value is better than another."""
        if self.monitor_op is None:  # metrics may have been made by the first step only
            self.monitor_op = _COMPARISONS[self._found_mode()]
        if math.isnan(value):
            return False
        if reference is None:
            return True
        return bool(
            self.monitor_op(value - (self.min_delta if self.monitor_op is operator.gt else -self.min_delta), reference)
        )

    def _found_mode(self) -> str:
        name = self.monitor.removeprefix("val_")
        if name == "loss":
            return "min"
        for metric in self.model.metrics:
            if metric.name == name and hasattr(metric, "_direction"):
                return "max" if metric._direction == "up" else "min"
        raise ArgumentError(
            f"{type(self).__name__}: nothing says whether a large {self.monitor!r} is good or bad. Give mode='max' if "
            "it is good, mode='min' if it is bad."
        )

    def _monitored(self, logs: Mapping[str, Any] | None, purpose: str) -> Any:
        """The number, or None with a warning that names the purpose it is missing for."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(
                f"{type(self).__name__}: there is no {self.monitor!r} {purpose}; the logs have "
                f"{', '.join(logs or {}) or 'nothing'}.",
                stacklevel=3,
            )
        return value
