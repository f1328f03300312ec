"""Training in half precision: the same on every backend, with policies for all layers or for some."""

from __future__ import annotations

import numpy as np
import pytest

import polykeras as keras
from polykeras import config, dtype_policies, layers, ops, optimizers
from polykeras.callbacks import LambdaCallback

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(64, 3)).astype("float32")
Y = (X @ [[1.0], [-2.0], [0.5]] + 0.3).astype("float32")
EPSILON = {"float16": 2.0**-10, "bfloat16": 2.0**-7}


def made(dtype=None, optimizer="adam", **options) -> keras.Model:
    keras.set_random_seed(1)
    stack = [layers.Dense(8, "tanh", dtype=dtype), layers.BatchNormalization(dtype=dtype)]
    model = keras.Sequential([layers.Input((3,)), *stack, layers.Dense(1, dtype=dtype)], **options)
    model.compile(optimizers.get(optimizer), "mse", metrics=["mae"])
    return model


@pytest.fixture
def policy(request):
    before = config.dtype_policy()
    config.set_dtype_policy(request.param)
    yield request.param
    config.set_dtype_policy(before)


def fit(model, epochs=2):
    keras.set_random_seed(2)
    return model.fit(X, Y, batch_size=16, epochs=epochs, verbose=0).history["loss"]


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"], indirect=True)
def test_mixed_precision_trains_the_same_on_every_backend(policy):
    narrow, losses = policy.removeprefix("mixed_"), {}
    wide = fit(made("float32", optimizers.Adam(0.01)))
    for name in keras.available():
        with keras.using(name):
            assert isinstance(made().optimizer, optimizers.LossScaleOptimizer) == (policy == "mixed_float16")
            optimizer = optimizers.Adam(0.01)
            if policy == "mixed_float16":  # with a scale at which nothing overflows, so that no step is left out
                optimizer = optimizers.LossScaleOptimizer(optimizer, 2.0**8)
            model = made(optimizer=optimizer)
            losses[name] = fit(model)
            assert {v._dtype for v in model.trainable_variables} == {"float32"}
            assert ops.dtype(model(ops.array(X))) == narrow
            assert policy != "mixed_float16" or float(model.optimizer.dynamic_scale) == 2.0**8
    for found in losses.values():
        # Sums of eight products in half precision, over eight steps; the errors of steps add up in the worst case.
        np.testing.assert_allclose(found, losses["numpy"], rtol=16 * EPSILON[narrow])
        np.testing.assert_allclose(found, wide, rtol=16 * EPSILON[narrow])
        assert found[-1] < found[0]


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_moving_averages_stay_halves(dtype, steps, backend):
    model = keras.Sequential([layers.Input((3,)), layers.BatchNormalization(dtype=dtype)])
    model.compile("sgd", "mse", steps_per_execution=steps)
    model.fit(X, X, batch_size=16, verbose=0)
    assert {(v.dtype, ops.dtype(v.value)) for v in model.layers[0].variables} == {(dtype, dtype)}
    assert np.any(model.layers[0].moving_mean.numpy())


def test_layers_have_policies_of_their_own(backend):
    keras.set_random_seed(1)
    inputs = layers.Input((3,))
    hidden = layers.Dense(8, "tanh", dtype="mixed_bfloat16", name="narrow")(inputs)
    outputs = layers.Dense(1, dtype="float32", name="wide")(hidden)
    model = keras.Model(inputs, [hidden, outputs])
    assert [spec.dtype for spec in model.outputs] == ["bfloat16", "float32"]
    found = model(ops.array(X))
    assert [ops.dtype(array) for array in found] == ["bfloat16", "float32"]
    trained = keras.Model(inputs, outputs)
    trained.compile(optimizers.Adam(0.01), "mse")
    losses = fit(trained)
    assert losses[-1] < losses[0]
    assert not isinstance(trained.optimizer, optimizers.LossScaleOptimizer)


def test_a_map_of_policies_by_path(backend):
    policies = dtype_policies.DTypePolicyMap("float32")
    policies["narrow"] = "mixed_bfloat16"
    narrow, wide = (layers.Dense(units, dtype=policies, name=name) for name, units in (("narrow", 4), ("other", 1)))
    model = keras.Sequential([layers.Input((3,)), narrow, wide])
    assert [layer.compute_dtype for layer in model.layers] == ["bfloat16", "float32"]
    assert ops.dtype(narrow(ops.array(X))) == "bfloat16"
    model.compile("sgd", "mse")
    assert np.isfinite(fit(model, 1)).all()


def test_the_scale_follows_the_gradients(backend):
    """It halves where gradients overflow, leaves that step out, and doubles after enough good ones."""
    optimizer = optimizers.LossScaleOptimizer(optimizers.SGD(0.01), 2.0**10, dynamic_growth_steps=3)
    model = made("mixed_float16", optimizer)
    model.train_on_batch(X, Y)
    before, huge = model.get_weights(), 1e4 * np.ones_like(X)
    steps = int(model.optimizer.iterations)
    model.train_on_batch(huge, 3e4 * np.ones_like(Y))
    assert float(optimizer.dynamic_scale) == 2.0**9
    assert int(model.optimizer.iterations) == steps
    trainable = {id(variable) for variable in model.trainable_variables}
    for variable, value in zip(model.weights, before, strict=True):
        if id(variable) in trainable:
            np.testing.assert_array_equal(variable.numpy(), value)
    seen = []
    watch = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(float(optimizer.dynamic_scale)))
    model.fit(X, Y, batch_size=64, epochs=4, verbose=0, callbacks=[watch])
    assert seen == [2.0**9, 2.0**9, 2.0**10, 2.0**10]


def test_a_scaled_loss_keeps_gradients_that_would_vanish(backend):
    """Gradients of 1e-8 are zero in float16."""
    weight = keras.Variable([1.0])
    tiny = np.array([1e-8], "float32")

    def loss(scale):
        def scaled(values):
            narrow = ops.multiply(ops.cast(weight, "float16"), ops.array(np.float16(1)))
            return ops.sum(ops.cast(scale(ops.multiply(ops.cast(narrow, "float32"), tiny)), "float32"))

        return scaled

    plain = ops.grad(loss(lambda x: x))([weight])[0]
    optimizer = optimizers.LossScaleOptimizer(optimizers.SGD(1.0), initial_scale=2.0**15)
    scaled = ops.grad(loss(optimizer.scale_loss))([weight])[0]
    assert float(ops.convert_to_numpy(plain)[0]) == 0
    np.testing.assert_allclose(ops.convert_to_numpy(scaled)[0] / 2.0**15, 1e-8, rtol=2.0**-10)
