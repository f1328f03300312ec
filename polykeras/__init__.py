"""Deep learning code, written once, with the same numbers on NumPy, PyTorch, JAX and TensorFlow.

Importing polykeras imports no framework, and of itself only what is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import (
        activations,
        backend,
        callbacks,
        config,
        constraints,
        datasets,
        dtype_policies,
        errors,
        initializers,
        layers,
        losses,
        metrics,
        mixed_precision,
        models,
        ops,
        optimizers,
        preprocessing,
        random,
        regularizers,
        saving,
        spec,
        tree,
        utils,
        visualization,
        wrappers,
    )
    from .backend import available, device, devices, using
    from .compilation import compile
    from .dtype_policies import DTypePolicy, FloatDTypePolicy
    from .initializers import Initializer
    from .interpreters import convert
    from .layers import Input, InputSpec, Layer
    from .layers.operation import Operation
    from .losses import Loss
    from .metrics import Metric
    from .models import Model, Sequential
    from .models.function import Function
    from .ops.gradient import remat
    from .optimizers import Optimizer
    from .random import set_random_seed
    from .regularizers import Regularizer
    from .scopes import RematScope, StatelessScope, SymbolicScope
    from .spec import KerasTensor, Spec
    from .state import Variable, bind, name_scope, pure

__version__ = "0.1.0"

_MODULES = (
    "activations",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "datasets",
    "dtype_policies",
    "errors",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "ops",
    "optimizers",
    "preprocessing",
    "random",
    "regularizers",
    "saving",
    "spec",
    "tree",
    "utils",
    "visualization",
    "wrappers",
)
_HOMES = {
    "available": "backend",
    "convert": "interpreters",
    "device": "backend",
    "devices": "backend",
    "using": "backend",
    "compile": "compilation",
    "DTypePolicy": "dtype_policies",
    "FloatDTypePolicy": "dtype_policies",
    "Initializer": "initializers",
    "Input": "layers",
    "InputSpec": "layers",
    "Layer": "layers",
    "Operation": "layers.operation",
    "Loss": "losses",
    "Metric": "metrics",
    "Model": "models",
    "Sequential": "models",
    "Function": "models.function",
    "remat": "ops.gradient",
    "Optimizer": "optimizers",
    "set_random_seed": "random",
    "Regularizer": "regularizers",
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

_NOT_THERE_YET = ("applications", "distillation", "distribution", "export", "legacy", "quantizers")

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
    reason = ": it is one of Keras's that are not there yet" if name in _NOT_THERE_YET else ""
    raise AttributeError(f"module 'polykeras' has no attribute {name!r}{reason}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
