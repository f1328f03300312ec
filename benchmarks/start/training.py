"""What runs in the fresh process: steps of training, each with the time of day at which its loss was there."""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from typing import Any

from ..loops.contestant import make
from ..worker import take_standard_output

KILOBYTE = 1 if sys.platform == "darwin" else 1024
"""In what the system counts memory."""


def train(workload: str, contestant: str, options: dict[str, Any], steps: int) -> dict[str, Any]:
    """Train, and say what it took.

    Args:
        workload: The module of the network.
        contestant: Its file there.
        options: Its options.
        steps: How many steps to take.

    Returns:
        The losses, the times at which they were there, and the memory that the process had at most.
    """
    problem = importlib.import_module(workload).problem()
    loop = make(workload, contestant, problem, options)
    losses, times = [], []
    for x, y in problem.batches(steps):
        loop.forget()
        losses.append(float(loop.train(x, y)))
        times.append(time.time())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KILOBYTE
    return {"losses": losses, "times": times, "memory": memory}


if __name__ == "__main__":
    replies = take_standard_output()
    print(json.dumps(train(**json.loads(sys.argv[1]))), file=replies, flush=True)
