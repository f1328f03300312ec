"""The picture of a comparison: a bar for each layer, as long as the share that it takes of what rounding explains."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .difference import Difference, Row

LOWEST, HIGHEST = -4.0, 4.0
"""The exponents of the shares at the ends of the scale."""
WIDTH, LABEL, LINE, TOP = 860, 300, 22, 58

STYLE = """
  svg { color-scheme: light dark; --ink: #1d2430; --faint: #c3c9d2; --paper: #ffffff; --good: #2a78b8; --bad: #c4372c;
        --unknown: #8a8f98; background: var(--paper); }
  @media (prefers-color-scheme: dark) { svg { --ink: #e7eaf0; --faint: #454c58; --paper: #14181f; --good: #6db1e8;
        --bad: #ff7b6e; --unknown: #8a8f98; } }
  text { font: 12px system-ui, sans-serif; fill: var(--ink); }
  .title { font-size: 15px; font-weight: 600; } .value { font-size: 11px; } .scale { font-size: 10px; }
  .grid { stroke: var(--faint); stroke-width: 1; } .bound { stroke: var(--bad); stroke-width: 1.5; }
  .rounding, .same { fill: var(--good); } .parts { fill: var(--bad); } .unknown { fill: var(--unknown); }
"""


def picture(found: Difference) -> str:
    """The tables of a comparison as an SVG that needs nothing else.

    Args:
        found: The comparison.

    Returns:
        The text of the picture.
    """
    lines: list[str] = []
    y = 0
    for name, rows in found.tables.items():
        lines += _panel(found, name, rows, y)
        y += TOP + LINE * len(rows) + 24
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {max(y, 1)}" width="{WIDTH}" role="img">'
    return "\n".join([head, f"<style>{STYLE}</style>", *lines, "</svg>"]) + "\n"


def _place(share: float) -> float:
    """Where on the scale a share is."""
    exponent = LOWEST if share <= 0 else min(max(math.log10(share), LOWEST), HIGHEST)
    return LABEL + (exponent - LOWEST) / (HIGHEST - LOWEST) * (WIDTH - LABEL - 90)


def _panel(found: Difference, name: str, rows: list[Row], y: float) -> Iterator[str]:
    """The bars for one backend."""
    title = f"{name} beside {found.reference}: the share of what rounding explains"
    yield f'<text class="title" x="12" y="{y + 22}">{html.escape(title)}</text>'
    bottom = y + TOP + LINE * len(rows)
    for exponent in range(int(LOWEST), int(HIGHEST) + 1):
        x = _place(10.0**exponent)
        kind = "bound" if exponent == 0 else "grid"
        yield f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{y + TOP - 8}" y2="{bottom}"/>'
        label = {0: "bound", LOWEST: "≤ 1e-4"}.get(exponent, f"1e{exponent:+d}")
        yield f'<text class="scale" x="{x:.1f}" y="{y + TOP - 12}" text-anchor="middle">{label}</text>'
    for number, row in enumerate(rows):
        yield from _bar(row, y + TOP + LINE * number)


def _bar(row: Row, y: float) -> Iterator[str]:
    kind = {"parts": "parts", "rounding": "rounding", "the same": "same"}.get(row.verdict, "unknown")
    end = _place(row.share or 0.0)
    label = row.place if len(row.place) <= 46 else f"…{row.place[-45:]}"
    value = "?" if row.share is None else _percent(row.share)
    yield f"<g><title>{html.escape(_tooltip(row))}</title>"
    yield f'<text x="{LABEL - 10}" y="{y + 15}" text-anchor="end">{html.escape(label)}</text>'
    yield f'<rect class="{kind}" x="{LABEL}" y="{y + 4}" width="{max(end - LABEL, 2):.1f}" height="{LINE - 8}" rx="2"/>'
    yield f'<text class="value" x="{max(end, LABEL + 2) + 6:.1f}" y="{y + 15}">{value}</text></g>'


def _percent(share: float) -> str:
    return f"{share:.2g} times" if share >= 10 else f"{share:.0%}" if share >= 0.01 or share == 0 else f"{share:.1e}"


def _tooltip(row: Any) -> str:
    return (
        f"{row.place} ({row.kind}): {row.verdict}; absolute {row.absolute:.3g}, relative {row.relative:.3g}, "
        f"{row.ulp:.3g} ulp. {row.detail}"
    )
