"""Initializers, regularizers, constraints, activations and dtype policies: names, configurations, mistakes."""

from __future__ import annotations

import numpy as np
import pytest

import polykeras
from polykeras import activations, config, constraints, dtype_policies, initializers, ops, regularizers
from polykeras.errors import ArgumentError, SerializationError
from polykeras.random import SeedGenerator, set_random_seed
from polykeras.registry import deserialize_keras_object, serialize_keras_object

DRAWN = {"seed": None}
NAMED = {"seed": None, "input_axes": None, "output_axes": None}
CONFIGURATIONS = [  # as Keras 3.15.1 writes them
    (initializers.Zeros(), {}),
    (initializers.Ones(), {}),
    (initializers.Constant(2.0), {"value": 2.0}),
    (initializers.STFT(), {"side": "real", "window": "hann", "periodic": False, "scaling": "density"}),
    (initializers.Orthogonal(), {**DRAWN, "gain": 1.0}),
    (initializers.RandomNormal(), {**DRAWN, "mean": 0.0, "stddev": 0.05}),
    (initializers.TruncatedNormal(), {**DRAWN, "mean": 0.0, "stddev": 0.05}),
    (initializers.RandomUniform(), {**DRAWN, "minval": -0.05, "maxval": 0.05}),
    (
        initializers.VarianceScaling(),
        {**NAMED, "scale": 1.0, "mode": "fan_in", "distribution": "truncated_normal"},
    ),
    *((cls(), NAMED) for cls in (initializers.GlorotNormal, initializers.GlorotUniform, initializers.HeNormal)),
    *((cls(), NAMED) for cls in (initializers.HeUniform, initializers.LecunNormal, initializers.LecunUniform)),
    (regularizers.L1(), {"l1": 0.01}),
    (regularizers.L2(0.5), {"l2": 0.5}),
    (regularizers.L1L2(0.1, 0.2), {"l1": 0.1, "l2": 0.2}),
    (regularizers.OrthogonalRegularizer(), {"factor": 0.01, "mode": "rows"}),
    (constraints.NonNeg(), {}),
    (constraints.MaxNorm(), {"max_value": 2, "axis": 0}),
    (constraints.UnitNorm(), {"axis": 0}),
    (constraints.MinMaxNorm(), {"min_value": 0.0, "max_value": 1.0, "rate": 1.0, "axis": 0}),
]


@pytest.mark.parametrize(("obj", "expected"), CONFIGURATIONS, ids=lambda x: type(x).__name__)
def test_configurations_are_those_of_keras(obj, expected):
    kind = type(obj).__module__.split(".")[1]
    data = {"module": f"keras.{kind}", "class_name": type(obj).__name__, "config": expected, "registered_name": None}
    assert serialize_keras_object(obj) == data
    assert deserialize_keras_object(data).get_config() == expected


def test_dtype_policies_are_written_as_keras_writes_them():
    data = {
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": {"name": "mixed_float16"},
        "registered_name": None,
    }
    assert serialize_keras_object(polykeras.DTypePolicy("mixed_float16")) == data
    assert deserialize_keras_object(data).compute_dtype == "float16"


@pytest.mark.parametrize("name", sorted(set(initializers.__all__) - {"Initializer", "RandomInitializer", "get"}))
def test_initializers_are_found_by_name_and_keep_their_values(name):
    if name in ("serialize", "deserialize"):
        return
    initializer, shape = initializers.get(name), (4, 1, 3) if "stft" in name.lower() else (3, 2)
    first = ops.convert_to_numpy(initializer(shape, "float64"))
    assert (first.shape, first.dtype) == (shape, "float64")
    np.testing.assert_array_equal(first, initializer(shape, "float64"))


def test_the_seed_of_the_process_determines_initializers():
    def drawn():
        set_random_seed(3)
        return initializers.HeNormal()((4, 5)), initializers.HeNormal()((4, 5))

    (one, other), (again, _) = drawn(), drawn()
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_a_seed_generator_gives_other_values_each_time():
    initializer = initializers.RandomUniform(seed=SeedGenerator(1))
    assert not np.array_equal(initializer((3,)), initializer((3,)))


@pytest.mark.parametrize(
    ("initializer", "shape", "mean", "variance"),
    [
        (initializers.GlorotUniform(1), (100, 300), 0, 2 / 400),
        (initializers.GlorotNormal(1), (100, 300), 0, 2 / 400),
        (initializers.HeNormal(1), (3, 3, 32, 64), 0, 2 / 288),
        (initializers.LecunUniform(1), (3, 3, 32, 64), 0, 1 / 288),
        (initializers.VarianceScaling(3.0, "fan_out", "untruncated_normal", 1), (50, 400), 0, 3 / 400),
        (initializers.VarianceScaling(3.0, "fan_in", "uniform", 1, (0,), (1, 2)), (40, 50, 20), 0, 3 / 40),
        (initializers.RandomNormal(1.0, 0.5, 1), (20000,), 1, 0.25),
        (initializers.RandomUniform(1.0, 3.0, 1), (20000,), 2, 4 / 12),
    ],
)
def test_initializers_have_the_moments_of_their_distributions(initializer, shape, mean, variance):
    values = np.asarray(initializer(shape), "float64")
    # Five standard deviations of the sample moments; the fourth moment of these distributions is at most 3 variances.
    assert abs(values.mean() - mean) < 5 * np.sqrt(variance / values.size)
    assert abs(values.var() / variance - 1) < 5 * np.sqrt(2 / values.size)


def test_an_orthogonal_matrix_has_orthonormal_rows_or_columns():
    for shape in ((3, 5), (5, 3), (2, 2, 3)):
        q = np.asarray(initializers.Orthogonal(2.0, 1)(shape, "float64")).reshape(-1, shape[-1])
        product = q @ q.T if q.shape[0] <= q.shape[1] else q.T @ q
        np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-14)  # a dozen roundings


def test_the_waves_of_a_short_fourier_transform():
    n, window = np.arange(5)[:, None], np.array([0, 0.5, 1, 0.5, 0])[:, None]
    angles, power = 2 * np.pi * n * np.arange(3) / 4, np.sqrt(1.5)
    for side, waves in (("real", np.cos(angles)), ("imag", -np.sin(angles))):
        found = initializers.STFT(side)((5, 1, 3), "float64")
        np.testing.assert_allclose(found[:, 0], waves * window / power, atol=1e-15)  # one rounding
    plain = initializers.STFT("real", None)((5, 1, 3), "float64")
    np.testing.assert_allclose(plain[:, 0], np.cos(angles), atol=1e-15)


def test_values_and_bits_are_the_same_on_every_backend(backend):
    for initializer in (initializers.GlorotUniform(7), initializers.HeNormal(7), initializers.Orthogonal(seed=7)):
        found = initializer((4, 6))
        assert isinstance(found, backend.array_types)
        with polykeras.using("numpy"):
            np.testing.assert_array_equal(ops.convert_to_numpy(found), initializer((4, 6)))
        np.testing.assert_array_equal(polykeras.Variable(initializer, (4, 6)).numpy(), ops.convert_to_numpy(found))


X = np.array([[3.0, -4.0, 0.0], [0.5, 2.0, -1.0]])


def test_regularizers_and_their_gradients(backend):
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    overlap = abs(unit[0] @ unit[1])
    cases = [
        (regularizers.L1(0.1), 0.1 * np.abs(X).sum(), 0.1 * np.sign(X)),
        (regularizers.L2(0.1), 0.1 * (X**2).sum(), 0.2 * X),
        (regularizers.L1L2(0.1, 0.2), 0.1 * np.abs(X).sum() + 0.2 * (X**2).sum(), 0.1 * np.sign(X) + 0.4 * X),
        (regularizers.OrthogonalRegularizer(0.1), 0.1 * overlap, None),
    ]
    for regularizer, loss, gradient in cases:
        found, slope = ops.value_and_grad(regularizer)(ops.array(X))
        np.testing.assert_allclose(float(found), loss, rtol=1e-14)  # a dozen roundings
        if gradient is not None:
            np.testing.assert_allclose(ops.convert_to_numpy(slope), gradient, rtol=1e-14)


def test_constraints(backend):
    norms, tiny = np.linalg.norm(X, axis=0), config.epsilon()
    cases = [
        (constraints.NonNeg(), np.maximum(X, 0)),
        (constraints.UnitNorm(), X / (norms + tiny)),
        (constraints.MaxNorm(2.5), X * np.minimum(norms, 2.5) / (norms + tiny)),
        (
            constraints.MinMaxNorm(1.5, 2.0, 0.5),
            X * (0.5 * np.clip(norms, 1.5, 2.0) + 0.5 * norms) / (norms + tiny),
        ),
    ]
    for constraint, expected in cases:
        np.testing.assert_allclose(ops.convert_to_numpy(constraint(ops.array(X))), expected, rtol=1e-14)


@pytest.mark.parametrize("name", sorted(set(activations.__all__) - {"deserialize", "get", "serialize"}))
def test_activations_are_found_by_name(name):
    function = activations.get(name)
    assert function is getattr(activations, name)
    assert activations.get(activations.serialize(function)) is function


def test_activations_with_arguments_of_their_own():
    x = np.array([-1.0, 0.25, 2.0, 7.0])
    np.testing.assert_allclose(activations.relu(x, 0.1, 6.0, 0.5), [-0.15, -0.025, 2.0, 6.0], rtol=1e-15)
    np.testing.assert_allclose(activations.gelu(x), ops.gelu(x, approximate=False))
    np.testing.assert_allclose(activations.mish(x), x * np.tanh(np.log1p(np.exp(x))), rtol=1e-14)
    assert activations.get(None) is activations.linear


def test_policies_of_quantized_layers_have_their_names():
    for name, kind in [
        ("int8_from_float32", "QuantizedDTypePolicy"),
        ("float8_from_mixed_bfloat16", "QuantizedFloat8DTypePolicy"),
        ("int4/32_from_float32", "Int4DTypePolicy"),
        ("gptq/4/128_from_float32", "GPTQDTypePolicy"),
        ("awq/4/128_from_mixed_float16", "AWQDTypePolicy"),
    ]:
        policy = dtype_policies.get(name)
        assert (type(policy).__name__, policy.name) == (kind, name)
        assert deserialize_keras_object(serialize_keras_object(policy)) == policy
    assert dtype_policies.get("gptq/4/128_from_float32").group_size == 128


def test_the_global_policy_is_that_of_layers_that_are_given_none():
    config.set_dtype_policy("mixed_bfloat16")
    try:
        assert polykeras.DTypePolicy().compute_dtype == "bfloat16"
        assert polykeras.mixed_precision.global_policy().name == "mixed_bfloat16"
    finally:
        config.set_dtype_policy(None)
    assert config.dtype_policy().name == "float32"


def test_policies_by_path():
    policies = dtype_policies.DTypePolicyMap("float64", {"a/b": "float16", "c/.*": "mixed_float16"})
    assert [policies[path].name for path in ("a/b", "c/d", "e")] == ["float16", "mixed_float16", "float64"]
    assert dict(deserialize_keras_object(serialize_keras_object(policies))) == dict(policies)
    policies["c/d.*"] = "float32"
    with pytest.raises(ArgumentError, match="c/dd"):
        policies["c/dd"]


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: initializers.get("glorot_unifrom"), "glorot_uniform"),
        (lambda: initializers.VarianceScaling(-1.0), "scale to be positive; got -1.0"),
        (lambda: initializers.VarianceScaling(mode="fan"), "fan_in, fan_out, fan_avg; got 'fan'"),
        (lambda: initializers.VarianceScaling(distribution="beta"), "uniform; got 'beta'"),
        (lambda: initializers.Identity()((2, 3, 4)), r"shape of a matrix; got \(2, 3, 4\)"),
        (lambda: initializers.Orthogonal()((3,)), r"two axes or more; got \(3,\)"),
        (lambda: initializers.RandomNormal(seed=1.5), "seed to be an integer, a SeedGenerator or None; got 1.5"),
        (lambda: initializers.STFT("both"), "'real' or 'imag'; got 'both'"),
        (lambda: regularizers.L1(-1.0), "l1 to be a number from 0; got -1.0"),
        (lambda: regularizers.get("l3"), "l1"),
        (lambda: constraints.get("max_nrom"), "max_norm"),
        (lambda: activations.get("rleu"), "relu"),
        (lambda: dtype_policies.get("mixed_float32"), "mixed_float16 and mixed_bfloat16; got 'mixed_float32'"),
        (lambda: dtype_policies.get("floaty"), "got 'floaty'"),
        (lambda: dtype_policies.get("gptq/4_from_float32"), "gptq/weight_bits/group_size; got 'gptq/4'"),
    ],
)
def test_mistakes_are_explained(mistake, message):
    with pytest.raises((ArgumentError, SerializationError), match=message):
        mistake()
