"""Cases of ops for which zero, infinity and NaN are a matter of their own."""

from __future__ import annotations

import numpy as np

from ..case import BOOL, FLOATS, NUMBERS, array, case, given, sample
from .arithmetic import EXTREMES, INF, MISFITS, NAN, PAIRS, SPECIAL

for _name, _infinity in (("isposinf", INF), ("isneginf", -INF)):
    case(
        _name,
        lambda x, infinity=_infinity: x == infinity,
        sample(array(2, 3), gradient=False),
        sample(array(), gradient=False),
        sample(array(0, 2), gradient=False),
        sample(EXTREMES, dtypes=FLOATS, gradient=False),
        dtypes=(*NUMBERS, *BOOL),
        mistakes=[sample(array(2, dtype="complex64"))],
    )


def _nan_to_num(x, nan=0.0, posinf=None, neginf=None):
    if x.dtype.kind in "iub":
        return x
    wide = x.astype("float64")
    largest = _largest(x.dtype)
    wide[np.isnan(wide)] = nan
    wide[wide == INF] = largest if posinf is None else posinf
    wide[wide == -INF] = -largest if neginf is None else neginf
    return wide


def _largest(dtype):
    """The last finite number below infinity."""
    return float(np.nextafter(np.array(INF, dtype), np.array(0, dtype)))


case(
    "nan_to_num",
    _nan_to_num,
    sample(array(2, 3)),
    sample(array()),
    sample(EXTREMES, dtypes=FLOATS, gradient=False),
    sample(array(0, 2)),
    sample(EXTREMES, 1.5, dtypes=FLOATS, gradient=False),
    sample(EXTREMES, posinf=7.0, neginf=-8.0, dtypes=FLOATS, gradient=False),
    sample(given(1.0, NAN, INF, -INF), nan=2.0, posinf=3.0, neginf=4.0, kink=True, dtypes=FLOATS),
    sample(array(3, dtype="bool"), dtypes=BOOL),
    dtypes=NUMBERS,
    exact_input=True,
)
case(
    "divide_no_nan",
    lambda x1, x2: np.where(np.equal(x2, 0), 0.0, np.divide(x1, x2)),
    sample(array(2, 3), array(2, 3, low=0.5)),
    sample(array(2, 3), array(3, low=1, high=5)),
    sample(array(2, 1), array(1, 3, low=0.5)),
    sample(array(2, 3), 0),
    sample(1.0, array(2, 3, low=0.5), dtypes=FLOATS),
    sample(array(3, dtype="int32"), array(3, low=0, high=2, dtype="int32"), dtypes=("int32",)),
    SPECIAL,
    sample(given(1.0, 0.0, 3.0), given(0.0, 0.0, 2.0), kink=True),
    sample(given(NAN, INF, -1.0), given(0.0, -0.0, INF), dtypes=FLOATS, gradient=False),
    mistakes=MISFITS,
)
NEAR = (
    sample(array(2, 3), array(2, 3), gradient=False),
    sample(array(2, 1), array(1, 3), gradient=False),
    sample(array(3), 1.0, gradient=False),
    sample(array(), array(), gradient=False),
    sample(array(0, 3), array(3), gradient=False),
    sample(given(1.0, 1.0, 1.0, 0.0), given(1.000001, 1.1, 1.0, 1e-9), dtypes=("float32", "float64"), gradient=False),
    sample(given(1.0, 1.0, 1.0), given(1.25, 1.5, 1.75), rtol=0.25, atol=0.0, gradient=False),
    sample(given(1.0, 1.0, 1.0), given(1.25, 1.5, 1.75), 0.0, 0.6, gradient=False),
    sample(given(INF, -INF, INF, INF, NAN, 1.0), given(INF, -INF, -INF, 1.0, NAN, INF), dtypes=FLOATS, gradient=False),
    sample(given(INF, NAN, NAN, 1.0), given(INF, NAN, 1.0, NAN), equal_nan=True, dtypes=FLOATS, gradient=False),
    sample(given(1, 2, 3), given(1, 2, 4), dtypes=("int32", "int64", "uint8"), gradient=False),
    sample(array(3, dtype="bool"), array(3, dtype="bool"), dtypes=BOOL, gradient=False),
)


def _isclose(x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False):
    x1, x2 = (np.asarray(x, "float64") for x in (x1, x2))
    return np.isclose(x1, x2, rtol, atol, equal_nan)


case("isclose", _isclose, *NEAR, mistakes=MISFITS)
case("allclose", lambda *args, **options: np.all(_isclose(*args, **options)), *NEAR, mistakes=MISFITS)
case(
    "fabs",
    np.abs,
    sample(array(2, 3, apart=0.3)),
    sample(array()),
    sample(array(0, 2)),
    sample(given(0.0, 1.0), kink=True),
    sample(EXTREMES, gradient=False),
    sample(array(3, dtype="int32"), dtypes=("int32",)),
)
for _name, _reference in (("fmax", np.fmax), ("fmin", np.fmin)):
    case(
        _name,
        _reference,
        *PAIRS,
        SPECIAL,
        sample(given(1.0, 2.0, 3.0), given(1.0, 2.0, 5.0), kink=True),
        sample(given(1.0, NAN, NAN), given(NAN, 2.0, NAN), kink=True),
        sample(array(3, dtype="bool"), array(3, dtype="bool"), dtypes=("bool",)),
        dtypes=(*NUMBERS, *BOOL),
        mistakes=MISFITS,
    )
case(
    "heaviside",
    lambda x1, x2: np.heaviside(np.asarray(x1, "float64"), np.asarray(x2, "float64")),
    sample(array(2, 3), array(2, 3)),
    sample(array(2, 1), array(1, 3)),
    sample(array(3), 0.5),
    sample(array(), array()),
    sample(array(0, 3), array(3)),
    sample(given(-1, 0, 1), 2, dtypes=("int32",)),
    sample(given(-1.0, 0.0, -0.0, 1.0, NAN, 0.0), given(2.0, 3.0, 4.0, 5.0, 6.0, NAN), gradient=False),
    sample(given(-1.0, 0.0, 1.0), given(2.0, 3.0, 4.0), kink=True),
    mistakes=MISFITS,
)
