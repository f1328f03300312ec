"""Measure polykeras beside native code and Keras: `python -m benchmarks`, `nox -s bench` or `polykeras bench`."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import pkgutil
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from types import ModuleType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from . import __path__ as folders
from . import page, report
from .contest import Contest, ContestError, Effort, Row, hold
from .quiet import Patience

PATIENCE = 90.0
"""Seconds to wait in all for quiet moments."""

WIDTH = 160
"""Columns of text where there is no terminal to say how many."""


# Choosing --------------------------------------------------------------------------------------------------


def workloads() -> dict[str, ModuleType]:
    """All workloads by name: each is a folder that has contests."""
    names = sorted(module.name for module in pkgutil.iter_modules(folders) if module.ispkg)
    modules = {name: importlib.import_module(f"{__package__}.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "CONTESTS")}


@dataclasses.dataclass(frozen=True)
class Choice:
    """What is to be measured: workloads, what their contests are labelled with, and tasks; an empty one means all."""

    workloads: frozenset[str]
    labels: frozenset[str]
    tasks: frozenset[str]

    @classmethod
    def of(cls, words: Iterable[str], modules: dict[str, ModuleType]) -> Choice:
        """What some words choose."""
        given = frozenset(words)
        labels, tasks = all_labels(modules), all_tasks(modules)
        unknown = given - modules.keys() - labels - tasks
        if unknown:
            raise ValueError(
                f"nothing is called {', '.join(sorted(unknown))}; there are the workloads {', '.join(modules)}, "
                f"the backends {', '.join(sorted(labels))}, and the tasks {', '.join(sorted(tasks))}"
            )
        return cls(given & modules.keys(), given & labels, given & tasks)

    def contests(self, modules: dict[str, ModuleType], quick: bool) -> Iterator[tuple[str, Contest]]:
        """The contests that are chosen, each with its workload; in a quick run long ones only where they are named."""
        for name, module in modules.items():
            if not self.workloads or name in self.workloads:
                wanted = (contest for contest in module.CONTESTS if self._wants(contest))
                yield from ((name, contest) for contest in wanted if self.workloads or not (quick and contest.long))

    def _wants(self, contest: Contest) -> bool:
        fits = not self.labels or bool(self.labels & contest.labels)
        return fits and (not self.tasks or bool(self.tasks & set(contest.tasks)))


def all_labels(modules: dict[str, ModuleType]) -> frozenset[str]:
    """The labels of all contests."""
    return frozenset(label for module in modules.values() for contest in module.CONTESTS for label in contest.labels)


def all_tasks(modules: dict[str, ModuleType]) -> frozenset[str]:
    """The tasks that can be chosen."""
    return frozenset(task for module in modules.values() for contest in module.CONTESTS for task in contest.tasks)


# Running ---------------------------------------------------------------------------------------------------


def run(contest: Contest, title: str, tasks: Collection[str], effort: Effort, progress: Progress) -> list[Row]:
    """Hold a contest."""
    bar = progress.add_task(title, total=1)
    try:
        return hold(contest, tasks, effort, advancing(progress, bar))
    finally:
        progress.remove_task(bar)


def advancing(progress: Progress, bar: TaskID) -> Callable[[float], None]:
    """What moves a bar."""
    return lambda part: progress.update(bar, completed=part)


def positive(text: str) -> int:
    """A number of rounds."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1; got {number}")
    return number


def parser(modules: dict[str, ModuleType]) -> argparse.ArgumentParser:
    """What may stand on the command line."""
    found = argparse.ArgumentParser(prog=f"python -m {__package__}", description=(__doc__ or "").partition(":")[0])
    found.add_argument(
        "words",
        nargs="*",
        metavar="word",
        help=f"what to measure: workloads ({', '.join(modules)}), backends ({', '.join(sorted(all_labels(modules)))}), "
        f"tasks ({', '.join(sorted(all_tasks(modules)))}), as in `fit mlp torch`; default: everything",
    )
    found.add_argument("--quick", action="store_true", help="fewer rounds, and no contestants that begin slowly")
    found.add_argument("--resume", action="store_true", help="leave out contests that have results of today")
    found.add_argument("--rounds", type=positive, help="rounds in each contest; default: as each contest has it")
    found.add_argument(
        "--patience",
        type=float,
        default=PATIENCE,
        metavar="SECONDS",
        help="how long to wait in all for moments in which nobody else uses the machine; default: %(default)s",
    )
    found.add_argument(
        "--output", type=Path, default=report.FOLDER, help="the folder for the results; default: this one's own"
    )
    return found


def main() -> int:
    """Measure, show and write down; the exit status says whether contests could be held, not who won."""
    modules = workloads()
    arguments = parser(modules)
    given = arguments.parse_args()
    try:
        choice = Choice.of(given.words, modules)
    except ValueError as error:
        arguments.error(str(error))
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
    effort = Effort(Patience(given.patience), given.rounds, given.quick)
    failures = 0
    with Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console) as progress:
        for name, contest in choice.contests(modules, given.quick):
            if given.resume and report.is_done(given.output, name, contest.name):
                continue
            try:
                rows = run(contest, f"{name}: {contest.name}", choice.tasks, effort, progress)
            except ContestError as error:
                console.print(f"{name}: {error}", style="red", markup=False, highlight=False)
                failures += 1
                continue
            console.print(report.screen_table(name, rows))
            write(modules[name], given.output, name, rows)
    return 1 if failures else 0


def write(module: ModuleType, folder: Path, workload: str, rows: list[Row]) -> None:
    """Write results down: where the workload has a function for this, on a page of its own."""
    own = getattr(module, "write", None)
    if own is not None:
        own(folder, workload, rows)
    else:
        report.write(folder, workload, rows)
        page.write(folder)


if __name__ == "__main__":
    sys.exit(main())
