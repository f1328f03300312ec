"""Cases of numbers at equal distances and in equal ratios."""

from __future__ import annotations

import numpy as np

from polykeras.backend import numpy_dtype
from polykeras.dtypes import INTEGERS

from ..case import FLOATS, array, case, given, sample

MIXED = (array(3, low=1, high=5, dtype="int32"), array(2, 3, dtype="float64"))
COMMON = (
    sample(array(), array()),
    sample(array(2, 3), array(3), num=4, axis=-1),
    sample(array(2, 1), array(3), num=3, axis=1),
    sample(array(2), 3.0, num=4, endpoint=False),
    sample(array(2), array(2), num=1),
    sample(array(2), array(2), num=0, gradient=False),
    sample(array(2), array(2), num=1, endpoint=False),
    sample(*MIXED, num=3, dtypes=("float64",)),
    sample(array(2, 3), array(3), num=2, dtype="float64", dtypes=("float32",), gradient=False),
)
BAD_SPACING = [
    sample(array(2), array(2), num=-1),
    sample(array(2), array(3)),
    sample(array(2), array(2), axis=2),
    sample(array(2), array(2, dtype="complex64")),
]


def spaced(reference):
    """A NumPy function whose results get a dtype, that of the arrays where none is given."""

    def run(start, stop, num=50, *args, dtype=None, **params):
        values = np.asarray(reference(start, stop, num, *args, **params))
        if dtype in INTEGERS:
            values = np.floor(values)
        return values if dtype is None else values.astype(numpy_dtype(dtype))

    return run


def _linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    values = spaced(np.linspace)(start, stop, num, endpoint, dtype=dtype, axis=axis)
    steps = num - 1 if endpoint else num
    distance = np.subtract(stop, start) / (steps if steps > 0 else np.nan)
    return (values, distance) if retstep else values


case(
    "linspace",
    _linspace,
    *COMMON,
    sample(0.0, 1.0, 7, dtypes=("float32",)),
    sample(0, 10, 5, dtypes=("float32",)),
    sample(0, 49, dtype="int32", dtypes=("float32",)),
    sample(given(0.0, -3.0), given(49.0, -9.0), 50, dtype="int32", dtypes=("float32",), gradient=False),
    sample(0.0, 1.0, 4, endpoint=False, retstep=True, dtypes=("float32",)),
    sample(array(2), array(2), 4, retstep=True),
    sample([0.0, 1.0], [2.0, 3.0], 3, axis=-1, dtypes=("float32",)),
    sample(array(2), array(2), 1, retstep=True, gradient=False),
    dtypes=FLOATS,
    magnitude=lambda start, stop, *args, **params: np.maximum(np.abs(start).max(), np.abs(stop).max()),
    mistakes=BAD_SPACING,
)
case(
    "logspace",
    lambda start, stop, num=50, endpoint=True, base=10, dtype=None, axis=0: spaced(np.logspace)(
        start, stop, num, endpoint, base, axis=axis, dtype=dtype
    ),
    *COMMON,
    sample(0.0, 2.0, 7, dtypes=("float32",)),
    sample(0, 5, 6, base=2, dtype="int32", dtypes=("float32",)),
    sample(array(), 2.0, 4, base=0.5),
    dtypes=FLOATS,
    mistakes=BAD_SPACING,
)


def positive(one):
    """The same sample with numbers from 1 to 5."""
    made = tuple(array(*a.shape, low=1, high=5, dtype=a.dtype) if hasattr(a, "shape") else a for a in one.args)
    return sample(*made, dtypes=one.dtypes, gradient=one.gradient, **one.params)


case(
    "geomspace",
    spaced(np.geomspace),
    *map(positive, COMMON),
    sample(1.0, 1000.0, 7, dtypes=("float32",)),
    sample(-1, -8, 4, dtypes=("float32",)),
    sample(1, -8, 4, dtypes=("float32",)),
    sample(given(-1.0, 2.0), given(-8.0, 0.25), 4, dtypes=FLOATS),
    sample(given(1.0), given(-8.0), 4, dtypes=("float32", "float64"), gradient=False),
    dtypes=FLOATS,
    mistakes=[*BAD_SPACING, sample(0.0, 1.0), sample([1.0, 2.0], [3.0, 0.0])],
)
case(
    "vander",
    np.vander,
    sample(array(3, low=0.5)),
    sample(array(3), N=5),
    sample(array(4), N=2, increasing=True),
    sample(array(0)),
    sample(array(3), N=0, gradient=False),
    sample(given(0.0, -1.0, 2.0), N=3),
    dtypes=(*FLOATS, "int32", "int64", "int8"),
    mistakes=[sample(array(2, 2)), sample(array()), sample(array(2), N=-1)],
)
