"""Cases of choosing and finding."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..case import BOOL, FLOATS, INTS, NUMBERS, array, case, given, sample
from .arithmetic import INF, NAN
from .movement import FEW

SOME = (*FEW, "bfloat16", "float16", "uint8", "int64")

case(
    "select",
    np.select,
    sample([array(2, 3, dtype="bool"), array(2, 3, dtype="bool")], [array(2, 3), array(2, 3)]),
    sample([array(2, 3, dtype="bool"), array(3, dtype="bool")], [array(3), array(2, 1)], array()),
    sample([array(3, dtype="bool")], [array(3)], 5),
    sample([array(dtype="bool")], [array(3, dtype="int32")], default=2.5, dtypes=("float32",), gradient=False),
    sample([array(0, dtype="bool")], [array(0)]),
    dtypes=FEW,
    mistakes=[
        sample([array(3, dtype="bool")], [array(3), array(3)]),
        sample([], []),
        sample([array(3, dtype="bool")], [array(2)]),
    ],
)


def _unravel_index(indices, shape):
    places = indices.astype("int64") % int(np.prod(shape))
    return tuple(p.astype(indices.dtype) for p in np.unravel_index(places, shape))


case(
    "unravel_index",
    _unravel_index,
    sample(array(5, low=0, high=5), (2, 3)),
    sample(array(2, 3, low=0, high=23), (2, 3, 4)),
    sample(array(low=0, high=5), (6,)),
    sample(array(4, low=-6, high=5, dtype="int32"), (2, 3), dtypes=("int32",)),
    sample(given(2**40), (2**20, 2**21), dtypes=("int64",)),
    sample(given(2**32 - 1), (2**16, 2**16), dtypes=("uint32",)),
    sample(array(0), (2, 3)),
    sample(array(3, low=0, high=2), (3, 1)),
    dtypes=INTS,
    mistakes=[sample(array(2, dtype="float32"), (2, 3))],
)
case(
    "argpartition",
    lambda x, kth, axis=-1: np.argsort(x, axis, kind="stable").astype("int32"),
    sample(array(3, 4, apart=0.3), 1),
    sample(array(3, 4, apart=0.3), -1, axis=0),
    sample(array(3, 4, apart=0.3), 11, axis=None),
    sample(given(3.0, NAN, 1.0), 1, dtypes=FLOATS),
    dtypes=NUMBERS,
    differentiable=False,
    mistakes=[sample(array(3), 3), sample(array(3), -4), sample(array(3), 0, axis=1), sample(array(), 0)],
)
case(
    "digitize",
    lambda x, bins: np.asarray((x[..., None] >= bins).sum(-1) + np.isnan(x) * len(bins)).astype("int32"),
    sample(array(2, 3), given(-1.0, 0.0, 1.0)),
    sample(given(-1.0, 0.0, 1.0, 2.0), given(-1.0, 0.0, 0.0, 1.0)),
    sample(array(), given(0.0)),
    sample(given(NAN, INF, -INF, 0.5), given(-1.0, 0.0, INF), dtypes=FLOATS),
    sample(array(3), array(0)),
    sample(array(3, dtype="int32"), given(-0.5, 0.5), dtypes=("float32",)),
    dtypes=(*FLOATS, "int32", "int64"),
    differentiable=False,
    mistakes=[sample(array(3), array(2, 2)), sample(array(3), array())],
)
case(
    "isin",
    lambda x1, x2, assume_unique=False, invert=False: np.isin(x1, x2, invert=invert),
    sample(array(3, 4, low=-2, high=2), array(2, low=-2, high=2)),
    sample(given(1.0, 2.0, 3.0), given(3.0, 1.0, 1.0), invert=True),
    sample(given(1.0, 2.0, 0.0), given(2.0)),
    sample(array(), array(2, 3)),
    sample(array(3), array(0)),
    sample(array(3), array(0), invert=True),
    sample(given(NAN, 1.0, INF, -0.0), given(NAN, 0.0, INF), dtypes=FLOATS),
    sample(array(5, dtype="bool"), array(1, dtype="bool"), dtypes=BOOL),
    sample(array(3, dtype="int32"), given(-0.5, 1.0), dtypes=("float32",)),
    dtypes=SOME,
    differentiable=False,
    mistakes=[sample(array(3, dtype="complex64"), array(3))],
)


def _unique(
    x,
    sorted=True,
    return_index=False,
    return_inverse=False,
    return_counts=False,
    axis=None,
    size=None,
    fill_value=None,
):
    values, index, inverse, counts = np.unique(x, True, True, True, axis=axis, equal_nan=False)
    if size is not None:
        missing = max(size - len(index), 0)
        take = [slice(None)] * values.ndim
        take[axis or 0] = slice(0, size)
        pairs = [(0, missing if i == (axis or 0) % values.ndim else 0) for i in range(values.ndim)]
        values = np.pad(values[tuple(take)], pairs, constant_values=fill_value or 0)
        index = np.pad(index[:size], (0, missing), constant_values=index[0] if len(index) else 0)
        counts = np.pad(counts[:size], (0, missing))
    asked = [(index, return_index), (inverse, return_inverse), (counts, return_counts)]
    return [values, *(part.astype("int32") for part, wanted in asked if wanted)]


ALL: dict[str, Any] = {"return_index": True, "return_inverse": True, "return_counts": True}
ROWS = given((3, 1, 2), (0, 5, 1), (3, 1, 2), (3, 0, 9), (0, 5, 1))
case(
    "unique",
    _unique,
    sample(given(3, 1, 1, 2), size=6, **ALL, gradient=False),
    sample(ROWS, axis=0, size=4, **ALL, gradient=False),
    sample(given(3, 1, 1, 2), compiled=False, gradient=False),
    sample(given(3, 1, 1, 2), size=2, fill_value=7, **ALL, gradient=False),
    sample(given(3, 1, 1, 2), size=5, fill_value=7, return_counts=True, gradient=False),
    sample(array(3, 4, apart=0.3), size=14),
    sample(array(3, 4, apart=0.3), size=5, axis=-1, return_inverse=True),
    sample(array(2, 3, 2, apart=0.3), size=3, axis=1),
    sample(given((3, 1), (2, 1)), compiled=False, **ALL, gradient=False),
    sample(ROWS, axis=1, compiled=False, **ALL, gradient=False),
    sample(ROWS, axis=0, compiled=False, gradient=False),
    sample(ROWS, axis=-2, compiled=False, return_counts=True, gradient=False),
    sample(given(3, 1, 1, 2), return_inverse=True, sorted=False, compiled=False, gradient=False),
    sample(given(NAN, 1.0, NAN, INF, -INF), size=6, dtypes=FLOATS, **ALL, gradient=False),
    sample(given((NAN, 1.0), (NAN, 1.0)), axis=0, compiled=False, dtypes=FLOATS[:2], **ALL, gradient=False),
    sample(array(), size=1),
    sample(array(0), size=2, **ALL, gradient=False),
    sample(array(0), compiled=False, **ALL, gradient=False),
    sample(array(5, dtype="bool"), size=2, dtypes=BOOL, **ALL),
    sample(given(1.0, 1.0, 0.0), size=2, kink=True),
    dtypes=SOME,
    mistakes=[sample(array(2, 3), axis=2), sample(array(3, dtype="complex64"))],
)
