"""What the arguments of ops can be, and who is responsible for each type of them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from . import tree
from .backend import WEAK, Backend, current, home_of_type, load, mixed_homes
from .errors import DTypeError, GradientError
from .spec import Spec

if TYPE_CHECKING:
    from .op import Op

Run = Callable[..., Any]


class Interpreter:
    """Runs ops on a type of array of its own. Where several meet, the highest level runs first."""

    level: int

    def runner(self, op: Op) -> Run:
        """The function that runs the op, all parameters given by position."""
        raise NotImplementedError

    def spec(self, x: Any) -> Spec:
        """Shape and dtype of one of its arrays."""
        raise NotImplementedError

    def shape(self, x: Any) -> tuple[Any, ...]:
        """The shape of one of its arrays."""
        return self.spec(x).shape

    def dtype(self, x: Any) -> str:
        """The name of the dtype of one of its arrays."""
        return self.spec(x).dtype

    def home(self, x: Any) -> Backend | None:
        """The backend of the array inside, if there is one."""
        return None

    def to_numpy(self, x: Any) -> np.ndarray:
        """The values of one of its arrays, if that makes sense."""
        raise NotImplementedError


class Held:
    """The base of classes whose objects hold an array: a framework that has to be told of them knows them by it."""

    if TYPE_CHECKING:  # what `give_operators` gives them

        def _operator(self, other: Any) -> Any: ...

        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _operator
        __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __matmul__ = __rmatmul__ = _operator
        __lt__ = __le__ = __gt__ = __ge__ = __getitem__ = _operator
        __eq__ = __ne__ = _operator  # type: ignore[assignment]

        def __neg__(self) -> Any: ...

        def __hash__(self) -> int: ...


class Holder(Interpreter):
    """Runs ops on objects that hold an array, such as variables: on the arrays that they hold."""

    level = 100

    def read(self, x: Any) -> Any:
        """The array that an object holds now."""
        raise NotImplementedError

    def lend(self, holders: list[Any], arrays: list[Any]) -> AbstractContextManager[Any]:
        """Have objects hold other arrays for a while."""
        raise NotImplementedError

    def seal(self, reason: str) -> AbstractContextManager[Any]:
        """Refuse for a while that objects are given other arrays. The reason ends the error's message."""
        raise NotImplementedError

    def lent(self) -> tuple[list[Any], list[Any]]:
        """The objects that have been lent arrays, and these arrays."""
        raise NotImplementedError

    def runner(self, op: Op) -> Run:
        def run(*args: Any) -> Any:
            given = list(args)
            for position in op.positions:
                given[position] = tree.map_structure(held, given[position])
            return op.function(*given)

        return run

    def home(self, x: Any) -> Backend | None:
        return _home(self.read(x))


HOST, CONVERTIBLE, SCALAR, NESTED, ABSENT = "host", "convertible", "scalar", "nested", "absent"
"""Kinds of host data: NumPy's arrays, what becomes one, Python's numbers, lists of those, and nothing."""

_interpreters: dict[type, Interpreter] = {}
_kinds: dict[type, Any] = {}


def interprets(cls: type, interpreter: Interpreter) -> None:
    """Have ops on arrays of this class run by an interpreter."""
    _interpreters[cls] = interpreter


def kind_of(cls: type) -> Any:
    """What a type of argument is: an Interpreter, a Backend, or a kind of host data."""
    kind = _kinds.get(cls)
    if kind is None:
        kind = _kinds[cls] = _find_kind(cls)
    return kind


MASKED = "expected arrays without masks, which nothing here would heed. Fill the array with x.filled(value)."


def is_masked(cls: type) -> bool:
    """Whether this is the type of NumPy's arrays with masks, whose module NumPy loads when somebody asks for it."""
    return issubclass(cls, getattr(sys.modules.get("numpy.ma"), "MaskedArray", ()))


def kind_or_none(cls: type) -> Any:
    """As `kind_of`, with None for what cannot be an argument."""
    try:
        return kind_of(cls)
    except DTypeError:
        return None


def _find_kind(cls: type) -> Any:
    for interpreted, interpreter in _interpreters.items():
        if issubclass(cls, interpreted):
            return interpreter
    if cls in WEAK:
        return SCALAR
    if cls is type(None):
        return ABSENT
    if is_masked(cls):
        raise DTypeError(MASKED)
    if issubclass(cls, (np.ndarray, np.generic)):
        return HOST
    if issubclass(cls, (list, tuple)):
        return NESTED
    home = home_of_type(cls)
    if home is not None:
        return home
    if hasattr(cls, "__array__"):
        return CONVERTIBLE
    raise DTypeError(f"expected arrays, numbers, or nested lists of them; got a {cls.__module__}.{cls.__qualname__}.")


def _home(x: Any) -> Backend | None:
    """The backend of an array, or None for host data and what is no array."""
    kind = _kinds.get(type(x)) or kind_or_none(type(x))
    if kind is HOST:
        return None
    if isinstance(kind, Interpreter):
        return kind.home(x)
    return kind if isinstance(kind, Backend) else None


def home_of(structure: Any) -> Backend:
    """The backend at which the arrays of a structure are at home; the one in use if all is host data."""
    homes = list(dict.fromkeys(filter(None, map(_home, tree.flatten(structure)))))
    if len(homes) > 1:
        raise mixed_homes("this function", homes)
    return homes[0] if homes else current()


def held(x: Any) -> Any:
    """The array that an object holds, or the object itself where it holds none."""
    kind = _kinds.get(type(x)) or kind_or_none(type(x))
    return kind.read(x) if isinstance(kind, Holder) else x


def _holder() -> Holder | None:
    return next((interpreter for interpreter in _interpreters.values() if isinstance(interpreter, Holder)), None)


def lend(objects: list[Any], arrays: list[Any]) -> AbstractContextManager[Any]:
    """Have objects hold other arrays for a while, and note what is assigned to any object that holds one."""
    holder = _holder()
    return nullcontext() if holder is None else holder.lend(objects, arrays)


def seal(reason: str) -> AbstractContextManager[Any]:
    """Refuse for a while that objects are given other arrays. The reason ends the error's message."""
    holder = _holder()
    return nullcontext() if holder is None else holder.seal(reason)


def lent() -> tuple[list[Any], list[Any]]:
    """The objects that have been lent arrays here, and these arrays."""
    holder = _holder()
    return ([], []) if holder is None else holder.lent()


# From one to another ---------------------------------------------------------------------------------------


def values_of(x: Any) -> np.ndarray:
    """The values of an array of a backend or an interpreter, if no gradient is lost with them."""
    kind = kind_of(type(x))
    if isinstance(kind, Backend):
        _keep_gradient(x, kind)
    return kind.to_numpy(x)


def _keep_gradient(x: Any, home: Backend) -> None:
    if home.is_differentiated(x):
        raise GradientError.lost()


_REFUSALS = (BufferError, TypeError, ValueError, RuntimeError)
"""How frameworks say that memory cannot be shared: for its dtype, its place, or its layout."""


def convert(x: Any, backend: str | Backend) -> Any:
    """The same values as arrays of another backend, in memory shared with the original where both can.

    Write to neither of two arrays that may share memory.

    Args:
        x: An array of any backend, host data, or a nested structure of them.
        backend: The backend, or its name.

    Returns:
        The structure with arrays of that backend.

    >>> convert({"a": [1.0, 2.0]}, "numpy")
    {'a': [array(1., dtype=float32), array(2., dtype=float32)]}
    """
    target = backend if isinstance(backend, Backend) else load(backend)
    return tree.map_structure(lambda leaf: _convert(leaf, target), x)


def _convert(x: Any, target: Backend) -> Any:
    x = held(x)
    source = _home(x) or home_of_type(type(x))
    if source is target or x is None:
        return x
    if source is None:
        return target.asarray(x)
    _keep_gradient(x, source)
    if hasattr(x, "__dlpack_device__"):  # else its values are not known yet
        with suppress(*_REFUSALS, *source.refusals, *target.refusals):
            return target.from_dlpack(x)
    return target.asarray(source.to_numpy(x) if isinstance(x, source.array_types) else values_of(x))
