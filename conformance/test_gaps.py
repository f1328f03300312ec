"""What a backend says it cannot do, it cannot: an entry that has become untrue is to be taken out."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import polykeras
from polykeras import ops
from polykeras.backend import Backend, using
from polykeras.dtypes import NAMES
from polykeras.errors import GradientError, MatrixError, OutOfRangeError, PolykerasError

from .case import CASES
from .ledger import LEDGER

pytestmark = pytest.mark.level("ops")


def singular_matrices() -> bool:
    """Whether a compiled function refuses a matrix that has no inverse as eager calls do."""
    try:
        polykeras.compile(lambda a: ops.solve(a, a))(ops.zeros((2, 2)))
    except MatrixError:
        return True
    except Exception:
        return False
    return False


def subnormals() -> bool:
    small = ops.array(np.array([1e-20], "float32"))
    return bool(numbers(ops.multiply(small, small))[0] > 0)


def while_loop() -> bool:
    def gradient(x: Any) -> Any:
        return ops.grad(lambda x: ops.while_loop(lambda x: ops.less(x, 5.0), lambda x: ops.multiply(x, 2.0), (x,))[0])(
            x
        )

    try:
        return float(polykeras.compile(gradient)(ops.array(2.0))) == 4.0
    except Exception:
        return False


def mod() -> bool:
    many = 64  # as many as PyTorch computes at once
    large, small = (ops.array(np.full(many, value, "float32")) for value in (3e38, 1e-3))
    return bool(np.isfinite(numbers(ops.mod(large, small))).all())


def log_softmax_of_infinity() -> bool:
    found = numbers(ops.log_softmax(ops.array([np.inf, 1.0])))
    return bool(np.isnan(found[0]) and found[1] == -np.inf)


def slopes_at_infinity_and_nan() -> bool:
    """Whether rules hold where an argument is no number, which kernels of frameworks take no notice of."""
    functions = {
        ops.relu: (np.nan, 0.0),
        ops.relu6: (np.nan, 1.0),
        ops.abs: (np.nan, np.nan),
        ops.erf: (np.nan, np.nan),
        functools.partial(ops.gelu, approximate=False): (np.inf, np.nan),
    }
    found = [float(ops.grad(function)(ops.array(x))) for function, (x, _) in functions.items()]
    return np.array_equal(found, [slope for _, slope in functions.values()], equal_nan=True)


def tangents_in_loops() -> bool:
    """Whether a compiled loop has tangents where an op in it has a gradient of its own."""

    def looped(x: Any) -> Any:
        return ops.while_loop(lambda x: ops.less(x, 5.0), lambda x: ops.add(x, ops.i0(x)), (x,))[0]

    try:
        found = polykeras.compile(lambda x: ops.jvp(looped, (x,), (ops.ones_like(x),))[1])(ops.array(4.0))
    except Exception:
        return False
    return abs(float(found) - (1.0 + 9.759465)) < 1e-4  # and i1(4)


def uint64() -> bool:
    found = ops.floor_divide(ops.array(np.array([2**63 + 4], "uint64")), ops.array(np.array([2], "uint64")))
    return int(numbers(found)[0]) == 2**62 + 2


def remat() -> bool:
    factor = ops.array(3.0)
    try:
        return float(ops.grad(polykeras.remat(lambda x: ops.multiply(x, factor)))(ops.array(2.0))) == 3.0
    except PolykerasError:
        return False


def relu_of_nan() -> bool:
    def layer(x: Any, weights: Any, bias: Any) -> Any:
        return ops.relu(ops.add(ops.matmul(x, weights), bias))

    x, weights, bias = ops.array([[np.nan, 1.0]]), ops.ones((2, 3)), ops.ones((3,))
    return bool(np.isnan(numbers(polykeras.compile(layer)(x, weights, bias))).all())


def sums_of_float16() -> bool:
    """Whether the gradient of what was broadcast to many rows counts all of them."""
    rows = ops.ones((4096, 2), "float16")
    return (
        numbers(ops.grad(lambda bias: ops.sum(ops.add(rows, bias)))(ops.zeros((2,), "float16"))).tolist()
        == [4096.0] * 2
    )


def indices() -> bool:
    """Whether a compiled function refuses an index that is out of range."""
    try:
        polykeras.compile(lambda x, i: ops.take(x, i, 0))(ops.zeros((3,)), ops.array(5))
    except OutOfRangeError:
        return True
    except Exception:
        return False
    return False


def values() -> bool:
    """Whether NumPy does not get a value that is being differentiated."""
    try:
        ops.grad(lambda x: ops.sum(ops.multiply(x, np.sin(x))))(ops.array([1.0]))
    except GradientError:
        return True
    return False


def numbers(x: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(x))


GAPS: dict[str, Callable[[], bool]] = {
    "singular matrices": singular_matrices,
    "subnormals": subnormals,
    "while_loop": while_loop,
    "mod": mod,
    "log_softmax of infinity": log_softmax_of_infinity,
    "relu of NaN": relu_of_nan,
    "slopes at infinity and NaN": slopes_at_infinity_and_nan,
    "sums of float16": sums_of_float16,
    "tangents in loops": tangents_in_loops,
    "uint64": uint64,
    "remat": remat,
    "indices": indices,
    "values": values,
}
"""By subject, whether all is well. Other subjects are named by the samples that they excuse."""


@pytest.mark.parametrize("subject", GAPS)
def test_gaps_are_those_that_are_told(subject: str, backend: Backend) -> None:
    if subject in NAMES and subject not in backend.dtypes:
        pytest.skip(f"{backend.name} has no {subject}")
    if "on a GPU" in backend.gaps.get(subject, "") and not any("gpu" in name for name in backend.devices()):
        pytest.skip("only a GPU falls short")
    with using(backend):
        is_well = GAPS[subject]()
    assert is_well is (subject not in backend.gaps)
    if not is_well:
        LEDGER.gaps[subject] = backend.gaps[subject]


def test_every_gap_is_looked_at(backend: Backend) -> None:
    excused = {sample.gap for case in CASES.values() for sample in case.samples}
    assert set(backend.gaps) <= set(GAPS) | excused
