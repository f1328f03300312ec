"""Uniform numbers with TensorFlow."""

import tensorflow as tf

from ..task import Task


def tasks(function: str, count: int) -> dict[str, Task]:
    """Draw with a seed, or from the global generator."""

    def stateless(seed: tf.Tensor) -> tf.Tensor:
        return tf.random.stateless_uniform((count,), seed)

    def stateful(seed: tf.Tensor) -> tf.Tensor:
        return tf.random.uniform((count,))

    draws = {
        "stateless": stateless,
        "stateful": stateful,
        "stateless_in_graph": tf.function(stateless),
        "stateful_in_graph": tf.function(stateful),
    }
    return {"uniform": Task(draws[function], (tf.constant([1, 2]),), wait=lambda numbers: numbers.numpy())}
