"""Trainings in several threads, on several backends, do not disturb each other."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import polykeras as keras
from polykeras import layers, optimizers

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(40, 3)).astype("float32")
Y = (X @ [[1.0], [-2.0], [0.5]] + 0.3).astype("float32")


def train(name: str, seed: int) -> tuple[list[np.ndarray], list[float]]:
    """A training whose random numbers all have seeds of their own."""
    with keras.using(name):
        kernel = keras.initializers.GlorotUniform(seed=seed)
        stack = [layers.Dense(8, "tanh", kernel_initializer=kernel), layers.BatchNormalization()]
        stack += [layers.Dropout(0.25, seed=seed), layers.Dense(1, kernel_initializer=kernel)]
        model = keras.Sequential([layers.Input((3,)), *stack])
        model.compile(optimizers.Adam(0.01), "mse", metrics=["mae"], steps_per_execution="auto" if seed % 2 else 1)
        history = model.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0, validation_data=(X, Y))
        predicted = model.predict(X, verbose=0)
        assert {variable.home.name for variable in model.variables} == {name}
        return [*model.get_weights(), predicted], history.history["val_loss"]


@pytest.mark.parametrize("mixture", ["backends", "one"])
def test_eight_threads_train_as_one_after_another(mixture):
    names = keras.available() if mixture == "backends" else ["numpy"]
    jobs = [(names[number % len(names)], number) for number in range(8)]
    expected = [train(*job) for job in jobs]
    found: dict[int, object] = {}
    start = threading.Barrier(len(jobs))

    def run(number: int) -> None:
        start.wait()
        try:
            found[number] = train(*jobs[number])
        except BaseException as error:
            found[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for number, (weights, losses) in enumerate(expected):
        result = found[number]
        if isinstance(result, BaseException):
            raise result
        for one, other in zip(result[0], weights, strict=True):  # type: ignore[index]
            # Bit for bit but for sums that a framework's threads divide among them as they are free.
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(result[1], losses, rtol=1e-5)  # type: ignore[index]
