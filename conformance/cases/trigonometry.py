"""Cases of trigonometric and hyperbolic functions."""

from __future__ import annotations

import mpmath
import numpy as np

from ..case import COMPLEX, array, case, given, sample
from ..exact import accurate, between, cuts, exact, spread
from .arithmetic import EXTREMES, INF, MISFITS, NAN

BAD_DTYPE = [sample(array(2, dtype="complex64"))]


def analytic(*distances):
    """Samples of a function of complex numbers, of which those at the distances from 0 tell on which side of a cut."""
    near = given(*(complex(1e-4 * x, 1e-6 * y) for x in (1, -3) for y in (2, -1)))
    return (
        sample(array(2, 3), dtypes=COMPLEX),
        sample(array(40, low=-3, high=3), dtypes=COMPLEX, gradient=False),
        sample(near, dtypes=COMPLEX, gradient=False),
        cuts(*distances),
    )


def function(name, exactly, numpy_function, *samples, low=-2.0, high=2.0, mistakes=(), **options):
    """A case of a smooth function of one array."""
    case(
        name,
        exact(exactly, numpy_function),
        sample(array(2, 3, low=low, high=high)),
        sample(array(low=low, high=high)),
        sample(array(0, 2, low=low, high=high)),
        sample(array(1, 1, low=low, high=high)),
        sample(array(3, low=1, high=3, dtype="int32"), dtypes=("int32",)),
        sample(array(3, dtype="bool"), dtypes=("bool",)),
        sample(EXTREMES, gradient=False),
        *samples,
        mistakes=mistakes,
        **options,
    )


NEAR_ONE = tuple(accurate(spread(-7, -1, 20, around=one, negative=False)) for one in (-1.0,))
INSIDE = (*NEAR_ONE, accurate(given(*(1 - 10.0**-k for k in range(1, 8)), 1.0, -1.0)), between(-1, 1))
TINY = accurate(spread(-30, -1, 20))
ENDS = sample(given(1.0, -1.0), kink=True)

function("arcsin", mpmath.asin, np.arcsin, *INSIDE, TINY, ENDS, *analytic(0.5, 1.5, 3.0), low=-0.9, high=0.9)
function("arccos", mpmath.acos, np.arccos, *INSIDE, TINY, ENDS, *analytic(0.5, 1.5, 3.0), low=-0.9, high=0.9)
function("arctanh", mpmath.atanh, np.arctanh, *INSIDE, TINY, ENDS, *analytic(0.5, 1.5, 3.0), low=-0.9, high=0.9)
function("arctan", mpmath.atan, np.arctan, TINY, accurate(spread(0, 37)), between(-4, 4), *analytic(0.5, 1.5, 3.0))
function(
    "tan",
    mpmath.tan,
    np.tan,
    *analytic(0.5, 1.5, 3.0),
    TINY,
    between(-20, 20),
    accurate(spread(1, 8)),
    low=-1.2,
    high=1.2,
)
function(
    "sinh",
    mpmath.sinh,
    np.sinh,
    *analytic(0.5, 1.5, 3.0),
    TINY,
    between(-5, 5),
    between(-89, 89),
    accurate(given(89.3, -89.3)),
)
function(
    "cosh",
    mpmath.cosh,
    np.cosh,
    *analytic(0.5, 1.5, 3.0),
    TINY,
    between(-5, 5),
    between(-89, 89),
    accurate(given(89.3, -89.3)),
)
function("arcsinh", mpmath.asinh, np.arcsinh, TINY, between(-4, 4), accurate(spread(0, 37)), *analytic(0.5, 1.5, 3.0))
function(
    "arccosh",
    mpmath.acosh,
    np.arccosh,
    between(1, 4),
    accurate(spread(-6, 37, around=1.0, negative=False)),
    sample(given(1.0), kink=True),
    *analytic(0.5, 1.5, 3.0),
    low=1.2,
    high=3.0,
)
function(
    "sinc",
    lambda x: mpmath.sincpi(x),
    np.sinc,
    TINY,
    between(-4, 4),
    accurate(given(*np.arange(-5.0, 6.0), *np.arange(-4.5, 5.0), 1e6 + 0.5)),
    sample(given(0.0, 0.01, -0.03125, 0.04, 1.0)),
    mistakes=BAD_DTYPE,
)
function("deg2rad", mpmath.radians, np.deg2rad, TINY, between(-720, 720), mistakes=BAD_DTYPE)
function("rad2deg", mpmath.degrees, np.rad2deg, TINY, between(-10, 10), mistakes=BAD_DTYPE)
case(
    "hypot",
    exact(mpmath.hypot, np.hypot),
    sample(array(2, 3), array(2, 3)),
    sample(array(2, 1), array(1, 3)),
    sample(array(3), 2.0),
    sample(array(), array()),
    sample(array(0, 3), array(3)),
    sample(1, array(3)),
    sample(array(3, dtype="int32"), array(3, dtype="int32"), dtypes=("int32",)),
    sample(given(0.0, 3.0, 0.0), given(0.0, 0.0, -2.0), kink=True),
    sample(given(INF, NAN, NAN, -INF, 0.0), given(NAN, INF, 1.0, 2.0, -0.0), gradient=False),
    accurate(spread(-18, 18), spread(18, -18)),
    accurate(given(1e30, 3e-30, 1e38), given(1e30, 4e-30, -1e38)),
    accurate(array(200), array(200)),
    mistakes=MISFITS,
)
