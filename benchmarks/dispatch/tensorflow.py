"""TensorFlow's own calls."""

from functools import cache

import tensorflow as tf

from ..task import Task
from . import operands


@cache
def tasks() -> dict[str, Task]:
    """One call each."""
    first, second = map(tf.constant, operands())
    return {
        "add": Task(tf.add, (first, second)),
        "matmul": Task(tf.matmul, (first, second)),
        "relu": Task(tf.nn.relu, (first,)),
    }
