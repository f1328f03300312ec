"""Cases of powers and logarithms to other bases, sums of logarithms, and Bessel functions."""

from __future__ import annotations

import mpmath
import numpy as np

from ..case import array, case, given, sample
from ..exact import accurate, between, exact, log_sum, spread
from .arithmetic import INF, MISFITS, NAN
from .trigonometry import BAD_DTYPE, TINY, analytic, function

NEAR_ONE = accurate(spread(-6, -1, around=1.0))
POSITIVE = accurate(spread(-37, 37, negative=False))

function("exp2", lambda x: mpmath.mpf(2) ** x, np.exp2, between(-120, 120), between(-1, 1), *analytic(0.5, 2.0))
function("log2", lambda x: mpmath.log(x, 2), np.log2, NEAR_ONE, POSITIVE, *analytic(0.5, 2.0), low=0.1, high=5)
function("log10", mpmath.log10, np.log10, NEAR_ONE, POSITIVE, *analytic(0.5, 2.0), low=0.1, high=5)
function(
    "cbrt",
    lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    np.cbrt,
    accurate(spread(-37, 37)),
    accurate(given(8.0, -27.0, 0.0, 3e38, -3e38)),
    sample(given(0.0, -8.0), kink=True),
    low=0.5,
    high=3,
    mistakes=BAD_DTYPE,
)
for _name, _sum, _numpy in (
    ("logaddexp", log_sum, np.logaddexp),
    ("logaddexp2", lambda a, b: mpmath.log(2**a + 2**b, 2), np.logaddexp2),
):
    case(
        _name,
        exact(_sum, _numpy),
        sample(array(2, 3), array(2, 3)),
        sample(array(2, 1), array(1, 3)),
        sample(array(3), 2.0),
        sample(array(), array()),
        sample(array(0, 3), array(3)),
        sample(1, array(3)),
        sample(given(1.0, 0.0, -2.0), given(1.0, 0.0, -2.0)),
        sample(array(3, dtype="int32"), array(3, dtype="int32"), dtypes=("int32",)),
        sample(given(INF, -INF, INF, NAN, 1.0, -INF), given(INF, -INF, -INF, 1.0, NAN, 2.0), gradient=False),
        accurate(array(200, low=-90, high=90), array(200, low=-90, high=90)),
        accurate(given(1e4, -1e4, 1e30), given(1e4, -1e4, -1e30)),
        magnitude=lambda x1, x2: np.maximum(np.abs(x1), np.abs(x2)),  # it is added to the larger one
        mistakes=MISFITS,
    )


def _bessel(order):
    return lambda x: mpmath.besseli(order, x)


ARGUMENTS = (TINY, between(-10, 10, 60), between(10, 85, 60), accurate(given(19.99, 20.0, 20.01, -30.0)))
function("i0", _bessel(0), lambda x: x * x, *ARGUMENTS, sample(given(0.0, 25.0)), mistakes=BAD_DTYPE)
function("i1", _bessel(1), lambda x: x, *ARGUMENTS, sample(given(0.0, 25.0)), mistakes=BAD_DTYPE)
