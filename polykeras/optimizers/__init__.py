"""Optimizers: what moves variables along their gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ArgumentError
from ..registry import Family
from . import legacy, schedules
from .adadelta import Adadelta
from .adafactor import Adafactor
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .adamax import Adamax
from .ftrl import Ftrl
from .lamb import Lamb
from .lion import Lion
from .loss_scale_optimizer import LossScaleOptimizer
from .multi_optimizer import MultiOptimizer, OptimizerMap
from .muon import Muon
from .nadam import Nadam
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .schedule_free_adamw import ScheduleFreeAdamW
from .sgd import SGD

_CLASSES = (
    *(Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, Ftrl, Lamb, Lion, LossScaleOptimizer, MultiOptimizer),
    *(Muon, Nadam, Optimizer, OptimizerMap, RMSprop, SGD, ScheduleFreeAdamW),
)
_BY_NAME = {name: cls for cls in _CLASSES for name in (cls.__name__, cls.__name__.lower())}
_family = Family("optimizer", _BY_NAME)


def get(identifier: Any) -> Any:
    """The optimizer that an identifier stands for.

    Args:
        identifier: A name in capital or small letters, a configuration, or an optimizer; None for None.

    Returns:
        The optimizer.

    >>> type(get("rmsprop")).__name__
    'RMSprop'
    """
    known = isinstance(identifier, str) and identifier.lower() in _BY_NAME
    found = _family.get(identifier.lower() if known else identifier)
    if found is None or isinstance(found, Optimizer):
        return found
    raise ArgumentError(f"expected an optimizer, its name or its configuration; got {identifier!r}.")


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """The configuration of an optimizer, from which `deserialize` makes another one like it.

    >>> serialize(SGD(momentum=0.5))["config"]["momentum"]
    0.5
    """
    return _family.serialize(optimizer)


def deserialize(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The optimizer that a configuration describes.

    Args:
        config: What `serialize` gave.
        custom_objects: Classes of yours by name.

    Returns:
        The optimizer, without what it remembers.

    >>> deserialize(serialize(SGD(momentum=0.5))).momentum
    0.5
    """
    return _family.deserialize(config, custom_objects)


__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "Muon",
    "Nadam",
    "Optimizer",
    "OptimizerMap",
    "RMSprop",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "legacy",
    "schedules",
    "serialize",
]
