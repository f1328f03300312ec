"""What is kept of a run of the suite, and how it is written."""

from __future__ import annotations

import json
import os
import platform
import re
import xml.etree.ElementTree as xml
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import polykeras
from polykeras.backend import load
from polykeras.errors import ConfigError
from polykeras.files import replacing

PASSED, FAILED, SKIPPED, CRASHED, HUNG, NOT_RUN = "passed", "failed", "skipped", "crashed", "hung", "not run"
BAD = (FAILED, CRASHED, HUNG)

MODELS_AT_ONCE = 5
"""How many random models are one case."""
CASES_OF_A_SEED = 1000
"""How many cases of random models a seed has at most."""
FORMAT = 1


@dataclass
class Case:
    """A test of the suite on a backend and a device, before it has run."""

    id: str
    level: str
    subject: str
    """The op, layer, model or the like that it is about."""
    check: str
    backend: str
    device: str
    group: str
    """What one worker should run, because the cases share compiled programs."""

    @property
    def key(self) -> str:
        """What tells it apart from all others of a run."""
        return f"{self.device} {self.id}"


@dataclass
class Result:
    """What came of a case."""

    case: Case
    outcome: str
    seconds: float = 0.0
    message: str = ""
    shares: dict[str, dict[str, Any]] = field(default_factory=dict)
    gaps: dict[str, str] = field(default_factory=dict)
    curves: dict[str, list[float]] = field(default_factory=dict)
    explained: dict[str, list[float]] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where it ran: on a backend, and a device if one was chosen."""
        case = self.case
        if not case.backend:
            return "the suite itself"
        return case.backend if case.device == "default" else f"{case.backend} on {case.device}"

    @property
    def command(self) -> str:
        """What runs the case by itself."""
        options = "" if self.case.device == "default" else f" --device {self.case.device}"
        if random := re.search(r"models from (\d+)", self.case.id):
            seed, number = divmod(int(random[1]), CASES_OF_A_SEED)
            options += f" --random-models {MODELS_AT_ONCE * (number + 1)} --random-seed {seed}"
        return (
            f"python -m pytest --pyargs 'polykeras.conformance' --backend {self.case.backend}{options} "
            f"-k '{self.words}'"
        )

    @property
    def words(self) -> str:
        """An expression for pytest's -k that selects the case."""
        name = self.case.id.rpartition("::")[2]
        return " and ".join(dict.fromkeys(re.findall(r"\w+", name)))


@dataclass
class Report:
    """A run of the suite."""

    selection: dict[str, Any]
    about: dict[str, Any]
    results: list[Result]
    seconds: float = 0.0

    @property
    def counts(self) -> dict[str, int]:
        """How many cases came out how."""
        return dict(Counter(result.outcome for result in self.results))

    @property
    def is_good(self) -> bool:
        """Whether nothing failed, and something ran."""
        return not any(result.outcome in BAD for result in self.results) and PASSED in self.counts

    def as_data(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "format": FORMAT,
            "selection": self.selection,
            "about": self.about,
            "seconds": self.seconds,
            "counts": self.counts,
            "results": [as_data(result) for result in self.results],
        }


def as_data(result: Result) -> dict[str, Any]:
    """A result as plain data."""
    return {
        **asdict(result.case),
        **{k: v for k, v in asdict(result).items() if k != "case"},
        "command": result.command,
    }


def from_data(data: dict[str, Any]) -> Result:
    """A result out of plain data."""
    names = Case.__dataclass_fields__
    rest = {k: v for k, v in data.items() if k in Result.__dataclass_fields__}
    return Result(Case(**{name: data[name] for name in names}), **rest)


def read(path: str | Path) -> Report:
    """The report in a JSON file."""
    try:
        data = json.loads(Path(path).read_text())
        if data["format"] != FORMAT:
            raise ConfigError(
                f"{path}: expected a report of format {FORMAT}; got {data['format']}. Run the suite again."
            )
        results = [from_data(result) for result in data["results"]]
        return Report(data["selection"], data["about"], results, data["seconds"])
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else error
        raise ConfigError(f"{path}: expected a report that `polykeras conformance --json` wrote; {reason}.") from error


def about(backends: Sequence[str]) -> dict[str, Any]:
    """Versions and hardware."""
    found = {name: load(name) for name in backends}
    return {
        "polykeras": polykeras.version(),
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "reference": f"NumPy {np.__version__}",
        "backends": {n: {"version": b.version, "devices": b.devices(), "gaps": dict(b.gaps)} for n, b in found.items()},
    }


def _processor() -> str:
    """The name of the processor, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def junit(report: Report) -> str:
    """The report as JUnit's XML, for continuous integration."""
    counts = report.counts
    suite = xml.Element(
        "testsuite",
        name="polykeras conformance",
        tests=str(len(report.results)),
        failures=str(counts.get(FAILED, 0)),
        errors=str(counts.get(CRASHED, 0) + counts.get(HUNG, 0)),
        skipped=str(counts.get(SKIPPED, 0) + counts.get(NOT_RUN, 0)),
        time=f"{report.seconds:.3f}",
    )
    for result in report.results:
        case = result.case
        element = xml.SubElement(
            suite,
            "testcase",
            classname=f"{case.backend}.{case.device}.{case.level}",
            name=f"{case.subject} {case.check}",
            time=f"{result.seconds:.3f}",
        )
        tag = {FAILED: "failure", CRASHED: "error", HUNG: "error", SKIPPED: "skipped", NOT_RUN: "skipped"}
        if result.outcome in tag:
            child = xml.SubElement(element, tag[result.outcome], message=_printable(result.message.partition("\n")[0]))
            child.text = _printable(f"{result.message}\n\n{result.command}")
    root = xml.Element("testsuites")
    root.append(suite)
    return xml.tostring(root, encoding="unicode", xml_declaration=True)


def _printable(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return "".join(c for c in text if c in "\t\n\r" or c >= " ")


class Journal:
    """The results of a run as they come, so that it can be resumed after an interruption.

    Args:
        path: The file.
        selection: What the run consists of, by which one is told from another.
    """

    def __init__(self, path: Path, selection: dict[str, Any]):
        self.path = path
        self._selection = selection

    def read(self) -> list[Result]:
        """The results of an interrupted run; none if there is none of this selection."""
        if not self.path.exists():
            return []
        first, *lines = self.path.read_text().splitlines() or [""]
        try:
            if json.loads(first) != self._selection:
                return []
        except ValueError:
            return []
        found = []
        for line in lines:
            try:
                found.append(from_data(json.loads(line)))
            except ValueError:  # the line at which it was interrupted
                break
        return found

    def begin(self, results: Iterable[Result]) -> None:
        """Begin a file with the results that there are."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(self._selection), *(json.dumps(as_data(result)) for result in results)]
        with replacing(self.path) as place:
            place.write_text("\n".join(lines) + "\n")

    def add(self, result: Result) -> None:
        """Write a result at once."""
        with self.path.open("a") as file:
            print(json.dumps(as_data(result)), file=file, flush=True)

    def end(self) -> None:
        """Remove the file of a run that is complete."""
        self.path.unlink(missing_ok=True)
