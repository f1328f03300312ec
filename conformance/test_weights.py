"""What makes weights and keeps them in bounds, and activations, on a backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from polykeras import activations, constraints, initializers, layers, ops, regularizers
from polykeras.backend import Backend, numpy_dtype, using
from polykeras.initializers import Initializer
from polykeras.random import SeedGenerator
from polykeras.settings import EMBEDDED, settings
from polykeras.state import Variable

SHAPE = (4, 1, 6)
MATRIX = (4, 6)
DTYPES = ("float32", "float64", "bfloat16")
INITIALIZERS: dict[str, tuple[Callable[[Any], Initializer], tuple[int, ...]]] = {
    "Constant": (lambda seed: initializers.Constant(np.array([0.1, -2.0, 3.0, 0.0, 1e-3, 5.0])), SHAPE),
    "GlorotNormal": (initializers.GlorotNormal, SHAPE),
    "GlorotUniform": (initializers.GlorotUniform, SHAPE),
    "HeNormal": (initializers.HeNormal, SHAPE),
    "HeUniform": (initializers.HeUniform, SHAPE),
    "Identity": (lambda seed: initializers.Identity(1.1), MATRIX),
    "LecunNormal": (initializers.LecunNormal, SHAPE),
    "LecunUniform": (initializers.LecunUniform, SHAPE),
    "Ones": (lambda seed: initializers.Ones(), SHAPE),
    "Orthogonal": (lambda seed: initializers.Orthogonal(1.1, seed), SHAPE),
    "RandomNormal": (lambda seed: initializers.RandomNormal(1.0, 0.3, seed), SHAPE),
    "RandomUniform": (lambda seed: initializers.RandomUniform(-0.3, 0.1, seed), SHAPE),
    "STFT": (lambda seed: initializers.STFT("imag", "hamming", "spectrum"), SHAPE),
    "TruncatedNormal": (lambda seed: initializers.TruncatedNormal(1.0, 0.3, seed), SHAPE),
    "VarianceScaling": (lambda seed: initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal", seed), SHAPE),
    "Zeros": (lambda seed: initializers.Zeros(), SHAPE),
}


def classes_of(module: Any, base: type) -> set[str]:
    """The names of the public classes of a module that derive from one of them, without other names for the same."""
    found = {name: getattr(module, name) for name in module.__all__}
    return {name for name, cls in found.items() if isinstance(cls, type) and cls.__name__ == name} - {base.__name__}


def bits_of(x: Any) -> bytes:
    return np.asarray(ops.convert_to_numpy(x)).tobytes()


def test_everything_has_a_case() -> None:
    assert set(INITIALIZERS) == classes_of(initializers, Initializer)
    assert set(REGULARIZERS) == classes_of(regularizers, regularizers.Regularizer)
    assert {name.partition(" ")[0] for name in CONSTRAINTS} == classes_of(constraints, constraints.Constraint)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_first_values_have_the_same_bits_everywhere(name: str, backend: Backend) -> None:
    make, shape = INITIALIZERS[name]
    for dtype in set(DTYPES) & set(backend.dtypes):
        with using(EMBEDDED):
            expected = bits_of(make(7)(shape, dtype))
        with using(backend):
            initializer = make(7)
            found = initializer(shape, dtype)
            assert isinstance(found, backend.array_types)
            variable = Variable(initializer, shape, dtype)
        assert ops.shape(found) == shape
        assert np.asarray(ops.convert_to_numpy(found)).dtype == numpy_dtype(dtype)
        assert bits_of(found) == expected
        assert bits_of(variable) == expected


def test_a_seed_generator_of_any_backend_gives_the_same_bits(backend: Backend) -> None:
    drawn = []
    for home in (EMBEDDED, backend):
        with using(home):
            initializer = initializers.RandomNormal(seed=SeedGenerator(3))
            drawn.append([bits_of(initializer((64,))) for _ in range(2)])
    assert drawn[0] == drawn[1]
    assert drawn[0][0] != drawn[0][1]


# Penalties and constraints ---------------------------------------------------------------------------------

W = np.array([[3.0, -4.0, 0.25], [0.5, 2.0, -1.0], [-1.5, 0.75, 0.0], [1.0, 0.1, -3.0]])
ROUNDINGS = 32 * 2.0**-52
"""Relative errors in float64: a sum of 12 numbers, a root, a quotient and products."""


def orthogonality(w: np.ndarray) -> Any:
    """The mean absolute cosine between different rows."""
    unit = w / np.linalg.norm(w, axis=1, keepdims=True)
    cosines = np.abs(unit @ unit.T)
    return (cosines.sum() - np.trace(cosines)) / (len(w) * (len(w) - 1))


REGULARIZERS: dict[str, tuple[Any, Callable[[np.ndarray], Any]]] = {
    "L1": (regularizers.L1(0.1), lambda w: 0.1 * np.abs(w).sum()),
    "L2": (regularizers.L2(0.1), lambda w: 0.1 * (w**2).sum()),
    "L1L2": (regularizers.L1L2(0.1, 0.2), lambda w: 0.1 * np.abs(w).sum() + 0.2 * (w**2).sum()),
    "OrthogonalRegularizer": (
        regularizers.OrthogonalRegularizer(0.3, "columns"),
        lambda w: 0.3 * orthogonality(w.T),
    ),
}


def slope_of(function: Callable[[np.ndarray], Any], w: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """The gradient by central differences, which is 0 at the corner of an absolute value."""
    slope = np.zeros_like(w)
    for place in np.ndindex(w.shape):
        change = np.zeros_like(w)
        change[place] = step
        slope[place] = (function(w + change) - function(w - change)) / (2 * step)
    return slope


FANS = {"Glorot": (1.0, (64 + 128) / 2), "He": (2.0, 64), "Lecun": (1.0, 64)}
"""By the name of its inventor, the factor of a variance and what it is divided by, for 64 inputs and 128 outputs."""


@pytest.mark.parametrize("kind", ["Normal", "Uniform"])
@pytest.mark.parametrize("name", FANS)
def test_first_values_have_the_variance_that_their_inventors_chose(name: str, kind: str, backend: Backend) -> None:
    factor, fan = FANS[name]
    with using(backend):
        values = ops.convert_to_numpy(getattr(initializers, f"{name}{kind}")(0)((64, 128), "float64"))
    share = float(np.var(values)) * fan / factor
    assert abs(share - 1) < 5 * (2 / values.size) ** 0.5, share  # five times the deviation of a normal's variance


@pytest.mark.parametrize("unit_forget_bias", [True, False])
def test_the_gate_of_an_lstm_that_keeps_is_open_at_first(unit_forget_bias: bool, backend: Backend) -> None:
    with using(backend):
        cell = layers.LSTMCell(2, unit_forget_bias=unit_forget_bias)
        cell.build((None, 3))
        first = ops.convert_to_numpy(cell.bias)
    assert first.tolist() == [0, 0, *[float(unit_forget_bias)] * 2, 0, 0, 0, 0]


@pytest.mark.parametrize("name", REGULARIZERS)
def test_penalties_and_their_gradients(name: str, backend: Backend) -> None:
    regularizer, formula = REGULARIZERS[name]
    with using(backend):
        value, slope = ops.value_and_grad(regularizer)(ops.array(W))
    assert isinstance(value, backend.array_types)
    np.testing.assert_allclose(float(value), formula(W), rtol=ROUNDINGS)
    # Differences of 1e-6 cancel 10 of 16 digits, and leave a cubic term of 1e-12.
    np.testing.assert_allclose(ops.convert_to_numpy(slope), slope_of(formula, W), rtol=0, atol=1e-8)


def test_penalties_without_factors_are_nothing(backend: Backend) -> None:
    with using(backend):
        value, slope = ops.value_and_grad(regularizers.L1L2())(ops.array([np.inf, 1.0]))
        lonely = regularizers.OrthogonalRegularizer()(ops.array(W[:1]))
    assert (float(value), float(lonely)) == (0.0, 0.0)
    assert not np.any(ops.convert_to_numpy(slope))


def scaled(w: np.ndarray, low: float, high: float, rate: float, axis: Any) -> np.ndarray:
    """Weights of which the norms are brought between bounds, as far as the rate goes."""
    norms = np.sqrt((w**2).sum(axis=axis, keepdims=True))
    return w * (rate * np.clip(norms, low, high) + (1 - rate) * norms) / (norms + settings.epsilon)


CONSTRAINTS: dict[str, tuple[Any, Callable[[np.ndarray], np.ndarray]]] = {
    "NonNeg": (constraints.NonNeg(), lambda w: np.maximum(w, 0)),
    "UnitNorm": (constraints.UnitNorm(1), lambda w: scaled(w, 1, 1, 1, 1)),
    "MaxNorm": (constraints.MaxNorm(2.5), lambda w: scaled(w, 0, 2.5, 1, 0)),
    "MaxNorm of all": (constraints.MaxNorm(2.5, [0, 1]), lambda w: scaled(w, 0, 2.5, 1, (0, 1))),
    "MinMaxNorm": (constraints.MinMaxNorm(2.0, 3.0), lambda w: scaled(w, 2.0, 3.0, 1, 0)),
    "MinMaxNorm by half": (constraints.MinMaxNorm(2.0, 3.0, 0.5, 1), lambda w: scaled(w, 2.0, 3.0, 0.5, 1)),
}


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_constraints(name: str, backend: Backend) -> None:
    constraint, formula = CONSTRAINTS[name]
    with using(backend):
        found = constraint(ops.array(W))
        of_variable = constraint(Variable(W))
        of_list = constraint(W.tolist())
    assert isinstance(found, backend.array_types)
    np.testing.assert_allclose(ops.convert_to_numpy(found), formula(W), rtol=ROUNDINGS)
    assert bits_of(of_variable) == bits_of(found)
    # Lists of numbers become floatx, float32 here: each number rounds before anything is computed.
    np.testing.assert_allclose(ops.convert_to_numpy(of_list), formula(W), rtol=32 * 2.0**-23)


def test_constraints_keep_what_is_not_a_number(backend: Backend) -> None:
    with using(backend):
        found = ops.convert_to_numpy(constraints.NonNeg()(ops.array([np.nan, -1.0, np.inf])))
    np.testing.assert_array_equal(found, [np.nan, 0.0, np.inf])


# Activations -----------------------------------------------------------------------------------------------

X = np.array([[-7.0, -1.0, -0.25, 0.0], [0.5, 2.0, 6.0, 9.0]], "float32")
OPS_OF_ANOTHER_NAME = {"exponential": "exp", "hard_swish": "hard_silu", "swish": "silu"}
ARGUMENTS = {"threshold": {"threshold": 0.5, "default_value": -1.0}}
OWN = ("deserialize", "get", "linear", "mish", "relu", "serialize")


def mish(x: np.ndarray) -> np.ndarray:
    return x * np.tanh(np.logaddexp(0, x))


def relu(x: np.ndarray, slope: float, most: float | None, threshold: float) -> np.ndarray:
    """Rises from the threshold on, up to the most; below it, falls with the slope."""
    rising = np.where(x > threshold, x, slope * (x - threshold))
    return rising if most is None else np.minimum(rising, most)


def test_activations_are_their_ops(backend: Backend) -> None:
    for name in sorted(set(activations.__all__) - set(OWN)):
        arguments, where_ops_differ = ARGUMENTS.get(name, {}), {"approximate": False} if name == "gelu" else {}
        with using(backend):
            x = ops.array(X)
            found = activations.get(name)(x, **arguments)
            expected = getattr(ops, OPS_OF_ANOTHER_NAME.get(name, name))(x, **arguments, **where_ops_differ)
        assert isinstance(found, backend.array_types), name
        assert bits_of(found) == bits_of(expected), name
    with using(backend):
        assert activations.linear(x) is x
        # Six roundings, and a hyperbolic tangent and a logarithm of up to 4 units each.
        np.testing.assert_allclose(
            ops.convert_to_numpy(activations.mish(x)), mish(X.astype("float64")), rtol=16 * 2.0**-23, atol=1e-7
        )


@pytest.mark.parametrize("slope", [0.0, 0.25])
@pytest.mark.parametrize("most", [None, 6.0])
@pytest.mark.parametrize("threshold", [0.0, 0.5])
def test_relu_has_a_slope_a_cap_and_a_threshold(
    slope: float, most: float | None, threshold: float, backend: Backend
) -> None:
    x = np.array([*X.ravel(), np.nan, -np.inf, np.inf])  # multiples of a quarter: nothing rounds
    with np.errstate(invalid="ignore"):
        expected = relu(x, slope, most, threshold)
    if not slope:
        expected[x <= threshold] = 0.0  # also where it is 0 times infinity
    with using(backend):
        found = activations.relu(ops.array(x), slope, most, threshold)
    np.testing.assert_array_equal(ops.convert_to_numpy(found), expected)


def test_the_cap_of_relu_has_the_gradient_of_relu6(backend: Backend) -> None:
    with using(backend):
        x = ops.array([0.0, 3.0, 6.0, 7.0])
        slopes = [
            ops.convert_to_numpy(ops.grad(lambda x, f=f: ops.sum(f(x)))(x))
            for f in (lambda x: activations.relu(x, max_value=6.0), ops.relu6)
        ]
    np.testing.assert_array_equal(slopes[0], slopes[1])
    np.testing.assert_array_equal(slopes[0], [0.0, 1.0, 0.0, 0.0])
