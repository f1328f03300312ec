"""FeatureSpace: Keras's numbers, models of raw features on every backend, files in both directions."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras_features
import numpy as np
import pytest
from keras_features import FEATURES, NEW, space_of

import polykeras
from polykeras import Model, layers, ops, saving
from polykeras.backend import available, load, using
from polykeras.errors import ArgumentError, StateError
from polykeras.utils import FeatureSpace

with_keras = pytest.mark.skipif(
    importlib.util.find_spec("keras") is None or "tensorflow" not in available(), reason="needs Keras on TensorFlow"
)


def numbers(found):
    found = found if isinstance(found, dict) else {"all": found}
    return {name: np.asarray(ops.convert_to_numpy(x)) for name, x in found.items()}


def adapted(mode):
    space = space_of(polykeras, mode)
    space.adapt(FEATURES)
    return space


def assert_same(found, expected):
    found = numbers(found)
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-6, atol=1e-7, err_msg=name)  # float32


@pytest.fixture(scope="module")
def exchanged(tmp_path_factory):
    """A folder with Keras's numbers, its files, and what it made of ours."""
    folder = tmp_path_factory.mktemp("features")
    with using("numpy"):
        for mode in ("concat", "dict"):
            adapted(mode).save(folder / f"{mode}.ours.keras")
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    script = str(Path(keras_features.__file__))
    done = subprocess.run([sys.executable, script, str(folder)], env=environment, capture_output=True, text=True)
    assert not done.returncode, done.stderr[-3000:]
    return folder


@with_keras
@pytest.mark.xdist_group("keras_features")  # so that Keras is started once
@pytest.mark.parametrize("mode", ["concat", "dict"])
def test_numbers_are_those_of_keras(mode, exchanged, backend):
    expected = dict(np.load(exchanged / f"{mode}.npz"))
    space = adapted(mode)
    assert_same(space(NEW), expected)
    inputs, encoded = space.get_inputs(), space.get_encoded_features()
    assert_same(Model(inputs, encoded).predict({name: np.array(x) for name, x in NEW.items()}, verbose=0), expected)
    assert_same(saving.load_model(exchanged / f"{mode}.theirs.keras")(NEW), expected)
    assert_same(saving.load_model(exchanged / f"{mode}.ours.keras")(NEW), expected)
    assert_same(dict(np.load(exchanged / f"{mode}.again.npz")), expected)


def test_data_to_adapt_to_comes_in_every_form(backend):
    pandas = pytest.importorskip("pandas")
    expected = numbers(adapted("concat")(NEW))
    rows = [{name: values[i] for name, values in FEATURES.items()} for i in range(4)]
    batches = [{name: np.array(values[i : i + 3]) for name, values in FEATURES.items()} for i in (0, 3)]
    columns = {name: np.array(values)[:, None] for name, values in FEATURES.items()}
    for data in (rows, batches, columns, pandas.DataFrame(FEATURES)):
        space = space_of(polykeras, "concat")
        space.adapt(data)
        assert_same(space(NEW), expected)
    assert_same(space(pandas.DataFrame(NEW)), expected)
    single = space({name: values[1] for name, values in NEW.items()})
    np.testing.assert_array_equal(ops.convert_to_numpy(single), ops.convert_to_numpy(space(NEW))[1])


@pytest.mark.skipif("tensorflow" not in available(), reason="needs tf.data")
def test_a_pipeline_of_tensorflow(backend):
    load("tensorflow")  # which knows in what order frameworks can be imported
    import tensorflow as tf

    slices: Any = tf.data.Dataset.from_tensor_slices
    data = slices(FEATURES)
    space = space_of(polykeras, "concat")
    space.adapt(data)
    expected = numbers(adapted("concat")(FEATURES))["all"]
    found = np.concatenate([x.numpy() for x in data.batch(3).map(space)])
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert [x.shape for x in data.map(space)] == [(expected.shape[1],)] * 4


def test_a_model_is_trained_on_encoded_features_and_used_on_raw_ones(backend, tmp_path):
    polykeras.set_random_seed(2)
    space = FeatureSpace({"city": "string_categorical", "age": "float_normalized"}, crosses=None)
    space.adapt(FEATURES)
    inputs, encoded = space.get_inputs(), space.get_encoded_features()
    outputs = layers.Dense(1)(encoded)
    training, raw = Model(encoded, outputs), Model(inputs, outputs)
    data = {name: np.array(FEATURES[name]) for name in ("city", "age")}
    training.compile("sgd", "mse")
    training.fit(space(data), np.ones((4, 1)), verbose=0)
    expected = training.predict(space(data), verbose=0)
    np.testing.assert_allclose(raw.predict(data, verbose=0), expected, rtol=1e-6)
    raw.save(tmp_path / "raw.keras")
    np.testing.assert_allclose(saving.load_model(tmp_path / "raw.keras").predict(data, verbose=0), expected, rtol=1e-6)


def test_mistakes_are_told():
    space = FeatureSpace({"city": "string_categorical", "age": "float"}, name="people")
    whole = FeatureSpace({"age": FeatureSpace.integer_hashed(4, output_mode="int")})
    floats = FeatureSpace.feature("float32", layers.Dense(2), "one_hot")
    words = layers.TextVectorization(vocabulary=["a"], output_sequence_length=1)
    mistakes = [
        (lambda: FeatureSpace({}), "expected features to be a dictionary"),
        (lambda: FeatureSpace({"age": "floaty"}), "expected feature 'age' to be one of float, .*; got 'floaty'"),
        (lambda: FeatureSpace({"age": "float"}, output_mode="list"), "expected output_mode to be one of dict, concat"),
        (lambda: FeatureSpace({"age": "float"}, crosses=[("age", "size")]), "got 'size'"),
        (lambda: FeatureSpace({"age": "float"}, crosses=["age"]), "at least two features"),
        (lambda: FeatureSpace.string_categorical(output_mode="float32"), "expected output_mode to be one of int"),
        (lambda: FeatureSpace.float_discretized(3, [0.0]), "expected either bin_boundaries or num_bins"),
        (lambda: FeatureSpace.feature("float32", 3, "float"), "expected a layer as preprocessor; got 3"),
        (lambda: space({"city": ["a"], "age": [1.0]}), "people: the features city have not seen data yet"),
        (lambda: space.get_encoded_features(), "Call adapt"),
        (lambda: space.adapt([(FEATURES, [1, 2, 3, 4])]), "expected dictionaries of features .*got tuple"),
        (lambda: space.adapt({"age": [1.0]}), "with 'city' among them; got with age"),
        (lambda: space.adapt(3), "expected a data set of dictionaries; got a int"),
        (lambda: whole({"age": [1, 2]}), "'age' gives whole numbers, as its output_mode is 'int'"),
        (lambda: whole([1, 2]), "expected a dictionary of features; got a list"),
        (lambda: whole({"age": ["a"]}), "expected numbers for feature 'age'; got strings"),
        (lambda: whole({"ages": [1]}), "expected the features age; got ages"),
        (lambda: FeatureSpace({"a": "float", "b": "float"})({"a": [1.0], "b": [1.0, 2.0]}), "a has 1, b has 2"),
        (lambda: FeatureSpace({"a": FeatureSpace.feature("string", words, "one_hot")})({"a": ["a"]}), "is not known"),
        (lambda: FeatureSpace({"a": floats})({"a": [1.0]}), "has to give whole numbers; it gives float32"),
        (lambda: FeatureSpace({"a": "float_normalized", "b": "float_normalized"}).adapt(iter([FEATURES])), "once only"),
    ]
    for call, message in mistakes:
        with pytest.raises((ArgumentError, StateError), match=message):
            call()
