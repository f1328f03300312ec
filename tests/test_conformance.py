"""Tests of the conformance suite: each kind of fault is planted, and the suite has to object."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from mutation.faults import faults

import polykeras.conformance.cases  # enters them
from polykeras import ops
from polykeras.backend import Backend
from polykeras.compilation import Compiled
from polykeras.conformance import checks
from polykeras.conformance.case import CASES, Case, array, sample
from polykeras.errors import ShapeError
from polykeras.op import OPS
from polykeras.spec import Spec


class Planting:
    """Puts faults into the table and into a backend, and takes them out again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self._monkeypatch = monkeypatch

    def into_kernel(self, backend: Backend, name: str, fault: Callable[..., Any]) -> None:
        """Have a backend compute an op as `fault(right, *args)`, where `right` is what computed it before."""
        right = backend.kernel(name) or OPS[name].body
        kernels = {**backend.kernels, name: lambda *args: fault(right, *args)}
        self._monkeypatch.setattr(backend, "kernels", kernels)
        forget()

    def into_row(self, name: str, **changes: Any) -> None:
        """Change a row of the table."""
        for field, value in changes.items():
            self._monkeypatch.setattr(OPS[name], field, value)
        forget()


def forget() -> None:
    """Let dispatch find out again who runs what."""
    for op in OPS.values():
        op.table.clear()


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Iterator[Planting]:
    yield Planting(monkeypatch)
    monkeypatch.undo()
    forget()


def not_caught_by(check: Callable[[Case, Backend], None], name: str, backend: Backend) -> None:
    """The check passes as long as nothing is planted, without which its objection would mean nothing."""
    check(CASES[name], backend)


def objects(check: Callable[[Case, Backend], None], name: str, backend: Backend, to: str) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception), match=to):
        check(CASES[name], backend)


def check_calls(case: Case, backend: Backend) -> None:
    """What the suite tries when it is not told to be thorough: eager calls, compiled ones, and derivatives."""
    checks.check_values(case, backend)
    checks.check_compiled(case, backend)
    checks.check_gradients(case, backend)


KERNEL_FAULTS = {
    "a share of 0.1%": ("tanh", lambda right, x: right(x) * 1.001, "elements are off"),
    "NaN taken for a number": (
        "exp",
        lambda right, x: ops.where(ops.isnan(right(x)), 0.0, right(x)),
        "elements are off",
    ),
    "another dtype": ("floor", lambda right, x: ops.cast(right(x), "float64"), "the rule says"),
    "keepdims forgotten": ("sum", lambda right, x, axis, keepdims: right(x, axis, False), "shape"),
    "negative axes miscounted": (
        "cumsum",
        lambda right, x, axis, *rest: right(x, axis if axis is None or axis >= 0 else axis + 1, *rest),
        "elements are off|shape|axis",
    ),
}


@pytest.mark.parametrize("fault", KERNEL_FAULTS)
def test_fault_in_a_kernel_is_caught(fault, backend, plant):
    name, kernel, objection = KERNEL_FAULTS[fault]
    not_caught_by(check_calls, name, backend)
    plant.into_kernel(backend, name, kernel)
    with pytest.raises(Exception, match=objection):
        check_calls(CASES[name], backend)


def test_fault_in_the_body_of_an_op_with_a_kernel_is_caught(plant):
    numpy = polykeras.backend.load("numpy")
    not_caught_by(checks.check_body, "sinh", numpy)
    plant.into_row("sinh", body=lambda x: ops.multiply(x, 1.0))
    objects(checks.check_body, "sinh", numpy, "elements are off")


def test_kernel_that_takes_memory_to_be_in_order_is_caught(plant):
    numpy = polykeras.backend.load("numpy")
    not_caught_by(checks.check_memory_layout, "negative", numpy)
    plant.into_kernel(numpy, "negative", lambda right, x: right(x.ravel("K")).reshape(x.shape))
    objects(checks.check_memory_layout, "negative", numpy, "elements are off")


def test_kernel_with_a_wrong_gradient_is_caught(backend, plant):
    def with_wrong_gradient(right: Any, x: Any) -> Any:
        return right(x) + (x - ops.stop_gradient(x)) * 1e-3

    not_caught_by(checks.check_gradients, "tanh", backend)
    if backend is checks.reference():  # its gradients come from the rows, not from kernels
        plant.into_row("tanh", vjp=(scaled(OPS["tanh"].vjp[0]),))
    else:
        plant.into_kernel(backend, "tanh", with_wrong_gradient)
    objects(checks.check_gradients, "tanh", backend, "gradient of tanh")


def scaled(rule: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: ops.multiply(rule(*args), 1.001)


@pytest.mark.parametrize(
    "name", ["add", "matmul", "softplus", "take", "window_max", "convolve", "where", "concatenate", "sqrt", "sum"]
)
def test_rule_off_by_a_thousandth_is_caught(name, plant):
    numpy = polykeras.backend.load("numpy")
    wrong = [scaled_any(rule) if rule is not None else None for rule in OPS[name].vjp]
    plant.into_row(name, vjp=tuple(wrong))
    objects(checks.check_gradients, name, numpy, "gradient of")


def scaled_any(rule: Callable[..., Any]) -> Callable[..., Any]:
    """The rule, all of whose cotangents are off by a thousandth."""
    return lambda *args: polykeras.tree.map_structure(
        lambda g: None if g is None else ops.multiply(g, 1.001), rule(*args)
    )


@pytest.mark.parametrize("place", [0, -1])
def test_rule_with_one_wrong_element_is_caught(place, plant):
    numpy = polykeras.backend.load("numpy")
    right = OPS["tanh"].vjp[0]
    assert right is not None

    def wrong(g: Any, out: Any, x: Any) -> Any:
        factor = np.ones(np.shape(x))
        factor.reshape(-1)[place : place + 1 or None] = 1.001
        return ops.multiply(right(g, out, x), factor)

    plant.into_row("tanh", vjp=(wrong,))
    objects(checks.check_gradients, "tanh", numpy, "^gradient of tanh")


def test_rule_without_a_second_derivative_is_caught(plant):
    numpy = polykeras.backend.load("numpy")
    right = OPS["tanh"].vjp[0]
    assert right is not None
    not_caught_by(checks.check_gradients, "tanh", numpy)
    plant.into_row("tanh", vjp=(lambda g, out, x: right(g, ops.stop_gradient(out), ops.stop_gradient(x)),))
    objects(checks.check_gradients, "tanh", numpy, "^second derivative of tanh")


INFER_FAULTS = {
    "another dtype": lambda right: lambda *args: Spec(right(*args).shape, "float64"),
    "axes in another order": lambda right: lambda *args: Spec(right(*args).shape[::-1], right(*args).dtype),
}


@pytest.mark.parametrize("fault", INFER_FAULTS)
@pytest.mark.parametrize("name", ["matmul", "transpose", "window_max"])
def test_fault_in_infer_is_caught(fault, name, backend, plant):
    not_caught_by(check_calls, name, backend)
    plant.into_row(name, infer=INFER_FAULTS[fault](OPS[name].infer))
    objects(check_calls, name, backend, "the rule says")


def test_infer_that_lets_a_mistake_pass_is_caught(backend, plant):
    not_caught_by(checks.check_mistakes, "concatenate", backend)
    plant.into_row("concatenate", infer=lambda xs, axis: xs[0])
    objects(checks.check_mistakes, "concatenate", backend, "DID NOT RAISE")


def test_mistake_in_other_words_is_caught(backend, plant):
    def particular(right: Any, *args: Any) -> Any:
        raise ShapeError("this backend has words of its own").named("matmul")

    not_caught_by(checks.check_mistakes, "matmul", backend)
    plant.into_kernel(backend, "matmul", particular)
    objects(checks.check_mistakes, "matmul", backend, "words of its own")


def test_compiled_function_with_other_results_is_caught(backend, plant, monkeypatch):
    def compile_wrongly(function: Any, donate: Any, state: Any, jit_compile: Any) -> Any:
        return right(lambda *arrays: [ops.multiply(x, 1.001) for x in function(*arrays)], donate, state, jit_compile)

    not_caught_by(checks.check_compiled, "tanh", backend)
    right = backend.compile
    monkeypatch.setattr(backend, "compile", compile_wrongly)
    objects(checks.check_compiled, "tanh", backend, "elements are off")


@pytest.mark.parametrize("name", [name for name in polykeras.available() if polykeras.backend.load(name).traces])
def test_tracing_again_is_caught(name, monkeypatch):
    backend, count = polykeras.backend.load(name), itertools.count()
    right = Compiled._key
    not_caught_by(checks.check_compiled, "tanh", backend)
    monkeypatch.setattr(Compiled, "_looks", lambda *args: None)
    monkeypatch.setattr(Compiled, "_key", lambda *args: (next(count), right(*args)))
    objects(checks.check_compiled, "tanh", backend, "traced it again")


def test_gap_that_has_closed_is_caught(backend, monkeypatch):
    case = Case("negative", lambda x: -x, [sample(array(2), gap="planted")])
    checks.check_values(case, backend)
    monkeypatch.setattr(backend, "gaps", MappingProxyType({**backend.gaps, "planted": "never there"}))
    with pytest.raises(AssertionError, match=r"the gap 'planted' of .* has closed"):
        checks.check_values(case, backend)


def test_gaps_are_documented_with_a_link(backend):
    page = (Path(__file__).parent.parent / "docs" / "known_gaps.md").read_text()
    for subject, reason in backend.gaps.items():
        _, _, link = reason.partition(" See https://")
        assert link, f"{subject}: expected a reason and a link; got {reason!r}"
        assert f"**{subject}**" in page
        assert f"(https://{link})" in page


def test_every_sample_and_every_dtype_of_a_kernel_is_tried_and_some_of_a_body(backend, monkeypatch):
    for case in CASES.values():
        calls = checks.all_calls(case, backend)
        tried = [*checks.eager_calls(case, backend), *checks.compiled_calls(case, backend)]
        telling = any(checks.has_numbers(case, *call) for call in calls)
        assert any(checks.has_numbers(case, *call) for call in tried) == telling, case.name
        if not checks.EFFORT.trusts_body(case, backend):
            assert {dtype for _, dtype in tried} == {dtype for _, dtype in calls}, case.name
            looked_at = [*tried, *checks.gradient_samples(case, backend)]
            for sample in case.samples:  # in the first of its dtypes
                first = [call for call in calls if call[0] is sample][:1]
                assert all(call in looked_at for call in first), checks.show(case, *first[0])
    monkeypatch.setattr(checks.EFFORT, "is_thorough", True)
    assert all(checks.eager_calls(case, backend) == checks.all_calls(case, backend) for case in CASES.values())


def test_every_primitive_says_why_it_is_one():
    assert [op.name for op in OPS.values() if op.body is None and not op.why] == []


@pytest.mark.parametrize("file", sorted(Path(checks.__file__).parent.glob("test_*.py")), ids=lambda file: file.stem)
def test_every_part_of_the_suite_names_its_level(file):
    assert 'pytestmark = pytest.mark.level("' in file.read_text()


def test_every_fault_that_is_planted_by_hand_fits_the_code():
    misfits = []
    for fault in faults():
        try:
            compile(fault.planted(), fault.file, "exec")
        except ValueError as error:
            misfits.append(str(error))
    assert misfits == []


def test_what_has_nothing_to_try_is_not_counted(backend):
    """A body is tried beside a kernel of the reference backend, and nowhere else."""
    chosen = ["--backend", backend.name, "-k", "test_body and sinh and not arcsinh", "--collect-only"]
    suite = [sys.executable, "-m", "pytest", "--pyargs", "polykeras.conformance", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run([*suite, *chosen], capture_output=True, text=True, check=False)
    is_tried = backend is checks.reference()
    assert done.returncode == (pytest.ExitCode.OK if is_tried else pytest.ExitCode.NO_TESTS_COLLECTED), done.stdout
    assert ("1/" in done.stdout) == is_tried
