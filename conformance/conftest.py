"""Which backends the suite checks."""

from __future__ import annotations

import pytest

from polykeras.backend import Backend, available, load

from . import cases as cases
from . import checks


def pytest_configure(config: pytest.Config) -> None:
    checks.EFFORT.is_thorough = bool(config.getoption("thorough", False))
    config.addinivalue_line("markers", "thorough: what only a thorough run does")
    config.addinivalue_line("markers", "xdist_group(name): tests that one process runs, where there are several")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if checks.EFFORT.is_thorough:
        return
    left_out = [item for item in items if item.get_closest_marker("thorough")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("thorough")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        names = metafunc.config.getoption("backend", None) or available()
        metafunc.parametrize("backend", names, indirect=True)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Backend:
    """The backend to check."""
    return load(request.param)
