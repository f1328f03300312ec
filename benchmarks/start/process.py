"""A fresh process that trains a network for some steps, and says when each was over."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

from ..matches import STEPS
from ..task import Task
from . import FIRST, MEMORY, TENTH


def tasks(**contestant: Any) -> dict[str, Task]:
    """Start Python, train, and end.

    Args:
        **contestant: What `loops.contestant.make` needs to know.

    Returns:
        The task.
    """
    command = [sys.executable, "-m", f"{__package__}.training", json.dumps({**contestant, "steps": STEPS})]

    def run() -> dict[str, Any]:
        begin = time.time()
        found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
        return {**found, "begin": begin}

    return {"process": Task(run, evidence=lambda steps: run()["losses"], readings=readings)}


def readings(found: dict[str, Any]) -> dict[str, float]:
    """What the process took."""
    first, *_, tenth = found["times"]
    return {FIRST: first - found["begin"], TENTH: tenth - found["begin"], MEMORY: found["memory"]}
