"""What a run says about trainings: the curves of their losses, and how far these lie apart."""

from __future__ import annotations

import numpy as np
from rich.console import Console
from rich.table import Table

from polykeras.settings import EMBEDDED

from .records import Report

Curves = dict[str, dict[str, list[float]]]


def curves(report: Report) -> Curves:
    """The losses of each training, by place.

    Args:
        report: The report.

    Returns:
        For each training, the losses at every step on each backend.
    """
    found: Curves = {}
    for result in report.results:
        for name, losses in result.curves.items():
            found.setdefault(name, {})[result.place] = losses
    return found


def explained(report: Report) -> dict[str, list[float]]:
    """How far rounding alone may carry the losses of trainings, where that was found out.

    Args:
        report: The report.

    Returns:
        For each of these trainings, the distance at every step, relative to the loss.
    """
    return {name: distances for result in report.results for name, distances in result.explained.items()}


def distances(series: dict[str, list[float]]) -> tuple[str, dict[str, float]]:
    """How far the losses of a training are from those of its reference, at most and relative to them.

    Args:
        series: The losses at every step on each backend.

    Returns:
        The reference, which is NumPy where it is among them, and the distance of each of the others.
    """
    reference = EMBEDDED if EMBEDDED in series else next(iter(series))
    wanted = np.array(series[reference])
    others = {place: np.array(losses) for place, losses in series.items() if place != reference}
    return reference, {place: float(np.max(np.abs(x - wanted) / np.abs(wanted))) for place, x in others.items()}


def show_distances(report: Report, console: Console) -> None:
    """Print for each training how far its losses are apart, if there are trainings on several backends.

    Args:
        report: The report.
        console: Where to print.
    """
    rows = {name: (series, *distances(series)) for name, series in sorted(curves(report).items()) if len(series) > 1}
    if not rows:
        return
    allowed = explained(report)
    places = list(dict.fromkeys(place for _, _, others in rows.values() for place in others))
    table = Table(title="Losses of trainings: the largest relative difference at any step")
    for heading in ("training", "steps", "from", *places, "rounding explains"):
        table.add_column(heading, justify="left" if heading in ("training", "from") else "right")
    for name, (series, reference, others) in rows.items():
        cells = [f"{others[place]:.1e}" if place in others else "" for place in places]
        limit = f"{max(allowed[name]):.1e}" if name in allowed else ""
        table.add_row(name, str(len(series[reference])), reference, *cells, limit)
    console.print(table)
