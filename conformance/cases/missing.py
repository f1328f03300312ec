"""Cases of reductions that pass over NaN."""

from __future__ import annotations

import numpy as np

from ..case import BOOL, FLOATS, array, case, given, sample
from .arithmetic import INF, NAN
from .reduction import BAD_AXES, EMPTY, RUNNING, narrow, reducing, running, tuples

HOLES = given((3.0, NAN, 1.0, 2.0), (NAN, NAN, NAN, NAN), (5.0, 4.0, NAN, NAN))
WITH_HOLES = (
    sample(HOLES, gradient=False),
    sample(HOLES, axis=1, gradient=False),
    sample(HOLES, axis=0, gradient=False),
)
INTS = ("int32", "int64", "int8")


def filled(reference, value):
    """A reduction of an array with a number in place of NaN."""
    return lambda x, *args, **params: reference(np.where(np.isnan(x), value, x).astype(x.dtype), *args, **params)


def extreme(reference, beaten):
    """The extreme of the numbers that are there."""

    def run(x, axis=None, keepdims=False):
        if x.dtype.kind != "f":
            return reference(x, axis=tuples(axis), keepdims=keepdims)
        found = reference(np.where(np.isnan(x), beaten, x), axis=tuples(axis), keepdims=keepdims)
        return np.where(np.isnan(x).all(axis=tuples(axis), keepdims=keepdims), np.nan, found)

    return run


for _name, _reference, _beaten in (("nanmax", np.max, -INF), ("nanmin", np.min, INF)):
    case(
        _name,
        extreme(_reference, _beaten),
        *reducing(array(2, 3, 4, apart=0.2)),
        *WITH_HOLES,
        sample(array()),
        sample(given(NAN, _beaten), gradient=False, dtypes=FLOATS),
        sample(given(1.0, 1.0, 0.5), dtypes=FLOATS, kink=True),
        sample(array(4, dtype="bool"), dtypes=BOOL),
        dtypes=(*FLOATS, *INTS),
        mistakes=[*BAD_AXES, *EMPTY],
    )


def position(wins):
    """The first element that no other beats, -1 if there is none."""

    def search(row):
        best = -1
        for place, number in enumerate(row):
            if not np.isnan(number) and (best < 0 or wins(number, row[best])):
                best = place
        return best

    def run(x, axis=None, keepdims=False):
        found = np.asarray(
            np.apply_along_axis(search, -1, np.moveaxis(x, axis, -1)) if axis is not None else search(x.ravel())
        )
        if keepdims:
            found = found.reshape([1] * x.ndim) if axis is None else np.expand_dims(found, axis)
        return found.astype("int32")

    return run


for _name, _wins, _beaten in (("nanargmax", np.greater, -INF), ("nanargmin", np.less, INF)):
    case(
        _name,
        position(_wins),
        sample(array(2, 3, 4)),
        sample(array(2, 3, 4), axis=0),
        sample(array(2, 3, 4), axis=-1, keepdims=True),
        sample(array(2, 3, 4), keepdims=True),
        sample(HOLES),
        sample(HOLES, axis=1),
        sample(given(NAN, _beaten, _beaten), dtypes=FLOATS),
        sample(given(NAN), dtypes=FLOATS),
        sample(array()),
        dtypes=(*FLOATS, "int32"),
        differentiable=False,
        mistakes=[*BAD_AXES[:2], BAD_AXES[4], *EMPTY, sample(array(2, 3), axis=(0, 1))],
    )
for _name, _reference, _value in (("nansum", np.sum, 0), ("nanprod", np.prod, 1)):
    case(
        _name,
        filled(narrow(_reference), _value),
        *reducing(array(2, 3, 4, low=0.5, high=1.5)),
        *WITH_HOLES,
        sample(array()),
        sample(array(0, 3), axis=0),
        sample(array(3, dtype="bool"), dtypes=BOOL),
        dtypes=(*FLOATS, *INTS),
        mistakes=BAD_AXES,
    )
for _name, _reference, _value in (("nancumsum", np.cumsum, 0), ("nancumprod", np.cumprod, 1)):
    case(
        _name,
        filled(running(_reference), _value),
        *RUNNING,
        *(sample(HOLES, axis=axis, gradient=False) for axis in (None, 0, 1)),
        sample(array(3, low=1, high=3, dtype="int32"), axis=0, dtype="float32", dtypes=("float32",), gradient=False),
        dtypes=(*FLOATS, *INTS),
        magnitude=lambda x, axis=None, dtype=None: np.nansum(np.abs(x)),
        mistakes=[sample(array(2, 3), axis=2)],
    )


def _mean(x, axis=None, keepdims=False):
    total = np.where(np.isnan(x), 0, x).sum(axis=axis, keepdims=keepdims)
    return total / (~np.isnan(x)).sum(axis=axis, keepdims=keepdims)


def _variance(x, axis=None, keepdims=False):
    return _mean((x - _mean(x, axis, keepdims=True)) ** 2, axis, keepdims)


MOMENTS = {
    "nanmean": _mean,
    "nanvar": _variance,
    "nanstd": lambda x, axis=None, keepdims=False: np.sqrt(_variance(x, axis, keepdims)),
}
for _name, _reference in MOMENTS.items():
    case(
        _name,
        lambda x, axis=None, keepdims=False, reference=_reference: reference(x, tuples(axis), keepdims),
        *reducing(array(2, 3, 4))[:6],
        *WITH_HOLES,
        sample(array(3, dtype="int32"), dtypes=("int32",)),
        sample(array(3, dtype="bool"), dtypes=BOOL),
        sample(given(60000.0, 60000.0), dtypes=("float16",)),
        sample(array(300, low=1000, high=1001), dtypes=("float32", "float64"), gradient=False),
        dtypes=FLOATS,
        magnitude=lambda x, axis=None, keepdims=False: np.abs(x[~np.isnan(x)]).max(),
        mistakes=BAD_AXES,
    )
