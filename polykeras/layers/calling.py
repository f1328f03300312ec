"""What a call of a layer needs to know: what its method takes, and within which other calls it happens."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from .. import ops, tree
from ..backend import Backend, current
from ..dtypes import FLOATS
from ..interpreters import HOST, Interpreter, kind_or_none
from ..spec import Dim, Spec, show_shape
from ..symbolic import spec_of
from ..text import is_text, text_of

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Signature:
    """The parameters of a method `call`, looked at once for each class."""

    def __init__(self, call: Callable[..., Any]):
        parameters = [p for p in inspect.signature(call).parameters.values() if p.name != "self"]
        self.names = tuple(p.name for p in parameters if p.kind in POSITIONAL)
        known = {p.name for p in parameters}
        self.takes_training = "training" in known
        self.default_training = next((p.default for p in parameters if p.name == "training"), None)
        self.training_position = self.names.index("training") if "training" in self.names else None
        self.takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
        self.takes_masks = "mask" in known or any(name.endswith("_mask") for name in known)
        self._known = known

    def place_of_mask(self, name: str) -> str | None:
        """The parameter for the mask of an argument."""
        if f"{name}_mask" in self._known:
            return f"{name}_mask"
        return "mask" if "mask" in self._known and name == self.names[0] else None

    def named(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments by name."""
        return {**dict(zip(self.names, args, strict=False)), **kwargs}


class Context:
    """The outermost call of a layer, and what holds for the calls within it."""

    __slots__ = ("autocast", "entry", "keeps_losses", "stack", "training", "with_losses")

    def __init__(self, entry: Any, keeps_losses: bool):
        self.entry = entry
        self.keeps_losses = keeps_losses
        self.training: bool | None = None
        self.autocast: str | None = None
        self.stack: list[Any] = []
        """The layers whose calls have not ended yet, the outermost first."""
        self.with_losses: list[Any] = []
        """The layers that added a loss."""


CONTEXT: ContextVar[Context | None] = ContextVar("polykeras_call", default=None)


@contextlib.contextmanager
def outermost(layer: Any, keeps_losses: bool = True) -> Iterator[Context]:
    """Have what is called in a block be called by a layer, and by nothing around that."""
    context = Context(layer, keeps_losses)
    token = CONTEXT.set(context)
    try:
        yield context
    finally:
        CONTEXT.reset(token)


def has_spec(arguments: Any) -> bool:
    """Whether there is a Spec in a structure."""
    return any(isinstance(leaf, Spec) for leaf in tree.flatten(arguments))


def at_home(x: Any, dtype: str | None) -> Any:
    """An argument of a layer: host data as arrays of the backend in use, floats in the dtype in which it computes."""
    if isinstance(x, (tuple, list, dict)):
        return tree.map_structure(lambda leaf: at_home(leaf, dtype), x)
    if x is None or isinstance(x, (bool, int, float, str)):
        return x
    kind = kind_or_none(type(x))
    if kind is HOST:
        x = text_of(x) if x.dtype.kind in "OSUT" and is_text(x) else current().asarray(x)
    elif not isinstance(kind, (Backend, Interpreter)):
        return x
    if dtype is None:
        return x
    given = ops.dtype(x)
    return ops.cast(x, dtype) if given != dtype and given in FLOATS else x


def shape_of(x: Any) -> Any:
    """The shape of each array in a structure as users know it, with None for sizes that are not known."""
    return tree.map_structure(lambda leaf: None if leaf is None else plain_shape(spec_of(leaf).shape), x)


def plain_shape(shape: Any) -> tuple[Any, ...]:
    """A shape with None for sizes that are not known.

    >>> plain_shape(Spec((None, 3)).shape)
    (None, 3)
    """
    return tuple(None if isinstance(size, Dim) else size for size in shape)


def is_shape(x: Any) -> bool:
    """Whether this is one shape, not a structure of shapes."""
    return isinstance(x, (tuple, list)) and all(size is None or hasattr(size, "__index__") for size in x)


def map_shapes(function: Callable[[tuple], Any], shapes: Any) -> Any:
    """The structure with the function's value for each shape in it."""
    if is_shape(shapes):
        return function(tuple(shapes))
    if isinstance(shapes, dict):
        return {key: map_shapes(function, value) for key, value in shapes.items()}
    if isinstance(shapes, (tuple, list)):
        return type(shapes)(map_shapes(function, value) for value in shapes)
    return shapes


def describe(arguments: Any) -> str:
    """What was given, for an error: dtypes and shapes instead of values."""

    def shown(x: Any) -> str:
        if isinstance(x, dict):
            return "{" + ", ".join(f"{key!r}: {shown(value)}" for key, value in x.items()) + "}"
        if isinstance(x, (tuple, list)):
            return "[" + ", ".join(map(shown, x)) + "]"
        kind = kind_or_none(type(x))
        if kind is HOST or isinstance(kind, (Backend, Interpreter)):
            spec = spec_of(x)
            return f"{spec.dtype}{show_shape(spec.shape)}"
        return repr(x)

    return shown(arguments)
