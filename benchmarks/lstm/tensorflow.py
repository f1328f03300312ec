"""The network in TensorFlow."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ..loops.tensorflow import TensorFlow, Variables, adam
from ..problem import Problem
from . import LENGTH, UNITS


def loop(problem: Problem, xla: bool) -> TensorFlow:
    """Traced, with and without XLA."""
    return TensorFlow(forward, binary_cross_entropy, adam, problem, xla)


def forward(w: Variables, x: Any, training: bool) -> Any:
    """The logits."""
    inputs = tf.gather(w["words.embeddings"], tf.transpose(x)) @ w["lstm.kernel"] + w["lstm.bias"]
    recurrent = w["lstm.recurrent_kernel"].read_value()

    def step(time: Any, state: Any, memory: Any) -> tuple[Any, Any, Any]:
        i, f, c, o = tf.split(inputs[time] + state @ recurrent, 4, axis=-1)
        memory = tf.sigmoid(f) * memory + tf.sigmoid(i) * tf.tanh(c)
        return time + 1, tf.sigmoid(o) * tf.tanh(memory), memory

    zeros = tf.zeros([x.shape[0], UNITS])
    _, state, _ = tf.while_loop(
        lambda time, *_: time < LENGTH, step, (tf.constant(0), zeros, zeros), maximum_iterations=LENGTH
    )
    return state @ w["last.kernel"] + w["last.bias"]


def binary_cross_entropy(logits: Any, targets: Any) -> Any:
    """The mean cross entropy of yes and no."""
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(targets, logits))
