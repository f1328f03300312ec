"""All results as a page of HTML that needs nothing else: each ratio as a point between its quartiles."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from . import report
from .contest import Row
from .machine import describe

PAGE = "results.html"

LABELS, CHART, NUMBERS, LINE = 470, 420, 330, 18
"""Widths of the columns and the height of a line, in points."""

LOWEST, HIGHEST = 1 / 64, 64.0
"""The ends of the scale; what lies beyond stands at its end."""

STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 1240px; padding: 0 1em; color: #222 }
h2 { margin-top: 2em } table { border-collapse: collapse } td, th { padding: 2px 12px 2px 0; text-align: left }
svg { width: 100%; height: auto } svg text { font: 11px system-ui, sans-serif; fill: #222 }
.grid { stroke: #ddd } .one { stroke: #888 } .spread { stroke-width: 3; opacity: .45 } .target { stroke: #222 }
.met { fill: #16784a; stroke: #16784a } .missed { fill: #b3261e; stroke: #b3261e }
.free { fill: #3b5b92; stroke: #3b5b92 }
text.met, text.missed, text.free { stroke: none }
@media (prefers-color-scheme: dark) {
  body { background: #161616; color: #ddd } svg text { fill: #ddd } .grid { stroke: #333 } .target { stroke: #ddd }
}
"""


def write(folder: Path) -> None:
    """Write the results that lie in a folder onto a page beside them."""
    results = {name: [report.row_of(row) for row in rows] for name, rows in report.stored(folder).items()}
    report.replace(folder / PAGE, page(results, describe()))


def page(results: Mapping[str, list[Row]], machine: Mapping[str, str]) -> str:
    """The page."""
    facts = "".join(f"<tr><th>{_text(name)}</th><td>{_text(value)}</td></tr>" for name, value in machine.items())
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Benchmarks of polykeras</title>",
        f"<meta name='viewport' content='width=device-width'><style>{STYLE}</style></head><body>",
        "<h1>Benchmarks of polykeras</h1>",
        "<p>How many times as long ours takes as the other: the median of paired rounds and its quartiles, on a scale "
        "of powers of two, where left of the middle is faster. The short upright line is the target. "
        "Differences stand as numbers.</p>",
        f"<table>{facts}</table>",
    ]
    for name, rows in results.items():
        parts.append(f"<h2>{_text(name)}</h2>")
        for contest, group in groupby(rows, key=lambda row: row.contest):
            parts.append(f"<h3>{_text(contest)}</h3>{chart(list(group))}")
    return "".join([*parts, "</body></html>\n"])


def chart(rows: list[Row]) -> str:
    """The results of a contest as a drawing."""
    height = (len(rows) + 1) * LINE + 4
    lines = [line for number, row in enumerate(rows) for line in _line(row, number * LINE + LINE / 2)]
    width = LABELS + CHART + NUMBERS
    return f"<svg viewBox='0 0 {width} {height}' role='img'>{''.join(_scale(height - LINE))}{''.join(lines)}</svg>"


def _scale(height: float) -> Iterator[str]:
    for power in range(round(math.log2(LOWEST)), round(math.log2(HIGHEST)) + 1, 2):
        x, label = _place(2.0**power), f"{2**power}" if power >= 0 else f"1/{2**-power}"
        style = "grid" if power else "one"
        yield f"<line class='{style}' x1='{x:.1f}' x2='{x:.1f}' y1='0' y2='{height}'/>"
        yield f"<text x='{x:.1f}' y='{height + 12}' text-anchor='middle'>{label}</text>"


def _line(row: Row, y: float) -> Iterable[str]:
    """A result: what it is, a point between its quartiles, and the numbers."""
    style = {None: "free", True: "met", False: "missed"}[row.met]
    contestant, task, amount, reference, other, median, _, target, verdict = report.cells(row)
    yield f"<text x='0' y='{y + 4}'>{_text(f'{task}: {contestant} against {reference}')}</text>"
    if row.measure == "ratio":
        lower, middle, upper = map(_place, (row.result.lower, row.result.median, row.result.upper))
        yield f"<line class='spread {style}' x1='{lower:.1f}' x2='{upper:.1f}' y1='{y}' y2='{y}'/>"
        yield f"<circle class='{style}' cx='{middle:.1f}' cy='{y}' r='3.5'/>"
        if row.target is not None:
            x = _place(row.target)
            yield f"<line class='target' x1='{x:.1f}' x2='{x:.1f}' y1='{y - 6}' y2='{y + 6}'/>"
    numbers = f"{median} ({amount}, {other}) {target.replace(' times', '')} {verdict}"
    yield f"<text class='{style}' x='{LABELS + CHART + 10}' y='{y + 4}'>{_text(numbers)}</text>"


def _place(ratio: float) -> float:
    """Where a ratio lies on the scale."""
    inside = min(max(ratio, LOWEST), HIGHEST)
    return LABELS + CHART * math.log(inside / LOWEST) / math.log(HIGHEST / LOWEST)


def _text(x: Any) -> str:
    return html.escape(str(x))
