"""The demonstration: one network, trained from one seed on every backend that is installed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from . import ops, random
from .backend import Backend, available, install_command, load, registered, using
from .compilation import compile
from .data import digits
from .errors import BackendError
from .random import SeedGenerator, set_random_seed
from .state import Variable

TRAINING_IMAGES, BATCH_SIZE, HIDDEN_UNITS = 1536, 64, 64
LEARNING_RATE, MOMENTUM, DROPOUT = 0.1, 0.9, 0.2


@dataclass
class Training:
    """What came out of training on one backend."""

    backend: str
    losses: np.ndarray
    """The loss of every step, a row for each epoch."""
    predictions: np.ndarray
    accuracy: float
    milliseconds: float
    """The time of a step, in the median epoch after the first."""


class Network:
    """Two dense layers with dropout between them, and stochastic gradient descent with momentum."""

    def __init__(self) -> None:
        shapes = [(64, HIDDEN_UNITS), (HIDDEN_UNITS,), (HIDDEN_UNITS, 10), (10,)]
        self.weights = [Variable(_glorot if len(shape) == 2 else ops.zeros, shape) for shape in shapes]
        self.velocities = [Variable(ops.zeros, shape, trainable=False) for shape in shapes]
        self.seed = SeedGenerator()

    @property
    def variables(self) -> list[Variable]:
        """All that a training step changes."""
        return [*self.weights, *self.velocities, self.seed.state]

    def log_probabilities(self, weights: list[Any], images: Any, training: bool) -> Any:
        """For each image and digit, the logarithm of how probable the network thinks it."""
        kernel, bias, last_kernel, last_bias = weights
        hidden = ops.relu(ops.matmul(images, kernel) + bias)
        if training:
            hidden = random.dropout(hidden, DROPOUT, seed=self.seed)
        return ops.log_softmax(ops.matmul(hidden, last_kernel) + last_bias)

    def loss(self, weights: list[Any], images: Any, labels: Any) -> Any:
        """The mean cross entropy."""
        scores = self.log_probabilities(weights, images, training=True)
        return -ops.mean(ops.take_along_axis(scores, labels[:, None], axis=1))

    def train(self, images: Any, labels: Any) -> Any:
        """Take one step, and return the loss before it."""
        loss, gradients = ops.value_and_grad(self.loss)(self.weights, images, labels)
        for weight, velocity, gradient in zip(self.weights, self.velocities, gradients, strict=True):
            velocity.assign(MOMENTUM * velocity - LEARNING_RATE * gradient)
            weight.assign_add(velocity)
        return loss

    def predict(self, images: Any) -> Any:
        """The most probable digit of each image."""
        return ops.argmax(self.log_probabilities(self.weights, images, training=False), axis=-1)


def _glorot(shape: tuple[int, ...], dtype: Any) -> Any:
    limit = (6 / sum(shape)) ** 0.5
    return random.uniform(shape, -limit, limit, dtype)


def train(backend: Backend, epochs: int, seed: int, advance: Callable[[], None]) -> Training:
    """Train the network on a backend. `advance` is called after every step."""
    images, labels = digits()
    images = images.reshape(len(images), -1).astype("float32") / 16
    labels = labels.astype("int32")
    with using(backend):
        set_random_seed(seed)
        network = Network()
        step = compile(network.train, variables=network.variables, donate_variables=True)
        losses, seconds = [], []
        for _ in range(epochs):
            order = ops.convert_to_numpy(random.permutation(TRAINING_IMAGES))
            begin, epoch = time.perf_counter(), []
            for batch in np.split(order, range(BATCH_SIZE, TRAINING_IMAGES, BATCH_SIZE)):
                epoch.append(step(images[batch], labels[batch]))
                advance()
            losses.append([float(loss) for loss in epoch])
            seconds.append((time.perf_counter() - begin) / len(epoch))
        predictions = ops.convert_to_numpy(network.predict(images[TRAINING_IMAGES:]))
    accuracy = float(np.mean(predictions == labels[TRAINING_IMAGES:]))
    return Training(
        backend.name, np.array(losses), predictions, accuracy, 1000 * float(np.median(seconds[1:] or seconds))
    )


def run(epochs: int, seed: int, console: Console) -> int:
    """Train on every backend that is installed, and show how far the results lie apart.

    Returns:
        The exit status: 1 where an installed backend does not load.
    """
    backends, broken = [], []
    with console.status("Loading the frameworks"):
        for name in available():
            try:
                backends.append(load(name))
            except BackendError as error:
                broken.append(str(error))
    steps = epochs * TRAINING_IMAGES // BATCH_SIZE
    columns = (TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    trainings = []
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        for backend in backends:
            task = progress.add_task(backend.name, total=steps)
            trainings.append(train(backend, epochs, seed, lambda task=task: progress.advance(task)))
    console.print(_loss_table(trainings, seed))
    console.print(_summary_table(trainings))
    console.print(_agreement(trainings))
    for message in broken:
        console.print(message, style="red", markup=False)
    for name in registered():
        if name not in available():
            console.print(f"{name} is not installed. Add it with: {install_command(name)}", markup=False)
    return 1 if broken else 0


def _spread(trainings: list[Training]) -> np.ndarray:
    """For each step, how far apart the largest and the smallest loss are."""
    return np.ptp([training.losses for training in trainings], axis=0)


def _loss_table(trainings: list[Training], seed: int) -> Table:
    table = Table(title=f"Mean loss per epoch, seed {seed}")
    table.add_column("epoch", justify="right")
    for training in trainings:
        table.add_column(training.backend, justify="right")
    compared = len(trainings) > 1
    if compared:
        table.add_column("largest difference\nbetween steps", justify="right")
    for epoch, spread in enumerate(_spread(trainings)):
        means = [f"{training.losses[epoch].mean():.7f}" for training in trainings]
        table.add_row(str(epoch + 1), *means, *([f"{spread.max():.1e}"] if compared else []))
    return table


def _summary_table(trainings: list[Training]) -> Table:
    table = Table(title=f"After training, on {len(trainings[0].predictions)} images not seen before")
    table.add_column("backend")
    table.add_column("accuracy", justify="right")
    table.add_column("time per step", justify="right")
    first, *others = trainings
    if others:
        table.add_column(f"same predictions as {first.backend}", justify="right")
    for training in trainings:
        same = f"{np.sum(training.predictions == first.predictions)} of {len(first.predictions)}"
        row = [training.backend, f"{training.accuracy:.2%}", f"{training.milliseconds:.2f} ms"]
        table.add_row(*row, *([same] if others else []))
    return table


def _agreement(trainings: list[Training]) -> str:
    if len(trainings) == 1:
        return f"Only {trainings[0].backend} is installed; there is nothing to compare it with yet."
    apart, loss = _spread(trainings).max(), trainings[0].losses
    return (
        f"Over {loss.size} steps in float32, the losses of {len(trainings)} backends are never further apart than "
        f"{apart:.1e} (the loss itself goes from {loss[0, 0]:.2f} to {loss[-1, -1]:.2f})."
    )
