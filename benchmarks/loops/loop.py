"""What every contestant can do with a network."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np


class Loop(Protocol):
    """A network in training, and the loops that run its steps."""

    def train(self, x: np.ndarray, y: np.ndarray) -> float:
        """Take a step on a batch, and give its loss as a number."""
        ...

    def fit(self, x: np.ndarray, y: np.ndarray, epochs: int, shuffle: bool) -> Any:
        """Go through the data, in batches whose order is drawn anew each time if `shuffle`; give the last mean loss."""
        ...

    def predict(self, x: np.ndarray) -> np.ndarray:
        """The outputs for data, batch by batch."""
        ...

    def forget(self) -> None:
        """Begin anew with what is kept about losses."""
        ...
