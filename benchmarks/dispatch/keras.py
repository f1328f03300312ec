"""The same calls with Keras, on the framework's arrays."""

from __future__ import annotations

import dataclasses
import importlib

from keras import ops

from ..task import Task


def tasks(native: str) -> dict[str, Task]:
    """The calls of a native contestant, by way of the ops of the same names."""
    theirs: dict[str, Task] = importlib.import_module(native).tasks()
    return {name: dataclasses.replace(task, step=getattr(ops, name)) for name, task in theirs.items()}
