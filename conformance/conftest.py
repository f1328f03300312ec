"""Which backends the suite checks, and how thoroughly."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from polykeras.backend import Backend, available, load
from polykeras.testing import BACKENDS, THOROUGH

from . import cases as cases


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "xdist_group(name): tests that one process runs, where pytest-xdist has several")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        metafunc.parametrize("backend", metafunc.config.getoption(BACKENDS, None) or available(), indirect=True)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Backend:
    """The backend to check."""
    return load(request.param)


@pytest.fixture
def thorough(pytestconfig: pytest.Config) -> bool:
    """Whether to check everything, or what differs from the rest."""
    return bool(pytestconfig.getoption(THOROUGH, False))
