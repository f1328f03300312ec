"""What is different between two runs of the suite: with another version of a framework, say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from polykeras.errors import ConfigError

from .records import BAD, Report, Result

NOTEWORTHY = 1.5
"""By what factor the share of a bound has to change to be told."""
NEGLIGIBLE = 0.05
"""Shares below this are not told of, whatever they were before."""


@dataclass
class Changes:
    """The differences."""

    versions: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    shares: list[tuple[float, str]] = field(default_factory=list)
    """The factor by which a share has grown or shrunk, and where."""
    curves: list[str] = field(default_factory=list)


def compare(old: Report, new: Report) -> Changes:
    """What is different.

    Args:
        old: A report.
        new: Another one.

    Returns:
        The differences.
    """
    changes = Changes(_versions(old.about, new.about))
    before, after = ({result.case.key: result for result in report.results} for report in (old, new))
    if not before.keys() & after.keys():
        raise ConfigError("conformance: the two reports have no case in common. Compare runs of the same selection.")
    changes.added = [_name(after[key]) for key in after if key not in before]
    changes.removed = [_name(before[key]) for key in before if key not in after]
    for key in [key for key in before if key in after]:
        _compare(before[key], after[key], changes)
    changes.shares.sort(reverse=True)
    return changes


def _versions(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    def flat(about: dict[str, Any]) -> dict[str, str]:
        plain = {name: str(value) for name, value in about.items() if name != "backends"}
        return {**plain, **{name: facts["version"] for name, facts in about["backends"].items()}}

    before, after = flat(old), flat(new)
    names = dict.fromkeys([*before, *after])
    return [f"{n} {before.get(n)} → {after.get(n)}" for n in names if before.get(n) != after.get(n)]


def _name(result: Result) -> str:
    case = result.case
    return f"{case.backend} ({case.device}) {case.level}: {case.subject}, {case.check}"


def _compare(old: Result, new: Result, changes: Changes) -> None:
    if (old.outcome in BAD) != (new.outcome in BAD):
        line = f"{_name(new)}: {old.outcome} → {new.outcome}"
        (changes.broken if new.outcome in BAD else changes.mended).append(line)
    for dtype in new.shares.keys() & old.shares.keys():
        one, other = old.shares[dtype]["share"], new.shares[dtype]["share"]
        factor = max(other, 1e-9) / max(one, 1e-9)
        if max(one, other) > NEGLIGIBLE and not 1 / NOTEWORTHY < factor < NOTEWORTHY:
            changes.shares.append((factor, f"{_name(new)} in {dtype}: {one:.0%} → {other:.0%} of the bound"))
    for name in new.curves.keys() & old.curves.keys():
        pairs = zip(old.curves[name], new.curves[name], strict=False)
        apart = max((abs(a - b) / max(abs(a), 1e-300) for a, b in pairs), default=0.0)
        if apart:
            changes.curves.append(f"{_name(new)}: losses are up to {apart:.1e} apart")


def show_changes(changes: Changes, console: Console) -> int:
    """Print the differences, and return the exit status: 1 if something broke."""
    titles = {
        "versions": "other versions and hardware",
        "broken": "fails now",
        "mended": "does not fail any more",
        "curves": "other losses",
        "added": "only in the new report",
        "removed": "only in the old report",
    }
    told = 0
    for name, title in titles.items():
        lines = getattr(changes, name)
        told += len(lines)
        if lines:
            console.print(f"{title} ({len(lines)}):", style="bold", markup=False)
            for line in lines:
                console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    for title, lines in (
        ("nearer to the bound", [line for factor, line in changes.shares if factor > 1]),
        ("farther from the bound", [line for factor, line in reversed(changes.shares) if factor < 1]),
    ):
        told += len(lines)
        if lines:
            console.print(f"{title} ({len(lines)}):", style="bold", markup=False)
            for line in lines:
                console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    if not told:
        console.print("the two reports say the same")
    return 1 if changes.broken else 0
