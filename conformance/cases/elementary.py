"""Cases of elementary functions."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from ..case import BOOL, FLOATS, INTS, NUMBERS, array, case, given, sample
from .arithmetic import EXTREMES, INF, LARGE, NAN

SIGNED = tuple(d for d in INTS if d.startswith("int"))
erf = np.vectorize(math.erf, otypes=["float64"])
erfc = np.vectorize(math.erfc, otypes=["float64"])


def function(name, reference, low=-2.0, high=2.0, **options):
    """A case of a smooth function of one array."""
    case(
        name,
        reference,
        sample(array(2, 3, low=low, high=high)),
        sample(array(low=low, high=high)),
        sample(array(0, 2, low=low, high=high)),
        sample(array(40, low=low, high=high), gradient=False),
        sample(array(3, low=1, high=3, dtype="int32"), dtypes=("int32",)),
        sample(EXTREMES, gradient=False),
        **options,
    )


case(
    "abs",
    np.abs,
    sample(array(2, 3, apart=0.3)),
    sample(array()),
    sample(given(0.0, 1.0), dtypes=FLOATS, kink=True),
    sample(given(0.0, -0.0, INF, -INF, NAN), dtypes=FLOATS, gradient=False),
    dtypes=NUMBERS,
    mistakes=[sample(array(2, dtype="bool"))],
)
case(
    "sign",
    np.sign,
    sample(array(2, 3)),
    sample(EXTREMES, dtypes=FLOATS),
    sample(LARGE[0], dtypes=("uint64",)),
    dtypes=(*FLOATS, *SIGNED),
)
function("exp", np.exp, -3, 3)
function("expm1", np.expm1, -1.9, 2)
function("log", np.log, 0.1, 5)
function("log1p", np.log1p, -0.9, 3)
function("sqrt", np.sqrt, 0.1, 5)
function("rsqrt", lambda x: 1 / np.sqrt(x), 0.1, 5)
function("sin", np.sin)
function("cos", np.cos)
function(
    "tanh",
    np.tanh,
)
function("erf", erf, -2.5, 2.5)
function("erfc", erfc, -2.0, 3.0)


def _erfinv(y: float) -> float:
    """The inverse of erf, from the quantiles of the normal distribution."""
    if not abs(y) < 1:
        return math.copysign(INF, y) if abs(y) == 1 else NAN
    tail = (1 - abs(y)) / 2
    return math.copysign(-NormalDist().inv_cdf(tail) / math.sqrt(2), y) if tail < 0.25 else _by_newton(y)


def _by_newton(y: float) -> float:
    x = y
    for _ in range(50):
        x -= (math.erf(x) - y) * math.sqrt(math.pi) / 2 * math.exp(x * x)
    return x


case(
    "erfinv",
    np.vectorize(_erfinv, otypes=["float64"]),
    sample(array(2, 3, low=-0.9, high=0.9)),
    sample(array(40, low=-0.999, high=0.999), dtypes=("float32", "float64"), gradient=False),
    sample(given(0.0, 1.0, -1.0, 2.0, NAN), gradient=False),
)


HALVES = given(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49999997, -0.0, INF, NAN)
for _name, _reference in (("floor", np.floor), ("ceil", np.ceil), ("rint", np.rint)):
    case(
        _name,
        lambda x, reference=_reference: reference(x) if x.dtype.kind == "f" else x,
        sample(array(2, 3, low=-5, high=5)),
        sample(array(), gradient=False),
        sample(HALVES, dtypes=FLOATS),
        dtypes=NUMBERS,
    )
case(
    "round",
    lambda x, decimals=0: np.round(x, decimals) if x.dtype.kind == "f" or decimals < 0 else x,
    sample(array(2, 3, low=-5, high=5)),
    sample(array(2, 3, low=-5, high=5), decimals=2, dtypes=("float32", "float64"), gradient=False),
    sample(given(123.0, 155.0, -26.0), decimals=-1, dtypes=("float32", "float64", "int32"), gradient=False),
    sample(HALVES, dtypes=FLOATS, gradient=False),
    dtypes=NUMBERS,
)
for _name, _reference in (("isnan", np.isnan), ("isinf", np.isinf), ("isfinite", np.isfinite)):
    case(
        _name,
        _reference,
        sample(array(2, 3)),
        sample(EXTREMES, dtypes=FLOATS),
        dtypes=(*NUMBERS, *BOOL),
    )
