"""The command `polykeras conformance`."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from polykeras.backend import available, load
from polykeras.dtypes import NAMES
from polykeras.errors import ConfigError
from polykeras.files import replacing
from polykeras.settings import home

from . import records, supervisor
from .compare import compare, show_changes
from .records import BAD, PASSED, SKIPPED, Case, Journal, Report, Result
from .trainings import show_distances

LEVELS = ("ops", "random", "layers", "losses", "optimizers", "models", "saving", "training")
SUITE = "polykeras.conformance"
LIMIT = 120.0
"""How many seconds a case may take: the longest compile for half a minute on a busy machine."""
MOST_JOBS = 8
REASONS = 5
"""Of how many reasons for which cases were skipped the console tells."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what can be given on the command line.

    Args:
        parser: The parser of the command.
    """
    parser.add_argument(
        "compare", nargs="*", metavar="compare OLD NEW", help="show what is different between two JSON reports"
    )
    parser.add_argument("--backends", type=_names, metavar="NAMES", help="with commas between (default: all installed)")
    parser.add_argument("--devices", type=_names, metavar="NAMES", help="such as cpu,gpu (default: each backend's own)")
    parser.add_argument("--dtypes", type=_names, metavar="NAMES", help="the dtypes in which to try ops (default: all)")
    parser.add_argument("--levels", type=_names, metavar="NAMES", help=f"of {', '.join(LEVELS)} (default: all)")
    parser.add_argument("-k", "--pattern", help="only cases whose name matches, as with pytest's -k")
    parser.add_argument("--thorough", action="store_true", help="every sample in every dtype, and longer trainings")
    parser.add_argument("--budget", type=_positive, metavar="MINUTES", help="begin no case after this time")
    parser.add_argument(
        "--limit", type=_positive, default=LIMIT, metavar="SECONDS", help="for one case (default: %(default)g)"
    )
    parser.add_argument("--jobs", type=int, metavar="N", help="processes at once (default: one for each core)")
    parser.add_argument("--random", type=int, metavar="N", help="try N random models instead of the suite")
    parser.add_argument("--seed", type=int, default=0, help="where random models come from (default: 0)")
    parser.add_argument("--resume", action="store_true", help="go on where the same run was interrupted")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results for machines")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the results for continuous integration")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the report, one page that needs nothing else")


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError(f"expected names with commas between; got {text!r}")
    return names


def _positive(text: str) -> float:
    if not (number := float(text)) > 0:
        raise argparse.ArgumentTypeError(f"expected a number above 0; got {text!r}")
    return number


def main(options: argparse.Namespace) -> int:
    """Run the command.

    Args:
        options: What was given on the command line.

    Returns:
        The exit status: 1 if anything failed.
    """
    console = Console()
    if options.compare:
        if options.compare[0] != "compare" or len(options.compare) != 3:
            given = " ".join(options.compare)
            raise ConfigError(f"conformance: expected options, or `compare OLD.json NEW.json`; got {given!r}.")
        return show_changes(compare(*map(records.read, options.compare[1:])), console)
    _check_tools()
    _check_places(options)
    report = conduct(options, console)
    write(report, options, console)
    return 0 if report.is_good else 1


def _check_tools() -> None:
    """See that what the suite is written with is there."""
    missing = [name for name in ("pytest", "hypothesis", "mpmath") if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"conformance: {', '.join(missing)} is not installed. Install it with: pip install 'polykeras[conformance]'"
        )


def _check_places(options: argparse.Namespace) -> None:
    """See that reports can be written where they are to be, before the suite runs for minutes."""
    for path in filter(None, (options.json, options.junit, options.html)):
        if path.is_dir() or not os.access(path.parent, os.W_OK):
            raise ConfigError(f"conformance: expected a file in a folder that can be written to; got {str(path)!r}.")


def conduct(options: argparse.Namespace, console: Console) -> Report:
    """Run what was chosen.

    Args:
        options: What was given on the command line.
        console: Where progress is shown.

    Returns:
        The report.
    """
    begin = time.monotonic()
    selection = _selection(options)
    about = records.about(selection["backends"])
    deadline = None if options.budget is None else begin + 60 * options.budget
    journal = Journal(_journal_path(selection), {**selection, "versions": _versions(about)})
    earlier = {result.case.key: result for result in (journal.read() if options.resume else [])}
    if options.resume and not earlier:
        console.print("no run of these cases was interrupted: all of them are run")
    journal.begin(earlier.values())
    results: dict[str, Result] = {}
    with console.status("collecting"):
        plan = [(device, _arguments(selection, device)) for device in selection["devices"] or ["default"]]
        collected = [(arguments, supervisor.collect(arguments, device)) for device, arguments in plan]
    total = sum(len(cases) for _, cases in collected)
    if not total:
        raise ConfigError("conformance: nothing fits what was chosen. Try other levels, or another pattern.")
    with _progress(console) as progress:
        task = progress.add_task("", total=total, failed="")

        def done(result: Result) -> None:
            results[result.case.key] = result
            journal.add(result)
            show(result)

        def show(result: Result) -> None:
            if result.outcome in BAD:
                line = result.message.partition("\n")[0]
                progress.console.print(f"{result.outcome}: {name_of(result.case)}: {line[:300]}", markup=False)
            bad = sum(result.outcome in BAD for result in results.values())
            progress.update(task, advance=1, description=name_of(result.case), failed=f"{bad} failed" if bad else "")

        for arguments, cases in collected:
            for case in [case for case in cases if case.key in earlier]:
                results[case.key] = earlier[case.key]
                show(results[case.key])
            left = _in_turns([case for case in cases if case.key not in earlier], deadline is not None)
            try:
                supervisor.run(left, arguments, jobs=_jobs(options), limit=options.limit, deadline=deadline, done=done)
            except BaseException:
                console.print(f"{len(results)} of {total} cases are done; the same command with --resume does the rest")
                raise
    journal.end()
    ordered = [results[case.key] for _, cases in collected for case in cases]
    return Report(selection, about, ordered, time.monotonic() - begin)


def _selection(options: argparse.Namespace) -> dict[str, Any]:
    backends = options.backends or available()
    for name in backends:
        load(name)
    for level in options.levels or []:
        if level not in LEVELS:
            raise ConfigError(f"conformance: expected levels among {', '.join(LEVELS)}; got {level!r}.")
    for dtype in options.dtypes or []:
        if dtype not in NAMES:
            raise ConfigError(f"conformance: expected dtypes among {', '.join(NAMES)}; got {dtype!r}.")
    if options.random is not None and options.random < 1:
        raise ConfigError(f"conformance: expected --random to be a number from 1; got {options.random}.")
    return {
        "backends": backends,
        "devices": options.devices or [],
        "dtypes": options.dtypes or [],
        "levels": options.levels or [],
        "pattern": options.pattern or "",
        "thorough": options.thorough,
        "random": options.random,
        "seed": options.seed,
    }


def _arguments(selection: dict[str, Any], device: str) -> list[str]:
    """The arguments of pytest's for a selection on a device."""
    found = ["--pyargs", SUITE if selection["random"] is None else f"{SUITE}.test_random_models"]
    found += [word for name in selection["backends"] for word in ("--backend", name)]
    found += [word for name in selection["dtypes"] for word in ("--dtype", name)]
    found += [word for name in selection["levels"] for word in ("--level", name)]
    found += ["--thorough"] if selection["thorough"] else []
    found += ["-k", selection["pattern"]] if selection["pattern"] else []
    found += ["--device", device] if device != "default" else []
    if selection["random"] is not None:
        found += ["--random-models", str(selection["random"]), "--random-seed", str(selection["seed"])]
    return found


def _versions(about: dict[str, Any]) -> dict[str, str]:
    return {name: facts["version"] for name, facts in about["backends"].items()}


def _journal_path(selection: dict[str, Any]) -> Path:
    number = zlib.crc32(json.dumps(selection, sort_keys=True).encode())
    return home() / "conformance" / f"unfinished-{number:08x}.jsonl"


def _jobs(options: argparse.Namespace) -> int:
    if options.jobs is not None and options.jobs < 1:
        raise ConfigError(f"conformance: expected --jobs to be a number from 1; got {options.jobs}.")
    return options.jobs or min(os.cpu_count() or 1, MOST_JOBS)


def _in_turns(cases: Sequence[Case], by_level: bool) -> list[Case]:
    """The cases; where time may run out, groups of all levels and backends in turns, so that each gets its share."""
    if not by_level:
        return list(cases)
    queues: dict[tuple[str, str], list[str]] = {}
    groups: dict[str, list[Case]] = {}
    for case in cases:
        if case.group not in groups:
            queues.setdefault((case.level, case.backend), []).append(case.group)
        groups.setdefault(case.group, []).append(case)
    order = sorted((number, kind, group) for kind, queue in queues.items() for number, group in enumerate(queue))
    return [case for _, _, group in order for case in groups[group]]


def _progress(console: Console) -> Progress:
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("[red]{task.fields[failed]}"))
    return Progress(*columns, TextColumn("{task.description}", markup=False), console=console, transient=True)


def name_of(case: Case) -> str:
    """A case as people call it.

    Args:
        case: The case.

    Returns:
        Backend, level, subject and check.
    """
    place = case.backend if case.device == "default" else f"{case.backend} on {case.device}"
    check = "" if case.check == case.subject else f", {case.check}"
    return f"{place}: {case.level}: {case.subject}{check}"


def _write(path: Path, text: str) -> None:
    with replacing(path) as place:
        place.write_text(text, encoding="utf-8")


def write(report: Report, options: argparse.Namespace, console: Console) -> None:
    """Write the report in the forms that were asked for, and say how it came out."""
    if options.json:
        _write(options.json, json.dumps(report.as_data(), indent=1) + "\n")
    if options.junit:
        _write(options.junit, records.junit(report) + "\n")
    if options.html:
        from .page import page

        _write(options.html, page(report))
    show_distances(report, console)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(report.counts.items()))
    console.print(f"{counts} in {report.seconds:.0f} seconds", markup=False)
    skipped = Counter(result.message.partition("\n")[0] for result in report.results if result.outcome == SKIPPED)
    for reason, count in skipped.most_common(REASONS):
        console.print(f"{count} skipped: {reason.removeprefix('Skipped: ')}", markup=False)
    worst = [
        (note["share"], name_of(result.case), dtype)
        for result in report.results
        if result.outcome == PASSED
        for dtype, note in result.shares.items()
    ]
    if worst:
        share, name, dtype = max(worst)
        console.print(f"closest to its bound of what passed: {name} in {dtype}, {share:.0%}", markup=False)
