"""The training step with polykeras: the tape finds the gradients."""

from __future__ import annotations

from itertools import count
from typing import Any

from polykeras import ops
from polykeras.ops.updates import adam_each

from ..task import Task
from . import BETA_1, BETA_2, EPSILON, LEARNING_RATE, batch, weights


def tasks() -> dict[str, Task]:
    """Steps on one batch."""
    return {"step": Task(Training().step)}


class Training:
    """A network in training."""

    def __init__(self) -> None:
        self.images, classes = batch()
        self.classes = classes[:, None]
        self.parameters: list[Any] = weights()
        self.means = [ops.zeros_like(x) for x in self.parameters]
        self.variances = [ops.zeros_like(x) for x in self.parameters]
        self.steps = count(1)
        self.loss_and_gradients = ops.value_and_grad(self.loss)

    def loss(self, parameters: list[Any]) -> Any:
        """The cross entropy of softmax and the classes."""
        *hidden, last = zip(parameters[::2], parameters[1::2], strict=True)
        x = self.images
        for kernel, bias in hidden:
            x = ops.relu(ops.add(ops.matmul(x, kernel), bias))
        kernel, bias = last
        log_probabilities = ops.log_softmax(ops.add(ops.matmul(x, kernel), bias))
        return ops.negative(ops.mean(ops.take_along_axis(log_probabilities, self.classes, axis=1)))

    def step(self) -> Any:
        """Gradients, and Adam; the loss before it."""
        loss, gradients = self.loss_and_gradients(self.parameters)
        state = [*gradients, *self.parameters, *self.means, *self.variances]
        changed = adam_each([LEARNING_RATE, next(self.steps), *state], BETA_1, BETA_2, EPSILON, donate=(1, 2, 3))
        count = len(self.parameters)
        self.parameters, self.means, self.variances = changed[:count], changed[count:-count], changed[-count:]
        return loss
