"""compile, fit, evaluate, predict: on arrays of all kinds, with the same numbers on every backend."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polykeras as keras
from polykeras import layers, losses, metrics, ops, optimizers
from polykeras.callbacks import Callback, History
from polykeras.errors import ArgumentError, StateError

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(40, 3)).astype("float32")
Y = (X @ [[1.0], [-2.0], [0.5]] + 0.3).astype("float32")
LABELS = (Y[:, 0] > 0).astype("int32")


def line(**options) -> keras.Model:
    """A model of one layer, compiled."""
    keras.set_random_seed(1)
    model = keras.Sequential([layers.Input((3,)), layers.Dense(1)])
    model.compile(**{"optimizer": optimizers.SGD(0.1), "loss": "mse", **options})
    return model


def two_heads() -> keras.Model:
    keras.set_random_seed(1)
    x = layers.Input((3,))
    model = keras.Model(x, {"value": layers.Dense(1, name="value")(x), "label": layers.Dense(2, "softmax")(x)})
    return model


TARGETS = {"value": Y, "label": LABELS}


def weights_of(model) -> list[np.ndarray]:
    return [w.numpy() for w in model.weights]


# The numbers -----------------------------------------------------------------------------------------------


def test_a_step_is_that_of_the_formula(backend):
    model = line(optimizer=optimizers.SGD(0.5, momentum=0.9))
    kernel, bias = (w.astype("float64") for w in weights_of(model))
    velocity = [np.zeros_like(kernel), np.zeros_like(bias)]
    for _ in range(3):
        found = model.train_on_batch(X, Y)
        error = X.astype("float64") @ kernel + bias - Y
        gradients = 2 * X.T.astype("float64") @ error / len(X), 2 * error.mean(0)
        velocity = [0.9 * v - 0.5 * g for v, g in zip(velocity, gradients, strict=True)]
        kernel, bias = kernel + velocity[0], bias + velocity[1]
        model.reset_metrics()
        assert found == pytest.approx((error**2).mean(), rel=1e-5)  # some 40 float32 roundings
    np.testing.assert_allclose(model.weights[0].numpy(), kernel, rtol=1e-5)


def test_fit_learns_and_records(backend):
    model = line(metrics=["mae"])
    history = model.fit(X, Y, batch_size=8, epochs=15, validation_split=0.25, verbose=0)
    assert isinstance(history, History)
    assert list(history.history) == ["loss", "mae", "val_loss", "val_mae"]
    assert history.epoch == list(range(15))
    assert history.history["val_loss"][-1] < 1e-3 < history.history["loss"][0]
    loss, mae = model.evaluate(X, Y, verbose=0)
    assert model.evaluate(X, Y, verbose=0, return_dict=True) == {"loss": loss, "mae": mae}
    predicted = model.predict(X, verbose=0)
    assert isinstance(predicted, np.ndarray)
    np.testing.assert_allclose(predicted, X @ model.weights[0].numpy() + model.weights[1].numpy(), rtol=1e-5)
    assert np.abs(predicted - Y).mean() == pytest.approx(mae, rel=1e-5)


def test_a_prediction_of_one_batch_is_that_of_several_in_an_array_of_its_own(backend):
    model = line()
    first = model.predict(X[:5], verbose=0)
    kept = first.copy()
    np.testing.assert_allclose(
        first, model.predict(X[:5], batch_size=2, verbose=0), rtol=1e-5, atol=1e-6
    )  # products in other orders
    np.testing.assert_array_equal(first, model.predict(X[:5], verbose=0, callbacks=[Callback()]))
    model.predict(X[5:10], verbose=0)
    np.testing.assert_array_equal(first, kept)
    first += 1
    np.testing.assert_array_equal(model.predict(X[:5], verbose=0), kept)


def test_losses_and_batches_are_the_same_on_every_backend():
    found = {}
    for name in keras.available():
        with keras.using(name):
            model = line(optimizer="adam", metrics=["mse"])
            found[name] = model.fit(X, Y, batch_size=7, epochs=3, verbose=0).history["loss"]
    for losses_found in found.values():
        # Some 20 steps of a model with 4 weights, each with a handful of float32 roundings.
        np.testing.assert_allclose(losses_found, found["numpy"], rtol=1e-5)


def test_evaluation_is_a_mean_over_samples_not_batches():
    model = line()
    whole = model.evaluate(X, Y, batch_size=40, verbose=0)
    assert model.evaluate(X, Y, batch_size=27, verbose=0) == pytest.approx(whole, rel=1e-6)


def test_weights_of_samples_and_classes():
    model = line(weighted_metrics=["mse"], metrics=["mse"])
    weight = np.linspace(0, 1, len(X)).astype("float32")
    found = model.evaluate(X, Y, sample_weight=weight, verbose=0, return_dict=True)
    squares = ((model.predict(X, verbose=0) - Y) ** 2)[:, 0]
    assert found["loss"] == pytest.approx((squares * weight).mean(), rel=1e-5)
    assert found["mse"] == pytest.approx(squares.mean(), rel=1e-5)
    keras.set_random_seed(1)
    one, other = (keras.Sequential([layers.Input((3,)), layers.Dense(2, "softmax", "zeros")]) for _ in range(2))
    for classifier in (one, other):
        classifier.compile("sgd", "sparse_categorical_crossentropy")
    other.set_weights(one.get_weights())
    by_class = one.train_on_batch(X, LABELS, class_weight={0: 1.0, 1: 3.0})
    by_sample = other.train_on_batch(X, LABELS, sample_weight=np.where(LABELS == 1, 3.0, 1.0))
    assert by_class == by_sample
    np.testing.assert_array_equal(one.weights[0].numpy(), other.weights[0].numpy())


def test_several_losses_and_their_weights(backend):
    model = two_heads()
    model.compile(
        "sgd",
        {"value": "mse", "label": "sparse_categorical_crossentropy"},
        {"value": 2.0},
        {"value": ["mae"], "label": ["accuracy"]},
    )
    logs = model.evaluate(X, TARGETS, verbose=0, return_dict=True)
    assert list(logs) == ["loss", "value_loss", "label_loss", "label_accuracy", "value_mae"]
    assert logs["loss"] == pytest.approx(2 * logs["value_loss"] + logs["label_loss"], rel=1e-5)
    history = model.fit(X, TARGETS, epochs=2, verbose=0).history
    assert history["loss"][1] < history["loss"][0]


def test_a_batch_by_itself_is_measured_by_itself(backend):
    model = line(optimizer=optimizers.SGD(0.0), metrics=["mae"])
    loss, mae = model.evaluate(X, Y, verbose=0)
    model.fit(X, Y + 1, verbose=0, validation_data=(X, Y + 2))
    for _ in range(2):
        assert model.train_on_batch(X, Y) == pytest.approx([loss, mae], rel=1e-5)  # 40 float32 roundings
        assert model.test_on_batch(X, Y) == pytest.approx([loss, mae], rel=1e-5)


def test_names_of_what_evaluation_gives():
    model = two_heads()
    model.compile("sgd", {"value": "mse", "label": "sparse_categorical_crossentropy"}, metrics={"value": ["mae"]})
    model.evaluate(X, TARGETS, verbose=0)
    assert model.metrics_names == ["loss", "value_loss", "label_loss", "value_mae"]  # in the model's own order
    model.compile("sgd", {"value": "mse"}, metrics={"value": ["mae"]}, weighted_metrics={"value": ["mae"]})
    found = model.evaluate(X, TARGETS, verbose=0, return_dict=True)
    assert list(found) == model.metrics_names == ["loss", "value_mae", "value_weighted_mae"]
    single = line(loss="mse", metrics=["mae", lambda t, p: ops.mean(t - p)], weighted_metrics=["mae"])
    assert list(single.evaluate(X, Y, verbose=0, return_dict=True)) == ["loss", "mae", "lambda", "weighted_mae"]


def test_structures_of_losses_that_do_not_fit_are_explained():
    x = layers.Input((3,))
    a, b = layers.Dense(1, name="a")(x), layers.Dense(1, name="b")(x)
    model = keras.Model(x, [a, [[a], [b]]])
    model.compile("sgd", ["mse", ["mse", "mse"]])
    with pytest.raises(ArgumentError, match="expected a loss for 3 outputs, a, a_1, b; got 2"):
        model.fit(X, [Y, [[Y], [Y]]], verbose=0)


def test_a_list_of_metrics_of_ones_own_leaves_the_others_alone(backend):
    class Listed(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense, self.tracker = layers.Dense(1), metrics.Mean(name="own")
            self.unlisted = metrics.MeanAbsoluteError()

        def call(self, x):
            return self.dense(x)

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            loss = ops.mean(ops.square(y - y_pred))
            self.tracker.update_state(loss)
            self.unlisted.update_state(y, y_pred)
            return loss

        @property
        def metrics(self):
            return [self.tracker]

    model = Listed()
    model.compile("sgd")
    history = model.fit(X, Y, batch_size=20, epochs=2, verbose=0).history
    assert list(history) == ["own"]
    assert history["own"][1] < history["own"][0]
    assert float(model.unlisted.count) == 80


def test_a_model_of_which_only_the_step_is_defined_has_optimizers_of_its_own():
    """Two networks in turns, as generators and discriminators are trained."""

    class Pair(keras.Model):
        def __init__(self):
            super().__init__()
            self.networks = {"a": keras.Sequential([layers.Dense(2)]), "b": keras.Sequential([layers.Dense(1)])}
            self.trackers = [metrics.Mean(name="a_loss"), metrics.Mean(name="b_loss")]

        def compile(self, a_optimizer, b_optimizer):
            super().compile(loss="mse")
            self.a_optimizer, self.others = a_optimizer, [b_optimizer]

        @property
        def metrics(self):
            return self.trackers

        def train_step(self, data):
            x, y = data
            a, b = self.networks["a"], self.networks["b"]
            for network in (a, b):
                network(x)
            for network, optimizer, tracker in (
                (a, self.a_optimizer, self.trackers[0]),
                (b, self.others[0], self.trackers[1]),
            ):
                loss, gradients = ops.value_and_grad(
                    lambda _, network=network: ops.mean(ops.square(ops.sum(network(x), axis=-1) - y[:, 0]))
                )(network.trainable_variables)
                optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
                tracker.update_state(loss)
            return {tracker.name: tracker.result() for tracker in self.trackers}

    found = {}
    for name in keras.available():
        with keras.using(name):
            keras.set_random_seed(2)
            model = Pair()
            model.compile(optimizers.Adam(0.1), optimizers.SGD(0.1, momentum=0.9))
            found[name] = model.fit(X, Y, batch_size=10, epochs=3, verbose=0).history
            assert list(found[name]) == ["a_loss", "b_loss"]
            assert int(model.a_optimizer.iterations) == int(model.others[0].iterations) == 12
    for history in found.values():
        for name, values in history.items():
            assert values[2] < values[0]
            np.testing.assert_allclose(values, found["numpy"][name], rtol=1e-4)  # 12 steps of Adam in float32
    model.to_backend("numpy").fit(X, Y, verbose=0)
    with pytest.raises(NotImplementedError, match="Pair has no method `call`"):
        model.predict(X, verbose=0)


def test_nothing_of_a_compiled_step_is_left_in_layers(backend):
    keras.set_random_seed(1)
    model = keras.Sequential([layers.Input((3,)), layers.Dense(1, activity_regularizer="l2", bias_regularizer="l2")])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert [float(loss) for loss in model.losses] == [pytest.approx(0.01 * float(model.weights[1].numpy()[0]) ** 2)]
    model(X)
    assert len(model.losses) == 2


def test_layers_add_losses_to_training(backend):
    keras.set_random_seed(1)
    model = keras.Sequential([layers.Input((3,)), layers.Dense(1, kernel_regularizer=keras.regularizers.L2(0.5))])
    model.compile("sgd", "mse")
    kernel = weights_of(model)[0]
    plain = float(np.mean((model.predict(X, verbose=0) - Y) ** 2))
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(plain + 0.5 * (kernel**2).sum(), rel=1e-5)


# What comes in ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["native", "list", "batches", "float64"])
def test_data_of_every_kind(backend, kind):
    expected = line().fit(X, Y, batch_size=8, shuffle=False, epochs=2, verbose=0).history["loss"]
    model = line()
    if kind == "native":
        found = model.fit(ops.array(X), ops.array(Y), batch_size=8, shuffle=False, epochs=2, verbose=0)
    elif kind == "list":
        found = model.fit([X], [Y], batch_size=8, shuffle=False, epochs=2, verbose=0)
    elif kind == "float64":
        found = model.fit(X.astype("float64"), Y.astype("float64"), 8, shuffle=False, epochs=2, verbose=0)
    else:
        batches = [(X[i : i + 8], Y[i : i + 8]) for i in range(0, len(X), 8)]
        found = model.fit(batches_from(batches), epochs=2, steps_per_epoch=5, verbose=0)
    np.testing.assert_allclose(found.history["loss"], expected, rtol=1e-6)  # a rounding per step


def batches_from(batches):
    while True:
        yield from batches


def test_native_arrays_say_where_a_model_is_built():
    for name in keras.available():
        with keras.using(name):
            x, y = ops.array(X), ops.array(Y)
        model = keras.Sequential([layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(x, y, verbose=0)
        assert {v.home.name for v in model.variables} == {name}


# Steps of one's own ----------------------------------------------------------------------------------------


def test_steps_can_be_overridden(backend):
    class Doubled(keras.Sequential):
        def train_step(self, data):
            x, y = data
            weights = self.trainable_variables

            def loss_of(_):
                return 2 * ops.mean(ops.square(self(x, training=True) - y))

            loss, gradients = ops.value_and_grad(loss_of)(weights)
            self.optimizer.apply(gradients, weights)
            return {"doubled": loss}

        def test_step(self, data):
            return {"seen": ops.sum(data[0])}

    keras.set_random_seed(1)
    model = Doubled([layers.Input((3,)), layers.Dense(1)])
    model.compile(optimizers.SGD(0.05))
    history = model.fit(X, Y, batch_size=40, shuffle=False, epochs=1, verbose=0)
    expected = line()
    loss = expected.fit(X, Y, batch_size=40, shuffle=False, epochs=1, verbose=0).history["loss"][0]
    assert history.history["doubled"][0] == pytest.approx(2 * loss, rel=1e-6)
    np.testing.assert_allclose(model.weights[0].numpy(), expected.weights[0].numpy(), rtol=1e-6)
    assert model.evaluate(X, Y, batch_size=40, verbose=0) == pytest.approx(X.sum(), rel=1e-4)


def test_a_loop_of_ones_own(backend):
    model, optimizer, loss = line(), optimizers.Adam(0.1), losses.MeanSquaredError()

    def step_loss(_):
        return loss(Y, model(X, training=True))

    before = float(step_loss(None))
    for _ in range(20):
        value, gradients = ops.value_and_grad(step_loss)(model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
    assert float(value) < before / 2


def test_steps_are_given_arrays_of_the_framework(backend):
    class Looking(keras.Sequential):
        def train_step(self, data):
            kinds.update(type(x) for x in data)
            return super().train_step(data)

    kinds: set[type] = set()
    model = Looking([layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    model.fit(X, Y, verbose=0)
    assert all(issubclass(kind, backend.array_types) for kind in kinds)


def test_eager_and_compiled_steps_agree(backend):
    found = [line(run_eagerly=eager).fit(X, Y, batch_size=8, verbose=0).history["loss"] for eager in (True, False)]
    np.testing.assert_allclose(*found, rtol=1e-6)  # fused operations round less often


def test_several_steps_in_one_call_are_the_same_steps(backend):
    expected = line().fit(X, Y, batch_size=8, verbose=0, epochs=2).history["loss"]
    found = line(steps_per_execution=3).fit(X, Y, batch_size=8, verbose=0, epochs=2).history["loss"]
    np.testing.assert_allclose(found, expected, rtol=1e-6)  # fused operations round less often


def test_frozen_weights_stay(backend):
    keras.set_random_seed(1)
    model = keras.Sequential([layers.Input((3,)), layers.Dense(4), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    model.layers[0].trainable = False
    before = weights_of(model)
    model.fit(X, Y, verbose=0)
    same = [np.array_equal(a, b) for a, b in zip(before, weights_of(model), strict=True)]
    assert same == [True, True, False, False]


@pytest.mark.parametrize("settings", [{}, {"gradient_accumulation_steps": 2}], ids=["each step", "rounds"])
def test_a_model_goes_on_training_on_another_backend(backend, settings):
    expected, model = (line(optimizer=keras.optimizers.Adam(**settings)) for _ in range(2))
    for name in [backend.name, *keras.available(), "numpy"]:
        wanted = expected.fit(X, Y, batch_size=40, shuffle=False, verbose=0).history["loss"]
        found = model.to_backend(name).fit(X, Y, batch_size=40, shuffle=False, verbose=0).history["loss"]
        np.testing.assert_allclose(found, wanted, rtol=1e-5)


# Callbacks -------------------------------------------------------------------------------------------------


def test_callbacks_are_called_in_order_with_numbers():
    seen = []

    class Watching(Callback):
        def on_train_begin(self, logs=None):
            seen.append("train")

        def on_epoch_begin(self, epoch, logs=None):
            seen.append(f"epoch {epoch}")

        def on_train_batch_end(self, batch, logs=None):
            assert isinstance(logs["loss"], float)
            seen.append(batch)

        def on_test_begin(self, logs=None):
            seen.append("test")

        def on_epoch_end(self, epoch, logs=None):
            assert set(logs) == {"loss", "val_loss"}
            self.model.stop_training = epoch == 1

        def on_train_end(self, logs=None):
            seen.append("end")

    line().fit(X, Y, 20, epochs=9, validation_data=(X, Y), validation_freq=1, verbose=0, callbacks=[Watching()])
    assert seen == ["train", "epoch 0", 0, 1, "test", "epoch 1", 0, 1, "test", "end"]


def test_progress_is_shown_as_asked(capsys):
    for verbose, expected in ((0, ""), (2, "Epoch 1/1"), (1, "Epoch 1/1"), ("auto", "loss")):
        line().fit(X, Y, verbose=verbose)
        shown = capsys.readouterr().out
        assert expected in shown
        assert bool(expected) == bool(shown)


# Metrics by name -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("targets", "last", "expected"),
    [
        ((Y > 0).astype("float32"), layers.Dense(1, "sigmoid"), metrics.BinaryAccuracy),
        (LABELS, layers.Dense(2, "softmax"), metrics.SparseCategoricalAccuracy),
        (np.eye(2, dtype="float32")[LABELS], layers.Dense(2, "softmax"), metrics.CategoricalAccuracy),
    ],
)
def test_accuracy_means_what_fits_the_targets(targets, last, expected):
    loss = "mse" if expected is not metrics.SparseCategoricalAccuracy else "sparse_categorical_crossentropy"
    model = keras.Sequential([layers.Input((3,)), last])
    model.compile("sgd", loss, metrics=["accuracy"])
    logs = model.evaluate(
        X, targets.astype("float32") if targets.dtype == bool else targets, verbose=0, return_dict=True
    )
    assert isinstance(model.metrics[-1], expected)
    assert 0 <= logs["accuracy"] <= 1


# Mistakes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mistake", "error", "message"),
    [
        (lambda: keras.Sequential([layers.Dense(1)]).fit(X, Y), StateError, "compile the model first"),
        (lambda: line().fit(X, Y[:-1]), ArgumentError, "x has 40, y has 39"),
        (lambda: line().fit(X, Y, batch_size=0), ArgumentError, "batch_size.*from 1; got 0"),
        (lambda: line().fit(X, Y, verbose=5), ArgumentError, "verbose.*got 5"),
        (lambda: line().fit(X, Y, validation_split=1.5), ArgumentError, "between 0 and 1; got 1.5"),
        (lambda: line().fit(X, Y, epochs=1.5), ArgumentError, "epochs to be a whole number from 0; got 1.5"),
        (
            lambda: line().fit(X, Y, initial_epoch=-1),
            ArgumentError,
            "initial_epoch.*from 0; got -1",
        ),
        (lambda: line().fit(X, Y, shuffle="x"), ArgumentError, "True, False or 'batch'; got 'x'"),
        (lambda: line().fit(X, Y, class_weight=[1, 2]), ArgumentError, "class_weight to be a dictionary"),
        (lambda: line().fit(X, Y, validation_freq=0), ArgumentError, "validation_freq.*from 1; got 0"),
        (lambda: line().fit(X, Y, callbacks=[3]), ArgumentError, "expected callbacks such as .*; got 3. Make"),
        (lambda: line().fit(X), ArgumentError, "targets for output"),
        (lambda: line(loss=None).fit(X, Y), ArgumentError, "without a loss"),
        (lambda: line(loss="mes"), ValueError, "mse"),
        (lambda: line(optimizer="adma"), ValueError, "adam"),
        (lambda: line(steps_per_execution=0), ArgumentError, "steps_per_execution"),
        (lambda: line().fit(iter([(X, Y)]), steps_per_epoch=3, verbose=0), ArgumentError, "ended before 3 steps"),
        (
            lambda: line().fit(X, Y, sample_weight=np.ones(40), class_weight={0: 1.0}),
            ArgumentError,
            "either class_weight or sample_weight",
        ),
    ],
)
def test_mistakes_are_explained(mistake, error, message):
    with pytest.raises(error, match=message):
        mistake()


def given(mistake: Any) -> Any:
    """What a type checker would not let through."""
    return mistake


class Forgetful(keras.Model):
    """A model whose call forgets to return anything."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, x):
        self.dense(x)


def forgetful() -> keras.Model:
    model = Forgetful()
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: forgetful().fit(X, Y, verbose=0), "expected an array as output_0; got None from the model. Have call"),
        (lambda: line().fit(X, Y, callbacks=["stop"], verbose=0), "expected callbacks such as .*; got 'stop'. Make"),
        (lambda: line().fit(X, Y, callbacks=[History], verbose=0), "expected callbacks such as .*; got <class"),
        (
            lambda: line().fit(X, Y, class_weight=given([1, 2]), verbose=0),
            "class_weight to be a dictionary .*; got",
        ),
        (
            lambda: line().fit(X, Y, epochs=given("3"), verbose=0),
            "expected epochs to be a whole number from 0",
        ),
        (lambda: keras.Sequential(layers.Dense(1), layers.Dense(1)), "expected a list of layers; got .*brackets"),  # type: ignore[arg-type]
        (
            lambda: keras.Sequential([layers.Dense(1)]).set_weights([X]),
            "expected none, as it has no weights yet; got 1",
        ),
        (lambda: layers.Lambda(3), "Lambda: expected a function; got 3"),  # type: ignore[arg-type]
        (
            lambda: layers.MultiHeadAttention(2, 3)(np.ones((2, 3, 4))),
            "expected query_shape, value_shape.* to build it",
        ),
    ],
)
def test_common_mistakes_are_explained(mistake, message):
    with pytest.raises(ArgumentError, match=message):
        mistake()


def test_a_symbol_is_no_number():
    with pytest.raises(TypeError, match="no values to make a number of"):
        float(keras.Input(()))


def test_one_array_of_targets_for_two_outputs_is_explained():
    model = two_heads()
    model.compile("sgd", "mse")
    with pytest.raises(ArgumentError, match=r"label, value; got one array of shape \(.*, 1\). Give a list"):
        model.fit(X, Y, verbose=0)


def test_losses_for_outputs_that_are_not_there():
    model = two_heads()
    model.compile("sgd", {"value": "mse", "lable": "mse"})
    with pytest.raises(ArgumentError, match="no output 'lable'; outputs are label, value"):
        model.fit(X, TARGETS, verbose=0)


@pytest.mark.parametrize("structure", [list, tuple])
def test_predictions_of_several_inputs_take_them_all(structure):
    one, other = keras.layers.Input((1,)), keras.layers.Input((1,))
    model = keras.Model([one, other], ops.subtract(one, other))
    x, y = np.full((3, 1), 5.0, "float32"), np.full((3, 1), 2.0, "float32")
    np.testing.assert_array_equal(model.predict(structure([x, y]), verbose=0), x - y)
    np.testing.assert_array_equal(model.predict_on_batch(structure([x, y])), x - y)


def test_the_loss_of_an_activity_counts_and_nothing_stays_of_calls_on_specs(backend):
    x = layers.Input((3,))
    regularized = layers.ActivityRegularization(l2=0.5)
    model = keras.Model(x, layers.Dense(1, kernel_initializer="zeros")(regularized(x)))
    model.compile("sgd", "mse")
    found = model.fit(X, Y, batch_size=len(X), verbose=0).history["loss"][0]
    np.testing.assert_allclose(found, np.mean(Y**2) + 0.5 * np.sum(X**2) / len(X), rtol=1e-5)  # float32, 120 terms
    assert all(ops.is_tensor(loss) for loss in regularized.losses)
