"""Models of every form on every backend: outputs and gradients beside the reference's, compiled beside eager ones, and
trips from one backend to another."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import polykeras as keras
from polykeras import layers, ops
from polykeras.backend import Backend, load, using
from polykeras.errors import PolykerasError
from polykeras.settings import EMBEDDED
from polykeras.state import bind

from . import checks
from .ledger import assert_allclose
from .standard_models import MODELS
from .test_training import in_float64

pytestmark = pytest.mark.level("models")

VALUES = 1e-11
"""How far outputs in float64 may be apart: some ten layers, each of which adds up a hundred terms in another order."""
GRADIENTS = 1e-9
"""The same for gradients, which pass these layers twice and add up over the batch."""
RANDOM = np.random.Generator(np.random.Philox(5))
PICTURES, WORDS = RANDOM.normal(size=(3, 8, 8, 2)), RANDOM.integers(1, 9, (3, 6)).astype("int32")


def branching() -> keras.Model:
    """A graph with branches, joins and ops between layers, two inputs and two outputs."""
    picture, words = layers.Input((8, 8, 2)), layers.Input((6,), dtype="int32")
    x = layers.Conv2D(3, 3, activation="relu")(picture)
    x = layers.Concatenate()([layers.MaxPooling2D()(x), layers.AveragePooling2D(2)(x)])
    x = layers.GlobalAveragePooling2D()(x)
    y = layers.Bidirectional(layers.GRU(3))(layers.Embedding(9, 4, mask_zero=True)(words))
    joined = layers.Add()([x, y]) * ops.sigmoid(x - y)
    return keras.Model([picture, words], [layers.Dense(2)(joined), layers.Dense(3, "softmax")(joined)])


def shared() -> keras.Model:
    """A layer that is called three times, once on the other input."""
    picture, words = layers.Input((8, 8, 2)), layers.Input((6,), dtype="int32")
    dense = layers.Dense(4, "tanh", name="shared")
    x = layers.Dense(4)(layers.Flatten()(picture))
    y = layers.GlobalAveragePooling1D()(layers.Embedding(9, 4)(words))
    return keras.Model([picture, words], layers.Subtract()([dense(dense(x)), dense(y)]))


def nested() -> keras.Model:
    """A stack within a model, called twice, beside a model that ends in another one."""
    inner = keras.Sequential([layers.Input((4,)), layers.Dense(4, "relu"), layers.LayerNormalization()], name="inner")
    picture, words = layers.Input((8, 8, 2)), layers.Input((6,), dtype="int32")
    head = layers.Dense(4)(layers.Flatten()(picture))
    middle = keras.Model(picture, keras.Sequential([layers.Dense(4, "tanh")])(head), name="middle")
    x = layers.Concatenate()(
        [inner(middle(picture)), inner(layers.GlobalMaxPooling1D()(layers.Embedding(9, 4)(words)))]
    )
    return keras.Model([picture, words], layers.Dropout(0.5, seed=3)(layers.Dense(5, "gelu")(x)))


class Subclassed(keras.Model):
    """Layers in lists and dictionaries, called by code."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = [layers.Dense(5, "silu"), layers.BatchNormalization()]
        self.parts = {"words": layers.Embedding(9, 5), "memory": layers.LSTM(5)}

    def call(self, inputs: Any, training: bool = False) -> Any:
        picture, words = inputs
        x = ops.mean(picture, axis=(1, 2))
        for step in self.steps:
            x = step(x)
        return x + self.parts["memory"](self.parts["words"](words))


FORMS: dict[str, Callable[[], keras.Model]] = {
    "branching": branching,
    "shared": shared,
    "nested": nested,
    "subclassed": Subclassed,
}


def made(form: str) -> keras.Model:
    """A model of a form, with weights, on the backend in use."""
    with in_float64():
        keras.set_random_seed(4)
        model = FORMS[form]()
        model([PICTURES, WORDS])
    return model


def numbers(structure: Any) -> list[np.ndarray]:
    return [np.array(ops.convert_to_numpy(x)) for x in keras.tree.flatten(structure)]


def step(model: keras.Model, inputs: list[Any], weights: list[Any]) -> tuple[Any, Any]:
    """Outputs in training mode, and the gradient of their weighted sum by the weights."""

    def loss(weights: list[Any]) -> Any:
        with bind(model.trainable_variables, weights):
            outputs = model(inputs, training=True)
        parts = [ops.sum(ops.multiply(x, np.arange(1.0, x.shape[-1] + 1))) for x in keras.tree.flatten(outputs)]
        return functools.reduce(ops.add, parts), outputs

    (_, outputs), gradients = ops.value_and_grad(loss, has_aux=True)(weights)
    return outputs, gradients


each_form = pytest.mark.parametrize(
    "form", [pytest.param(form, marks=pytest.mark.xdist_group(f"{form} model")) for form in FORMS]
)
"""For tests of each model, which one process runs."""


@functools.cache
def results(form: str, backend: Backend) -> list[list[np.ndarray]]:
    """On a backend: outputs of inference, and outputs and gradients of training, compiled and eagerly.

    With limited effort only one form is trained eagerly, for eager calls of ops have tests of their own.
    """
    with using(backend):
        model = made(form)
        inputs = checks.at_home([PICTURES, WORDS], backend)
        outputs = numbers(model(inputs))
        state = [variable.numpy() for variable in model.variables]
        weights = [variable.value for variable in model.trainable_variables]
        program = keras.compile(lambda *args: step(model, *args), variables=model.variables)
        found = [outputs, numbers(program(inputs, weights))]
        if form == "shared" or not checks.EFFORT.is_limited(backend):
            for variable, value in zip(model.variables, state, strict=True):
                variable.assign(value)
            found.append(numbers(step(model, inputs, weights)))
        return found


@each_form
def test_outputs_and_gradients(form: str, backend: Backend) -> None:
    found, wanted = results(form, backend), results(form, load(EMBEDDED))
    kinds = ("inference", VALUES), ("compiled training", GRADIENTS), ("training", GRADIENTS)
    for (kind, share), ours, theirs in zip(kinds, found, wanted, strict=False):
        for f, w in zip(ours, theirs, strict=True):
            largest = max(float(np.abs(w).max(initial=0.0)), 1.0)
            assert_allclose(f, w, rtol=0, atol=share * largest, err_msg=f"{kind} of the {form} model")


@each_form
def test_a_trip_to_another_backend_and_back_is_exact(form: str, backend: Backend) -> None:
    with using(backend):
        model = made(form)
        before, outputs = numbers(model.variables), numbers(model([PICTURES, WORDS]))
    for name in (EMBEDDED, backend.name):
        model.to_backend(name)
        assert all(variable.home is load(name) for variable in model.variables)
        for one, other in zip(numbers(model.variables), before, strict=True):
            np.testing.assert_array_equal(one, other)
    for one, other in zip(numbers(model([PICTURES, WORDS])), outputs, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("form", [form for form in FORMS if form != "subclassed"])
def test_a_model_made_of_a_configuration_is_the_same(form: str, backend: Backend) -> None:
    with using(backend), in_float64():
        model = made(form)
        again = keras.Model.from_config(model.get_config())
        again.set_weights(model.get_weights())
        for one, other in zip(numbers(again([PICTURES, WORDS])), numbers(model([PICTURES, WORDS])), strict=True):
            np.testing.assert_array_equal(one, other)


QUICK = ("mlp", "transformer")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.thorough]) for name in MODELS]
)
def test_the_gradient_of_every_step(name: str, backend: Backend) -> None:
    """Each step begins with the weights that the reference has then, so that differences do not add up."""
    make, data = MODELS[name]
    x, y = (array[:16] for array in data())
    gradients: dict[Backend, list[list[np.ndarray]]] = {}
    path: list[list[np.ndarray]] = []
    for home in (load(EMBEDDED), backend):
        with using(home), in_float64():
            keras.set_random_seed(8)
            model, found = make(), []
            model.compile(keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy")
            batch = checks.at_home([x, y], home)
            model.train_on_batch(*batch)
            variables = model.variables
            loss_of = _program(model)
            for number in range(STEPS):
                if home is load(EMBEDDED):
                    path.append([variable.numpy() for variable in variables])
                else:
                    for variable, value in zip(variables, path[number], strict=True):
                        variable.assign(value)
                found.append(numbers(loss_of(*batch, [v.value for v in model.trainable_variables])))
                if home is load(EMBEDDED):
                    model.train_on_batch(*batch)
            gradients[home] = found
    for number, (ours, theirs) in enumerate(zip(gradients[backend], gradients[load(EMBEDDED)], strict=True)):
        largest = max(float(np.abs(g).max(initial=0.0)) for g in theirs)
        for f, w in zip(ours, theirs, strict=True):
            assert_allclose(f, w, rtol=0, atol=GRADIENTS * largest, err_msg=f"the gradient of step {number} of {name}")


STEPS = 4


def _program(model: keras.Model) -> Callable[..., Any]:
    """The gradient of the loss by the weights, compiled."""

    def gradient(x: Any, y: Any, weights: list[Any]) -> Any:
        def loss(weights: list[Any]) -> Any:
            with bind(model.trainable_variables, weights):
                return model.compute_loss(x, y, model(x, training=True))

        return ops.grad(loss)(weights)

    return keras.compile(gradient, variables=model.variables)


def test_an_embedding_row_that_a_batch_names_twice_moves_as_once(backend: Backend) -> None:
    """With Adam, by the whole gradient: Keras 3.15.1 on TensorFlow moves it by 0.00948, on others by 0.00670."""
    with using(backend), in_float64():
        moved = {}
        for words in ([[1, 1]], [[1, 2]]):
            table = layers.Embedding(3, 2, embeddings_initializer="ones")
            model = keras.Sequential([layers.Input((2,), dtype="int32"), table, layers.GlobalAveragePooling1D()])
            model.compile(keras.optimizers.Adam(0.01, epsilon=0.5), "mse")
            model.train_on_batch(np.array(words, "int32"), np.zeros((1, 2)))
            moved[words[0][1]] = 1 - table.embeddings.numpy()
    # The mean of two rows of ones has a gradient of 2 / 2, a half of it for each time that a row is named. The first
    # step of Adam takes a tenth of it, and a thousandth of its square.
    for row, gradient in ((moved[1][1], 1.0), (moved[2][1], 0.5), (moved[2][2], 0.5)):
        rate = 0.01 * np.sqrt(0.001) / 0.1
        expected = np.full(2, rate * 0.1 * gradient / (np.sqrt(0.001) * gradient + 0.5))
        assert_allclose(row, expected, rtol=1e-11)  # ten roundings, of a difference from one that is 500 times smaller
    np.testing.assert_array_equal(moved[1][[0, 2]], 0)


MISTAKES: dict[str, Callable[[keras.Model], Any]] = {
    "an input too few": lambda model: model([PICTURES]),
    "another shape": lambda model: model([PICTURES[:, :4], WORDS]),
    "weights of another model": lambda model: model.set_weights(model.get_weights()[:-1]),
    "a weight of another shape": lambda model: model.set_weights([w[..., None] for w in model.get_weights()]),
    "training before compile": lambda model: model.fit([PICTURES, WORDS], PICTURES),
    "an unknown layer": lambda model: model.get_layer("nothing of this name"),
    "an unknown loss": lambda model: model.compile("sgd", "mean_sqared_error"),
    "an unknown optimizer": lambda model: model.compile("sgdd", "mse"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_same_error_for_the_same_mistake(mistake: str, backend: Backend) -> None:
    told = []
    for home in (load(EMBEDDED), backend):
        with using(home):
            keras.backend.clear_session(free_memory=False)
            with pytest.raises(PolykerasError) as raised:
                MISTAKES[mistake](made("shared"))
            told.append((type(raised.value), str(raised.value)))
    assert told[0] == told[1]
