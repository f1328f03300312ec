"""The faults that are planted: a piece of code each, and the wrong one that takes its place."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Fault:
    """A piece of code that is replaced by a wrong one, in the form in which `ast.unparse` shows it."""

    file: str
    meaning: str
    tests: str
    right: str
    wrong: str
    backend: str
    """The backend on which the tests run."""

    def planted(self) -> str:
        """The code of the file with the fault in it."""
        code = _unparsed(self.file)
        if self.right == self.wrong:
            raise ValueError(f"{self.file}: {self.meaning}: the wrong code is the right one")
        if code.count(self.right) != 1:
            raise ValueError(f"{self.file}: {self.meaning}: the right code is there {code.count(self.right)} times")
        return code.replace(self.right, self.wrong)


def faults() -> Iterator[Fault]:
    """The faults of all files: a heading for each file of code, then meaning, [tests], and lines as in a diff.

    The tests run on the backend that a file of code is for, or that a heading names ("on torch"), or else on NumPy.
    """
    for path in sorted(Path(__file__).parent.glob("*.txt")):
        file = backend = ""
        for block in path.read_text().strip().split("\n\n"):
            first, *lines = block.splitlines()
            if first.startswith("== "):
                file, _, backend = first.removeprefix("== ").partition(" on ")
                folder, name = Path(file).parent.name, Path(file).stem
                backend = backend or (name.partition("_")[0] if folder == "backends" else "numpy")
                continue
            meaning, _, tests = first.removesuffix("]").partition(" [")
            right, wrong = ("\n".join(line[2:] for line in lines if line[0] == sign) for sign in "-+")
            yield Fault(file, meaning, tests, right, wrong, backend)


@functools.cache
def _unparsed(file: str) -> str:
    return ast.unparse(ast.parse((ROOT / file).read_text()))
