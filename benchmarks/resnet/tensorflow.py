"""The network in TensorFlow: normalizations by its fused kernel."""

from __future__ import annotations

import functools
from typing import Any

import tensorflow as tf

from ..loops.tensorflow import TensorFlow, Variables, adam, cross_entropy
from ..problem import Problem
from . import EPSILON, FILTERS, MOMENTUM


def loop(problem: Problem, xla: bool) -> TensorFlow:
    """Traced, with and without XLA."""
    return TensorFlow(functools.partial(forward, problem.dropout), cross_entropy, adam, problem, xla)


def forward(dropout: float, w: Variables, x: Any, training: bool) -> Any:
    """The logits."""

    def normalized(x: Any, name: str) -> Any:
        return norm(w, f"{name}_norm", tf.nn.conv2d(x, w[f"{name}.kernel"], 1, "SAME"), training)

    x = tf.nn.relu(normalized(x, "stem"))
    for number in range(len(FILTERS)):
        shortcut = x
        if number:
            x = tf.nn.avg_pool2d(x, 2, 2, "VALID")
            shortcut = normalized(x, f"shortcut{number}")
        x = tf.nn.relu(normalized(x, f"first{number}"))
        x = tf.nn.relu(normalized(x, f"second{number}") + shortcut)
    x = tf.reduce_mean(x, axis=[1, 2])
    if training and dropout:
        x = tf.nn.dropout(x, dropout)
    return x @ w["last.kernel"] + w["last.bias"]


def norm(w: Variables, name: str, x: Any, training: bool) -> Any:
    """A normalization of each channel; in training it writes the moving statistics."""
    gamma, beta = w[f"{name}.gamma"], w[f"{name}.beta"]
    mean, variance = w[f"{name}.moving_mean"], w[f"{name}.moving_variance"]
    if not training:
        return tf.compat.v1.nn.fused_batch_norm(x, gamma, beta, mean, variance, EPSILON, is_training=False)[0]
    x, own_mean, own_variance = tf.compat.v1.nn.fused_batch_norm(x, gamma, beta, epsilon=EPSILON)
    mean.assign_sub((1 - MOMENTUM) * (mean - own_mean))
    variance.assign_sub((1 - MOMENTUM) * (variance - own_variance))
    return x
