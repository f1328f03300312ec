"""NumPy's own calls."""

from functools import cache

import numpy as np

from ..task import Task
from . import operands


@cache
def tasks() -> dict[str, Task]:
    """One call each."""
    first, second = operands()
    return {
        "add": Task(np.add, (first, second)),
        "matmul": Task(np.matmul, (first, second)),
        "relu": Task(lambda x: np.maximum(x, 0), (first,)),
    }
