"""Cases of comparisons, truth values and bits."""

from __future__ import annotations

import numpy as np

from ..case import BOOL, FLOATS, INTS, NUMBERS, array, case, given, sample
from .arithmetic import INF, LARGE, MISFITS, NAN, UNSIGNED

COMPARED = (
    sample(array(2, 3), array(2, 3)),
    sample(array(2, 3), array(3)),
    sample(array(2, 1), array(1, 3)),
    sample(array(), array()),
    sample(array(0, 3), array(3)),
    sample(array(2, 3), 1),
    sample(1.0, array(2, 3)),
    sample(given(1.0, 2.0, 3.0), given(1.0, 3.0, 2.0)),
    sample(given(NAN, NAN, INF, 0.0), given(NAN, 1.0, INF, -0.0), dtypes=FLOATS),
    sample(array(3, dtype="bool"), array(3, dtype="bool"), dtypes=("bool",)),
    sample(given(1, 2, 3), 2.5, dtypes=("int32",)),
    UNSIGNED,
)
for _name, _reference in (
    ("equal", np.equal),
    ("not_equal", np.not_equal),
    ("less", np.less),
    ("less_equal", np.less_equal),
    ("greater", np.greater),
    ("greater_equal", np.greater_equal),
):
    case(_name, _reference, *COMPARED, dtypes=NUMBERS, mistakes=MISFITS)

TRUTHS = (
    sample(array(2, 3, dtype="bool"), array(2, 3, dtype="bool"), dtypes=BOOL),
    sample(array(2, 3, dtype="bool"), array(3, dtype="bool"), dtypes=BOOL),
    sample(array(3, low=-1, high=1), array(3, low=0, high=1), dtypes=("int32", "float32")),
    sample(array(3, dtype="bool"), True, dtypes=BOOL),
)
for _name, _reference in (
    ("logical_and", np.logical_and),
    ("logical_or", np.logical_or),
    ("logical_xor", np.logical_xor),
):
    case(_name, _reference, *TRUTHS, dtypes=BOOL, mistakes=MISFITS)
case(
    "logical_not",
    np.logical_not,
    sample(array(2, 3, dtype="bool"), dtypes=BOOL),
    sample(array(3, low=-1, high=1), dtypes=("int32",)),
    dtypes=BOOL,
)

BITS = (
    sample(array(2, 3, low=-100, high=100), array(2, 3, low=-100, high=100)),
    sample(array(2, 3, low=-100, high=100), array(3, low=0, high=100)),
    sample(array(2, 3, low=-100, high=100), 7),
    sample(array(3, dtype="bool"), array(3, dtype="bool"), dtypes=("bool",)),
)
FLOAT_BITS = [sample(array(2, dtype="float32"), array(2, dtype="int32"))]
for _name, _reference in (
    ("bitwise_and", np.bitwise_and),
    ("bitwise_or", np.bitwise_or),
    ("bitwise_xor", np.bitwise_xor),
):
    case(
        _name,
        _reference,
        *BITS,
        dtypes=INTS,
        mistakes=[*FLOAT_BITS, sample(array(2, dtype="int32"), array(3, dtype="int32"))],
    )
case(
    "bitwise_not",
    np.bitwise_not,
    sample(array(2, 3, low=-100, high=100)),
    sample(array(3, dtype="bool"), dtypes=("bool",)),
    dtypes=INTS,
    mistakes=[sample(array(2, dtype="float32"))],
)
for _name, _reference, gap in (("left_shift", np.left_shift, None), ("right_shift", np.right_shift, "uint64")):
    case(
        _name,
        _reference,
        sample(array(2, 3, low=-100, high=100), array(2, 3, low=0, high=6)),
        sample(array(2, 3, low=-100, high=100), 3),
        sample(array(3, low=0, high=2**31 - 1), 31, dtypes=("int32", "int64", "uint32")),
        sample(given(1, -5, 5, -1, 3), given(40, 32, 64, 31, 63), dtypes=("int32", "int64", "int8", "int16")),
        sample(given(1, -5, 5, 3), given(-1, -1, -40, 0), dtypes=("int32", "int64", "int8", "int16")),
        sample(given(1, 5, 255), given(8, 40, 7), dtypes=("uint8", "uint16", "uint32")),
        sample(given(1, -5), 40, dtypes=("int32", "int8")),
        sample(given(1, -5), -1, dtypes=("int32", "int64")),
        sample(LARGE[0], 3, dtypes=("uint64",), gap=gap),
        dtypes=INTS,
        mistakes=[*FLOAT_BITS, sample(array(2, dtype="bool"), array(2, dtype="bool"))],
    )
case(
    "where",
    np.where,
    sample(array(2, 3, dtype="bool"), array(2, 3), array(2, 3)),
    sample(array(3, dtype="bool"), array(2, 1), array(2, 3)),
    sample(array(2, 1, dtype="bool"), array(3), 0.0, dtypes=FLOATS),
    sample(array(2, 3, dtype="bool"), 1, array(3)),
    sample(array(2, 3, dtype="int32", low=0, high=1), array(2, 3), 0.5, dtypes=FLOATS),
    sample(array(2, dtype="bool"), given(NAN, INF), given(1.0, -0.0), dtypes=FLOATS, gradient=False),
    sample(array(40, 1, dtype="bool"), array(40, 20), array(20), gradient=False),
    sample(array(40, 20, dtype="bool"), array(40, 20), 0, gradient=False),
    sample(
        array(3, dtype="bool"), array(3, dtype="int32"), array(3, dtype="float32"), dtypes=("float32",), gradient=False
    ),
    dtypes=(*NUMBERS, *BOOL),
    mistakes=[
        sample(array(2, dtype="bool"), array(3), array(3)),
        sample(array(2, dtype="bool"), array(2), None),
    ],
)
case(
    "nonzero",
    lambda x: tuple(places.astype("int32") for places in np.nonzero(x)),
    sample(array(2, 3, low=0, high=1)),
    sample(array(4, dtype="bool"), dtypes=BOOL),
    sample(array(0, 3), dtypes=("int32",)),
    dtypes=("int32",),
    compiled=False,
)
