"""How far rounding may carry the results of a function: the errors that the table allows each op, sent through it.

The function runs on NumPy in float64, a few times, and the result of every op in it is moved by as much as the op's row
allows in the dtype that is asked about, in directions drawn at random. How far that moves the results is how far apart
two correct backends may be, however well or badly conditioned the function is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import ops, tree
from ..backend import Backend, host_array, load, numpy_dtype, using
from ..dtypes import INEXACT, real_of
from ..interpreters import ABSENT, SCALAR, Interpreter, Run, interprets, kind_or_none
from ..op import Op, give_operators
from ..settings import EMBEDDED
from ..spec import Spec, prod
from ..symbolic import infer, spec_of
from ..tape import run_body

EPSILON = {"bfloat16": 2.0**-7, "float16": 2.0**-10, "float32": 2.0**-23, "float64": 2.0**-52}
SMALLEST = {"bfloat16": 2.0**-126, "float16": 2.0**-14, "float32": 2.0**-126, "float64": 2.0**-1022}
RUNS = 5
"""How often a function runs with other directions: five draws hardly ever all come out small."""
MARGIN = 4.0
"""How many times farther than in these runs a result may be: they show a typical distance, and not the largest."""


@dataclass
class OpRecord:
    """A call of an op: what it was given, what came out, and how far off its row lets each result be."""

    op: Op
    args: list[Any]
    results: list[Any]
    units: list[np.ndarray]


@dataclass
class Shaking:
    """A run in which the results of ops are moved, or one in which they are only looked at."""

    random: np.random.Generator | None = None
    records: list[OpRecord] = field(default_factory=list)
    depth: int = 0

    def moved(self, value: np.ndarray, unit: np.ndarray) -> np.ndarray:
        """A result, moved by up to what its row allows."""
        if self.random is None:
            return value
        with np.errstate(all="ignore"):
            return value + unit * self.random.uniform(-1, 1, value.shape)


class Shaken:
    """An array on NumPy, wider than the dtype that it stands for."""

    __slots__ = ("__weakref__", "array", "meant", "shaking")

    def __init__(self, array: np.ndarray, meant: str, shaking: Shaking):
        self.array = array
        self.meant = meant
        self.shaking = shaking

    def __repr__(self) -> str:
        return f"<{self.meant} {self.array!r}>"

    shape = property(lambda self: self.array.shape, doc="The shape of the array.")
    dtype = property(lambda self: numpy_dtype(self.meant), doc="The dtype that it stands for.")
    ndim = property(lambda self: self.array.ndim, doc="The number of axes.")
    size = property(lambda self: prod(self.array.shape), doc="The number of elements.")
    T = property(lambda self: ops.transpose(self), doc="The array with its axes reversed.")

    def item(self) -> Any:
        """The only element, as a Python number."""
        return self.array.item()

    def __bool__(self) -> bool:
        return bool(self.array)

    def __int__(self) -> int:
        return int(self.array)

    def __float__(self) -> float:
        return float(self.array)

    def __index__(self) -> int:
        return self.array.__index__()

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        return (ops.get_item(self, number) for number in range(len(self.array)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.array.astype(self.dtype if dtype is None else dtype)


give_operators(Shaken, equality=True)


class Shaker(Interpreter):
    """Runs ops on NumPy in the widest dtype, and moves what comes out."""

    level = 10  # below the tape, so that gradients are moved too

    def spec(self, x: Shaken) -> Spec:
        return Spec(x.array.shape, x.meant)

    def home(self, x: Shaken) -> Backend:
        return load(EMBEDDED)

    def to_numpy(self, x: Shaken) -> np.ndarray:
        return x.__array__()

    def runner(self, op: Op) -> Run:
        body = run_body(op) if op.body is not None else None

        def run(*args: Any) -> Any:
            shaking = next(x.shaking for i in op.positions for x in tree.flatten(args[i]) if type(x) is Shaken)
            specs = infer(op, [_spec_of_argument(x) if i in op.positions else x for i, x in enumerate(args)])
            if body is not None and (op.takes_functions or not any(op.vjp)):
                shaking.depth += 1
                try:
                    results = body(*args)
                finally:
                    shaking.depth -= 1
                found = [_wide(x) for x in tree.flatten(results)]
            else:
                found = [_wide(x) for x in tree.flatten(_computed(op, args))]
            return _kept(op, args, specs, found, shaking)

        return run


interprets(Shaken, Shaker())


def _spec_of_argument(x: Any) -> Any:
    return tree.map_structure(lambda leaf: spec_of(leaf) if _is_array(leaf) else leaf, x)


def _is_array(x: Any) -> bool:
    """Whether this is an array of any kind, not a number."""
    return kind_or_none(type(x)) not in (None, ABSENT, SCALAR)


def _wide(x: Any) -> Any:
    """The numbers of any array, floats in float64."""
    if type(x) is Shaken:
        return x.array
    if not _is_array(x):
        return x
    array = np.asarray(ops.convert_to_numpy(x))
    return _widened(array)


def _widened(array: np.ndarray) -> np.ndarray:
    if array.dtype.name not in INEXACT:
        return array
    return array.astype("complex128" if array.dtype.kind == "c" else "float64")


def _computed(op: Op, args: Sequence[Any], by_body: bool = False) -> Any:
    """What the op gives on NumPy for wide arguments; by its body, where it has one, or as NumPy's kernel has it."""
    values = [tree.map_structure(_wide, x) if i in op.positions else x for i, x in enumerate(args)]
    with using(EMBEDDED), np.errstate(all="ignore"):
        return run_body(op)(*values) if by_body and op.body is not None else op.function(*values)


def _kept(op: Op, args: Sequence[Any], specs: Any, found: list[Any], shaking: Shaking) -> Any:
    """The results as arrays that stand for the dtypes that the op's row says, moved by what it allows."""
    wanted = tree.flatten(specs)
    units = [
        _unit(op, args, x, spec.dtype, place)
        for place, (x, spec) in enumerate(zip(found, wanted, strict=True))
        if isinstance(spec, Spec)
    ]
    if not shaking.depth and shaking.random is None:
        shaking.records.append(OpRecord(op, [tree.map_structure(_narrow, x) for x in args], list(found), units))
    moved = []
    for x, spec, unit in zip(found, wanted, units, strict=True):
        is_float = spec.dtype in INEXACT
        array = shaking.moved(x, unit) if is_float else np.asarray(x).astype(numpy_dtype(spec.dtype))
        moved.append(Shaken(np.asarray(array), spec.dtype, shaking))
    return tree.put_together(tree.take_apart(specs)[1], moved)


def again(record: OpRecord) -> OpRecord:
    """The same call with arguments as their dtypes hold them, and what it gives for these."""
    found = [_wide(x) for x in tree.flatten(_computed(record.op, record.args, by_body=True))]
    found = [x for x in found if x is not None]
    specs = tree.flatten(infer(record.op, [_spec_of_argument(x) for x in record.args]))
    units = [_unit(record.op, record.args, x, s.dtype, n) for n, (x, s) in enumerate(zip(found, specs, strict=True))]
    return OpRecord(record.op, record.args, [np.asarray(x) for x in found], units)


def _narrow(x: Any) -> Any:
    return x.__array__() if type(x) is Shaken else x


def _unit(op: Op, args: Sequence[Any], result: Any, dtype: str, place: int) -> np.ndarray:
    """How far from the exact number the op's row lets a backend be."""
    if dtype not in INEXACT or not isinstance(result, np.ndarray):
        return np.zeros(np.shape(result))
    with np.errstate(all="ignore"):
        size = np.abs(np.where(np.isfinite(result), result, 0.0))
        terms = 1
        if op.summands is not None:
            specs = [_spec_of_argument(x) if i in op.positions else x for i, x in enumerate(args)]
            terms = max(int(op.summands(*specs)), 1)
            size = np.maximum(size, _size_of_terms(op, args, result, place))
        real = real_of(dtype)
        return op.ulp * math.sqrt(terms) * EPSILON[real] * np.maximum(size, SMALLEST[real])


def _size_of_terms(op: Op, args: Sequence[Any], result: np.ndarray, place: int) -> Any:
    """What a sum would be if nothing in it cancelled: the op on the sizes of its arguments."""

    def sizes(x: Any) -> Any:
        wide = _wide(x)
        return np.abs(wide) if isinstance(wide, np.ndarray) and wide.dtype.name in INEXACT else wide

    values = [tree.map_structure(sizes, x) if i in op.positions else x for i, x in enumerate(args)]
    with using(EMBEDDED), np.errstate(all="ignore"):
        found = np.abs(_wide(tree.flatten(op.function(*values))[place]))
    return np.where(np.isfinite(found), found, 0.0) if found.shape == result.shape else 0.0


@dataclass
class Rounding:
    """The results of a function without rounding, how far it may carry them, and the calls of ops on the way."""

    results: list[np.ndarray]
    allowed: list[np.ndarray]
    records: list[OpRecord]


def rounding_of(function: Callable[..., Any], arguments: Sequence[Any]) -> Rounding:
    """How far rounding may carry the results of a function.

    Args:
        function: A function of arrays, written in ops, the same in every run.
        arguments: NumPy arrays, numbers, and structures of them, in the dtypes that are asked about.

    Returns:
        For each array among the results its exact value and the distance that is allowed, and the calls of ops.

    >>> found = rounding_of(lambda x: ops.subtract(ops.add(x, 1000.0), 1000.0), [np.float32([0.5])])
    >>> bool(1e-5 < found.allowed[0][0] < 1e-3)
    True
    """
    exact = Shaking()
    results = _run(function, arguments, exact)
    farthest = [np.zeros(np.shape(x.array)) for x in results]
    for number in range(RUNS):
        shaking = Shaking(np.random.Generator(np.random.Philox(number)))
        for place, x in enumerate(_run(function, arguments, shaking)):
            with np.errstate(all="ignore"):
                away = np.abs(np.asarray(x.array - results[place].array, results[place].array.dtype))
            farthest[place] = np.fmax(farthest[place], away.astype("float64"))
    allowed = [MARGIN * _at_least_typical(away) for away in farthest]
    return Rounding([x.array for x in results], allowed, exact.records)


def records_of(function: Callable[..., Any], arguments: Sequence[Any]) -> list[OpRecord]:
    """The calls of ops in a function.

    Args:
        function: A function of arrays, written in ops.
        arguments: NumPy arrays, numbers, and structures of them.

    Returns:
        The calls in order.

    >>> [record.op.name for record in records_of(lambda x: ops.exp(ops.tanh(x)), [np.ones(2)])]
    ['tanh', 'exp']
    """
    looking = Shaking()
    _run(function, arguments, looking)
    return looking.records


def _at_least_typical(away: np.ndarray) -> np.ndarray:
    """The distances, none shorter than what is usual in its array: a short one may be luck."""
    finite = away[np.isfinite(away)]
    usual = float(np.sqrt(np.mean(np.square(finite)))) if finite.size else 0.0
    return np.fmax(away, usual)


def _run(function: Callable[..., Any], arguments: Sequence[Any], shaking: Shaking) -> list[Shaken]:
    def shaken(x: Any) -> Any:
        if not isinstance(x, (np.ndarray, np.generic)):
            return x
        array = np.asarray(x)
        return Shaken(_widened(array), array.dtype.name, shaking)

    with using(EMBEDDED):
        results = tree.flatten(function(*tree.map_structure(shaken, list(arguments))))
    return [_as_shaken(x, shaking) for x in results if x is not None]


def _as_shaken(x: Any, shaking: Shaking) -> Shaken:
    if type(x) is Shaken:
        return x
    array = np.asarray(ops.convert_to_numpy(x)) if ops.is_tensor(x) else host_array(x)
    return Shaken(_widened(array), array.dtype.name, shaking)
