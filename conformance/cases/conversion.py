"""Cases of conversions."""

from __future__ import annotations

import numpy as np

from polykeras.backend import numpy_dtype

from ..case import BOOL, COMPLEX, NUMBERS, array, case, sample

TARGETS = ("float32", "float64", "float16", "bfloat16", "int32", "int64", "int8", "uint8", "uint32", "bool")


def _cast(x, dtype):
    x = np.asarray(x)
    return (x.real if x.dtype.kind == "c" else x).astype(numpy_dtype(dtype))


case(
    "cast",
    _cast,
    *(sample(array(2, 3, low=0, high=100), dtype=dtype, gradient=dtype == "float64") for dtype in TARGETS),
    sample(array(2, 3, low=-100, high=100), dtype="int32", gradient=False),
    sample(array(2, 3, low=-100, high=100, dtype="int32"), dtype="int8"),
    sample(array(2, 3, low=200, high=300, dtype="int32"), dtype="uint8"),
    sample(array(3), dtype="float32", dtypes=COMPLEX, gradient=False),
    sample(0.1, dtype="float64"),
    sample([0.1, 0.2], dtype="float64"),
    dtypes=(*NUMBERS, *BOOL),
)
case(
    "convert_to_tensor",
    lambda x, dtype=None: _cast(x, dtype or _default(x)),
    sample(array(2, 3)),
    sample(1.5),
    sample(3),
    sample(True),
    sample([[1, 2], [3, 4]]),
    sample([1.0, 2]),
    sample([0.1], dtype="float64"),
    sample(array(2, 3), dtype="float32", gradient=False),
    dtypes=("float32", "float64", "int32", "int64", "bool", "uint8"),
)


def _default(x):
    if isinstance(x, np.ndarray):
        return x.dtype.name
    return {"b": "bool", "i": "int32", "f": "float32"}[np.asarray(x).dtype.kind]


case("as_array", lambda x: np.asarray(x), sample(array(2, 3)), sample(array()), dtypes=(*NUMBERS, *BOOL))
case("stop_gradient", lambda x: x, sample(array(2, 3), gradient=False))
