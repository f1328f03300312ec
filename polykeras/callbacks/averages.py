"""Evaluation with the averages of the weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import ArgumentError
from ..state import Variable
from .callback import Callback


class SwapEMAWeights(Callback):
    """Puts the moving averages that the optimizer keeps in the place of the weights, to evaluate and predict by them.

    Args:
        swap_on_epoch: Whether the averages are in their place at the end of each epoch too, for callbacks that save
            the model. They have to come later in the list of callbacks.

    >>> model = polykeras.Sequential([polykeras.layers.Dense(1)])
    >>> model.compile(polykeras.optimizers.SGD(0.1, use_ema=True), "mse")
    >>> x = np.ones((4, 1))
    >>> _ = model.fit(x, x, validation_data=(x, x), verbose=0, callbacks=[SwapEMAWeights()])
    """

    def __init__(self, swap_on_epoch: bool = False):
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._is_swapped = False
        self._averages: list[Any] = []

    def _pairs(self) -> Iterator[tuple[Variable, Variable]]:
        """The variables that have averages, and these."""
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        found = [one for one in getattr(optimizer, "optimizers", [optimizer]) if getattr(one, "use_ema", False)]
        if not found:
            raise ArgumentError(
                "SwapEMAWeights: the optimizer keeps no averages. Make it with use_ema=True, as in Adam(use_ema=True)."
            )
        for one in found:
            if one.built:
                pairs = zip(one._trainable_variables, one._averages, strict=True)
                yield from ((variable, average) for variable, average in pairs if average is not None)

    def _swap(self, to_averages: bool) -> None:
        if self._is_swapped is to_averages:
            return
        for variable, average in self._pairs():
            value = variable.value
            variable.take(average.value)
            average.take(value)
        self._is_swapped = to_averages

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Go on with the weights themselves."""
        self._swap(to_averages=False)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Put the averages in the place of the weights, if asked to."""
        if self.swap_on_epoch:
            self._swap(to_averages=True)
            self._averages = [variable.value for variable, _ in self._pairs()]

    def on_train_end(self, logs: Any = None) -> None:
        """Leave the averages in the model, as the optimizer does where they are not swapped."""
        if self._is_swapped:
            for (variable, average), value in zip(self._pairs(), self._averages, strict=True):
                variable.assign(value)
                average.assign(value)
        self._is_swapped, self._averages = False, []

    def on_test_begin(self, logs: Any = None) -> None:
        """Evaluate with the averages."""
        self._swap(to_averages=True)

    def on_test_end(self, logs: Any = None) -> None:
        """Put the weights back."""
        self._swap(to_averages=False)

    def on_predict_begin(self, logs: Any = None) -> None:
        """Predict with the averages."""
        self._swap(to_averages=True)

    def on_predict_end(self, logs: Any = None) -> None:
        """Put the weights back."""
        self._swap(to_averages=False)
