"""The training step in NumPy by hand: memory is set aside once, and everything is computed in place.

All parameters lie in one vector, and so do their gradients, so that Adam is one run over it.
"""

from __future__ import annotations

from itertools import count, pairwise

import numpy as np

from ..task import Task
from . import BATCH, BETA_1, BETA_2, EPSILON, SIZES, batch, step_size, weights


def tasks(part: int | None) -> dict[str, Task]:
    """Steps on one batch."""
    return {"step": Task(Training(part).step)}


class Training:
    """A network in training.

    Args:
        part: How many parameters Adam updates at a time, so that they stay in the cache; None for all.
    """

    def __init__(self, part: int | None):
        self.images, self.classes = batch()
        self.rows = np.arange(BATCH)
        initial = weights()
        self.parameters = np.concatenate([x.reshape(-1) for x in initial])
        self.gradients = np.empty_like(self.parameters)
        shapes = [x.shape for x in initial]
        self.kernels, self.biases = _views(self.parameters, shapes)
        self.kernel_gradients, self.bias_gradients = _views(self.gradients, shapes)
        self.outputs = [np.empty((BATCH, size), "float32") for size in SIZES[1:]]
        self.cotangents = [np.empty_like(x) for x in self.outputs]
        self.masks = [np.empty(x.shape, bool) for x in self.outputs]
        self.mean, self.variance = np.zeros_like(self.parameters), np.zeros_like(self.parameters)
        self.part = part or self.parameters.size
        self.scratch = np.empty(self.part, "float32")
        self.steps = count(1)

    def step(self) -> np.float32:
        """Gradients, and Adam; the loss before it."""
        self.forward()
        loss = self.cross_entropy()
        self.backward()
        rate = np.float32(step_size(next(self.steps)))
        for start in range(0, self.parameters.size, self.part):
            self.adam(slice(start, start + self.part), rate)
        return loss

    def forward(self) -> None:
        """The logits, and on the way the output of each layer."""
        x = self.images
        for kernel, bias, out in zip(self.kernels, self.biases, self.outputs, strict=True):
            np.matmul(x, kernel, out=out)
            out += bias
            if out is not self.outputs[-1]:
                np.maximum(out, 0, out=out)
            x = out

    def cross_entropy(self) -> np.float32:
        """The loss; the logits' cotangent is left in its place."""
        logits, cotangent = self.outputs[-1], self.cotangents[-1]
        logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=cotangent)
        total = cotangent.sum(axis=1, keepdims=True)
        loss = (np.log(total[:, 0]) - logits[self.rows, self.classes]).mean()
        cotangent /= total
        cotangent[self.rows, self.classes] -= 1
        cotangent /= BATCH
        return loss

    def backward(self) -> None:
        """The gradients of all parameters."""
        inputs = [self.images, *self.outputs[:-1]]
        for layer in reversed(range(len(self.kernels))):
            cotangent = self.cotangents[layer]
            np.matmul(inputs[layer].T, cotangent, out=self.kernel_gradients[layer])
            np.sum(cotangent, axis=0, out=self.bias_gradients[layer])
            if layer:
                below = self.cotangents[layer - 1]
                np.matmul(cotangent, self.kernels[layer].T, out=below)
                mask = np.greater(inputs[layer], 0, out=self.masks[layer - 1])
                np.multiply(below, mask, out=below)

    def adam(self, place: slice, rate: np.float32) -> None:
        """Update the parameters at a place."""
        parameters, gradients = self.parameters[place], self.gradients[place]
        mean, variance, scratch = self.mean[place], self.variance[place], self.scratch[: gradients.size]
        np.subtract(gradients, mean, out=scratch)
        scratch *= np.float32(1 - BETA_1)
        mean += scratch
        np.multiply(gradients, gradients, out=scratch)
        scratch -= variance
        scratch *= np.float32(1 - BETA_2)
        variance += scratch
        np.sqrt(variance, out=scratch)
        scratch += np.float32(EPSILON)
        np.divide(mean, scratch, out=scratch)
        scratch *= rate
        parameters -= scratch


def _views(vector: np.ndarray, shapes: list[tuple[int, ...]]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Kernels and biases as views of the vector in which they lie one after the other."""
    bounds = pairwise(np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)]))
    views = [vector[begin:end].reshape(shape) for (begin, end), shape in zip(bounds, shapes, strict=True)]
    return views[::2], views[1::2]
