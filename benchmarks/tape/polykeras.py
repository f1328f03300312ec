"""The training step with polykeras: the tape finds the gradients."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np

import polykeras
from polykeras import ops
from polykeras.ops.updates import adam_each

from ..task import Task
from . import BETA_1, BETA_2, EPSILON, LEARNING_RATE, batch, weights


def tasks(compiled: bool) -> dict[str, Task]:
    """Steps on one batch."""
    return {"step": Task(Training(compiled).step)}


class Training:
    """A network in training.

    Args:
        compiled: Whether a step is compiled, so that the tape runs in the first one only.
    """

    def __init__(self, compiled: bool) -> None:
        self.images, classes = batch()
        self.classes = classes[:, None]
        parameters: list[Any] = weights()
        self.state = parameters, [ops.zeros_like(x) for x in parameters], [ops.zeros_like(x) for x in parameters]
        self.rate, self.steps = np.float32(LEARNING_RATE), count(1)
        self.loss_and_gradients = ops.value_and_grad(self.loss)
        self.run = polykeras.compile(self.stepped, donate=(0,)) if compiled else self.stepped

    def loss(self, parameters: list[Any]) -> Any:
        """The cross entropy of softmax and the classes."""
        *hidden, last = zip(parameters[::2], parameters[1::2], strict=True)
        x = self.images
        for kernel, bias in hidden:
            x = ops.relu(ops.add(ops.matmul(x, kernel), bias))
        kernel, bias = last
        log_probabilities = ops.log_softmax(ops.add(ops.matmul(x, kernel), bias))
        return ops.negative(ops.mean(ops.take_along_axis(log_probabilities, self.classes, axis=1)))

    def stepped(self, state: Any, step: Any) -> tuple[Any, Any]:
        """Gradients, and Adam: the loss before it, and parameters and their moments after it."""
        parameters, means, variances = state
        loss, gradients = self.loss_and_gradients(parameters)
        arrays = [self.rate, step, *gradients, *parameters, *means, *variances]
        changed = adam_each(arrays, BETA_1, BETA_2, EPSILON, donate=(1, 2, 3))
        count = len(parameters)
        return loss, (changed[:count], changed[count:-count], changed[-count:])

    def step(self) -> Any:
        """One more step; the loss before it."""
        loss, self.state = self.run(self.state, np.float32(next(self.steps)))
        return loss
