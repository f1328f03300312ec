"""Cases of activation functions."""

from __future__ import annotations

import numpy as np

from ..case import FLOATS, array, case, given, sample
from .arithmetic import INF, NAN
from .elementary import erfc

WIDE = given(-INF, -80.0, -20.0, -1.0, 0.0, 1.0, 20.0, 80.0, INF, NAN)
BASIC = (
    sample(array(2, 3, apart=0.4)),
    sample(array(apart=0.4)),
    sample(array(0, 2)),
    sample(array(40, low=-8, high=8), gradient=False),
    sample(given(-1.0, 0.0, 1.0), kink=True),
    sample(WIDE, gradient=False),
)


def sigmoid(x):
    """1 / (1 + exp(-x)) without overflow."""
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


def softplus(x):
    """log(1 + exp(x)) without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def softmax(x, axis=-1):
    """Exponentials that add up to one."""
    axis = tuple(axis) if isinstance(axis, list) else axis
    shifted = np.exp(x - x.max(axis=axis, keepdims=True))
    return shifted / shifted.sum(axis=axis, keepdims=True)


def log_softmax(x, axis=-1):
    """The logarithm of softmax."""
    axis = tuple(axis) if isinstance(axis, list) else axis
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def tanh_gelu(x):
    """gelu by the approximation with tanh."""
    return x * sigmoid(2 * np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))


case("relu", lambda x: np.maximum(x, 0), *BASIC, dtypes=(*FLOATS, "int32", "int8"))
case(
    "leaky_relu",
    lambda x, negative_slope=0.2: np.where(x > 0, x, x * negative_slope),
    *BASIC,
    sample(array(2, 3, apart=0.4), negative_slope=0.01),
    sample(given(1, -2), dtypes=("int32",)),
)
case(
    "elu",
    lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    *BASIC,
    sample(array(2, 3, apart=0.4), alpha=0.5),
)
case("sigmoid", sigmoid, *BASIC, sample(given(1, -2), dtypes=("int32",)))
case("softplus", softplus, *BASIC)
case("log_sigmoid", lambda x: -softplus(-x), *BASIC)
case("silu", lambda x: np.where(x == -INF, NAN, x * sigmoid(x)), *BASIC)
case(
    "gelu",
    lambda x, approximate=True: tanh_gelu(x) if approximate else x / 2 * erfc(-x / np.sqrt(2)),
    *BASIC[:4],
    sample(array(2, 3), approximate=False),
    sample(array(40, low=-8, high=8), approximate=False, gradient=False),
    magnitude=lambda x, approximate=True: np.abs(x),  # 1 + tanh and 1 + erf cancel for negative x
)
SOFT = (
    sample(array(2, 3)),
    sample(array(2, 3), axis=0),
    sample(array(2, 3, 4), axis=-2),
    sample(array(2, 3, 4), axis=[1, 2]),
    sample(array(3), gradient=False),
    sample(array(2, 50, low=-30, high=30), gradient=False),
    sample(given(1000.0, 1001.0, -1000.0), dtypes=("float32", "float64"), gradient=False),
)
OUT_OF_RANGE = [sample(array(2, 3), axis=2), sample(array(2, 3), axis=-3)]
case(
    "softmax",
    softmax,
    *SOFT,
    mistakes=OUT_OF_RANGE,
)
case(
    "log_softmax",
    log_softmax,
    *SOFT,
    magnitude=lambda x, axis=-1: np.abs(x).max(),
    mistakes=OUT_OF_RANGE,
)
