"""Every op of the table on every chosen backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from polykeras.backend import Backend
from polykeras.op import OPS
from polykeras.testing import ERROR

from . import checks
from .case import CASES


def test_every_op_has_a_case() -> None:
    assert set(OPS) == set(CASES)


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in CASES])
class TestOp:
    """The checks of one op, which one process runs: what a framework compiled for one serves the others."""

    def test_values(self, name: str, backend: Backend, record_property: Callable[[str, Any], None]) -> None:
        for dtype, error in checks.check_values(CASES[name], backend).items():
            record_property(ERROR, (name, CASES[name].op.ulp, backend.name, dtype, error))

    def test_body(self, name: str, backend: Backend) -> None:
        checks.check_body(CASES[name], backend)

    def test_memory_layout(self, name: str, backend: Backend) -> None:
        checks.check_memory_layout(CASES[name], backend)

    def test_gradients(self, name: str, backend: Backend) -> None:
        checks.check_gradients(CASES[name], backend)

    def test_second_gradients(self, name: str, backend: Backend) -> None:
        checks.check_second_gradients(CASES[name], backend)

    def test_compiled(self, name: str, backend: Backend) -> None:
        checks.check_compiled(CASES[name], backend)

    def test_mistakes(self, name: str, backend: Backend) -> None:
        checks.check_mistakes(CASES[name], backend)
