"""Several steps in one compiled call: the same numbers, fewer calls."""

from __future__ import annotations

import numpy as np
import pytest

import polykeras as keras
from polykeras import layers, ops, optimizers
from polykeras.callbacks import Callback, LambdaCallback
from polykeras.training import stretches

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(43, 3)).astype("float32")
Y = (X @ [[1.0], [-2.0], [0.5]] + 0.3).astype("float32")


def made(steps, kind=keras.Sequential, **options) -> keras.Model:
    keras.set_random_seed(1)
    hidden = [layers.Dense(4, "tanh"), layers.BatchNormalization(), layers.Dropout(0.25)]
    model = kind([*hidden, layers.Dense(1)])
    model.compile(optimizers.Adam(0.01), "mse", metrics=["mae"], steps_per_execution=steps, **options)
    return model


def trained(steps, kind=keras.Sequential, callbacks=None, **options):
    keras.set_random_seed(1)
    model = made(steps, kind)
    options = {"batch_size": 5, "epochs": 2, "validation_data": (X, Y), **options}
    found = model.fit(X, Y, verbose=0, callbacks=callbacks, **options).history
    return model, found


class Counting(Callback):
    """Counts calls, without asking to see each batch."""

    sees_every_batch = False

    def __init__(self):
        super().__init__()
        self.ends = []

    def on_train_batch_end(self, batch, logs=None):
        self.ends.append(batch)


@pytest.mark.parametrize("options", [{}, {"steps_per_epoch": 20}, {"sample_weight": np.linspace(0, 1, 43)}])
def test_the_numbers_are_those_of_one_at_a_time(backend, options):
    model, expected = trained(1, **options)
    for steps in ("auto", 3) if not options else ("auto",):
        counting = Counting()
        other, found = trained(steps, callbacks=[counting], **options)
        for name in expected:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-5)  # fused operations round less often
        for one, two in zip(other.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-6)  # Adam divides by small numbers
        assert int(other.optimizer.iterations) == int(model.optimizer.iterations)
        if not options:
            # Of nine batches the last is short, and by itself; three times three are what is asked for.
            assert counting.ends == ([7, 8] if steps == "auto" else [2, 5, 8]) * 2


def test_whoever_looks_at_each_step_sees_it(backend):
    seen = []
    trained("auto", callbacks=[LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))])
    assert seen == [*range(9)] * 2


def test_long_steps_are_taken_one_by_one(monkeypatch):
    monkeypatch.setattr("polykeras.training.functions.SMALL", 10)
    counting = Counting()
    trained("auto", callbacks=[counting])
    assert counting.ends == [*range(9)] * 2


def test_what_cannot_be_looped_over_is_not():
    class Own(keras.Sequential):
        def train_step(self, data):
            return {**super().train_step(data), "own": ops.sum(data[0])}

    counting = Counting()
    _, found = trained("auto", Own, [counting])
    assert counting.ends == [*range(9)] * 2
    assert "own" in found
    _, grouped = trained(3, Own)
    np.testing.assert_allclose(grouped["loss"], found["loss"], rtol=1e-5)
    text = np.array(["a", "b"], object)
    assert stretches.on_device((X, text)) is None
    batches = [(X[i : i + 5], Y[i : i + 5]) for i in range(0, 40, 5)]
    model, counting = made("auto"), Counting()
    model.fit(batches_of(batches), epochs=2, steps_per_epoch=4, verbose=0, callbacks=[counting])
    assert counting.ends == [0, 1, 2, 3] * 2


def batches_of(batches):
    while True:
        yield from batches


def test_eager_steps_stay_single():
    counting = Counting()
    model = made("auto", run_eagerly=True)
    model.fit(X, Y, 5, verbose=0, callbacks=[counting])
    assert counting.ends == [*range(9)]


class Noting(layers.Layer):
    """Counts how often its Python code runs."""

    calls = 0

    def call(self, x):
        type(self).calls += 1
        return ops.multiply(x, 2.0)


@pytest.mark.backends("numpy", "torch", "jax", "tensorflow")  # which have programs
def test_steps_in_a_call_run_as_programs(backend):
    Noting.calls = 0
    model = keras.Sequential([Noting(), layers.Dense(1)])
    model.compile("sgd", "mse", steps_per_execution="auto")
    x = np.ones((200, 3), "float32")
    model.fit(x, x[:, :1], batch_size=10, verbose=0)
    before = Noting.calls
    assert before < 20  # of 20 batches
    model.fit(x, x[:, :1], batch_size=10, epochs=3, verbose=0)
    assert Noting.calls == before


@pytest.mark.parametrize(("shape", "wanted"), [((100, 3), [3, 3, 3, 1]), ((100, 4, 3), [1] * 10)])
def test_some_steps_on_vectors_are_taken_together(shape, wanted, monkeypatch):
    taken = []
    with keras.using("numpy"):
        model = keras.Sequential([layers.Flatten() if len(shape) == 2 else layers.LSTM(2), layers.Dense(1)])
        model.compile("sgd", "mse", steps_per_execution=3)
        functions = model._current_functions()
        run = functions._run
        monkeypatch.setattr(functions, "_run", lambda name, batches: taken.append(len(batches)) or run(name, batches))
        model.fit(np.ones(shape), np.ones((100, 1)), batch_size=10, verbose=0)
    assert taken == wanted


def test_steps_through_time_count_as_many(monkeypatch):
    monkeypatch.setattr("polykeras.training.functions.SMALL", 1000)
    model = keras.Sequential([layers.SimpleRNN(2), layers.Dense(1)])
    model.compile("sgd", "mse", steps_per_execution="auto")
    counting = Counting()
    model.fit(np.ones((20, 50, 2), "float32"), np.ones((20, 1)), batch_size=4, verbose=0, callbacks=[counting])
    assert counting.ends == [*range(5)]
