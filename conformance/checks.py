"""What is checked of each op, on any backend."""

from __future__ import annotations

import contextlib
import functools
import inspect
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import polykeras
from polykeras import ops, tree
from polykeras.backend import Backend, current, load, numpy_dtype, using
from polykeras.dtypes import COMPLEXES, FLOATS, INEXACT, canonical
from polykeras.errors import OpError
from polykeras.settings import EMBEDDED
from polykeras.spec import Dim, Spec, dim, evaluate
from polykeras.symbolic import spec_of
from polykeras.testing.gradients import slopes

from .case import Case, Sample
from .ledger import LEDGER

EPS = {"bfloat16": 2.0**-7, "float16": 2.0**-10, "float32": 2.0**-23, "float64": 2.0**-52}
EPS |= {"complex64": EPS["float32"], "complex128": EPS["float64"]}
TINY = {"bfloat16": 2.0**-126, "float16": 2.0**-14, "float32": 2.0**-126, "float64": 2.0**-1022}

TINY |= {"complex64": TINY["float32"], "complex128": TINY["float64"]}
COMPLEX_ULP = 4.0  # an operation on complex numbers is several on real ones, each of which rounds
WIDEST = ("float64", "complex128")  # where derivatives are looked at


def reference() -> Backend:
    """The backend whose gradients are held against differences, and those of the others against its own."""
    return load(EMBEDDED)


class Effort:
    """How much is tried where a framework compiles whatever is tried.

    With limited effort the rule is that nothing is compiled twice for one reason. Kernels have every sample, and of
    derivatives, which are the framework's own, some; a body made of other ops has one call, in a compiled function, and
    nothing besides, because its ops have cases of their own and backends without compilers try all of it.
    """

    is_thorough = False
    dtypes: tuple[str, ...] = ()
    """The dtypes in which ops are to be tried; none for all."""

    def is_limited(self, backend: Backend) -> bool:
        """Whether to leave out what mostly repeats what is tried elsewhere."""
        return backend.traces and not self.is_thorough

    def trusts_body(self, case: Case, backend: Backend) -> bool:
        """Whether to try little of an op, because the backend runs its body."""
        runs_body = backend.kernel(case.name) is None or case.name in backend.compiled_bodies
        return self.is_limited(backend) and runs_body

    def includes(self, dtype: str) -> bool:
        """Whether to try ops in a dtype."""
        return not self.dtypes or dtype in self.dtypes


EFFORT = Effort()


def dtypes_of(case: Case, sample: Sample, backend: Backend) -> Iterator[str]:
    """The dtypes in which to try a sample on a backend: the first samples in all that the case promises."""
    thorough = sample.dtypes or sample in case.samples[:3]
    for dtype in sample.dtypes or (case.dtypes if thorough else case.dtypes[:2]):
        if has_dtypes(case, dtype, backend) and EFFORT.includes(dtype):
            yield dtype


def has_dtypes(case: Case, dtype: str, backend: Backend) -> bool:
    """Whether a backend has a dtype, and what becomes of it there."""
    needs_complex128 = case.makes_complex and dtype == "float64"
    return dtype in backend.dtypes and (not needs_complex128 or "complex128" in backend.dtypes)


Call = tuple[Sample, str]
"""A sample and the dtype in which to try it."""


def all_calls(case: Case, backend: Backend) -> list[Call]:
    """Every sample in every dtype in which to try it."""
    return [(sample, dtype) for sample in case.samples for dtype in dtypes_of(case, sample, backend)]


def eager_calls(case: Case, backend: Backend) -> list[Call]:
    """What to call eagerly: everything, unless the effort is limited and `check_compiled` makes the same calls.

    A backend that traces runs the same kernels either way. What eager calls of them do besides depends on the kind and
    the width of dtypes, so that one of each is tried; eager calls of a body are those of other ops, and none is.
    """
    calls = all_calls(case, backend)
    if not EFFORT.is_limited(backend) or not case.compiled:
        return calls
    first = {_handling(dtype): (sample, dtype) for sample, dtype in reversed(calls)}
    chosen = [] if EFFORT.trusts_body(case, backend) else [call for call in calls if call in first.values()]
    return [call for call in calls if call in chosen or not call[0].compiled]


def _handling(dtype: str) -> tuple[bool, bool, bool]:
    """What eager calls make a difference by: floats and others, 64 bits, and less than 32 of a float."""
    is_inexact = dtype in INEXACT
    return is_inexact, dtype.endswith(("64", "128")), is_inexact and dtype.endswith("16")


def compiled_calls(case: Case, backend: Backend) -> list[Call]:
    """What to call in a compiled function: every sample in a dtype, and all dtypes that are not tried eagerly.

    With limited effort, of a body, which takes its dtypes from the ops that it is made of, the last sample that has
    numbers to tell, in its first dtype; and no call whose results are looked at beside their derivatives, but the first
    one. Otherwise samples with dtypes of their own are tried in each of them.
    """
    calls = [call for call in all_calls(case, backend) if case.compiled and call[0].compiled]
    if EFFORT.trusts_body(case, backend):
        firsts = [call for call in calls if call[1] == next(dtypes_of(case, call[0], backend), None)]
        telling = (call for call in reversed(firsts) if has_numbers(case, *call))
        return [next(telling, firsts[-1])] if firsts else []
    eager = {dtype for _, dtype in eager_calls(case, backend)}
    first = {dtype: (sample, dtype) for sample, dtype in reversed(calls) if dtype not in eager}
    others = list(first.values())
    limited = EFFORT.is_limited(backend)
    derived = gradient_samples(case, backend)[1:] if limited else []
    chosen = [
        (sample, dtype)
        for sample, dtype in calls
        if (sample, dtype) not in derived
        and ((sample.dtypes and not limited) or dtype == next(dtypes_of(case, sample, backend), None))
    ]
    return [call for call in calls if call in chosen or call in others]


def has_numbers(case: Case, sample: Sample, dtype: str) -> bool:
    """Whether a result has a number by which a wrong one could be told: neither 0 nor infinite nor NaN."""
    results = reference_of(case, sample, dtype)
    return any(bool((np.isfinite(x) & (x != 0)).any()) for x in results if x.dtype.kind in "biufc")


def at_home(arguments: Any, backend: Backend) -> Any:
    """The same arguments with every array on a backend."""
    return tree.map_structure(lambda x: backend.asarray(x) if isinstance(x, np.ndarray) else x, arguments)


def as_wide(x: Any) -> Any:
    """An array of floats or complex numbers in 64 bits each, anything else as it is."""
    if isinstance(x, np.ndarray) and x.dtype.name in INEXACT:
        return x.astype("complex128" if x.dtype.kind == "c" else "float64")
    return x


def as_spec(x: Any) -> Any:
    """The shape and dtype of an array, anything else as it is."""
    return Spec(x.shape, canonical(x.dtype)) if isinstance(x, np.ndarray) else x


def numpy_of(results: Any) -> list[np.ndarray]:
    """The arrays of a result as NumPy arrays."""
    return [np.asarray(ops.convert_to_numpy(x)) for x in tree.flatten(results) if x is not None]


@functools.cache
def reference_of(case: Case, sample: Sample, dtype: str) -> list[np.ndarray]:
    """What the reference gives, computed in float64 unless it depends on the dtype."""
    arguments = case.arguments(sample, dtype)
    if not case.exact_input:
        arguments = tree.map_structure(as_wide, arguments)
    with np.errstate(all="ignore"):
        results = case.reference(*arguments, **sample.params)
    return [np.asarray(x) for x in tree.flatten(results) if x is not None]


def summands(case: Case, sample: Sample, arguments: Any) -> int:
    """How many numbers the op adds up for one element of its result."""
    if case.op.summands is None:
        return 1
    given = inspect.signature(case.op.function).bind(*arguments, **sample.params)
    given.apply_defaults()
    values = list(given.arguments.values())
    for position in case.op.positions:
        values[position] = tree.map_structure(lambda x: None if x is None else spec_of(x), values[position])
    return case.op.summands(*values)


def unit(case: Case, sample: Sample, arguments: Any, want: np.ndarray, dtype: str) -> np.ndarray:
    """What the error of a result in a dtype is measured in: by the op's row it may be `ulp` of these."""
    wide = tree.map_structure(as_wide, arguments)
    with np.errstate(all="ignore"):
        size = np.abs(want)
        if case.magnitude is not None:
            size = np.maximum(size, np.abs(case.magnitude(*wide, **sample.params)))
        growth = math.sqrt(max(summands(case, sample, arguments), 1))
        return np.where(np.isinf(size), 0.0, growth * EPS[dtype] * np.maximum(size, TINY[dtype]))


def bound(case: Case, arguments: Any) -> float:
    """How many units a result may be off: what the op's row says, and some more where numbers are complex."""
    with_complex = any(x.dtype.kind == "c" for x in tree.flatten(arguments) if isinstance(x, np.ndarray))
    return case.op.ulp + (COMPLEX_ULP if with_complex else 0.0)


def assert_close(got: np.ndarray, want: np.ndarray, allowed: np.ndarray, what: str) -> None:
    """Same shape, the same infinities and NaNs in the same places, and numbers within bounds."""
    assert got.shape == want.shape, f"{what}: shape {got.shape}, expected {want.shape}"
    LEDGER.compare(got, want, allowed, what)
    is_complex = got.dtype.kind == "c"
    got, want = (x if x.dtype.kind == "c" else x.astype("float64") for x in (got, want))
    with np.errstate(all="ignore"):
        wrong = np.abs(got - want) > allowed
        wrong |= np.isnan(got) != np.isnan(want)
        wrong |= np.isinf(want) & (~np.isinf(got) if is_complex else got != want)  # complex infinity is one point
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        share = np.broadcast_to(allowed, want.shape)[place]
        raise AssertionError(
            f"{what}: {wrong.sum()} of {wrong.size} elements are off; at {place}: {got[place]!r}, expected "
            f"{want[place]!r} within {share:.3g} (off by {abs(got[place] - want[place]):.3g})"
        )


def rounded(want: np.ndarray, dtype: str) -> np.ndarray:
    """The reference as the dtype can hold it: too large numbers are infinite."""
    if dtype not in FLOATS:
        return want
    with np.errstate(all="ignore"):
        narrow = want.astype(numpy_dtype(dtype))
    return np.where(np.isinf(narrow.astype("float64")), narrow.astype("float64"), want)


def show(case: Case, sample: Sample, dtype: str) -> str:
    """A call as a reader recognises it."""
    parts = [repr(x) for x in sample.args] + [f"{k}={v!r}" for k, v in sample.params.items()]
    return f"{case.name}({', '.join(parts)}) in {dtype}"


@contextlib.contextmanager
def excused(sample: Sample, backend: Backend) -> Iterator[None]:
    """Where a backend is known to fall short, see that it still does: a gap that has closed is to be crossed out."""
    if sample.gap not in backend.gaps:
        yield
        return
    before = dict(LEDGER.shares)
    try:
        yield
    except AssertionError:
        LEDGER.shares = before
        LEDGER.gaps[str(sample.gap)] = backend.gaps[str(sample.gap)]
        return
    raise AssertionError(f"the gap {sample.gap!r} of {backend.name} has closed: take it out of the backend's gaps")


# The checks ------------------------------------------------------------------------------------------------


def check_values(case: Case, backend: Backend) -> dict[str, float]:
    """Values of eager calls against the reference; shape and dtype against the op's own rule.

    Returns:
        For each dtype of results the largest error, in the units in which the op's row bounds it.
    """
    errors: dict[str, float] = {}
    for sample, dtype in eager_calls(case, backend):
        arguments = case.arguments(sample, dtype)
        with using(backend), excused(sample, backend):
            results = case.call(*at_home(arguments, backend), **sample.params)
            check_results(case, sample, arguments, results, dtype, errors)
            check_specs(case, sample, arguments, results, dtype)
    return errors


def has_hidden_body(case: Case, backend: Backend) -> bool:
    """Whether an op is composed, and the reference backend has a kernel for it."""
    return case.op.body is not None and backend is reference() and backend.kernel(case.name) is not None


def check_body(case: Case, backend: Backend) -> None:
    """The body of a composed op that the reference backend overrides: it is what all kernels are held to."""
    kernels = backend.kernels
    backend.kernels = {name: kernel for name, kernel in kernels.items() if name != case.name}
    case.op.table.clear()
    try:
        check_values(case, backend)
    finally:
        backend.kernels = kernels
        case.op.table.clear()


def check_results(
    case: Case, sample: Sample, arguments: Any, results: Any, dtype: str, errors: dict[str, float] | None = None
) -> None:
    """Results against the reference. How far off those in floats are is noted in `errors`."""
    with LEDGER.reproduced_by(lambda: reproduction(case, sample, dtype)):
        _check_results(case, sample, arguments, results, dtype, errors)


def reproduction(case: Case, sample: Sample, dtype: str) -> str:
    """Code that makes a call again, on the backend that is in use."""
    if sample not in case.samples:
        return ""
    call = f"{case.name!r}, {case.samples.index(sample)}, {dtype!r}, {current().name!r}"
    return f"from polykeras.conformance.reproducing import reproduce\n\nreproduce({call})"


def _check_results(
    case: Case, sample: Sample, arguments: Any, results: Any, dtype: str, errors: dict[str, float] | None
) -> None:
    got, want = numpy_of(results), reference_of(case, sample, dtype)
    what = show(case, sample, dtype)
    assert len(got) == len(want), f"{what}: {len(got)} results, expected {len(want)}"
    for g, w in zip(got, want, strict=True):
        name = canonical(g.dtype)
        if name in INEXACT:
            w = rounded(w, name)
            measure = unit(case, sample, arguments, w, name)
            assert_close(g, w, bound(case, arguments) * measure, what)
            if errors is not None:
                errors[name] = max(errors.get(name, 0.0), _largest_error(g, w, measure))
        else:
            assert_close(g, w, np.zeros(()), what)


def _largest_error(got: np.ndarray, want: np.ndarray, measure: np.ndarray) -> float:
    with np.errstate(all="ignore"):
        errors = np.abs(as_wide(got) - want) / measure
    return float(np.max(errors, initial=0.0, where=np.isfinite(errors)))


def check_specs(case: Case, sample: Sample, arguments: Any, results: Any, dtype: str) -> None:
    """What the rule for shapes and dtypes says, against what came out: for these sizes, and for symbolic ones."""
    what = show(case, sample, dtype)
    _compare_specs(case.call(*tree.map_structure(as_spec, arguments), **sample.params), results, {}, what)
    names: dict[str, int] = {}

    def symbolic(x: Any) -> Any:
        if not isinstance(x, np.ndarray) or not x.ndim or x.shape[0] < 2:
            return as_spec(x)
        name = f"n{x.shape[0]}"  # equal sizes have equal names, so that they go together as they did
        names[name] = x.shape[0]
        return Spec((dim(name), *x.shape[1:]), canonical(x.dtype))

    with contextlib.suppress(OpError):  # a rule may say that it needs a number
        _compare_specs(case.call(*tree.map_structure(symbolic, arguments), **sample.params), results, names, what)


def _compare_specs(expected: Any, results: Any, names: dict[str, int], what: str) -> None:
    for want, x in zip(tree.flatten(expected), tree.flatten(results), strict=True):
        if not isinstance(want, Spec):  # no array among the arguments, and so nothing to infer from
            continue
        found = spec_of(x)
        same = want.dtype == found.dtype and want.ndim == found.ndim
        for size, real in zip(want.shape, found.shape, strict=False):
            depends_on_values = isinstance(size, Dim) and not size.names() <= set(names)
            same = same and (depends_on_values or evaluate(size, names) == real)
        assert same, f"{what}: the rule says {want}, the result is {found}"


def _backwards(x: np.ndarray) -> np.ndarray:
    """The same array as every other element of another one, the first axis from its end."""
    view = np.zeros([size * 2 for size in x.shape], x.dtype)[(slice(None, None, 2),) * x.ndim][::-1]
    view[...] = x
    return view


def layout_calls(case: Case, backend: Backend) -> list[Call]:
    """What to call with arrays whose elements do not lie in order; bodies leave that to the ops within."""
    if EFFORT.trusts_body(case, backend):
        return []
    calls = eager_calls(case, backend)
    firsts = [(s, next(dtypes_of(case, s, backend), "")) for s in case.samples[:3]]
    return [call for call in firsts if call in calls]


def check_memory_layout(case: Case, backend: Backend) -> None:
    """Arrays whose elements do not lie in order, against those whose do."""
    for (sample, dtype), layout in itertools.product(layout_calls(case, backend), (_backwards, np.asfortranarray)):
        arguments = case.arguments(sample, dtype)
        scattered = tree.map_structure(
            lambda x, layout=layout: layout(x) if isinstance(x, np.ndarray) and x.ndim else x, arguments
        )
        with using(backend):
            results = case.call(*at_home(scattered, backend), **sample.params)
            check_results(case, sample, arguments, results, dtype)


def _float_places(arguments: Any) -> list[int]:
    leaves = tree.flatten(arguments)
    return [i for i, x in enumerate(leaves) if isinstance(x, np.ndarray) and x.dtype.name in WIDEST]


def _loss(case: Case, sample: Sample, arguments: Any) -> tuple[Callable[..., Any], list[np.ndarray]]:
    """A function of the float arrays among the arguments.

    It returns one number, which weighs all results differently, and the results.
    """
    leaves, structure = tree.take_apart(arguments)
    places = _float_places(arguments)

    def loss(*arrays: Any) -> Any:
        given = list(leaves)
        for place, array in zip(places, arrays, strict=True):
            given[place] = array
        total: Any = None
        results = tree.flatten(case.call(*tree.put_together(structure, given), **sample.params))
        for result in results:
            if result is None or ops.dtype(result) not in INEXACT:
                continue
            count = math.prod(ops.shape(result))
            weights = (np.cos(np.arange(count) * 1.7) + 1.5).reshape(ops.shape(result))
            if ops.dtype(result) in COMPLEXES:
                parts = ops.multiply(ops.real(result), weights), ops.multiply(ops.imag(result), np.flip(weights))
                result, weights = ops.add(*parts), 1.0
            part = ops.sum(ops.multiply(result, weights))
            total = part if total is None else ops.add(total, part)
        return total, results

    return loss, [leaves[place] for place in places]


def gradient_samples(case: Case, backend: Backend) -> list[tuple[Sample, str]]:
    """The samples whose gradients are looked at on a backend, with the dtype in which.

    With limited effort those at ties and kinks, and some of the others; of bodies whose gradient is that of their ops
    none of these.
    """
    if not case.differentiable or (not any(case.op.vjp) and case.op.body is None):
        return []
    calls = [
        (s, dtype)
        for s, dtype in itertools.product(case.samples, WIDEST)
        if (s.gradient or s.kink)
        and dtype in (s.dtypes or case.dtypes)
        and has_dtypes(case, dtype, backend)
        and EFFORT.includes(dtype)
        and (dtype == "float64" or s.dtypes or s in case.samples[:3])
        and _float_places(case.arguments(s, dtype))
    ]
    if not EFFORT.is_limited(backend):
        return calls
    plain = [(s, dtype) for s, dtype in calls if not s.kink and s.gap not in backend.gaps]
    variants = {repr([*s.params.items(), *filter(_is_setting, s.args)]): (s, dtype) for s, dtype in reversed(plain)}
    some = plain[:3] + list(variants.values())[-5:]
    if EFFORT.trusts_body(case, backend):
        some = plain[: 1 if case.op.own_gradient else 0]
    return [call for call in calls if call in some or call[0].kink or call[0].gap in backend.gaps]


def _is_setting(argument: Any) -> bool:
    return argument is None or isinstance(argument, (str, int, float))


def second_samples(case: Case, calls: list[Call], backend: Backend) -> list[Call]:
    """Of calls whose gradients are looked at, those whose second derivatives are, too."""
    found = [call for call in calls if case.second and not call[0].kink]
    if not EFFORT.is_limited(backend):
        return found[:6]
    return found[: 0 if EFFORT.trusts_body(case, backend) and not case.op.own_gradient else 1]


def _sum_of_squares(x: Any) -> Any:
    if ops.dtype(x) not in COMPLEXES:
        return ops.sum(ops.square(x))
    return ops.sum(ops.add(ops.square(ops.real(x)), ops.square(ops.imag(x))))


def _first(loss: Callable[..., Any], count: int) -> Callable[..., Any]:
    """The gradient of a loss, and its results."""
    return ops.grad(loss, argnums=tuple(range(count)), has_aux=True)


def _second(loss: Callable[..., Any], count: int) -> Callable[..., Any]:
    """The gradient of the sum of the squares of a loss's gradient; and that gradient, and the results."""
    gradient = _first(loss, count)

    def squares(*arrays: Any) -> Any:
        gradients, results = gradient(*arrays)
        first, *others = map(_sum_of_squares, gradients)
        for other in others:
            first = ops.add(first, other)
        return first, [gradients, results]

    return ops.grad(squares, argnums=tuple(range(count)), has_aux=True)


@dataclass(frozen=True)
class Derivatives:
    """The results of a call and its derivatives, as NumPy arrays."""

    results: list[np.ndarray]
    first: list[np.ndarray]
    second: list[np.ndarray]


def derivatives(case: Case, calls: list[Call], second: list[Call], backend: Backend) -> list[Derivatives]:
    """The derivatives of calls on a backend, of some the second ones; as one program where the backend traces."""
    losses = [_loss(case, sample, case.arguments(sample, dtype)) for sample, dtype in calls]

    def derive(call: Call, loss: Callable[..., Any], arrays: list[Any]) -> list[Any]:
        if call in second:
            twice, (once, results) = _second(loss, len(arrays))(*arrays)
            return [results, once, twice]
        once, results = _first(loss, len(arrays))(*arrays)
        return [results, once, ()]

    def every(given: list[list[Any]]) -> list[Any]:
        return [derive(call, loss, arrays) for call, (loss, _), arrays in zip(calls, losses, given, strict=True)]

    with using(backend):
        compiled = backend.traces and case.compiled and all(sample.compiled for sample, _ in calls)
        function = polykeras.compile(every) if compiled else every
        found = function([at_home(arrays, backend) for _, arrays in losses])
        return [Derivatives(*map(numpy_of, parts)) for parts in found]


@functools.cache
def _on_reference(case: Case, call: Call, twice: bool) -> Derivatives:
    """The derivatives of a call on the reference backend."""
    return derivatives(case, [call], [call] if twice else [], reference())[0]


def check_gradients(case: Case, backend: Backend) -> None:
    """Derivatives, on NumPy against differences and elsewhere against NumPy, and the results beside them."""
    calls = gradient_samples(case, backend)
    if not calls:
        return
    second = second_samples(case, calls, backend)
    found = derivatives(case, calls, second, backend)
    wanted = found if backend is reference() else [_on_reference(case, call, call in second) for call in calls]
    for (sample, dtype), f, w in zip(calls, found, wanted, strict=True):
        with excused(sample, backend):
            check_results(case, sample, case.arguments(sample, dtype), f.results, dtype)
        what, ulp = show(case, sample, dtype), max(case.op.ulp, 1)
        if backend is reference():
            if not sample.kink:
                _compare_with_differences(case, sample, dtype, f)
            continue
        compare_gradients(f.first, w.first, 1e-12 * ulp, f"gradient of {what}")
        compare_gradients(f.second, w.second, 1e-11 * case.curvature * ulp, f"second derivative of {what}")


def _compare_with_differences(case: Case, sample: Sample, dtype: str, found: Derivatives) -> None:
    """The derivatives on the reference backend against differences of values, and of first derivatives."""
    loss, arrays = _loss(case, sample, case.arguments(sample, dtype))
    gradient = _first(loss, len(arrays))

    def value(*arrays: np.ndarray) -> float:
        return float(loss(*arrays)[0])

    def squares(*arrays: np.ndarray) -> float:
        return float(sum(np.sum(np.square(np.abs(g))) for g in gradient(*arrays)[0]))

    what = f"{show(case, sample, dtype)} against differences"
    with using(reference()):
        # step**4 times a fifth derivative, and eps / step
        compare_slopes(found.first, slopes(value, arrays), 1e-8, f"gradient of {what}")
        if found.second:  # as for the first, of what is itself squared
            compare_slopes(found.second, slopes(squares, arrays), 1e-7, f"second derivative of {what}")


def compare_slopes(found: list[np.ndarray], wanted: list[tuple[np.ndarray, float]], share: float, what: str) -> None:
    """Gradients in the directions of slopes, up to a share of the largest number among them."""
    for number, (gradient, (direction, slope)) in enumerate(zip(found, wanted, strict=True)):
        assert gradient.shape == direction.shape, f"{what}: shape {gradient.shape}, expected {direction.shape}"
        along = np.real(np.sum(gradient * np.conjugate(direction)))
        finite = np.abs(gradient[np.isfinite(gradient)])
        scale = max(float(finite.max(initial=0.0)), abs(slope) if np.isfinite(slope) else 0.0, 1.0)
        assert_close(np.asarray(along), np.asarray(slope), np.full((), share * scale), f"{what}, argument {number}")


def compare_gradients(found: list[np.ndarray], want: list[np.ndarray], share: float, what: str) -> None:
    """Gradients, up to a share of the largest number among them."""
    for number, (f, w) in enumerate(zip(found, want, strict=True)):
        finite = np.abs(w[np.isfinite(w)])
        scale = max(float(finite.max()) if finite.size else 0.0, 1.0)
        assert_close(f, w, np.full((), share * scale), f"{what}, argument {number}")


def check_compiled(case: Case, backend: Backend) -> dict[str, float]:
    """Calls in a compiled function as `check_values` has them, and that the second call does not trace again.

    Returns:
        The largest errors, as `check_values` has them.
    """
    errors: dict[str, float] = {}
    calls = compiled_calls(case, backend)
    if not calls:
        return errors
    traces = 0
    arguments = [case.arguments(*call) for call in calls]

    def every(given: list[Any]) -> list[Any]:
        nonlocal traces
        traces += 1
        return [case.call(*args, **sample.params) for args, (sample, _) in zip(given, calls, strict=True)]

    compiled = polykeras.compile(every)
    with using(backend):
        given = at_home(arguments, backend)
        first = compiled(given)
        count = traces
        second = compiled(given)
    if backend.traces:
        assert traces == count, f"{case.name}: the second call of the compiled function traced it again"
    for (sample, dtype), args, one, other in zip(calls, arguments, first, second, strict=True):
        with using(backend), excused(sample, backend):
            check_results(case, sample, args, one, dtype, errors)
            check_specs(case, sample, args, one, dtype)
        for a, b in zip(numpy_of(one), numpy_of(other), strict=True):
            assert_close(b, a, np.zeros(()), f"the second call of {show(case, sample, dtype)}")
    return errors


def check_mistakes(case: Case, backend: Backend) -> None:
    """Ill-formed calls: the same class of error and the same message as on Specs."""
    for mistake in case.mistakes:
        arguments = case.arguments(mistake, (mistake.dtypes or ("float32",))[0])
        with pytest.raises(OpError) as expected:
            case.call(*tree.map_structure(as_spec, arguments), **mistake.params)
        ways = _ways_to_call(case, mistake, at_home(arguments, backend))
        if EFFORT.is_limited(backend):
            ways = ways[: 1 if EFFORT.trusts_body(case, backend) else 2]
        for way in ways:
            with using(backend), pytest.raises(OpError) as found:
                way()
            same = type(found.value) is type(expected.value) and str(found.value) == str(expected.value)
            assert same, f"{found.value!r}, expected {expected.value!r}"
            assert str(found.value).startswith(f"{case.public.__name__}: "), f"{found.value} does not name the op"


def _ways_to_call(case: Case, mistake: Sample, arguments: Any) -> list[Callable[[], Any]]:
    """The call, and its gradients with respect to all floats among its arguments, and to each of them."""
    given, places = tree.take_apart(arguments)
    floats = [i for i, x in enumerate(given) if hasattr(x, "shape") and ops.dtype(x) in FLOATS]

    def call(*leaves: Any) -> Any:
        arrays = dict(zip(floats, leaves, strict=True))
        args = [arrays.get(i, x) for i, x in enumerate(given)]
        return case.call(*tree.put_together(places, args), **mistake.params)

    leaves = [given[i] for i in floats]
    argnums = ([tuple(range(len(floats)))] if len(floats) > 1 else []) + [(i,) for i in range(len(floats))]
    gradients = [ops.grad(call, argnums=numbers) for numbers in argnums]
    return [functools.partial(way, *leaves) for way in (call, *gradients)]
