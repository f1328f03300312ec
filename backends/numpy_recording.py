"""Writing down the kernels that a function runs on NumPy, while it runs.

A `Recorded` holds an array. Running an op on it runs the op on the array inside, and notes which kernels that took.
Values are known all the time, so that nothing is refused: who looks at one gets it, and the recording, which holds
for these values only, is marked as of no use for others.
"""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from polykeras import eager, tree
from polykeras.backend import Backend
from polykeras.interpreters import Interpreter, Run
from polykeras.op import OPS, Op, give_operators
from polykeras.spec import Spec
from polykeras.symbolic import prepare


class Recorded:
    """An array of a recording, under a number."""

    __slots__ = ("__weakref__", "array", "number", "recording")

    def __init__(self, array: Any, number: int, recording: Recording):
        self.array = array
        self.number = number
        self.recording = recording

    shape = property(lambda self: self.array.shape, doc="The shape of the array.")
    dtype = property(lambda self: self.array.dtype, doc="The dtype of the array.")
    ndim = property(lambda self: self.array.ndim, doc="The number of axes.")
    size = property(lambda self: self.array.size, doc="The number of elements.")
    T = property(lambda self: OPS["transpose"].function(self), doc="The array with its axes reversed.")

    def value(self) -> Any:
        """The array, for whoever wants to see its values."""
        self.recording.is_general = False
        return self.array

    def __getattr__(self, name: str) -> Any:
        return getattr(self.value(), name)

    def __repr__(self) -> str:
        return repr(self.value())

    def __bool__(self) -> bool:
        return bool(self.value())

    def __int__(self) -> int:
        return int(self.value())

    def __float__(self) -> float:
        return float(self.value())

    def __complex__(self) -> complex:
        return complex(self.value())

    def __index__(self) -> int:
        return self.value().__index__()

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Any:
        return (OPS["get_item"].function(self, i) for i in range(len(self.array)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = np.asarray(self.value(), dtype)
        return array.copy() if copy else array

    def __setitem__(self, key: Any, value: Any) -> None:
        self.value()[key] = value


give_operators(Recorded, equality=True)


def steps_in_order(shape: tuple[int, ...], itemsize: int = 1) -> tuple[int, ...]:
    """How far apart elements are along each axis where they lie one after the other, the last axis first."""
    return tuple(itemsize * math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


@dataclass(frozen=True)
class Slot:
    """What is known of an array before it is computed."""

    shape: tuple[int, ...]
    dtype: np.dtype
    strides: tuple[int, ...]
    owns_memory: bool


@dataclass(frozen=True)
class Place:
    """The number of an array, in the place of the array."""

    number: int


@dataclass(frozen=True)
class Step:
    """A call of a kernel."""

    kernel: Callable[..., Any]
    args: tuple[Any, ...]
    """The arguments, with a `Place` for what is computed."""
    outs: tuple[int, ...]
    structure: tree.Structure | None
    """How the results lie, if there is not just one."""
    consumes: bool = False
    """Whether it may write over its arguments."""


class Recording:
    """The kernels that a function ran, in order, and the arrays that went in and out of them."""

    longest = 20_000
    """How many kernels are written down: a plan of 27,000 took 13 seconds to prepare, and was no faster."""

    def __init__(self, arrays: Sequence[Any]):
        self.is_general = True
        self.slots: list[Slot] = []
        self.steps: list[Step] = []
        self.sharing: list[int] = []
        """For each array the number of an older one whose memory it may share, or its own."""
        self.constants: set[int] = set()
        """The arrays, by their oldest relative's number, that may share their memory with a constant."""
        self.made_of: dict[int, list[int]] = {}
        """For arrays that were made in memory of arguments, or in new memory, the numbers of these."""
        self.inputs: list[Recorded] = []
        for array in arrays:
            if any(array is other.array for other in self.inputs):  # another time it may be another one
                array = np.asarray(array).view()
            self.inputs.append(self.enter(array))
        for i, one in enumerate(self.inputs):
            for other in self.inputs[:i]:
                self._relate(one.number, one.array, other.array, other.number)

    def enter(self, array: Any) -> Recorded:
        """Give an array a number."""
        array, number = _itself(array), len(self.slots)
        owns = isinstance(array, np.generic) or (type(array) is np.ndarray and array.base is None)
        self.slots.append(Slot(array.shape, array.dtype, array.strides, owns))
        self.sharing.append(number)
        return Recorded(array, number, self)

    def expect(self, shape: tuple[int, ...], dtype: np.dtype) -> int:
        """Give a number to an array that is not there yet: a new one, its elements in their order."""
        self.slots.append(Slot(shape, dtype, steps_in_order(shape, dtype.itemsize), True))
        self.sharing.append(len(self.sharing))
        return self.sharing[-1]

    def oldest(self, number: int) -> int:
        """The first of the arrays that may share memory with this one."""
        while self.sharing[number] != number:
            number = self.sharing[number]
        return number

    def unite(self, one: int, other: int) -> None:
        """Note that two arrays may share memory."""
        first, second = sorted((self.oldest(one), self.oldest(other)))
        self.sharing[second] = first
        if second in self.constants:
            self.constants.add(first)

    def _relate(self, number: int, array: Any, other: Any, other_number: int | None) -> None:
        if type(array) is not np.ndarray or type(other) is not np.ndarray or not np.may_share_memory(array, other):
            return
        if other_number is None:
            self.constants.add(self.oldest(number))
        else:
            self.unite(number, other_number)

    def note(
        self,
        kernel: Callable[..., Any],
        args: Sequence[Any],
        out: Any,
        known: dict[int, Recorded],
        consumed: Sequence[Any] = (),
    ) -> Any:
        """Write down a call of a kernel; gives its results.

        Args:
            kernel: The kernel.
            args: Its arguments.
            out: What it gave.
            known: The recorded arrays among the arguments, by their identity; the results join them.
            consumed: The arguments whose memory it may have used for results, or use another time.

        Returns:
            The results, as recorded arrays.
        """
        leaves, structure = tree.take_apart(out)
        if any(not isinstance(x, (np.ndarray, np.generic)) for x in leaves) or len(self.steps) >= self.longest:
            self.is_general = False
        if not self.is_general:
            return out
        before = list(known.values())
        results = [known[id(x)] if id(x) in known else self.enter(x) for x in leaves]
        for x in tree.flatten(list(args)):
            source = known.get(id(x))
            for result in results:
                if result is not source:
                    self._relate(result.number, result.array, x, None if source is None else source.number)
                    if source is not None and any(x is one for one in consumed):
                        self.unite(result.number, source.number)
        if all(any(result is source for source in before) for result in results):
            return tree.put_together(structure, results)  # arguments as they are
        placed = tree.map_structure(lambda x: Place(known[id(x)].number) if id(x) in known else x, tuple(args))
        numbers = tuple(result.number for result in results)
        alone = structure == _LEAF
        self.steps.append(Step(kernel, placed, numbers, None if alone else structure, bool(consumed)))
        for result in results:
            known[id(result.array)] = result
            if consumed and not any(result is source for source in before):
                self.made_of[result.number] = [known[id(x)].number for x in consumed if id(x) in known]
        return tree.put_together(structure, results)


_LEAF = tree.take_apart(0)[1]


def recording_of(structure: Any) -> Recording:
    """The recording that the arrays of a structure belong to."""
    return next(x.recording for x in tree.flatten(structure) if type(x) is Recorded)


def opened(structure: Any, known: dict[int, Recorded]) -> Any:
    """The structure with the arrays themselves, which are noted as known."""

    def array_of(x: Any) -> Any:
        if type(x) is not Recorded:
            return x
        known[id(x.array)] = x
        return x.array

    return tree.map_structure(array_of, structure)


def _itself(x: Any) -> Any:
    """An array that is no other one: NumPy's truth values are the same two objects every time."""
    return np.asarray(x) if type(x) is np.bool_ else x


class _Watched(threading.local):
    calls: list[tuple[Callable[..., Any], tuple[Any, ...], Any]] | None = None


def watching(backend: Backend) -> Backend:
    """A backend that does the same as another, and says which kernels it ran."""
    watched = _Watched()

    def noted(kernel: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            calls, watched.calls = watched.calls, None
            try:
                out = tree.map_structure(_itself, kernel(*args))
            finally:
                watched.calls = calls
            if calls is not None:
                calls.append((kernel, args, out))
            return out

        return run

    @functools.cache
    def found(op: str) -> Callable[..., Any] | None:
        kernel = backend.kernel(op)
        return None if kernel is None else noted(kernel)

    class Watching(type(backend)):
        """A backend that says which kernels it ran."""

        def watch(self, run: Run, args: Sequence[Any]) -> tuple[Any, list[Any]]:
            """The results of a call, and the kernels that it took."""
            watched.calls = calls = []
            try:
                return run(*args), calls
            finally:
                watched.calls = None

        def kernel(self, op: str) -> Callable[..., Any] | None:
            return found(op)

        def call(self, kernel: Callable[..., Any], args: Sequence[Any]) -> Any:
            return noted(functools.partial(_call, backend, kernel))(*args)

        def cast(self, x: Any, dtype: str) -> Any:
            return noted(backend.cast)(x, dtype)

    return Watching()


def _call(backend: Backend, kernel: Callable[..., Any], *args: Any) -> Any:
    return backend.call(kernel, args)


class Recorder(Interpreter):
    """Runs ops on recorded arrays."""

    level = 10  # below the tape, whose rules are recorded too

    def __init__(self, backend: Backend, ways: Mapping[str, Callable[[Run], Run]]):
        self.backend = backend
        self._ways = ways
        """For some ops another way to run them, made of the usual one."""
        self._watching: Any = watching(backend)

    def spec(self, x: Recorded) -> Spec:
        return Spec(x.array.shape, self.backend.dtype(x.array))

    def home(self, x: Recorded) -> Backend:
        return self.backend

    def to_numpy(self, x: Recorded) -> np.ndarray:
        return np.asarray(x)

    def runner(self, op: Op) -> Run:
        if self.backend.kernel(op.name) is None or op.takes_functions:
            return self._body(op)
        run = functools.partial(self._run, op)
        return self._ways[op.name](run) if op.name in self._ways else run

    def _body(self, op: Op) -> Run:
        """The body of an op, on arguments as it wants them."""
        body = op.body
        assert body is not None
        if op.takes_values:
            return body
        return lambda *args: body(*prepare(op, self, args))

    array_types = (Recorded, np.ndarray, np.generic)

    def asarray(self, x: Any, dtype: str | None = None) -> Any:
        """Host data as an array."""
        return self.backend.asarray(x, dtype)

    def cast(self, x: Any, dtype: str) -> Any:
        """The array in another dtype."""
        return OPS["cast"].function(x, dtype)

    def dtype(self, x: Any) -> str:
        """The name of an array's dtype."""
        return self.backend.dtype(x)

    def _run(self, op: Op, *args: Any) -> Any:
        recording = recording_of([args[i] for i in op.positions])
        known: dict[int, Recorded] = {}
        given = list(args)
        for position in op.positions:
            given[position] = opened(args[position], known)
        types = tuple(type(x) for position in op.positions for x in _listed(given[position]))
        if op.name in _SIZED_BY_VALUES or any(x.recording is not recording for x in known.values()):
            recording.is_general = False
        if not recording.is_general:
            return _eager(op, self.backend, types)(*given)
        try:
            out, calls = self._watching.watch(_eager(op, self._watching, types), given)
        except Exception:  # what is wrong with the call, or how to go on nevertheless, the op itself knows
            calls = [(op.function, given, op.function(*given))]
        else:
            if not _explains(calls, given, out):
                calls = [(_eager(op, self.backend, types), given, out)]
        out = None
        for kernel, arrays, result in calls:
            out = recording.note(kernel, arrays, result, known)
        return out


_eager = functools.cache(eager.runner)


_SIZED_BY_VALUES = frozenset(["nonzero", "unique"])
"""The ops whose results have as many elements as the values of their arguments say."""


def _explains(calls: list[Any], given: Sequence[Any], out: Any) -> bool:
    """Whether the kernels that were noticed lead from the arguments of a call to its result."""
    if not calls or calls[-1][2] is not out:
        return False
    seen = {id(x) for x in tree.flatten(given)}
    for _, args, result in calls:
        if any(id(x) not in seen for x in tree.flatten(list(args)) if type(x) is np.ndarray and x.ndim):
            return False
        seen |= {id(x) for x in tree.flatten(result)}
    return True


def _listed(x: Any) -> Iterable[Any]:
    return x if type(x) is list else [x]
