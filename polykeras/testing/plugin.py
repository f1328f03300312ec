"""The pytest plugin: the fixture `backend`, and by which options runs of the conformance suite choose what to check.

pytest loads it wherever polykeras is installed, also in test runs that have nothing to do with polykeras. There it does
nothing: the options of the suite exist only where the command line names it, and a fixture of the same name that is
nearer to a test goes before this one.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SUITE = "polykeras.conformance"
BACKENDS = "polykeras_backends"
"""The name under which the configuration of a test run holds the backends that were asked for."""
THOROUGH = "polykeras_thorough"
"""The name under which it says whether to run what takes long."""
WORST_ERRORS = "polykeras_worst_errors"
"""The name under which it says whether to show the largest errors."""
DEVICE = "polykeras_device"
"""The name under which it holds the device on which to check."""
DTYPES = "polykeras_dtypes"
"""The name under which it holds the dtypes in which to check ops."""
LEVELS = "polykeras_levels"
"""The name under which it holds the levels of the suite that are to run."""
RANDOM_MODELS = "polykeras_random_models"
"""The name under which it holds how many random models to try."""
RANDOM_SEED = "polykeras_random_seed"
"""The name under which it holds where they come from."""
ERROR = "polykeras_error"
"""The name under which a test reports a largest error: op, bound, backend, dtype, error."""


CHOSEN = "polykeras_chosen_backends"
"""The name under which the configuration of any test run holds the backends that were asked for."""


# For anybody's tests ---------------------------------------------------------------------------------------


def pytest_addoption(parser: Any) -> None:
    """Let the command line choose backends for tests that use the fixture."""
    parser.getgroup("polykeras").addoption(
        "--polykeras-backends",
        dest=CHOSEN,
        metavar="NAMES",
        help="the polykeras backends for the fixture `backend`, with commas between; by default all installed",
    )


def pytest_configure(config: Any) -> None:
    """Make the marker known, and refuse backends that are not there."""
    config.addinivalue_line(
        "markers", "backends(*names): the polykeras backends on which a test runs that uses the fixture `backend`"
    )
    if config.getoption(CHOSEN, None):
        from ..backend import available, install_command, registered, registered_ones

        unknown = [name for name in _chosen(config) if name not in available()]
        if unknown:
            name = unknown[0]
            is_registered = name in registered()
            mend = f"Install it with: {install_command(name)}" if is_registered else registered_ones(name)
            raise pytest.UsageError(
                f"--polykeras-backends: expected names of installed backends ({', '.join(available())}); got {name!r}; "
                + mend
            )


def _chosen(config: Any) -> list[str]:
    """The backends that the command line asks for, or all that are installed."""
    from ..backend import available

    given = config.getoption(CHOSEN, None)
    return [name.strip() for name in given.split(",") if name.strip()] if given else available()


def pytest_generate_tests(metafunc: Any) -> None:
    """Run a test that uses the fixture of this file once on each backend."""
    if "backend" not in metafunc.fixturenames or not _is_ours(metafunc):
        return
    from ..backend import registered, registered_ones

    chosen = names = _chosen(metafunc.config)
    for marker in metafunc.definition.iter_markers("backends"):
        if not marker.args or not all(isinstance(name, str) for name in marker.args):
            raise pytest.UsageError(
                f"{metafunc.definition.nodeid}: expected @pytest.mark.backends('numpy', 'torch'); got {marker.args}."
            )
        for name in marker.args:
            if name not in registered():
                raise pytest.UsageError(
                    f"{metafunc.definition.nodeid}: expected names of backends in @pytest.mark.backends; got {name!r}; "
                    + registered_ones(name)
                )
        names = [name for name in names if name in marker.args]
    skipped = pytest.mark.skip(reason=f"none of its backends is among those to test on: {', '.join(chosen)}")
    metafunc.parametrize("backend", names or [pytest.param("none", marks=skipped)], indirect=True)


def _is_ours(metafunc: Any) -> bool:
    """Whether the fixture that the test sees is the one of this file."""
    found = metafunc.definition._fixtureinfo.name2fixturedefs.get("backend", ())
    return bool(found) and found[-1].func.__module__ == __name__


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A backend, which is in use while the test runs."""
    from ..backend import load, using

    with using(load(request.param)) as chosen:
        yield chosen


# For the conformance suite ---------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: Any, parser: Any) -> Iterator[None]:
    """Let the command line choose what of the suite runs, where it names the suite."""
    yield  # first the options of the folder's own conftest.py, so that a clash can be explained
    named = early_config.known_args_namespace.file_or_dir
    if any(_is_suite(name, early_config.invocation_params.dir) for name in named):
        add_options(early_config, parser)


def _is_suite(name: str, folder: Path) -> bool:
    """Whether an argument of pytest's is the suite or a part of it, as a module or as a path."""
    name = name.partition("::")[0]
    if name == SUITE or name.startswith(f"{SUITE}."):
        return True
    found = importlib.util.find_spec(SUITE)
    places = [] if found is None else found.submodule_search_locations or []
    return any((folder / name).resolve().is_relative_to(Path(place).resolve()) for place in places)


OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "--backend": (
        BACKENDS,
        {
            "action": "append",
            "metavar": "NAME",
            "help": "the polykeras backend to check; can be given several times; by default all that are installed",
        },
    ),
    "--thorough": (
        THOROUGH,
        {
            "action": "store_true",
            "help": "check every op in every dtype at every sample, in eager calls and compiled ones",
        },
    ),
    "--device": (DEVICE, {"metavar": "DEVICE", "help": "the device on which to check, such as gpu:0"}),
    "--dtype": (
        DTYPES,
        {
            "action": "append",
            "metavar": "DTYPE",
            "help": "a dtype in which to check ops; can be given several times; by default all that the cases promise",
        },
    ),
    "--level": (
        LEVELS,
        {
            "action": "append",
            "metavar": "LEVEL",
            "help": "a level of the suite, such as ops or layers; can be given several times; by default all of them",
        },
    ),
    "--random-models": (RANDOM_MODELS, {"type": int, "metavar": "N", "help": "how many random models to try"}),
    "--random-seed": (RANDOM_SEED, {"type": int, "metavar": "S", "help": "where random models come from"}),
    "--worst-errors": (
        WORST_ERRORS,
        {"action": "store_true", "help": "show the largest error of each op that the suite saw"},
    ),
}
"""The options of the suite: under which name the configuration has each, and what argparse is to know of it."""


def add_options(config: Any, parser: Any) -> None:
    """Add the options of the suite that are not there yet: the project's own tests have some of them, too."""
    group = parser.getgroup("polykeras")
    try:
        for name, (destination, options) in OPTIONS.items():
            if not hasattr(config.option, destination):
                group.addoption(name, dest=destination, **options)
        parser.parse_known_args([])  # only here does a clash show
    except (ValueError, argparse.ArgumentError) as error:
        raise pytest.UsageError(
            f"{SUITE}: expected no other options named {', '.join(OPTIONS)}; {error}. Run the suite from a folder "
            "without the conftest.py that has one, or switch off the plugin that has it (-p no:NAME)."
        ) from None


def pytest_terminal_summary(terminalreporter: Any, config: Any) -> None:
    """With `--worst-errors`: the largest error of each op, beside its bound."""
    if not config.getoption(WORST_ERRORS, False):
        return
    found: dict[tuple[str, float], dict[tuple[str, str], float]] = {}
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == ERROR:
                op, bound, backend, dtype, error = value
                errors = found.setdefault((op, bound), {})
                errors[backend, dtype] = max(errors.get((backend, dtype), 0.0), error)
    terminalreporter.section("largest errors, in units in the last place")
    for (op, bound), errors in sorted(found.items()):
        shown = ", ".join(f"{backend} {dtype} {error:.2f}" for (backend, dtype), error in sorted(errors.items()))
        terminalreporter.write_line(f"{op} (at most {bound:g}): {shown}")
