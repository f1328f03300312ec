"""The network in TensorFlow."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ..loops.tensorflow import TensorFlow, Variables, adam, cross_entropy
from ..problem import Problem
from . import BLOCKS, EPSILON, HEAD, HEADS, LENGTH, WIDTH


def loop(problem: Problem, xla: bool) -> TensorFlow:
    """Traced, with and without XLA."""
    return TensorFlow(forward, cross_entropy, adam, problem, xla)


def forward(w: Variables, x: Any, training: bool) -> Any:
    """The logits."""
    x = tf.gather(w["words.embeddings"], x)
    for number in range(BLOCKS):
        x = x + attention(w, f"attention{number}", norm(w, f"norm{number}a", x))
        inner = tf.nn.relu(dense(w, f"inner{number}", norm(w, f"norm{number}b", x)))
        x = x + dense(w, f"outer{number}", inner)
    return dense(w, "last", tf.reduce_mean(norm(w, "norm", x), axis=1))


def dense(w: Variables, name: str, x: Any) -> Any:
    """A dense layer, on all words in one product."""
    kernel = tf.convert_to_tensor(w[f"{name}.kernel"])
    flat = tf.reshape(x, [-1, kernel.shape[0]]) @ kernel + w[f"{name}.bias"]
    return tf.reshape(flat, [*x.shape[:-1], kernel.shape[1]])


def norm(w: Variables, name: str, x: Any) -> Any:
    """A normalization of each word."""
    mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, w[f"{name}.beta"], w[f"{name}.gamma"], EPSILON)


def attention(w: Variables, name: str, x: Any) -> Any:
    """Attention of the words to each other."""
    flat = tf.reshape(x, [-1, WIDTH])

    def heads(part: str) -> Any:
        kernel = tf.reshape(w[f"{name}.{part}.kernel"], [WIDTH, WIDTH])
        projected = flat @ kernel + tf.reshape(w[f"{name}.{part}.bias"], [WIDTH])
        return tf.transpose(tf.reshape(projected, [-1, LENGTH, HEADS, HEAD]), [0, 2, 1, 3])

    query, key, value = map(heads, ("query", "key", "value"))
    scores = tf.nn.softmax(tf.matmul(query, key, transpose_b=True) / HEAD**0.5)
    mixed = tf.reshape(tf.transpose(scores @ value, [0, 2, 1, 3]), [-1, WIDTH])
    output = mixed @ tf.reshape(w[f"{name}.output.kernel"], [WIDTH, WIDTH]) + w[f"{name}.output.bias"]
    return tf.reshape(output, [-1, LENGTH, WIDTH])
