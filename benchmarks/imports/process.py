"""A new Python process that runs a statement."""

from __future__ import annotations

import json
import subprocess
import sys

from ..loops import FRAMEWORKS
from ..task import Task

FOREIGN = [name for name in FRAMEWORKS if name != "numpy"]


def tasks(code: str) -> dict[str, Task]:
    """Start Python, run the statement, and end."""
    look = f"import json, sys; print(json.dumps([name for name in {FOREIGN} if name in sys.modules]))"
    return {"new process": Task(run, (f"{code}\n{look}",), outcome=lambda shown: json.loads(shown))}


def run(code: str) -> str:
    """What a new process prints."""
    return subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True).stdout
