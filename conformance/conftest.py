"""Which backends the suite checks, and how thoroughly."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("JAX_TRACEBACK_FILTERING", "off")  # which takes longer than the refusals that are looked at

from polykeras.backend import Backend, available, device, load, using
from polykeras.errors import BackendError, DeviceError
from polykeras.settings import settings
from polykeras.testing.plugin import BACKENDS, DEVICE, DTYPES, LEVELS, THOROUGH

from . import cases as cases
from . import checks
from .ledger import LEDGER, PROPERTY

LEVEL_NAMES = ("ops", "random", "layers", "losses", "optimizers", "models", "saving", "training")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "xdist_group(name): tests that one process runs, where pytest-xdist has several")
    config.addinivalue_line("markers", "thorough: what only a thorough run does")
    config.addinivalue_line("markers", "tries(of): what a test tries, by a function of its parameters")
    config.addinivalue_line("markers", "level(name): what a test is about: ops, random, layers, losses, ...")
    checks.EFFORT.is_thorough = bool(config.getoption(THOROUGH, False))
    checks.EFFORT.dtypes = tuple(config.getoption(DTYPES, None) or ())
    _share_programs(config)
    unknown = set(config.getoption(LEVELS, None) or ()) - set(LEVEL_NAMES)
    if unknown:
        raise pytest.UsageError(f"--level: expected one of {', '.join(LEVEL_NAMES)}; got {unknown.pop()!r}.")


def _share_programs(config: pytest.Config) -> None:
    """Have what one process compiles, where the framework keeps such programs, serve the others, and itself again."""
    if config.getoption(THOROUGH, False) or settings.compilation_cache is not None:
        return
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex  # one for all processes of pytest-xdist
    folder = Path(tempfile.gettempdir(), f"polykeras-{run}")
    user = folder / "users" / str(os.getpid())
    folder.mkdir(mode=0o700, exist_ok=True)
    user.mkdir(parents=True)
    settings.set("compilation_cache", str(folder / "programs"))

    def forget() -> None:
        settings.set("compilation_cache", None)
        with contextlib.suppress(OSError):  # others still use it
            user.rmdir()
            user.parent.rmdir()
            shutil.rmtree(folder, ignore_errors=True)

    config.add_cleanup(forget)


def level_of(item: pytest.Item) -> str:
    """The level of the suite to which a test belongs."""
    marker = item.get_closest_marker("level")
    return "" if marker is None else marker.args[0]


def has_something_to_try(item: pytest.Function) -> bool:
    """Whether there is anything for a test to try on its backend, which otherwise is not counted as passed."""
    marker = item.get_closest_marker("tries")
    if marker is None:
        return True
    chosen = item.callspec.params
    try:
        backend = load(str(chosen["backend"]))
    except BackendError:  # as the test will say
        return True
    return bool(marker.kwargs["of"](**{**chosen, "backend": backend}))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Function]) -> None:
    levels = config.getoption(LEVELS, None)

    def runs(item: pytest.Function) -> bool:
        is_due = checks.EFFORT.is_thorough or not item.get_closest_marker("thorough")
        return is_due and (not levels or level_of(item) in levels) and has_something_to_try(item)

    kept = {item: runs(item) for item in items}
    if not all(kept.values()):
        config.hook.pytest_deselected(items=[item for item in items if not kept[item]])
        items[:] = [item for item in items if kept[item]]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        metafunc.parametrize("backend", metafunc.config.getoption(BACKENDS, None) or available(), indirect=True)


@pytest.fixture(autouse=True)
def ledger(record_property: Callable[[str, Any], None]) -> Iterator[None]:
    """Hand over what a test noted."""
    LEDGER.clear()
    yield
    record_property(PROPERTY, LEDGER.as_data())


TESTS_BETWEEN_RELEASES = 100  # in which JAX's programs take about a gigabyte
_tests: Counter[str] = Counter()


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """The backend to check. Programs that it compiled are given back now and then."""
    chosen, place = load(request.param), request.config.getoption(DEVICE, None)
    with contextlib.ExitStack() as stack:
        if place is not None:
            with using(chosen):
                try:
                    stack.enter_context(device(place))
                except DeviceError as error:
                    pytest.skip(str(error))
        yield chosen
    _tests[chosen.name] += 1
    if chosen.traces and _tests[chosen.name] % TESTS_BETWEEN_RELEASES == 0:
        gc.collect()
        chosen.release()
