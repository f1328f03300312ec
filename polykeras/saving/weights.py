"""The variables of a model in groups, and back."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .. import ops
from ..backend import numpy_dtype, using
from ..dtypes import canonical
from ..errors import PolykerasError, SerializationError
from ..layers.layer import Layer
from ..layers.low_rank import LowRankAdaptable
from ..optimizers import Optimizer
from ..random import SeedGenerator
from ..spec import show_shape
from ..state import Variable
from .hdf5_reader import Dataset, Group
from .hdf5_writer import GroupToWrite
from .walking import parts_with_paths


def _plain_variables(part: Any, method: str) -> list[Variable] | None:
    """The variables of a part that are numbered, or None where the part saves in a way of its own."""
    if isinstance(part, Layer):
        saves_as = getattr(type(part), method)
        is_plain = saves_as is getattr(Layer, method)
        if saves_as is getattr(LowRankAdaptable, method, None):
            is_plain = not part.lora_enabled  # type: ignore[attr-defined]
        return part._own_variables() if is_plain else None
    if isinstance(part, SeedGenerator):
        return [part.state]
    if isinstance(part, Optimizer) and getattr(type(part), method) is getattr(Optimizer, method):
        return part.variables
    return None if isinstance(part, Optimizer) else list(part.variables)


def collect(root: Any) -> GroupToWrite:
    """The variables of a model and of all its parts, in groups as Keras has them."""
    found = GroupToWrite()
    for path, part in parts_with_paths(root):
        group = found.group(f"{path}/vars")
        group.attrs["name"] = part.name
        variables = _plain_variables(part, "save_own_variables")
        if variables is None:
            part.save_own_variables(group)
        else:
            group.update({str(number): variable for number, variable in enumerate(variables)})
    return found


class Stored(Mapping[str, np.ndarray]):
    """The arrays of one part in a file, read when somebody asks for them."""

    def __init__(self, group: Mapping[str, Any]):
        self._group = group

    def __getitem__(self, key: str) -> np.ndarray:
        return array_of(self._group[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._group)

    def __len__(self) -> int:
        return len(self._group)


def array_of(stored: Any) -> np.ndarray:
    """The array of a dataset; elements that HDF5 does not know are marked with their dtype."""
    values = np.asarray(stored.read() if isinstance(stored, Dataset) else stored)
    if values.dtype.type is not np.void:  # bfloat16 is no such thing, though it is of the same kind
        return values
    dtype = numpy_dtype(canonical(str(stored.attrs.get("dtype"))))
    if dtype.itemsize != values.dtype.itemsize:
        raise SerializationError(f"{stored.path}: expected elements of dtype {dtype}; got some of another size.")
    return values.view(dtype)


def give(variable: Variable, values: np.ndarray) -> None:
    """Have a variable hold an array that nobody else has, without a copy where its framework can do without."""
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    with using(variable.home):
        variable.take(variable.laid_out(ops.convert_to_tensor(values, variable._dtype)))


def distribute(root: Any, stored: Any, skip_mismatch: bool = False, optimizer: bool = True) -> None:
    """Give the parts of a model what is stored for them. Without `skip_mismatch` all of it fits, or nothing is changed.

    Args:
        root: The model.
        stored: The groups of a file.
        skip_mismatch: Whether parts for which something else is stored are left as they are, with a warning.
        optimizer: Whether the state of the optimizer is loaded, too.
    """
    plan, problems, used = [], [], False
    for path, part in parts_with_paths(root):
        if isinstance(part, Optimizer) and not optimizer:
            continue
        group = _at(stored, f"{path}/vars")
        problem = _mismatch(path, part, group)
        if problem:
            problems.append(problem)
        elif group is not None:
            used = used or len(group) > 0
            plan.append((path, part, group))
    has_weights = isinstance(root, Layer) and bool(root.weights)
    if has_weights and not used and not problems:
        problems.append("nothing in the file is for a part of this model")
    if problems and not skip_mismatch:
        raise SerializationError(
            f"load_weights: the file does not fit the model {getattr(root, 'name', '')!r}:\n  "
            + "\n  ".join(problems[:10])
            + (f"\n  and {len(problems) - 10} more" if len(problems) > 10 else "")
            + "\nNothing was changed. Build the model as the one that was saved, or pass skip_mismatch=True to leave "
            "these as they are."
        )
    for problem in problems:
        warnings.warn(f"load_weights: {problem}; left as it is.", stacklevel=4)
    for path, part, group in plan:
        _assign(path, part, group)


def _at(stored: Any, path: str) -> Any:
    for name in filter(None, path.split("/")):
        if not isinstance(stored, Mapping) or name not in stored:
            return None
        stored = stored[name]
    return stored if isinstance(stored, Mapping) else None


def _mismatch(path: str, part: Any, group: Any) -> str | None:
    """What does not fit between a part and what is stored for it, or None."""
    variables = _plain_variables(part, "load_own_variables")
    if variables is None or (not isinstance(part, (Layer, Optimizer)) and group is None):
        return None
    what = f"{type(part).__name__} {part.name!r} ({path or 'the model itself'})"
    if group is None:
        return f"{what}: its variables {_names(variables)} are not in the file" if variables else None
    if isinstance(part, Optimizer) and _is_new(part, variables, group):
        return None
    if len(group) != len(variables):
        hint = "" if not isinstance(part, Layer) or part.built else "; it is not built yet, call it or build it"
        return f"{what}: it has {len(variables)} variables ({_names(variables)}), the file has {len(group)}{hint}"
    for number, variable in enumerate(variables):
        found = group.get(str(number))
        if found is None or isinstance(found, Group):
            return f"{what}: the file has no variable {number} ({variable.path})"
        if tuple(found.shape) != tuple(variable.shape):
            return (
                f"{what}: its weight {variable.path} has shape {show_shape(variable.shape)}, the one in the file "
                f"{show_shape(tuple(found.shape))}"
            )
    return None


def _is_new(optimizer: Optimizer, variables: list[Variable], group: Any) -> bool:
    """Whether an optimizer was saved before it was built: then only numbers are stored, and it starts anew."""
    few = 0 < len(group) < len(variables) and all(str(n) in group for n in range(len(group)))
    return not optimizer.built or (few and all(tuple(x.shape) == () for x in group.values() if hasattr(x, "shape")))


def _names(variables: list[Variable]) -> str:
    return ", ".join(f"{v.path} {show_shape(v.shape)}" for v in variables) or "none"


def _assign(path: str, part: Any, group: Any) -> None:
    variables = _plain_variables(part, "load_own_variables")
    if isinstance(part, Optimizer) and _is_new(part, part.variables, group):
        return
    if variables is not None:
        for number, variable in enumerate(variables):
            give(variable, array_of(group[str(number)]))
        return
    try:
        part.load_own_variables(Stored(group))
    except PolykerasError:
        raise
    except Exception as error:
        raise SerializationError(
            f"load_weights: {type(part).__name__} {part.name!r} ({path}) could not take what is stored for it: "
            f"{error}. Build it for the same input shape as the one that was saved."
        ) from error
