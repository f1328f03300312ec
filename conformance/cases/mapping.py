"""Cases of mapped functions and of scans with associative functions."""

from __future__ import annotations

import numpy as np

from polykeras import ops

from ..case import array, case, sample

REAL = ("float32", "float64")
case(
    "vectorized_map",
    lambda xs: xs.sum(tuple(range(1, xs.ndim)), keepdims=True) * xs,
    sample(array(4, 3)),
    sample(array(1, 2, 2)),
    sample(array(0, 3)),
    dtypes=REAL,
    magnitude=lambda xs: np.abs(xs).sum() * np.abs(xs),
    function=lambda xs: ops.vectorized_map(lambda x: ops.multiply(ops.sum(x), x), xs),
)


def _scanned(xs, reverse, axis):
    xs = np.flip(xs, axis) if reverse else xs
    out = np.cumprod(xs, axis)
    return np.flip(out, axis) if reverse else out


case(
    "associative_scan",
    _scanned,
    *(sample(array(n, 2, low=0.5, high=1.5), False, 0) for n in (5, 8, 1)),
    sample(array(7, 3, low=0.5, high=1.5), True, 0),
    sample(array(2, 6, low=0.5, high=1.5), False, -1),
    sample(array(2, 3, 2, low=0.5, high=1.5), True, 1),
    sample(array(0, 3), False, 0),
    dtypes=REAL,
    function=lambda xs, reverse, axis: ops.associative_scan(ops.multiply, xs, reverse, axis),
)
