"""Cases of activation functions that are made of pieces."""

from __future__ import annotations

import numpy as np

from ..case import FLOATS, array, case, given, sample
from .activation import OUT_OF_RANGE
from .arithmetic import EXTREMES

WHOLE = (*FLOATS, "int32", "int8")


def pieces(name, reference, *samples, kinks, dtypes=FLOATS):
    """A case of a function of one array with kinks."""
    case(
        name,
        reference,
        sample(array(2, 3, apart=0.45)),
        sample(array(apart=0.45)),
        sample(array(0, 2)),
        sample(array(40, low=-8, high=8), gradient=False),
        sample(given(-4, -1, 0, 2, 7), dtypes=("int32",)),
        sample(given(*kinks, 100.0, -100.0), kink=True),
        sample(EXTREMES, gradient=False, dtypes=FLOATS),
        *samples,
        dtypes=dtypes,
        mistakes=[sample(array(2, dtype="complex64"))],
    )


pieces("relu6", lambda x: np.clip(x, 0, 6), kinks=(0.0, 6.0), dtypes=WHOLE)
pieces("hard_tanh", lambda x: np.clip(x, -1, 1), kinks=(-1.0, 1.0), dtypes=WHOLE)
pieces("hard_sigmoid", lambda x: np.clip((x + 3) / 6, 0, 1), kinks=(-3.0, 3.0))
pieces("hard_silu", lambda x: x * np.clip((x + 3) / 6, 0, 1), kinks=(-3.0, 3.0))
pieces(
    "hard_shrink",
    lambda x, threshold=0.5: np.where(np.abs(x) > threshold, x, 0),
    sample(array(2, 3, apart=0.45), threshold=1.5),
    kinks=(-0.5, 0.5),
    dtypes=WHOLE,
)
pieces(
    "soft_shrink",
    lambda x, threshold=0.5: np.where(np.abs(x) > threshold, x - np.sign(x) * threshold, 0),
    sample(array(2, 3, apart=0.45), 1.5),
    kinks=(-0.5, 0.5),
)
pieces(
    "sparse_plus",
    lambda x: np.where(x <= -1, 0, np.where(x >= 1, x, (x + 1) ** 2 / 4)),
    kinks=(-1.0, 1.0),
)
pieces("sparse_sigmoid", lambda x: np.clip((x + 1) / 2, 0, 1), kinks=(-1.0, 1.0))
_threshold = lambda x, threshold, default_value: np.where(x > threshold, x, np.asarray(default_value, x.dtype))  # noqa: E731
case(
    "threshold",
    _threshold,
    sample(array(2, 3, apart=0.45), 0.5, -2.0, dtypes=FLOATS),
    sample(array(apart=0.45), 0.5, -2.0, dtypes=FLOATS),
    sample(array(0, 2), 0, 1),
    sample(array(2, 3, apart=0.45), threshold=-0.5, default_value=0),
    sample(given(-4, -1, 0, 2, 7), 0.5, -3.0, dtypes=("int32",)),
    sample(given(1.0, 0.5, 2.0), 0.5, -2.0, dtypes=FLOATS, kink=True),
    sample(EXTREMES, 0.0, 5.0, dtypes=FLOATS, gradient=False),
    dtypes=WHOLE,
)


def _sparsemax(x, axis=-1):
    """Row by row: lower the level until what is above it adds up to one."""
    rows = np.moveaxis(x, axis, -1)
    out = np.zeros_like(rows)
    for place in np.ndindex(*rows.shape[:-1]):
        row, total = rows[place], 0.0
        for count, number in enumerate(sorted(row, reverse=True), 1):
            if 1 + count * number <= total + number:
                break
            total += number
            level = (total - 1) / count
        out[place] = np.maximum(row - level, 0)
    return np.moveaxis(out, -1, axis)


case(
    "sparsemax",
    _sparsemax,
    sample(array(2, 3)),
    sample(array(2, 5, low=-0.5, high=0.5), axis=0),
    sample(array(2, 3, 4, low=-0.5, high=0.5), axis=-2),
    sample(array(1)),
    sample(array(0, 3), gradient=False),
    sample(array(3, 50, low=-0.2, high=0.2), gradient=False),
    sample(given(1.0, 1.0, 0.0, 0.0), kink=True),
    sample(given(0.25, 0.25, 0.25, 0.25)),
    sample(given(1000.0, 1000.5, -1000.0), dtypes=("float32", "float64"), gradient=False),
    sample(given(1, 1, 3), dtypes=("int32",)),
    magnitude=lambda x, axis=-1: np.maximum(np.abs(x).max(initial=0.0), 1.0),
    mistakes=OUT_OF_RANGE,
)
