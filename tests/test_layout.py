"""The order of the rooms: who may import whom, and who may know a backend by name."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = [
    {"errors", "tree", "source", "philox", "masks", "files"},
    {"settings", "spec", "dtypes", "seeds", "tracebacks", "optional"},
    {"backend"},
    {"interpreters", "symbolic", "eager", "mistakes", "dispatch", "op", "text"},
    {"ops"},
    {"tape", "state", "deferral"},
    {"compilation", "random", "registry", "scopes", "session"},
    {"activations", "initializers", "regularizers", "constraints", "dtype_policies", "config"},
    {"layers", "losses", "metrics", "optimizers", "callbacks", "mixed_precision"},
    {"training"},
    {"models"},
    {"saving"},
    {"utils", "visualization"},
    {"datasets", "preprocessing", "wrappers"},
    {"data", "demo", "doctor", "testing", "cli"},
    {"__main__"},
]
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
FILES = sorted((ROOT / "polykeras").rglob("*.py"))


def imported(tree: ast.AST, package: str) -> Iterator[str]:
    """The rooms of polykeras that a module imports when it runs."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = parts[: len(parts) + 1 - node.level] if node.level else []
            full = [*base, *(node.module or "").split(".")] if node.module else base
            if full[:1] == ["polykeras"]:
                yield from [full[1]] if len(full) > 1 else [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from [a.name.split(".")[1] for a in node.names if a.name.startswith("polykeras.")]
        else:
            yield from imported(node, package)


def room_of(file: Path) -> str:
    return file.relative_to(ROOT / "polykeras").parts[0].removesuffix(".py")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_rooms_import_what_stands_below_them(file):
    if room_of(file) == "__init__":
        return
    package = ".".join(file.relative_to(ROOT).parent.parts)
    rooms = {room for room in imported(ast.parse(file.read_text()), package) if room in LEVEL}
    assert LEVEL[room_of(file)] >= max((LEVEL[room] for room in rooms), default=0), rooms


def test_every_package_goes_into_the_wheel():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {file.parent.relative_to(ROOT) for file in ROOT.glob("polykeras/**/__init__.py")}
    folders |= {Path("polykeras", file.parent.relative_to(ROOT)) for file in ROOT.glob("[bc]*/**/__init__.py")}
    wanted = {".".join(folder.parts) for folder in folders if "benchmarks" not in folder.parts}
    assert set(listed) == wanted


def test_every_room_has_its_place():
    assert {room_of(file) for file in FILES} - {"__init__"} <= set(LEVEL)


ALLOWED_IN_BACKENDS = {
    *("errors", "tree", "philox", "settings", "spec", "dtypes", "backend"),
    *("interpreters", "symbolic", "eager", "source", "op", "tape"),
}


@pytest.mark.parametrize("file", sorted((ROOT / "backends").glob("*.py")), ids=lambda file: file.name)
def test_backends_import_no_room_above_the_tape(file):
    rooms = set(imported(ast.parse(file.read_text()), "polykeras.backends"))
    assert rooms - {"backends"} <= ALLOWED_IN_BACKENDS


NAMES = {"numpy", "torch", "jax", "tensorflow"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_the_library_compares_nothing_with_the_name_of_a_backend(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Compare):
            constants = {c.value for c in ast.walk(node) if isinstance(c, ast.Constant) and isinstance(c.value, str)}
            assert not constants & NAMES, f"line {node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_variables_are_not_looked_for_by_equality(file):
    """`v in variables` would compare the values of variables, element by element."""

    def holds_variables(node: ast.AST) -> bool:
        return bool(re.search(r"(variables|weights)(\(\))?$", ast.unparse(node)))

    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
            assert not holds_variables(node.comparators[0]), f"line {node.lineno}: {ast.unparse(node)}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            looks = node.func.attr in ("index", "remove", "count")
            assert not (looks and holds_variables(node.func.value)), f"line {node.lineno}: {ast.unparse(node)}"


def test_frameworks_are_imported_by_their_backends_only():
    for file in [*FILES, *(ROOT / "conformance").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert not {name.split(".")[0] for name in names} & (NAMES - {"numpy"}), file
