"""For tests: the pytest plugin, by which test runs choose backends and show errors."""

from __future__ import annotations

import os
import sys
from typing import Any

SUITE = "polykeras.conformance"
IN_SUITE = "POLYKERAS_IN_SUITE"
"""The environment variable by which worker processes know that they run the suite."""
ERROR = "polykeras_error"
"""The name under which a test reports a largest error: op, bound, backend, dtype, error."""


def pytest_addoption(parser: Any) -> None:
    """The options of the conformance suite, in its own runs only: in others their names are free."""
    if any(SUITE in argument for argument in sys.argv):
        os.environ[IN_SUITE] = "1"
    elif IN_SUITE not in os.environ:
        return
    group = parser.getgroup("polykeras")
    group.addoption(
        "--backend",
        action="append",
        metavar="NAME",
        help="the polykeras backend to check; can be given several times; by default every one that is installed",
    )
    group.addoption("--worst-errors", action="store_true", help="show the largest error of each op that was seen")
    group.addoption(
        "--thorough",
        action="store_true",
        help="all samples in all dtypes also where frameworks compile each of them, which takes several times as long",
    )


def pytest_terminal_summary(terminalreporter: Any, config: Any) -> None:
    """With `--worst-errors`: the largest error of each op, beside its bound."""
    if not config.getoption("worst_errors", False):
        return
    found: dict[tuple[str, float], dict[tuple[str, str], float]] = {}
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == ERROR:
                op, bound, backend, dtype, error = value
                found.setdefault((op, bound), {})[backend, dtype] = error
    terminalreporter.section("largest errors, in units in the last place")
    for (op, bound), errors in sorted(found.items()):
        shown = ", ".join(f"{backend} {dtype} {error:.2f}" for (backend, dtype), error in sorted(errors.items()))
        terminalreporter.write_line(f"{op} (at most {bound:g}): {shown}")
