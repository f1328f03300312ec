"""Variables that are made before their first values are known, as when a model is loaded from a file."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from math import prod
from typing import Any

import numpy as np

from .errors import UnsafeFileError

_current: ContextVar[Deferral | None] = ContextVar("polykeras_deferral", default=None)


class Deferral:
    """Within it, variables are made of zeros, and of no more of them than a limit allows.

    Args:
        limit: How many bytes all variables may take together.
    """

    def __init__(self, limit: int):
        self._left = limit
        self._limit = limit
        self._waiting: list[tuple[Any, Any, Callable[[], Any]]] = []

    def __enter__(self) -> Deferral:
        self._token = _current.set(self)
        return self

    def __exit__(self, *_: Any) -> None:
        _current.reset(self._token)

    def zeros(self, shape: Any, dtype: np.dtype) -> np.ndarray:
        """Zeros in place of a first value."""
        size = prod(shape) * dtype.itemsize
        self._left -= max(size, 0)
        if self._left < 0:
            raise UnsafeFileError(
                f"the model declares variables of more than {self._limit} bytes, the last one of shape {tuple(shape)}, "
                "which is much more than is stored for it, or than this machine could hold. Ask for another copy."
            )
        return np.zeros(shape, dtype)

    def wait(self, variable: Any, draw: Callable[[], Any]) -> None:
        """Note how a variable gets its first value, if nobody gives it another."""
        self._waiting.append((variable, variable._value, draw))

    def finish(self) -> None:
        """Draw the first values of those variables that got no other."""
        token = _current.set(None)
        try:
            for variable, value, draw in self._waiting:
                if variable._value is value:
                    variable.assign(draw())
        finally:
            _current.reset(token)
        self._waiting.clear()


def deferral() -> Deferral | None:
    """The one that holds now, or None."""
    return _current.get()
