"""What a layer does around its method `call`: build, dtypes, masks, losses, the mode of training, its parts."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest

from polykeras import Variable, masks, ops, random, using
from polykeras.backend import available
from polykeras.errors import ArgumentError, MixedBackendsError, StateError
from polykeras.layers import Add, Dense, Input, InputSpec, Layer, MultiHeadAttention
from polykeras.models import Sequential
from polykeras.optimizers import Adam
from polykeras.registry import CustomObjectScope, deserialize_keras_object, serialize_keras_object
from polykeras.spec import Spec

X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], "float32")


class Linear(Layer):
    def __init__(self, units=2, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.kernel = self.add_weight((input_shape[-1], self.units), "ones", name="kernel", regularizer="l2")
        self.bias = self.add_weight((self.units,), "zeros", name="bias")

    def call(self, inputs):
        return ops.matmul(inputs, self.kernel) + self.bias


class Stack(Layer):
    def __init__(self):
        super().__init__()
        self.blocks = []
        self.named = {"last": Linear(1, name="last")}
        for _ in range(2):
            self.blocks.append(Linear(3))
        self.count = Variable(0, trainable=False, name="count")
        self.seed = random.SeedGenerator(1)

    def call(self, x, training=False):
        self.count.assign_add(1)
        for block in self.blocks:
            x = block(x)
        return self.named["last"](x)


class Noted(Layer):
    """Keeps what it is called with."""

    def call(self, x, training=None, mask=None):
        self.seen = (training, mask)
        return x


# Building --------------------------------------------------------------------------------------------------


def test_a_layer_is_built_by_its_first_call_and_keeps_its_weights(backend):
    layer = Linear(2)
    assert not layer.built
    y = layer(X)
    assert isinstance(y, backend.array_types)
    np.testing.assert_array_equal(ops.convert_to_numpy(y), [[6, 6], [15, 15]])
    assert [(v.path, v.shape, v.trainable) for v in layer.weights] == [
        (f"{layer.name}/kernel", (3, 2), True),
        (f"{layer.name}/bias", (2,), True),
    ]
    assert (layer.count_params(), layer.get_build_config()) == (8, {"input_shape": (2, 3)})


def test_parts_are_found_wherever_attributes_hold_them():
    stack = Stack()
    stack(X)
    names = [v.path.removeprefix(f"{stack.name}/") for v in stack.variables]
    assert names[:2] == ["count", "seed_generator_state"]
    assert [len(n) for n in (stack.variables, stack.weights, stack.trainable_variables)] == [8, 7, 6]
    assert "last/kernel" in names
    stack.blocks.pop()
    assert len(stack.trainable_variables) == 4
    stack.trainable = False
    assert stack.trainable_variables == []
    assert not stack.named["last"].trainable


def test_building_within_a_call_gives_paths_through_the_layers_around():
    class Outer(Layer):
        def __init__(self):
            super().__init__(name="outer")
            self.inner = Linear(1, name="inner")

        def call(self, x):
            return self.inner(x)

    outer = Outer()
    outer(X)
    assert [v.path for v in outer.weights] == ["outer/inner/kernel", "outer/inner/bias"]


def test_specs_go_through_without_leaving_a_trace_in_the_state(backend):
    stack = Stack()
    y = stack(Spec((None, 3)))
    assert (y.shape[1], y.dtype, y.producer.operation) == (1, "float32", stack)
    assert int(stack.count) == 0
    assert stack.compute_output_shape((None, 3)) == (None, 1)
    assert len(stack.nodes) == 1


def test_forgetting_the_constructor_of_the_base_class_is_explained():
    class Forgetful(Layer):
        def __init__(self):
            self.units = 1

        def call(self, x):
            return x

    with pytest.raises(StateError, match=r"Forgetful.*super\(\).__init__\(\)"):
        Forgetful()(X)


# Dtypes ----------------------------------------------------------------------------------------------------


def test_the_policy_says_how_to_compute(backend):
    layer = Linear(2, dtype="mixed_bfloat16")
    y = layer(X)
    assert (ops.dtype(y), layer.kernel.dtype, layer.compute_dtype, layer.dtype) == (
        "bfloat16",
        "float32",
        "bfloat16",
        "float32",
    )
    assert ops.dtype(Linear(2, dtype="float64")(X)) == "float64"
    assert ops.dtype(Noted()(np.array([1, 2]))) == "int64"
    assert ops.dtype(Noted(autocast=False)(X.astype("float64"))) == "float64"


# The mode of training, masks, losses -----------------------------------------------------------------------


def test_the_mode_of_training_reaches_the_layers_within():
    class Outer(Layer):
        def __init__(self):
            super().__init__()
            self.inner = Noted()

        def call(self, x, training=False):
            return self.inner(x)

    outer = Outer()
    for given, expected in (({}, False), ({"training": True}, True), ({"training": None}, False)):
        outer(X, **given)
        assert outer.inner.seen[0] is expected
    linear = Linear()
    linear(X, training=True)  # a layer that does not care


def test_masks_travel_with_arrays(backend):
    class Masking(Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def compute_mask(self, inputs, mask=None):
            return ops.any(ops.not_equal(inputs, 0), axis=-1)

        def call(self, inputs):
            return inputs * 1

    noted, x = Noted(), ops.array([[[1.0], [0.0]]])
    masked = Masking()(x)
    np.testing.assert_array_equal(ops.convert_to_numpy(masks.mask_of(masked)), [[True, False]])
    noted.supports_masking = True
    result = noted(masked)
    assert noted.seen[1] is masks.mask_of(masked)
    assert masks.mask_of(result) is noted.seen[1]
    noted(x, mask=masks.mask_of(masked))
    assert noted.seen[1] is not None
    with pytest.warns(UserWarning, match="does not support masks"):
        Linear(1)(masked)


def test_losses_of_weights_count_once(backend):
    class Penalized(Layer):
        def build(self, shape):
            self.scale = self.add_weight(shape=(shape[-1],), initializer="ones")

        def call(self, x):
            self.add_loss(ops.sum(self.scale))
            return x

    x, layer = np.ones((4, 3), "float32"), Penalized()
    layer(x)
    layer.compute_output_shape((4, 3))
    assert [float(loss) for loss in layer.losses] == [3.0]
    model = Sequential([Input((3,)), layer])  # which is called on a Spec
    model.compile(loss="mse")
    assert model.evaluate(x, x, verbose=0) == 3.0
    assert model.evaluate(x[:2], x[:2], verbose=0) == 3.0
    model(x)
    assert [float(loss) for loss in model.losses] == [3.0]


def test_a_residual_connection_around_attention_keeps_the_mask(backend):
    x = ops.array(np.random.default_rng(0).normal(size=(1, 4, 6)).astype("float32"))
    mask = ops.array([[True, True, False, True]])
    masks.set_mask(x, mask)
    between = Add()([x, MultiHeadAttention(2, 3, seed=1)(x, x)])
    np.testing.assert_array_equal(ops.convert_to_numpy(masks.mask_of(between)), ops.convert_to_numpy(mask))
    second = MultiHeadAttention(2, 3, seed=2)
    _, weights = second(between, between, return_attention_scores=True)
    np.testing.assert_array_equal(ops.convert_to_numpy(weights)[0, :, (0, 1, 3), 2], 0.0)  # nothing looks at padding


def test_losses_hold_until_the_next_call(backend):
    class Added(Layer):
        def __init__(self):
            super().__init__(activity_regularizer="l2")
            self.inner = Linear(1)

        def call(self, x, add=True):
            if add:
                self.add_loss(ops.sum(x))
            return self.inner(x)

    layer = Added()
    layer(X)
    layer(X)
    found = sorted(float(loss) for loss in layer.losses)
    assert found == pytest.approx([0.01 * 3, 0.01 * (36 + 225) / 2, 21.0])
    layer(X, add=False)
    assert len(layer.losses) == 2


# Backends --------------------------------------------------------------------------------------------------


def test_a_layer_remembers_where_it_was_built(backend):
    layer = Linear(2)
    layer(X)
    for name in available():
        with using(name):
            assert isinstance(layer(X), backend.array_types)


def test_a_layer_moves_and_computes_the_same():
    stack = Stack()
    expected = stack(X)
    for name in available():
        assert stack.to_backend(name) is stack
        assert {v.home.name for v in stack.variables} == {name}
        np.testing.assert_array_equal(ops.convert_to_numpy(stack(X)), expected)


def test_arrays_of_another_framework_are_refused(backend):
    layer = Linear(2)
    layer(X)
    other = next((name for name in available() if name not in (backend.name, "numpy")), None)
    if other is None or backend.name == "numpy":
        return
    with using(other):
        x = ops.array(X)
    with pytest.raises(MixedBackendsError):
        layer(x)


def test_threads_build_and_call_their_own_layers():
    found = []

    def work(name):
        with using(name):
            layer = Stack()
            found.append(float(ops.sum(layer(X))))

    threads = [threading.Thread(target=work, args=(name,)) for name in available() * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [found[0]] * len(threads)


# Values and configurations ---------------------------------------------------------------------------------


def test_weights_are_taken_and_given_in_order():
    layer = Linear(2)
    layer.build((None, 3))
    layer.set_weights([np.full((3, 2), 2.0), [1.0, 2.0]])
    assert [w.tolist() for w in layer.get_weights()] == [[[2.0, 2.0]] * 3, [1.0, 2.0]]
    before = layer.get_weights()
    with pytest.raises(ArgumentError, match=r"shape \(2,\).*bias.*got \(3,\)\. Nothing was changed"):
        layer.set_weights([np.zeros((3, 2)), np.zeros(3)])
    with pytest.raises(ArgumentError, match="expected 2 weights"):
        layer.set_weights([np.zeros((3, 2))])
    np.testing.assert_array_equal(layer.get_weights()[0], before[0])
    store = {}
    layer.save_own_variables(store)
    other = Linear(2)
    other.build((None, 3))
    other.load_own_variables(store)
    np.testing.assert_array_equal(other.get_weights()[1], [1.0, 2.0])


def test_arguments_are_the_configuration_where_a_class_says_nothing_else():
    layer = Linear(5, name="five")
    config = json.loads(json.dumps(serialize_keras_object(layer)))
    assert (config["config"]["units"], config["config"]["name"]) == (5, "five")
    with CustomObjectScope({"Linear": Linear}):
        assert deserialize_keras_object(config).units == 5


def test_a_call_as_a_pure_function(backend):
    stack = Stack()
    stack(X)
    trainable = [v.value for v in stack.trainable_variables]
    others = [v.value for v in stack.non_trainable_variables]
    y, values, losses = stack.stateless_call([ops.zeros_like(v) for v in trainable], others, X, return_losses=True)
    assert float(ops.sum(y)) == 0
    assert int(values[0]) == 2
    assert int(stack.count) == 1
    assert [float(loss) for loss in losses] == [0, 0, 0]


# Mistakes --------------------------------------------------------------------------------------------------


def test_inputs_that_do_not_fit_are_refused(backend):
    layer = Linear(2, name="scores")
    layer.input_spec = InputSpec(ndim=2, axes={-1: 3})
    with pytest.raises(ArgumentError, match="Linear 'scores': expected the input to have size 3 on axis -1"):
        layer(np.ones((2, 4), "float32"))
    with pytest.raises(ArgumentError, match="2 axes; got shape"):
        layer(np.ones((2, 3, 1), "float32"))


def test_an_error_says_in_which_layer_it_arose():
    stack = Stack()
    stack(X)
    with pytest.raises(ValueError, match="matmul") as raised:
        stack(np.ones((2, 5), "float32"))
    assert [note.split(" (")[0] for note in raised.value.__notes__] == [
        f"in layer '{stack.blocks[0].name}'",
        f"in layer '{stack.name}'",
    ]
    assert "float32(2, 5)" in raised.value.__notes__[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"colour": 1}, "unknown arguments 'colour'"), ({"name": "a/b"}, "without '/'"), ({"dtype": "floaty"}, "floaty")],
)
def test_arguments_that_no_layer_takes(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        Noted(**arguments)


def test_an_argument_that_is_nearly_named_is_suggested():
    with pytest.raises(ArgumentError, match=r"Dense: unknown arguments 'activaton' \(did you mean 'activation'\?\)"):
        Dense(1, activaton="relu")
    with pytest.raises(ArgumentError, match=r"'nam' \(did you mean 'name'\?\), 'zzz'\."):
        Dense(1, nam="a", zzz=1)
    with pytest.raises(ArgumentError, match=r"Adam: unknown arguments 'learning_rat' \(did you mean 'learning_rate'"):
        Adam(learning_rat=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "either shape or batch_shape"),
        ({"shape": (1,), "batch_shape": (1, 1)}, "either shape or batch_shape"),
        ({"shape": "wide"}, "got 'wide'|whole numbers"),
        ({"shape": (1,), "sparse": True}, "sparse"),
        ({"batch_shape": (1, 2), "batch_size": 1}, "batch_size"),
    ],
)
def test_inputs_that_cannot_be(arguments, message):
    with pytest.raises((ArgumentError, ValueError), match=message):
        Input(**arguments)
