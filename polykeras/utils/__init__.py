"""What is useful around a training: data out of arrays, files and folders, and small helpers by Keras's names."""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "model_to_dot": "utils.plotting",
    "plot_model": "utils.plotting",
}
"""The room of each name, and its name there where it is another one."""

_MODULES: tuple[str, ...] = ()

__all__ = [*_HOMES, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    if name in _HOMES:
        room, _, other = _HOMES[name].partition(":")
        found = getattr(importlib.import_module(f"polykeras.{room}"), other or name)
        globals()[name] = found
        return found
    raise AttributeError(f"module 'polykeras.utils' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
