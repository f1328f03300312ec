"""JAX: one compiled step, whose state is donated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..problem import Problem

Arrays = dict[str, jax.Array]
Forward = Callable[[Arrays, Arrays, jax.Array, "jax.Array | None"], tuple[jax.Array, Arrays]]
"""Of parameters, buffers, inputs, and a key in training, outputs and the new buffers."""

Update = Callable[[Arrays, Arrays, Arrays, jax.Array], tuple[Arrays, Any]]


def stateless(forward: Callable[[Arrays, jax.Array], jax.Array]) -> Forward:
    """A network that has no buffers and draws no random numbers."""
    return lambda parameters, buffers, x, key: (forward(parameters, x), buffers)


class Jax:
    """A function of parameters in training.

    Args:
        forward: The network.
        loss: Gives the loss of outputs and targets.
        optimizer: Gives what to remember about parameters, and then new parameters and new memories.
        problem: What it is trained on.
    """

    def __init__(
        self,
        forward: Forward,
        loss: Callable[[jax.Array, jax.Array], jax.Array],
        optimizer: tuple[Callable[[Arrays], Any], Callable[..., tuple[Arrays, Any]]],
        problem: Problem,
    ):
        remember, update = optimizer
        weights = {name: jnp.array(array) for name, array in problem.weights.items()}
        parameters = {name: array for name, array in weights.items() if "moving_" not in name}
        buffers = {name: array for name, array in weights.items() if "moving_" in name}
        self.state = (parameters, buffers, remember(parameters), jax.random.key(0))
        self.batch_size = problem.batch_size

        def step(state: Any, x: jax.Array, y: jax.Array) -> tuple[Any, jax.Array]:
            parameters, buffers, memory, key = state
            key, own = jax.random.split(key)

            def total(parameters: Arrays) -> tuple[jax.Array, Arrays]:
                outputs, changed = forward(parameters, buffers, x, own)
                return loss(outputs, y), changed

            (value, changed), gradients = jax.value_and_grad(total, has_aux=True)(parameters)
            parameters, memory = update(parameters, gradients, memory)
            return (parameters, changed, memory, key), value

        self.step = jax.jit(step, donate_argnums=0)
        self.forward = jax.jit(lambda parameters, buffers, x: forward(parameters, buffers, x, None)[0])

    def train(self, x: np.ndarray, y: np.ndarray) -> float:
        self.state, loss = self.step(self.state, x, y)
        return float(loss)

    def fit(self, x: np.ndarray, y: np.ndarray, epochs: int, shuffle: bool) -> float:
        generator, mean = np.random.default_rng(), 0.0
        for _ in range(epochs):
            order, losses = generator.permutation(len(x)) if shuffle else np.arange(len(x)), []
            for batch in np.split(order, len(x) // self.batch_size):
                self.state, loss = self.step(self.state, x[batch], y[batch])
                losses.append(loss)
            mean = float(np.mean(jax.device_get(losses)))
        return mean

    def predict(self, x: np.ndarray) -> np.ndarray:
        parts = range(0, len(x), self.batch_size)
        outputs = [self.forward(*self.state[:2], x[first : first + self.batch_size]) for first in parts]
        return np.concatenate(jax.device_get(outputs))

    def forget(self) -> None:
        """Nothing is kept."""


def _no_memory(parameters: Arrays) -> tuple[()]:
    return ()


def _gradient_descent(parameters: Arrays, gradients: Arrays, memory: tuple[()]) -> tuple[Arrays, tuple[()]]:
    return {name: array - 1e-2 * gradients[name] for name, array in parameters.items()}, memory


def _zeros(parameters: Arrays) -> tuple[jax.Array, Arrays, Arrays]:
    return jnp.zeros((), "int32"), jax.tree.map(jnp.zeros_like, parameters), jax.tree.map(jnp.zeros_like, parameters)


def _adam(parameters: Arrays, gradients: Arrays, memory: Any) -> tuple[Arrays, Any]:
    number, means, squares = memory
    number = number + 1
    rate = 1e-3 * jnp.sqrt(1 - 0.999 ** number.astype("float32")) / (1 - 0.9 ** number.astype("float32"))
    means = jax.tree.map(lambda m, g: m + 0.1 * (g - m), means, gradients)
    squares = jax.tree.map(lambda v, g: v + 1e-3 * (g * g - v), squares, gradients)
    parameters = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), parameters, means, squares)
    return parameters, (number, means, squares)


SGD = (_no_memory, _gradient_descent)
ADAM = (_zeros, _adam)


def cross_entropy(logits: jax.Array, classes: jax.Array) -> jax.Array:
    """The mean cross entropy of classes given as numbers."""
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), classes[:, None], axis=1)
    return -chosen.mean()


def convolution(x: jax.Array, kernel: jax.Array, padding: str) -> jax.Array:
    """A convolution, channels last."""
    return jax.lax.conv_general_dilated(x, kernel, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def max_pooling(x: jax.Array) -> jax.Array:
    """The largest of every two by two numbers."""
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
