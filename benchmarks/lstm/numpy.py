"""The network in NumPy by hand: one product for the inputs of all steps, one for the state in each step."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..loops.numpy import Buffers, Dense, Embedding, Layer, Numpy, Views, adam
from ..problem import Problem


def loop(problem: Problem) -> Numpy:
    """In place."""
    return Numpy(layers, binary_cross_entropy, adam, 2, problem)


def layers(parameters: Views, gradients: Views) -> list[Layer]:
    """The stack."""
    return [
        Embedding(parameters, gradients, "words"),
        LSTM(parameters, gradients, "lstm"),
        Dense(parameters, gradients, "last", relu=False),
    ]


class LSTM:
    """The last state of a recurrent network. A sigmoid is half a hyperbolic tangent: one call does for all gates."""

    def __init__(self, parameters: Views, gradients: Views, name: str):
        self.kernel, self.recurrent = parameters[f"{name}.kernel"], parameters[f"{name}.recurrent_kernel"]
        self.bias, self.bias_gradient = parameters[f"{name}.bias"], gradients[f"{name}.bias"]
        self.kernel_gradient = gradients[f"{name}.kernel"]
        self.recurrent_gradient = gradients[f"{name}.recurrent_kernel"]
        self.units = len(self.recurrent)
        self.scale = np.repeat(np.array([0.5, 0.5, 1.0, 0.5], "float32"), self.units)
        self.offset = np.repeat(np.array([0.5, 0.5, 0.0, 0.5], "float32"), self.units)
        self.buffers = Buffers()

    def forward(self, x: np.ndarray) -> np.ndarray:
        batch, steps, features = x.shape
        self.x = np.ascontiguousarray(x.transpose(1, 0, 2)).reshape(-1, features)
        self.gates = self.buffers("gates", steps, batch, 4 * self.units)
        np.matmul(self.x, self.kernel, out=self.gates.reshape(-1, 4 * self.units))
        self.gates += self.bias
        self.states = self.buffers("states", steps + 1, batch, self.units)
        self.memories = self.buffers("memories", steps + 1, batch, self.units)
        self.tangents = self.buffers("tangents", steps, batch, self.units)
        product = self.buffers("product", batch, 4 * self.units)
        for step, gates in enumerate(self.gates):
            gates += np.matmul(self.states[step], self.recurrent, out=product)
            gates *= self.scale
            np.tanh(gates, out=gates)
            gates *= self.scale
            gates += self.offset
            i, f, c, o = self._parts(gates)
            memory, state = self.memories[step + 1], self.states[step + 1]
            np.multiply(f, self.memories[step], out=memory)
            memory += np.multiply(i, c, out=state)
            np.multiply(o, np.tanh(memory, out=self.tangents[step]), out=state)
        return self.states[-1]

    def _parts(self, gates: np.ndarray) -> list[np.ndarray]:
        return [gates[:, first : first + self.units] for first in range(0, 4 * self.units, self.units)]

    def backward(self, cotangent: np.ndarray, inputs_too: bool) -> np.ndarray | None:
        steps, batch, width = self.gates.shape
        changes = self.buffers("changes", steps, batch, width)
        of_memory = np.zeros_like(cotangent)
        for step in reversed(range(steps)):
            i, f, c, o = self._parts(self.gates[step])
            of_i, of_f, of_c, of_o = self._parts(changes[step])
            tangent = self.tangents[step]
            np.multiply(cotangent, tangent, out=of_o)
            of_memory += cotangent * o * (1 - tangent * tangent)
            np.multiply(of_memory, c, out=of_i)
            np.multiply(of_memory, self.memories[step], out=of_f)
            np.multiply(of_memory, i, out=of_c)
            of_memory *= f
            for part, gate in ((of_i, i), (of_f, f), (of_o, o)):
                part *= gate
                part *= 1 - gate
            of_c *= 1 - c * c
            cotangent = np.matmul(changes[step], self.recurrent.T, out=cotangent)
        flat = changes.reshape(-1, width)
        np.matmul(self.states[:-1].reshape(-1, self.units).T, flat, out=self.recurrent_gradient)
        np.matmul(self.x.T, flat, out=self.kernel_gradient)
        np.sum(flat, axis=0, out=self.bias_gradient)
        inputs = np.matmul(flat, self.kernel.T, out=self.buffers("in", *self.x.shape))
        return inputs.reshape(steps, batch, -1).transpose(1, 0, 2)


def binary_cross_entropy(logits: np.ndarray, targets: np.ndarray) -> tuple[Any, np.ndarray]:
    """The mean cross entropy of yes and no."""
    loss = (np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))).mean()
    return loss, (np.tanh(logits / 2) / 2 + 0.5 - targets) / np.float32(logits.size)
