"""Measure polykeras beside native code and Keras: `python -m benchmarks`."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from . import __path__ as folders
from . import report
from .contest import Contest, ContestError, Row, hold
from .quiet import Patience

PATIENCE = 90.0
"""Seconds to wait in all for quiet moments."""

WIDTH = 160
"""Columns of text where there is no terminal to say how many."""


def workloads() -> list[str]:
    """The names of all workloads: each is a folder."""
    return sorted(module.name for module in pkgutil.iter_modules(folders) if module.ispkg)


def contests(workload: str) -> list[Contest]:
    """The contests of a workload."""
    return _module(workload).CONTESTS


def write(folder: Path, workload: str, rows: list[Row]) -> None:
    """Write results down: where the workload has a function for this, on a page of its own."""
    getattr(_module(workload), "write", report.write)(folder, workload, rows)


def _module(workload: str) -> ModuleType:
    return importlib.import_module(f"{__package__}.{workload}")


def run(workload: str, rounds: int | None, patience: Patience, progress: Progress) -> list[Row]:
    """Hold all contests of a workload."""
    rows = []
    for contest in contests(workload):
        bar = progress.add_task(f"{workload}: {contest.name}", total=1)
        rows += hold(contest, rounds or contest.rounds, patience, advancing(progress, bar))
        progress.remove_task(bar)
    return rows


def advancing(progress: Progress, bar: TaskID) -> Callable[[float], None]:
    """What moves a bar."""
    return lambda part: progress.update(bar, completed=part)


def positive(text: str) -> int:
    """A number of rounds."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1; got {number}")
    return number


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description=(__doc__ or "").partition(":")[0])
    names = workloads()
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"what to measure, of {', '.join(names)}; default: all"
    )
    parser.add_argument("--rounds", type=positive, help="rounds in each contest; default: as each contest has it")
    parser.add_argument(
        "--patience",
        type=float,
        default=PATIENCE,
        metavar="SECONDS",
        help="how long to wait in all for moments in which nobody else uses the machine; default: %(default)s",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=report.FOLDER,
        help=f"the folder for {report.RESULTS} and {report.README}; default: this one's own",
    )
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in names]
    if unknown:
        parser.error(f"no {', '.join(unknown)} to measure; there are {', '.join(names)}")
    return given


def main() -> int:
    """Measure, show and write down; the exit status says whether contests could be held, not who won."""
    given = arguments()
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
    patience = Patience(given.patience)
    try:
        with Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console) as progress:
            for name in given.names or workloads():
                rows = run(name, given.rounds, patience, progress)
                console.print(report.screen_table(name, rows))
                write(given.output, name, rows)
    except ContestError as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
