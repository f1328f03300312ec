"""A callback made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .callback import Callback


class LambdaCallback(Callback):
    """Calls functions in the course of training.

    Args:
        on_epoch_begin: Called with the number of the epoch and logs.
        on_epoch_end: Called with the number of the epoch and logs.
        on_train_begin: Called with logs.
        on_train_end: Called with logs.
        on_train_batch_begin: Called with the number of the batch and logs.
        on_train_batch_end: Called with the number of the batch and logs.
        **kwargs: Functions for other moments, by the names of the methods of `Callback`, or attributes.

    >>> model = polykeras.Sequential([polykeras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> tell = LambdaCallback(on_epoch_begin=lambda epoch, logs: print("epoch", epoch))
    >>> _ = model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[tell])
    epoch 0
    epoch 1
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Any,
    ):
        super().__init__()
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        vars(self).update(kwargs)
        vars(self).update({name: function for name, function in given.items() if function is not None})
