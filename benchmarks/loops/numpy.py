"""NumPy by hand: gradients that were worked out on paper, products by BLAS, memory set aside once.

All parameters lie in one vector, and so do their gradients, so that an optimizer is one run over them, in parts that
stay in the cache.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..problem import Problem

PART = 1 << 16
"""How many parameters are updated at a time."""

Views = Mapping[str, np.ndarray]
Loss = Callable[[np.ndarray, np.ndarray], tuple[Any, np.ndarray | None]]
"""Of outputs and targets, the loss and the outputs' cotangent."""


class Layer(Protocol):
    """A layer that knows its derivative."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        """The outputs; what the gradients need is remembered."""
        ...

    def backward(self, cotangent: np.ndarray, inputs_too: bool) -> np.ndarray | None:
        """Write the parameters' gradients down, and give the inputs' where they are wanted."""
        ...


class Numpy:
    """A stack of layers in training.

    Args:
        layers: Makes the layers, of their parameters and of the place for gradients, both by name.
        loss: Gives loss and cotangent.
        update: Updates parts of parameters, of gradients and of what the optimizer remembers, at the step of a number.
        memories: How many numbers for each parameter the optimizer remembers.
        problem: What it is trained on.
    """

    def __init__(
        self,
        layers: Callable[[Views, Views], Sequence[Layer]],
        loss: Loss,
        update: Callable[..., None],
        memories: int,
        problem: Problem,
    ):
        self.parameters = np.concatenate([array.reshape(-1) for array in problem.weights.values()])
        self.gradients = np.zeros_like(self.parameters)
        self.memory = [np.zeros_like(self.parameters) for _ in range(memories)]
        self.layers = layers(_views(self.parameters, problem.weights), _views(self.gradients, problem.weights))
        self.loss, self.update = loss, update
        self.scratch = np.empty(PART, "float32")
        self.batch_size = problem.batch_size
        self.number = 0

    def step(self, x: np.ndarray, y: np.ndarray) -> Any:
        """Take a step."""
        loss, cotangent = self.loss(self.outputs(x), y)
        for place in reversed(range(len(self.layers))):
            assert cotangent is not None, "only the first layer gives none"
            cotangent = self.layers[place].backward(cotangent, inputs_too=place > 0)
        self.number += 1
        for first in range(0, self.parameters.size, PART):
            part = slice(first, first + PART)
            arrays = [self.parameters[part], self.gradients[part], *(memory[part] for memory in self.memory)]
            self.update(*arrays, self.scratch[: arrays[0].size], self.number)
        return loss

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """The outputs for a batch."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def train(self, x: np.ndarray, y: np.ndarray) -> float:
        return float(self.step(x, y))

    def fit(self, x: np.ndarray, y: np.ndarray, epochs: int, shuffle: bool) -> float:
        generator, mean = np.random.default_rng(), 0.0
        for _ in range(epochs):
            order = generator.permutation(len(x)) if shuffle else np.arange(len(x))
            batches = np.split(order, len(x) // self.batch_size)
            mean = float(np.mean([self.step(x[batch], y[batch]) for batch in batches]))
        return mean

    def predict(self, x: np.ndarray) -> np.ndarray:
        parts = range(0, len(x), self.batch_size)
        return np.concatenate([self.outputs(x[first : first + self.batch_size]).copy() for first in parts])

    def forget(self) -> None:
        """Nothing is kept."""


def _views(vector: np.ndarray, like: Views) -> dict[str, np.ndarray]:
    bounds = np.cumsum([0, *(array.size for array in like.values())])
    return {
        name: vector[first:last].reshape(array.shape)
        for (name, array), first, last in zip(like.items(), bounds, bounds[1:], strict=False)
    }


# Optimizers ------------------------------------------------------------------------------------------------


def sgd(parameters: np.ndarray, gradients: np.ndarray, scratch: np.ndarray, number: int) -> None:
    """Gradient descent."""
    parameters -= np.multiply(gradients, np.float32(1e-2), out=scratch)


def adam(
    parameters: np.ndarray,
    gradients: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    scratch: np.ndarray,
    number: int,
) -> None:
    """Adam, with the numbers that Keras has."""
    rate = np.float32(1e-3 * math.sqrt(1 - 0.999**number) / (1 - 0.9**number))
    np.subtract(gradients, mean, out=scratch)
    scratch *= np.float32(0.1)
    mean += scratch
    np.multiply(gradients, gradients, out=scratch)
    scratch -= variance
    scratch *= np.float32(1e-3)
    variance += scratch
    np.sqrt(variance, out=scratch)
    scratch += np.float32(1e-7)
    np.divide(mean, scratch, out=scratch)
    scratch *= rate
    parameters -= scratch


# Losses ----------------------------------------------------------------------------------------------------


def squared_error(outputs: np.ndarray, targets: np.ndarray) -> tuple[Any, np.ndarray]:
    """The mean square of the differences."""
    differences = outputs - targets
    loss = np.vdot(differences, differences) / differences.size
    differences *= np.float32(2 / differences.size)
    return loss, differences


def cross_entropy(logits: np.ndarray, classes: np.ndarray) -> tuple[Any, np.ndarray]:
    """The mean cross entropy of classes given as numbers."""
    rows = np.arange(len(classes))
    shifted = logits - logits.max(axis=1, keepdims=True)
    cotangent = np.exp(shifted)
    total = cotangent.sum(axis=1, keepdims=True)
    loss = (np.log(total[:, 0]) - shifted[rows, classes]).mean()
    cotangent /= total
    cotangent[rows, classes] -= 1
    cotangent /= len(classes)
    return loss, cotangent


# Layers ----------------------------------------------------------------------------------------------------


class Buffers:
    """Memory that is set aside once for each use and shape."""

    def __init__(self) -> None:
        self._arrays: dict[tuple[str, tuple[int, ...]], np.ndarray] = {}

    def __call__(self, use: str, *shape: int, dtype: str = "float32") -> np.ndarray:
        """The memory for a use."""
        found = self._arrays.get((use, shape))
        if found is None:
            found = self._arrays[use, shape] = np.zeros(shape, dtype)
        return found


class Dense:
    """A dense layer, with or without the positive part after it."""

    def __init__(self, parameters: Views, gradients: Views, name: str, relu: bool):
        self.kernel, self.bias = parameters[f"{name}.kernel"], parameters[f"{name}.bias"]
        self.kernel_gradient, self.bias_gradient = gradients[f"{name}.kernel"], gradients[f"{name}.bias"]
        self.relu, self.buffers = relu, Buffers()

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.x, self.out = x, self.buffers("out", len(x), len(self.bias))
        np.matmul(x, self.kernel, out=self.out)
        np.add(self.out, self.bias, out=self.out)
        return np.maximum(self.out, 0, out=self.out) if self.relu else self.out

    def backward(self, cotangent: np.ndarray, inputs_too: bool) -> np.ndarray | None:
        if self.relu:
            positive = np.greater(self.out, 0, out=self.buffers("mask", *self.out.shape, dtype="bool"))
            cotangent = np.multiply(cotangent, positive, out=cotangent)
        np.matmul(self.x.T, cotangent, out=self.kernel_gradient)
        np.sum(cotangent, axis=0, out=self.bias_gradient)
        return np.matmul(cotangent, self.kernel.T, out=self.buffers("in", *self.x.shape)) if inputs_too else None


class Embedding:
    """Words as vectors."""

    def __init__(self, parameters: Views, gradients: Views, name: str):
        self.vectors, self.gradient = parameters[f"{name}.embeddings"], gradients[f"{name}.embeddings"]

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.words = x
        return self.vectors[x]

    def backward(self, cotangent: np.ndarray, inputs_too: bool) -> np.ndarray | None:
        words = self.words.reshape(-1)
        order = np.argsort(words, kind="stable")  # so that vectors of one word can be added up in one run
        ordered = words[order]
        firsts = np.flatnonzero(np.diff(ordered, prepend=-1))
        self.gradient.fill(0)
        self.gradient[ordered[firsts]] = np.add.reduceat(cotangent.reshape(len(words), -1)[order], firsts, axis=0)


class Convolution:
    """A convolution without margins, and the positive part after it: patches as rows of a matrix, and BLAS."""

    def __init__(self, parameters: Views, gradients: Views, name: str):
        self.kernel, self.bias = parameters[f"{name}.kernel"], parameters[f"{name}.bias"]
        self.kernel_gradient, self.bias_gradient = gradients[f"{name}.kernel"], gradients[f"{name}.bias"]
        self.size, _, self.channels, self.filters = self.kernel.shape
        self.buffers = Buffers()

    def forward(self, x: np.ndarray) -> np.ndarray:
        windows = sliding_window_view(x, (self.size, self.size), axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
        self.shape, places = x.shape, windows.shape[:3]
        patches = self.buffers("patches", *windows.shape)
        np.copyto(patches, windows)
        self.patches = patches.reshape(math.prod(places), -1)
        self.out = self.buffers("out", *places, self.filters)
        flat = self.out.reshape(-1, self.filters)
        np.matmul(self.patches, self.kernel.reshape(-1, self.filters), out=flat)
        np.add(flat, self.bias, out=flat)
        return np.maximum(self.out, 0, out=self.out)

    def backward(self, cotangent: np.ndarray, inputs_too: bool) -> np.ndarray | None:
        positive = np.greater(self.out, 0, out=self.buffers("mask", *self.out.shape, dtype="bool"))
        flat = np.multiply(cotangent, positive, out=cotangent).reshape(-1, self.filters)
        np.matmul(self.patches.T, flat, out=self.kernel_gradient.reshape(-1, self.filters))
        np.sum(flat, axis=0, out=self.bias_gradient)
        return self._inputs(flat) if inputs_too else None

    def _inputs(self, cotangent: np.ndarray) -> np.ndarray:
        """The inputs' cotangent: that of every patch, added where the patch came from."""
        _, rows, columns, _ = self.out.shape
        whole = self.buffers("in", *self.shape)
        whole.fill(0)
        product = self.buffers("product", len(cotangent), self.channels)
        for i, j in self._offsets():
            np.matmul(cotangent, self.kernel[i, j].T, out=product)
            whole[:, i : i + rows, j : j + columns] += product.reshape(*self.out.shape[:3], self.channels)
        return whole

    def _offsets(self) -> Iterator[tuple[int, int]]:
        return ((i, j) for i in range(self.size) for j in range(self.size))


class Pooling:
    """The largest of every two by two numbers; what is left over at the margins does not count."""

    def __init__(self) -> None:
        self.buffers = Buffers()

    def forward(self, x: np.ndarray) -> np.ndarray:
        images, height, width, channels = self.shape = x.shape
        self.corners = [x[:, i : height // 2 * 2 : 2, j : width // 2 * 2 : 2] for i in range(2) for j in range(2)]
        out = self.buffers("out", images, height // 2, width // 2, channels)
        np.maximum(self.corners[0], self.corners[1], out=out)
        np.maximum(out, self.corners[2], out=out)
        self.out = np.maximum(out, self.corners[3], out=out)
        return out

    def backward(self, cotangent: np.ndarray, inputs_too: bool) -> np.ndarray | None:
        _, height, width, _ = self.shape
        whole = self.buffers("in", *self.shape)
        free = self.buffers("free", *self.out.shape, dtype="bool")
        free.fill(True)
        for number, corner in enumerate(self.corners):
            i, j = divmod(number, 2)
            here = np.equal(corner, self.out, out=self.buffers("here", *self.out.shape, dtype="bool"))
            here &= free
            free ^= here
            np.multiply(cotangent, here, out=whole[:, i : height // 2 * 2 : 2, j : width // 2 * 2 : 2])
        return whole


class Flatten:
    """All numbers of a sample in one row."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, cotangent: np.ndarray, inputs_too: bool) -> np.ndarray | None:
        return cotangent.reshape(self.shape)
