"""Cases of reductions by segment."""

from __future__ import annotations

import numpy as np

from ..case import FLOATS, array, case, given, sample
from .arithmetic import INF, NAN

REAL = ("float32", "float64")


def by_segment(combine, start):
    """A reduction, element by element."""

    def run(data, segment_ids, num_segments=None, sorted=False):
        count = max([-1, *segment_ids]) + 1 if num_segments is None else num_segments
        first = start(data.dtype) if callable(start) else start
        out = np.full((count, *data.shape[1:]), first, data.dtype)
        for x, number in zip(data, segment_ids, strict=True):
            if 0 <= number < count:
                out[number] = combine(out[number], x)
        return out

    return run


def lowest(dtype):
    """The number below all others."""
    return np.iinfo(dtype).min if dtype.kind in "iu" else -INF


def highest(dtype):
    """The number above all others."""
    return np.iinfo(dtype).max if dtype.kind in "iu" else INF


FULL = np.array([0, 2, 0, 1, 2], "int32")
IDS = np.array([0, 2, 0, 3, 2], "int32")
ASTRAY = np.array([0, -1, 1, 7, 1], "int64")


def samples(empty=True, **bounds):
    """Samples of data with numbers in these bounds. Some segments are empty, whose results may have no gradient."""
    return (
        sample(array(5, **bounds), FULL, 3),
        sample(array(5, 2, 3, **bounds), IDS, num_segments=5, gradient=empty),
        sample(array(5, 3, **bounds), np.sort(FULL), 3, sorted=True),
        sample(array(5, 3, **bounds), ASTRAY, 2),
        sample(array(5, **bounds), ASTRAY, num_segments=9, gradient=empty),
        sample(array(0, 2), np.zeros(0, "int32"), 3, gradient=empty),
        sample(array(5, 2, **bounds), IDS, 0, gradient=False),
        sample(array(1, **bounds), np.array([0], "uint8"), 1),
        sample(array(2, **bounds), np.array([-1, 127], "int8"), 200, gradient=False),
    )


BAD = [sample(array(3), IDS), sample(array(), IDS), sample(array(5, 2), IDS[:, None])]
case(
    "segment_sum",
    by_segment(np.add, 0),
    *samples(),
    sample(array(200), np.arange(200, dtype="int32") % 3, 3, gradient=False),
    dtypes=(*FLOATS, "int32", "int64"),
    magnitude=lambda data, *_, **options: np.abs(data).sum(),
    mistakes=BAD,
)
case(
    "segment_prod",
    by_segment(np.multiply, 1),
    *samples(low=0.5, high=1.5),
    dtypes=(*FLOATS, "int32"),
    mistakes=BAD,
)
for _name, _combine, _start in (("segment_max", np.maximum, lowest), ("segment_min", np.minimum, highest)):
    case(
        _name,
        by_segment(_combine, _start),
        *samples(False, apart=0.1),
        sample(given(1.0, 1.0, 0.5, 1.0), np.array([0, 0, 0, 1], "int32"), 2, kink=True),
        sample(given(1.0, NAN, 0.5), np.array([0, 0, 1], "int32"), 2, dtypes=REAL, gradient=False),
        sample(given(-INF, INF), np.array([0, 1], "int32"), 2, gradient=False),
        dtypes=(*FLOATS, "int32", "int64", "int8"),
        mistakes=BAD,
    )
