"""Cases of taking elements out and putting others in."""

from __future__ import annotations

import math

import numpy as np

from ..case import BOOL, NUMBERS, array, case, given, sample

FEW = ("float32", "float64", "int32")
WIDE = (*NUMBERS, *BOOL)


def places(*shape: int, low: int, high: int, dtype: str = "int32"):
    """An array of indices."""
    return array(*shape, low=low, high=high, dtype=dtype)


def _slices(starts, stops, steps):
    return tuple(slice(a, b, c) for a, b, c in zip(starts, stops, steps, strict=True))


def _spread(g, shape, starts, stops, steps):
    out = np.zeros(shape, g.dtype)
    out[_slices(starts, stops, steps)] = g
    return out


case(
    "strided_slice",
    lambda x, starts, stops, steps: x[_slices(starts, stops, steps)],
    sample(array(5, 6), starts=(1, 0), stops=(5, 6), steps=(2, 1)),
    sample(array(5, 6), starts=(0, 2), stops=(5, 3), steps=(1, 3)),
    sample(array(5), starts=(2,), stops=(2,), steps=(1,)),
    dtypes=WIDE,
)
case(
    "strided_slice_gradient",
    _spread,
    sample(array(2, 6), shape=(5, 6), starts=(1, 0), stops=(5, 6), steps=(2, 1)),
    sample(array(5, 1), shape=(5, 6), starts=(0, 2), stops=(5, 3), steps=(1, 3)),
    sample(array(3), shape=(9,), starts=(1,), stops=(9,), steps=(3,)),
    sample(array(0), shape=(5,), starts=(2,), stops=(2,), steps=(1,)),
    dtypes=FEW,
)
case(
    "slice",
    lambda inputs, start_indices, shape: inputs[
        tuple(slice(s, s + n) for s, n in zip(start_indices, shape, strict=True))
    ],
    sample(array(4, 5), given(1, 2), shape=(2, 3), dtypes=("int32",)),
    sample(array(4, 5), np.array([1, 2]), shape=(2, 3)),
    sample(array(4, 5), np.array([0, 0], "int32"), shape=[4, 5]),
    sample(array(4), np.array([4]), shape=(0,)),
    sample(array(4), (1,), shape=(2,)),
    dtypes=FEW,
    mistakes=[
        sample(array(4, 5), np.array([1]), shape=(2, 3)),
        sample(array(4, 5), np.array([1, 2]), shape=(2,)),
        sample(array(4), np.array([0]), shape=(5,)),
        sample(array(4, 5), np.array([0, 0]), shape=(2, -1)),
        sample(array(4), np.array([0.0]), shape=(2,)),
    ],
)


def _slice_update(inputs, start_indices, updates):
    out = inputs.copy()
    out[tuple(slice(s, s + n) for s, n in zip(start_indices, updates.shape, strict=True))] = updates
    return out


case(
    "slice_update",
    _slice_update,
    sample(array(4, 5), np.array([1, 2]), array(2, 3)),
    sample(array(4, 5), np.array([0, 0], "int32"), array(4, 5)),
    sample(array(4), (1,), array(2)),
    sample(array(4), np.array([2]), array(0)),
    sample(array(4), np.array([1]), array(2, dtype="int32"), dtypes=("float32",), gradient=False),
    dtypes=FEW,
    mistakes=[
        sample(array(4, 5), np.array([1]), array(2, 3)),
        sample(array(4, 5), np.array([1, 2]), array(2)),
        sample(array(4), np.array([0]), array(5)),
    ],
)
case(
    "take",
    lambda x, indices, axis=None: np.take(x, indices, axis),
    sample(array(5, 4), places(3, low=0, high=4), axis=0),
    sample(array(5, 4), places(2, 3, low=-4, high=3), axis=-1),
    sample(array(5, 4), places(3, low=-20, high=19)),
    sample(array(5, 4), np.array([1, 1, 1], "int64"), axis=0),
    sample(array(5, 4), 2, axis=0),
    sample(array(5, 4), [0, -1], axis=1),
    sample(array(5, 4), np.zeros((0,), "int32"), axis=0),
    sample(array(0, 4), np.zeros((0, 2), "int32"), axis=0),
    sample(array(5), places(2, low=0, high=4, dtype="uint8"), axis=0),
    dtypes=WIDE,
    mistakes=[
        sample(array(5, 4), np.array([0]), axis=2),
        sample(array(5, 4), np.array([0.0]), axis=0),
    ],
)
ALONG = (
    sample(array(3, 4), places(3, 2, low=0, high=3), axis=1),
    sample(array(3, 4), places(5, 4, low=-3, high=2), axis=0),
    sample(array(3, 4), places(3, 2, low=0, high=3, dtype="int64"), axis=-1),
    sample(array(3, 4), places(1, 2, low=0, high=3), axis=1),
    sample(array(3, 4), places(5, low=0, high=11)),
)


def _take_along_axis(x, indices, axis=None):
    if axis is None:
        return x.reshape(-1)[indices]
    shape = [max(a, b) for a, b in zip(x.shape, indices.shape, strict=True)]
    shape[axis] = indices.shape[axis]
    return np.take_along_axis(x, np.broadcast_to(indices, shape), axis)


case(
    "take_along_axis",
    _take_along_axis,
    *ALONG,
    dtypes=FEW,
    mistakes=[
        sample(array(3, 4), places(3, low=0, high=1), axis=1),
        sample(array(3, 4), places(3, 2, low=0, high=1), axis=2),
        sample(array(3, 4), places(2, 2, low=0, high=1), axis=1),
        sample(array(3, 4), array(3, 4, dtype="float32"), axis=1),
    ],
)
case(
    "gather_along_axis",
    np.take_along_axis,
    sample(array(3, 4), places(3, 2, low=0, high=3), axis=1),
    sample(array(3, 4), places(5, 4, low=-3, high=2), axis=0),
    dtypes=WIDE,
)


def _add_along_axis(x, indices, updates, axis):
    out = x.copy()
    grid = list(np.indices(indices.shape))
    grid[axis] = indices
    np.add.at(out, tuple(grid), updates)
    return out


case(
    "add_along_axis",
    _add_along_axis,
    sample(array(3, 4), places(3, 2, low=0, high=3), array(3, 2), axis=1),
    sample(array(3, 4), np.zeros((5, 4), "int32"), array(5, 4), axis=0),
    sample(array(3, 4), places(3, 2, low=-4, high=3), array(3, 2), axis=1),
    dtypes=FEW,
    magnitude=lambda x, indices, updates, axis: np.full((), np.abs(x).max() + np.abs(updates).sum()),
)
case(
    "gather",
    lambda x, indices: x[tuple(np.moveaxis(indices, -1, 0))],
    sample(array(3, 4), places(5, 2, low=0, high=2)),
    sample(array(3, 4), places(5, 1, low=-3, high=2)),
    sample(array(3, 4, 2), places(2, 3, 2, low=0, high=2)),
    sample(array(3, 4), np.zeros((0, 2), "int32")),
    dtypes=FEW,
    mistakes=[
        sample(array(3, 4), places(5, 3, low=0, high=1)),
        sample(array(3, 4), array(5, 2, dtype="float32")),
    ],
)


def _scatter(indices, values, shape):
    return _scatter_update(np.zeros(shape, values.dtype), indices, values, "add")


def _scatter_update(inputs, indices, updates, reduction=None):
    out = inputs.copy()
    key = tuple(np.moveaxis(indices, -1, 0))
    if reduction is None:
        out[key] = updates
    else:
        {"add": np.add, "max": np.maximum, "min": np.minimum, "mul": np.multiply}[reduction].at(out, key, updates)
    return out


SPOTS = np.array([[0], [2], [0]], "int32")
APART = np.array([[2], [0]], "int32")
SOME = np.array([[0], [1], [2], [1]], "int32")
case(
    "scatter",
    _scatter,
    sample(SPOTS, array(3), shape=(4,)),
    sample(SPOTS, array(3, 2), shape=(4, 2)),
    sample(np.array([[0, 1], [1, 1], [0, 1]], "int64"), array(3), shape=(2, 2)),
    sample(np.array([[-1], [0]], "int32"), array(2), shape=(4,)),
    sample(np.zeros((0, 1), "int32"), array(0, 2), shape=(4, 2)),
    dtypes=FEW,
    magnitude=lambda indices, values, shape: np.full((), np.abs(values).sum()),
    mistakes=[
        sample(SPOTS, array(2), shape=(4,)),
        sample(SPOTS, array(3), shape=(4, 1)),
        sample(SPOTS, array(3, 2), shape=(4,)),
        sample(np.zeros((3, 3), "int32"), array(3), shape=(4, 4)),
    ],
)
case(
    "scatter_update",
    _scatter_update,
    sample(array(4, apart=0.3), APART, array(2)),
    sample(array(4, 2, apart=0.3), APART, array(2, 2)),
    *(sample(array(4, apart=0.31), SPOTS, array(3, apart=0.47), reduction=r) for r in ("add", "max", "min", "mul")),
    *(
        sample(array(4, 2, apart=0.31), SPOTS, array(3, 2, apart=0.47), reduction=r)
        for r in ("add", "max", "min", "mul")
    ),
    sample(given(1.0, 2.0), np.array([[0], [0]], "int32"), given(1.0, 1.0), reduction="max", kink=True),
    *(
        sample(
            given(math.nan, 1.0, 2.0, 3.0),
            SOME,
            given(1.0, math.nan, math.nan, 5.0),
            reduction=r,
            gradient=False,
            dtypes=("float32", "float64"),
        )
        for r in ("add", "max", "min", "mul")
    ),
    sample(array(4), APART, array(2, dtype="int32"), dtypes=("float32",), gradient=False),
    dtypes=FEW,
    magnitude=lambda inputs, indices, updates, reduction=None: np.full(
        (), np.nanmax(np.abs(inputs)) + np.nansum(np.abs(updates))
    ),
    mistakes=[
        sample(array(4), SPOTS, array(2)),
        sample(array(4, 2), SPOTS, array(2)),
        sample(array(4, 1), SPOTS, array(3)),
        sample(array(4), SPOTS, array(3), reduction="mean"),
    ],
)
KEYS = [
    0,
    -1,
    slice(1, 3),
    slice(None, None, -1),
    slice(3, 0, -2),
    slice(-2, None),
    (slice(None), 1),
    (0, 1),
    (..., 0),
    (None, slice(None), 2),
    (0, None, slice(1, 4, 2)),
    slice(5, 9),
    np.array([0, 2]),
    np.array([[0, 2], [1, 1]]),
    (slice(None), np.array([0, -1])),
    (np.array([0, 1]), np.array([1, 2])),
    (np.array([[0], [1]]), np.array([1, 2])),
    (0, np.array([1, 2])),
    [0, 2],
    (),
]
ROWS, ELEMENTS = np.array([True, False]), np.array([[True, False, True], [False, True, True]])
MASKS: list = [
    ROWS,
    ELEMENTS,
    np.zeros((2, 3), "bool"),
    [True, False],
    (ELEMENTS, 1),
    (ELEMENTS, np.array([0, 1, 2, 3])),
    (..., np.array([True, False, False, True])),
    (None, slice(None), np.array([True, False, True]), slice(1, 3)),
    (1, ELEMENTS[0]),
]
case(
    "get_item",
    lambda x, key: x[key],
    *(sample(array(4, 5), key=key) for key in KEYS),
    sample(array(3, 4, 5), key=(np.array([0, 1]), slice(None), np.array([1, 2]))),
    sample(array(3, 4, 5), key=(slice(None), np.array([0, 1]), np.array([1, 2]))),
    sample(array(3, 4, 5), key=(..., np.array([0, 1]), slice(1, 3))),
    *(sample(array(2, 3, 4), key=key) for key in MASKS),
    dtypes=("float32", "float64"),
    mistakes=[
        sample(array(4, 5), key=4),
        sample(array(4, 5), key=(0, 0, 0)),
        sample(array(4, 5), key=(..., ...)),
        sample(array(4, 5), key=1.5),
        sample(array(4, 5), key=np.array([0.5])),
        sample(array(4, 5), key=slice(None, None, 0)),
        sample(array(4, 5), key=np.array([True, False])),
        sample(array(4, 5), key=(0, ROWS, 0)),
        sample(array(4), key=True),
        sample(array(4), key=np.array(True)),
    ],
)
