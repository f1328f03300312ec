"""State of TensorFlow's graphs, which stays in variables of TensorFlow's that they change in place."""

import contextlib
import copy
import pickle

import numpy as np
import pytest

import polykeras as keras
from polykeras import Variable, layers, ops
from polykeras.backend import repeatably

tf = pytest.importorskip("tensorflow")

SIZE = 1 << 15  # from which on an array is worth a variable


@pytest.fixture(autouse=True)
def on_tensorflow():
    with keras.using("tensorflow"):
        yield


def counted(**options):
    """A variable that is large, one that is small, and a compiled function that adds to both and returns a sum."""
    large, small = Variable(np.zeros(SIZE, "float32")), Variable([1.0, 2.0])

    @keras.compile(variables=[large, small], donate_variables=True, **options)
    def add(x):
        large.assign_add(x)
        small.assign_add(x)
        return ops.add(large[0], small[1])

    return large, small, add


@pytest.mark.parametrize("jit", [True, False, "auto"])
def test_arrays_that_were_read_stay_as_they_are(jit):
    large, small, add = counted(jit_compile=jit)
    seen = [large.value]
    for step in range(1, 4):
        assert float(add(1.0)) == 2 * step + 2
        seen.append(large.value)
    host = large.numpy()
    add(1.0)
    assert [float(x[-1]) for x in seen] == [0.0, 1.0, 2.0, 3.0]
    assert host[0] == 3.0
    assert float(large[0]) == 4.0
    assert small.numpy().tolist() == [5.0, 6.0]
    assert isinstance(large.value, tf.Tensor)


def test_large_arrays_stay_in_variables():
    large, small, add = counted()
    add(1.0)
    place = large._value
    add(1.0)
    assert isinstance(place, tf.Variable)
    assert large._value is place
    assert isinstance(small._value, tf.Tensor)


def test_what_is_assigned_between_two_calls_counts():
    large, _, add = counted()
    add(1.0)
    large.assign(np.full(SIZE, 10.0, "float32"))
    add(1.0)
    assert float(large[5]) == 11.0


def test_two_functions_share_a_variable():
    large, small, add = counted()

    @keras.compile(variables=[large], donate_variables=True)
    def double():
        large.assign(large * 2.0)

    @keras.compile(variables=[large, small])
    def look():
        return large[0] + small[0]

    for _ in range(2):
        add(1.0)
        double()
    assert float(large[0]) == 6.0
    assert float(look()) == 9.0


def test_a_variable_that_does_not_change_keeps_its_value():
    large, small = Variable(np.ones(SIZE, "float32")), Variable(0.0)

    @keras.compile(variables=[large, small], donate_variables=True)
    def total():
        small.assign(ops.sum(large))

    total()
    total()
    assert float(small) == SIZE
    assert float(large[0]) == 1.0


def test_variables_that_exchange_their_values():
    one, other = (Variable(np.full(SIZE, value, "float32")) for value in (1.0, 2.0))

    @keras.compile(variables=[one, other], donate_variables=True)
    def exchange():
        before = one.value
        one.assign(other)
        other.assign(before)

    for expected in ((2.0, 1.0), (1.0, 2.0), (2.0, 1.0)):
        exchange()
        assert (float(one[0]), float(other[0])) == expected


def test_in_somebody_elses_graph_nothing_is_changed_in_place():
    large, small, add = counted()
    add(1.0)

    @tf.function
    def graph(x):
        with keras.StatelessScope() as scope:
            add(x)
            return scope.get_current_value(large)[0]

    assert float(graph(tf.constant(5.0))) == 6.0
    assert float(large[0]) == 1.0
    assert small.numpy().tolist() == [2.0, 3.0]


def trained(optimizer, jit="auto", steps=6):
    """A network with large and small weights, after some steps."""
    keras.set_random_seed(3)
    model = keras.Sequential(
        [keras.Input((256,)), layers.Dense(256, "tanh"), layers.BatchNormalization(), layers.Dense(1)]
    )
    model.compile(keras.optimizers.get(optimizer), "mse", jit_compile=jit)
    random = np.random.default_rng(1)
    x = random.normal(size=(16 * steps, 256)).astype("float32")
    model.fit(x, x[:, :1], 16, verbose=0, shuffle=False)
    return model


OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "decay, average and clipping": lambda: keras.optimizers.AdamW(weight_decay=0.1, use_ema=True, clipnorm=0.5),
    "accumulated gradients": lambda: keras.optimizers.Adam(gradient_accumulation_steps=2),
    "highest moments": lambda: keras.optimizers.Adam(amsgrad=True),
    "sgd": lambda: keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True),
    "scaled losses": lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.RMSprop(), initial_scale=4.0),
}


@pytest.mark.parametrize("by_xla", ["nothing", "updates", "everything"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_updates_in_place_are_those_of_the_formula(name, by_xla):
    eager = trained(OPTIMIZERS[name](), jit=False)
    with repeatably() if by_xla == "updates" else contextlib.nullcontext():
        in_place = trained(OPTIMIZERS[name](), jit=by_xla == "everything" or "auto")
    kept = [v for v in in_place.optimizer.variables if isinstance(v._value, tf.Variable)]
    assert kept
    for one, other in zip(eager.get_weights(), in_place.get_weights(), strict=True):
        # six steps: gradients are rounded otherwise in each, and Adam makes as long steps of small ones as of others
        np.testing.assert_allclose(other, one, rtol=2e-4, atol=2e-5)


def test_a_trained_model_is_copied_saved_and_goes_on(tmp_path):
    model = trained("adam")
    x = np.ones((4, 256), "float32")
    expected = model.predict(x, verbose=0)
    model.save(tmp_path / "model.keras")
    others = [
        copy.deepcopy(model),
        pickle.loads(pickle.dumps(model)),
        keras.saving.load_model(tmp_path / "model.keras"),
    ]
    for other in others:
        np.testing.assert_array_equal(other.predict(x, verbose=0), expected)
        other.fit(x, x[:, :1], verbose=0)
        assert (other.predict(x, verbose=0) != expected).any()
    np.testing.assert_array_equal(model.predict(x, verbose=0), expected)
    weights = model.get_weights()
    model.fit(x, x[:, :1], verbose=0)
    model.set_weights(weights)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-6)  # its statistics are weights, too
    on_numpy = model.to_backend("numpy").predict(x, verbose=0)
    np.testing.assert_allclose(on_numpy, expected, rtol=1e-4, atol=1e-5)  # sums of 256 products in float32


def test_what_xla_is_to_leave_alone_is_a_graph():
    """One that is made once, and has words, of which XLA knows nothing."""
    large, _, add = counted()
    add(1.0)
    runs = []

    @keras.compile(variables=[large], jit_compile=False)
    def look(x):
        runs.append(x)
        return large[0], tf.strings.length(tf.strings.as_string(x))

    for number, length in ((7, 1), (512, 3)):
        found, digits = look(ops.array(number))
        assert (float(found), int(digits)) == (1.0, length)
    add(1.0)
    assert float(look(ops.array(7))[0]) == 2.0
    assert len(runs) == 1


@pytest.mark.parametrize("shape", [(2, 3, 4), (5, 4), (0, 4)])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_batches_are_normalized_by_the_fused_kernel(shape, dtype):
    x = np.random.default_rng(2).normal(3.0, 2.0, shape).astype(dtype)
    scale, offset = np.arange(1, 5, dtype=dtype), np.arange(4, dtype=dtype)
    found = ops.normalize_batch(x, offset, scale)
    with keras.using("numpy"):
        expected = ops.normalize_batch(x, offset, scale)
    for one, other in zip(found, expected, strict=True):
        # in float16 results up to 8 are rounded to 4e-3; in float32 sums of up to six numbers
        tolerance = 4e-3 if dtype == "float16" else 1e-5
        np.testing.assert_allclose(ops.convert_to_numpy(one), other, rtol=tolerance, atol=tolerance)


def test_a_product_with_a_matrix_of_the_wrong_size_is_refused():
    with pytest.raises(keras.errors.ShapeError):
        ops.matmul(ops.ones((2, 3, 4)), ops.ones((6, 2)))


UNKNOWN = {
    "take_along_axis": lambda x: ops.take_along_axis(x, tf.cast(x, "int64"), 1),
    "its gradient": lambda x: tf.gradients(ops.square(ops.take_along_axis(x, tf.cast(x, "int64"), 1)), x)[0],
    "add_along_axis": lambda x: ops.add_along_axis(x, tf.cast(x, "int64"), x, 1),
    "product": lambda x: ops.scatter_update(x, tf.constant([[1], [1]]), x, "mul"),
    "slice": lambda x: ops.slice(x, tf.constant([1, 0]), (1, 3)),
    "slice_update": lambda x: ops.slice_update(x, tf.constant([1, 0]), x[:1]),
}


@pytest.mark.parametrize("function", UNKNOWN.values(), ids=UNKNOWN)
def test_indices_in_a_graph_that_does_not_know_sizes(function):
    x = tf.constant([[0.0, 1.0, 1.0], [2.0, 0.0, 2.0]])
    wanted = tf.function(function, autograph=False)(x)
    for shape in ((None, 3), (None, None)):
        found = tf.function(function, autograph=False, input_signature=[tf.TensorSpec(shape, x.dtype)])(x)
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("function", [lambda v: ops.power(v, 1), ops.conjugate, lambda v: ops.cast(v, "float32")])
def test_results_do_not_change_with_a_variable(function):
    variable = tf.Variable([1.0, 2.0])
    found = function(variable)
    variable.assign([5.0, 5.0])
    np.testing.assert_array_equal(found, [1.0, 2.0])


def test_a_complex_tensor_that_is_recomputed_with_must_be_an_argument():
    def loss(x):
        z = ops.cast(x, "complex64")
        return ops.real(ops.sum(ops.remat(lambda y: ops.multiply(y, z))(ops.multiply(z, 2.0))))

    with pytest.raises(keras.errors.GradientError, match="it uses 1 other tensors too, whose gradients would be lost"):
        ops.grad(loss)(tf.constant([1.0, 2.0]))
