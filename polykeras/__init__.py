"""Deep learning code, written once, with the same numbers on NumPy, PyTorch, JAX and TensorFlow.

Importing polykeras imports no framework, and of itself only what is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import backend, config, errors, ops, random, spec, tree
    from .backend import available, device, devices, using
    from .compilation import compile
    from .interpreters import convert
    from .ops.gradient import remat
    from .random import set_random_seed
    from .scopes import RematScope, StatelessScope, SymbolicScope
    from .spec import KerasTensor, Spec
    from .state import Variable, bind, name_scope, pure

__version__ = "0.1.0"

_MODULES = ("backend", "config", "errors", "ops", "random", "spec", "tree")
_HOMES = {
    "available": "backend",
    "convert": "interpreters",
    "device": "backend",
    "devices": "backend",
    "using": "backend",
    "compile": "compilation",
    "remat": "ops.gradient",
    "set_random_seed": "random",
    "RematScope": "scopes",
    "StatelessScope": "scopes",
    "SymbolicScope": "scopes",
    "KerasTensor": "spec",
    "Spec": "spec",
    "Variable": "state",
    "bind": "state",
    "name_scope": "state",
    "pure": "state",
}

__all__ = [*_MODULES, *_HOMES, "version"]


def version() -> str:
    """The version of polykeras."""
    return __version__


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    if name in _HOMES:
        found = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module 'polykeras' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
