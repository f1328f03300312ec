"""Cases of pooling into a given number of parts."""

from __future__ import annotations

import itertools

import numpy as np

from ..case import FLOATS, array, case, given, sample
from .arithmetic import INF, NAN

REAL = ("float32", "float64")
FIRST = "channels_first"


def adaptive(reduce):
    """A pooling, part by part."""

    def run(inputs, output_size, data_format="channels_last"):
        first = data_format == FIRST
        x = np.moveaxis(inputs, 1, -1) if first else inputs
        rank = x.ndim - 2
        sizes = (output_size,) * rank if isinstance(output_size, int) else tuple(output_size)
        out = np.zeros((x.shape[0], *sizes, x.shape[-1]), np.float64 if reduce is np.mean else x.dtype)
        for place in itertools.product(*map(range, sizes)):
            parts = zip(place, x.shape[1:-1], sizes, strict=True)
            key = tuple(slice(i * n // count, -(-(i + 1) * n // count)) for i, n, count in parts)
            out[(slice(None), *place)] = reduce(x[(slice(None), *key)], axis=tuple(range(1, rank + 1)))
        return np.moveaxis(out, -1, 1) if first else out

    return run


def samples(**bounds):
    """Samples of inputs with numbers in these bounds."""
    return (
        sample(array(2, 7, 3, **bounds), 3),
        sample(array(2, 2, 5, 6, **bounds), (2, 4), FIRST),
        sample(array(1, 6, 4, 2, **bounds), (3, 2)),
        sample(array(1, 3, 4, 5, 2, **bounds), (2, 4, 3)),
        sample(array(1, 2, 3, 4, 5, **bounds), 2, FIRST),
        sample(array(2, 3, 6, **bounds), 2, FIRST),
        sample(array(1, 3, 2, **bounds), 5),
        sample(array(1, 5, 5, 1, **bounds), 1),
        sample(array(0, 5, 2), 2),
    )


BAD = [
    sample(array(2, 7), 3),
    sample(array(1, 5, 5, 1), 0),
    sample(array(1, 5, 5, 1), (2, 2, 2)),
    sample(array(1, 5, 0, 1), 2),
    sample(array(1, 5, 5, 1), 2, "last"),
]
case(
    "adaptive_average_pool",
    adaptive(np.mean),
    *samples(),
    sample(array(1, 7, 1, low=0, high=9, dtype="int32"), 3, dtypes=("int32",)),
    sample(given([[1.0], [INF], [2.0], [NAN], [3.0]]), 5, dtypes=REAL, gradient=False),
    sample(given([[1.0], [INF], [2.0], [NAN], [3.0], [4.0], [5.0]]), 4, dtypes=REAL, gradient=False),
    magnitude=lambda x, *rest, **options: np.abs(x).max(initial=0.0),
    mistakes=BAD,
)
case(
    "adaptive_max_pool",
    adaptive(np.max),
    *samples(apart=0.1),
    sample(given([[1.0], [2.0], [2.0], [2.0], [1.0], [1.0], [1.0]]), 3, kink=True),
    sample(given([[1.0], [2.0], [2.0], [2.0], [1.0], [1.0]]), 3, kink=True),
    sample(given([[-INF], [-INF], [2.0], [NAN], [3.0], [4.0], [5.0]]), 4, dtypes=REAL, gradient=False),
    dtypes=(*FLOATS, "int32", "int8"),
    mistakes=BAD,
)
