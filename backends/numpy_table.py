"""The table of NumPy's kernels, into which each file of this backend enters its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from polykeras.backend import load, using
from polykeras.op import OPS

KERNELS: dict[str, Callable[..., Any]] = {}
"""Kernels by the names of their ops."""

BITS = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}
"""The integers in which the bits of a number are, by its size in bytes."""


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Enter a function as the kernel of the op of its name."""
    KERNELS[function.__name__] = function
    return function


def body(name: str, *args: Any) -> Any:
    """The op's body, for what NumPy has no kernel."""
    meaning = OPS[name].body
    assert meaning is not None
    with using(load("numpy")):
        return meaning(*args)
