"""The network in TensorFlow."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ..loops.tensorflow import TensorFlow, Variables, adam, cross_entropy
from ..problem import Problem
from . import kernels


def loop(problem: Problem, xla: bool) -> TensorFlow:
    """Traced, with and without XLA."""
    *hidden, last = kernels(problem.weights)

    def forward(w: Variables, x: Any, training: bool) -> Any:
        for name in hidden:
            x = tf.nn.relu(x @ w[f"{name}.kernel"] + w[f"{name}.bias"])
        return x @ w[f"{last}.kernel"] + w[f"{last}.bias"]

    return TensorFlow(forward, cross_entropy, adam, problem, xla)
