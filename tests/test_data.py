"""What goes into a training: data of every library on every backend, workers, the thread that runs ahead, mistakes."""

from __future__ import annotations

import importlib
import threading
import time

import numpy as np
import pytest

import polykeras as keras
from polykeras import layers, optimizers
from polykeras.backend import available
from polykeras.errors import ArgumentError, StateError
from polykeras.interpreters import convert
from polykeras.training import PyDataset
from polykeras.training.arrays import as_array
from polykeras.training.background import AHEAD
from polykeras.training.data import batches_of

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(21, 3)).astype("float32")
Y = (X @ [[1.0], [-2.0], [0.5]] + 0.3).astype("float32")
SIZE = 8  # which leaves a last batch of 5


def line(**options) -> keras.Model:
    keras.set_random_seed(1)
    model = keras.Sequential([layers.Input((3,)), layers.Dense(1)])
    model.compile(**{"optimizer": optimizers.SGD(0.1), "loss": "mse", **options})
    return model


def slices() -> list[tuple[np.ndarray, np.ndarray]]:
    return [(X[i : i + SIZE], Y[i : i + SIZE]) for i in range(0, len(X), SIZE)]


class Slices(PyDataset):
    def __len__(self):
        return len(slices())

    def __getitem__(self, index):
        return slices()[index]


def endless():
    while True:
        yield from slices()


def reused():
    """A generator that gives the same memory again and again."""
    x, y = np.empty((SIZE, 3), "float32"), np.empty((SIZE, 1), "float32")
    while True:
        for a, b in slices():
            x[: len(a)], y[: len(b)] = a, b
            yield x[: len(a)], y[: len(b)]


def framework(name):
    if name not in available():
        pytest.skip(f"{name} is not installed")
    return importlib.import_module(name)


def native(name):
    framework(name)
    return convert(X, name), convert(Y, name)


def loader():
    torch = framework("torch")
    tensors = torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y))
    return torch.utils.data.DataLoader(tensors, SIZE)


def pipeline():
    return framework("tensorflow").data.Dataset.from_tensor_slices((X, Y)).batch(SIZE).prefetch(1)


def frames():
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(X.astype("float64"), columns=["a", "b", "c"]), pandas.Series(Y[:, 0], name="y")


def sparse():
    return pytest.importorskip("scipy.sparse").coo_matrix(X), Y


ARRAYS = {
    "arrays": lambda: (X, Y),
    "torch": lambda: native("torch"),
    "jax": lambda: native("jax"),
    "tensorflow": lambda: native("tensorflow"),
    "frames": frames,
    "sparse": sparse,
}
BATCHES = {
    "loader": loader,
    "pipeline": pipeline,
    "generator": endless,
    "reused": reused,
    "dataset": Slices,
    "threads": lambda: Slices(workers=3),
}


@pytest.fixture(scope="module")
def expected() -> tuple[list[float], float, np.ndarray]:
    """What plain arrays give."""
    with keras.using("numpy"):
        model = line()
        history = model.fit(X, Y, SIZE, epochs=2, shuffle=False, verbose=0).history["loss"]
        return history, model.evaluate(X, Y, SIZE, verbose=0), model.predict(X, SIZE, verbose=0)


def check(model, x, y, expected, steps=None):
    arguments = {"verbose": 0} if y is None else {"verbose": 0, "y": y, "batch_size": SIZE}
    found = model.fit(x, epochs=2, shuffle=False, steps_per_epoch=steps, **arguments).history["loss"]
    # a few float32 roundings in each of six steps
    np.testing.assert_allclose(found, expected[0], rtol=1e-5)
    assert model.evaluate(x, steps=steps, **arguments) == pytest.approx(expected[1], rel=1e-5)
    arguments.pop("y", None)
    np.testing.assert_allclose(model.predict(x, steps=steps, **arguments), expected[2], rtol=1e-4, atol=1e-6)


def test_arrays_of_every_library_are_data_on_every_backend(backend, expected):
    for name, make in ARRAYS.items():
        if name in {*available(), "arrays", "frames", "sparse"}:
            x, y = make()
            check(line(), x, y, expected)


def test_batches_of_every_library_are_data_on_every_backend(backend, expected):
    for name, make in BATCHES.items():
        if {"loader": "torch", "pipeline": "tensorflow"}.get(name, "numpy") not in available():
            continue
        steps = 3 if name in ("generator", "reused") else None
        check(line(), make(), None, expected, steps)


@pytest.mark.parametrize("name", available())
def test_batches_given_one_by_one_come_from_every_library(backend, name):
    x, y = native(name)
    model, other = line(), line()
    assert model.train_on_batch(x, y) == pytest.approx(other.train_on_batch(X, Y), rel=1e-6)
    assert model.test_on_batch(x, y) == pytest.approx(other.test_on_batch(X, Y), rel=1e-6)
    np.testing.assert_allclose(model.predict_on_batch(x), other.predict_on_batch(X), rtol=1e-6)


def test_processes_make_batches_and_see_what_changes(expected):
    model = line()
    data = Changing(workers=2, use_multiprocessing=True, max_queue_size=2)
    history = model.fit(data, epochs=2, shuffle=False, verbose=0).history["loss"]
    other = line()
    wanted = [other.fit(X + e, Y, SIZE, shuffle=False, verbose=0).history["loss"][0] for e in range(2)]
    np.testing.assert_allclose(history, wanted, rtol=1e-6)


class Changing(Slices):
    """Moves its inputs after each epoch."""

    offset = 0

    def __getitem__(self, index):
        x, y = super().__getitem__(index)
        return x + np.float32(self.offset), y

    def on_epoch_end(self):
        self.offset = self.offset + 1


class Noisy(PyDataset):
    """Random numbers of three kinds, and which batch they belong to."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        time.sleep(0.01 * (4 - index))  # so that the last is done first
        return np.array([[index, float(keras.ops.convert_to_numpy(keras.random.uniform(())))]])


@pytest.mark.parametrize("processes", [False, True])
def test_random_numbers_of_workers_do_not_depend_on_which_is_first(processes):
    model = keras.Sequential([layers.Input((2,)), layers.Identity()])
    found = []
    for _ in range(2):
        keras.set_random_seed(5)
        found.append(model.predict(Noisy(workers=2, use_multiprocessing=processes), verbose=0))
    np.testing.assert_array_equal(*found)
    assert found[0][:, 0].tolist() == [0, 1, 2, 3]
    assert len(set(found[0][:, 1])) == 4


def test_batches_of_a_data_set_are_shuffled_by_our_own_stream():
    orders = {}
    for name in keras.available():
        seen = []

        class Watched(Slices):
            def __getitem__(self, index, seen=seen):
                seen.append(index)
                return super().__getitem__(index)

        with keras.using(name):
            line().fit(Watched(), epochs=6, verbose=0)
        orders[name] = seen
        assert all(sorted(seen[i : i + 3]) == [0, 1, 2] for i in range(0, 18, 3))
        assert seen != sorted(seen[:3]) * 6
    assert len(set(map(tuple, orders.values()))) == 1


def test_a_data_set_hears_of_epochs():
    class Told(Slices):
        def __init__(self):
            super().__init__()
            self.heard = []

        def on_epoch_begin(self):
            self.heard.append("begin")

        def on_epoch_end(self):
            self.heard.append("end")

    data = Told()
    line().fit(data, epochs=2, verbose=0)
    assert data.heard == ["begin", "end"] * 2


# Running ahead ---------------------------------------------------------------------------------------------


def test_no_more_batches_are_taken_than_are_used():
    taken = []

    def counting():
        for batch in endless():
            time.sleep(0.001)
            taken.append(threading.current_thread().name)
            yield batch

    data = counting()
    line().fit(data, steps_per_epoch=4, epochs=2, verbose=0)
    assert len(taken) == 8
    assert taken[:2] == ["MainThread"] * 2
    assert taken[2] != "MainThread"

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    line().fit(data, steps_per_epoch=100, verbose=0, callbacks=[Stop()])
    assert len(taken) <= 8 + 2 + 1 + AHEAD + 1
    next(data)  # nobody else is at it any more


def test_the_next_batch_is_made_during_a_step():
    made, overlapped = threading.Event(), []

    def slowly():
        yield slices()[0]
        time.sleep(0.001)
        yield slices()[1]
        made.set()
        yield slices()[2]

    class Look(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 1:
                overlapped.append(made.wait(5))

    line().fit(slowly(), verbose=0, callbacks=[Look()])
    assert overlapped == [True]


def test_an_error_of_the_data_comes_through_as_it_is():
    def failing():
        yield from slices()
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        line().fit(failing(), verbose=0)


def test_draws_of_a_generator_are_the_same_every_time():
    def drawing():
        for _ in range(5):
            x = keras.ops.convert_to_numpy(keras.random.uniform((4, 3)))
            yield x, x[:, :1]

    found = []
    for _ in range(2):
        keras.set_random_seed(2)
        model = keras.Sequential([layers.Dense(4), layers.Dropout(0.5), layers.Dense(1)])
        model.compile("sgd", "mse")
        found.append(model.fit(drawing(), verbose=0).history["loss"])
    assert found[0] == found[1]


def test_validation_begins_anew_each_time():
    data = loader() if "torch" in available() else Slices()
    model = line(optimizer=optimizers.SGD(0.0))
    history = model.fit(X, Y, epochs=3, validation_data=data, validation_steps=2, verbose=0).history["val_loss"]
    assert len(set(history)) == 1


def test_weights_of_classes_apply_to_batches(backend):
    labels = (Y[:, 0] > 0).astype("int32")

    def classifier():
        keras.set_random_seed(1)
        model = keras.Sequential([layers.Input((3,)), layers.Dense(2, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    weight = {0: 1.0, 1: 5.0}
    wanted = classifier().fit(X, labels, 7, shuffle=False, class_weight=weight, verbose=0).history["loss"]
    batches = ((X[i : i + 7], labels[i : i + 7]) for i in range(0, 21, 7))
    found = classifier().fit(batches, class_weight=weight, verbose=0).history["loss"]
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_lists_of_inputs_without_targets(backend):
    a, b = layers.Input((3,)), layers.Input((3,))
    model = keras.Model([a, b], layers.Subtract()([a, b]))
    for inputs in ([2 * X, X], (2 * X, X)):
        np.testing.assert_array_equal(model.predict(inputs, verbose=0), X)
        np.testing.assert_array_equal(model.predict_on_batch(inputs), X)


@pytest.mark.skipif("tensorflow" not in available(), reason="needs TensorFlow")
def test_texts_of_tensorflow_are_texts_everywhere(backend):
    tensorflow = framework("tensorflow")
    data = tensorflow.data.Dataset.from_tensor_slices(["a", "zürich"]).batch(2)

    (batch,) = batches_of(data)
    assert isinstance(batch, np.ndarray)
    assert batch.tolist() == ["a", "zürich"]


# Frames ----------------------------------------------------------------------------------------------------


def test_columns_of_several_dtypes_are_numbers():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "b": [True, False], "c": [0.5, None], "d": pandas.array([1, None], "Int64")})
    found = as_array(frame)
    assert found.dtype == "float32"
    np.testing.assert_array_equal(found, [[1, 1, 0.5, 1], [2, 0, np.nan, np.nan]])
    assert as_array(pandas.Series(["x", "yy"])).tolist() == ["x", "yy"]


def test_columns_that_are_no_numbers_are_named():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"age": [1, 2], "city": ["Bern", "Rome"]})
    with pytest.raises(ArgumentError, match="'city' of"):
        line().fit(frame, Y[:2], verbose=0)


def test_frames_in_structures_and_validation_splits():
    x, y = frames()
    model = line()
    history = model.fit([x], y, SIZE, validation_split=0.3, verbose=0, shuffle=False).history
    other = line().fit(X, Y, SIZE, validation_split=0.3, verbose=0, shuffle=False).history
    np.testing.assert_allclose(history["val_loss"], other["val_loss"], rtol=1e-6)


# Mistakes --------------------------------------------------------------------------------------------------


def unbatched():
    return (pair for pair in zip(X, Y[:, 0], strict=True))


class Samples:
    """As a data set of PyTorch: samples by number."""

    def __len__(self):
        return len(X)

    def __getitem__(self, index):
        return X[index], Y[index]


class Unpicklable(Slices):
    def __init__(self, **options):
        super().__init__(**options)
        self.lock = threading.Lock()


@pytest.mark.parametrize(
    ("mistake", "error", "message"),
    [
        (lambda: line().fit(unbatched(), verbose=0), ArgumentError, "y to have an axis of samples.*batches"),
        (lambda: line().fit(Samples(), verbose=0), ArgumentError, "Samples, which gives samples by number"),
        (lambda: line().fit(iter(slices()), epochs=2, verbose=0), ArgumentError, "ended after 3 batches, in the first"),
        (lambda: line().fit(iter(slices()), steps_per_epoch=4), ArgumentError, "ended before 4 steps"),
        (lambda: line().fit(iter([]), verbose=0), ArgumentError, "at least one batch"),
        (lambda: line().fit(iter([(X, Y[:-1])]), verbose=0), ArgumentError, "x has 21, y has 20"),
        (lambda: line().fit(X, Y[:, 0].tolist()), ArgumentError, r"np.array\(y\)"),
        (lambda: line().fit(Slices(), Y), ArgumentError, "y to come with the batches"),
        (lambda: line().fit(Slices(workers=-1)), ArgumentError, "workers from 0.*got -1"),
        (lambda: line().fit(PyDataset()), NotImplementedError, "__len__.*num_batches"),
        (lambda: line().fit(Unpicklable(workers=1, use_multiprocessing=True)), ArgumentError, "cannot be sent"),
    ],
)
def test_mistakes_are_explained(mistake, error, message):
    with pytest.raises(error, match=message):
        mistake()


def classifier(**options):
    keras.set_random_seed(1)
    model = keras.Sequential([layers.Input((3,)), layers.Dense(3)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, **options)
    model.compile("sgd", loss, run_eagerly=True)  # to look at labels needs no programs
    return model


@pytest.mark.parametrize("wrong", [3, -1, np.nan])
def test_classes_that_the_output_does_not_have_are_told(backend, wrong):
    y = (np.arange(21) % 3).astype("float32")
    classifier().fit(X, y, SIZE, verbose=0)
    y[[17, 19]] = wrong
    message = rf"0 to 2, as output \w+ has 3; got {wrong}.* at sample"
    for data in ((X, y, SIZE), (convert(X, backend), convert(y[:, None], backend), SIZE), (X, y, 21)):
        with pytest.raises(ArgumentError, match=f"{message} 17"):
            classifier().fit(*data, shuffle=False, verbose=0)
    with pytest.raises(ArgumentError, match=f"{message} 1"):
        classifier().fit(((X[i : i + 8], y[i : i + 8]) for i in (0, 8, 16)), verbose=0)
    if np.isfinite(wrong):
        classifier(ignore_class=wrong).fit(X, y, SIZE, verbose=0)
    model = classifier()
    model.steps_per_execution, model.run_eagerly = 3, False
    with pytest.raises(ArgumentError, match=message):
        model.fit(X, y, 7, shuffle=False, verbose=0)
    classifier().fit(X, y, SIZE, sample_weight=np.where(y == wrong, 0.0, 1.0), verbose=0)


def test_padding_of_sequences_is_no_mistake():
    model = keras.Sequential([layers.Input((4, 3)), layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y = np.zeros((2, 4, 3), "float32"), np.array([[1, 2, -1, -1], [0, 0, 0, -1]])
    model.fit(x, y, verbose=0)
    with pytest.raises(ArgumentError, match="got 5 at sample 1, 2"):
        model.fit(x, np.array([[1, 2, 0, 0], [0, 0, 5, 0]]), verbose=0)


def test_targets_that_a_loss_would_repeat_are_told():
    with pytest.warns(UserWarning, match=r"output \w+ have shape \(21, 5\), it has \(21, 1\).*same shape"):
        line().fit(X, np.zeros((21, 5)), 21, verbose=0)


class Dying(Slices):
    def __getitem__(self, index):
        import os

        os._exit(1)


def test_workers_that_end_are_explained():
    with pytest.raises(StateError, match="workers of Dying have ended"):
        line().fit(Dying(workers=1, use_multiprocessing=True), verbose=0)
