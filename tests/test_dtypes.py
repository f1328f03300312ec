"""Dtypes: one lattice on every backend, numbers of 64 bits that are real, and nothing that is silently narrowed."""

from __future__ import annotations

import numpy as np
import pytest

import polykeras
from polykeras import config, ops
from polykeras.backend import available, numpy_dtype
from polykeras.dtypes import ALL, canonical, result_type
from polykeras.errors import ConfigError, DTypeError
from polykeras.spec import Spec

SHORT = {
    "b1": "bool",
    **{f"u{n}": f"uint{8 * n}" for n in (1, 2, 4, 8)},
    **{f"i{n}": f"int{8 * n}" for n in (1, 2, 4, 8)},
    "bf": "bfloat16",
    **{f"f{n}": f"float{8 * n}" for n in (2, 4, 8)},
    **{f"c{n}": f"complex{8 * n}" for n in (8, 16)},
}
SCALARS = {"i*": 3, "f*": 3.0, "c*": 3.0j}

# The table that JAX documents under "Type promotion semantics", whose entry f* for uint64 with signed integers is
# floatx here. The last three columns are Python's int, float and complex.
LATTICE = """
    b1  u1  u2  u4  u8  i1  i2  i4  i8  bf  f2  f4  f8  c8  c16 i*  f*  c*
b1  b1  u1  u2  u4  u8  i1  i2  i4  i8  bf  f2  f4  f8  c8  c16 i4  f4  c8
u1  u1  u1  u2  u4  u8  i2  i2  i4  i8  bf  f2  f4  f8  c8  c16 u1  f4  c8
u2  u2  u2  u2  u4  u8  i4  i4  i4  i8  bf  f2  f4  f8  c8  c16 u2  f4  c8
u4  u4  u4  u4  u4  u8  i8  i8  i8  i8  bf  f2  f4  f8  c8  c16 u4  f4  c8
u8  u8  u8  u8  u8  u8  f4  f4  f4  f4  bf  f2  f4  f8  c8  c16 u8  f4  c8
i1  i1  i2  i4  i8  f4  i1  i2  i4  i8  bf  f2  f4  f8  c8  c16 i1  f4  c8
i2  i2  i2  i4  i8  f4  i2  i2  i4  i8  bf  f2  f4  f8  c8  c16 i2  f4  c8
i4  i4  i4  i4  i8  f4  i4  i4  i4  i8  bf  f2  f4  f8  c8  c16 i4  f4  c8
i8  i8  i8  i8  i8  f4  i8  i8  i8  i8  bf  f2  f4  f8  c8  c16 i8  f4  c8
bf  bf  bf  bf  bf  bf  bf  bf  bf  bf  bf  f4  f4  f8  c8  c16 bf  bf  c8
f2  f2  f2  f2  f2  f2  f2  f2  f2  f2  f4  f2  f4  f8  c8  c16 f2  f2  c8
f4  f4  f4  f4  f4  f4  f4  f4  f4  f4  f4  f4  f4  f8  c8  c16 f4  f4  c8
f8  f8  f8  f8  f8  f8  f8  f8  f8  f8  f8  f8  f8  f8  c16 c16 f8  f8  c16
c8  c8  c8  c8  c8  c8  c8  c8  c8  c8  c8  c8  c8  c16 c8  c16 c8  c8  c8
c16 c16 c16 c16 c16 c16 c16 c16 c16 c16 c16 c16 c16 c16 c16 c16 c16 c16 c16
"""


def lattice() -> list[tuple[str, str, str]]:
    head, *rows = LATTICE.strip("\n").splitlines()
    cells = [row.split() for row in rows]
    return [(row[0], column, entry) for row in cells for column, entry in zip(head.split(), row[1:], strict=True)]


PAIRS = [(SHORT[one], SHORT[other], SHORT[joined]) for one, other, joined in lattice() if other in SHORT]
WITH_SCALARS = [(SHORT[one], SCALARS[s], SHORT[joined]) for one, s, joined in lattice() if s in SCALARS]


def ones(dtype: str) -> np.ndarray:
    return np.ones(2, numpy_dtype(dtype))


@pytest.fixture
def floatx():
    """Sets floatx for the length of a test."""
    yield config.set_floatx
    config.set_floatx("float32")


# The lattice -----------------------------------------------------------------------------------------------


def test_the_lattice_is_the_documented_one():
    assert len(PAIRS) == 15 * 15
    assert {pair: result_type(*pair[:2]) for pair in PAIRS} == {pair: pair[2] for pair in PAIRS}
    assert {x: result_type(x[0], type(x[1])) for x in WITH_SCALARS} == {x: x[2] for x in WITH_SCALARS}


def test_arrays_meet_in_the_lattice(backend):
    """`where`, `concatenate` and `stack` take every dtype, and have their common one."""
    for one, other, joined in PAIRS:
        x, y = (backend.asarray(ones(dtype)) for dtype in (one, other))
        results = [ops.where(np.array([True, False]), x, y), ops.concatenate([x, y]), ops.stack([x, y])]
        assert [ops.dtype(result) for result in results] == [joined] * 3, (one, other)


def test_specs_meet_in_the_lattice():
    for one, other, joined in PAIRS:
        x, y = Spec((2,), one), Spec((2,), other)
        results = [ops.where(Spec((2,), "bool"), x, y), ops.concatenate([x, y]), ops.stack([x, y])]
        assert [result.dtype for result in results] == [joined] * 3, (one, other)


def test_python_numbers_give_way_to_arrays_of_their_kind(backend):
    for dtype, number, joined in WITH_SCALARS:
        x = backend.asarray(ones(dtype))
        assert ops.dtype(ops.where(True, x, number)) == joined, (dtype, number)
        if dtype != "bool":
            assert ops.dtype(ops.add(x, number)) == joined, (dtype, number)
            assert ops.dtype(ops.multiply(number, x)) == joined, (number, dtype)


def test_numbers_alone_have_the_dtype_of_their_kind(backend):
    for number, dtype in [(True, "bool"), (1, "int32"), (1.0, "float32"), (1j, "complex64"), (2**40, "int64")]:
        assert ops.dtype(ops.array(number)) == dtype
        assert ops.dtype(ops.array([number, number])) == dtype
    assert ops.dtype(ops.array([1, 2.0])) == "float32"


def test_floatx_is_what_floats_are_without_a_dtype(backend, floatx):
    for dtype in ("float64", "float16", "bfloat16"):
        floatx(dtype)
        integers = ops.array([1, 2])
        made = [ops.array(1.0), ops.zeros((2,)), ops.divide(integers, integers), ops.add(integers, 1.0)]
        made += [ops.exp(integers), ops.random.uniform((2,), seed=0)]
        assert [ops.dtype(x) for x in made] == [dtype] * len(made)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int32", "int64"])
def test_integers_become_floatx_where_the_result_is_no_integer(backend, dtype):
    x = backend.asarray(ones(dtype))
    results = [ops.divide(x, x) if dtype != "bool" else ops.exp(x), ops.mean(x), ops.var(x), ops.std(x), ops.sqrt(x)]
    results += [ops.sigmoid(x), ops.softmax(x), ops.logsumexp(x)]
    assert [ops.dtype(result) for result in results] == ["float32"] * len(results)
    assert float(ops.mean(x)) == 1.0


@pytest.mark.parametrize(
    ("dtype", "total"),
    [
        *[(dtype, "int32") for dtype in ("bool", "int8", "int16", "int32")],
        *[(dtype, "uint32") for dtype in ("uint8", "uint16", "uint32")],
        *[(dtype, dtype) for dtype in ("int64", "uint64", "float16", "float32")],
    ],
)
def test_sums_of_small_integers_have_room(backend, dtype, total):
    x = backend.asarray(np.ones(1000, dtype))
    assert ops.dtype(ops.sum(x)) == ops.dtype(ops.prod(x)) == total
    assert float(ops.sum(x)) == 1000


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint64", "float16"])
def test_running_sums_keep_their_dtype(backend, dtype):
    x = backend.asarray(np.full(3, 100, dtype))
    np.testing.assert_array_equal(ops.cumsum(x), np.cumsum(np.full(3, 100, dtype), dtype=dtype))
    assert ops.dtype(ops.cumsum(x)) == ops.dtype(ops.cumprod(x)) == dtype
    assert ops.dtype(ops.cumsum(ops.cast(x, "bool"))) == "int32"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_added_up_in_single_precision(backend, dtype):
    """One bit at a time, the sum of ones would stop at 2048 in float16 and at 256 in bfloat16."""
    x = backend.asarray(np.ones((1, 4096), numpy_dtype(dtype)))
    for total in (ops.sum(x), ops.matmul(x, ops.transpose(x)), ops.multiply(ops.mean(x), 4096)):
        assert float(ops.convert_to_numpy(total).ravel()[0]) == 4096
        assert ops.dtype(total) == dtype


# Nothing is silently narrowed ------------------------------------------------------------------------------


def test_arrays_come_in_and_go_out_bit_for_bit(backend):
    for dtype in ALL & set(backend.dtypes):
        array = (
            np.frombuffer(np.arange(48, dtype="uint8").tobytes(), numpy_dtype(dtype))
            if dtype != "bool"
            else ones(dtype)
        )
        x = backend.asarray(array)
        assert ops.dtype(x) == canonical(backend.dtypes[dtype]) == dtype
        assert np.asarray(ops.convert_to_numpy(x)).tobytes() == array.tobytes()


def test_64_bits_are_real(backend):
    big, third = np.array([2**62 + 1, -(2**40)]), np.array([1 / 3, 1e300])
    assert ops.convert_to_numpy(ops.add(backend.asarray(big), 1)).tolist() == [2**62 + 2, 1 - 2**40]
    assert ops.convert_to_numpy(ops.multiply(backend.asarray(third), 3.0)).tolist() == [1.0, 3e300]
    made = [ops.array(2**40), ops.cast(2**40, "int64"), ops.full((), 2**40, "int64"), ops.arange(2**40, 2**40 + 1)[0]]
    assert [int(x) for x in made] == [2**40] * 4
    assert float(ops.array(0.1, "float64")) == 0.1
    assert float(ops.cast(0.1, "float64")) == 0.1


@pytest.mark.parametrize("transform", [lambda f: f, polykeras.compile], ids=["eager", "compiled"])
def test_64_bits_are_real_in_functions_of_32_bit_arrays(backend, transform):
    function = transform(
        lambda x: (
            ops.sum(ops.cast(x, "float64")),
            ops.multiply(ops.cast(x, "int64"), 2**40),
            ops.zeros((2,), "float64"),
        )
    )
    total, products, zeros = function(backend.asarray(np.array([2.0**25, 1.0, 3.0], "float32")))
    assert float(total) == 2**25 + 4  # not a float32
    assert ops.convert_to_numpy(products).tolist() == [2**65 % 2**64, 2**40, 3 * 2**40]
    assert ops.dtype(zeros) == "float64"


def test_gradients_keep_the_dtypes_of_their_arguments(backend):
    arguments = {dtype: ops.cast([1.0, 2.0], dtype) for dtype in ("float16", "bfloat16", "float32", "float64")}
    gradients = ops.grad(
        lambda xs: ops.sum(ops.square(ops.add(xs["float16"], ops.add(xs["bfloat16"], xs["float64"]))))
    )(arguments)
    assert {dtype: ops.dtype(g) for dtype, g in gradients.items()} == {dtype: dtype for dtype in arguments}


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint32"])
def test_a_number_that_an_integer_dtype_cannot_hold_is_an_error(backend, dtype):
    x = backend.asarray(ones(dtype))
    for call in (lambda n: ops.add(x, n), lambda n: ops.array(n, dtype), lambda n: ops.full((2,), n, dtype)):
        with pytest.raises(DTypeError, match=f"expected numbers that {dtype} can hold"):
            call(2**33)
    with pytest.raises(DTypeError, match="int64 can hold"):
        ops.array(2**70)


@pytest.mark.parametrize("name", ["float128", "floot32", "int4", "object", None.__class__, "datetime64"])
def test_unknown_dtypes_are_errors_that_list_the_known_ones(backend, name):
    with pytest.raises(DTypeError, match="expected a dtype, one of bfloat16, bool"):
        ops.cast([1.0], name)


@pytest.mark.parametrize("dtype", ["object", "S2", "U2", "datetime64[D]"])
def test_arrays_of_anything_but_numbers_are_errors_that_say_so(backend, dtype):
    with pytest.raises(DTypeError, match="add: expected numbers; got dtype"):
        ops.add(np.zeros(2, dtype), 1)


# Complex numbers, and storage ------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, of the division by zero
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_numbers_compute(backend, dtype):
    z, w = np.array([[1 + 2j, -0.5j], [3, -1 + 1j]], dtype), np.array([[2 - 1j, 1], [0.25j, 1 - 3j]], dtype)
    x, y = backend.asarray(z), backend.asarray(w)
    pairs = [
        (ops.add(x, y), z + w),
        (ops.multiply(x, y), z * w),
        (ops.divide(x, y), z / w),
        (ops.matmul(x, y), z @ w),
        (ops.exp(x), np.exp(z)),
        (ops.abs(x), np.abs(z)),
        (ops.sum(x, axis=0), z.sum(0)),
        (ops.square(ops.transpose(x)), z.T**2),
        (ops.equal(x, y), z == w),
        (ops.isnan(x), np.isnan(z)),
        (ops.isfinite(ops.divide(x, 0)), np.zeros((2, 2), bool)),
        (ops.cast(x, "float32"), z.real.astype("float32")),
    ]
    for got, want in pairs:
        got = ops.convert_to_numpy(got)
        assert got.dtype == want.dtype
        # a product of two pairs rounds four products and two sums, and all stay below ten
        np.testing.assert_allclose(got, want, rtol=0, atol=10 * 8 * np.finfo(dtype).eps)


def test_complex_numbers_have_no_order(backend):
    x = ops.array([1j, 2.0])
    for call in (ops.sort, ops.argsort, ops.max, ops.argmin, lambda x: ops.less(x, x), lambda x: ops.maximum(x, 1.0)):
        with pytest.raises(DTypeError, match=r"it is for real numbers: take real, imag or abs first"):
            call(x)


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "float8_e5m2"])
def test_8_bit_floats_store_numbers(backend, dtype):
    values = np.array([0.0, -0.0, 1.0, 300.0, 0.3, 464.0, 465.0, -1e6, np.inf, np.nan, 1e-3, 1e-9], "float32")
    stored = ops.cast(backend.asarray(values), dtype)
    assert ops.dtype(stored) == dtype
    want = values.astype(numpy_dtype(dtype)).astype("float32")
    np.testing.assert_array_equal(ops.convert_to_numpy(ops.cast(stored, "float32")), want)
    moved = [ops.reshape(stored, (3, 4)), ops.flip(stored), ops.take(stored, [1, 0]), ops.where(True, stored, stored)]
    assert [ops.dtype(x) for x in moved] == [dtype] * 4


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "float8_e5m2"])
def test_8_bit_floats_do_not_compute(backend, dtype):
    x = ops.cast(ops.array([1.0, 2.0]), dtype)
    calls = [lambda: ops.add(x, x), lambda: ops.exp(x), lambda: ops.sum(x), lambda: ops.matmul(x, x)]
    for call in [*calls, lambda: ops.multiply(x, 2.0), lambda: ops.add(x, ops.array(1.0)), lambda: ops.sort(x)]:
        with pytest.raises(DTypeError, match=r"8-bit floats are for storage.*ast.* to a wider float first"):
            call()


# The frameworks' own settings ------------------------------------------------------------------------------

if "jax" in available():

    def test_jax_keeps_its_own_defaults():
        import jax
        import jax.numpy as jnp

        with polykeras.using("jax"):
            x = ops.array([1.0, 2.0], "float64")
            polykeras.compile(ops.grad(lambda x: ops.sum(ops.exp(x))))(x)
            ops.random.normal((3,), dtype="float64", seed=0)
            with pytest.raises(ValueError, match="matmul"):
                ops.matmul(x, ops.ones((3,), "float64"))
        assert not jax.config.jax_enable_x64
        assert jnp.ones(3).dtype == jnp.asarray([0.1]).dtype == "float32"
        assert jnp.arange(3).dtype == "int32"
        assert jax.config.jax_default_matmul_precision is None


def native_precision(name: str) -> str:
    """How exactly a framework says that it multiplies float32 matrices."""
    if name == "torch":
        import torch

        return torch.get_float32_matmul_precision() if not torch.backends.cudnn.allow_tf32 else "tf32"
    if name == "tensorflow":
        import tensorflow as tf

        return "tf32" if tf.config.experimental.tensor_float_32_execution_enabled() else "highest"
    if name == "jax":
        import jax

        x = np.ones((2, 2), "float32")
        products = str(jax.make_jaxpr(lambda x: (ops.matmul(x, x), ops.vdot(x, x), ops.correlate(x[0], x[0])))(x))
        return "highest" if products.count("HIGHEST") == 6 else "tf32" if "HIGHEST" not in products else "both"
    return "highest"


def test_float32_means_float32_unless_asked_otherwise(backend):
    assert config.matmul_precision() == native_precision(backend.name) == "highest"
    try:
        config.set_matmul_precision("high")
        assert native_precision(backend.name) == ("highest" if backend.name == "numpy" else "tf32")
    finally:
        config.set_matmul_precision("highest")
    assert native_precision(backend.name) == "highest"
    with pytest.raises(ConfigError, match="one of highest, high, default; got 'exact'"):
        config.set_matmul_precision("exact")
