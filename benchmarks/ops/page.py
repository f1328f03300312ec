"""The results as a page of their own, with the reasons for what takes long."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..contest import Row
from ..machine import describe
from ..report import machine_table, markdown_table, replace, show_time
from .calls import CALLS, SIZES
from .reasons import reason_for

PAGE, RESULTS = "ops.md", "ops.json"

SLOW, NOTICEABLE = 1.5, 50e-6

INTRODUCTION = """# Every op beside the native call

How many times as long an op takes as what its framework calls the same thing: the median of the ratios of paired
rounds, and their quartiles, on a small and on a large input. `python -m benchmarks ops` writes this page; README.md
says how it is measured, `ops/calls.py` has the calls, `ops/native.py` what they are held against, ops.json all numbers.
PyTorch and NumPy compute on one thread. Where a framework has no function for an op, or one that does something
else, the place is empty."""

SLOW_ONES = """## What takes longer

More than 1.5 times as long on the large input in three of four rounds, and 50 µs more: below that it is the cost of a
call, not of what it does, as where an op gives a view of an array."""

Results = dict[str, dict[str, dict[str, list[float]]]]
"""By op, backend and size: the median, the quartiles, and the seconds of ours and of theirs."""


def write(folder: Path, workload: str, rows: Iterable[Row]) -> None:
    """Write the results into ops.json and ops.md; those of other backends are kept, if the same machine gave them."""
    folder.mkdir(parents=True, exist_ok=True)
    today, machine = datetime.date.today().isoformat(), describe()
    found = json.loads((folder / RESULTS).read_text("utf-8")) if (folder / RESULTS).exists() else {}
    kept: Results = found["results"] if found.get("machine") == machine else {}
    results: Results = {name: dict(kept.get(name, {})) for name in CALLS}
    for row in rows:
        name, _, size = row.task.partition(", ")
        numbers = [row.result.median, row.result.lower, row.result.upper, row.seconds, row.reference_seconds]
        results[name].setdefault(row.contest, {})[size] = [float(f"{number:.3g}") for number in numbers]
    lines = ",\n".join(f"    {json.dumps(name)}: {json.dumps(found)}" for name, found in sorted(results.items()))
    head = json.dumps({"machine": machine, "date": today}, indent=2, ensure_ascii=False)
    replace(folder / RESULTS, f'{head[:-2]},\n  "results": {{\n{lines}\n  }}\n}}\n')
    replace(folder / PAGE, page(results, machine, today))


def page(results: Results, machine: Mapping[str, str], date: str) -> str:
    """The results as text."""
    backends = list(dict.fromkeys(backend for found in results.values() for backend in found))
    header = ["op", *(f"{backend}, {size}" for backend in backends for size in SIZES)]
    rows = [
        [f"`{name}`", *(_ratio(found.get(backend, {}).get(size)) for backend in backends for size in SIZES)]
        for name, found in sorted(results.items())
        if found
    ]
    slow = [
        [
            f"`{name}`",
            backend,
            f"{numbers[0]:.2f}",
            show_time(numbers[3]),
            show_time(numbers[4]),
            reason_for(name, backend),
        ]
        for name, found in sorted(results.items())
        for backend, sizes in found.items()
        if (numbers := sizes["large"])[1] > SLOW and numbers[3] - numbers[4] > NOTICEABLE
    ]
    parts = [
        INTRODUCTION,
        f"Measured on {date}.",
        machine_table(machine),
        "## Ratios",
        markdown_table(header, rows),
        SLOW_ONES,
        markdown_table(["op", "backend", "ratio", "ours", "theirs", "reason"], slow),
    ]
    return "\n\n".join(parts) + "\n"


def _ratio(numbers: list[float] | None) -> str:
    if numbers is None:
        return ""
    median, lower, upper, *_ = numbers
    return f"{median:.2f} ({lower:.2f} to {upper:.2f})"
