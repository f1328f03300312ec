"""Cases of activation functions."""

from __future__ import annotations

import mpmath
import numpy as np

from .. import exact as exactly
from ..case import FLOATS, array, case, given, sample
from ..exact import accurate, between, exact, spread
from .arithmetic import INF, NAN

WIDE = given(-INF, -80.0, -20.0, -1.0, 0.0, 1.0, 20.0, 80.0, INF, NAN)
BASIC = (
    sample(array(2, 3, apart=0.4)),
    sample(array(apart=0.4)),
    sample(array(0, 2)),
    sample(array(40, low=-8, high=8), gradient=False),
    sample(given(-1.0, 0.0, 1.0), kink=True),
    sample(WIDE, gradient=False),
)


DIGITS = (accurate(spread(-30, -1)), between(-3, 3), between(-80, 80))
LARGE = accurate(spread(2, 30))
POSITIVE = accurate(spread(2, 30, negative=False))
NEGATIVE = accurate(given(*(-(10.0**k) for k in range(2, 31))))


def _at_zero(x):
    """A sample at zero, where derivatives of every order are those of the function."""
    return sample(given(0.0, x, -x))


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


def _steps(x):
    """0 for negative numbers, 1 for positive ones, NaN for NaN."""
    return np.heaviside(x, 0.5)


def _tanh_gelu(x):
    """gelu by the approximation with tanh."""
    return x * exactly.logistic(2 * mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x**3))


def _gelu(x, approximate=True):
    return exact(_tanh_gelu if approximate else lambda x: x / 2 * mpmath.erfc(-x / mpmath.sqrt(2)))(x)


def _gelu_magnitude(x, approximate=True):
    """The result, times what the rounding of the exponent is multiplied by."""
    exponent = 1.6 * np.abs(x) * (1 + 0.0447 * x**2) if approximate else x**2
    return np.abs(_gelu(x, approximate)) * (1 + exponent)


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
case(
    "sigmoid", exact(exactly.logistic, _steps), *BASIC, *DIGITS, _at_zero(1.0), sample(given(1, -2), dtypes=("int32",))
)
case("softplus", exact(exactly.softplus, lambda x: np.maximum(x, 0)), *BASIC, *DIGITS, POSITIVE, _at_zero(1.0))
case("log_sigmoid", exact(lambda x: -exactly.softplus(-x), lambda x: np.minimum(x, 0)), *BASIC, *DIGITS, NEGATIVE)
case("silu", exact(lambda x: x * exactly.logistic(x), lambda x: x if x > 0 else NAN), *BASIC, *DIGITS)
case(
    "gelu",
    _gelu,
    *BASIC[:4],
    sample(array(2, 3), approximate=False),
    sample(array(40, low=-8, high=8), approximate=False, gradient=False),
    accurate(spread(-30, -1)),
    between(-9, 100),
    accurate(spread(-30, -1), approximate=False),
    accurate(array(200, low=-12, high=100), approximate=False),
    magnitude=_gelu_magnitude,
)
case(
    "celu",
    lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha)),
    *BASIC,
    *DIGITS,
    sample(array(2, 3, apart=0.4), alpha=0.5),
    sample(array(2, 3, apart=0.4), 2),
    sample(given(1, -2), dtypes=("int32",)),
)
case(
    "selu",
    lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0))),
    *BASIC,
    *DIGITS,
    sample(given(1, -2), dtypes=("int32",)),
)
case("softsign", lambda x: x / (1 + np.abs(x)), *BASIC, *DIGITS, LARGE, sample(given(1, -2), dtypes=("int32",)))
_squareplus = exact(lambda x, b: (x + mpmath.sqrt(x * x + b)) / 2, lambda x, b: x if x > 0 else x * 0)
case(
    "squareplus",
    lambda x, b=4: _squareplus(x, b),
    *BASIC[:5],
    *DIGITS,
    _at_zero(1.0),
    accurate(spread(0, 18)),
    sample(array(2, 3), b=1.5),
    sample(array(2, 3, apart=0.4), 0),
    sample(given(1, -2), dtypes=("int32",)),
    sample(given(INF, NAN), gradient=False),
)
case(
    "tanh_shrink",
    exact(lambda x: x - mpmath.tanh(x), lambda x: x),
    *BASIC,
    *DIGITS,
    sample(given(1, -2), dtypes=("int32",)),
    magnitude=np.abs,  # what the hyperbolic tangent is subtracted from
)


def _glu(x, axis=-1):
    values, gates = np.split(x, 2, axis)
    return values * exact(exactly.logistic, _steps)(gates)


case(
    "glu",
    _glu,
    sample(array(2, 4)),
    sample(array(2, 3), axis=0),
    sample(array(2, 4, 3), axis=-2),
    sample(array(0, 4)),
    sample(array(3, 0)),
    sample(array(40, low=-80, high=80), gradient=False),
    sample(given(1, -2), dtypes=("int32",)),
    mistakes=[sample(array(2, 3)), sample(array(2, 4), axis=2), sample(array())],
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
