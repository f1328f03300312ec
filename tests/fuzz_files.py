"""Mutated files: each ends in a loaded model or in one of our own errors, within bounded time and memory.

Run by `nox -s fuzz`, before the inputs that `tests.fuzz_guided` finds; with `--inputs N` and `--seed S` by itself.
Inputs that break the promise are kept in the folder that `--keep` names.
"""

from __future__ import annotations

import argparse
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import polykeras

from .fuzz_mutations import Seed, inspected, mutated, seeds, tried

SECONDS = 10
MEMORY = 2**30
"""The address space of the process: some 250 MiB are taken before there is an input."""
EVERY = 10_000
INSPECTED = 16
"""Of so many inputs, one is also looked at by `inspect`."""


class TooSlowError(BaseException):
    """An input took longer than it may; no error that a loader may take for one of a malformed file."""


class Findings:
    """What broke the promise: each kind once, with an input that shows it."""

    def __init__(self, keep: str | None):
        self._keep = keep
        self.messages: dict[str, str] = {}

    def note(self, error: BaseException, seed: Seed, data: bytes) -> None:
        """Note an error that is none of ours."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}"
        if what not in self.messages and self._keep:
            Path(self._keep, f"finding_{len(self.messages)}_{seed.name}").write_bytes(data)
        self.messages.setdefault(what, str(error)[:200])


def run(inputs: int, seed: int, keep: str | None = None) -> tuple[Counter, Findings, float]:
    """Try so many inputs.

    Returns:
        The outcomes by format, what broke the promise, and the time of the slowest.
    """
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, _too_slow)
    known = seeds()
    outcomes: Counter = Counter()
    findings, slowest, start = Findings(keep), 0.0, time.perf_counter()
    with polykeras.using("numpy"), tempfile.TemporaryDirectory() as folder:
        for number in range(inputs):
            source = random.Random(seed * 1_000_003 + number)
            chosen = known[number % len(known)]
            data = mutated(chosen, source)
            begin = time.perf_counter()
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            try:
                outcomes[chosen.name, tried(chosen, data, folder)] += 1
                if number // len(known) % INSPECTED == 0 and chosen.name != "m.json":
                    inspected(chosen, data, folder)
            except (Exception, TooSlowError) as error:
                outcomes[chosen.name, "finding"] += 1
                findings.note(error, chosen, data)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            slowest = max(slowest, time.perf_counter() - begin)
            if (number + 1) % EVERY == 0:
                rate = (number + 1) / (time.perf_counter() - start)
                print(f"{number + 1} inputs, {rate:.0f} in a second, {len(findings.messages)} findings", flush=True)
    return outcomes, findings, slowest


def _too_slow(*_: Any) -> None:
    raise TooSlowError


def show(outcomes: Counter) -> None:
    """Print how many inputs of each format were loaded, and with which errors the others were refused."""
    for name in sorted({name for name, _ in outcomes}):
        of_format = {what: count for (format_, what), count in outcomes.items() if format_ == name}
        told = ", ".join(f"{count} {what}" for what, count in sorted(of_format.items(), key=lambda x: -x[1]))
        print(f"{name[2:]}: {sum(of_format.values())} inputs: {told}")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--inputs", type=int, default=90_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", default=None)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    begin = time.time()
    outcomes, findings, slowest = run(options.inputs, options.seed, options.keep)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    show(outcomes)
    print(f"{options.inputs} inputs in {time.time() - begin:.0f} s; slowest {slowest:.2f} s, peak {peak:.0f} MiB")
    for what, message in findings.messages.items():
        print(f"finding: {what}: {message}")
    return 1 if findings.messages else 0


if __name__ == "__main__":
    sys.exit(main())
