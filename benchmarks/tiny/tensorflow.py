"""The network in TensorFlow."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ..loops.tensorflow import TensorFlow, Variables, sgd
from ..problem import Problem


def loop(problem: Problem, xla: bool) -> TensorFlow:
    """Traced, with and without XLA."""
    return TensorFlow(forward, squared_error, sgd, problem, xla)


def forward(w: Variables, x: Any, training: bool) -> Any:
    """The outputs."""
    hidden = tf.nn.relu(x @ w["hidden.kernel"] + w["hidden.bias"])
    return hidden @ w["last.kernel"] + w["last.bias"]


def squared_error(outputs: Any, targets: Any) -> Any:
    """The mean square of the differences."""
    return tf.reduce_mean(tf.math.squared_difference(outputs, targets))
