"""Cases of ops that look at the bits of numbers."""

from __future__ import annotations

import numpy as np

from ..case import BOOL, FLOATS, NUMBERS, array, case, given, sample
from .arithmetic import EXTREMES, INF, MISFITS, NAN

case(
    "view",
    lambda x, dtype=None: x if dtype is None else np.ascontiguousarray(x).view(dtype).reshape(_shape(x, dtype)),
    *(sample(array(2, 4, low=0, high=100), dtype=dtype) for dtype in ("int32", "uint8", "int16", "uint32", "int64")),
    sample(array(2, 4, low=-100, high=100), dtype="float32"),
    sample(array(3)),
    *(sample(array(2, 4), dtype=dtype, dtypes=("float32",), gradient=False) for dtype in ("int32", "uint8", "float64")),
    sample(array(2, 4), dtype="int16", dtypes=("float16", "bfloat16"), gradient=False),
    sample(array(2, 4), dtype="int64", dtypes=("float64",), gradient=False),
    sample(array(low=-100, high=100), dtype="uint32", dtypes=("int32",)),
    sample(array(0, 4), dtype="int16", dtypes=("int32",)),
    dtypes=("int32", "int64", "int16", "uint8"),
    exact_input=True,
    mistakes=[
        sample(array(2, 3, dtype="float32"), dtype="float64"),
        sample(array(dtype="float32"), dtype="int16"),
    ],
)


def _shape(x, dtype):
    return (*x.shape[:-1], x.shape[-1] * x.itemsize // np.dtype(dtype).itemsize) if x.ndim else ()


case(
    "signbit",
    lambda x: x < 0 if x.dtype.kind == "i" else np.signbit(x),
    sample(array(2, 3), gradient=False),
    sample(array(), gradient=False),
    sample(array(0, 2), gradient=False),
    sample(given(0.0, -0.0, INF, -INF, 1.0, -1.0), dtypes=FLOATS, gradient=False),
    sample(array(3, dtype="bool"), dtypes=BOOL),
    dtypes=NUMBERS,
)


def _nextafter(x1, x2):
    dtype = x1.dtype if isinstance(x1, np.ndarray) else x2.dtype
    dtype = np.dtype("float32") if dtype.kind == "i" else dtype
    return np.nextafter(np.asarray(x1, dtype), np.asarray(x2, dtype))


case(
    "nextafter",
    _nextafter,
    sample(array(2, 3), array(2, 3), gradient=False),
    sample(array(2, 1), array(1, 3), gradient=False),
    sample(array(3), 2.0, gradient=False),
    sample(array(), array(), gradient=False, dtypes=FLOATS),
    sample(array(0, 3), array(3), gradient=False),
    sample(array(3, dtype="int32"), array(3, dtype="int32"), dtypes=("int32",)),
    sample(
        given(0.0, 0.0, -0.0, 1.0, -1.0, INF, -INF, 1.0, NAN, 1.0, 0.0),
        given(1.0, -1.0, 1.0, 1.0, INF, 0.0, 0.0, -INF, 1.0, NAN, -0.0),
        dtypes=FLOATS,
        gradient=False,
    ),
    exact_input=True,
    mistakes=MISFITS,
)
case(
    "ldexp",
    lambda x1, x2: np.asarray(x1) * 2.0 ** np.asarray(x2, "float64"),
    sample(array(2, 3), array(2, 3, low=-5, high=5, dtype="int32"), dtypes=FLOATS),
    sample(array(2, 1), array(1, 3, low=-5, high=5, dtype="int64"), dtypes=FLOATS),
    sample(array(3), 2, dtypes=FLOATS),
    sample(array(), array(low=1, high=3, dtype="int8"), dtypes=FLOATS),
    sample(array(0, 3), array(3, dtype="int32")),
    sample(array(3, dtype="int32"), array(3, dtype="uint8"), dtypes=("int32",)),
    sample(EXTREMES, 3, dtypes=FLOATS, gradient=False),
    sample(
        given(1.0, 1e-30, 1e30, 2.0**-126),
        np.array([127, 200, -190, 253]),
        dtypes=("float32", "float64"),
        gradient=False,
    ),
    sample(
        given(1.0, -1.0), array(2, low=2000, high=5000, dtype="int32"), dtypes=("float32", "float64"), gradient=False
    ),
    mistakes=[
        sample(array(2), array(2, dtype="float32")),
        sample(array(2), array(3, dtype="int32")),
    ],
)
case(
    "copy",
    lambda x: x,
    sample(array(2, 3)),
    sample(array()),
    sample(array(0, 2)),
    dtypes=(*NUMBERS, *BOOL),
)


def _saturate_cast(x, dtype):
    """Number by number, with Python's integers."""
    if dtype == "bool":
        return x > 0
    if dtype in FLOATS:
        limit = min(_largest(dtype), _largest(x.dtype.name) if x.dtype.name in FLOATS else INF)
        return np.clip(x.astype("float64"), -limit, limit)
    limits = np.iinfo(dtype)

    def one(number):
        if number != number:
            return 0
        if number in (INF, -INF):
            return limits.max if number > 0 else limits.min
        return min(max(int(number), limits.min), limits.max)

    return np.array([one(number) for number in x.reshape(-1).tolist()], dtype).reshape(x.shape)


def _largest(dtype):
    return {"bfloat16": (2 - 2.0**-7) * 2.0**127, "float16": 65504.0}.get(dtype) or float(np.finfo(dtype).max)


FAR = given(-1e30, -3e9, -300.7, -1.5, -0.5, 0.0, 0.5, 1.5, 200.9, 70000.0, 3e9, 1e30, INF, -INF, NAN)
NUMBERS_FAR = given(*(x for x in FAR.values if x == x))
LIMITS = given(-(2**31), -70000, -129, -1, 0, 1, 128, 255, 256, 70000, 2**31 - 1)
case(
    "saturate_cast",
    _saturate_cast,
    *(
        sample(FAR, dtype=dtype, dtypes=("float32", "float64"), gradient=False)
        for dtype in ("int32", "uint8", "int8", "int64", "uint32", "bool", "float16", "float32", "float64")
    ),
    sample(NUMBERS_FAR, dtype="bfloat16", dtypes=("float32", "float64"), gradient=False),
    *(
        sample(LIMITS, dtype=dtype, dtypes=("int32", "int64"))
        for dtype in ("int8", "uint8", "int16", "uint16", "uint32", "int64", "bool", "float32", "float16")
    ),
    sample(array(2, 3, low=-300, high=300), dtype="float32", dtypes=FLOATS, gradient=False),
    sample(array(2, 3, low=-300, high=300), dtype="float64", dtypes=("float64",)),
    sample(array(3, dtype="bool"), dtype="int32", dtypes=BOOL),
    sample(array(), dtype="int32", dtypes=FLOATS, gradient=False),
    sample(array(0, 2), dtype="int8", dtypes=("int32",)),
    exact_input=True,
    mistakes=[sample(array(2, dtype="complex64"), dtype="int32")],
)
