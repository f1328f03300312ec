"""Which backends the suite checks."""

from __future__ import annotations

import pytest

from polykeras.backend import Backend, available, load

from . import cases as cases
from . import checks


def pytest_configure(config: pytest.Config) -> None:
    checks.EFFORT.is_thorough = bool(config.getoption("thorough", False))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        names = metafunc.config.getoption("backend", None) or available()
        metafunc.parametrize("backend", names, indirect=True)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Backend:
    """The backend to check."""
    return load(request.param)
