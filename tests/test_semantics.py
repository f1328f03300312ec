"""Calls that frameworks answer each in its own way, or not at all: here they mean one thing, or are refused in one way."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import polykeras
from polykeras import ops
from polykeras.backend import Backend, load, using
from polykeras.errors import GradientError, OutOfRangeError


@pytest.fixture(params=polykeras.available())
def home(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """A backend, which is in use as long as the test runs."""
    with using(load(request.param)) as chosen:
        yield chosen


# Indices ---------------------------------------------------------------------------------------------------


def test_indices_beyond_32_bits_do_not_wrap(home):
    x = home.asarray(np.arange(6.0).reshape(3, 2))
    with pytest.raises(OutOfRangeError, match="index 4294967297 is out of range for axis 0 with size 3"):
        ops.get_item(x, (np.array([2**32 + 1]), np.array([0])))


# Gradients -------------------------------------------------------------------------------------------------


def test_argnums_may_be_any_integers_each_named_once(home):
    x, y = home.asarray(2.0), home.asarray(3.0)
    assert float(ops.grad(ops.multiply, np.int64(1))(x, y)) == 2.0
    assert [float(g) for g in ops.grad(ops.multiply, (np.int64(1), 0))(x, y)] == [2.0, 3.0]
    for twice in ((0, 0), (1, -1)):
        with pytest.raises(GradientError, match="names an argument twice"):
            ops.grad(ops.multiply, twice)(x, y)


@pytest.mark.parametrize(
    ("function", "got"),
    [
        (lambda x: (x, x), "got a tuple"),
        (lambda x: {"a": x}, "got a dict"),
        (lambda x: ops.cast(x, "int32"), "got one of int32"),
    ],
)
def test_jacobian_is_of_one_array(home, function, got):
    with pytest.raises(GradientError, match=f"jacobian: expected the function to return one array of floats; {got}"):
        ops.jacobian(function)(home.asarray([1.0, 2.0]))


@pytest.mark.parametrize(
    ("gradient", "complaint"),
    [
        (lambda g: (g, g), r"returned 2 cotangents for 1 arguments"),
        (lambda g: (), r"returned 0 cotangents for 1 arguments"),
        (lambda g: ops.ones((3,)), r"a cotangent of shape \(3,\) for argument 0, whose shape is \(2,\)"),
        (lambda g: 1.0, r"a cotangent of shape \(\) for argument 0, whose shape is \(2,\)"),
    ],
)
def test_gradients_of_one_s_own_are_checked(home, gradient, complaint):
    function = ops.custom_gradient(lambda x: (ops.multiply(x, 2), gradient))
    with pytest.raises(GradientError, match=complaint):
        ops.grad(lambda x: ops.sum(function(x)))(home.asarray([1.0, 2.0]))


def test_a_gradient_of_one_s_own_takes_the_dtype_of_its_argument(home):
    function = ops.custom_gradient(lambda x: (ops.multiply(x, 2), lambda g: 5.0))
    gradient = ops.grad(function)(home.asarray(np.array(1.0)))
    assert home.dtype(gradient) == "float64"
    assert float(gradient) == 5.0
    with pytest.raises(GradientError, match="custom_gradient: expected the function to return a pair"):
        ops.custom_gradient(lambda x: x)(home.asarray(1.0))
