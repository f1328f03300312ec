"""Whether a function gives the same results on several backends, as far as rounding lets it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import ops, tree
from ..backend import Backend, available, host_array, load, numpy_dtype, using
from ..dtypes import canonical, is_float
from ..errors import ArgumentError, PolykerasError
from ..interpreters import kind_or_none
from ..layers.layer import Layer
from ..seeds import Keys
from ..settings import EMBEDDED
from ..spec import show_shape
from ..symbolic import spec_of
from .rounding import OpRecord, Rounding, again, rounding_of


def assert_backends_agree(
    fn: Callable[..., Any],
    *args: Any,
    backends: Sequence[str] | None = None,
    dtype: str | None = None,
    rtol: float | None = None,
) -> None:
    """Fail unless a function gives the same results on several backends.

    Draws without a seed get the same keys on each of them. A layer or model as the function goes from one to the next
    with its weights, and back in the end.

    Args:
        fn: A function of arrays that is written in ops, or a layer.
        *args: Arrays, numbers, and structures of them.
        backends: The names of the backends; None for all that are installed.
        dtype: The dtype in which to try it; None for that of the arguments.
        rtol: How far apart results may be, relative to each number. None for what rounding explains: the errors that
            the rows of the ops in the function allow, carried through it to the results.

    >>> assert_backends_agree(lambda x: ops.softmax(ops.square(x)), [[1.0, 2.0], [3.0, -4.0]])
    """
    if rtol is not None and not (isinstance(rtol, (int, float)) and rtol >= 0):
        raise ArgumentError(f"assert_backends_agree: expected rtol to be a number from 0; got {rtol!r}.")
    names = names_of(backends)
    comparison = Comparison(fn, given(args, dtype))
    results = {name: comparison.on(load(name)) for name in names}
    if not any(results.values()):
        raise ArgumentError(f"assert_backends_agree: expected arrays from {comparison.label}; it returned none.")
    _check_specs(comparison.label, results)
    if rtol is None:
        _check_within_rounding(comparison, results)
        return
    first, *others = names
    for name in others:
        for number, (f, w) in enumerate(zip(results[name], results[first], strict=True)):
            problem = difference(f, w, rtol * np.fmax(np.abs(wide(f)), np.abs(wide(w))))
            if problem:
                raise AssertionError(
                    f"{comparison.label}, result {number}: {name} and {first} are apart by more than rtol={rtol:g}: "
                    f"{problem}"
                )


def names_of(backends: Sequence[str] | None) -> list[str]:
    """The backends that were asked for, each once, or all that are installed."""
    if isinstance(backends, str):
        raise ArgumentError(f"expected backends to be a list of names, such as [{backends!r}]; got {backends!r}.")
    return list(dict.fromkeys(backends or available()))


class Comparison:
    """A function and arguments on which it runs on one backend after another, always with the same draws.

    Args:
        function: A function of arrays, or a layer.
        arguments: NumPy arrays, numbers, and structures of them.
        owner: The layer that is to go along; None for the function, if that is one.
    """

    def __init__(self, function: Callable[..., Any], arguments: Sequence[Any], owner: Any = None):
        self.function = function
        self.arguments = list(arguments)
        self.owner = function if owner is None else owner
        self.label = getattr(self.owner, "name", None) or getattr(self.owner, "__name__", None) or repr(self.owner)
        self.keys = Keys()
        """The draws that every run repeats."""

    def on(self, backend: Backend) -> list[np.ndarray]:
        """The arrays that the function gives on a backend."""
        with using(backend), self.moved(backend), self.keys.from_the_first():
            found = self.function(*at_home(self.arguments, backend))
            return [np.asarray(ops.convert_to_numpy(x)) for x in tree.flatten(found) if x is not None]

    @contextlib.contextmanager
    def moved(self, backend: Backend) -> Iterator[None]:
        """Have a layer be on a backend for a block, after which it has its place and values of before."""
        layer = self.owner
        if not isinstance(layer, Layer) or not layer.variables:
            yield
            return
        variables = list(layer.variables)  # the first call may make more
        home, values = variables[0].home, [variable.numpy() for variable in variables]
        layer.to_backend(backend)
        try:
            yield
        finally:
            layer.to_backend(home)
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)

    def rounding(self) -> Rounding:
        """The exact results, and how far from them rounding may carry those of a backend."""

        def run(*args: Any) -> Any:
            with self.keys.from_the_first():
                return self.function(*args)

        try:
            with self.moved(load(EMBEDDED)):
                return rounding_of(run, self.arguments)
        except PolykerasError as error:
            raise ArgumentError(
                f"{self.label}: expected a function of ops, whose rounding can be followed; got "
                f"{type(error).__name__}: {error} Give rtol=, how far apart results may be."
            ) from error


def given(args: Sequence[Any], dtype: str | None) -> list[Any]:
    """Arguments with every array and list of numbers as a NumPy array, floats in a dtype."""
    floats = None if dtype is None else numpy_dtype(canonical(dtype))

    def host(x: Any) -> Any:
        array = np.asarray(ops.convert_to_numpy(x)) if ops.is_tensor(x) else host_array(x)
        return array.astype(floats) if floats is not None and is_float(spec_of(array).dtype) else array

    def argument(x: Any) -> Any:
        leaves = tree.flatten(x) if isinstance(x, (list, tuple)) else []
        if leaves and all(isinstance(leaf, (bool, int, float, complex)) for leaf in leaves):
            return host(x)
        is_array = hasattr(x, "shape") and kind_or_none(type(x)) is not None
        if isinstance(x, (list, tuple, dict)):
            return type(x)(map(argument, x)) if not isinstance(x, dict) else {k: argument(v) for k, v in x.items()}
        return host(x) if is_array else x

    return [argument(x) for x in args]


def at_home(arguments: Any, backend: Backend) -> Any:
    """The same arguments with every NumPy array on a backend."""
    return tree.map_structure(lambda x: backend.asarray(x) if isinstance(x, np.ndarray) else x, arguments)


def wide(array: np.ndarray) -> np.ndarray:
    """The same numbers in 64 bits each."""
    return array.astype("complex128" if array.dtype.kind == "c" else "float64")


def difference(found: np.ndarray, wanted: np.ndarray, allowed: np.ndarray | float) -> str | None:
    """What to say of numbers that are not within bounds, or not of the same shape; None where all is well."""
    if found.shape != wanted.shape:
        return f"shape {show_shape(found.shape)}, expected {show_shape(wanted.shape)}"
    f, w = wide(found), wide(wanted)
    with np.errstate(all="ignore"):
        away = np.abs(f - w)
        same = (f == w) | (np.isnan(f) & np.isnan(w))
        wrong = ~same & ~(away <= allowed)
    if not wrong.any():
        return None
    limits = np.broadcast_to(allowed, w.shape)
    with np.errstate(all="ignore"):
        place = np.unravel_index(np.argmax(np.where(wrong, np.nan_to_num(away / limits, nan=np.inf), -1)), w.shape)
    at = tuple(int(i) for i in place)
    return (
        f"{wrong.sum()} of {wrong.size} numbers; at {at}: {f[at]:.9g} and {w[at]:.9g}, {away[at]:.3g} apart, where "
        f"{limits[at]:.3g} is allowed"
    )


def share(found: np.ndarray, wanted: np.ndarray, allowed: np.ndarray | float) -> float:
    """How much of what is allowed a difference takes: the largest share of any number."""
    f, w = wide(found), wide(wanted)
    with np.errstate(all="ignore"):
        same = (f == w) | (np.isnan(f) & np.isnan(w))
        shares = np.where(same, 0.0, np.nan_to_num(np.abs(f - w) / allowed, nan=np.inf))
    return float(shares.max(initial=0.0))


def _check_specs(name: str, results: dict[str, list[np.ndarray]]) -> None:
    """Results are as many, and of the same shapes and dtypes, on every backend."""
    first, *others = results
    for other in others:
        shown = [", ".join(f"{x.dtype.name}{show_shape(x.shape)}" for x in results[b]) for b in (other, first)]
        if shown[0] != shown[1]:
            raise AssertionError(f"{name}: {other} gives {shown[0] or 'nothing'}, {first} {shown[1] or 'nothing'}")


def _check_within_rounding(comparison: Comparison, results: dict[str, list[np.ndarray]]) -> None:
    rounding = comparison.rounding()
    problems, culprits = [], []
    for name, found in results.items():
        for number, (f, w, allowed) in enumerate(zip(found, rounding.results, rounding.allowed, strict=True)):
            problem = difference(f, w, allowed)
            if problem:
                problems.append(f"  {name}, result {number}: {problem}")
                culprits.append(name)
    if not problems:
        return
    fine = [name for name in results if name not in culprits]
    lines = [f"{comparison.label}: results are farther from the exact ones than rounding explains:", *problems]
    lines += [f"  {', '.join(fine)}: fine"] if fine else []
    for name in dict.fromkeys(culprits):
        lines.append(f"  {name}: {first_op_that_parts(rounding.records, load(name))}")
    raise AssertionError("\n".join(lines))


def first_op_that_parts(records: Sequence[OpRecord], backend: Backend) -> str:
    """The first op of some calls which on a backend gives something else than its row allows, each on good inputs."""
    for record in records:
        reference = again(record)
        arguments = ", ".join(_shown(x) for i, x in enumerate(record.args) if i in record.op.positions)
        try:
            with using(backend):
                results = tree.flatten(record.op.function(*at_home(record.args, backend)))
        except Exception as error:  # whatever the framework raises, it is what there is to report
            return f"the first op that fails is {record.op.name}({arguments}): {type(error).__name__}: {error}"
        found = [np.asarray(ops.convert_to_numpy(x)) for x in results if x is not None]
        for f, w, unit in zip(found, reference.results, reference.units, strict=True):
            problem = difference(f, w, unit)
            if problem:
                return f"the first op that parts is {record.op.name}({arguments}): {problem}"
    return "each op by itself is within the bound of its row"


def _shown(x: Any) -> str:
    def one(leaf: Any) -> str:
        return f"{leaf.dtype.name}{show_shape(leaf.shape)}" if isinstance(leaf, np.ndarray) else repr(leaf)

    return f"[{', '.join(map(one, tree.flatten(x)))}]" if isinstance(x, (list, tuple)) else one(x)
