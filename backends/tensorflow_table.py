"""The table of TensorFlow's kernels, into which each file of this backend enters its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polykeras.backend import load
from polykeras.op import OPS

KERNELS: dict[str, Callable[..., Any]] = {}
"""Kernels by the names of their ops."""


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Enter a function as the kernel of the op of its name."""
    KERNELS[function.__name__] = function
    return function


def body(name: str, *args: Any) -> Any:
    """The op's body, for what TensorFlow has no kernel."""
    meaning = OPS[name].body
    assert meaning is not None
    return meaning(*args)


def shape_of(x: Any) -> tuple[Any, ...]:
    """The shape; in a graph a size may be a tensor."""
    return load("tensorflow").shape(x)
