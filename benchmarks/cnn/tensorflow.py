"""The network in TensorFlow."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ..loops.tensorflow import TensorFlow, Variables, adam, cross_entropy
from ..problem import Problem


def loop(problem: Problem, xla: bool) -> TensorFlow:
    """Traced, with and without XLA."""
    return TensorFlow(forward, cross_entropy, adam, problem, xla)


def forward(w: Variables, x: Any, training: bool) -> Any:
    """The logits."""
    for name in ("conv1", "conv2", "conv3"):
        x = tf.nn.relu(tf.nn.conv2d(x, w[f"{name}.kernel"], 1, "VALID") + w[f"{name}.bias"])
        if name != "conv3":
            x = tf.nn.max_pool2d(x, 2, 2, "VALID")
    x = tf.reshape(x, [tf.shape(x)[0], 576])
    x = tf.nn.relu(x @ w["hidden.kernel"] + w["hidden.bias"])
    return x @ w["last.kernel"] + w["last.bias"]
