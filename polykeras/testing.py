"""For tests: the pytest plugin, by which test runs choose backends and show errors."""

from __future__ import annotations

from typing import Any

ERROR = "polykeras_error"
"""The name under which a test reports a largest error: op, bound, backend, dtype, error."""


def pytest_addoption(parser: Any) -> None:
    """Let `--backend` choose the backends that the conformance suite checks."""
    group = parser.getgroup("polykeras")
    group.addoption(
        "--backend",
        action="append",
        metavar="NAME",
        help="the polykeras backend to check; can be given several times; by default every one that is installed",
    )
    group.addoption(
        "--worst-errors", action="store_true", help="show the largest error of each op that the conformance suite saw"
    )


def pytest_terminal_summary(terminalreporter: Any, config: Any) -> None:
    """With `--worst-errors`: the largest error of each op, beside its bound."""
    if not config.getoption("--worst-errors"):
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
