"""NaN, infinities, both zeros, subnormals and extreme integers: the same results on every backend."""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest

from polykeras import ops
from polykeras.backend import numpy_dtype
from polykeras.errors import DTypeError

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, of what is done here on purpose

INF, NAN = math.inf, math.nan
FLOATS = ("float32", "float64", "float16", "bfloat16")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def listed(x) -> list:
    return np.asarray(ops.convert_to_numpy(x)).astype("float64").tolist()


def assert_same(got, want, what="", zeros=False):
    """Equal numbers, NaN where NaN is expected, and where asked for zeros of the same sign."""
    got = np.asarray(ops.convert_to_numpy(got))
    got, want = (np.asarray(x).astype("float64") for x in (got, want))
    np.testing.assert_array_equal(got, want, err_msg=what)
    if zeros:
        np.testing.assert_array_equal(np.signbit(got), np.signbit(want), err_msg=what)


# Functions of one number -----------------------------------------------------------------------------------

NUMBERS = [0.0, -0.0, INF, -INF, NAN]
UNARY = {
    "abs": [0, 0, INF, INF, NAN],
    "negative": [0, 0, -INF, INF, NAN],
    "sign": [0, 0, 1, -1, NAN],
    "square": [0, 0, INF, INF, NAN],
    "reciprocal": [INF, -INF, 0, 0, NAN],
    "sqrt": [0, 0, INF, NAN, NAN],
    "rsqrt": [INF, -INF, 0, NAN, NAN],
    "exp": [1, 1, INF, 0, NAN],
    "expm1": [0, 0, INF, -1, NAN],
    "log": [-INF, -INF, INF, NAN, NAN],
    "log1p": [0, 0, INF, NAN, NAN],
    "sin": [0, 0, NAN, NAN, NAN],
    "cos": [1, 1, NAN, NAN, NAN],
    "tanh": [0, 0, 1, -1, NAN],
    "erf": [0, 0, 1, -1, NAN],
    "erfc": [1, 1, 0, 2, NAN],
    "erfinv": [0, 0, NAN, NAN, NAN],
    "floor": [0, 0, INF, -INF, NAN],
    "ceil": [0, 0, INF, -INF, NAN],
    "rint": [0, 0, INF, -INF, NAN],
    "relu": [0, 0, INF, 0, NAN],
    "leaky_relu": [0, 0, INF, -INF, NAN],
    "elu": [0, 0, INF, -1, NAN],
    "sigmoid": [0.5, 0.5, 1, 0, NAN],
    "isnan": [0, 0, 0, 0, 1],
    "isinf": [0, 0, 1, 1, 0],
    "isfinite": [1, 1, 0, 0, 0],
    "logical_not": [1, 1, 0, 0, 0],
}


@pytest.mark.parametrize("dtype", FLOATS)
def test_functions_of_special_numbers(backend, dtype):
    x = ops.cast(ops.array(NUMBERS), dtype)
    for name, want in UNARY.items():
        assert_same(getattr(ops, name)(x), want, name)


ZEROS = {
    "negative": (lambda zero: ops.negative(zero), [-0.0, 0.0]),
    "abs": (lambda zero: ops.abs(zero), [0.0, 0.0]),
    "sqrt": (lambda zero: ops.sqrt(zero), [0.0, -0.0]),
    "sin": (lambda zero: ops.sin(zero), [0.0, -0.0]),
    "tanh": (lambda zero: ops.tanh(zero), [0.0, -0.0]),
    "expm1": (lambda zero: ops.expm1(zero), [0.0, -0.0]),
    "floor": (lambda zero: ops.floor(zero), [0.0, -0.0]),
    "ceil": (lambda zero: ops.ceil(zero), [0.0, -0.0]),
    "rint": (lambda zero: ops.rint(zero), [0.0, -0.0]),
    "plus itself": (lambda zero: ops.add(zero, zero), [0.0, -0.0]),
    "minus itself": (lambda zero: ops.subtract(zero, zero), [0.0, 0.0]),
    "times -2": (lambda zero: ops.multiply(zero, -2.0), [-0.0, 0.0]),
    "1 over it": (lambda zero: ops.divide(1.0, zero), [INF, -INF]),
    "halved": (lambda zero: ops.divide(zero, 2.0), [0.0, -0.0]),
    "squared": (lambda zero: ops.square(zero), [0.0, 0.0]),
    "angle to 1": (lambda zero: ops.arctan2(zero, ops.ones_like(zero)), [0.0, -0.0]),
    "reversed": (lambda zero: ops.flip(zero), [-0.0, 0.0]),
    "chosen": (lambda zero: ops.where(ops.isnan(zero), 1.0, zero), [0.0, -0.0]),
}


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_sign_of_zero_survives_where_it_means_something(backend, dtype):
    """In a maximum, a sort, a remainder or a sum, either zero may come out: they are equal."""
    zero = ops.cast(ops.array([0.0, -0.0]), dtype)
    for name, (function, want) in ZEROS.items():
        assert_same(function(zero), want, name, zeros=True)


# Functions of two numbers ----------------------------------------------------------------------------------

ARITHMETIC = ["add", "subtract", "multiply", "divide", "floor_divide", "mod", "maximum", "minimum", "arctan2", "power"]
COMPARISONS = ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_xor"]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ARITHMETIC + COMPARISONS)
def test_pairs_of_special_numbers(backend, name, dtype):
    numbers = np.array([*NUMBERS, 1.0, -1.0, 0.5, -2.5, 3.0], numpy_dtype(dtype))
    x, y = (side.ravel() for side in np.meshgrid(numbers, numbers))
    with np.errstate(all="ignore"):
        want = getattr(np, name)(x, y).astype("float64")
    got = np.asarray(ops.convert_to_numpy(getattr(ops, name)(backend.asarray(x), backend.asarray(y)))).astype("float64")
    # only powers and angles are rounded, a unit or two of each framework's own
    eps = float(ml_dtypes.finfo(numpy_dtype(dtype)).eps) if name in ("power", "arctan2") else 0.0
    np.testing.assert_allclose(got, want, rtol=4 * eps, atol=0)


@pytest.mark.parametrize("dtype", FLOATS)
def test_whole_quotients_and_remainders_fit_together(backend, dtype):
    """Of `x // y` the rounded quotient would be one too high where it is rounded up to a whole number."""
    x, y = np.meshgrid(np.arange(-20, 21), [0.1, 0.3, -0.7, 1.5, 3.0])
    x, y = (side.ravel().astype(numpy_dtype(dtype)) for side in (x, y))
    wide, below = x.astype("float64"), y.astype("float64")
    assert_same(ops.floor_divide(backend.asarray(x), backend.asarray(y)), np.floor_divide(wide, below))
    assert_same(ops.mod(backend.asarray(x), backend.asarray(y)), np.mod(wide, below).astype(x.dtype))


def test_a_number_too_large_becomes_infinite(backend):
    largest = {dtype: float(ml_dtypes.finfo(numpy_dtype(dtype)).max) for dtype in FLOATS}
    for dtype, number in largest.items():
        x = ops.cast(ops.array([number, -number], "float64"), dtype)
        assert listed(x) == [number, -number]
        assert listed(ops.multiply(x, 2)) == listed(ops.add(x, x)) == [INF, -INF]
        assert listed(ops.cast(ops.array([1e39, -1e39], "float64"), "float32")) == [INF, -INF]


# Reductions and sorting ------------------------------------------------------------------------------------

REDUCTIONS = [
    ("max", [1, NAN, 3], NAN),
    ("min", [NAN, -INF], NAN),
    ("max", [-INF, -INF], -INF),
    ("argmax", [1, NAN, INF, NAN], 1),
    ("argmin", [1, -INF, NAN], 2),
    ("argmax", [-INF, -INF], 0),
    ("sum", [INF, -INF], NAN),
    ("sum", [INF, 1], INF),
    ("prod", [INF, 0], NAN),
    ("mean", [INF, 1], INF),
    ("var", [INF, 1], NAN),
    ("any", [NAN], 1),
    ("all", [NAN, -0.0], 0),
    ("count_nonzero", [NAN, -0.0, INF], 2),
    ("logsumexp", [-INF, -INF], -INF),
    ("logsumexp", [INF, 0], INF),
    ("logsumexp", [NAN, INF], NAN),
    ("softmax", [-INF, 0], [0, 1]),
    ("softmax", [-INF, -INF], [NAN, NAN]),
    ("softmax", [0, NAN], [NAN, NAN]),
    ("log_softmax", [-INF, 0], [-INF, 0]),
    ("cumsum", [1, INF, -INF, 1], [1, INF, NAN, NAN]),
    ("cumprod", [0, INF, 1], [0, NAN, NAN]),
    ("sort", [NAN, INF, 0, -INF, 1, NAN], [-INF, 0, 1, INF, NAN, NAN]),
    ("argsort", [NAN, INF, NAN, -INF, INF], [3, 1, 4, 0, 2]),
    ("argsort", [0.0, -0.0, 0.0, -1.0], [3, 0, 1, 2]),
]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("name", "numbers", "want"), REDUCTIONS)
def test_reductions_of_special_numbers(backend, name, numbers, want, dtype):
    assert_same(getattr(ops, name)(ops.cast(ops.array(numbers, "float64"), dtype)), want)


def test_log_softmax_of_infinity(backend):
    got = listed(ops.log_softmax(ops.array([0.0, INF])))
    if "log_softmax of infinity" in backend.gaps:
        assert [math.isnan(x) for x in got] == [True, True]
    else:
        assert got[0] == -INF
        assert math.isnan(got[1])


def test_top_k_and_searchsorted_of_special_numbers(backend):
    values, places = ops.top_k(ops.array([1.0, -INF, INF, 0.0]), 2)
    assert listed(values) == [INF, 1.0]
    assert listed(places) == [2, 0]
    assert listed(ops.searchsorted(ops.array([-INF, 0.0, INF]), ops.array([-INF, -1.0, INF]))) == [0, 1, 2]


@pytest.mark.parametrize("dtype", FLOATS)
def test_nan_comes_after_all_numbers_whatever_its_sign(backend, dtype):
    numbers = np.array([1.0, np.copysign(NAN, -1.0), 2.0])
    values, places = ops.top_k(ops.cast(numbers, dtype), 2)
    assert_same(values, [NAN, 2.0])
    assert listed(places) == [1, 2]
    found = ops.searchsorted(ops.cast(np.array([1.0, NAN]), dtype), ops.cast(np.array([1.0, NAN, 0.5]), dtype))
    assert listed(found) == [0, 1, 0]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_sums_in_16_bits_do_not_stop_where_ones_are_too_small_to_count(backend, dtype):
    many = ops.ones((4096, 2), dtype)  # which both dtypes have, although not the number after it
    assert listed(ops.sum(many, axis=0)) == [4096.0, 4096.0]
    assert listed(ops.average_pool(ops.ones((1, 4096, 1), dtype), 4096)) == [[[1.0]]]


def test_sums_and_variances_over_no_axes(backend):
    numbers = ops.array([1.0, NAN, INF])
    assert_same(ops.nansum(numbers, axis=()), [1.0, 0.0, INF])
    assert listed(ops.nansum(ops.array(NAN))) == 0.0
    assert_same(ops.var(numbers, axis=()), [0.0, NAN, NAN])
    assert ops.dtype(ops.var(ops.array(1 + 2j))) == "float32"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_whole_quotients_in_16_bits_are_those_of_32_rounded(backend, dtype):
    generator = np.random.default_rng(0)
    x1 = (generator.normal(size=2000) * 100).astype(numpy_dtype(dtype)).astype("float32")
    x2 = (generator.normal(size=2000) / 2).astype(numpy_dtype(dtype)).astype("float32")
    with np.errstate(over="ignore"):
        wanted = (x1 // x2).astype(numpy_dtype(dtype))
    assert_same(ops.floor_divide(ops.cast(x1, dtype), ops.cast(x2, dtype)), wanted)


# Integers --------------------------------------------------------------------------------------------------


def extremes(dtype: str) -> np.ndarray:
    limits = np.iinfo(dtype)
    return np.array(sorted({limits.min, limits.min + 1, 0, 1, 2, limits.max // 2, limits.max - 1, limits.max}), dtype)


def exact(backend, dtype: str) -> np.ndarray:
    """The extreme integers, as far as a backend has arithmetic for them."""
    numbers = extremes(dtype)
    return numbers[numbers < 2**63] if dtype == "uint64" and "uint64" in backend.gaps else numbers


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_wrap_around(backend, dtype):
    x, y = (side.ravel() for side in np.meshgrid(exact(backend, dtype), exact(backend, dtype)))
    one, other = backend.asarray(x), backend.asarray(y)
    for name in ("add", "subtract", "multiply", "maximum", "minimum", "bitwise_and", "bitwise_xor", "less", "equal"):
        with np.errstate(all="ignore"):
            want = getattr(np, name)(x, y)
        got = ops.convert_to_numpy(getattr(ops, name)(one, other))
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got, want, err_msg=name)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_extreme_integers_divide_exactly(backend, dtype):
    """So nothing goes through floats on the way, which could not tell 2**62 from 2**62 + 1."""
    numbers = exact(backend, dtype)
    x, y = (side.ravel() for side in np.meshgrid(numbers, numbers[(numbers != 0)]))
    quotients = ops.convert_to_numpy(ops.floor_divide(backend.asarray(x), backend.asarray(y)))
    rests = ops.convert_to_numpy(ops.mod(backend.asarray(x), backend.asarray(y)))
    for a, b, quotient, rest in zip(x.tolist(), y.tolist(), quotients.tolist(), rests.tolist(), strict=True):
        assert (quotient, rest) == divmod(a, b)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_extreme_integers_are_ordered_and_summed(backend, dtype):
    numbers = exact(backend, dtype)
    x = backend.asarray(numbers[::-1].copy())
    assert ops.convert_to_numpy(ops.sort(x)).tolist() == numbers.tolist()
    assert listed(ops.argsort(x)) == list(range(len(numbers)))[::-1]
    assert (int(ops.max(x)), int(ops.min(x))) == (int(numbers.max()), int(numbers.min()))
    assert (int(ops.argmax(x)), int(ops.argmin(x))) == (0, len(numbers) - 1)
    total = ops.convert_to_numpy(ops.sum(x))
    assert int(total) == int(np.array(sum(numbers.tolist()) % 2**64, "uint64").astype(total.dtype))


def test_integers_without_sign_are_compared_with_pythons(backend):
    x = ops.array(np.array([0, 3, 5, 2**63, 2**64 - 1], "uint64"))
    assert listed(ops.less(x, 5)) == [1, 1, 0, 0, 0]
    assert listed(ops.less_equal(x, 5)) == [1, 1, 1, 0, 0]
    assert listed(ops.greater(x, 5)) == [0, 0, 0, 1, 1]
    assert listed(ops.greater_equal(5, x)) == [1, 1, 1, 0, 0]


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64"])
def test_the_least_integer_has_no_opposite(backend, dtype):
    least = np.array([np.iinfo(dtype).min], dtype)
    for function in (ops.abs, ops.negative):
        assert ops.convert_to_numpy(function(backend.asarray(least))).tolist() == least.tolist()


# Subnormals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
def test_moving_subnormals_keeps_every_bit(backend, dtype):
    smallest = float(ml_dtypes.finfo(numpy_dtype(dtype)).smallest_subnormal)
    array = np.array([[smallest, -smallest], [3 * smallest, 1.0]], numpy_dtype(dtype))
    x = backend.asarray(array)
    moved = [(ops.flip(x), array[::-1, ::-1]), (ops.transpose(x), array.T), (ops.reshape(x, (4,)), array.reshape(4))]
    moved += [(ops.concatenate([x, x]), np.concatenate([array, array])), (ops.take(x, 1, axis=0), array[1])]
    moved += [(ops.where(np.array([True, False]), x, x), array), (x[0], array[0]), (ops.stop_gradient(x), array)]
    for got, want in moved:
        assert np.asarray(ops.convert_to_numpy(got)).tobytes() == np.ascontiguousarray(want).tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_subnormals_are_numbers_or_a_gap_that_is_stated(backend, dtype):
    """What a framework may flush to zero, it does as a whole: an operand or a result, and never to anything else."""
    tiny = float(np.finfo(dtype).tiny)
    x = backend.asarray(np.array([tiny / 4, -tiny / 4, tiny], dtype))
    cases = [
        (ops.multiply(x, 2.0), [tiny / 2, -tiny / 2, 2 * tiny], [0, 0, 2 * tiny]),
        (ops.divide(x, 2.0), [tiny / 8, -tiny / 8, tiny / 2], [0, 0, 0]),
        (ops.add(x, x), [tiny / 2, -tiny / 2, 2 * tiny], [0, 0, 2 * tiny]),
        (ops.ceil(x), [1, 0, 1], [0, 0, 1]),
        (ops.greater(x, 0.0), [1, 0, 1], [0, 0, 1]),
        (ops.equal(x, 0.0), [0, 0, 0], [1, 1, 0]),
    ]
    for got, exact_numbers, flushed in cases:
        numbers = listed(got)
        if "subnormals" in backend.gaps:
            assert all(number in pair for number, *pair in zip(numbers, exact_numbers, flushed, strict=True))
        else:
            assert numbers == exact_numbers


# Complex numbers, truth values, edges -------------------------------------------------------------------------


def test_a_complex_number_is_true_unless_it_is_zero(backend):
    z = backend.asarray(np.array([0, 1j, 1]))
    assert listed(ops.cast(z, "bool")) == listed(ops.logical_not(ops.logical_not(z))) == [False, True, True]
    assert listed(ops.nonzero(z)[0]) == [1, 2]
    assert int(ops.count_nonzero(z)) == 2
    assert bool(ops.any(z[:2]))
    assert bool(ops.all(z[1:]))
    assert listed(ops.where(z, 1, 2)) == [2, 1, 1]


def test_zero_to_the_power_of_zero_is_one_for_complex_numbers_too(backend):
    zero = backend.asarray(np.zeros(1, "complex64"))
    assert listed(ops.power(zero, 0)) == listed(ops.power(zero, zero)) == [1]


def test_powers_of_integers_wrap_around_however_large_the_exponent(backend):
    for dtype in ("int32", "int64"):
        wide = 2 ** (32 if dtype == "int32" else 64)
        found = ops.power(backend.asarray([3, 5, -3], dtype), backend.asarray([100, 65, 71], dtype))
        wanted = [pow(base, exponent) % wide for base, exponent in ((3, 100), (5, 65), (-3, 71))]
        assert [x % wide for x in ops.convert_to_numpy(found).tolist()] == wanted


def test_sparsemax_of_what_is_not_finite_is_nan(backend):
    assert np.isnan(ops.convert_to_numpy(ops.sparsemax(backend.asarray([[1.0, NAN, 2.0], [1.0, INF, 2.0]])))).all()


def test_top_k_takes_zeros_of_both_signs_for_equal(backend):
    values, places = ops.top_k(backend.asarray([0.0, -0.0, 0.0, 1.0]), 4)
    assert listed(places) == [3, 0, 1, 2]
    assert np.signbit(ops.convert_to_numpy(values)).tolist() == [False, False, True, False]


def test_bools_have_one_byte(backend):
    assert listed(ops.view(backend.asarray([True, False]), "uint8")) == [1, 0]
    assert listed(ops.view(backend.asarray([1, 0], "uint8"), "bool")) == [True, False]


@pytest.mark.parametrize("function", [ops.segment_sum, ops.segment_max])
def test_bools_have_no_sums_of_segments(function, backend):
    with pytest.raises(DTypeError, match="not defined for bool"):
        function(backend.asarray([True, False]), backend.asarray([0, 1]), 2)


@pytest.mark.parametrize("number", [NAN, INF])
def test_what_an_integer_cannot_hold_is_refused(number, backend):
    with pytest.raises(DTypeError, match="that int32 can hold; got"):
        ops.full((2,), number, "int32")
