"""What belongs to which output of a model: targets, losses, metrics, weights, however a user laid them out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .. import tree
from ..errors import ArgumentError
from ..spec import show_shape


class Outputs:
    """The outputs of a model, in order, by name.

    Args:
        y_pred: The outputs, or Specs of them.
        names: Names of the outputs in order, where the model knows them.
    """

    def __init__(self, y_pred: Any, names: Sequence[str] | None = None):
        self.paths = _paths(y_pred, sorted)
        in_order = _paths(y_pred, list)
        self.order = [self.paths.index(path) for path in in_order]
        """Their numbers in the order in which dictionaries have them."""
        if names is None or len(names) != len(self.paths):
            keys = list(y_pred) if isinstance(y_pred, Mapping) else None
            flat = keys is not None and len(keys) == len(self.paths)
            names = sorted(keys) if flat else [f"output_{number}" for number in range(len(self.paths))]  # type: ignore[type-var]
        self.names: list[str] = list(map(str, names))

    def check(self, y_pred: Any) -> None:
        """Refuse outputs that are none, as where `call` ends without `return`."""
        for name, path in zip(self.names, self.paths, strict=True):
            found = _at(y_pred, path)
            if not hasattr(found, "shape"):
                raise ArgumentError(
                    f"expected an array as {name}; got {found!r} from the model. Have call return its outputs."
                )

    def __len__(self) -> int:
        return len(self.paths)

    def of(self, given: Any, what: str, is_one: Any = None) -> list[Any]:
        """For each output what a user gave for it: by its name, by its place, or in the structure of the outputs.

        Args:
            given: One thing for each output, None for outputs without.
            what: What it is, for errors.
            is_one: Whether something is given for a single output; by default what is no list, tuple or dictionary.
        """
        if given is None:
            return [None] * len(self)
        is_one = is_one or (lambda x: not isinstance(x, (list, tuple, Mapping)))
        if len(self) == 1:
            return [_single(given, self.names[0], is_one, what)]
        if is_one(given):
            raise ArgumentError(
                f"expected {what} for each of {len(self)} outputs, {', '.join(self.names)}; got {_brief(given)}. "
                "Give a list in their order, or a dictionary by name."
            )
        if isinstance(given, Mapping) and not self._follows(given, is_one):
            unknown = [key for key in given if key not in self.names]
            if unknown:
                raise ArgumentError(
                    f"{what}: there is no output {unknown[0]!r}; outputs are {', '.join(self.names)}. Use their names."
                )
            return [given.get(name) for name in self.names]
        if self._follows(given, is_one):
            return [_at(given, path) for path in self.paths]
        if not isinstance(given, Mapping) and len(given) == len(self):
            return list(given)
        raise ArgumentError(
            f"expected {what} for {len(self)} outputs, {', '.join(self.names)}; got {_brief(given)}. "
            "Give a list in their order, or a dictionary by name."
        )

    def _follows(self, given: Any, is_one: Any) -> bool:
        """Whether it has the structure of the outputs."""
        try:
            return all(is_one(_at(given, path)) for path in self.paths)
        except (KeyError, IndexError, TypeError):
            return False


def _single(given: Any, name: str, is_one: Any, what: str) -> Any:
    """What was given for the only output."""
    while not is_one(given):
        if len(given) != 1:
            raise ArgumentError(f"expected {what} for one output, {name}; got {_brief(given)}. Give one.")
        if isinstance(given, Mapping) and name not in given and name != "output_0":
            raise ArgumentError(f"{what}: there is no output {next(iter(given))!r}; the output is {name}.")
        given = next(iter(given.values())) if isinstance(given, Mapping) else given[0]
    return given


def _paths(structure: Any, arranged: Callable[[Any], Iterable[Any]]) -> list[tuple[Any, ...]]:
    """The way to each leaf; in the order of `tree.flatten` where keys are arranged by `sorted`."""
    if isinstance(structure, Mapping):
        return [(key, *path) for key in arranged(structure) for path in _paths(structure[key], arranged)]
    if isinstance(structure, (list, tuple)):
        return [(number, *path) for number, part in enumerate(structure) for path in _paths(part, arranged)]
    return [()]


def _at(structure: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        if isinstance(structure, str):
            raise TypeError("a name has no parts")
        structure = structure[key]
    return structure


def _brief(given: Any) -> str:
    if isinstance(given, Mapping):
        return "a dictionary of " + ", ".join(map(str, given))
    if isinstance(given, (list, tuple)):
        return f"{len(given)}"
    return f"one array of shape {show_shape(given.shape)}" if hasattr(given, "shape") else repr(given)


def name_of(function: Any, otherwise: str) -> str:
    """What results of a user's function are called.

    Args:
        function: The function.
        otherwise: What they are called if it has no name.
    """
    return getattr(function, "__name__", otherwise).strip("<>")


def leaves(structure: Any) -> list[Any]:
    """The arrays of a structure, None left out."""
    return [leaf for leaf in tree.flatten(structure) if leaf is not None]
