"""The state of optimizers as Keras 2 stored it: under the names of variables, by two generations of optimizers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..optimizers import Adafactor, Nadam, Optimizer
from ..state import Variable
from .hdf5_reader import Dataset

_SLOTS = {
    "accumulated_delta_var": ("accumulated_delta_var", "accum_var"),
    "accumulated_grad": ("accumulated_grad", "accum_grad"),
    "accumulator": ("accumulator",),
    "average": ("average",),
    "average_gradient": ("average_gradient", "mg"),
    "column": ("c",),
    "linear": ("linear",),
    "momentum": ("m", "momentum"),
    "norm": ("u", "v"),
    "row": ("r",),
    "velocity": ("v", "velocity", "rms"),
    "velocity_hat": ("vhat",),
}
"""What a slot was called, by what it is called today."""
_STEPS = ("iteration:0", "iter:0", "iterations:0")

_PREFIX = re.compile(r"(training/)?[^/]+(?=/)")
"""What stands before the names of all variables, that of the optimizer."""

Plan = list[tuple[Variable, Any]]


def plan_for(optimizer: Optimizer, stored: Mapping[str, Any], names: Mapping[int, str]) -> Plan | None:
    """What each variable of an optimizer gets of what Keras 2 stored, or None where that is something else.

    Args:
        optimizer: The optimizer, which is built.
        stored: Datasets by their names.
        names: The names that the variables of the model have in the file, by their identities.
    """
    if isinstance(optimizer, Nadam):  # whose momentum had another formula, or, in a newer one, was no number
        return None
    steps = next((x for name, x in stored.items() if name.rpartition("/")[2] in _STEPS), None)
    if steps is None or tuple(steps.shape) != ():
        return None
    prefix = next((found[0] for found in map(_PREFIX.match, stored) if found), "")
    plan: Plan = [(optimizer._iterations, steps)]
    for slot, variables in _slots(optimizer):
        for variable, own in zip(optimizer._trainable_variables, variables, strict=True):
            found = None if own is None else _find(stored, prefix, slot, names.get(id(variable), ""))
            if own is not None:
                if found is None or tuple(found.shape) != tuple(own.shape):
                    return None
                plan.append((own, found))
    return plan


def _slots(optimizer: Optimizer) -> Iterator[tuple[str, list[Variable | None]]]:
    """The slots of an optimizer by name, each with what it remembers of all variables."""
    names = [name for together in optimizer._slot_names() for name in together]
    if isinstance(optimizer, Adafactor):
        names = ["row", "column", "velocity"]
    yield from zip(names, optimizer._slots, strict=True)
    if optimizer.use_ema:
        yield "average", optimizer._averages


def _find(stored: Mapping[str, Any], prefix: str, slot: str, name: str) -> Any:
    """The dataset of a slot of a variable: that of the newer optimizers, or of the older ones."""
    for former in _SLOTS.get(slot, ()):
        for path in (f"{prefix}/{former}/{name}", f"{prefix}/{name.removesuffix(':0')}/{former}:0"):
            found = stored.get(path)
            if isinstance(found, Dataset):
                return found
    return None
