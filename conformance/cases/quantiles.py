"""Cases of medians and other quantiles."""

from __future__ import annotations

import numpy as np

from ..case import BOOL, FLOATS, array, case, given, sample
from .arithmetic import INF, NAN
from .reduction import BAD_AXES, EMPTY, reducing, tuples

X = array(2, 3, 4, apart=0.2)
METHODS = ("lower", "higher", "midpoint", "nearest")
HOLES = given((3.0, NAN, 1.0, 2.0), (NAN, NAN, NAN, NAN), (5.0, 4.0, NAN, NAN))


def largest(x, *_, **__):
    """The size of the numbers between which the results lie."""
    return np.abs(x[np.isfinite(x)]).max(initial=0)


def quantile(missing=False, of=1.0):
    """Quantiles row by row: sort, and look between two neighbours."""

    def one(row, share, method):
        row = np.sort(row[~np.isnan(row)]) if missing else np.sort(row)
        if not len(row) or np.isnan(row[-1]):
            return np.nan
        place = share * (len(row) - 1)
        low, high = row[int(np.floor(place))], row[int(np.ceil(place))]
        if method == "nearest":
            return row[int(np.rint(place))]
        if method in ("lower", "higher") or low == high:
            return low if method == "lower" else high
        if low == -np.inf and high < np.inf:
            return low
        weight = 0.5 if method == "midpoint" else place - np.floor(place)
        return low + (high - low) * weight

    def run(x, q=0.5, axis=None, method="linear", keepdims=False):
        axes = range(x.ndim) if axis is None else np.atleast_1d(tuples(axis)) % max(x.ndim, 1)
        kept = [i for i in range(x.ndim) if i not in axes]
        rows = x.transpose(*kept, *axes).reshape([*(x.shape[i] for i in kept), -1])
        shares = np.asarray(q, "float64") / of
        values = [
            np.apply_along_axis(one, -1, rows.astype("float64"), share, method).reshape(rows.shape[:-1])
            for share in shares.reshape(-1)
        ]
        shape = [1 if i in axes else size for i, size in enumerate(x.shape) if keepdims or i not in axes]
        return np.array(values).reshape([*shares.shape, *shape])

    return run


INFINITE = [
    sample(given(INF, INF, INF, 1.0), gradient=False),
    sample(given(-INF, 1.0, -INF, INF), gradient=False),
    sample(given(-INF, -INF, 1.0, 2.0), gradient=False),
    sample(given(-INF, INF), gradient=False),
]
for _name, _missing in (("median", False), ("nanmedian", True)):
    case(
        _name,
        quantile(_missing),
        *reducing(X),
        sample(array(5, apart=0.3)),
        sample(array()),
        sample(HOLES, gradient=False),
        sample(HOLES, axis=1, gradient=False),
        sample(given(1.0, 1.0, 0.5, 2.0), kink=True),
        sample(array(4, low=-100, high=100, dtype="int32"), dtypes=("int32",)),
        sample(array(3, dtype="bool"), dtypes=BOOL),
        *INFINITE,
        dtypes=FLOATS,
        magnitude=largest,
        mistakes=[*BAD_AXES, *EMPTY, sample(array(3, dtype="complex64"))],
    )
for _name, _missing, _of in (
    ("quantile", False, 1),
    ("percentile", False, 100),
    ("nanquantile", True, 1),
    ("nanpercentile", True, 100),
):
    case(
        _name,
        quantile(_missing, _of),
        *(sample(s.args[0], 0.3 * _of, **s.params) for s in reducing(X)[:5]),
        sample(X, [0.1 * _of, 0.5 * _of, _of], axis=1),
        sample(X, [[0, 0.2 * _of], [0.5 * _of, 1.0 * _of]], axis=(0, 2), keepdims=True),
        *(sample(X, [0.0, 0.3 * _of, 0.375 * _of, 0.5 * _of], axis=-1, method=m) for m in METHODS),
        sample(array(5, apart=0.3), 0.5 * _of, method="nearest"),
        sample(array(), _of),
        sample(HOLES, [0.25 * _of, _of], gradient=False),
        sample(HOLES, [0.25 * _of, _of], axis=1, gradient=False),
        sample(array(5, apart=0.3), array(2, low=0.3 * _of, high=0.45 * _of, dtype="float64"), dtypes=("float64",)),
        sample(array(5, apart=0.3), array(low=0.3 * _of, high=0.45 * _of, dtype="float32"), dtypes=FLOATS[:2]),
        sample(array(4, low=-100, high=100, dtype="int32"), 0.3 * _of, dtypes=("int32",)),
        *(sample(s.args[0], 0.5 * _of, gradient=False) for s in INFINITE),
        dtypes=FLOATS,
        magnitude=largest,
        mistakes=[
            *(sample(s.args[0], 0.5 * _of, **s.params) for s in (*BAD_AXES, *EMPTY)),
            sample(array(3), -0.1 * _of),
            sample(array(3), [0.5, 1.1 * _of]),
            sample(array(3), 0.5 * _of, method="cubic"),
        ],
    )
