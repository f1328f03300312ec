"""For tests: the pytest plugin, by which runs of the conformance suite choose backends and show errors.

pytest loads it wherever polykeras is installed, also in test runs that have nothing to do with polykeras. There it does
nothing: its options exist only where the command line names the suite.
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
ERROR = "polykeras_error"
"""The name under which a test reports a largest error: op, bound, backend, dtype, error."""


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


def add_options(config: Any, parser: Any) -> None:
    """Add the options of the suite, where they are not there yet."""
    if hasattr(config.option, BACKENDS):
        return
    group = parser.getgroup("polykeras")
    try:
        group.addoption(
            "--backend",
            dest=BACKENDS,
            action="append",
            metavar="NAME",
            help="the polykeras backend to check; can be given several times; by default every one that is installed",
        )
        group.addoption(
            "--thorough",
            dest=THOROUGH,
            action="store_true",
            help="check every op in every dtype at every sample, in eager calls and compiled ones",
        )
        group.addoption(
            "--worst-errors",
            dest=WORST_ERRORS,
            action="store_true",
            help="show the largest error of each op that the suite saw",
        )
        parser.parse_known_args([])  # only here does a clash show
    except (ValueError, argparse.ArgumentError) as error:
        raise pytest.UsageError(
            f"{SUITE}: expected no other options named --backend, --thorough or --worst-errors; {error}. "
            "Run the suite from a folder without the conftest.py that has one, or switch off the plugin that has it "
            "(-p no:NAME)."
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
