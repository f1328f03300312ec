"""Models: what is made of layers and can be trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .cloning import clone_model
from .model import Functional, Model, saving
from .sequential import Sequential

if TYPE_CHECKING:
    load_model: Callable[..., Any]
    model_from_json: Callable[..., Any]
    save_model: Callable[..., Any]

_IN_FILES = ("load_model", "model_from_json", "save_model")

__all__ = ["Functional", "Model", "Sequential", "clone_model", *_IN_FILES]


def __getattr__(name: str) -> Any:
    """What stands above models, in saving, under the names that it has here, too."""
    if name in _IN_FILES:
        return getattr(saving().models, name)
    raise AttributeError(f"module 'polykeras.models' has no attribute {name!r}")
