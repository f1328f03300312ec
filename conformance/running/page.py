"""The report as one page that needs nothing else."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from .records import BAD, Report, Result
from .trainings import curves, explained


def page(report: Report) -> str:
    """The page.

    Args:
        report: The report.

    Returns:
        The text of the HTML file.
    """
    template = resources.files("polykeras.conformance.running").joinpath("page.html").read_text(encoding="utf-8")
    data = json.dumps(summary(report), separators=(",", ":")).replace("<", "\\u003c")
    return template.replace("/* DATA */", data)


def summary(report: Report) -> dict[str, Any]:
    """What the page shows of a report: for each cell of its matrix the worst call, and whatever failed.

    Args:
        report: The report.

    Returns:
        Plain data.
    """
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for result in report.results:
        case = result.case
        row = rows.setdefault(
            (case.level, case.subject), {"level": case.level, "subject": case.subject, "tests": {}, "cells": {}}
        )
        _add_outcome(row, result)
        for dtype, note in result.shares.items():
            key = f"{result.place}|{dtype}"
            if result.outcome not in BAD or note["share"] > 1:
                before = row["cells"].get(key)
                if before is None or note["share"] > before["share"]:
                    row["cells"][key] = {**note, "check": case.check, "command": result.command}
    return {
        "about": report.about,
        "selection": report.selection,
        "seconds": report.seconds,
        "counts": report.counts,
        "rows": sorted(rows.values(), key=lambda row: (row["level"], row["subject"])),
        "curves": curves(report),
        "explained": explained(report),
    }


def _add_outcome(row: dict[str, Any], result: Result) -> None:
    tests = row["tests"].setdefault(result.place, {"counts": {}, "bad": [], "gaps": {}, "seconds": 0.0})
    tests["counts"][result.outcome] = tests["counts"].get(result.outcome, 0) + 1
    tests["seconds"] += result.seconds
    tests["gaps"].update(result.gaps)
    if result.outcome in BAD:
        tests["bad"].append(
            {
                "check": result.case.check,
                "outcome": result.outcome,
                "message": result.message,
                "command": result.command,
            }
        )
