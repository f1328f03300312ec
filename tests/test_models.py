"""Models as graphs, stacks and subclasses: how they are wired, looked at, taken apart and put together again."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

import polykeras as keras
from polykeras import layers, ops
from polykeras.errors import ArgumentError, SerializationError
from polykeras.models import Functional, Model, Sequential
from polykeras.registry import deserialize_keras_object, serialize_keras_object
from polykeras.spec import smaller

X = np.arange(12, dtype="float32").reshape(4, 3) / 12


def branching() -> Model:
    """Two inputs, a shared layer, a residual, ops between the layers, two outputs in a dictionary."""
    one, other = layers.Input((3,), name="one"), layers.Input((4,), name="other")
    shared = layers.Dense(4, name="shared")
    hidden = ops.relu(shared(one) + layers.Dense(4, name="widen")(other))
    summed = layers.Add(name="sum")([hidden, shared(one)])
    outputs = {"score": layers.Dense(1, name="score")(summed), "classes": layers.Dense(2, name="classes")(hidden)}
    return Model({"one": one, "other": other}, outputs, name="branching")


INPUTS = {"one": X, "other": np.ones((4, 4), "float32")}


def values(outputs) -> list[np.ndarray]:
    return [ops.convert_to_numpy(x) for x in keras.tree.flatten(outputs)]


def assert_same(one, other) -> None:
    for a, b in zip(values(one), values(other), strict=True):
        np.testing.assert_array_equal(a, b)


# Graphs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [list, tuple])
def test_the_only_output_of_a_list_is_given_by_itself(row, backend):
    inputs = layers.Input((3,))
    inner = Model(row([inputs]), row([layers.Dense(2)(inputs)]))
    model = Model(inputs, layers.Dense(1)(inner(inputs)))
    for one in (inner, Model(model.inputs, model.outputs)):
        one.compile("sgd", "mse")
        one.fit(X, np.ones((4, one.output_shape[-1])), verbose=0)
        found = one.predict(X, verbose=0)
        assert found.shape == one(X).shape == (4, *one.output_shape[1:])
        again = Model.from_config(one.get_config())
        again.set_weights(one.get_weights())
        np.testing.assert_array_equal(again.predict(X, verbose=0), found)
    assert type(inner.output) is row


def test_a_graph_computes_what_its_layers_do(backend):
    model = branching()
    shared, widen = model.get_layer("shared"), model.get_layer("widen")
    hidden = ops.relu(shared(X) + widen(INPUTS["other"]))
    outputs = model(INPUTS)
    assert isinstance(model, Functional)
    assert_same(outputs["score"], model.get_layer("score")(hidden + shared(X)))
    assert_same(outputs["classes"], model.get_layer("classes")(hidden))
    assert isinstance(outputs["score"], backend.array_types)


def test_layers_are_listed_from_the_inputs_on():
    model = branching()
    assert [layer.name for layer in model.layers] == ["one", "other", "shared", "widen", "sum", "classes", "score"]
    assert (model.input_names, model.output_names) == (["one", "other"], ["classes", "score"])
    assert (model.input_shape, model.output_shape) == (
        {"one": (None, 3), "other": (None, 4)},
        {"score": (None, 1), "classes": (None, 2)},
    )
    assert model.count_params() == 3 * 4 + 4 + 4 * 4 + 4 + 4 + 1 + 8 + 2


def test_inputs_come_in_any_layout_that_fits():
    model = branching()
    expected = model(INPUTS)
    assert_same(model([INPUTS["one"], INPUTS["other"]]), expected)
    assert_same(model({**INPUTS, "unused": X}), expected)
    assert_same(model({"one": X.astype("float64"), "other": INPUTS["other"]}), expected)
    single = Model(a := layers.Input((1,)), layers.Dense(2)(a))
    assert_same(single(np.ones(4, "float32")), single(np.ones((4, 1), "float32")))


def test_models_are_layers_of_other_models():
    inner = branching()
    x, y = layers.Input((3,)), layers.Input((4,))
    outer = Model([x, y], inner({"one": x, "other": y})["score"] * 2)
    assert_same(outer([X, INPUTS["other"]]), inner(INPUTS)["score"] * 2)
    assert [v.path for v in outer.weights] == [v.path for v in inner.weights]


def test_a_graph_can_begin_and_end_between_layers():
    model = branching()
    shared = model.get_layer("shared")
    part = Model(model.inputs, shared.output)
    assert_same(part([X, INPUTS["other"]]), shared(X))
    rest = Model(model.get_layer("sum").output, model.get_layer("score").output)
    assert [layer.name for layer in rest.layers] == ["score"]
    assert_same(rest(np.ones((2, 4), "float32")), model.get_layer("score")(np.ones((2, 4), "float32")))


def test_ops_on_variables_in_a_graph_see_their_values_and_train_them():
    factor = keras.Variable(2.0, name="factor")
    x = layers.Input((3,))
    model = Model(x, x * factor)
    assert_same(model(X), X * 2)
    factor.assign(3.0)
    assert_same(model(X), X * 3)
    assert [v.path for v in model.trainable_variables] == ["factor"]


def test_calls_in_a_graph_keep_their_arguments():
    class Scale(layers.Layer):
        def call(self, x, factor, training=False):
            return x * factor * (2 if training else 1)

    x = layers.Input((3,))
    scale = Scale()
    model = Model(x, [scale(x, 2.0), scale(x, factor=3.0, training=True)])
    assert_same(model(X), [X * 2, X * 6])


def test_masks_go_through_graphs_and_stacks():
    tokens = np.array([[1, 2, 0, 0]])
    stack = Sequential([layers.Embedding(5, 2, mask_zero=True), layers.Identity()])
    mask = keras.masks.mask_of(stack(tokens))
    np.testing.assert_array_equal(mask, tokens != 0)


# Stacks ----------------------------------------------------------------------------------------------------


def test_a_stack_with_an_input_is_a_graph_at_once():
    model = Sequential([layers.Input((3,)), layers.Dense(4), layers.Dense(1)])
    assert (model.built, model.input_shape, model.output_shape, len(model.layers)) == (True, (None, 3), (None, 1), 2)
    removed = model.pop()
    assert (model.output_shape, removed.units) == ((None, 4), 1)
    model.add(layers.Dense(2))
    assert_same(model(X), model.layers[1](model.layers[0](X)))
    assert_same(Model(model.inputs, model.layers[0].output)(X), model.layers[0](X))


def test_a_stack_takes_inputs_in_the_dtype_of_its_input():
    """Whatever dtype was set for everything else when the stack was made."""
    stack = Sequential([layers.Input((2,), dtype="float64"), layers.Dense(2, dtype="float64")])
    x = np.full((1, 2), 1 / 3)
    np.testing.assert_array_equal(stack(x), stack.layers[0](x))


def test_a_stack_without_an_input_is_built_by_its_data(backend):
    model = Sequential([layers.Dense(4), layers.Dense(1)], name="late")
    assert not model.built
    assert model(X).shape[0] == 4
    assert model.weights[0].path == f"late/{model.layers[0].name}/kernel"
    assert model.input_shape == (None, 3)


# Subclasses ------------------------------------------------------------------------------------------------


class TwoLayers(Model):
    def __init__(self, units=4, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.hidden = layers.Dense(units, "relu")
        self.last = layers.Dense(1)

    def call(self, x):
        return self.last(self.hidden(x))


def test_a_subclass_is_built_by_shape_or_by_data():
    for build in (lambda model: model.build((None, 3)), lambda model: model(X)):
        model = TwoLayers()
        build(model)
        assert [tuple(w.shape) for w in model.weights] == [(3, 4), (4,), (4, 1), (1,)]
        assert model.weights[0].path == f"{model.name}/{model.hidden.name}/kernel"
    assert model(layers.Input((3,))).shape[1] == 1


def test_a_subclass_can_be_a_graph():
    class Graph(Model):
        def __init__(self, units):
            inputs = layers.Input((3,))
            super().__init__(inputs, layers.Dense(units)(inputs))

    model = Graph(2)
    assert model.output_shape == (None, 2)
    assert model(X).shape == (4, 2)


# Configurations --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        branching,
        lambda: Sequential([layers.Input((3,)), layers.Dense(2), layers.Dropout(0.5)]),
        lambda: Sequential([branching_stack(), layers.Dense(1)]),
    ],
    ids=["graph", "stack", "nested"],
)
def test_a_model_is_made_again_from_its_configuration(make):
    model = make()
    data = json.loads(json.dumps(serialize_keras_object(model)))
    again = deserialize_keras_object(data)
    again.set_weights(model.get_weights())
    inputs = INPUTS if isinstance(model.input_shape, dict) else X
    assert_same(again(inputs), model(inputs))
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    assert json.loads(json.dumps(serialize_keras_object(again))) == data


def branching_stack() -> Model:
    x = layers.Input((3,))
    return Model(x, layers.Dense(3)(x) + x)


# Freezing, moving ------------------------------------------------------------------------------------------


def test_freezing_a_layer_takes_its_weights_out_of_training():
    model = Sequential([layers.Input((3,)), layers.Dense(4), layers.Dense(1)])
    model.layers[0].trainable = False
    assert [len(model.trainable_variables), len(model.non_trainable_variables), len(model.weights)] == [2, 2, 4]


def test_models_of_several_backends_stand_side_by_side():
    models = {}
    for name in keras.available():
        with keras.using(name):
            keras.set_random_seed(5)
            models[name] = branching()
    first = next(iter(models.values()))
    for name, model in models.items():
        for one, other in zip(model.weights, first.weights, strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())
        outputs = model(INPUTS)
        assert keras.convert(outputs["score"], "numpy").shape == (4, 1)
        assert {v.home.name for v in model.variables} == {name}
        for name_of_other in keras.available():
            assert {v.home.name for v in model.to_backend(name_of_other).variables} == {name_of_other}


# Looking ---------------------------------------------------------------------------------------------------


def test_the_summary_names_layers_shapes_and_parameters():
    lines: list[str] = []
    branching().summary(line_length=100, print_fn=lines.append, show_trainable=True)
    text = "\n".join(lines)
    for part in ("branching", "shared (Dense)", "(None, 4)", "16", "shared, widen", "yes", "51 (204 B)"):
        assert part in text, part
    with pytest.raises(ArgumentError, match="layer_range"):
        branching().summary(layer_range=("no", "such"), print_fn=lines.append)


# Mistakes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: branching()([X]), "expected 2 inputs .*one.*other.*got 1"),
        (lambda: branching()({"one": X}), "expected inputs one, other; got one"),
        (lambda: branching()({"one": X, "other": X}), r"input other to have shape \(None, 4\); got \(4, 3\)"),
        (lambda: Model(layers.Input((3,)), layers.Dense(1)(layers.Input((3,)))), "not among the inputs"),
        (lambda: Model(X, X), "expected inputs made by Input"),
        (lambda: Model(layers.Input((3,)), X), "expected outputs that were computed"),
        (lambda: Model(), "inputs and outputs, or a subclass"),
        (lambda: branching().get_layer("none"), "no layer 'none'; the model has one, other, shared"),
        (lambda: branching().get_layer(index=99), "no layer 99; the model has 7"),
        (lambda: Sequential([3]), "expected a layer; got 3"),
        (lambda: Sequential([layers.Dense(1, name="a"), layers.Dense(1, name="a")]), "layer named 'a'"),
        (lambda: Sequential([layers.Dense(1), layers.Input((3,))]), "first layer only"),
        (lambda: Sequential().pop(), "no layer to take away"),
    ],
)
def test_mistakes_are_explained(mistake, message):
    with pytest.raises(ArgumentError, match=message):
        mistake()


# Sizes that are not known yet --------------------------------------------------------------------------------


def again(model: Model) -> Model:
    """The model by way of JSON."""
    made = deserialize_keras_object(json.loads(json.dumps(serialize_keras_object(model))))
    made.set_weights(model.get_weights())
    return made


def test_sizes_are_arguments_of_ops_in_graphs_that_are_written_and_read_again(backend):
    x = layers.Input((None, 3))
    batch, length, _ = ops.shape(x)
    folded = layers.Dense(2)(ops.reshape(x, (batch * length, 3)))
    halves = ops.reshape(folded, (batch, length, 2))[:, : smaller(length // 2, 3)]
    model = Model(x, halves * ops.cast(batch, "float32"))
    remade = again(again(model))
    for shape in ((2, 4, 3), (5, 9, 3)):
        given = np.ones(shape, "float32")
        assert model(given).shape == (shape[0], min(shape[1] // 2, 3), 2)
        assert_same(model(given), remade(given))


def test_what_stands_for_a_size_is_no_code():
    x = layers.Input((None,))
    config = json.loads(json.dumps(Model(x, ops.reshape(x, (ops.shape(x)[0], -1))).get_config()))
    size = config["layers"][1]["inbound_nodes"][0]["kwargs"]["newshape"]["items"][0]
    for expression in ("__import__('os')", "n0 ** 2", "n1", "n0 +", "min(n0)"):
        size["config"]["expression"] = expression
        with pytest.raises(SerializationError, match="expected the expression of a size"):
            Model.from_config(config)


def test_indices_stay_what_they_are_in_json():
    x = layers.Input((4, 3))
    model = Model(x, [x[:, 1, ...], x[0, 1], ops.sum(x, axis=(1, 2))])
    given = np.arange(24, dtype="float32").reshape(2, 4, 3)
    assert_same(model(given), again(model)(given))


# Functions and copies ------------------------------------------------------------------------------------------


def test_a_function_runs_a_graph_on_what_fits_exactly(backend):
    x, y = layers.Input((3,), name="x"), layers.Input((3,), name="y")
    function = keras.Function({"x": x, "y": y}, {"sum": x + y, "positive": ops.relu(x)}, name="f")
    assert_same(function({"x": X, "y": X}), {"positive": X, "sum": X + X})
    assert [operation.name.rstrip("_0123456789") for operation in function.operations] == ["x", "y", "relu", "add"]
    assert (function.inputs, [spec.shape[1:] for spec in function.outputs]) == ([x, y], [(3,), (3,)])
    assert function.compute_output_shape({"x": (2, 3), "y": (2, 3)}) == {"sum": (2, 3), "positive": (2, 3)}
    assert function({"x": x, "y": y})["sum"].shape == x.shape
    with pytest.raises(ArgumentError, match="f: expected inputs in the structure"):
        function([X, X])
    with pytest.raises(ArgumentError, match=r"f: expected input x to have shape \(None, 3\); got \(4, 2\)"):
        function({"x": X[:, :2], "y": X})
    with pytest.raises(NotImplementedError, match="Make a Model of its inputs and outputs"):
        function.get_config()


def test_a_copy_has_layers_and_weights_of_its_own(backend):
    model = branching()
    model.get_layer("shared").trainable = False
    copy = keras.models.clone_model(model)
    assert type(copy) is Functional
    assert [layer.name for layer in copy.layers] == [layer.name for layer in model.layers]
    assert not {id(layer) for layer in copy.layers} & {id(layer) for layer in model.layers}
    assert not copy.get_layer("shared").trainable
    assert len(copy.get_layer("shared").nodes) == 2
    copy.set_weights(model.get_weights())
    assert_same(copy(INPUTS), model(INPUTS))
    copy.get_layer("score").kernel.assign(np.zeros((4, 1)))
    assert model(INPUTS)["score"].shape == (4, 1)
    assert not np.array_equal(values(copy(INPUTS))[1], values(model(INPUTS))[1])


def test_layers_of_a_copy_are_made_and_called_as_one_likes():
    inner = Sequential([layers.Input((3,)), layers.Dense(2, name="deep")], name="inner")
    x = layers.Input((3,), name="x")
    model = Model(x, layers.Dense(1, name="top")(inner(x)) + ops.cast(ops.shape(x)[0], "float32"))
    asked, called = [], []

    def clone(layer):
        asked.append(layer.name)
        return type(layer).from_config({**layer.get_config(), "trainable": False})

    def call(layer, *args, **kwargs):
        called.append(layer.name)
        return layer(*args, **kwargs)

    keras.models.clone_model(model, clone_function=clone, call_function=call)
    assert (asked, called) == (["inner", "top"], ["inner", "top"])
    asked.clear()
    copy = keras.models.clone_model(model, clone_function=clone, recursive=True)
    assert asked == ["deep", "top"]
    assert copy.trainable_variables == []
    z = layers.Input((3,), batch_size=2, name="z")
    on_others = keras.models.clone_model(model, input_tensors=layers.Activation("relu")(z))
    assert on_others.output_shape == (2, 1)
    assert [o.name.rstrip("_0123456789") for o in on_others.graph().operations][-1] == "add"
    assert keras.models.clone_model(inner, input_tensors=[z]).input_shape == (2, 3)
    assert keras.models.clone_model(inner).get_layer("deep") is not inner.get_layer("deep")


class Doubled(Model):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(units)

    def call(self, inputs):
        return 2 * self.dense(inputs)


@pytest.mark.parametrize(
    ("make", "arguments", "words"),
    [
        (lambda: Doubled(2), {"clone_function": lambda layer: layer}, "expected no clone_function for Doubled"),
        (lambda: Sequential([layers.Dense(2)]), {"call_function": print}, "call_function=None for a Sequential"),
        (branching, {"clone_function": lambda layer: None}, "clone_function to return a layer for 'shared'; got None"),
        (branching, {"input_tensors": [X, X]}, "input_tensors to be made by Input"),
        (branching, {"input_tensors": layers.Input((3,))}, "in the structure of the model's inputs"),
        (branching, {"weights": True}, "unknown arguments weights"),
        (lambda: 3, {}, "expected a model; got 3"),
    ],
)
def test_what_cannot_be_copied(make, arguments, words):
    with pytest.raises(ArgumentError, match=words):
        keras.models.clone_model(make(), **arguments)
    assert keras.models.clone_model(Doubled(2)).dense.units == 2


def test_a_graph_with_ops_that_was_trained_is_copied_and_pickled(backend, capsys):
    inputs = keras.Input((4,))
    model = Model(inputs, layers.Dense(1)(ops.relu(inputs + 1)))
    optimizer = keras.optimizers.AdamW()
    optimizer.exclude_from_weight_decay([model.weights[0]])
    model.compile(optimizer, "mse")
    x = np.ones((6, 4), "float32")
    model.fit(x, x[:, :1], verbose=1)
    assert "Epoch 1/1" in capsys.readouterr().out
    copies = copy.deepcopy(model), pickle.loads(pickle.dumps(model))
    for made in copies:
        np.testing.assert_array_equal(made.predict(x, verbose=0), model.predict(x, verbose=0))
    for trained in (model, *copies):  # which go on as the original does
        trained.fit(x, x[:, :1], verbose=0)
        np.testing.assert_array_equal(trained.get_weights()[0], model.get_weights()[0])
    assert [len(operation.nodes) for operation in model.graph().operations] == [1, 1, 1, 1]
