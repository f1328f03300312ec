"""TensorFlow: one traced step over variables, Adam by TensorFlow's own kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from ..problem import Problem

Variables = dict[str, Any]


class TensorFlow:
    """A function of variables in training.

    Args:
        forward: Gives outputs, of variables, inputs, and whether it is training.
        loss: Gives the loss of outputs and targets.
        optimizer: Makes the function that updates variables.
        problem: What it is trained on.
        xla: Whether XLA compiles what is traced.
    """

    def __init__(
        self,
        forward: Callable[[Variables, Any, bool], Any],
        loss: Callable[[Any, Any], Any],
        optimizer: Callable[[list[Any]], Callable[[list[Any]], None]],
        problem: Problem,
        xla: bool,
    ):
        variables = {
            name: tf.Variable(tf.constant(array), trainable="moving_" not in name)
            for name, array in problem.weights.items()
        }
        trained = [variable for variable in variables.values() if variable.trainable]
        update = optimizer(trained)
        self.batch_size = problem.batch_size

        @tf.function(jit_compile=xla)
        def step(x: Any, y: Any) -> Any:
            with tf.GradientTape() as tape:
                value = loss(forward(variables, x, True), y)
            update(tape.gradient(value, trained))
            return value

        self.step = step
        self.forward = tf.function(lambda x: forward(variables, x, False), jit_compile=xla)

    def train(self, x: np.ndarray, y: np.ndarray) -> float:
        return float(self.step(tf.constant(x), tf.constant(y)))

    def fit(self, x: np.ndarray, y: np.ndarray, epochs: int, shuffle: bool) -> float:
        generator, mean = np.random.default_rng(), 0.0
        for _ in range(epochs):
            order, losses = generator.permutation(len(x)) if shuffle else np.arange(len(x)), []
            for batch in np.split(order, len(x) // self.batch_size):
                losses.append(self.step(tf.constant(x[batch]), tf.constant(y[batch])))
            mean = float(tf.reduce_mean(tf.stack(losses)))
        return mean

    def predict(self, x: np.ndarray) -> np.ndarray:
        parts = range(0, len(x), self.batch_size)
        outputs = [self.forward(tf.constant(x[first : first + self.batch_size])) for first in parts]
        return np.concatenate([output.numpy() for output in outputs])

    def forget(self) -> None:
        """Nothing is kept."""


def sgd(variables: list[Any]) -> Callable[[list[Any]], None]:
    """Gradient descent."""

    def update(gradients: list[Any]) -> None:
        for variable, gradient in zip(variables, gradients, strict=True):
            variable.assign_sub(1e-2 * gradient)

    return update


def adam(variables: list[Any]) -> Callable[[list[Any]], None]:
    """Adam, one kernel for each variable."""
    means, squares = ([tf.Variable(tf.zeros_like(v)) for v in variables] for _ in range(2))
    powers = tf.Variable(tf.constant(1.0)), tf.Variable(tf.constant(1.0))

    def update(gradients: list[Any]) -> None:
        beta_1_power, beta_2_power = powers[0].assign(powers[0] * 0.9), powers[1].assign(powers[1] * 0.999)
        for variable, mean, square, gradient in zip(variables, means, squares, gradients, strict=True):
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=mean.handle,
                v=square.handle,
                beta1_power=beta_1_power,
                beta2_power=beta_2_power,
                lr=1e-3,
                beta1=0.9,
                beta2=0.999,
                epsilon=1e-7,
                grad=tf.convert_to_tensor(gradient),
            )

    return update


def cross_entropy(logits: Any, classes: Any) -> Any:
    """The mean cross entropy of classes given as numbers."""
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(classes, logits))
