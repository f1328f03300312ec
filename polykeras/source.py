"""Functions written out as source, where a loop over arguments would cost more than the work."""

from __future__ import annotations

import functools
import itertools
import linecache
from collections.abc import Callable
from types import CodeType
from typing import Any

_numbers = itertools.count()

_ANY = "_any_function_"
"""The name of every function in source that is compiled for many."""


def function_from(name: str, source: str, namespace: dict[str, Any]) -> Callable[..., Any]:
    """The function of a name that source defines. Tracebacks show its lines."""
    filename = _remembered(name, source)
    exec(compile(source, filename, "exec"), namespace)
    return namespace[name]


def function_like(name: str, source: str, namespace: dict[str, Any]) -> Callable[..., Any]:
    """As `function_from`, where many functions have the same source but for their names: that is compiled once.

    The source has no function within the function, whose place in a traceback would be another's.
    """
    filename = _remembered(name, source)
    module = _compiled(source.replace(f"def {name}(", f"def {_ANY}(", 1))

    def named(constant: Any) -> Any:
        if not isinstance(constant, CodeType):
            return constant
        return constant.replace(co_name=name, co_qualname=name, co_filename=filename)

    exec(module.replace(co_consts=tuple(map(named, module.co_consts))), namespace)
    return namespace.pop(_ANY)


@functools.cache
def _compiled(source: str) -> CodeType:
    return compile(source, "<polykeras>", "exec")


def _remembered(name: str, source: str) -> str:
    """The name of a file for tracebacks, which shows the source."""
    filename = f"<polykeras {name} {next(_numbers)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    return filename
