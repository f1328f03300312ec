"""The network in NumPy by hand: convolutions as products of matrices, sums over all pixels as products with ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..loops.numpy import Buffers, Dense, Layer, Numpy, Views, adam, cross_entropy
from ..problem import Problem
from . import EPSILON, FILTERS, MOMENTUM


def loop(problem: Problem) -> Numpy:
    """In memory that is set aside once."""
    return Residual(problem)


class Residual(Numpy):
    """The network; in training with the moments of the batch and with dropout."""

    def __init__(self, problem: Problem):
        self.normalizations: list[Normalization] = []
        self.dropout = Dropout(problem.dropout)
        super().__init__(self._layers, cross_entropy, adam, 2, problem)

    def _layers(self, parameters: Views, gradients: Views) -> list[Layer]:
        def normalized(name: str) -> Stack:
            self.normalizations.append(Normalization(parameters, gradients, f"{name}_norm"))
            return Stack(Convolution(parameters, gradients, name), self.normalizations[-1])

        found: list[Layer] = [normalized("stem"), Positive()]
        for number in range(len(FILTERS)):
            if number:
                found.append(Halving())
            straight = Stack(normalized(f"first{number}"), Positive(), normalized(f"second{number}"))
            found += [Fork(straight, normalized(f"shortcut{number}") if number else None), Positive()]
        return [*found, Mean(), self.dropout, Dense(parameters, gradients, "last", relu=False)]

    def step(self, x: np.ndarray, y: np.ndarray) -> Any:
        """Take a step, with statistics of the batch and with dropout."""
        for layer in (*self.normalizations, self.dropout):
            layer.training = True
        loss = super().step(x, y)
        for layer in (*self.normalizations, self.dropout):
            layer.training = False
        return loss


class Stack:
    """Layers one after the other."""

    def __init__(self, *layers: Layer):
        self.layers = layers

    def forward(self, x: np.ndarray) -> np.ndarray:
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, cotangent: np.ndarray, inputs_too: bool) -> np.ndarray | None:
        found: np.ndarray | None = cotangent
        for place in reversed(range(len(self.layers))):
            assert found is not None, "only the first layer gives none"
            found = self.layers[place].backward(found, inputs_too or place > 0)
        return found


class Fork:
    """A way straight on and a shortcut, added up."""

    def __init__(self, straight: Layer, shortcut: Layer | None):
        self.straight, self.shortcut, self.buffers = straight, shortcut, Buffers()

    def forward(self, x: np.ndarray) -> np.ndarray:
        beside = x if self.shortcut is None else self.shortcut.forward(x)
        return np.add(self.straight.forward(x), beside, out=self.buffers("out", *beside.shape))

    def backward(self, cotangent: np.ndarray, inputs_too: bool) -> np.ndarray | None:
        beside = cotangent if self.shortcut is None else self.shortcut.backward(cotangent, True)
        found = self.straight.backward(cotangent, True)
        assert found is not None
        assert beside is not None
        return np.add(found, beside, out=found)


class Positive:
    """The positive part."""

    def __init__(self) -> None:
        self.buffers = Buffers()

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.out = np.maximum(x, 0, out=self.buffers("out", *x.shape))
        return self.out

    def backward(self, cotangent: np.ndarray, inputs_too: bool) -> np.ndarray | None:
        mask = np.greater(self.out, 0, out=self.buffers("mask", *self.out.shape, dtype="bool"))
        return np.multiply(cotangent, mask, out=self.buffers("in", *self.out.shape))


class Convolution:
    """A convolution of size 1, or of size 3 with margins, so that images keep their size."""

    def __init__(self, parameters: Views, gradients: Views, name: str):
        self.kernel, self.gradient = parameters[f"{name}.kernel"], gradients[f"{name}.kernel"]
        self.size, _, self.channels, self.filters = self.kernel.shape
        self.buffers = Buffers()

    def forward(self, x: np.ndarray) -> np.ndarray:
        if self.size == 1:
            patches = x
        else:
            windows = sliding_window_view(self._with_margins("padded", x), (self.size, self.size), axis=(1, 2))
            patches = self.buffers("patches", *x.shape[:3], self.size, self.size, self.channels)
            np.copyto(patches, windows.transpose(0, 1, 2, 4, 5, 3))
        self.patches = patches.reshape(math.prod(x.shape[:3]), -1)
        out = self.buffers("out", *x.shape[:3], self.filters)
        np.matmul(self.patches, self.kernel.reshape(-1, self.filters), out=out.reshape(-1, self.filters))
        return out

    def _with_margins(self, use: str, x: np.ndarray) -> np.ndarray:
        """A copy between zeros."""
        images, height, width, channels = x.shape
        whole = self.buffers(use, images, height + 2, width + 2, channels)
        whole[:, 1:-1, 1:-1] = x
        return whole

    def backward(self, cotangent: np.ndarray, inputs_too: bool) -> np.ndarray | None:
        flat = cotangent.reshape(-1, self.filters)
        np.matmul(self.patches.T, flat, out=self.gradient.reshape(-1, self.filters))
        if not inputs_too:
            return None
        images, height, width, _ = cotangent.shape
        if self.size == 1:
            inputs = self.buffers("in", images, height, width, self.channels)
            np.matmul(flat, self.kernel[0, 0].T, out=inputs.reshape(-1, self.channels))
            return inputs
        whole = self.buffers("in", images, height + 2, width + 2, self.channels)
        whole.fill(0)
        product = self.buffers("product", len(flat), self.channels)
        for i in range(self.size):
            for j in range(self.size):
                np.matmul(flat, self.kernel[i, j].T, out=product)
                whole[:, i : i + height, j : j + width] += product.reshape(images, height, width, -1)
        return whole[:, 1:-1, 1:-1]


class Normalization:
    """A normalization of each channel."""

    def __init__(self, parameters: Views, gradients: Views, name: str):
        self.gamma, self.beta = parameters[f"{name}.gamma"], parameters[f"{name}.beta"]
        self.gamma_gradient, self.beta_gradient = gradients[f"{name}.gamma"], gradients[f"{name}.beta"]
        self.moving_mean = parameters[f"{name}.moving_mean"]
        self.moving_variance = parameters[f"{name}.moving_variance"]
        self.buffers, self.ones, self.training = Buffers(), np.ones(0, "float32"), False

    def forward(self, x: np.ndarray) -> np.ndarray:
        flat, out = x.reshape(-1, len(self.beta)), self.buffers("out", *x.shape)
        rows = out.reshape(flat.shape)
        if not self.training:
            scale = self.gamma / np.sqrt(self.moving_variance + np.float32(EPSILON))
            np.multiply(flat, scale, out=rows)
            np.add(rows, self.beta - self.moving_mean * scale, out=rows)
            return out
        mean = self._sum(flat) / np.float32(len(flat))
        self.normal = np.subtract(flat, mean, out=self.buffers("normal", *flat.shape))
        variance = self._sum(np.multiply(self.normal, self.normal, out=rows)) / np.float32(len(flat))
        for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving += np.float32(1 - MOMENTUM) * (now - moving)
        self.factor = 1 / np.sqrt(variance + np.float32(EPSILON))
        np.multiply(self.normal, self.factor, out=self.normal)
        np.multiply(self.normal, self.gamma, out=rows)
        np.add(rows, self.beta, out=rows)
        return out

    def backward(self, cotangent: np.ndarray, inputs_too: bool) -> np.ndarray | None:
        flat, count = cotangent.reshape(self.normal.shape), np.float32(len(self.normal))
        inputs = self.buffers("in", *cotangent.shape)
        rows = inputs.reshape(flat.shape)
        self.beta_gradient[:] = self._sum(flat)
        self.gamma_gradient[:] = self._sum(np.multiply(flat, self.normal, out=rows))
        np.multiply(self.normal, self.gamma_gradient / count, out=rows)
        np.add(rows, self.beta_gradient / count, out=rows)
        np.subtract(flat, rows, out=rows)
        np.multiply(rows, self.gamma * self.factor, out=rows)
        return inputs

    def _sum(self, rows: np.ndarray) -> np.ndarray:
        if self.ones.size != len(rows):
            self.ones = np.ones(len(rows), "float32")
        return self.ones @ rows


class Halving:
    """The mean of every two by two numbers."""

    def __init__(self) -> None:
        self.buffers = Buffers()

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.shape = x.shape
        images, height, width, channels = x.shape
        out = self.buffers("out", images, height // 2, width // 2, channels)
        np.add(x[:, ::2, ::2], x[:, ::2, 1::2], out=out)
        np.add(out, x[:, 1::2, ::2], out=out)
        np.add(out, x[:, 1::2, 1::2], out=out)
        return np.multiply(out, np.float32(0.25), out=out)

    def backward(self, cotangent: np.ndarray, inputs_too: bool) -> np.ndarray | None:
        inputs = self.buffers("in", *self.shape)
        share = np.multiply(cotangent, np.float32(0.25), out=self.buffers("share", *cotangent.shape))
        for i in range(2):
            for j in range(2):
                inputs[:, i::2, j::2] = share
        return inputs


class Mean:
    """The mean of each channel of an image."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.shape = x.shape
        return x.mean(axis=(1, 2))

    def backward(self, cotangent: np.ndarray, inputs_too: bool) -> np.ndarray | None:
        share = cotangent * np.float32(1 / math.prod(self.shape[1:3]))
        return np.broadcast_to(share[:, None, None], self.shape)


class Dropout:
    """In training a share of the numbers is zero."""

    def __init__(self, rate: float):
        self.rate, self.generator, self.training = rate, np.random.default_rng(), False

    def forward(self, x: np.ndarray) -> np.ndarray:
        if not self.training or not self.rate:
            self.factors = np.float32(1)
        else:
            kept = self.generator.random(x.shape, "float32") >= self.rate
            self.factors = kept * np.float32(1 / (1 - self.rate))
        return x * self.factors

    def backward(self, cotangent: np.ndarray, inputs_too: bool) -> np.ndarray | None:
        return cotangent * self.factors
