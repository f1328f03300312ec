"""Gradients at ties and kinks, where finite differences say nothing: what is agreed on, on every backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import polykeras
from polykeras import ops
from polykeras.backend import Backend, using

from . import checks

pytestmark = pytest.mark.level("ops")

KINKS: dict[str, tuple[Callable[..., Any], list[list[float]], list[list[float]]]] = {
    "maximum shares": (ops.maximum, [[1.0, 2.0], [1.0, 3.0]], [[0.5, 0.0], [0.5, 1.0]]),
    "minimum shares": (ops.minimum, [[1.0, 2.0], [1.0, 3.0]], [[0.5, 1.0], [0.5, 0.0]]),
    "max shares": (ops.max, [[2.0, 1.0, 2.0]], [[0.5, 0.0, 0.5]]),
    "min shares": (ops.min, [[2.0, 1.0, 1.0]], [[0.0, 0.5, 0.5]]),
    "relu is flat at zero": (ops.relu, [[0.0, -0.0, 1.0]], [[0.0, 0.0, 1.0]]),
    "abs is flat at zero": (ops.abs, [[0.0, -2.0]], [[0.0, -1.0]]),
    "an angle at the origin": (ops.arctan2, [[0.0, 0.0, 1.0], [0.0, 2.0, 0.0]], [[0.0, 0.5, 0.0], [0.0, 0.0, -1.0]]),
    "erfinv is steep at the ends": (ops.erfinv, [[1.0, -1.0]], [[np.inf, np.inf]]),
    "cosh is steep where it overflows": (ops.cosh, [[np.inf, -np.inf, 1e4]], [[np.inf, -np.inf, np.inf]]),
    "sinh is steep where it overflows": (ops.sinh, [[np.inf, -np.inf, 1e4]], [[np.inf, np.inf, np.inf]]),
    "i0 is steep where it overflows": (ops.i0, [[np.inf, -np.inf, 1e4]], [[np.inf, -np.inf, np.inf]]),
    "i1 is steep where it overflows": (ops.i1, [[np.inf, -np.inf, 1e4, 0.0]], [[np.inf, np.inf, np.inf, 0.5]]),
    "arccosh ends at 1": (ops.arccosh, [[1.0, 0.5, -2.0, np.inf, 1e300]], [[np.inf, np.nan, np.nan, 0.0, 1e-300]]),
    "products that overflow": (ops.prod, [[1e300, 1e200, 2.0]], [[2e200, 2e300, np.inf]]),
    "products of infinity": (ops.prod, [[np.inf, -2.0, 4.0]], [[-8.0, np.inf, -np.inf]]),
    "products with a zero": (ops.prod, [[2.0, 0.0, 4.0]], [[0.0, 8.0, 0.0]]),
    "running products that overflow": (ops.cumprod, [[1e300, 1e200, 2.0]], [[3e200 + 1, 3e300, np.inf]]),
    "running products of infinity": (ops.cumprod, [[np.inf, 2.0, 4.0]], [[11.0, np.inf, np.inf]]),
    "running products that vanish": (ops.cumprod, [[1e-200, 1e-200, 1e-200]], [[1.0, 1e-200, 0.0]]),
    "lengths of nothing, and of too much": (
        ops.hypot,
        [[0.0, np.inf, 1.0], [0.0, 2.0, -np.inf]],
        [[0.0, 1.0, 0.0], [0.0, 0.0, -1.0]],
    ),
    "logaddexp beside infinity": (
        ops.logaddexp,
        [[np.inf, 1.0, -np.inf, np.inf, -np.inf], [1.0, -np.inf, 0.0, np.inf, -np.inf]],
        [[1.0, 1.0, 0.0, 0.5, 0.5], [0.0, 0.0, 1.0, 0.5, 0.5]],
    ),
    "logaddexp2 beside infinity": (ops.logaddexp2, [[np.inf, 1.0], [1.0, -np.inf]], [[1.0, 1.0], [0.0, 0.0]]),
    "logaddexp with one for all": (ops.logaddexp, [[-np.inf, np.inf], [0.0]], [[0.0, 1.0], [1.0]]),
    "hard_silu ends in lines": (ops.hard_silu, [[-np.inf, -3.0, 3.0, np.inf]], [[0.0, 0.0, 1.0, 1.0]]),
    "hard_shrink ends in lines": (ops.hard_shrink, [[-np.inf, 0.5, np.inf]], [[1.0, 0.0, 1.0]]),
    "soft_shrink ends in lines": (ops.soft_shrink, [[-np.inf, 0.5, np.inf]], [[1.0, 0.0, 1.0]]),
    "threshold begins a line": (lambda x: ops.threshold(x, 0.5, 0.1), [[0.5, 1.0, np.inf]], [[0.0, 1.0, 1.0]]),
    "whole quotients are flat": (
        lambda x: ops.multiply(x, ops.floor_divide(x, 2.0)),
        [[3.0, 4.0, -1.0]],
        [[1.0, 2.0, -1.0]],
    ),
    "powers of zero": (
        ops.power,
        [[0.0, 0.0, 0.0, 0.0, 2.0], [0.0, 0.5, 1.0, 2.0, 0.0]],
        [[0.0, np.inf, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, np.log(2.0)]],
    ),
    "powers of zero, with numbers": (lambda x: ops.add(ops.power(x, 0), ops.power(x, 2.0)), [[0.0, 1.0]], [[0.0, 2.0]]),
    "powers of what is negative": (ops.power, [[-2.0], [3.0]], [[12.0], [np.nan]]),
    "second powers of zero": (
        lambda x: ops.grad(lambda x: ops.sum(ops.add(ops.power(x, 1.0), ops.power(x, 3.0))))(x),
        [[0.0, 2.0]],
        [[0.0, 12.0]],
    ),
    "the first maximum of a window": (
        lambda x: ops.max_pool(ops.reshape(x, (1, 4, 1)), 2),
        [[1.0, 1.0, 0.0, 2.0]],
        [[1.0, 0.0, 0.0, 1.0]],
    ),
}
"""A function, its arguments, and the gradients of its sum."""


@pytest.mark.parametrize(
    "name", ["lengths of nothing, and of too much", "products that overflow", "i0 is steep where it overflows"]
)
def test_gradients_at_kinks_of_many_at_once(name: str, backend: Backend) -> None:
    function, arguments, wanted = KINKS[name]
    with using(backend):
        many = checks.at_home([np.stack([np.array(x)] * 2) for x in arguments], backend)

        def total(*xs: Any) -> Any:
            return ops.sum(ops.vectorized_map(lambda row: ops.sum(function(*row)), xs))

        found = ops.grad(total, argnums=tuple(range(len(many))))(*many)
    for f, w in zip(checks.numpy_of(found), wanted, strict=True):
        np.testing.assert_array_equal(f, np.stack([np.array(w)] * 2))


FUNCTIONS = {"erfc": ops.erfc, "logaddexp": lambda x: ops.logaddexp(x, 1.0), "prod": ops.prod}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_tangents_in_compiled_loops(name: str, backend: Backend) -> None:
    def step(n: Any, x: Any) -> tuple[Any, Any]:
        return ops.add(n, 1), ops.multiply(x, FUNCTIONS[name](x))

    def tangent(x: Any) -> Any:
        def looped(x: Any) -> Any:
            return ops.while_loop(lambda n, x: ops.less(n, 2), step, (0, x))[1]

        return ops.jvp(looped, (x,), (ops.ones_like(x),))[1]

    with using(backend):
        x = checks.at_home(np.array([0.5, 1.5]), backend)
        found, wanted = polykeras.compile(tangent)(x), tangent(x)
    np.testing.assert_allclose(checks.numpy_of(found)[0], checks.numpy_of(wanted)[0], rtol=1e-12)  # the same formulas


@pytest.mark.parametrize("name", KINKS)
def test_gradients_at_kinks(name: str, backend: Backend) -> None:
    function, arguments, wanted = KINKS[name]
    with using(backend):
        arrays = checks.at_home([np.array(x) for x in arguments], backend)
        found = ops.grad(lambda *xs: ops.sum(function(*xs)), argnums=tuple(range(len(arrays))))(*arrays)
    for f, w in zip(checks.numpy_of(found), wanted, strict=True):
        np.testing.assert_array_equal(f, w)
