"""Where the order of batches comes from that others make: the generators of random numbers of a data loader."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np


class _OfFramework:
    """The generator of a framework that is used where nobody gives one."""

    def __init__(self, module: Any):
        self.get_state, self.set_state = module.get_rng_state, module.set_rng_state


def states_of(batches: Any) -> list[np.ndarray]:
    """The states of the generators by which what gives batches shuffles, as far as it shows them."""
    return [np.asarray(generator.get_state()).copy() for generator in _generators(batches)]


def set_states(batches: Any, states: list[np.ndarray]) -> None:
    """Have the generators go on from states that they had once.

    Args:
        batches: What gives the batches.
        states: What `states_of` gave.
    """
    for generator, state in zip(_generators(batches), states, strict=False):
        current = generator.get_state()
        np.asarray(current)[...] = state
        generator.set_state(current)


def _generators(batches: Any) -> Iterator[Any]:
    """The generators of an object like PyTorch's data loader, and that of the framework which it comes from."""
    modules = (sys.modules.get(cls.__module__.partition(".")[0]) for cls in type(batches).__mro__)
    framework = next((m for m in modules if hasattr(m, "get_rng_state") and hasattr(m, "set_rng_state")), None)
    if framework is None:
        return
    yield _OfFramework(framework)
    sampler, batch_sampler = getattr(batches, "sampler", None), getattr(batches, "batch_sampler", None)
    seen: set[int] = set()
    for owner in (batches, sampler, batch_sampler, getattr(batch_sampler, "sampler", None)):
        generator = getattr(owner, "generator", None)
        if generator is not None and id(generator) not in seen and hasattr(generator, "set_state"):
            seen.add(id(generator))
            yield generator
