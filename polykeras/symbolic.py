"""Ops on Specs: shapes and dtypes without values, and the check of arguments that all of dispatch shares."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import tree
from .backend import WEAK, Backend, host_array, is_swapped
from .dtypes import INTEGERS, TEXT, canonical
from .errors import DTypeError, OpError, ShapeError
from .interpreters import HOST, Interpreter, Run, interprets, kind_of
from .spec import Dim, Spec

if TYPE_CHECKING:
    from .op import Op


OF_INTEGERS = ("Index", "Seed")
"""The kinds of parameters whose arrays are of integers."""


def prepare(op: Op, home: Any, args: Sequence[Any]) -> list[Any]:
    """The arguments of an op with every array at home, and in the dtype in which the op computes.

    Home is a backend, or whatever else has `array_types`, `asarray`, `cast` and `dtype`.
    """
    prepared = list(args)
    if any(type(args[position]) is list and not args[position] for position in op.positions):
        raise ShapeError("expected at least one array; got an empty list.")
    dtype = _common_dtype(op, home, args) if op.promote else None
    if dtype and op.accepts:
        op.accepts.check(dtype)
    for position in op.positions:
        parameter, x = op.parameters[position], args[position]
        if parameter.kind == "Value":
            continue
        is_bare = op.takes_functions and type(x) in WEAK
        wanted = dtype if parameter.is_promoted else "bool" if parameter.kind == "Mask" else None
        if parameter.kind == "Arrays":
            prepared[position] = [in_dtype(one, home, wanted) for one in x]
        elif parameter.kind == "Tree" and not is_bare:
            prepared[position] = tree.map_structure(functools.partial(in_dtype, home=home, dtype=wanted), x)
        elif not is_bare:
            prepared[position] = in_dtype(x, home, wanted)
        if parameter.kind in OF_INTEGERS:
            given = canonical(int if type(x) is bool else type(x)) if is_bare else home.dtype(prepared[position])
            check_integers(parameter.name, given)
    return prepared


def check_integers(name: str, dtype: str) -> None:
    """Refuse any other dtype for a parameter."""
    if dtype not in INTEGERS:
        raise DTypeError(f"expected {name} to be integers; got {dtype}. Cast to int32.")


def _common_dtype(op: Op, home: Any, args: Sequence[Any]) -> str | None:
    arrays = [x for position in op.promoted for x in _listed(args[position]) if x is not None]
    if not arrays:
        return None
    dtypes = [type(x) if type(x) in WEAK else home.dtype(_at_home(x, home)) for x in arrays]
    if int in dtypes and all(kind in WEAK or kind == "bool" for kind in dtypes):  # no array says how wide to compute
        dtypes = [kind if kind is not int else _kind_of_integer(x) for kind, x in zip(dtypes, arrays, strict=True)]
    return op.promote(*dtypes)  # type: ignore[misc]


def _kind_of_integer(x: int) -> Any:
    return int if -(2**31) <= x < 2**31 else "int64"


def _listed(x: Any) -> list[Any]:
    return x if type(x) is list else [x]


def _at_home(x: Any, home: Any) -> Any:
    if x is None or (isinstance(x, home.array_types) and not is_swapped(x)):
        return x
    return home.asarray(x)


def in_dtype(x: Any, home: Any, dtype: str | None) -> Any:
    """An array or number as an array at home, in a dtype; None keeps the dtype."""
    if x is None:
        return None
    if type(x) in WEAK:
        return home.asarray(x, dtype)
    x = _at_home(x, home)
    return x if dtype is None or home.dtype(x) == dtype else home.cast(x, dtype)


def _specs_in(op: Op, args: Sequence[Any]) -> list[Spec]:
    return [x for position in op.positions for x in tree.flatten(args[position]) if isinstance(x, Spec)]


class Call:
    """A call of an op on Specs, by which its results know how they came about."""

    def __init__(self, op: Op, args: tuple[Any, ...]):
        self.op = op
        self.args = args
        self.outputs: Any = None
        """The Specs of the results."""
        self.node: Any = None
        """The place of the call in a graph of layers, if it got one."""

    def __repr__(self) -> str:
        return f"<call of {self.op.name}>"


class Symbolic(Interpreter):
    """Runs ops on Specs: finds shapes and dtypes, and remembers the calls."""

    level = 150  # above variables, so that a graph keeps these and not the values that they had
    array_types = (Spec,)

    def runner(self, op: Op) -> Run:
        def run(*args: Any) -> Any:
            call = Call(op, args)
            known = [_number(x, p.kind) for x, p in zip(args, op.parameters, strict=True)]
            if not all(getattr(x, "record_history", True) for i in op.positions for x in tree.flatten(args[i])):
                return infer(op, known)

            def produced(spec: Spec) -> Spec:
                return Spec(spec.shape, spec.dtype, producer=call)

            call.outputs = tree.map_structure(produced, infer(op, known))
            return call.outputs

        return run

    def spec(self, x: Spec | Dim) -> Spec:
        return x if isinstance(x, Spec) else Spec((), "int32")

    def to_numpy(self, x: Spec | Dim) -> np.ndarray:
        return x.__array__() if isinstance(x, Spec) else np.asarray(int(x))

    def asarray(self, x: Any, dtype: str | None = None) -> Spec:
        """The Spec of any array or number."""
        if type(x) in WEAK:
            x = host_array(x, dtype)
        spec = spec_of(x)
        return spec if dtype is None else self.cast(spec, dtype)

    def cast(self, x: Spec, dtype: str) -> Spec:
        """The Spec with another dtype."""
        return Spec(x.shape, dtype)

    def dtype(self, x: Spec) -> str:
        """The dtype of a Spec."""
        return x.dtype


SYMBOLIC = Symbolic()
interprets(Spec, SYMBOLIC)
interprets(Dim, SYMBOLIC)


def _number(x: Any, kind: str) -> Any:
    """A size that is computed with, as some number: only its dtype counts, unless the op wants to know values."""
    return 1 if isinstance(x, Dim) and kind == "Array" else x


MOVES = frozenset({"reshape", "expand_dims", "squeeze"})
"""The ops that strings go through."""


def not_for_text() -> DTypeError:
    """The error for an op on strings."""
    return DTypeError(
        "expected numbers; got strings, which stay on the host. Make numbers of them first, by a layer such as "
        "StringLookup, Hashing or TextVectorization."
    )


def infer(op: Op, args: Sequence[Any]) -> Any:
    """Specs of the results of a call, or the error that says what is wrong with it."""
    try:
        if op.name not in MOVES and any(x.dtype == TEXT for x in _specs_in(op, args)):
            raise not_for_text()
        prepared = prepare(op, SYMBOLIC, args)
        return (op.infer or op.body)(*prepared)  # type: ignore[misc]
    except OpError as mistake:
        raise mistake if mistake.op and op.takes_functions else mistake.named(op.name) from None


def spec_of(x: Any) -> Spec:
    """Shape and dtype of any array or number.

    >>> spec_of([[1.0, 2.0]])
    Spec((1, 2), 'float32')
    """
    kind = kind_of(type(x))
    if isinstance(kind, Interpreter):
        return kind.spec(x)
    if isinstance(kind, Backend):
        return Spec((size if isinstance(size, int) else None for size in kind.shape(x)), kind.dtype(x))
    if kind is HOST:
        return Spec(x.shape, canonical(x.dtype))
    array = host_array(x)
    return Spec(array.shape, canonical(array.dtype))
