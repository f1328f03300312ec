"""Symbolic sizes, and ops on Specs: shapes before there is an array, and without any framework."""

from __future__ import annotations

import operator
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polykeras
from polykeras import ops
from polykeras.errors import DTypeError, OptionError, ShapeError
from polykeras.spec import Dim, Spec, broadcast_shapes, dim, evaluate

BATCH, N = dim("batch"), dim("n")

# Expressions as people write them: names and numbers, added, multiplied and divided.

sizes = st.fixed_dictionaries({name: st.integers(1, 60) for name in ("batch", "n", "m")})
atoms = st.sampled_from(["batch", "n", "m"]).map(dim) | st.integers(-6, 12)


def _combined(inner: st.SearchStrategy) -> st.SearchStrategy:
    both = st.tuples(st.sampled_from([operator.add, operator.sub, operator.mul]), inner, inner)
    divided = st.tuples(st.sampled_from([operator.floordiv, operator.mod]), inner, st.integers(1, 7))
    return (both | divided).map(lambda parts: parts[0](*parts[1:]))


expressions = st.recursive(atoms, _combined, max_leaves=6)
OPERATORS = [operator.add, operator.sub, operator.mul]


# Sizes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", OPERATORS)
@given(one=expressions, other=expressions, values=sizes)
def test_putting_in_numbers_commutes_with_arithmetic(operation, one, other, values):
    assert evaluate(operation(one, other), values) == operation(evaluate(one, values), evaluate(other, values))


@pytest.mark.parametrize("operation", [operator.floordiv, operator.mod])
@given(one=expressions, divisor=st.integers(1, 9) | st.sampled_from([BATCH, 2 * N, BATCH + 3]), values=sizes)
def test_putting_in_numbers_commutes_with_division(operation, one, divisor, values):
    assert evaluate(operation(one, divisor), values) == operation(evaluate(one, values), evaluate(divisor, values))


@given(one=expressions, values=sizes)
def test_putting_in_numbers_commutes_with_signs_and_powers(one, values):
    assert evaluate(-one, values) == -evaluate(one, values)
    assert evaluate(one**3, values) == evaluate(one, values) ** 3


@given(one=expressions, other=expressions, values=sizes)
def test_equal_sizes_are_equal_whatever_the_numbers(one, other, values):
    if one == other:
        assert hash(one) == hash(other)
        assert evaluate(one, values) == evaluate(other, values)


@pytest.mark.parametrize("comparison", [operator.lt, operator.le, operator.gt, operator.ge])
@given(one=expressions, other=expressions, values=sizes)
def test_a_comparison_that_is_decided_holds_whatever_the_numbers(comparison, one, other, values):
    try:
        decided = comparison(one, other)
    except ShapeError:
        return
    assert decided == comparison(evaluate(one, values), evaluate(other, values))


@given(one=expressions, other=expressions, third=expressions)
def test_one_expression_has_one_form(one, other, third):
    assert one + other == other + one
    assert (one + other) + third == one + (other + third)
    assert one * other == other * one
    assert (one * other) * third == one * (other * third)
    assert one * (other + third) == one * other + one * third
    assert one - one == 0
    assert one * 1 == one + 0 == one


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (BATCH, "batch"),
        (2 * BATCH, "2*batch"),
        (BATCH + 3, "batch + 3"),
        (3 - BATCH, "-batch + 3"),
        ((N - 3) // 2 + 1, "(n + 1)//2 - 1"),
        (BATCH * N * N - N, "batch*n*n - n"),
        ((4 * N + 2) // 2, "2*n + 1"),
        ((2 * BATCH * N) // BATCH, "2*n"),
        (BATCH // N, "batch//n"),
        (BATCH % 2, "batch - 2*(batch//2)"),
    ],
)
def test_sizes_are_shown_in_one_simple_form(size, text):
    assert str(size) == text


def test_what_comes_out_as_a_number_is_one():
    assert type(BATCH - BATCH) is type((3 * N) // N) is type(0 * N) is int
    assert (2 * BATCH) % 2 == 0
    assert not BATCH == 3  # noqa: SIM201 (what `==` says is meant)


def test_a_name_is_at_least_one():
    assert BATCH > 0
    assert BATCH + N >= 2
    assert (N + 1) // 2 >= 1
    with pytest.raises(ShapeError, match=r"whether .*depends on a size that is not known yet"):
        bool(BATCH > N)


def test_a_symbolic_size_is_no_number():
    with pytest.raises(ShapeError, match="the size batch is symbolic, and a number is needed here"):
        range(BATCH)


# Ops -------------------------------------------------------------------------------------------------------

IMAGES = Spec((None, N, 28, 3))
VECTORS = Spec((None, 8))


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        (lambda: ops.reshape(VECTORS, (-1,)), "(8*batch,)"),
        (lambda: ops.reshape(VECTORS, (-1, 4)), "(2*batch, 4)"),
        (lambda: ops.reshape(VECTORS, (BATCH, 2, 4)), "(batch, 2, 4)"),
        (lambda: ops.reshape(IMAGES, (BATCH, -1)), "(batch, 84*n)"),
        (lambda: ops.concatenate([VECTORS, VECTORS], axis=0), "(2*batch, 8)"),
        (lambda: ops.concatenate([VECTORS, Spec((3, 8))], axis=0), "(batch + 3, 8)"),
        (lambda: ops.concatenate([IMAGES, IMAGES], axis=1), "(batch, 2*n, 28, 3)"),
        (lambda: ops.stack([VECTORS, VECTORS], axis=1), "(batch, 2, 8)"),
        (lambda: ops.pad(VECTORS, ((1, 2), (0, 0))), "(batch + 3, 8)"),
        (lambda: ops.tile(VECTORS, (3, 1)), "(3*batch, 8)"),
        (lambda: ops.repeat(VECTORS, 2, axis=0), "(2*batch, 8)"),
        (
            lambda: ops.conv(IMAGES, Spec((3, 3, 3, 5)), strides=2, padding="valid"),
            f"(batch, {(N - 3) // 2 + 1}, 13, 5)",
        ),
        (lambda: ops.conv(IMAGES, Spec((3, 3, 3, 5)), strides=2, padding="same"), "(batch, (n + 1)//2, 14, 5)"),
        (lambda: ops.conv(IMAGES, Spec((3, 3, 3, 5)), padding="same"), "(batch, n, 28, 5)"),
        (lambda: ops.max_pool(IMAGES, 2, 2), "(batch, n//2, 14, 3)"),
        (lambda: ops.conv_transpose(IMAGES, Spec((2, 2, 5, 3)), strides=2), "(batch, 2*n, 56, 5)"),
        (lambda: ops.matmul(VECTORS, Spec((8, 4))), "(batch, 4)"),
        (lambda: ops.einsum("bi,bj->ij", VECTORS, VECTORS), "(8, 8)"),
        (lambda: ops.transpose(IMAGES, (3, 0, 1, 2)), "(3, batch, n, 28)"),
        (lambda: ops.sum(IMAGES, axis=(0, 3)), "(n, 28)"),
        (lambda: ops.expand_dims(VECTORS, -1), "(batch, 8, 1)"),
        (lambda: ops.add(VECTORS, np.ones((1, 8))), "(batch, 8)"),
        (lambda: ops.broadcast_to(Spec((8,)), (BATCH, 8)), "(batch, 8)"),
        (lambda: ops.take(VECTORS, Spec((N, 2), "int32"), axis=1), "(batch, n, 2)"),
        (lambda: IMAGES[:, 2:-1], "(batch, -min(n - 3, 0) + n - 3, 28, 3)"),
        (lambda: IMAGES[:, ::2], "(batch, (n + 1)//2, 28, 3)"),
        (lambda: IMAGES[0, ..., 1], "(n, 28)"),
    ],
)
def test_sizes_survive(call, shape):
    result = call()
    assert isinstance(result, Spec)
    assert repr(result).startswith(f"Spec({shape}, ")


@settings(max_examples=25)
@given(
    batch=st.integers(1, 4), n=st.integers(3, 9), stride=st.integers(1, 3), padding=st.sampled_from(["valid", "same"])
)
def test_symbolic_shapes_are_those_of_the_arrays(batch, n, stride, padding):
    """A small network on a Spec, and on an array whose sizes are numbers."""

    def network(x):
        x = ops.conv(x, np.ones((3, 2, 4), "float32"), strides=stride, padding=padding)
        x = ops.concatenate([x, ops.pad(x, ((0, 0), (1, 0), (0, 0)))], axis=1)
        return ops.reshape(x, (ops.shape(x)[0], -1))

    symbolic = network(Spec((None, N, 2)))
    array = network(np.ones((batch, n, 2), "float32"))
    assert tuple(evaluate(size, {"batch": batch, "n": n}) for size in symbolic.shape) == array.shape


def test_a_result_knows_the_call_that_produced_it():
    x = Spec((None, 8), name="x")
    y = ops.relu(ops.matmul(x, np.ones((8, 4))))
    call = y.producer
    assert call.op.name == "relu"
    assert call.outputs is y
    (product,) = call.args
    assert product.producer.op.name == "matmul"
    assert product.producer.args[0] is x
    assert x.producer is None
    first, second = ops.split(x, 2, axis=1)
    assert first.producer is second.producer


def test_none_is_the_batch_on_the_first_axis_and_a_new_size_elsewhere():
    one, other = Spec((None, None)), Spec((None, None))
    assert one.shape[0] == other.shape[0] == BATCH
    assert one.shape[1] != other.shape[1]
    assert isinstance(one.shape[1], Dim)


def test_broadcasting_of_symbolic_sizes():
    assert broadcast_shapes((BATCH, 1), (8,)) == (BATCH, 8)
    assert broadcast_shapes((BATCH, 8), (1, 8)) == (BATCH, 8)
    assert broadcast_shapes((BATCH,), (5,)) == (5,)  # only the run can tell that batch is not 5
    with pytest.raises(ShapeError, match="do not broadcast"):
        broadcast_shapes((BATCH,), (2 * BATCH,))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: ops.matmul(VECTORS, Spec((7, 4))), ShapeError, "matmul"),
        (lambda: ops.reshape(Spec((2, 8)), (3, 5)), ShapeError, "reshape"),
        (lambda: ops.concatenate([VECTORS, Spec((None, 9))], axis=0), ShapeError, "concatenate"),
        (lambda: ops.bitwise_and(VECTORS, VECTORS), DTypeError, "cast to integers first"),
        (lambda: ops.convert_to_numpy(VECTORS), DTypeError, "no values to convert"),
        (lambda: bool(VECTORS), TypeError, "neither true nor false"),
        (lambda: len(VECTORS), ShapeError, "symbolic"),
    ],
)
def test_ill_formed_calls_are_errors_before_there_is_an_array(call, error, words):
    with pytest.raises(error, match=words):
        call()


WITHOUT_FRAMEWORKS = """
import sys
from polykeras import Spec, ops
x = Spec((None, 28, 28, 1))
y = ops.relu(ops.conv(x, Spec((3, 3, 1, 8)), strides=2, padding="same"))
z = ops.softmax(ops.matmul(ops.reshape(y, (ops.shape(y)[0], -1)), Spec((1568, 10))))
print(z)
print([name for name in ("torch", "jax", "tensorflow", "keras") if name in sys.modules])
print("polykeras.backends.numpy" in sys.modules)
"""


def test_no_framework_is_needed():
    done = subprocess.run([sys.executable, "-c", WITHOUT_FRAMEWORKS], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["Spec((batch, 10), 'float32')", "[]", "False"]


def test_a_spec_takes_the_arguments_of_a_keras_tensor():
    x = polykeras.KerasTensor((None, 3), "int32", name="x")
    assert (x.shape[1], x.dtype, x.name, x.sparse, x.ragged, x.record_history) == (3, "int32", "x", False, False, True)
    assert polykeras.backend.is_keras_tensor(ops.add(x, 1))
    assert ops.add(x, 1).producer.op.name == "add"
    assert ops.add(polykeras.KerasTensor((2,), record_history=False), 1).producer is None
    for wrong in ({"sparse": True}, {"ragged": True}):
        with pytest.raises(OptionError, match="there are no sparse and no ragged arrays here"):
            polykeras.KerasTensor((2,), **wrong)


@pytest.mark.parametrize(
    "call",
    [
        lambda: ops.random.categorical(Spec((2, N)), 3, seed=0).shape == (2, 3),
        lambda: ops.stft(Spec((2, N)), 4, 2, 4)[0].shape == (2, N // 2 + 1, 3),
        lambda: ops.ctc_decode(Spec((2, 5, N)), Spec((2,), "int32"))[0].shape == (1, 2, 5),
    ],
)
def test_a_size_that_is_not_known_is_not_taken_for_zero(call):
    assert call()


@pytest.mark.parametrize("function", [np.sum, np.mean, np.exp, np.asarray, ops.convert_to_numpy])
def test_numpy_cannot_have_the_values_of_a_spec(function):
    with pytest.raises(DTypeError, match=r"Spec\(\(2, 3\), 'float32'\) has a shape and a dtype, but no values"):
        function(Spec((2, 3)))
