"""Every op of the table on every chosen backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from polykeras.backend import Backend
from polykeras.op import OPS
from polykeras.testing.plugin import ERROR

from . import checks
from .case import CASES, Case

pytestmark = pytest.mark.level("ops")


def test_every_op_has_a_case() -> None:
    assert set(OPS) == set(CASES)


def marks_of(name: str) -> list[pytest.MarkDecorator]:
    """One process runs the tests of an op; what draws is of a level of its own."""
    draws = any(parameter.kind == "Seed" for parameter in OPS[name].parameters)
    return [pytest.mark.xdist_group(name), *([pytest.mark.level("random")] if draws else [])]


def tries(calls: Callable[[Case, Backend], Any]) -> pytest.MarkDecorator:
    """What a test of an op tries."""
    return pytest.mark.tries(of=lambda name, backend: calls(CASES[name], backend))


Recorder = Callable[[str, Any], None]


def record(name: str, backend: Backend, errors: dict[str, float], record_property: Recorder) -> None:
    """Report the largest errors, for `--worst-errors`."""
    for dtype, error in errors.items():
        record_property(ERROR, (name, CASES[name].op.ulp, backend.name, dtype, error))


@pytest.mark.parametrize("name", [pytest.param(name, marks=marks_of(name)) for name in CASES])
class TestOp:
    """The checks of one op, which one process runs: what a framework compiled for one serves the others."""

    @tries(checks.eager_calls)
    def test_values(self, name: str, backend: Backend, record_property: Recorder) -> None:
        record(name, backend, checks.check_values(CASES[name], backend), record_property)

    @tries(checks.has_hidden_body)
    def test_body(self, name: str, backend: Backend) -> None:
        checks.check_body(CASES[name], backend)

    @tries(checks.layout_calls)
    def test_memory_layout(self, name: str, backend: Backend) -> None:
        checks.check_memory_layout(CASES[name], backend)

    @tries(checks.gradient_samples)
    def test_gradients(self, name: str, backend: Backend) -> None:
        checks.check_gradients(CASES[name], backend)

    @tries(checks.compiled_calls)
    def test_compiled(self, name: str, backend: Backend, record_property: Recorder) -> None:
        record(name, backend, checks.check_compiled(CASES[name], backend), record_property)

    @tries(lambda case, backend: case.mistakes)
    def test_mistakes(self, name: str, backend: Backend) -> None:
        checks.check_mistakes(CASES[name], backend)
