"""Callbacks that change the learning rate from epoch to epoch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ArgumentError
from .callback import Callback
from .monitor import MonitorCallback


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of each epoch, and logs it.

    Args:
        schedule: A function of the number of the epoch, from 0, and the learning rate so far, or of the first only.
        verbose: 1 to say what it is set to.

    >>> model = polykeras.Sequential([polykeras.layers.Dense(1)])
    >>> model.compile(polykeras.optimizers.SGD(0.5), "mse")
    >>> halving = LearningRateScheduler(lambda epoch, rate: rate / 2)
    >>> model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[halving]).history["learning_rate"]
    [0.25, 0.125]
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0):
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose
        self._takes_rate = _takes_two(schedule)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Set the learning rate."""
        for name, optimizer in _optimizers_of(self.model).items():
            arguments = (epoch, float(optimizer.learning_rate)) if self._takes_rate else (epoch,)
            rate = self.schedule(*arguments)
            if isinstance(rate, bool) or not isinstance(rate, (float, np.floating)):
                raise ArgumentError(
                    f"LearningRateScheduler: expected the schedule to return a float; got {rate!r} for epoch {epoch}."
                )
            optimizer.learning_rate = rate
            if self.verbose:
                print(f"Epoch {epoch + 1}: LearningRateScheduler sets {name} to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Log the learning rate."""
        log_rates(self.model, logs)


class ReduceLROnPlateau(MonitorCallback):
    """Makes the learning rate smaller when a number has ceased to get better.

    Args:
        monitor: The name of the number in the logs.
        factor: What the learning rate is multiplied by.
        patience: After how many epochs without a better one.
        verbose: 1 to say so.
        mode: "min" where smaller is better, "max" where larger is, "auto" for what the metric of that name says.
        min_delta: By how much it has to be better than the best so far, to count.
        cooldown: How many epochs do not count after the learning rate has become smaller.
        min_lr: The smallest learning rate.
        **kwargs: None are known.

    >>> model = polykeras.Sequential([polykeras.layers.Dense(1)])
    >>> model.compile(polykeras.optimizers.SGD(0.5), "mse")
    >>> plateau = ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=1e9)
    >>> model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=3, verbose=0, callbacks=[plateau]).history["learning_rate"]
    [0.5, 0.5, 0.25]
    """

    state_names = ("best", "wait", "cooldown_counter")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ):
        if kwargs:
            raise ArgumentError(f"ReduceLROnPlateau: unknown arguments {', '.join(kwargs)}.")
        super().__init__(monitor, mode, min_delta=min_delta)
        if factor >= 1:
            raise ArgumentError(f"ReduceLROnPlateau: expected factor to be less than 1; got {factor}.")
        self.factor = factor
        self.min_lr = min_lr
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.on_train_begin()

    def on_train_begin(self, logs: Any = None) -> None:
        """Forget an earlier training."""
        self.best: Any = None
        self.cooldown_counter = self.wait = 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Log the learning rate, and see whether the number has become better."""
        log_rates(self.model, logs)
        value = self._monitored(logs, "to reduce the learning rate by")
        if value is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_improvement(value, self.best):
            self.best = value
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and self._reduce(epoch):
                self.cooldown_counter = self.cooldown
                self.wait = 0

    def _reduce(self, epoch: int) -> bool:
        """Make the learning rates smaller; whether any was still larger than the smallest."""
        reduced = False
        for name, optimizer in _optimizers_of(self.model).items():
            rate = float(optimizer.learning_rate)
            if rate > np.float32(self.min_lr):
                optimizer.learning_rate = max(rate * self.factor, self.min_lr)
                reduced = True
                if self.verbose:
                    print(f"Epoch {epoch + 1}: ReduceLROnPlateau sets {name} to {float(optimizer.learning_rate)}.")
        return reduced

    def in_cooldown(self) -> bool:
        """Whether epochs do not count yet."""
        return self.cooldown_counter > 0


def _takes_two(function: Callable[..., Any]) -> bool:
    """Whether a function can be called with two arguments."""
    try:
        inspect.signature(function).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:  # one that is written in C does not say
        return True
    return True


def _optimizers_of(model: Any) -> dict[str, Any]:
    """The optimizers of a model, by the names that their learning rates have in the logs."""
    optimizer = model.optimizer
    several = getattr(optimizer, "optimizers", None)
    if several is None:
        return {"learning_rate": optimizer}
    return {f"learning_rate_{one.name}": one for one in several}


def log_rates(model: Any, logs: Any) -> None:
    """Add the learning rates to the logs."""
    if logs is not None:
        logs.update({name: float(optimizer.learning_rate) for name, optimizer in _optimizers_of(model).items()})
