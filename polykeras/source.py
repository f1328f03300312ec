"""Functions written out as source, where a loop over arguments would cost more than the work."""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable
from typing import Any

_numbers = itertools.count()


def function_from(name: str, source: str, namespace: dict[str, Any]) -> Callable[..., Any]:
    """The function of a name that source defines. Tracebacks show its lines."""
    filename = f"<polykeras {name} {next(_numbers)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec"), namespace)
    return namespace[name]
