"""What layers do that one call does not show: adaptation, homes, sizes that are not known yet, functional forms."""

from __future__ import annotations

import numpy as np
import pytest

import polykeras
from polykeras import layers, models, ops, random
from polykeras.backend import Backend, load, using
from polykeras.errors import ArgumentError, StateError
from polykeras.layers import Layer
from polykeras.spec import Spec

X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], "float32")
NUMBERS = np.array([[1, 0], [2, 2]], "int32")


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x))


# Low-rank adaptation ---------------------------------------------------------------------------------------


def adaptable(make, inputs):
    """A layer that was called, and what it gave."""
    layer = make()
    return layer, numbers(layer(inputs))


ADAPTABLE = pytest.mark.parametrize(
    ("make", "inputs"),
    [
        (lambda: layers.Dense(4), X),
        (lambda: layers.EinsumDense("ab,bc->ac", 4, bias_axes="c"), X),
        (lambda: layers.Embedding(3, 4), NUMBERS),
    ],
    ids=["Dense", "EinsumDense", "Embedding"],
)


@ADAPTABLE
def test_adaptation_begins_at_nothing_and_trains_two_small_weights(make, inputs, backend):
    layer, before = adaptable(make, inputs)
    names = [v.name for v in layer.weights]
    layer.enable_lora(2)
    np.testing.assert_array_equal(numbers(layer(inputs)), before)
    assert [v.name for v in layer.weights][: len(names)] == names
    assert names[0] not in [v.name for v in layer.trainable_variables]
    assert all(v.home is backend for v in layer.weights)
    assert {v.path.rpartition("/")[0] for v in layer.weights} == {layer.name}
    with pytest.raises(StateError, match="low-rank weights already"):
        layer.enable_lora(2)


@ADAPTABLE
def test_an_adapted_layer_is_saved_as_one_that_is_not(make, inputs, backend):
    adapted, _ = adaptable(make, inputs)
    adapted.enable_lora(2, lora_alpha=3)
    for weight in adapted.trainable_variables:
        weight.assign(np.full(weight.shape, 0.5, "float32"))
    after, store = numbers(adapted(inputs)), {}
    adapted.save_own_variables(store)
    plain, _ = adaptable(make, inputs)
    plain.load_own_variables(store)
    np.testing.assert_allclose(
        numbers(plain(inputs)), after, rtol=1e-6
    )  # the product is added before or after rounding
    adapted.load_own_variables(store)
    np.testing.assert_allclose(numbers(adapted(inputs)), after, rtol=1e-6)


@ADAPTABLE
def test_an_adapted_layer_that_was_loaded_goes_on_training(make, inputs, backend):
    adapted, _ = adaptable(make, inputs)
    adapted.enable_lora(2)
    store: dict = {}
    adapted.save_own_variables(store)
    adapted.load_own_variables(store)
    kept = [v.value for v in adapted.non_trainable_variables]

    def loss(values):
        return ops.sum(ops.square(adapted.stateless_call(values, kept, inputs)[0]))

    gradients = ops.grad(loss)([v.value for v in adapted.trainable_variables])
    assert any(np.any(numbers(gradient)) for gradient in gradients)


def test_ranks_are_whole_numbers():
    layer = layers.Dense(4)
    layer(X)
    for rank in (0, -1, 2.5):
        with pytest.raises(ArgumentError, match="expected rank to be a whole number from 1"):
            layer.enable_lora(rank)


def test_adaptation_needs_weights_without_constraints():
    with pytest.raises(StateError, match="no weights yet"):
        layers.Dense(4).enable_lora(2)
    with pytest.raises(ArgumentError, match="weight with a constraint"):
        layers.Dense(4, kernel_constraint="non_neg", lora_rank=2)(X)


# Inputs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [lambda: layers.Dense(2), lambda: layers.EinsumDense("ab,bc->ac", 2, bias_axes="c")],
    ids=["Dense", "Einsum"],
)
def test_complex_inputs_keep_their_imaginary_part(make, backend):
    layer, inputs = make(), (X + 2j * X).astype("complex64")
    found = numbers(layer(inputs))
    np.testing.assert_allclose(found, inputs @ layer.kernel.numpy(), rtol=1e-5)  # sums of a few products


def test_inputs_that_do_not_fit_are_refused_by_the_layer():
    projection = layers.EinsumDense("abc,cd->abd", (None, 4), name="projection")
    projection(np.ones((2, 3, 8), "float32"))
    with pytest.raises(
        ArgumentError, match=r"'projection': expected the input to have size 8 on axis 2; got .*\(2, 3, 6\)"
    ):
        projection(np.ones((2, 3, 6), "float32"))
    with pytest.raises(ArgumentError, match="expected 1 input; got 3, as each item of a list counts as one"):
        layers.Dense(3)([[1.0, 2.0, 3.0]])


# Order and homes -------------------------------------------------------------------------------------------


def test_freezing_a_weight_does_not_change_the_order_of_weights():
    layer = layers.Dense(2)
    layer(X)
    layer.kernel.trainable = False
    assert [v.name for v in layer.weights] == ["kernel", "bias"]
    assert [v.name for v in layer.trainable_variables] == ["bias"]


def test_seeds_go_where_the_layer_is_used(backend):
    with using("numpy"):
        layer = layers.Dropout(0.5, seed=1)
    layer(backend.asarray(X), training=True)
    assert layer.seed_generator.state.home is backend


def test_noise_is_the_same_on_every_backend(backend: Backend):
    def drawn(home):
        with using(home):
            polykeras.set_random_seed(5)
            layer = layers.Dropout(0.5)
            return [numbers(layer(X, training=True)) for _ in range(3)]

    np.testing.assert_array_equal(drawn(backend), drawn(load("numpy")))


# Sizes that are not known yet ------------------------------------------------------------------------------


class Sampling(Layer):
    """What people write: random numbers and positions of the shape of the inputs, and a mean by their size."""

    def __init__(self):
        super().__init__()
        self.seed = random.SeedGenerator(1)

    def call(self, x):
        batch, size = ops.shape(x)
        noise = random.normal((batch, size), seed=self.seed)
        positions = ops.expand_dims(ops.cast(ops.arange(batch), "float32"), 1)
        return (x + noise + positions + ops.zeros((batch, 1))) / batch


def test_layers_compute_with_sizes_that_are_not_known_yet(backend):
    layer = Sampling()
    spec = layer(Spec((None, 3)))
    assert str(spec) == "Spec((batch, 3), 'float32')"
    assert numbers(layer(X)).shape == (2, 3)


def test_models_compute_with_sizes_that_are_not_known_yet(backend):
    inputs = layers.Input((3,))
    batch, size = ops.shape(inputs)
    flat = ops.reshape(inputs / batch, (batch * size,))
    model = models.Model(inputs, [flat, ops.concatenate([inputs, ops.zeros((batch, 1))], -1)])
    for rows in (2, 5):
        x = np.ones((rows, 3), "float32")
        mean, padded = model(backend.asarray(x))
        np.testing.assert_allclose(numbers(mean), np.full(3 * rows, 1 / rows), rtol=1e-6)
        np.testing.assert_array_equal(numbers(padded), np.pad(x, ((0, 0), (0, 1))))


# One layer at a time ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["add", "average", "concatenate", "dot", "maximum", "minimum", "multiply", "subtract"])
def test_functional_forms_are_calls_of_layers(name, backend):
    cls = getattr(layers, name.capitalize())
    layer = cls(-1) if name == "dot" else cls()
    np.testing.assert_array_equal(numbers(getattr(layers, name)([X, 2 * X])), numbers(layer([X, 2 * X])))


def test_an_embedding_may_begin_with_a_table(backend):
    table = np.arange(6.0, dtype="float32").reshape(3, 2)
    np.testing.assert_array_equal(numbers(layers.Embedding(3, 2, weights=table)(NUMBERS)), table[NUMBERS])


def test_scores_are_not_kept_by_flash_attention():
    layer = layers.MultiHeadAttention(2, 4, flash_attention=True)
    with pytest.raises(ArgumentError, match="Leave out return_attention_scores"):
        layer(np.zeros((1, 2, 3), "float32"), np.zeros((1, 2, 3), "float32"), return_attention_scores=True)


def test_projections_of_attention_draw_numbers_of_their_own():
    layer = layers.MultiHeadAttention(2, 4, kernel_initializer="he_normal")
    layer(X[:, None], X[:, None])
    query, _, key, *_ = layer.get_weights()
    assert not np.array_equal(query, key)


def test_a_layer_without_a_call_says_so():
    with pytest.raises(NotImplementedError, match="has no method `call`"):
        layers.Wrapper(layers.ReLU())(X)


def test_mixed_precision_is_in_the_configuration_of_spatial_dropout():
    assert layers.SpatialDropout2D(0.5, dtype="mixed_float16").get_config()["dtype"] == "mixed_float16"
    assert "trainable" not in layers.SpatialDropout1D(0.5).get_config()


def test_every_layer_can_be_asked_for_shapes_before_it_is_built():
    assert layers.Dense(4).compute_output_shape((None, 3)) == (None, 4)
    assert layers.Flatten().compute_output_shape((None, 3, 4)) == (None, 12)
    assert layers.Add().compute_output_shape([(None, 3), (None, 3)]) == (None, 3)
    attention = layers.MultiHeadAttention(2, 4)
    assert attention.compute_output_shape(query_shape=(None, 5, 3), value_shape=(None, 6, 3)) == (None, 5, 3)


def test_what_a_layer_was_built_for_is_written_as_keras_writes_it():
    attention = layers.MultiHeadAttention(2, 4)
    attention(np.zeros((1, 2, 3), "float32"), np.zeros((1, 4, 5), "float32"))
    data = layers.serialize(attention)
    assert data["build_config"] == {"shapes_dict": {"query_shape": (1, 2, 3), "value_shape": (1, 4, 5)}}
    again = layers.deserialize(data)
    assert [w.shape for w in again.weights] == [w.shape for w in attention.weights]


@pytest.mark.parametrize(
    ("layer", "mean", "deviation"),
    [
        (layers.Dropout(0.3, seed=7), 2.0, (5 / 0.7 - 4) ** 0.5),
        (layers.GaussianNoise(0.5, seed=7), 2.0, 1.25**0.5),
        (layers.GaussianDropout(0.3, seed=7), 2.0, (5 / 0.7 - 4) ** 0.5),
    ],
    ids=lambda x: type(x).__name__,
)
def test_noise_keeps_the_mean(layer, mean, deviation):
    x = np.random.default_rng(0).normal(2.0, 1.0, 100_000)
    found = numbers(layer(x, training=True))
    assert found.mean() == pytest.approx(mean, abs=0.03)  # five times the deviation over the root of the count
    assert found.std() == pytest.approx(deviation, abs=0.03)


def test_alpha_dropout_keeps_mean_and_variance():
    x = np.random.default_rng(0).normal(0.0, 1.0, 100_000)
    found = numbers(layers.AlphaDropout(0.3, seed=7)(x, training=True))
    assert found.mean() == pytest.approx(0.0, abs=0.016)  # five times one over the root of the count
    assert found.std() == pytest.approx(1.0, abs=0.016)
    assert np.unique(found, return_counts=True)[1].max() == pytest.approx(30_000, abs=750)  # five deviations
