"""The optimizers of Keras 2, of which there are only the names: making one says what to use instead."""

from __future__ import annotations

from typing import Any


class Optimizer:
    """An optimizer of Keras 2, which cannot be made.

    Args:
        *args: Anything.
        **kwargs: Anything.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        name = type(self).__name__
        raise ImportError(f"optimizers.legacy.{name}: there are no optimizers of Keras 2. Use optimizers.{name}.")


class Adagrad(Optimizer):
    """Adagrad of Keras 2, which cannot be made."""


class Adam(Optimizer):
    """Adam of Keras 2, which cannot be made."""


class Ftrl(Optimizer):
    """Ftrl of Keras 2, which cannot be made."""


class RMSprop(Optimizer):
    """RMSprop of Keras 2, which cannot be made."""


class SGD(Optimizer):
    """SGD of Keras 2, which cannot be made."""


__all__ = ["SGD", "Adagrad", "Adam", "Ftrl", "Optimizer", "RMSprop"]
