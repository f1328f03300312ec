"""Cases of division of whole numbers, and of rounding towards zero."""

from __future__ import annotations

import math

import numpy as np

from ..case import FLOATS, INTS, NUMBERS, array, case, given, sample
from .arithmetic import INF, MISFITS, NAN
from .elementary import HALVES

case(
    "trunc",
    lambda x: np.trunc(x) if x.dtype.kind == "f" else x,
    sample(array(2, 3, low=-5, high=5)),
    sample(array(), gradient=False),
    sample(HALVES, dtypes=FLOATS, gradient=False),
    sample(array(0, 2)),
    dtypes=NUMBERS,
)
SIGNED = (*FLOATS, "int32", "int64", "int8", "int16")
case(
    "fmod",
    np.fmod,
    sample(array(2, 3, low=-20, high=20), array(2, 3, low=1, high=5)),
    sample(array(2, 3, low=-20, high=20), array(3, low=-5, high=-1), dtypes=SIGNED),
    sample(array(2, 3, low=-20, high=20), 3),
    sample(array(2, 1, low=-20, high=20), array(1, 3, low=1, high=5), gradient=False),
    sample(array(low=-20, high=20), array(low=1, high=5)),
    sample(array(0, 3), array(3, low=1, high=5)),
    sample(7, array(3, low=1, high=5), dtypes=NUMBERS),
    sample(given(7, -7, 6, -6, -128), given(3, 3, -3, -3, 7), dtypes=SIGNED, gradient=False),
    sample(given(-7.5, 7.5, INF, 1e20, 5.0, 0.0), given(2.0, -2.0, 2.0, 3.0, NAN, 2.0), dtypes=FLOATS, gradient=False),
    sample(given(1e20, 12345678.0, -1e30), given(3.0, 0.1, 7.0), dtypes=("float32", "float64"), gradient=False),
    dtypes=NUMBERS,
    mistakes=MISFITS,
)


def each(function):
    """A function of Python's integers, of arrays."""
    return lambda x1, x2: np.vectorize(lambda a, b: function(int(a), int(b)), otypes=["int64"])(x1, x2)


WHOLE = (
    sample(array(2, 3, low=-100, high=100), array(2, 3, low=-100, high=100)),
    sample(array(2, 1, low=-9, high=9), array(1, 3, low=-9, high=9)),
    sample(array(2, 3, low=-9, high=9), 6),
    sample(array(low=1, high=9), array(low=1, high=9)),
    sample(array(0, 3), array(3)),
    sample(given(0, 0, 5, 12, 1), given(0, 5, 0, 18, 1)),
    sample(given(-12, 18, -7), given(18, -12, -7), dtypes=("int32", "int64", "int8", "int16")),
    sample(array(2, dtype="int8"), array(2, dtype="int32"), dtypes=("int32",)),
)
NOT_WHOLE = [
    sample(array(2), array(2)),
    sample(array(2, dtype="bool"), array(2, dtype="bool")),
    sample(array(2, dtype="int32"), array(3, dtype="int32")),
]
case(
    "gcd",
    each(math.gcd),
    *WHOLE,
    sample(given(1836311903, 2**30), given(1134903170, 2**20), dtypes=("int32", "int64")),
    dtypes=INTS,
    mistakes=NOT_WHOLE,
)
case(
    "lcm",
    each(math.lcm),
    *(s for s in WHOLE if s is not WHOLE[0]),
    sample(array(2, 3, low=-11, high=11), array(2, 3, low=-11, high=11)),
    sample(given(2**20, 65536), given(2**21, 98304), dtypes=("int32", "int64")),
    dtypes=INTS,
    mistakes=NOT_WHOLE,
)
