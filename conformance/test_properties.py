"""What holds of every op for arrays of any shape, dtype and axis, drawn at random and shrunk where it does not hold."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from polykeras import tree
from polykeras.backend import Backend, numpy_dtype, using
from polykeras.dtypes import INEXACT, real_of
from polykeras.errors import OpError
from polykeras.op import OPS, Op, Parameter
from polykeras.spec import Spec

from . import checks
from .case import CASES

pytestmark = pytest.mark.level("ops")

DTYPES = ("float64", "float32", "int32", "bool", "int64", "uint8")
AXES = ("axis", "axes")


def is_drawn(parameter: Parameter) -> bool:
    """Whether this file knows how to make up an argument for it."""
    return (
        parameter.kind in ("Array", "Mask")
        or parameter.name in (*AXES, "keepdims")
        or parameter.default is not inspect.Parameter.empty
    )


SINGULAR = frozenset(
    [
        *("solve", "matrix_solve", "inv", "pinv", "lstsq", "det", "slogdet", "logdet", "matrix_rank"),
        *("cholesky", "lower_cholesky", "cholesky_inverse", "lu_factor", "pivoted_lu", "qr", "orthogonal_columns"),
        *("svd", "singular_vectors", "eigh", "eig", "norm", "solve_triangular", "triangular_solve"),
    ]
)
"""Ops on matrices: those drawn here are mostly singular, where rounding decides the result."""

NAMES = [
    name
    for name, op in OPS.items()
    if op.positions
    and all(map(is_drawn, op.parameters))
    and not op.takes_functions
    and CASES[name].drawn
    and name not in SINGULAR
]


@st.composite
def calls(draw: st.DrawFn, op: Op) -> dict[str, Any]:
    """Arguments of an op: arrays that mostly broadcast, and an axis that mostly exists."""
    wanted = [p for p in op.parameters if p.kind in ("Array", "Mask") and p.default is inspect.Parameter.empty]
    broadcast = arrays.mutually_broadcastable_shapes(num_shapes=len(wanted), max_dims=3, max_side=3, min_side=0)
    separate = st.tuples(*[arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3) for _ in wanted])
    alike = st.builds(lambda size, rank: [(size,) * rank for _ in wanted], st.integers(2, 3), st.integers(1, 3))
    shapes = draw(st.one_of(alike, broadcast.map(lambda found: found.input_shapes), separate))
    dtypes = [dtype for dtype in DTYPES if op.accepts is None or dtype in op.accepts.dtypes] or ["float64"]
    given_arguments: dict[str, Any] = {}
    for parameter, shape in zip(wanted, shapes, strict=True):
        dtype = "bool" if parameter.kind == "Mask" else draw(st.sampled_from(dtypes))
        # Quarters are exact in every dtype, and their sums and products too.
        integers = arrays.arrays("int8", shape, elements=st.integers(-8, 8), fill=st.nothing())
        quarters = draw(integers).astype("float64") / 4
        given_arguments[parameter.name] = np.asarray(
            np.abs(quarters) if dtype == "uint8" else quarters, numpy_dtype(dtype)
        )
    for parameter in op.parameters:
        if parameter.name in AXES:
            rank = max(map(len, shapes), default=0)
            there = st.integers(-rank, max(rank - 1, 0))
            given_arguments[parameter.name] = draw(st.one_of(there, st.none(), st.integers(-3, 3)))
        elif parameter.name == "keepdims":
            given_arguments[parameter.name] = draw(st.booleans())
        elif parameter.kind == "Seed":
            given_arguments[parameter.name] = 1
    return given_arguments


def outcome(function: Any, arguments: dict[str, Any]) -> Any:
    """The results of a call, or the error that it ends with."""
    try:
        return function(**arguments)
    except OpError as error:
        return error


@dataclass(frozen=True)
class Drawn:
    """A call that was drawn, what the rule for shapes and dtypes says of it, and what the reference backend gives."""

    name: str
    arguments: dict[str, Any]
    expected: Any
    wanted: Any

    @classmethod
    def of(cls, name: str, arguments: dict[str, Any]) -> Drawn:
        """A call of an op with some arguments."""
        function = OPS[name].function
        expected = outcome(function, {key: checks.as_spec(x) for key, x in arguments.items()})
        with using(checks.reference()), np.errstate(all="ignore"):
            return cls(name, arguments, expected, outcome(function, arguments))

    def numbers(self) -> int:
        """How many different numbers the reference's results have."""
        return 0 if isinstance(self.wanted, OpError) else sum(len(np.unique(x)) for x in checks.numpy_of(self.wanted))

    def check(self, backend: Backend) -> None:
        """The rule is right, and results and errors are those of the reference backend."""
        with using(backend):
            found = outcome(OPS[self.name].function, checks.at_home(self.arguments, backend))
            if isinstance(self.expected, OpError):
                assert repr(found) == repr(self.wanted) == repr(self.expected)
                return
            dtypes = {x.dtype.name for x in self.arguments.values() if _is_array(x)}
            if all(checks.has_dtypes(CASES[self.name], dtype, backend) for dtype in dtypes):
                compare(found, self.wanted, self.expected, self.arguments)


def for_any_call(name: str, check: Callable[[Drawn], None]) -> None:
    """Try a check on calls of an op that are drawn, the same in every run, and on smaller ones where it fails."""

    @settings(
        max_examples=100 if checks.EFFORT.is_thorough else 20,
        deadline=None,
        derandomize=True,
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large),
    )
    @given(calls(OPS[name]))
    def on_each(arguments: dict[str, Any]) -> None:
        check(Drawn.of(name, arguments))

    on_each()


@functools.cache
def drawn(name: str) -> list[Drawn]:
    """Calls of an op, which are drawn once for all backends."""
    found: list[Drawn] = []
    for_any_call(name, found.append)
    return found


@functools.cache
def few(name: str) -> list[Drawn]:
    """Four of the calls that are drawn: a refusal, and of the others those whose results have most to tell."""
    calls = drawn(name)
    refused = [call for call in calls if isinstance(call.expected, OpError)][:1]
    accepted = [call for call in calls if not isinstance(call.expected, OpError)]
    return [*refused, *sorted(accepted, key=Drawn.numbers, reverse=True)[: 4 - len(refused)]]


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in NAMES])
@pytest.mark.tries(of=lambda name, backend: not checks.EFFORT.trusts_body(CASES[name], backend))
def test_any_call(name: str, backend: Backend) -> None:
    """The rule for shapes and dtypes is right, and results and errors are those of the reference backend."""
    try:
        for call in few(name) if backend.traces else drawn(name):  # where each shape is a program
            call.check(backend)
    except AssertionError:
        for_any_call(name, lambda call: call.check(backend))
        raise


def compare(found: Any, wanted: Any, expected: Any, arguments: dict[str, Any]) -> None:
    """Results of the dtype and shape that the rule says, and the same as those of the reference."""
    assert not isinstance(found, OpError), f"{found!r}, where the rule says {expected}"
    assert not isinstance(wanted, OpError), f"{wanted!r} on the reference, where the rule says {expected}"
    sizes = [float(np.abs(np.asarray(x, "float64")).max(initial=1.0)) for x in arguments.values() if _is_array(x)]
    terms = max((x.size for x in arguments.values() if _is_array(x)), default=1)
    for spec, f, w in zip(tree.flatten(expected), checks.numpy_of(found), checks.numpy_of(wanted), strict=True):
        assert isinstance(spec, Spec)
        assert (f.shape, f.dtype) == (w.shape, w.dtype)
        assert f.dtype == numpy_dtype(spec.dtype)
        if all(isinstance(size, int) for size in spec.shape):
            assert f.shape == spec.shape
        if spec.dtype in INEXACT:
            # A handful of roundings, of numbers as large as products of the arguments and as many as their elements.
            size = np.maximum(np.abs(np.where(np.isfinite(w), w, 0)), np.prod(sizes) * max(terms, 1))
            checks.assert_close(f, w, 32 * checks.EPS[real_of(spec.dtype)] * size, "result")
        else:
            np.testing.assert_array_equal(f, w)


def _is_array(x: Any) -> bool:
    return isinstance(x, np.ndarray)
