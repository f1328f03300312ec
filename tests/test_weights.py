"""Initializers, regularizers, constraints, activations and dtype policies: names, configurations, mistakes."""

from __future__ import annotations

import numpy as np
import pytest

import polykeras
from polykeras import activations, config, constraints, dtype_policies, initializers, ops, regularizers
from polykeras.errors import ArgumentError, SerializationError, ShapeError
from polykeras.initializers.windows import WINDOWS, window
from polykeras.random import SeedGenerator, set_random_seed
from polykeras.registry import deserialize_keras_object, register_keras_serializable, serialize_keras_object

SEEDED = {"module": "keras.random", "class_name": "SeedGenerator", "registered_name": None}
ARRAY = {"class_name": "__numpy__", "config": {"value": [1.0, 2.0], "dtype": "float32"}}
DRAWN = {"seed": None}
NAMED = {"seed": None, "input_axes": None, "output_axes": None}
# As Keras 3.15.1 writes them, with two exceptions: it forgets the gain of Identity, and rounds the factors of L1 and L2
# to float32.
CONFIGURATIONS = [
    (initializers.Zeros(), {}),
    (initializers.Ones(), {}),
    (initializers.Constant(2.0), {"value": 2.0}),
    (initializers.Constant(np.array([1, 2], "float32")), {"value": ARRAY}),
    (initializers.Identity(2.0), {"gain": 2.0}),
    (initializers.STFT(), {"side": "real", "window": "hann", "periodic": False, "scaling": "density"}),
    (
        initializers.STFT("imag", [1.0, 2.0], None, True),
        {"side": "imag", "window": [1.0, 2.0], "periodic": True, "scaling": None},
    ),
    (
        initializers.RandomNormal(seed=SeedGenerator(3, name="mine")),
        {"seed": {**SEEDED, "config": {"seed": 3, "name": "mine"}}, "mean": 0.0, "stddev": 0.05},
    ),
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


def policy_data(name, config, module="keras.dtype_policies"):
    return {"module": module, "class_name": name, "config": config, "registered_name": None}


NARROW = policy_data("DTypePolicy", {"name": "float16"}, "keras")
POLICIES = [
    (polykeras.DTypePolicy("mixed_float16"), policy_data("DTypePolicy", {"name": "mixed_float16"}, "keras")),
    (polykeras.FloatDTypePolicy("float16"), policy_data("FloatDTypePolicy", {"name": "float16"}, "keras")),
    *(
        (
            dtype_policies.get(f"{mode}_from_float32"),
            policy_data(kind, {"mode": mode, "source_name": "float32", **more}),
        )
        for mode, kind, more in [
            ("int8", "QuantizedDTypePolicy", {}),
            ("int4", "QuantizedDTypePolicy", {}),
            ("float8", "QuantizedFloat8DTypePolicy", {"amax_history_length": 1024}),
            ("int4/32", "Int4DTypePolicy", {}),
            ("gptq/4/128", "GPTQDTypePolicy", {}),
            ("awq/4/-1", "AWQDTypePolicy", {}),
        ]
    ),
    (
        dtype_policies.DTypePolicyMap("float64", {"a": polykeras.DTypePolicy("float16")}),
        policy_data("DTypePolicyMap", {"default_policy": "float64", "policy_map": {"a": NARROW}}),
    ),
]


@pytest.mark.parametrize(("policy", "data"), POLICIES, ids=lambda x: getattr(x, "name", ""))
def test_dtype_policies_are_written_as_keras_writes_them(policy, data):
    assert dtype_policies.serialize(policy) == data
    assert dtype_policies.deserialize(data) == policy
    assert dtype_policies.get({**data, "module": None}) == policy


def test_older_names_of_policies_are_equal_to_new_ones():
    assert polykeras.FloatDTypePolicy("float16") == polykeras.DTypePolicy("float16")
    assert repr(polykeras.FloatDTypePolicy("float16")) == '<DTypePolicy "float16">'
    assert dtype_policies.get("gptq/4/128_from_float32") != dtype_policies.get("gptq/4/64_from_float32")
    assert polykeras.DTypePolicy("float16") != dtype_policies.get("int8_from_float32")


@pytest.mark.parametrize("name", sorted(set(initializers.__all__) - {"Initializer", "get"}))
def test_initializers_are_found_by_name_and_keep_their_values(name):
    if name in ("serialize", "deserialize"):
        return
    initializer, shape = initializers.get(name), (4, 1, 3) if "stft" in name.lower() else (3, 2)
    first = ops.convert_to_numpy(initializer(shape, "float64"))
    assert (first.shape, first.dtype) == (shape, "float64")
    np.testing.assert_array_equal(first, initializer(shape, "float64"))


def test_arrays_stand_for_their_own_values(backend):
    given = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")
    for found in (initializers.get(given), initializers.get(ops.array(given))):
        np.testing.assert_array_equal(ops.convert_to_numpy(found((2, 2))), given)
        with pytest.raises(ArgumentError, match=r"broadcasts to \(3, 3\); got shape \(2, 2\)"):
            found((3, 3))


def test_one_axis_may_be_given_as_its_size():
    for name in ("zeros", "constant", "he_normal"):
        assert ops.shape(initializers.get(name)(3)) == (3,)


def test_a_seed_generator_serves_compiled_functions(backend):
    seed = SeedGenerator(3)
    initializer = initializers.RandomUniform(seed=seed)
    draw = polykeras.compile(lambda: initializer((8,)), variables=[seed.state])
    found = [ops.convert_to_numpy(draw()) for _ in range(2)]
    again = initializers.RandomUniform(seed=SeedGenerator(3))
    np.testing.assert_array_equal(found, [ops.convert_to_numpy(again((8,))) for _ in range(2)])


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
    policy = dtype_policies.get("gptq/4/128_from_mixed_bfloat16")
    assert (policy.mode, policy.quantization_mode) == ("gptq", "gptq")
    assert (policy.weight_bits, policy.group_size) == (4, 128)
    assert (policy.compute_dtype, policy.variable_dtype) == ("bfloat16", "float32")


def test_the_global_policy_is_that_of_layers_that_are_given_none():
    config.set_dtype_policy("mixed_bfloat16")
    try:
        assert polykeras.DTypePolicy().compute_dtype == "bfloat16"
        assert polykeras.mixed_precision.global_policy().name == "mixed_bfloat16"
    finally:
        config.set_dtype_policy(None)
    assert config.dtype_policy().name == "float32"


def test_a_map_can_be_the_global_policy():
    policies = dtype_policies.DTypePolicyMap(policy_map={"a": "float16"})
    config.set_dtype_policy(policies)
    try:
        assert config.dtype_policy() is policies
        assert (policies["a"].name, policies["b"].name) == ("float16", "float32")
        assert dtype_policies.DTypePolicyMap()["b"].name == "float32"
    finally:
        config.set_dtype_policy(None)


def test_policies_cast_floats_of_arrays_only(backend):
    policy = polykeras.DTypePolicy("mixed_bfloat16")
    cast = {
        name: ops.dtype(policy.convert_input(x, autocast, policy.compute_dtype))
        for name, x, autocast in [
            ("floats", ops.array([1.0]), True),
            ("host", np.array([1.0]), True),
            ("integers", ops.array([1]), True),
            ("as they are", ops.array([1.0]), False),
            ("symbols", polykeras.Spec((None, 2), "float32"), True),
        ]
    }
    assert cast == {
        "floats": "bfloat16",
        "host": "bfloat16",
        "integers": "int32",
        "as they are": "float32",
        "symbols": "bfloat16",
    }
    for value in (1.0, [1.0], None, "text"):
        assert policy.convert_input(value, True, "bfloat16") is value


def test_classes_without_a_configuration_say_so():
    class Mine(regularizers.Regularizer):
        pass

    assert Mine()(1.0) == 0.0
    with pytest.raises(NotImplementedError, match="Mine has no method get_config"):
        serialize_keras_object(Mine())
    assert constraints.Constraint()(1.0) == 1.0


def test_functions_of_yours_are_written_by_the_name_that_they_are_registered_by():
    @register_keras_serializable("weights")
    def twice(x):
        return 2 * x

    data = {
        "module": "builtins",
        "class_name": "function",
        "config": "weights>twice",
        "registered_name": "function",
    }
    for family in (activations, initializers, regularizers, constraints):
        assert family.serialize(twice) == data
        assert family.get(data) is twice
    assert activations.serialize(activations.relu) == "relu"


# The first half of each symmetric window of 7 samples, recorded from SciPy 1.17.
SEVEN = {
    "boxcar": [1.0, 1.0, 1.0, 1.0],
    "hann": [0.0, 0.2499999999999999, 0.75, 1.0],
    "hamming": [0.0800000000000001, 0.3099999999999999, 0.77, 1.0],
    "blackman": [-0.0, 0.1299999999999999, 0.6299999999999999, 0.9999999999999999],
    "nuttall": [0.0003628, 0.0613345, 0.5292298, 1.0],
    "blackmanharris": [6e-05, 0.055645, 0.5205749999999999, 1.0],
    "flattop": [-0.000421051, -0.051263156, 0.1982105299999999, 1.000000003],
    "bartlett": [0.0, 0.3333333333333333, 0.6666666666666666, 1.0],
    "triang": [0.25, 0.5, 0.75, 1.0],
    "parzen": [0.0058309037900875, 0.1574344023323616, 0.6501457725947521, 1.0],
    "bohman": [0.0, 0.1089977810442293, 0.6089977810442293, 1.0],
    "barthann": [0.0, 0.2699999999999999, 0.73, 1.0],
    "cosine": [0.2225209339563144, 0.6234898018587335, 0.9009688679024191, 1.0],
    "exponential": [0.0497870683678639, 0.1353352832366127, 0.3678794411714423, 1.0],
    "lanczos": [0.0, 0.4134966715663439, 0.8269933431326882, 1.0],
    "tukey": [0.0, 0.75, 1.0, 1.0],
    "taylor": [0.2900953127271473, 0.5782126011092212, 0.8780082248652833, 1.0],
}


@pytest.mark.parametrize("name", WINDOWS)
def test_windows_are_those_of_scipy(name):
    first = np.array(SEVEN[name])
    np.testing.assert_allclose(window(name, 7), [*first, *first[-2::-1]], atol=1e-15)  # a few roundings of numbers to 1
    np.testing.assert_allclose(window(name, 6, periodic=True), window(name, 7)[:6], rtol=0)
    np.testing.assert_array_equal(window(name, 1, periodic=True), [1.0])


def test_policies_by_path():
    policies = dtype_policies.DTypePolicyMap("float64", {"a/b": "float16", "c/.*": "mixed_float16"})
    assert [policies[path].name for path in ("a/b", "c/d", "e")] == ["float16", "mixed_float16", "float64"]
    assert (policies.name, policies.compute_dtype, policies.variable_dtype) == ("map_float64", "float64", "float64")
    assert (list(policies), len(policies), "c/d" in policies) == (["a/b", "c/.*"], 2, False)
    again = deserialize_keras_object(serialize_keras_object(policies))
    assert [again[path].name for path in ("a/b", "c/d", "e")] == ["float16", "mixed_float16", "float64"]
    policies["c/d.*"] = "float32"
    with pytest.raises(ArgumentError, match="c/dd"):
        policies["c/dd"]


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: initializers.get("glorot_unifrom"), "glorot_uniform"),
        (lambda: initializers.VarianceScaling(-1.0), "scale to be a positive number; got -1.0"),
        (lambda: initializers.VarianceScaling(mode="fan"), "fan_in, fan_out, fan_avg; got 'fan'"),
        (lambda: initializers.VarianceScaling(distribution="beta"), "uniform; got 'beta'"),
        (lambda: initializers.Identity()((2, 3, 4)), r"shape of a matrix; got \(2, 3, 4\)"),
        (lambda: initializers.Orthogonal()((3,)), r"two axes or more; got \(3,\)"),
        (lambda: initializers.RandomNormal(seed=1.5), "an integer from 0 to .* SeedGenerator or None; got 1.5"),
        (lambda: initializers.STFT("both"), "'real' or 'imag'; got 'both'"),
        (lambda: regularizers.L1(-1.0), "l1 to be a number from 0; got -1.0"),
        (lambda: regularizers.get("l3"), "l1"),
        (lambda: constraints.get("max_nrom"), "max_norm"),
        (lambda: activations.get("rleu"), "relu"),
        (lambda: dtype_policies.get("mixed_float32"), "'mixed_float16', 'mixed_bfloat16'; got 'mixed_float32'"),
        (lambda: dtype_policies.get("floaty"), "got 'floaty'"),
        (lambda: dtype_policies.get("gptq/4_from_float32"), "gptq/<weight_bits>/<group_size> .*got 'gptq/4'"),
        (lambda: dtype_policies.get("gptq/5/128_from_float32"), "one of 2, 3, 4, 8; got 5 in 'gptq/5/128'"),
        (lambda: dtype_policies.get("int4/0_from_float32"), "block_size to be -1 .*; got 0 in 'int4/0'"),
        (lambda: dtype_policies.get("int8_from_float16"), "more than float16; got 'float16'"),
        (lambda: dtype_policies.get("int8"), "as in 'int8_from_float32'; got 'int8'"),
        (lambda: dtype_policies.QuantizedDTypePolicy("int2"), "int8, float8, int4, gptq, awq; got 'int2'"),
        (lambda: dtype_policies.QuantizedFloat8DTypePolicy("float8", None, 2.0), "an integer; got 2.0"),
        (lambda: dtype_policies.DTypePolicyMap(dtype_policies.DTypePolicyMap()), "no maps themselves"),
        (lambda: dtype_policies.DTypePolicyMap("float32", {"a": "float16"}).update(a="float32"), "'a' has a policy"),
        (lambda: initializers.RandomNormal(seed=-1), "from 0 to .* got -1"),
        (lambda: initializers.VarianceScaling("two"), "a positive number; got 'two'"),
        (lambda: initializers.HeNormal(input_axes=[5])((2, 2)), "axis 5 is out of range"),
        (lambda: initializers.STFT(window="hnan"), "one of boxcar, hann,.*got 'hnan'"),
        (lambda: initializers.STFT(window=np.ones(3))((4, 1, 3)), r"each of 4 samples; got shape \(3,\)"),
        (lambda: initializers.STFT()((4, 1, 1)), r"2 frequencies or more; got \(4, 1, 1\)"),
        (lambda: regularizers.get({"nonsense": 1}), "a callable; got {'nonsense': 1}"),
        (lambda: regularizers.OrthogonalRegularizer()(np.ones(3)), r"expected a matrix; got shape \(3,\)"),
    ],
)
def test_mistakes_are_explained(mistake, message):
    with pytest.raises((ArgumentError, SerializationError, ShapeError), match=message):
        mistake()
