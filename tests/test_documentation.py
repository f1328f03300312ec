"""Every example in a docstring, on every backend, and the README's code."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polykeras
from polykeras import ops, tree
from polykeras.settings import settings
from polykeras.state import reset_names

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    module.name for module in pkgutil.walk_packages(polykeras.__path__, "polykeras.") if "backends" not in module.name
)
NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:e[-+]?\d+)?")


def shown(value: Any) -> str:
    """A result as the examples write it, whatever framework it comes from."""

    class Text(str):
        __repr__ = str.__str__

    def text(leaf: Any) -> Any:
        return Text(repr(ops.convert_to_numpy(leaf)[()].__array__())) if ops.is_tensor(leaf) else leaf

    return repr(tree.map_structure(text, value))


class Checker(doctest.OutputChecker):
    """Texts that are equal up to the last digits of their numbers, by which backends differ."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        if super().check_output(want, got, optionflags):
            return True
        numbers = [[float(x) for x in NUMBER.findall(text)] for text in (want, got)]
        rest = ["".join(NUMBER.sub("#", text).split()) for text in (want, got)]
        return rest[0] == rest[1] and numbers[0] == pytest.approx(numbers[1], rel=1e-6, abs=1e-9)  # 8 digits are shown


def examples_of(name: str) -> list[doctest.DocTest]:
    module = importlib.import_module(name)
    names = {n: x for n, x in vars(ops).items() if not n.startswith("_")} if ".ops" in name else {"array": ops.array}
    names = {**names, "np": np, "ops": ops, "polykeras": polykeras, "Spec": polykeras.Spec, **vars(module)}
    found = doctest.DocTestFinder(exclude_empty=True).find(module, name, globs=names)
    return [test for test in found if test.examples]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, backend, monkeypatch):
    monkeypatch.setattr(sys, "displayhook", lambda value: None if value is None else print(shown(value)))
    # doctest puts Python's own display hook in place while it runs
    monkeypatch.setattr(sys, "__displayhook__", sys.displayhook)
    monkeypatch.setattr(settings, "__dict__", dict(vars(settings)))  # which examples change
    runner = doctest.DocTestRunner(Checker(), verbose=False, optionflags=doctest.ELLIPSIS)
    report: list[str] = []
    for test in examples_of(name):
        polykeras.random.set_random_seed(0)
        reset_names()
        runner.run(test, out=report.append, clear_globs=False)
    assert not report, "".join(report)


def test_examples_are_found():
    counted = {name: len(examples_of(name)) for name in MODULES}
    assert counted["polykeras.ops.activation"] > 5
    assert sum(counted.values()) > 200


def test_no_module_is_without_a_docstring():
    for name in [*MODULES, "polykeras"]:
        assert inspect.getdoc(importlib.import_module(name)), name


@pytest.mark.parametrize("framework", [name for name in polykeras.available() if name == "torch"])
def test_readme_code_runs(framework, tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len(blocks) == 4
    blocks[0] = blocks[0].replace('"jax"', '"numpy"')  # runs with the framework whose tensors it shows, and no other
    call = "import numpy as np\nassert step(np.eye(2, dtype='float32'), np.ones(2, 'float32')) == 1.0\n"
    subprocess.run([sys.executable, "-c", "".join([*blocks, call])], check=True, cwd=tmp_path)


@pytest.mark.parametrize("file", sorted(ROOT.glob("*.md")), ids=lambda file: file.name)
def test_links_between_documents_lead_somewhere(file):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", file.read_text()):
        assert (file.parent / target).exists(), target
