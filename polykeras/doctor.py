"""What is installed, what works, and why something does not."""

from __future__ import annotations

import platform
from typing import Any

from rich.console import Console
from rich.table import Table

from . import version
from .backend import Backend, available, install_command, load, registered, registered_ones
from .errors import BackendError
from .settings import home, settings


def examine() -> dict[str, Any]:
    """Everything that the report says, as plain data."""
    return {
        "polykeras": version(),
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
        "configuration": str(home() / "config.toml"),
        "settings": dict(vars(settings)),
        "backends": {name: _examine_backend(name) for name in registered()},
        "problems": _problems(),
    }


def _problems() -> list[str]:
    """What is wrong with the settings themselves."""
    chosen = settings.backend
    if chosen not in registered():
        return [f"the settings choose the backend {chosen!r}, which is unknown; {registered_ones(chosen)}"]
    return [] if chosen in available() else [f"the settings choose the backend {chosen!r}, which is not installed."]


def _examine_backend(name: str) -> dict[str, Any]:
    if name not in available():
        return {"state": "not installed", "install": install_command(name)}
    try:
        return {"state": "ready", **_facts(load(name))}
    except BackendError as error:
        return {"state": "broken", "reason": str(error)}


def _facts(backend: Backend) -> dict[str, Any]:
    return {
        "version": backend.version,
        "devices": backend.devices(),
        "dtypes": list(backend.dtypes),
        "gaps": dict(backend.gaps),
    }


def show(report: dict[str, Any], console: Console) -> None:
    """Print the report for people."""
    console.print(f"polykeras {report['polykeras']}, Python {report['python']}, {report['platform']}", markup=False)
    chosen = ", ".join(f"{name} = {value}" for name, value in report["settings"].items())
    console.print(f"settings: {chosen} (environment, else {report['configuration']})\n", markup=False)
    table = Table("backend", "state", "version", "devices", "dtypes")
    for name, facts in report["backends"].items():
        devices, dtypes = ", ".join(facts.get("devices", [])), ", ".join(facts.get("dtypes", []))
        table.add_row(name, facts["state"], facts.get("version", ""), devices, dtypes)
    console.print(table)
    for problem in report["problems"]:
        console.print(problem, style="red", markup=False)
    for name, facts in report["backends"].items():
        if "install" in facts:
            console.print(f"{name} is not installed. Add it with: {facts['install']}", markup=False)
        if "reason" in facts:
            console.print(facts["reason"], style="red", markup=False)
        for subject, gap in facts.get("gaps", {}).items():
            console.print(f"{name}, {subject}: {gap}", markup=False)
