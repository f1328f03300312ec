"""Cases of arithmetic."""

from __future__ import annotations

import numpy as np

from ..case import BOOL, COMPLEX, FLOATS, INTS, NUMBERS, array, case, given, sample
from ..exact import accurate, exact, spread

INF, NAN = float("inf"), float("nan")
EXTREMES = given(0.0, -0.0, INF, -INF, NAN, 1.0, -1.0)
PAIRS = (
    sample(array(2, 3), array(2, 3)),
    sample(array(2, 3), array(3)),
    sample(array(2, 1), array(1, 3)),
    sample(array(3), array(2, 3)),
    sample(array(), array()),
    sample(array(0, 3), array(3)),
    sample(array(1), array(1, 1)),
    sample(array(2, 3), 1.5, dtypes=FLOATS),
    sample(2, array(2, 3), dtypes=NUMBERS),
    sample(array(2, 3, dtype="float64"), array(3, dtype="float32"), dtypes=("float64",)),
    sample(array(2, 3, dtype="int32"), array(3, dtype="float32"), dtypes=("float32",), gradient=False),
    sample(array(2, dtype="float16"), array(2, dtype="bfloat16"), dtypes=("float32",), gradient=False),
    sample(array(2, dtype="uint8", low=0), array(2, dtype="int8"), dtypes=("int16",), gradient=False),
    sample(array(2, dtype="bool"), array(2, dtype="float32"), dtypes=("float32",), gradient=False),
    sample(0.1, array(2, 3, dtype="float64"), dtypes=("float64",)),
)
SPECIAL = sample(EXTREMES, given(1.0, 2.0, 3.0, 4.0, 5.0, INF, NAN), dtypes=FLOATS, gradient=False)
COMPLEX_PAIR = sample(array(2, 3), array(3), dtypes=COMPLEX)
MISFITS = [
    sample(array(2, 3), array(2, 4)),
    sample(array(2, 3), array(4)),
    sample(array(2, 3, dtype="int32"), array(3, 2, dtype="float32")),
]
BOOLS = sample(array(3, dtype="bool"), array(3, dtype="bool"), dtypes=("bool",))
LARGE = given(2**63, 1, 2**64 - 1, 5), given(1, 2**63, 3, 5)
UNSIGNED = sample(*LARGE, dtypes=("uint64",))
OVERFLOW = sample(given(127, -128, 100), given(1, -1, 100), dtypes=("int8",))


def positive(*shapes: tuple[int, ...], low: float = 0.5, high: float = 3.0) -> tuple:
    """Arrays of positive numbers."""
    return tuple(array(*shape, low=low, high=high) for shape in shapes)


case("add", np.add, *PAIRS, COMPLEX_PAIR, SPECIAL, OVERFLOW, BOOLS, UNSIGNED, dtypes=NUMBERS, mistakes=MISFITS)
case(
    "subtract",
    np.subtract,
    *(s for s in PAIRS if s is not PAIRS[13]),
    COMPLEX_PAIR,
    SPECIAL,
    OVERFLOW,
    dtypes=NUMBERS,
    mistakes=[*MISFITS, BOOLS],
)
case(
    "multiply", np.multiply, *PAIRS, COMPLEX_PAIR, SPECIAL, OVERFLOW, BOOLS, UNSIGNED, dtypes=NUMBERS, mistakes=MISFITS
)
case(
    "divide",
    np.divide,
    sample(array(2, 3), array(2, 3, low=0.5)),
    sample(array(2, 3), array(3, low=1, high=5)),
    sample(array(2, 1), array(1, 3, low=0.5)),
    sample(array(2, 3), 3),
    sample(array(2, 3), array(3, low=1, high=5), dtypes=COMPLEX),
    sample(1.0, array(2, 3, low=0.5), dtypes=FLOATS),
    sample(array(3, dtype="int32"), array(3, low=1, high=9, dtype="int32"), dtypes=("int32",)),
    sample(array(3, dtype="bool"), 2, dtypes=("bool",)),
    SPECIAL,
    sample(given(1.0, -1.0, 0.0), given(0.0, 0.0, 0.0), dtypes=FLOATS, gradient=False),
    mistakes=MISFITS,
)
SIGNED = ("int32", "int64", "int8", "int16")
BY_ZERO = (
    sample(*LARGE, dtypes=("uint64",), gap="uint64"),
    sample(given(5, -5, 0, 7), given(0, 0, 0, 2), dtypes=SIGNED),
    sample(given(5, 7, 0), given(0, 2, 0), dtypes=("uint8", "uint32")),
    sample(given(5, -5), 0, dtypes=SIGNED),
    sample(given(-(2**31), 2**31 - 1), given(-1, -1), dtypes=("int32",)),
)
case(
    "floor_divide",
    np.floor_divide,
    sample(array(2, 3, low=-20, high=20), array(2, 3, low=1, high=5)),
    sample(array(2, 3, low=-20, high=20), array(3, low=-5, high=-1), dtypes=(*FLOATS, "int32", "int64", "int8")),
    sample(array(2, 3, low=-20, high=20), 3),
    sample(given(7, -7, 6, -6), given(3, 3, -3, -3), dtypes=(*FLOATS, "int32", "int64", "int8"), gradient=False),
    *BY_ZERO,
    dtypes=NUMBERS,
    mistakes=[*MISFITS, BOOLS],
)
case(
    "mod",
    np.mod,
    sample(array(2, 3, low=-20, high=20), array(2, 3, low=1, high=5)),
    sample(array(2, 3, low=-20, high=20), array(3, low=-5, high=-1), dtypes=(*FLOATS, "int32", "int64", "int8")),
    sample(array(2, 3, low=-20, high=20), 3),
    sample(given(7, -7, 6, -6), given(3, 3, -3, -3), dtypes=(*FLOATS, "int32", "int64", "int8"), gradient=False),
    *BY_ZERO,
    dtypes=NUMBERS,
    magnitude=lambda x1, x2: np.abs(x2),  # what is left after a subtraction from x1
    mistakes=[*MISFITS, BOOLS],
)
_exact_power = exact(lambda base, exponent: base**exponent, np.power)


def _power(x1, x2):
    """NumPy's power, and for integers that of Python, the fraction cut off, wrapped around."""
    if np.result_type(x1, x2).kind != "i":
        return _exact_power(x1, x2)
    dtype = x1.dtype if isinstance(x1, np.ndarray) else x2.dtype

    half = 2 ** (8 * dtype.itemsize - 1)

    def one(base, exponent):
        exact = 0 if exponent < 0 and abs(base) != 1 else int(int(base) ** int(exponent))
        return (exact + half) % (2 * half) - half

    return np.vectorize(one, otypes=[object])(x1, x2).astype(dtype)


case(
    "power",
    _power,
    sample(*positive((2, 3), (2, 3)), dtypes=FLOATS),
    sample(*positive((2, 3), (3,)), dtypes=FLOATS),
    sample(array(2, 3), 2, dtypes=(*FLOATS, "int32", "int64")),
    sample(array(2, 3), 3.0, dtypes=FLOATS),
    sample(2.0, array(2, 3), dtypes=FLOATS),
    sample(array(2, 3, low=0, high=3), array(2, 3, low=0, high=4), dtypes=("int32", "int64", "uint8")),
    sample(given(0.0, 0.0, 2.0), given(1.0, 2.0, 0.0), dtypes=FLOATS, kink=True),
    sample(given(0.0, 0.0, 1.0, INF, -8.0), given(0.0, 2.0, INF, 2.0, 3.0), dtypes=FLOATS, gradient=False),
    sample(array(3, low=0.5), 0, dtypes=FLOATS),
    accurate(array(200, low=0.1, high=50), array(200, low=-20, high=20)),
    accurate(array(200, low=0.999, high=1.001), array(200, low=-5000, high=5000)),
    accurate(spread(-37, 37, negative=False), 0.375),
    accurate(spread(-12, 12), 3.0),
    sample(array(2, 3, low=0.5), array(3), dtypes=COMPLEX),
    sample(given(2, -2, 1, -1, -1, 0, 0, 3), given(-1, -3, -2, -3, -2, -1, 0, 4), dtypes=SIGNED),
    sample(given(2, 1, -1, 0), -3, dtypes=SIGNED),
    sample(-1, given(-3, -2, 0, 3), dtypes=SIGNED),
    sample(given(2, 3), given(0, 5), dtypes=("uint8", "uint32")),
    sample(given(3, 5, -3), given(100, 65, 71), dtypes=("int32", "int64")),
    dtypes=FLOATS,
    mistakes=[*MISFITS, BOOLS],
)
for _name, _reference in (("maximum", np.maximum), ("minimum", np.minimum)):
    case(
        _name,
        _reference,
        *PAIRS,
        SPECIAL,
        sample(given(1.0, 2.0, 3.0), given(1.0, 2.0, 5.0), kink=True),
        sample(array(3, dtype="bool"), array(3, dtype="bool"), dtypes=("bool",)),
        UNSIGNED,
        dtypes=(*NUMBERS, *BOOL),
        mistakes=MISFITS,
    )
case(
    "arctan2",
    np.arctan2,
    sample(array(2, 3), array(2, 3)),
    sample(array(2, 3), array(3, low=0.5)),
    sample(array(3), 2.0),
    sample(given(0.0, 1.0, -1.0, 1.0, INF), given(-1.0, 0.0, 0.0, INF, INF), gradient=False),
    sample(array(3, dtype="int32"), array(3, low=1, dtype="int32"), dtypes=("int32",)),
    mistakes=MISFITS,
)
case(
    "negative",
    np.negative,
    sample(array(2, 3)),
    sample(array()),
    sample(array(0, 2)),
    sample(array(2), dtypes=COMPLEX),
    sample(EXTREMES, dtypes=FLOATS, gradient=False),
    dtypes=(*FLOATS, *(d for d in INTS if d.startswith("int"))),
    mistakes=[sample(array(3, dtype="bool"))],
)
case(
    "square",
    np.square,
    sample(array(2, 3)),
    sample(array()),
    sample(array(2), dtypes=COMPLEX),
    sample(array(3, dtype="bool"), dtypes=BOOL),
    sample(EXTREMES, dtypes=FLOATS, gradient=False),
    dtypes=NUMBERS,
)
case(
    "reciprocal",
    np.reciprocal,
    sample(array(2, 3, low=0.5)),
    sample(given(1.0, -2.0, INF), gradient=False),
    sample(array(2, low=0.5), dtypes=COMPLEX),
)
case(
    "clip",
    lambda x, x_min, x_max: x if x_min is x_max is None else np.clip(x, x_min, x_max),
    sample(array(3, 4, apart=0.3), -1, 1, dtypes=(*FLOATS, "int32", "int64", "int8", "int16")),
    sample(array(3, 4, apart=0.3), array(4, low=-1, high=0), array(4, low=0.5, high=1), dtypes=FLOATS),
    sample(array(3, 4, apart=0.3), None, 1, dtypes=(*FLOATS, "int32")),
    sample(array(3, 4, apart=0.3), array(4, low=-1, high=0), None, dtypes=FLOATS),
    sample(array(2), None, None, dtypes=FLOATS),
    sample(given(True, False), None, None, dtypes=BOOL),
    sample(given(True, False), 1, None, dtypes=BOOL),
    sample(given(-1.0, 0.0, 1.0), -1, 1, dtypes=FLOATS, kink=True),
    sample(given(-1.0, 0.0, 1.0, NAN, INF, -INF), -1, 1, dtypes=FLOATS, gradient=False),
    sample(array(2, 3), 1, -1, dtypes=FLOATS, gradient=False),
    sample(array(2, 3), NAN, 1.0, dtypes=FLOATS, gradient=False),
    sample(array(2, 3), -1.0, given(NAN, 0.0, NAN), dtypes=FLOATS, gradient=False),
    dtypes=NUMBERS,
    mistakes=[sample(array(2, 3), array(2), 1.0), sample(array(2, dtype="complex64"), None, None)],
)
