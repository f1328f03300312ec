"""The record of a training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import ArgumentError
from ..optional import need
from .callback import Callback


class History(Callback):
    """Keeps what each epoch's loss and metrics were. `fit` returns it.

    >>> history = History()
    >>> history.on_train_begin()
    >>> history.on_epoch_end(0, {"loss": 0.5})
    >>> history.history
    {'loss': [0.5]}
    """

    state_names = ("history", "epoch", "epochs_of")

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []
        self.epochs_of: dict[str, list[int]] = {}
        """The epochs of each number, as there may not be a validation in each."""

    def on_train_begin(self, logs: Any = None) -> None:
        """Forget the numbers of the epochs; what was recorded before stays."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Record."""
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)
            self.epochs_of.setdefault(key, []).append(epoch)

    def plot(self, names: Sequence[str] | None = None, figure: Any = None) -> Any:
        """Draw the numbers against the epochs: a picture for each, with that of the validation in it.

        It needs matplotlib: `pip install 'polykeras[plots]'`. Notebooks show what is returned.

        Args:
            names: Which numbers; None for all.
            figure: A figure of matplotlib to draw into; None for a new one.

        Returns:
            The figure.

        >>> history = History()
        >>> history.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.75})
        >>> figure = history.plot()
        >>> [line.get_label() for line in figure.axes[0].lines]
        ['training', 'validation']
        """
        found = list(dict.fromkeys(name.removeprefix("val_") for name in self.history))
        names = found if names is None else list(names)
        unknown = [name for name in names if name not in found]
        if unknown or not names:
            raise ArgumentError(
                f"plot: there is no {', '.join(unknown) or 'number'} in the history, which has "
                f"{', '.join(found) or 'nothing yet: fit a model first'}."
            )
        figure = need("matplotlib.figure", "plots").Figure((4 * len(names), 3)) if figure is None else figure
        for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
            for key, label in ((name, "training"), (f"val_{name}", "validation")):
                if key in self.history:
                    axes.plot([epoch + 1 for epoch in self.epochs_of[key]], self.history[key], label=label)
            axes.set_title(name)
            axes.set_xlabel("epoch")
            axes.legend()
        figure.set_layout_engine("tight")
        return figure
