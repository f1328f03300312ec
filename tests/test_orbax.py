"""Checkpoints of Orbax: of every backend, back into models, and what is told where Orbax is not installed."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest

import polykeras
from polykeras import layers, saving
from polykeras.backend import available
from polykeras.callbacks import OrbaxCheckpoint
from polykeras.errors import ArgumentError, FileError, MissingPackageError, SerializationError
from polykeras.saving.orbax import checkpoint_in

X, Y = np.arange(16.0).reshape(8, 2).astype("float32"), np.ones((8, 1), "float32")


def model_of():
    polykeras.set_random_seed(1)
    parts = [layers.Dense(3), layers.BatchNormalization(), layers.Dropout(0.2), layers.Dropout(0.1), layers.Dense(1)]
    model = polykeras.Sequential([layers.Input((2,)), *parts])
    model.compile("adam", "mse", metrics=["mae"])
    return model


def test_where_orbax_is_not_installed_it_is_told(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "orbax", None)
    for name in [name for name in sys.modules if name.startswith("orbax.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingPackageError, match=r"pip install 'polykeras\[orbax\]'"):
        OrbaxCheckpoint(tmp_path)


@pytest.mark.filterwarnings("ignore")
def test_a_model_comes_back_from_its_checkpoints(backend, tmp_path):
    pytest.importorskip("orbax.checkpoint")
    model, expected = model_of(), model_of()
    polykeras.set_random_seed(5)
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[OrbaxCheckpoint(tmp_path, max_to_keep=2)])
    assert sorted(os.listdir(tmp_path)) == ["1", "2"]
    found = saving.load_model(tmp_path)
    np.testing.assert_array_equal(found.predict(X, verbose=0), model.predict(X, verbose=0))
    polykeras.set_random_seed(5)
    expected.fit(X, Y, epochs=2, verbose=0)
    np.testing.assert_array_equal(saving.load_model(tmp_path / "1").get_weights()[0], expected.get_weights()[0])
    assert found.optimizer.iterations.numpy() == 3
    for one in (found, model):  # the states of optimizer and generators of seeds are there
        polykeras.set_random_seed(2)
        one.fit(X, Y, epochs=1, verbose=0)
    np.testing.assert_array_equal(found.get_weights()[0], model.get_weights()[0])
    for name in available():
        with polykeras.using(name):
            other = model_of()
            other.load_weights(tmp_path)
            assert np.isfinite(other.predict(X, verbose=0)).all()


@pytest.mark.filterwarnings("ignore")
def test_weights_after_batches(backend, tmp_path):
    pytest.importorskip("orbax.checkpoint")
    model = model_of()
    options = {"save_weights_only": True, "save_on_background": False, "max_to_keep": None}
    model.fit(X, Y, epochs=4, batch_size=4, verbose=0, callbacks=[OrbaxCheckpoint(tmp_path, save_freq=3, **options)])
    assert sorted(os.listdir(tmp_path)) == ["3", "6"]
    with pytest.raises(SerializationError, match="has weights only"):
        saving.load_model(tmp_path)
    with pytest.raises(SerializationError, match="expected 2 trainable_variables"):
        polykeras.Sequential([layers.Input((2,)), layers.Dense(3)]).load_weights(tmp_path)
    best = OrbaxCheckpoint(tmp_path / "best", monitor="loss", save_best_only=True, initial_value_threshold=-1.0)
    model.fit(X, Y, verbose=0, callbacks=[best])
    assert checkpoint_in(tmp_path / "best") is None


def test_mistakes_are_told(tmp_path):
    pytest.importorskip("orbax.checkpoint")
    for options, message in [
        ({"directory": ""}, "expected directory"),
        ({"max_to_keep": 0}, "expected max_to_keep to be a whole number from 1, or None; got 0"),
        ({"save_freq": "batch"}, "expected save_freq"),
    ]:
        with pytest.raises(ArgumentError, match=message):
            OrbaxCheckpoint(**{"directory": tmp_path, **options})
    (tmp_path / "5" / "pytree").mkdir(parents=True)
    with pytest.raises(SerializationError, match="has weights only"):
        saving.load_model(tmp_path)
    with pytest.raises(FileError, match="cannot be read as a checkpoint"):
        model_of().load_weights(tmp_path)
