"""For tests: the pytest plugin, by which test runs choose backends."""

from __future__ import annotations

from typing import Any


def pytest_addoption(parser: Any) -> None:
    """Let `--backend` choose the backends that the conformance suite checks."""
    group = parser.getgroup("polykeras")
    group.addoption(
        "--backend",
        action="append",
        metavar="NAME",
        help="the polykeras backend to check; can be given several times; by default every one that is installed",
    )
