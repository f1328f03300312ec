"""Cases of averages, differences, integrals and correlations."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..case import BOOL, FLOATS, array, case, given, sample
from .arithmetic import INF, NAN
from .reduction import BAD_AXES, EMPTY, reducing, tuples


def _average(x, axis=None, weights=None):
    weights = np.ones_like(x) if weights is None else weights
    if weights.ndim != x.ndim:
        weights = weights.reshape([-1 if i == axis % x.ndim else 1 for i in range(x.ndim)])
    weights = np.broadcast_to(weights, x.shape)
    return (x * weights).sum(axis=tuples(axis)) / weights.sum(axis=tuples(axis))


case(
    "average",
    _average,
    sample(array(2, 3, 4), axis=-1, weights=None),
    sample(array(2, 3), 1, array(3, low=0.5)),
    sample(array(2, 3), None, array(2, 3, low=0.5)),
    sample(array(2, 3, 4), 1, array(3, low=0.5)),
    sample(array(2, 3, 4), (0, 2), array(2, 3, 4, low=0.5)),
    sample(array(3, dtype="int32"), 0, array(3, low=1, high=5, dtype="int32"), dtypes=("int32",)),
    sample(array(3, dtype="float32"), 0, array(3, low=1, dtype="float64"), dtypes=("float64",)),
    sample(array(), None, array(low=1)),
    sample(array(2), 0, given(0.0, 0.0), gradient=False),
    sample(array(0), weights=None),
    dtypes=FLOATS,
    magnitude=lambda x, axis=None, weights=None: 8 * np.abs(x).max(initial=0),  # weights differ by a factor of 4
    mistakes=[
        *BAD_AXES,
        sample(array(2, 3), None, array(3)),
        sample(array(2, 3), 0, array(3)),
        sample(array(2, 3), 0, array(1, 3)),
        sample(array(2, 3, 4), (0, 1), array(2)),
    ],
)
case(
    "corrcoef",
    np.corrcoef,
    sample(array(3, 5)),
    sample(array(2, 2)),
    sample(array(5)),
    sample(array(2, 40, low=1000, high=1001), dtypes=("float64",), gradient=False),
    sample(given((1.0, 2.0, 3.0), (1.0, 1.0, 1.0)), gradient=False),
    sample(given((1e30, -1e30, 2e30), (1e-30, 2e-30, 4e-30)), dtypes=("float32", "float64"), gradient=False),
    sample(array(2, 4, dtype="int32", low=0, high=9), dtypes=("int32",)),
    dtypes=FLOATS,
    magnitude=lambda x: 1.0,
    mistakes=[sample(array()), sample(array(2, 2, 2)), sample(array(2, 2, dtype="complex64"))],
)
case(
    "diff",
    np.diff,
    sample(array(2, 5)),
    sample(array(4, 3), axis=0),
    sample(array(2, 5), n=2),
    sample(array(2, 5), n=0),
    sample(array(2, 3), n=4, gradient=False),
    sample(array(2, 0)),
    sample(array(5, dtype="bool"), dtypes=BOOL),
    sample(array(5, dtype="uint8", low=0, high=255), dtypes=("uint8",)),
    dtypes=(*FLOATS, "int32", "int64", "int8"),
    magnitude=lambda a, n=1, axis=-1: 2.0**n * np.abs(a).max(initial=0),
    mistakes=[sample(array(3), n=-1), sample(array(3), axis=1), sample(array())],
)
case(
    "ptp",
    lambda x, axis=None, keepdims=False: (
        np.max(x, tuples(axis), keepdims=keepdims) - np.min(x, tuples(axis), keepdims=keepdims)
    ),
    *reducing(array(2, 3, 4, apart=0.2)),
    sample(array()),
    sample(given(1.0, NAN, 3.0), dtypes=FLOATS, gradient=False),
    sample(given(1.0, 1.0, 0.5), dtypes=FLOATS, kink=True),
    sample(given(1.0, INF), dtypes=FLOATS, gradient=False),
    dtypes=(*FLOATS, "int32", "int64"),
    mistakes=[*BAD_AXES, *EMPTY, sample(array(3, dtype="bool"))],
)


def _trapezoid(y, x=None, dx=1.0, axis=-1):
    heights = np.moveaxis(y, axis, 0)
    widths = np.asarray(dx)
    if x is not None:
        widths = np.diff(x) if x.ndim == 1 else np.diff(np.moveaxis(x, axis, 0), axis=0)
        widths = widths.reshape(-1, *[1] * (y.ndim - 1)) if x.ndim == 1 else widths
    return ((heights[1:] + heights[:-1]) / 2 * widths).sum(0)


case(
    "trapezoid",
    _trapezoid,
    sample(array(2, 5)),
    sample(array(3, 4), axis=0, dx=0.5),
    sample(array(2, 5), array(5)),
    sample(array(5, 2), array(5), axis=0),
    sample(array(2, 5), array(2, 5)),
    sample(array(4, 2), array(4, 1), axis=0),
    sample(array(5, dtype="int32"), dtypes=("int32",)),
    sample(array(3, dtype="float32"), array(3, dtype="float64"), dtypes=("float64",)),
    sample(array(2, 1)),
    dtypes=FLOATS,
    magnitude=lambda y, x=None, dx=1.0, axis=-1: np.abs(y).sum(axis) * (4 if x is not None else 1),
    mistakes=[
        sample(array()),
        sample(array(3), axis=1),
        sample(array(2, 3), array(2)),
        sample(array(2, 3), array(2, 2)),
    ],
)


def _correlate(x1, x2, mode: Any = "valid"):
    return np.correlate(x1.astype("float64"), x2.astype("float64"), mode)


case(
    "correlate",
    _correlate,
    *(
        sample(array(long), array(short), mode=mode)
        for long, short in ((5, 3), (4, 4), (3, 6), (2, 7), (1, 1), (6, 1))
        for mode in ("valid", "same", "full")
    ),
    sample(array(3, dtype="int32"), array(2, dtype="int8"), dtypes=("int32",)),
    sample(array(3, dtype="float32"), array(2, dtype="float64"), dtypes=("float64",)),
    sample(array(3, dtype="bool"), array(2, dtype="bool"), dtypes=BOOL),
    dtypes=FLOATS,
    magnitude=lambda x1, x2, mode="valid": _correlate(np.abs(x1), np.abs(x2), mode),
    mistakes=[
        sample(array(2, 3), array(3)),
        sample(array(3), array()),
        sample(array(0), array(3)),
        sample(array(3), array(3), mode="circular"),
    ],
)
