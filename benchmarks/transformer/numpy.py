"""The network in NumPy by hand: products of all words at once, and of stacks of heads."""

from __future__ import annotations

import math

import numpy as np

from ..loops.numpy import Buffers, Dense, Embedding, Layer, Numpy, Views, adam, cross_entropy
from ..problem import Problem
from . import BLOCKS, EPSILON, HEAD, HEADS, WIDTH

SCALE = np.float32(1 / math.sqrt(HEAD))


def loop(problem: Problem) -> Numpy:
    """In place."""
    return Numpy(layers, cross_entropy, adam, 2, problem)


def layers(parameters: Views, gradients: Views) -> list[Layer]:
    """The stack."""
    return [
        Embedding(parameters, gradients, "words"),
        *(Block(parameters, gradients, number) for number in range(BLOCKS)),
        Normalization(parameters, gradients, "norm"),
        Mean(),
        Dense(parameters, gradients, "last", relu=False),
    ]


class Normalization:
    """Features with mean 0 and variance 1, times gamma, plus beta."""

    def __init__(self, parameters: Views, gradients: Views, name: str):
        self.gamma, self.beta = parameters[f"{name}.gamma"], parameters[f"{name}.beta"]
        self.gamma_gradient, self.beta_gradient = gradients[f"{name}.gamma"], gradients[f"{name}.beta"]
        self.buffers = Buffers()

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.normal, out = self.buffers("normal", *x.shape), self.buffers("out", *x.shape)
        np.subtract(x, x.mean(axis=-1, keepdims=True), out=self.normal)
        variance = np.einsum("...i,...i->...", self.normal, self.normal)[..., None] / np.float32(WIDTH)
        self.factor = 1 / np.sqrt(variance + np.float32(EPSILON))
        self.normal *= self.factor
        np.multiply(self.normal, self.gamma, out=out)
        out += self.beta
        return out

    def backward(self, cotangent: np.ndarray, inputs_too: bool) -> np.ndarray:
        rows, normal = cotangent.reshape(-1, WIDTH), self.normal.reshape(-1, WIDTH)
        np.einsum("ni,ni->i", rows, normal, out=self.gamma_gradient)
        np.sum(rows, axis=0, out=self.beta_gradient)
        inputs = np.multiply(cotangent, self.gamma, out=self.buffers("in", *cotangent.shape))
        slope = np.einsum("...i,...i->...", inputs, self.normal)[..., None] / np.float32(WIDTH)
        inputs -= inputs.mean(axis=-1, keepdims=True)
        inputs -= np.multiply(self.normal, slope, out=self.buffers("slopes", *cotangent.shape))
        inputs *= self.factor
        return inputs


class Attention:
    """Attention of words to each other."""

    def __init__(self, parameters: Views, gradients: Views, name: str):
        def dense(part: str) -> Dense:
            return Dense(_flat(parameters, name, part), _flat(gradients, name, part), part, relu=False)

        self.parts, self.output = [dense(part) for part in ("query", "key", "value")], dense("output")
        self.buffers = Buffers()

    def forward(self, x: np.ndarray) -> np.ndarray:
        batch, length, _ = self.shape = x.shape
        rows = x.reshape(-1, WIDTH)
        self.heads = [_heads(part.forward(rows), self.shape) for part in self.parts]
        query, key, value = self.heads
        weights = self.buffers("weights", batch, HEADS, length, length)
        self.weights = np.matmul(query, key.swapaxes(2, 3), out=weights)
        weights *= SCALE
        weights -= weights.max(axis=-1, keepdims=True)
        np.exp(weights, out=weights)
        weights /= weights.sum(axis=-1, keepdims=True)
        means = self.buffers("means", *x.shape)
        np.matmul(weights, value, out=_heads(means, self.shape))
        return self.output.forward(means.reshape(-1, WIDTH)).reshape(x.shape)

    def backward(self, cotangent: np.ndarray, inputs_too: bool) -> np.ndarray:
        query, key, value = self.heads
        of_means = _heads(_inputs(self.output, cotangent.reshape(-1, WIDTH)), self.shape)
        changes = self.buffers("changes", 3, *self.shape)
        of_query, of_key, of_value = (_heads(change, self.shape) for change in changes)
        np.matmul(self.weights.swapaxes(2, 3), of_means, out=of_value)
        scores = np.matmul(of_means, value.swapaxes(2, 3), out=self.buffers("scores", *self.weights.shape))
        scores -= np.einsum("bhqk,bhqk->bhq", scores, self.weights)[..., None]
        scores *= self.weights
        scores *= SCALE
        np.matmul(scores, key, out=of_query)
        np.matmul(scores.swapaxes(2, 3), query, out=of_key)
        inputs, *others = (_inputs(p, c.reshape(-1, WIDTH)) for p, c in zip(self.parts, changes, strict=True))
        for other in others:
            inputs += other
        return inputs.reshape(self.shape)


def _flat(views: Views, name: str, part: str) -> Views:
    """The weights of a part, those of all heads beside each other."""
    kernel, bias = views[f"{name}.{part}.kernel"], views[f"{name}.{part}.bias"]
    return {f"{part}.kernel": kernel.reshape(WIDTH, WIDTH), f"{part}.bias": bias.reshape(WIDTH)}


def _heads(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Features by head: an array of axes for samples, heads, words and features."""
    batch, length, _ = shape
    return x.reshape(batch, length, HEADS, HEAD).transpose(0, 2, 1, 3)


def _inputs(dense: Dense, cotangent: np.ndarray) -> np.ndarray:
    """What a dense layer hands on to what comes before it."""
    inputs = dense.backward(cotangent, inputs_too=True)
    assert inputs is not None
    return inputs


class Block:
    """Attention, and a network on each word, each with a residual and normalized inputs."""

    def __init__(self, parameters: Views, gradients: Views, number: int):
        self.norms = [Normalization(parameters, gradients, f"norm{number}{letter}") for letter in "ab"]
        self.attention = Attention(parameters, gradients, f"attention{number}")
        self.inner = Dense(parameters, gradients, f"inner{number}", relu=True)
        self.outer = Dense(parameters, gradients, f"outer{number}", relu=False)

    def forward(self, x: np.ndarray) -> np.ndarray:
        x = x + self.attention.forward(self.norms[0].forward(x))
        rows = self.norms[1].forward(x).reshape(-1, WIDTH)
        return x + self.outer.forward(self.inner.forward(rows)).reshape(x.shape)

    def backward(self, cotangent: np.ndarray, inputs_too: bool) -> np.ndarray:
        rows = _inputs(self.inner, _inputs(self.outer, cotangent.reshape(-1, WIDTH)))
        cotangent = cotangent + self.norms[1].backward(rows.reshape(cotangent.shape), inputs_too=True)
        return cotangent + self.norms[0].backward(self.attention.backward(cotangent, inputs_too=True), inputs_too=True)


class Mean:
    """The mean over all words."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.shape = x.shape
        return x.mean(axis=1)

    def backward(self, cotangent: np.ndarray, inputs_too: bool) -> np.ndarray:
        return np.broadcast_to(cotangent[:, None, :] / np.float32(self.shape[1]), self.shape)
