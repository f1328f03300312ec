"""Which backends the suite checks, and how thoroughly."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Iterator

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from polykeras.backend import Backend, available, load
from polykeras.testing.plugin import BACKENDS, THOROUGH

from . import cases as cases
from . import checks


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "xdist_group(name): tests that one process runs, where pytest-xdist has several")
    config.addinivalue_line("markers", "thorough: what only a thorough run does")
    checks.EFFORT.is_thorough = bool(config.getoption(THOROUGH, False))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if checks.EFFORT.is_thorough:
        return
    left_out = [item for item in items if item.get_closest_marker("thorough")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("thorough")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        metafunc.parametrize("backend", metafunc.config.getoption(BACKENDS, None) or available(), indirect=True)


TESTS_BETWEEN_RELEASES = 100  # in which JAX's programs take about a gigabyte
_tests: Counter[str] = Counter()


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """The backend to check. Programs that it compiled are given back now and then."""
    chosen = load(request.param)
    yield chosen
    _tests[chosen.name] += 1
    if chosen.traces and _tests[chosen.name] % TESTS_BETWEEN_RELEASES == 0:
        chosen.release()
        gc.collect()
