"""Cases of counting."""

from __future__ import annotations

import numpy as np

from ..case import FLOATS, INTS, array, case, given, sample
from .arithmetic import INF, NAN


def _bincount(x, weights=None, minlength=0, sparse=False):
    rows = x.reshape(int(np.prod(x.shape[:-1])), x.shape[-1])
    length = max(minlength, int(x.max()) + 1 if x.size else 0)
    shares = [None] * len(rows) if weights is None else weights.reshape(rows.shape)
    counts = np.array([np.bincount(r, w, length) for r, w in zip(rows, shares, strict=True)])
    return counts.reshape(*x.shape[:-1], length).astype("int32" if weights is None else counts.dtype)


NUMBERS = array(7, low=0, high=4, dtype="int32")
case(
    "bincount",
    _bincount,
    sample(array(7, low=0, high=4), minlength=5),
    sample(array(2, 7, low=0, high=4), minlength=9),
    sample(array(2, 3, 5, low=0, high=4), minlength=5),
    sample(given(0, 3, 3, 1), minlength=2, compiled=False),
    sample(given(0, 3, 3, 1), compiled=False),
    sample(array(0), minlength=2),
    sample(array(0), compiled=False),
    sample(NUMBERS, array(7), minlength=5, dtypes=FLOATS),
    sample(array(2, 7, low=0, high=4, dtype="int32"), array(2, 7), minlength=6, dtypes=FLOATS),
    sample(array(7, low=0, high=4, dtype="int64"), array(7, dtype="int32"), minlength=5, dtypes=("int64",)),
    sample(given(0, 3, 3, 1), given(1, 2, 3, 4), minlength=4, dtypes=("int32", "uint8")),
    sample(array(2000, low=0, high=4, dtype="int32"), array(2000), minlength=5, dtypes=FLOATS, gradient=False),
    dtypes=INTS,
    magnitude=lambda x, weights=None, **_: np.abs(_bincount(x, np.abs(weights)) if weights is not None else 0).max(),
    mistakes=[
        sample(array(dtype="int32", low=0)),
        sample(NUMBERS, minlength=-1),
        sample(NUMBERS, sparse=True),
        sample(NUMBERS, array(2)),
        sample(array(3)),
    ],
)


case(
    "tally",
    lambda x, length: np.bincount(x, minlength=length).astype("int32"),
    sample(array(7, low=0, high=4), 6),
    sample(array(0), 2),
    sample(given(0, 0, 2), 3),
    dtypes=INTS,
)


def _histogram(x, bins=10, range=None):
    counts, edges = np.histogram(x, bins, range)
    return counts.astype("int32"), edges


case(
    "histogram",
    _histogram,
    sample(array(30)),
    sample(array(5, 6), bins=4, range=(-1.0, 1.0)),
    sample(given(0.0, 1.0, 2.0, 3.0, 4.0, 4.0), bins=4),
    sample(given(0.0, 0.5, 1.0, -0.5, 1.5), bins=2, range=(0, 1)),
    sample(given(2.0, 2.0), bins=2),
    sample(array(), bins=1, gradient=False),
    sample(array(0), bins=2),
    sample(array(3), bins=2, range=(1.0, 1.0)),
    sample(given(0.25, NAN, INF, -INF), bins=2, range=(0.0, 1.0), dtypes=FLOATS),
    sample(array(20, low=0, high=9, dtype="int32"), bins=3, range=(0, 9), dtypes=("int32",)),
    dtypes=("float32", "float64"),
    magnitude=lambda x, bins=10, range=None: max(np.abs(x[np.isfinite(x)]).max(initial=0), 1),
    mistakes=[
        sample(array(3), bins=0),
        sample(array(3), bins=(0.0, 1.0)),
        sample(array(3), range=(1.0, 0.0)),
        sample(array(3), range=(0.0, NAN)),
        sample(array(3, dtype="complex64")),
    ],
)
