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

COLUMNS = ("Contestant", "Task", "Amount", "Against", "Its amount", "Median", "Quartiles", "Target", "")
VERDICTS = {None: "", True: "met", False: "missed"}

UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


# Numbers and rows as text ----------------------------------------------------------------------------------


def show_time(seconds: float) -> str:
    """A time in the unit that suits it, to three digits."""
    scale, unit = next((each for each in UNITS if abs(seconds) >= each[0]), UNITS[-1])
    amount = seconds / scale
    digits = 0 if unit == "ns" or abs(amount) >= 100 else 1 if abs(amount) >= 10 else 2
    return f"{amount:.{digits}f} {unit}"


def show_amount(amount: float, unit: str) -> str:
    """A time, or how much memory."""
    return show_time(amount) if unit == "s" else f"{amount / 2**20:.0f} MiB"


SHOW = {"ratio": lambda value: f"{value:.2f} times", "extra": lambda value: f"{'+' * (value >= 0)}{show_time(value)}"}


def cells(row: Row) -> tuple[str, ...]:
    """A result as the cells of a table."""
    show = SHOW[row.measure]
    return (
        row.contestant,
        row.task,
        show_amount(row.seconds, row.unit),
        row.reference,
        show_amount(row.reference_seconds, row.unit),
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
    """Write results of a workload into results.json and README.md.

    Others that lie in the folder are kept if the same machine with the same versions gave them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    machine, today = describe(), datetime.date.today().isoformat()
    results = stored(folder)
    new = [{**dataclasses.asdict(row), "date": today} for row in rows]
    replaced = {_key(row) for row in new}
    results[workload] = [row for row in results.get(workload, []) if _key(row) not in replaced] + new
    results = dict(sorted(results.items()))
    text = json.dumps({"machine": machine, "workloads": results}, indent=2, ensure_ascii=False)
    replace(folder / RESULTS, f"{text}\n")
    replace(folder / README, _with_tables((FOLDER / README).read_text("utf-8"), _tables(machine, results)))


def is_done(folder: Path, workload: str, contest: str) -> bool:
    """Whether a contest has results of today."""
    today = datetime.date.today().isoformat()
    return any(row["contest"] == contest and row["date"] == today for row in stored(folder).get(workload, []))


def stored(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The results in a folder, by workload; none where another machine or other versions gave them."""
    file = folder / RESULTS
    found = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return found["workloads"] if found.get("machine") == describe() else {}


def row_of(stored: dict[str, Any]) -> Row:
    """A result as it was before it was stored."""
    fields: dict[str, Any] = stored | {"result": Spread(**stored["result"])}
    return Row(**{name: value for name, value in fields.items() if name != "date"})


def _key(stored: dict[str, Any]) -> tuple[str, ...]:
    """What tells results apart that lie beside each other; the best reference is one whoever it was."""
    return (stored["contest"], stored["task"], stored["contestant"], stored["against"])


def _tables(machine: Mapping[str, str], results: Mapping[str, Any]) -> str:
    parts = ["### The machine", machine_table(machine)]
    for name, rows in results.items():
        dates = sorted({row["date"] for row in rows})
        table = markdown_table(COLUMNS, [cells(row_of(row)) for row in rows])
        parts += [f"### {name}", f"Measured on {' to '.join(dict.fromkeys((dates[0], dates[-1])))}.", table]
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
