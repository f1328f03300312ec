"""Strings on their way through a model. No backend computes with them: they stay on the host, as bytes.

What layers make of strings are numbers, found out by functions of NumPy arrays. In a program that is traced or
compiled there are no strings any more: what their functions give comes in as arrays, and stands where they stood.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from .backend import Backend, current
from .dtypes import TEXT
from .errors import ArgumentError, StateError
from .interpreters import Interpreter, Run, interprets, kind_or_none
from .op import OPS, Op
from .spec import Spec
from .symbolic import MOVES, infer, not_for_text


class Outcome(NamedTuple):
    """What tells what was made of strings from what else was: the function, and how they were moved before."""

    function: Callable[..., np.ndarray]
    moves: tuple[tuple[str, Any], ...]

    def of(self, text: Text) -> np.ndarray:
        """The same made of other strings."""
        for op, axis in self.moves:
            text = OPS[op].function(text, axis)
        return self.function(text.values)


class Text:
    """An array of strings.

    Args:
        values: NumPy array of bytes objects.
        moves: The names of the ops, and their axes, by which it was made of another one.

    >>> text_of(["a", "é"]).values
    array([b'a', b'\\xc3\\xa9'], dtype=object)
    """

    dtype = TEXT

    def __init__(self, values: np.ndarray, moves: tuple[tuple[str, Any], ...] = ()):
        self.values = values
        self.moves = moves

    @property
    def shape(self) -> tuple[Any, ...]:
        """The shape of the array."""
        return self.values.shape

    def __repr__(self) -> str:
        return f"Text({self.values.tolist()!r})"

    def moved(self, op: Op, axis: Any) -> Text:
        """The strings in another shape."""
        moves = (*self.moves, (op.name, axis))
        return self._like(infer(op, (Spec(self.shape, TEXT), axis)).shape, moves)

    def _like(self, shape: tuple[Any, ...], moves: tuple[tuple[str, Any], ...]) -> Text:
        return Text(self.values.reshape(shape), moves)

    def outcome(self, function: Callable[..., np.ndarray], shape: tuple[int | None, ...], dtype: str) -> Any:
        """What a function of NumPy arrays gives for the strings, on the backend in use.

        Args:
            function: The function.
            shape: The shape of the result, None for sizes that only the function knows.
            dtype: The dtype of the result.

        Returns:
            The array.
        """
        return current().on_host(function, [self.values], shape, dtype)


class SeenText(Text):
    """Strings in a call that is made to find out what a model makes of them: it goes on with Specs.

    Args:
        values: NumPy array of bytes objects.
        moves: The names of the ops, and their axes, by which it was made of another one.
        seen: Where to note what is made of them, each with its dtype.
    """

    def __init__(self, values: np.ndarray, moves: tuple[tuple[str, Any], ...], seen: dict[Outcome, str]):
        super().__init__(values, moves)
        self._seen = seen

    def _like(self, shape: tuple[Any, ...], moves: tuple[tuple[str, Any], ...]) -> Text:
        return SeenText(self.values.reshape(shape), moves, self._seen)

    def outcome(self, function: Callable[..., np.ndarray], shape: tuple[int | None, ...], dtype: str) -> Any:
        """The Spec of what the function gives; the call is noted."""
        self._seen[Outcome(function, self.moves)] = dtype
        return Spec(shape, dtype)


class KnownText(Text):
    """Strings of which there is nothing left but their shape, and what was made of them.

    Args:
        shape: The shape.
        moves: The names of the ops, and their axes, by which it was made of another one.
        outcomes: What was made of them.
    """

    def __init__(self, shape: tuple[Any, ...], moves: tuple[tuple[str, Any], ...], outcomes: Mapping[Outcome, Any]):
        self.moves = moves
        self._shape = shape
        self._outcomes = outcomes

    @property
    def shape(self) -> tuple[Any, ...]:
        """The shape of the array."""
        return self._shape

    @property
    def values(self) -> np.ndarray:  # type: ignore[override]
        """The strings, which are not there."""
        raise StateError(
            "strings stay on the host, and are not there in a compiled step. Look at them before the step, or compile "
            "the model with run_eagerly=True."
        )

    def __repr__(self) -> str:
        return f"Text(shape={self.shape})"

    def _like(self, shape: tuple[Any, ...], moves: tuple[tuple[str, Any], ...]) -> Text:
        return KnownText(shape, moves, self._outcomes)

    def outcome(self, function: Callable[..., np.ndarray], shape: tuple[int | None, ...], dtype: str) -> Any:
        """What the function gave."""
        found = self._outcomes.get(Outcome(function, self.moves))
        if found is None:
            raise StateError(
                "a compiled step uses strings in a way in which a call of the model on its inputs does not, and they "
                "are not there any more. Use them in the model's `call` with the same inputs, or compile the model "
                "with run_eagerly=True."
            )
        return found


class _Texts(Interpreter):
    """Refuses ops on strings, but for those that change the shape only."""

    level = 300  # above all others: an op on strings is a mistake, whatever else it is called on

    def runner(self, op: Op) -> Run:
        def run(*args: Any) -> Any:
            if op.name in MOVES and isinstance(args[0], Text):
                axis = args[1]
                return args[0].moved(op, tuple(axis) if isinstance(axis, list) else axis)
            raise not_for_text().named(op.name)

        return run

    def spec(self, x: Text) -> Spec:
        return Spec(x.shape, TEXT)

    def shape(self, x: Text) -> tuple[Any, ...]:
        return x.shape

    def dtype(self, x: Text) -> str:
        return TEXT

    def to_numpy(self, x: Text) -> np.ndarray:
        return x.values


interprets(Text, _Texts())


# What holds strings ----------------------------------------------------------------------------------------


def is_text(x: Any) -> bool:
    """Whether this is a string, or strings in an array or nested lists."""
    if isinstance(x, (str, bytes, Text)):
        return True
    if isinstance(x, (list, tuple)):
        return bool(x) and isinstance(x[0], (str, bytes, list, tuple)) and is_text(x[0])
    if isinstance(x, np.ndarray) and x.dtype == object:
        return x.size > 0 and isinstance(x.flat[0], (str, bytes))
    if isinstance(x, (np.ndarray, np.generic)):
        return x.dtype.kind in "US" or "StringDType" in type(x.dtype).__name__
    if type(x).__module__.partition(".")[0] == "pandas":
        return is_text(np.asarray(x))
    return False


def text_of(x: Any) -> Text:
    """Strings in whatever form as bytes; text is written in UTF-8."""
    if isinstance(x, Text):
        return x
    try:
        given = np.array(x, dtype=object)
    except ValueError:
        raise ArgumentError("expected nested lists of strings of one length on each axis. Pad them first.") from None
    values = np.empty(given.size, dtype=object)
    values[:] = [_encoded(item) for item in given.flat]
    return Text(values.reshape(given.shape))


def holds_text(x: Any) -> bool:
    """Whether there are strings in an array of whatever library, or in lists."""
    kind = kind_or_none(type(x))
    return kind.holds_text(x) if isinstance(kind, Backend) else is_text(x)


def as_text(x: Any) -> Text:
    """The strings of such an array, or those lists."""
    kind = kind_or_none(type(x))
    return text_of(kind.to_numpy(x) if isinstance(kind, Backend) else x)


def _encoded(item: Any) -> bytes:
    if isinstance(item, (str, bytes)):
        return item.encode() if isinstance(item, str) else bytes(item)
    if isinstance(item, (list, tuple)):
        raise ArgumentError("expected nested lists of strings of one length on each axis. Pad them first.")
    raise ArgumentError(f"expected strings; got {item!r} among them. Convert all to strings.")


def decoded(values: np.ndarray) -> np.ndarray:
    """Bytes as NumPy's strings."""
    return np.array([item.decode("utf-8", "replace") for item in values.flat], dtype=str).reshape(values.shape)
