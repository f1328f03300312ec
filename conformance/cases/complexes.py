"""Cases of complex numbers."""

from __future__ import annotations

import numpy as np

from ..case import BOOL, COMPLEX, FLOATS, NUMBERS, array, case, given, sample
from .arithmetic import INF, NAN

ZEROS = given(0.0, -0.0, complex(0.0, -0.0), complex(-0.0, 0.0), 1j, -1j, -1.0, complex(-1.0, -0.0))
SPECIAL = sample(given(INF, -INF, NAN, complex(1, INF), complex(NAN, 1)), dtypes=COMPLEX, gradient=False)
ONE = (
    sample(array(2, 3)),
    sample(array()),
    sample(array(0, 2)),
    sample(ZEROS, dtypes=COMPLEX, gradient=False),
    SPECIAL,
)
TWO = (
    sample(array(2, 3), array(2, 3)),
    sample(array(3), array(2, 1)),
    sample(array(), array(2)),
    sample(array(0, 3), array(3)),
    sample(2.0, array(2)),
    sample(array(2), 1),
    sample(given(0.0, -0.0, INF, NAN), given(-0.0, INF, NAN, 1.0), dtypes=FLOATS, gradient=False),
    sample(array(2, dtype="float64"), array(2, dtype="float32"), dtypes=("float64",), gradient=False),
)
ANY = (*COMPLEX, *NUMBERS, *BOOL)

case("real", np.real, *ONE, dtypes=ANY)
case("imag", np.imag, *ONE, dtypes=ANY)
case("conjugate", lambda x: x if x.dtype == bool else np.conjugate(x), *ONE, dtypes=ANY)
case(
    "isreal",
    np.isreal,
    sample(array(2, 3), gradient=False),
    sample(array(), gradient=False),
    sample(array(0, 2), gradient=False),
    sample(ZEROS, dtypes=COMPLEX, gradient=False),
    SPECIAL,
    dtypes=ANY,
)


def _joined(real, imag):
    out = np.empty(np.broadcast_shapes(np.shape(real), np.shape(imag)), "complex128")
    out.real, out.imag = real, imag
    return out


case("make_complex", _joined, *TWO, dtypes=NUMBERS, makes_complex=True, mistakes=[sample(array(2), array(3))])
case(
    "angle",
    lambda x: np.arctan2(np.imag(x).astype("float64"), np.real(x).astype("float64")),
    sample(array(2, 3)),
    sample(array()),
    sample(array(0, 2)),
    sample(ZEROS, dtypes=COMPLEX, gradient=False),
    sample(given(0.0, -0.0, -1.0, 2.0, INF, -INF, NAN), dtypes=FLOATS, gradient=False),
    dtypes=ANY,
)
case(
    "polar",
    lambda abs_, angle: _joined(abs_ * np.cos(angle, dtype="float64"), abs_ * np.sin(angle, dtype="float64")),
    *TWO[:-2],
    sample(given(-1.0, 0.0, INF), given(3.0, 2.0, 0.5), dtypes=("float32", "float64"), gradient=False),
    dtypes=NUMBERS,
    makes_complex=True,
    mistakes=[sample(array(2), array(3))],
)
case(
    "view_as_complex",
    lambda x: _joined(x[..., 0], x[..., 1]),
    sample(array(3, 2)),
    sample(array(2)),
    sample(array(0, 2)),
    sample(array(2, 3, 2)),
    dtypes=NUMBERS,
    makes_complex=True,
    mistakes=[sample(array(2, 3)), sample(array())],
)
case("view_as_real", lambda x: np.stack([np.real(x), np.imag(x)], -1), *ONE, dtypes=ANY)
