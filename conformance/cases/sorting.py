"""Cases of sorting."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..case import BOOL, FLOATS, NUMBERS, array, case, given, sample
from .arithmetic import INF, LARGE, NAN

TIES = given(2.0, 1.0, 2.0, 1.0, 0.0)
SAMPLES = (
    sample(array(3, 4, apart=0.3)),
    sample(array(3, 4, apart=0.3), axis=0),
    sample(array(2, 3, 4, apart=0.1), axis=-2),
    sample(array(3, 4, apart=0.3), axis=None),
    sample(TIES, kink=True),
    sample(array(0, 3), axis=0),
    sample(given(3.0, NAN, -INF, INF, -0.0, 0.0, 1.0), dtypes=FLOATS, gradient=False),
)
EXTREMES = sample(given(-(2**31), 2**31 - 1, 0), dtypes=("int32",))
UNSIGNED = sample(LARGE[0], dtypes=("uint64",))
BAD_AXIS = [sample(array(2, 3), axis=2), sample(array(), axis=0)]

case(
    "argsort",
    lambda x, axis=-1: np.argsort(x, axis=axis, kind="stable").astype("int32"),
    *SAMPLES,
    EXTREMES,
    UNSIGNED,
    sample(array(5, dtype="bool"), dtypes=BOOL),
    dtypes=NUMBERS,
    mistakes=BAD_AXIS,
)
case(
    "sort",
    lambda x, axis=-1: np.sort(x, axis=axis),
    *SAMPLES,
    EXTREMES,
    UNSIGNED,
    dtypes=NUMBERS,
    mistakes=BAD_AXIS,
)


def _top_k(x, k, sorted=True):
    key = np.where(np.isnan(x), INF, x) if x.dtype.kind == "f" else x.astype("float64")
    places = np.argsort(-key, axis=-1, kind="stable")[..., :k]
    return np.take_along_axis(x, places, -1), places.astype("int32")


case(
    "top_k",
    _top_k,
    sample(array(3, 5, apart=0.3), 2),
    sample(array(5, apart=0.3), 5),
    sample(TIES, 3, kink=True),
    sample(array(2, 3, apart=0.3), 0, gradient=False),
    sample(given(-(2**31), 2**31 - 1, 0), 2, dtypes=("int32",)),
    sample(LARGE[0], 2, dtypes=("uint64",)),
    dtypes=NUMBERS,
    mistakes=[sample(array(2, 3), 4), sample(array(), 1), sample(array(2, 3), -1)],
)


def searchsorted(sequence, values, side: Any = "left"):
    """NumPy's searchsorted."""
    return np.asarray(np.searchsorted(sequence, values, side), "int32")


case(
    "searchsorted",
    searchsorted,
    sample(given(1.0, 2.0, 2.0, 3.0), given(0.0, 2.0, 2.5, 9.0)),
    sample(given(1.0, 2.0, 2.0, 3.0), given(0.0, 2.0, 2.5, 9.0), side="right"),
    sample(given(1.0, 2.0, 3.0), array(2, 3, low=0, high=4)),
    sample(given(1, 2**63, 2**64 - 1), LARGE[0], dtypes=("uint64",)),
    *(
        sample(given(1.0, 2.0, *last), given(0.0, 2.0, 3.0, INF, NAN), side=side, dtypes=("float32", "float64"))
        for last in ((3.0, 4.0), (INF, NAN, NAN))
        for side in ("left", "right")
    ),
    dtypes=("float32", "float64", "int32", "int64"),
    mistakes=[
        sample(array(2, 3), array(2)),
        sample(array(3), array(2), side="middle"),
    ],
)
