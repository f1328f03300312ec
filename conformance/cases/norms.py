"""Cases of norms and of what singular values are good for."""

from __future__ import annotations

import numpy as np

from ..case import COMPLEX, FLOATS, array, case, given, sample
from .arithmetic import INF
from .matrices import COMPUTED, HINGES, IDENTITY, NOT_MATRICES, REALS, regular

VECTORS = array(3, 4, apart=0.25)


def _norm(x, ord=None, axis=None, keepdims=False):
    """NumPy's, which does not take integers for the dtype of the result."""
    axis = tuple(axis) if isinstance(axis, list) else axis
    return np.asarray(np.linalg.norm(x.astype("float64") if x.dtype.kind in "iub" else x, ord, axis, keepdims))


case(
    "norm",
    _norm,
    sample(array(2, 3, 4)),
    sample(array(3)),
    sample(array(2, 3, 4), axis=-1, keepdims=True),
    sample(array()),
    *(sample(VECTORS, ord=ord, axis=-1) for ord in (0, 1, 2, 3, -1, -2.5, 0.5, INF, -INF)),
    *(sample(array(3), ord=ord) for ord in (1, INF)),
    *(sample(regular(2, 3, 3), ord=ord, axis=(-2, -1)) for ord in ("fro", "nuc", 1, -1, 2, -2, INF, -INF)),
    sample(array(3, 2, 4), ord="nuc", axis=(2, 0), keepdims=True),
    sample(array(3, 2, 4), ord=1, axis=[0, 1], keepdims=True),
    sample(array(3, 2), ord=2),
    sample(array(0)),
    sample(array(0, 3), axis=0),
    sample(array(0), ord=INF),
    *(sample(array(*shape), ord=ord) for shape in ((0, 3), (3, 0), (0, 0)) for ord in ("fro", "nuc", 1, 2, INF)),
    sample(array(0, 3), ord=-1),
    sample(array(2, 0), ord=-INF),
    sample(array(2, 3), axis=1, dtypes=COMPLEX),
    sample(array(2, 3), ord=3, axis=1, dtypes=COMPLEX),
    sample(given(0.0, 0.0), dtypes=COMPUTED, kink=True),
    sample(given(0.0, 0.0), ord=3, dtypes=COMPUTED, kink=True),
    dtypes=(*FLOATS, "int32", *COMPLEX),
    mistakes=[
        sample(array(2, 3), axis=2),
        sample(array(2, 3, 4), ord=2),
        sample(array(2, 3), ord=3),
        sample(array(3), ord="fro"),
        sample(array(2, 3), ord="frobenius"),
        sample(array(2, 3, 4), ord=1, axis=(0, 1, 2)),
        sample(array(0), ord=-INF),
        *(sample(array(2, 0), ord=ord) for ord in (-1, -2)),
        *(sample(array(0, 3), ord=ord) for ord in (-2, -INF)),
    ],
)
DEFICIENT = given((1.0, 2.0, 3.0), (2.0, 4.0, 6.0), (1.0, 0.0, 1.0))
case(
    "matrix_rank",
    lambda x, tol=None: np.asarray(np.linalg.matrix_rank(x, tol)).astype("int32"),
    sample(regular(3, 3), gradient=False),
    sample(array(2, 3, 4), gradient=False),
    sample(DEFICIENT, gradient=False),
    sample(array(3, 4), dtypes=COMPLEX, gradient=False),
    sample(regular(3, 3), tol=100.0, gradient=False),
    sample(array(0, 3, 3), gradient=False),
    sample(given((0.0, 0.0), (0.0, 0.0)), gradient=False),
    **HINGES,
    dtypes=REALS,
    mistakes=NOT_MATRICES,
)


def _pinv_size(x, rcond=None):
    s = np.linalg.svd(x, compute_uv=False)
    s = np.where(s > 1e-5 * s.max(initial=0.0), s, np.inf) if s.size else np.ones(1)
    return max(np.abs(x).max(initial=0.0), 1.0) * (1.0 / s.min()) * max((1.0 / s).max(), 1.0)


def _wide(x):
    return x.astype(np.result_type(x, "float64"))


def _pinv(x, rcond=None):
    return np.linalg.pinv(_wide(x), 1e-5 if rcond is None else rcond)


case(
    "pinv",
    _pinv,
    sample(regular(3, 3)),
    sample(array(2, 4, 2)),
    sample(array(2, 3)),
    *(sample(shape, dtypes=COMPLEX) for shape in (regular(3, 3), array(4, 2), array(2, 3))),
    sample(IDENTITY),
    sample(DEFICIENT, dtypes=COMPUTED, gradient=False),
    sample(given((1.0, 0.0), (0.0, 0.01)), rcond=0.1, dtypes=COMPUTED, gradient=False),
    sample(array(0, 3), dtypes=COMPUTED),
    sample(array(2, 3, 0), dtypes=COMPUTED),
    **HINGES,
    dtypes=REALS,
    magnitude=_pinv_size,
    mistakes=NOT_MATRICES,
)


def _lstsq(a, b, rcond=None):
    return np.linalg.lstsq(_wide(a), _wide(b), 1e-5)[0]


case(
    "lstsq",
    _lstsq,
    sample(regular(3, 3), array(3)),
    sample(array(4, 2), array(4, 3)),
    sample(array(2, 3), array(2)),
    sample(array(4, 2), array(4, 3), dtypes=COMPLEX),
    sample(DEFICIENT, given(1.0, 2.0, 3.0), dtypes=COMPUTED, gradient=False),
    **HINGES,
    dtypes=REALS,
    magnitude=lambda a, b, rcond=None: _pinv_size(a) * max(np.abs(a).max(), 1.0) * np.abs(b).sum(),
    mistakes=[
        sample(array(2, 2, 2), array(2, 2, 2)),
        sample(array(3), array(3)),
        sample(array(3, 2), array(2)),
    ],
)
