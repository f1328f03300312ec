"""Cases of elementary functions."""

from __future__ import annotations

import math

import mpmath
import numpy as np

from ..case import BOOL, COMPLEX, FLOATS, INTS, NUMBERS, array, case, given, sample
from ..exact import accurate, between, cuts, exact, spread
from .arithmetic import EXTREMES, INF, LARGE, NAN

SIGNED = tuple(d for d in INTS if d.startswith("int"))


def function(name, exactly, numpy_function, low, high, *samples, **options):
    """A case of a smooth function of one array."""
    analytic = () if name.startswith("erf") else (sample(array(2, 3, low=max(low, -1.0), high=1.0), dtypes=COMPLEX),)
    case(
        name,
        exact(exactly, numpy_function),
        sample(array(2, 3, low=low, high=high)),
        sample(array(low=low, high=high)),
        sample(array(0, 2, low=low, high=high)),
        sample(array(40, low=low, high=high), gradient=False),
        sample(given(1, 2, 2) if name != "erfinv" else given(0, 1, -1), dtypes=("int32",)),
        sample(EXTREMES, gradient=False),
        *samples,
        *analytic,
        **options,
    )


case(
    "abs",
    np.abs,
    sample(array(2, 3, apart=0.3)),
    sample(array()),
    sample(array(2, 3), dtypes=COMPLEX),
    sample(given(0.0, 1.0), dtypes=COMPLEX, kink=True),
    sample(given(0.0, 1.0), dtypes=FLOATS, kink=True),
    sample(given(0.0, -0.0, INF, -INF, NAN), dtypes=FLOATS, gradient=False),
    dtypes=NUMBERS,
    mistakes=[sample(array(2, dtype="bool"))],
)
case(
    "sign",
    np.sign,
    sample(array(2, 3)),
    sample(given(0.0, 1j, 3 + 4j), dtypes=COMPLEX),
    sample(EXTREMES, dtypes=FLOATS),
    sample(LARGE[0], dtypes=("uint64",)),
    dtypes=(*FLOATS, *SIGNED),
)
CUTS = cuts(0.5, 1.5, 3.0)
SMALL = tuple(complex(10.0**-j * s, 10.0**-k) for j in (3, 9) for k in (3, 9) for s in (1, -1))
AROUND_ZERO = sample(given(*SMALL), dtypes=COMPLEX, gradient=False)
AROUND_ONE = sample(given(*(1 + z for z in SMALL)), dtypes=("complex128",), gradient=False)
TINY = accurate(spread(-30, -1))
POSITIVE = accurate(spread(-37, 37, negative=False))
NEAR_ONE = accurate(spread(-6, -1, around=1.0))
TURNS = (TINY, between(-20, 20), accurate(spread(1, 30)))
function("exp", mpmath.exp, np.exp, -3, 3, TINY, between(-87, 88))
function("expm1", mpmath.expm1, np.expm1, -1.9, 2, TINY, between(-2, 2), between(-40, 88))
function("log", mpmath.log, np.log, 0.1, 5, CUTS, AROUND_ONE, POSITIVE, NEAR_ONE, between(0.3, 3))
function(
    "log1p",
    mpmath.log1p,
    np.log1p,
    -0.9,
    3,
    CUTS,
    AROUND_ZERO,
    TINY,
    POSITIVE,
    between(-1, 3),
    accurate(spread(-7, -1, 20, around=-1.0, negative=False)),
)
function("sqrt", mpmath.sqrt, np.sqrt, 0.1, 5, CUTS, POSITIVE)
function("rsqrt", lambda x: 1 / mpmath.sqrt(x), lambda x: 1 / np.sqrt(x), 0.1, 5, CUTS, POSITIVE)
function("sin", mpmath.sin, np.sin, -2, 2, *TURNS)
function("cos", mpmath.cos, np.cos, -2, 2, *TURNS)
function("tanh", mpmath.tanh, np.tanh, -2, 2, TINY, between(-2, 2), between(-25, 25))
function("erf", mpmath.erf, math.erf, -2.5, 2.5, TINY, between(-1, 1), between(-6, 6))
function("erfc", mpmath.erfc, math.erfc, -2.0, 3.0, TINY, between(-6, 2), between(0, 9))
NEAR_THE_END = tuple(1 - 2.0**-k for k in range(2, 24))
function(
    "erfinv",
    lambda y: mpmath.erfinv(y) if abs(y) < 1 else mpmath.mpf("nan") if abs(y) > 1 else y * mpmath.inf,
    lambda y: NAN,
    -0.9,
    0.9,
    TINY,
    between(-0.999, 0.999, 100),
    accurate(given(*NEAR_THE_END, *(-x for x in NEAR_THE_END), 1.0, -1.0, 2.0)),
    sample(given(*(1 - 2.0**-k for k in range(24, 54, 3))), dtypes=("float64",), gradient=False),
)
HALVES = given(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49999997, -0.0, INF, NAN)
for _name, _reference, _keeps in (("floor", np.floor, ()), ("ceil", np.ceil, ()), ("rint", np.rint, INTS)):
    case(
        _name,
        lambda x, f=_reference, keeps=_keeps: x if x.dtype.name in keeps else f(x.astype(np.result_type(x, "float16"))),
        sample(array(2, 3, low=-5, high=5)),
        sample(array(), gradient=False),
        sample(HALVES, dtypes=FLOATS),
        dtypes=NUMBERS,
    )


def _round(x, decimals=0):
    if x.dtype.kind == "f":
        return np.round(x, decimals)
    limits = np.iinfo(x.dtype)
    return np.clip(np.round(x.astype("float64"), decimals), limits.min, limits.max).astype(x.dtype)


case(
    "round",
    _round,
    sample(array(2, 3, low=-5, high=5)),
    sample(array(2, 3, low=-5, high=5), decimals=2, dtypes=("float32", "float64"), gradient=False),
    sample(given(123.0, 155.0, -26.0), decimals=-1, dtypes=("float32", "float64", "int32"), gradient=False),
    sample(given(INF, -INF, NAN), decimals=-1, dtypes=FLOATS, gradient=False),
    sample(given(4, 250, 255), decimals=-1, dtypes=("uint8",)),
    sample(given(123456789, 2147483647, -15), decimals=-1, dtypes=("int32",)),
    sample(HALVES, dtypes=FLOATS, gradient=False),
    dtypes=NUMBERS,
)
for _name, _reference in (("isnan", np.isnan), ("isinf", np.isinf), ("isfinite", np.isfinite)):
    case(
        _name,
        _reference,
        sample(array(2, 3)),
        sample(EXTREMES, dtypes=FLOATS),
        sample(given(1j, complex(INF, 1), complex(1, NAN)), dtypes=COMPLEX),
        dtypes=(*NUMBERS, *BOOL),
    )
