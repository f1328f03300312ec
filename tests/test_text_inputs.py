"""Models whose inputs are strings: layers over strings run on the host, before each step, on every backend."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polykeras
from polykeras import Input, Model, Sequential, layers, ops, saving
from polykeras.backend import available, load
from polykeras.dtypes import standardize_dtype
from polykeras.errors import ArgumentError, DTypeError, StateError

TEXTS = ["the film is good", "bad film", "good good plot", "the bad, the boring"] * 4
LABELS = np.array([[1], [0], [1], [0]] * 4, "float32")
FEATURES = {"city": np.array(["rome", "oslo", "paris"] * 4), "age": np.arange(12), "x": np.ones((12, 2), "float32")}
"""Features in columns: strings, whole numbers, and floats."""


def words():
    layer = layers.TextVectorization(max_tokens=20, output_sequence_length=5)
    layer.adapt(TEXTS)
    return layer


def classifier(**options):
    polykeras.set_random_seed(3)
    inputs = Input((1,), dtype="string")
    x = layers.GlobalAveragePooling1D()(layers.Embedding(20, 4)(words()(inputs)))
    model = Model(inputs, layers.Dense(1, activation="sigmoid")(x))
    model.compile("adam", "binary_crossentropy", **options)
    return model


def of_columns():
    city, age = Input((1,), dtype="string", name="city"), Input((1,), dtype="int64", name="age")
    x = Input((2,), name="x")
    parts = [
        layers.HashedCrossing(8, output_mode="one_hot")([city, age]),
        layers.StringLookup(vocabulary=["rome", "oslo"], output_mode="one_hot")(city),
        layers.Hashing(5, output_mode="one_hot", salt=3)(city),
        x,
    ]
    return Model({"city": city, "age": age, "x": x}, layers.Concatenate()(parts))


class Subclassed(Model):
    def __init__(self):
        super().__init__()
        self.words, self.embedding, self.dense = words(), layers.Embedding(20, 4), layers.Dense(1)

    def call(self, inputs):
        return self.dense(ops.mean(self.embedding(self.words(inputs["text"])), 1)) + inputs["bias"]


def test_training_on_strings_is_training_on_their_numbers(backend):
    on_texts = classifier(metrics=["accuracy"])
    layer, first = on_texts.layers[1], on_texts.get_weights()
    on_numbers = Sequential([*on_texts.layers[2:]])
    on_numbers.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    options = {"epochs": 2, "batch_size": 5, "verbose": 0, "shuffle": False, "validation_split": 0.25}
    expected = on_numbers.fit(layer(TEXTS), LABELS, **options).history
    on_texts.set_weights(first)
    found = on_texts.fit(TEXTS, LABELS, **options).history
    for name, values in expected.items():
        assert found[name] == pytest.approx(values, rel=1e-6)  # rounding of programs that are compiled apart


def test_strings_come_in_every_form(backend):
    pandas = pytest.importorskip("pandas")
    model = classifier(steps_per_execution=3)
    expected = model.predict(TEXTS, verbose=0, batch_size=5)
    column = [[text] for text in TEXTS]
    forms = [np.array(TEXTS), np.array(TEXTS, object), np.array(column), np.char.encode(TEXTS), column, tuple(TEXTS)]
    forms += [pandas.Series(TEXTS), pandas.DataFrame({"text": TEXTS}), [np.array(TEXTS)], iter([TEXTS[:9], TEXTS[9:]])]
    for form in forms:
        np.testing.assert_array_equal(model.predict(form, verbose=0, batch_size=5), expected)
    for form in (TEXTS, column, np.array(TEXTS), np.array(column, object)):  # one batch where there were four
        np.testing.assert_allclose(ops.convert_to_numpy(model(form)), expected, rtol=1e-6)
    assert model.train_on_batch(TEXTS, LABELS) == pytest.approx(model.test_on_batch(TEXTS, LABELS), rel=0.05)


@pytest.mark.skipif(not {"tensorflow", "torch"} <= {*available()}, reason="needs two frameworks")
def test_strings_come_from_other_frameworks(backend):
    load("tensorflow")  # which knows in what order frameworks can be imported
    import tensorflow as tf
    import torch

    model = classifier()
    model.fit(TEXTS, LABELS, verbose=0)
    expected = model.evaluate(TEXTS, LABELS, verbose=0, batch_size=7)
    pairs = list(zip(TEXTS, LABELS, strict=True))
    sources = (tf.data.Dataset.from_tensor_slices((TEXTS, LABELS)).batch(7), torch.utils.data.DataLoader(pairs, 7))  # type: ignore[arg-type]
    for source in sources:
        assert model.evaluate(source, verbose=0) == pytest.approx(expected, rel=1e-6)
        model.fit(source, verbose=0)
        expected = model.evaluate(TEXTS, LABELS, verbose=0, batch_size=7)
    np.testing.assert_array_equal(model.predict(tf.constant(TEXTS), verbose=0), model.predict(TEXTS, verbose=0))
    kind = type(model(TEXTS))
    assert isinstance(model(tf.constant(TEXTS)), kind)
    slices: Any = tf.data.Dataset.from_tensor_slices
    pipeline = slices(dict(FEATURES)).batch(4).map(of_columns())
    found = np.concatenate([part.numpy() for part in pipeline])
    np.testing.assert_array_equal(found, of_columns().predict(FEATURES, verbose=0))


def test_features_in_columns(backend):
    model = of_columns()
    found = model.predict(FEATURES, verbose=0, batch_size=5)
    column = lambda layer, x: np.asarray(ops.convert_to_numpy(layer(x)))  # noqa: E731
    crossed = column(layers.HashedCrossing(8, output_mode="one_hot"), (FEATURES["city"], FEATURES["age"]))
    np.testing.assert_array_equal(found[:, :8], crossed)
    np.testing.assert_array_equal(found[:, 8:11], np.eye(3)[[1, 2, 0] * 4])
    given = {**FEATURES, "city": list(FEATURES["city"])}
    np.testing.assert_array_equal(ops.convert_to_numpy(model(given)), found)


def test_crosses_of_narrow_numbers(backend):
    """Where no argument of a program has 64 bits, what the host computes has them."""
    features = [Input((1,), dtype="int32", name=name) for name in "ab"]
    crossing = layers.HashedCrossing(50)
    given = [np.arange(6, dtype="int32")[:, None], np.arange(6, dtype="int32")[::-1, None]]
    expected = ops.convert_to_numpy(crossing(given))
    found = Model(features, crossing(features)).predict(given, verbose=0)
    assert found.dtype == expected.dtype == "int64"
    np.testing.assert_array_equal(found, expected)


def test_models_of_all_kinds_take_strings(backend, tmp_path):
    stack = Sequential([words(), layers.Embedding(20, 4), layers.GlobalAveragePooling1D(), layers.Dense(1)])
    inner = Sequential([Input((1,), dtype="string"), classifier(), layers.Dense(1)])
    data = {"text": np.array(TEXTS), "bias": np.ones((16, 1), "float32")}
    for model, x in ((stack, TEXTS), (inner, TEXTS), (Subclassed(), data)):
        model.compile("adam", "mse")
        model.fit(x, LABELS, verbose=0, batch_size=6)
        found = model.predict(x, verbose=0)
        model.save(tmp_path / "model.keras")
        again = saving.load_model(tmp_path / "model.keras", custom_objects={"Subclassed": Subclassed})
        np.testing.assert_array_equal(again.predict(x, verbose=0), found)
    for layer in (layers.Hashing(5), layers.IntegerLookup(vocabulary=[3, 4])):
        assert Sequential([layer, layers.Embedding(5, 2)]).predict(np.array([3, 4]), verbose=0).shape == (2, 2)
    eager = Subclassed()
    eager.compile("adam", "mse", run_eagerly=True)
    eager.fit(data, LABELS, verbose=0)


def test_a_model_of_strings_moves(backend):
    model = classifier()
    expected = model.predict(TEXTS, verbose=0)
    for name in available():
        np.testing.assert_allclose(model.to_backend(name).predict(TEXTS, verbose=0), expected, rtol=1e-6)


def test_what_cannot_be_is_said(backend):
    inputs, number = Input((1,), dtype="string"), Input((1,), dtype="int64")
    assert inputs.dtype == standardize_dtype("string") == "string"
    refused = (DTypeError, "strings, which stay on the host")
    model = classifier()
    mistakes = [
        (lambda: layers.Dense(3)(inputs), *refused),
        (lambda: ops.add(inputs, 1), *refused),
        (lambda: layers.StringLookup(vocabulary=["a"])(number), ArgumentError, "expected strings; got .* int64"),
        (lambda: words()(number), ArgumentError, "expected strings; got .* int64"),
        (lambda: layers.IntegerLookup(vocabulary=[1])(inputs), ArgumentError, "expected whole numbers"),
        (lambda: model.predict(np.ones((3, 1)), verbose=0), ArgumentError, r"expected strings .*got numbers"),
        (lambda: of_columns()({**FEATURES, "age": ["a"]}), ArgumentError, r"expected numbers \(int64\) .*got strings"),
        (lambda: model.fit(TEXTS, np.array(TEXTS), verbose=0), *refused),
        (lambda: model.fit(TEXTS[:3], LABELS, verbose=0), ArgumentError, "x has 3, y has 16"),
        (lambda: Model(inputs, inputs).predict(TEXTS, verbose=0), StateError, "not there in a compiled step"),
    ]
    for call, error, message in mistakes:
        with pytest.raises(error, match=message):
            call()


def test_a_step_that_uses_strings_in_another_way_is_told_so(backend):
    class Odd(Subclassed):
        def train_step(self, data):
            layers.Hashing(3)(data[0]["text"])
            return super().train_step(data)

    model = Odd()
    model.compile("adam", "mse")
    with pytest.raises(StateError, match="run_eagerly=True"):
        model.fit({"text": np.array(TEXTS), "bias": np.ones((16, 1))}, LABELS, verbose=0)
