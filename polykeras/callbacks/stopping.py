"""Callbacks that end a training before its last epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..errors import StateError
from .callback import Callback, as_numbers
from .monitor import MonitorCallback


class EarlyStopping(MonitorCallback):
    """Ends a training when a number has ceased to get better.

    Args:
        monitor: The name of the number in the logs.
        min_delta: By how much it has to be better than the best so far, to count.
        patience: After how many epochs without a better one training ends.
        verbose: 1 to say so.
        mode: "min" where smaller is better, "max" where larger is, "auto" for what the metric of that name says.
        baseline: What the number has to be better than for patience to begin anew.
        restore_best_weights: Whether the model has the weights of the best epoch in the end.
        start_from_epoch: The first epoch that counts.

    >>> x = np.arange(8.0).reshape(8, 1)
    >>> model = polykeras.Sequential([polykeras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(x, x, epochs=9, verbose=0, callbacks=[EarlyStopping("loss", min_delta=1e9, patience=2)])
    >>> history.epoch
    [0, 1, 2]
    """

    state_names = ("best", "wait", "stopped_epoch", "best_epoch", "best_weights")

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ):
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.on_train_begin()

    def on_train_begin(self, logs: Any = None) -> None:
        """Forget an earlier training."""
        self.best: Any = None
        self.best_weights: list[Any] | None = None
        self.wait = self.stopped_epoch = self.best_epoch = 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """See whether the number has become better."""
        value = self.get_monitor_value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        is_better = self._is_improvement(value, self.best)
        if is_better or (self.restore_best_weights and self.best_weights is None):
            self.best_epoch = epoch
            self.best_weights = self.model.get_weights() if self.restore_best_weights else None
        if is_better:
            self.best = value
            if self.baseline is None or self._is_improvement(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        """Bring back the best weights, if that is asked for."""
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                print(f"Weights are those of the best epoch, {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)

    def get_monitor_value(self, logs: Mapping[str, Any] | None) -> Any:
        """The number in the logs, None with a warning where it is not there."""
        return self._monitored(logs, "to stop early by")


class TerminateOnNaN(Callback):
    """Ends a training when the loss is not a number, or infinite. It waits for each step to have been computed.

    Args:
        raise_error: Whether that is an error.

    >>> model = polykeras.Sequential([polykeras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(np.ones((4, 1)), np.full((4, 1), np.nan), epochs=5, verbose=0, callbacks=[TerminateOnNaN()])
    Batch 0: the loss is nan; training ends.
    >>> history.epoch
    [0]
    """

    takes_arrays = True

    def __init__(self, raise_error: bool = False):
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look at the loss."""
        loss = as_numbers((logs or {}).get("loss"))
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise StateError(
                f"TerminateOnNaN: the loss is {loss} after batch {batch}. Look for infinite or missing values in the "
                "data, or try a smaller learning rate."
            )
        print(f"Batch {batch}: the loss is {loss}; training ends.")
        self.model.stop_training = True
