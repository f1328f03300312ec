"""What is checked of each op, on any backend."""

from __future__ import annotations

import contextlib
import inspect
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import polykeras
from polykeras import ops, tree
from polykeras.backend import Backend, load, numpy_dtype, using
from polykeras.dtypes import COMPLEXES, FLOATS, INEXACT, canonical
from polykeras.errors import OpError
from polykeras.settings import EMBEDDED
from polykeras.spec import Dim, Spec, dim, evaluate
from polykeras.symbolic import spec_of

from .case import Case, Sample

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
    """How much is tried of each op where a framework compiles whatever is tried."""

    is_thorough = False

    def is_limited(self, backend: Backend) -> bool:
        """Whether to leave out what mostly repeats what has been tried before."""
        return backend.traces and not self.is_thorough


EFFORT = Effort()


def dtypes_of(case: Case, sample: Sample, backend: Backend) -> list[str]:
    """The dtypes in which to try a sample on a backend: the first samples in all that the case promises."""
    number = case.samples.index(sample) if sample in case.samples else 0
    if sample.dtypes:
        chosen = sample.dtypes
    elif EFFORT.is_limited(backend):
        chosen = case.dtypes[number % 2 :][:1] or case.dtypes[:1] if number else case.dtypes
    else:
        chosen = case.dtypes if number < 3 else case.dtypes[:2]
    return [dtype for dtype in chosen if dtype in backend.dtypes]


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


def reference_of(case: Case, sample: Sample, arguments: Any) -> list[np.ndarray]:
    """What the reference gives, computed in float64 unless it depends on the dtype."""
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
    try:
        yield
    except AssertionError:
        return
    raise AssertionError(f"the gap {sample.gap!r} of {backend.name} has closed: take it out of the backend's gaps")


# The checks ------------------------------------------------------------------------------------------------


def check_values(case: Case, backend: Backend) -> dict[str, float]:
    """Values against the reference; shape and dtype against the op's own rule.

    Returns:
        For each dtype of results the largest error, in the units in which the op's row bounds it.
    """
    errors: dict[str, float] = {}
    for number, sample in enumerate(case.samples):
        if number > 1 and EFFORT.is_limited(backend) and case.compiled and sample.compiled:
            continue  # `check_compiled` looks at it, in one program with the others
        for dtype in dtypes_of(case, sample, backend):
            arguments = case.arguments(sample, dtype)
            with using(backend), excused(sample, backend):
                results = case.call(*at_home(arguments, backend), **sample.params)
                for name, error in check_results(case, sample, arguments, results, dtype):
                    errors[name] = max(errors.get(name, 0.0), error)
                check_specs(case, sample, arguments, results, dtype)
    return errors


def check_body(case: Case, backend: Backend) -> None:
    """The body of a composed op that the reference backend overrides: it is what all kernels are held to."""
    if case.op.body is None or backend is not reference() or backend.kernel(case.name) is None:
        return
    kernels = backend.kernels
    backend.kernels = {name: kernel for name, kernel in kernels.items() if name != case.name}
    case.op.table.clear()
    try:
        check_values(case, backend)
    finally:
        backend.kernels = kernels
        case.op.table.clear()


def check_results(case: Case, sample: Sample, arguments: Any, results: Any, dtype: str) -> list[tuple[str, float]]:
    """Results against the reference, and how far off those in floats are."""
    errors = []
    got, want = numpy_of(results), reference_of(case, sample, arguments)
    what = show(case, sample, dtype)
    assert len(got) == len(want), f"{what}: {len(got)} results, expected {len(want)}"
    for g, w in zip(got, want, strict=True):
        name = canonical(g.dtype)
        if name in INEXACT:
            w = rounded(w, name)
            measure = unit(case, sample, arguments, w, name)
            assert_close(g, w, bound(case, arguments) * measure, what)
            errors.append((name, _largest_error(g, w, measure)))
        else:
            assert_close(g, w, np.zeros(()), what)
    return errors


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


def check_memory_layout(case: Case, backend: Backend) -> None:
    """Arrays whose elements do not lie in order, against those whose do."""
    for sample, layout in itertools.product(case.samples[:3], (_backwards, np.asfortranarray)):
        dtype = dtypes_of(case, sample, backend)[0]
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
    """A function of the float arrays among the arguments to one number, which weighs all results differently."""
    leaves, structure = tree.take_apart(arguments)
    places = _float_places(arguments)

    def loss(*arrays: Any) -> Any:
        given = list(leaves)
        for place, array in zip(places, arrays, strict=True):
            given[place] = array
        total: Any = None
        for result in tree.flatten(case.call(*tree.put_together(structure, given), **sample.params)):
            if result is None or ops.dtype(result) not in INEXACT:
                continue
            count = math.prod(ops.shape(result))
            weights = (np.cos(np.arange(count) * 1.7) + 1.5).reshape(ops.shape(result))
            if ops.dtype(result) in COMPLEXES:
                parts = ops.multiply(ops.real(result), weights), ops.multiply(ops.imag(result), np.flip(weights))
                result, weights = ops.add(*parts), 1.0
            part = ops.sum(ops.multiply(result, weights))
            total = part if total is None else ops.add(total, part)
        return total

    return loss, [leaves[place] for place in places]


def _differences(function: Callable[..., float], arrays: list[np.ndarray]) -> list[np.ndarray]:
    """The gradient by central differences of fourth order."""
    step = 2.0**-10  # the error of the formula, step**4, balances that of rounding, eps / step
    gradients = []
    for number, array in enumerate(arrays):
        gradient = np.zeros(array.shape, array.dtype)
        for place, unit in itertools.product(np.ndindex(*array.shape), (1, 1j) if array.dtype.kind == "c" else (1,)):

            def moved(by: float, number: int = number, place: Any = place, unit: complex = unit) -> float:
                changed = [a.copy() for a in arrays]
                changed[number][place] += by * step * unit
                return float(function(*changed))

            gradient[place] += unit * (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * step)
        gradients.append(gradient)
    return gradients


def gradient_samples(case: Case) -> list[tuple[Sample, str]]:
    """The samples whose gradients are looked at, with the dtype in which."""
    if not case.differentiable or (not any(case.op.vjp) and case.op.body is None):
        return []
    return [
        (s, dtype)
        for s, dtype in itertools.product(case.samples, WIDEST)
        if (s.gradient or s.kink)
        and dtype in (s.dtypes or case.dtypes)
        and (dtype == "float64" or s.dtypes or s in case.samples[:3])
        and _float_places(case.arguments(s, dtype))
    ]


def _gradient(loss: Callable[..., Any], count: int) -> Callable[..., Any]:
    return ops.grad(loss, argnums=tuple(range(count)))


def _sum_of_squares(x: Any) -> Any:
    if ops.dtype(x) not in COMPLEXES:
        return ops.sum(ops.square(x))
    return ops.sum(ops.add(ops.square(ops.real(x)), ops.square(ops.imag(x))))


def _gradient_of_squares(loss: Callable[..., Any], count: int) -> Callable[..., Any]:
    def squares(*arrays: Any) -> Any:
        first, *others = [_sum_of_squares(g) for g in _gradient(loss, count)(*arrays)]
        for other in others:
            first = ops.add(first, other)
        return first

    return _gradient(squares, count)


def gradients(
    case: Case, samples: list[tuple[Sample, str]], backend: Backend, derive: Callable[..., Any]
) -> list[list[np.ndarray]]:
    """The gradients of samples on a backend, in float64. A backend that traces gets them as one program."""
    losses = [_loss(case, sample, case.arguments(sample, dtype)) for sample, dtype in samples]

    def every(given: list[list[Any]]) -> list[Any]:
        return [derive(loss, len(arrays))(*arrays) for (loss, _), arrays in zip(losses, given, strict=True)]

    with using(backend):
        compiled = backend.traces and case.compiled and all(sample.compiled for sample, _ in samples)
        function = polykeras.compile(every) if compiled else every
        return [numpy_of(found) for found in function([at_home(arrays, backend) for _, arrays in losses])]


def check_gradients(case: Case, backend: Backend) -> None:
    """First derivatives: on NumPy against differences, elsewhere against NumPy."""
    samples = gradient_samples(case)[: 6 if EFFORT.is_limited(backend) else None]
    _compare(case, samples, backend, _gradient, 1e-12, "gradient")
    if backend is reference():
        for sample, dtype in samples:
            if not sample.kink:
                _compare_with_differences(case, sample, dtype, backend)


def check_second_gradients(case: Case, backend: Backend) -> None:
    """Second derivatives: on NumPy against differences of the first, elsewhere against NumPy."""
    if not case.second:
        return
    count = 2 if EFFORT.is_limited(backend) else 6
    samples = [(sample, dtype) for sample, dtype in gradient_samples(case) if not sample.kink][:count]
    _compare(case, samples, backend, _gradient_of_squares, 1e-11 * case.curvature, "second derivative")
    if backend is reference():
        for sample, dtype in samples:
            _compare_with_second_differences(case, sample, dtype, backend)


def _compare(
    case: Case, samples: list[tuple[Sample, str]], backend: Backend, derive: Any, share: float, what: str
) -> None:
    """Derivatives on a backend against those on NumPy."""
    if not samples:
        return
    found = gradients(case, samples, backend, derive)
    wanted = gradients(case, samples, reference(), derive)
    for (sample, dtype), f, w in zip(samples, found, wanted, strict=True):
        compare_gradients(f, w, share * max(case.op.ulp, 1), f"{what} of {show(case, sample, dtype)}")


def _compare_with_differences(case: Case, sample: Sample, dtype: str, backend: Backend) -> None:
    loss, arrays = _loss(case, sample, case.arguments(sample, dtype))
    with using(backend):
        found, want = numpy_of(_gradient(loss, len(arrays))(*arrays)), _differences(loss, arrays)
    share = 1e-8  # step**4 times a fifth derivative, and eps / step
    compare_gradients(found, want, share, f"gradient of {show(case, sample, dtype)} against differences")


def _compare_with_second_differences(case: Case, sample: Sample, dtype: str, backend: Backend) -> None:
    loss, arrays = _loss(case, sample, case.arguments(sample, dtype))
    gradient = _gradient(loss, len(arrays))

    def squares(*arrays: np.ndarray) -> float:
        return float(sum(np.sum(np.square(np.abs(g))) for g in gradient(*arrays)))

    with using(backend):
        found, want = numpy_of(_gradient_of_squares(loss, len(arrays))(*arrays)), _differences(squares, arrays)
    share = 1e-7  # as for the first, of what is itself squared
    compare_gradients(found, want, share, f"second derivative of {show(case, sample, dtype)} against differences")


def compare_gradients(found: list[np.ndarray], want: list[np.ndarray], share: float, what: str) -> None:
    """Gradients, up to a share of the largest number among them."""
    for number, (f, w) in enumerate(zip(found, want, strict=True)):
        finite = np.abs(w[np.isfinite(w)])
        scale = max(float(finite.max()) if finite.size else 0.0, 1.0)
        assert_close(f, w, np.full((), share * scale), f"{what}, argument {number}")


def check_compiled(case: Case, backend: Backend) -> None:
    """A compiled call against the reference, and that the second call does not trace again."""
    if not case.compiled:
        return
    traces = 0
    samples = [sample for sample in case.samples if sample.compiled]
    arguments = [case.arguments(sample, dtypes_of(case, sample, backend)[0]) for sample in samples]

    def all_samples(given: list[Any]) -> list[Any]:
        nonlocal traces
        traces += 1
        return [case.call(*args, **sample.params) for args, sample in zip(given, samples, strict=True)]

    compiled = polykeras.compile(all_samples)
    with using(backend):
        given = at_home(arguments, backend)
        first = compiled(given)
        count = traces
        second = compiled(given)
    if backend.traces:
        assert traces == count, f"{case.name}: the second call of the compiled function traced it again"
    for sample, args, one, other in zip(samples, arguments, first, second, strict=True):
        dtype = dtypes_of(case, sample, backend)[0]
        with excused(sample, backend):
            check_results(case, sample, args, one, dtype)
            check_specs(case, sample, args, one, dtype)
        for a, b in zip(numpy_of(one), numpy_of(other), strict=True):
            np.testing.assert_array_equal(a, b)


def check_mistakes(case: Case, backend: Backend) -> None:
    """Ill-formed calls: the same class of error and the same message as on Specs."""
    for mistake in case.mistakes:
        arguments = case.arguments(mistake, (mistake.dtypes or ("float32",))[0])
        with pytest.raises(OpError) as expected:
            case.call(*tree.map_structure(as_spec, arguments), **mistake.params)
        with using(backend), pytest.raises(OpError) as found:
            case.call(*at_home(arguments, backend), **mistake.params)
        same = type(found.value) is type(expected.value) and str(found.value) == str(expected.value)
        assert same, f"{found.value!r}, expected {expected.value!r}"
        assert str(found.value).startswith(f"{case.public.__name__}: "), f"{found.value} does not name the op"
