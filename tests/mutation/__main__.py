"""Plant each fault in a copy of the library, run the tests that are to catch it, and list the faults that survive.

python -m tests.mutation [words of a fault's meaning or file]
"""

from __future__ import annotations

import concurrent.futures
import os
import queue
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import track

from .faults import ROOT, Fault, faults

LIMIT = 300  # seconds for the tests of one fault: one that never ends is caught, too


def copy_library(folder: Path) -> None:
    """A copy of what is imported."""
    shutil.copytree(ROOT / "polykeras", folder / "polykeras", ignore=shutil.ignore_patterns("backends", "conformance"))
    for part in ("backends", "conformance"):
        shutil.copytree(ROOT / part, folder / "polykeras" / part)


def came_through(fault: Fault, folder: Path) -> str:
    """Why the tests do not fail with the fault in the copy, which is mended afterwards; nothing where they do."""
    place = folder / (fault.file if fault.file.startswith("polykeras") else f"polykeras/{fault.file}")
    right = place.read_text()
    place.write_text(fault.planted())
    command = [sys.executable, "-m", "pytest", "--pyargs", "polykeras.conformance", "--backend", fault.backend, "-xq"]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        run = subprocess.run(
            [*command, "-p", "no:cacheprovider", "-k", fault.tests],
            cwd=folder,
            env=environment,
            timeout=LIMIT,
            capture_output=True,
        )
    except subprocess.TimeoutExpired:
        return ""
    finally:
        place.write_text(right)
    return OUTCOMES.get(run.returncode, "")


OUTCOMES = {
    0: "survived",
    2: "the suite cannot be imported with it",
    3: "pytest failed",
    4: "pytest was not called as it should be",
    5: "there are no tests of these names",
}
"""What is no catch, by pytest's exit status."""


def main(words: list[str]) -> int:
    """Try the faults whose file or meaning has all the words."""
    console = Console()
    chosen = [fault for fault in faults() if all(word in f"{fault.file} {fault.meaning}" for word in words)]
    for fault in chosen:
        compile(fault.planted(), fault.file, "exec")
    folders: queue.Queue[Path] = queue.Queue()
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as temporary:
        for number in range(workers):
            copy_library(Path(temporary, str(number)))
            folders.put(Path(temporary, str(number)))

        def try_out(fault: Fault) -> str:
            folder = folders.get()
            try:
                return came_through(fault, folder)
            finally:
                folders.put(folder)

        survivors = 0
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            caught = track(pool.map(try_out, chosen), "Planting faults", total=len(chosen), console=console)
            for fault, reason in zip(chosen, caught, strict=True):
                if reason:
                    survivors += 1
                    console.print(f"{reason}: {fault.file}: {fault.meaning} [{fault.tests}]", markup=False)
    console.print(f"{len(chosen) - survivors} of {len(chosen)} faults caught")
    return 1 if survivors or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
