"""What is called in the course of training, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..ops.conversion import convert_to_numpy


class Callback:
    """Something to be done in the course of training. Subclasses override the methods for the moments that they need.

    >>> class Stop(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         self.model.stop_training = logs["loss"] < 0.1
    """

    params: dict[str, Any] | None = None
    takes_arrays = False
    """Whether logs are passed on as arrays, which may not have been computed yet, rather than as numbers."""
    sees_every_batch = True
    """Whether what it does at batches is to be done at each one, and not now and then."""
    comes_last = False
    """Whether it is called after all others, so that it finds what they leave."""
    repeats = False
    """Whether it needs training to give the same numbers another time, to the bit."""
    companions: Sequence[Callback] = ()
    """All callbacks of the training."""
    state_names: tuple[str, ...] = ()
    """The attributes that a backup of an interrupted training keeps."""

    def __init__(self) -> None:
        self._model: Any = None

    def __getstate__(self) -> dict[str, Any]:
        """What is copied and pickled, with the model perhaps: not the others, of which some hold a terminal."""
        return {name: value for name, value in vars(self).items() if name != "companions"}

    def abandon(self) -> None:
        """Put an end to what would go on by itself, where training ends with an error."""

    @property
    def model(self) -> Any:
        """The model that is trained."""
        return self._model

    def set_params(self, params: dict[str, Any]) -> None:
        """Take note of how training was called: epochs, steps, verbose."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Take note of the model."""
        self._model = model

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """A batch of training begins; an older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """A batch of training has ended; an older name of `on_train_batch_end`."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """An epoch begins."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """An epoch has ended. `logs` has its loss and metrics, those of the validation too."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """A batch of training begins."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """A batch of training has ended."""
        self.on_batch_end(batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """A batch of an evaluation begins."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """A batch of an evaluation has ended."""

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """A batch of a prediction begins."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """A batch of a prediction has ended. `logs` has its `outputs`."""

    def on_train_begin(self, logs: Any = None) -> None:
        """Training begins."""

    def on_train_end(self, logs: Any = None) -> None:
        """Training has ended. `logs` are those of the last epoch."""

    def on_test_begin(self, logs: Any = None) -> None:
        """An evaluation begins."""

    def on_test_end(self, logs: Any = None) -> None:
        """An evaluation has ended."""

    def on_predict_begin(self, logs: Any = None) -> None:
        """A prediction begins."""

    def on_predict_end(self, logs: Any = None) -> None:
        """A prediction has ended."""


class CallbackList(Callback):
    """Several callbacks, called one after another. Those that do nothing at a batch are not called at each.

    Args:
        callbacks: The callbacks; None for none.
        add_history: Whether to add a `History`, unless there is one.
        add_progbar: Whether to add a `ProgbarLogger`, unless there is one.
        model: The model that is trained.
        **params: How training was called: epochs, steps, verbose.
    """

    def __init__(
        self,
        callbacks: Iterable[Callback] | None = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ):
        from .history import History
        from .progress import ProgbarLogger

        super().__init__()
        self.callbacks = list(callbacks or [])
        for callback in self.callbacks:
            if isinstance(callback, type) or not hasattr(callback, "set_model"):
                raise ArgumentError(
                    f"expected callbacks such as callbacks.EarlyStopping(); got {callback!r}. Make an object of a "
                    "class that derives from callbacks.Callback."
                )
        for wanted, cls in ((add_progbar, ProgbarLogger), (add_history, History)):
            if wanted and not any(isinstance(callback, cls) for callback in self.callbacks):
                self.callbacks.append(cls())
        ordered = sorted(self.callbacks, key=lambda callback: getattr(callback, "comes_last", False))
        self._listeners = {hook: [c for c in ordered if _listens(c, hook)] for hook in _HOOKS}
        for callback in self.callbacks:
            callback.companions = self.callbacks
        if model is not None:
            self.set_model(model)
        self.set_params(params)

    def __enter__(self) -> CallbackList:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for callback in self.callbacks if kind is not None else ():
            if hasattr(callback, "abandon"):  # not so those of Keras
                callback.abandon()

    @property
    def repeats(self) -> bool:
        """Whether any of them needs training to give the same numbers another time, to the bit."""
        return any(getattr(callback, "repeats", False) for callback in self.callbacks)

    def set_params(self, params: dict[str, Any]) -> None:
        """Hand on how training was called."""
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Hand on the model."""
        self._model = model
        for callback in self.callbacks:
            callback.set_model(model)

    def listens_at(self, hook: str) -> bool:
        """Whether any callback does something there."""
        return bool(self._listeners[hook])

    def must_see(self, kind: str) -> bool:
        """Whether any callback does something at each batch of a kind: "train", "test" or "predict"."""
        hooks = (f"on_{kind}_batch_begin", f"on_{kind}_batch_end")
        return any(callback.sees_every_batch for hook in hooks for callback in self._listeners[hook])


def _announcing(hook: str) -> Callable[..., None]:
    """A method that calls those of all callbacks, with logs as numbers for those that don't ask for arrays."""

    def announce(self: CallbackList, *args: Any, logs: Any = None) -> None:
        if len(args) > (0 if hook in _WHOLE else 1):
            *args, logs = args  # type: ignore[assignment]
        numbers: Any = None
        for callback in self._listeners[hook]:
            if not callback.takes_arrays and numbers is None and logs is not None:
                numbers = as_numbers(logs)
            getattr(callback, hook)(*args, logs if numbers is None else numbers)

    announce.__name__, announce.__doc__ = hook, f"Call `{hook}` of all callbacks."
    return announce


_WHOLE = [f"on_{kind}_{moment}" for kind in ("train", "test", "predict") for moment in ("begin", "end")]
_HOOKS = [name for name in vars(Callback) if name.startswith("on_")]
for _hook in _HOOKS:
    setattr(CallbackList, _hook, _announcing(_hook))


def _listens(callback: Callback, hook: str) -> bool:
    """Whether a callback has a method of its own for a moment; for moments of a batch also under its older name."""
    names = (hook, hook.replace("_train", "")) if "batch" in hook else (hook,)
    return any(_overrides(callback, name) for name in names)


def _overrides(callback: Callback, name: str) -> bool:
    return getattr(type(callback), name, None) is not getattr(Callback, name) or name in vars(callback)


def as_numbers(logs: Any) -> Any:
    """Logs with Python's numbers in place of arrays of one number, NumPy arrays in place of others."""
    if isinstance(logs, Mapping):
        return {key: as_numbers(value) for key, value in logs.items()}
    if logs is None or isinstance(logs, (int, float, str)):
        return logs
    if isinstance(logs, (list, tuple)):
        return type(logs)(map(as_numbers, logs))
    array = np.asarray(convert_to_numpy(logs))
    return array.item() if array.ndim == 0 else array
