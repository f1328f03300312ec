"""The standard models, trained from one seed: the same weights, batches and dropout, the same loss at every step.

In float64 losses are the same to 1e-9. In float32 they part as fast as rounding drives them apart, and no faster.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import polykeras as keras
from polykeras.backend import Backend, load, using
from polykeras.callbacks import Callback
from polykeras.settings import EMBEDDED
from polykeras.testing.trainings import TWINS, Training, allowed_distance, train

from . import checks
from .ledger import LEDGER, assert_allclose
from .standard_models import MODELS, OPTIMIZERS

pytestmark = pytest.mark.level("training")

STEPS, QUICK_STEPS, BATCH = 200, 40, 32
APART = 1e-9
"""How far losses may be apart, relative to them: rounding, 1e-16, grows a millionfold at most in 200 steps."""

QUICK = [("mlp", "sgd"), ("convnet", "adam"), ("recurrent", "rmsprop"), ("transformer", "adam")]
QUICK_IN_FLOAT32 = [("transformer", "adam")]


def trainings(quick: list[tuple[str, str]]) -> list[Any]:
    """All of them as parameters of a test; what is not quick runs where the suite is thorough."""
    return [
        pytest.param(
            *pair,
            marks=[pytest.mark.xdist_group(f"training {pair[0]}"), *([] if pair in quick else [pytest.mark.thorough])],
        )
        for pair in itertools.product(MODELS, OPTIMIZERS)
    ]


class Losses(Callback):
    """Keeps the loss of each step by itself."""

    takes_arrays = True

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Any] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.found.append(logs["loss"])
        self.model.reset_metrics()


@contextlib.contextmanager
def in_float64() -> Iterator[None]:
    """Have everything computed in float64 unless something else is asked for."""
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    try:
        yield
    finally:
        keras.config.set_floatx(before)


def how_many_steps() -> int:
    return STEPS if checks.EFFORT.is_thorough else QUICK_STEPS


@functools.cache
def trained(name: str, optimizer: str, steps: int, backend: str) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """The loss of each step, the weights at the beginning, and some predictions at the end."""
    make, data = MODELS[name]
    x, y = data()
    with using(backend), in_float64():
        keras.set_random_seed(11)
        model, losses = make(), Losses()
        model.compile(OPTIMIZERS[optimizer](), "sparse_categorical_crossentropy")
        first = [weight.numpy() for weight in model.weights]
        epochs = -(-steps * BATCH // len(x))
        model.fit(x, y, BATCH, epochs, verbose=0, callbacks=[losses], steps_per_epoch=min(steps, len(x) // BATCH))
        return np.array([float(loss) for loss in losses.found]), first, model.predict(x[:8], verbose=0)


@pytest.mark.parametrize(("name", "optimizer"), trainings(QUICK))
def test_training_is_the_same(name: str, optimizer: str, backend: Backend) -> None:
    steps = how_many_steps()
    losses, weights, predictions = trained(name, optimizer, steps, backend.name)
    expected, first, wanted = trained(name, optimizer, steps, load(EMBEDDED).name)
    for one, other in zip(weights, first, strict=True):
        np.testing.assert_array_equal(one, other)
    LEDGER.curves[f"{name}, {optimizer}"] = losses[:steps].tolist()
    assert len(losses) >= steps
    assert expected[-5:].mean() < expected[:5].mean()
    assert_allclose(losses, expected, rtol=APART, err_msg=f"the losses of {name} with {optimizer}")
    assert_allclose(predictions, wanted, rtol=1e-6, atol=1e-9)  # what the losses allow, in single numbers


def trained_in_float32(name: str, optimizer: str, steps: int, backend: str, twin: int = 0) -> Training:
    """A training from the seed; as a twin, one whose weights are moved by a rounding after every step."""
    make, data = MODELS[name]

    def compiled() -> keras.Model:
        model = make()
        model.compile(OPTIMIZERS[optimizer](), "sparse_categorical_crossentropy")
        return model

    return train(backend, compiled, data(), steps, seed=11, batch_size=BATCH, twin=twin)


@functools.cache
def expected_in_float32(name: str, optimizer: str, steps: int) -> tuple[Training, np.ndarray]:
    """The training on the reference, and how far rounding may carry the loss of each step, as its twins show."""
    reference, *twins = (
        trained_in_float32(name, optimizer, steps, load(EMBEDDED).name, twin) for twin in range(TWINS + 1)
    )
    return reference, allowed_distance(reference, twins)


@pytest.mark.parametrize(("name", "optimizer"), trainings(QUICK_IN_FLOAT32))
def test_in_float32_nothing_but_rounding_parts_them(name: str, optimizer: str, backend: Backend) -> None:
    steps, subject = how_many_steps(), f"{name}, {optimizer}, float32"
    expected, allowed = expected_in_float32(name, optimizer, steps)
    found = trained_in_float32(name, optimizer, steps, backend.name)
    LEDGER.curves[subject] = found.losses.tolist()
    LEDGER.explained[subject] = (allowed / np.abs(expected.losses)).tolist()
    LEDGER.compare(found.losses, expected.losses, allowed, f"the losses of {subject}")
    for one, other in zip(found.first, expected.first, strict=True):
        np.testing.assert_array_equal(one, other)
    away = np.abs(found.losses - expected.losses)
    beyond = np.flatnonzero(~(away <= allowed))
    assert not len(beyond), (
        f"{subject}: from step {beyond[0] + 1} of {steps} on, losses are {away[beyond[0]]:.2e} apart, where rounding "
        f"explains {allowed[beyond[0]]:.2e}"
    )
