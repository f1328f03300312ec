"""Modules that show some of the ops under another roof."""

from __future__ import annotations

from typing import Any

from .. import ops


class Facade:
    """What a module looks up when it has names of ops and nothing of its own.

    >>> Facade("a.module", "add shape no_such_op").names()
    ['add', 'shape']
    """

    def __init__(self, module: str, names: str):
        self.module = module
        self.listed = names.split()

    def find(self, name: str) -> Any:
        """The op of a name that the module has."""
        if name not in self.listed or not hasattr(ops, name):
            raise AttributeError(f"module {self.module!r} has no attribute {name!r}")
        return getattr(ops, name)

    def names(self) -> list[str]:
        """The names under which there is an op."""
        return sorted(name for name in self.listed if hasattr(ops, name))
