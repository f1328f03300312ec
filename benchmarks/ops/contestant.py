"""The calls of the ops, and those of a framework's own functions, on the same arrays of the framework."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from polykeras import ops, tree
from polykeras.backend import Backend, load

from ..task import Task
from .calls import CALLS, SIZES, arrays
from .native import DIFFERENT, EXPRESSIONS, MODULES, PLACES

SAMPLE = 1000
"""How many elements of a result the contestants must agree on."""


def tasks(backend: str, ours: bool) -> dict[str, Task]:
    """A task for each op that the framework has too, and for each size of its arguments."""
    home = load(backend)
    modules = {name: importlib.import_module(module) for name, module in MODULES[backend].items()}
    found = {}
    for name, arguments in CALLS.items():
        theirs = _native(backend, name, arguments, modules)
        if theirs is None:
            continue
        expression = f"ops.{name}({arguments})" if ours else theirs
        for size in SIZES:
            given = _arrays(backend, size)
            step = eval(f"lambda {', '.join(given)}: lambda: {expression}", {"ops": ops, **modules})(**given)
            outcome = functools.partial(_sample, home, drawn=name.startswith("random."))
            found[f"{name}, {size}"] = Task(step, (), _waiting(backend, modules), outcome)
    return found


def _native(backend: str, name: str, arguments: str, modules: dict[str, Any]) -> str | None:
    """The framework's own call, as an expression."""
    expression = EXPRESSIONS[backend].get(name)
    if expression or name in DIFFERENT[backend]:
        return expression
    for place in PLACES[backend]:
        try:
            eval(f"{place}.{name}", modules)
        except AttributeError:
            continue
        return f"{place}.{name}({arguments})"
    return None


@functools.cache
def _arrays(backend: str, size: str) -> dict[str, Any]:
    """The arguments of the calls, on the backend."""
    home, (n, _, side, _) = load(backend), SIZES[size]
    made = {name: home.from_numpy(array) for name, array in arrays(size).items()}
    return {"n": n, "side": side, **made}


def _waiting(backend: str, modules: dict[str, Any]) -> Callable[[Any], Any]:
    """What waits for results, where calls return before they are there."""
    return modules["jax"].block_until_ready if backend == "jax" else lambda result: None


def _sample(home: Backend, result: Any, drawn: bool) -> np.ndarray:
    """Some elements of a result; of random numbers, which differ, how many there are.

    What factorizations and partitions leave open, such as signs and orders, does not show.
    """
    leaves = tree.flatten(list(result) if isinstance(result, tuple) else result)
    found = [np.asarray(home.to_numpy(x) if isinstance(x, home.array_types) else x) for x in leaves]
    if drawn:
        return np.array([x.size for x in found])
    sizes = np.concatenate(
        [np.abs(x.reshape(-1).astype("complex128" if x.dtype.kind == "c" else "float64")) for x in found]
    )
    ordered = np.sort(np.nan_to_num(sizes, posinf=0))
    return np.append(ordered[:: max(1, ordered.size // SAMPLE)], ordered.size)
