"""Results on the screen, as JSON, and as the tables in README.md."""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from .contest import Row, Spread
from .machine import describe

FOLDER = Path(__file__).resolve().parent
RESULTS, README = "results.json", "README.md"
BEGIN, END = "<!-- results: written by python -m benchmarks -->", "<!-- end of results -->"

COLUMNS = ("Contestant", "Task", "Time", "Against", "Its time", "Median", "Quartiles", "Target", "")
VERDICTS = {None: "", True: "met", False: "missed"}

UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


# Numbers and rows as text ----------------------------------------------------------------------------------


def show_time(seconds: float) -> str:
    """A time in the unit that suits it, to three digits."""
    scale, unit = next((each for each in UNITS if abs(seconds) >= each[0]), UNITS[-1])
    amount = seconds / scale
    digits = 0 if unit == "ns" or abs(amount) >= 100 else 1 if abs(amount) >= 10 else 2
    return f"{amount:.{digits}f} {unit}"


SHOW = {"ratio": lambda value: f"{value:.2f} times", "extra": lambda value: f"{'+' * (value >= 0)}{show_time(value)}"}


def cells(row: Row) -> tuple[str, ...]:
    """A result as the cells of a table."""
    show = SHOW[row.measure]
    return (
        row.contestant,
        row.task,
        show_time(row.seconds),
        row.reference,
        show_time(row.reference_seconds),
        show(row.result.median),
        f"{show(row.result.lower).removesuffix(' times')} to {show(row.result.upper)}",
        "" if row.target is None else f"at most {show(row.target)}",
        VERDICTS[row.met],
    )


def machine_table(machine: Mapping[str, str]) -> str:
    """On what the times were measured, in Markdown."""
    return markdown_table(("Part", "Description"), machine.items())


def screen_table(name: str, rows: Iterable[Row]) -> Table:
    """Results for the screen."""
    table = Table(*COLUMNS, title=name)
    for row in rows:
        table.add_row(*cells(row), style="red" if row.met is False else None)
    return table


def markdown_table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    head = list(header)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


# Files -----------------------------------------------------------------------------------------------------


def write(folder: Path, workload: str, rows: Iterable[Row]) -> None:
    """Write the results of a workload into results.json and README.md.

    Results of other workloads that lie in the folder are kept if the same machine with the same versions gave them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    machine, today = describe(), datetime.date.today().isoformat()
    found = _read(folder / RESULTS)
    results: dict[str, Any] = found["workloads"] if found.get("machine") == machine else {}
    results[workload] = {"date": today, "results": [dataclasses.asdict(row) for row in rows]}
    results = dict(sorted(results.items()))
    text = json.dumps({"machine": machine, "workloads": results}, indent=2, ensure_ascii=False)
    replace(folder / RESULTS, f"{text}\n")
    replace(folder / README, _with_tables((FOLDER / README).read_text("utf-8"), _tables(machine, results)))


def _read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text("utf-8")) if file.exists() else {}


def _row(stored: dict[str, Any]) -> Row:
    fields: dict[str, Any] = stored | {"result": Spread(**stored["result"])}
    return Row(**fields)


def _tables(machine: Mapping[str, str], results: Mapping[str, Any]) -> str:
    parts = ["### The machine", machine_table(machine)]
    for name, workload in results.items():
        rows = [cells(_row(stored)) for stored in workload["results"]]
        parts += [f"### {name}", f"Measured on {workload['date']}.", markdown_table(COLUMNS, rows)]
    return "\n\n".join(parts)


def _with_tables(text: str, tables: str) -> str:
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{README}: expected the lines {BEGIN!r} and {END!r}, between which the results go.")
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def replace(file: Path, text: str) -> None:
    """Put a file in place of another in one go, so that whoever reads it never sees half of it."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, delete=False) as temporary:
        temporary.write(text)
    os.chmod(temporary.name, 0o644)  # temporary files are for their owner's eyes only
    os.replace(temporary.name, file)
