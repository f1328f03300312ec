"""The backends on which the tests run: all that are installed, or those that `--backend` names."""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Iterator

import hypothesis
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

with contextlib.suppress(ImportError):
    import triton  # noqa: F401 (PyTorch's: imported after TensorFlow, it would end the process)

from polykeras.backend import Backend, available, load, loaded, using
from polykeras.testing.plugin import BACKENDS, THOROUGH

hypothesis.settings.register_profile("same every time", derandomize=True, deadline=None)  # machines are busy at times
hypothesis.settings.load_profile("same every time")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--backend", dest=BACKENDS, action="append", metavar="NAME", help="a backend on which to run tests"
    )
    parser.addoption("--thorough", dest=THOROUGH, action="store_true", help="run what takes long, too")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        names = metafunc.config.getoption(BACKENDS) or available()
        for marker in metafunc.definition.iter_markers("backends"):
            names = [name for name in names if name in marker.args]
        metafunc.parametrize("backend", names, indirect=True)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """A backend, which is in use as long as the test runs."""
    with using(load(request.param)) as chosen:
        yield chosen


@pytest.fixture(scope="module", autouse=True)
def released() -> Iterator[None]:
    """Have programs that were compiled given back after each file: a process that keeps all takes many gigabytes."""
    yield
    gc.collect()
    for chosen in loaded():
        chosen.release()
