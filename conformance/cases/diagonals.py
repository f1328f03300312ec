"""Cases of diagonals and triangles."""

from __future__ import annotations

import numpy as np

from ..case import BOOL, NUMBERS, array, case, sample
from .movement import EVERY
from .reduction import narrow

case(
    "tri",
    lambda N, M=None, k=0, dtype="float32": np.tri(N, M, k, dtype),
    sample(3),
    sample(2, 4),
    sample(3, k=1),
    sample(4, 3, -1, dtype="int32"),
    sample(0),
    sample(2, dtype="bool"),
    dtypes=("float32",),
)
for _name, _reference in (("tril", np.tril), ("triu", np.triu)):
    case(
        _name,
        _reference,
        sample(array(3, 4)),
        sample(array(2, 4, 3), k=1),
        sample(array(3, 3), k=-1),
        sample(array(3, 4), k=9),
        sample(array(3, 4), k=-9),
        sample(array(0, 3)),
        dtypes=EVERY,
        mistakes=[sample(array(3)), sample(array())],
    )
DIAGONALS = (
    sample(array(3, 4)),
    sample(array(2, 3, 4), offset=1, axis1=-1, axis2=0),
    sample(array(4, 2, 3), offset=-1, axis1=1, axis2=2),
    sample(array(3, 4), offset=-2),
    sample(array(4, 3), offset=2),
    sample(array(3, 4), offset=4),
    sample(array(3, 4), offset=-9),
    sample(array(0, 3)),
    sample(array(3, 0), offset=-1),
    sample(array(2, 2, 3, 2), axis1=2, axis2=1),
)
BAD_DIAGONALS = [
    sample(array(3)),
    sample(array(3, 3), axis1=1, axis2=1),
    sample(array(3, 3), axis2=2),
    sample(array(3, 3), axis1=0, axis2=-2),
]
case("diagonal", np.diagonal, *DIAGONALS, dtypes=EVERY, mistakes=BAD_DIAGONALS)
case(
    "trace",
    lambda x, offset=0, axis1=0, axis2=1: narrow(np.sum)(np.diagonal(x, offset, axis1, axis2), -1),
    *DIAGONALS,
    dtypes=(*NUMBERS, *BOOL),
    magnitude=lambda x, offset=0, axis1=0, axis2=1: np.abs(np.diagonal(x, offset, axis1, axis2)).sum(-1),
    mistakes=BAD_DIAGONALS,
)
case(
    "diag",
    np.diag,
    sample(array(3)),
    sample(array(3, 4)),
    sample(array(3), k=2),
    sample(array(3), k=-1),
    sample(array(3, 4), k=-1),
    sample(array(1)),
    sample(array(0)),
    sample(array(0), k=1),
    dtypes=EVERY,
    mistakes=[sample(array()), sample(array(2, 2, 2))],
)
case(
    "diagflat",
    np.diagflat,
    sample(array(2, 2)),
    sample(array()),
    sample(array(3), k=-1),
    sample(array(0, 2), k=1),
    dtypes=EVERY,
)
