"""Cases of products of vectors and arrays, and of distances."""

from __future__ import annotations

import itertools

import numpy as np

from ..case import COMPLEX, FLOATS, array, case, given, sample

ANY = (*FLOATS, "int32", "int64", *COMPLEX)
case(
    "inner",
    np.inner,
    sample(array(3), array(3)),
    sample(array(2, 3), array(4, 3)),
    sample(array(), array(2, 3)),
    sample(array(2, 3), 2.0, dtypes=FLOATS),
    sample(array(2, 1, 3), array(3)),
    sample(array(0, 3), array(2, 3)),
    sample(array(2, 0), array(0)),
    dtypes=ANY,
    magnitude=lambda x1, x2: np.inner(np.abs(x1), np.abs(x2)),
    mistakes=[sample(array(2, 3), array(3, 2))],
)
case(
    "outer",
    np.outer,
    sample(array(3), array(2)),
    sample(array(2, 2), array(1, 3)),
    sample(array(), array(3)),
    sample(array(0), array(3)),
    sample(2.0, array(3), dtypes=FLOATS),
    dtypes=ANY,
)
case(
    "kron",
    np.kron,
    sample(array(2, 2), array(1, 3)),
    sample(array(2, 3), array(2)),
    sample(array(2), array(2, 1, 2)),
    sample(array(), array(3)),
    sample(array(0, 2), array(2, 2)),
    dtypes=ANY,
)
case(
    "vdot",
    lambda x1, x2: np.asarray(np.vdot(x1, x2)),
    sample(array(3), array(3)),
    sample(array(2, 3), array(3, 2)),
    sample(array(), array(1)),
    sample(array(0), array(2, 0)),
    dtypes=ANY,
    magnitude=lambda x1, x2: np.vdot(np.abs(x1), np.abs(x2)),
    mistakes=[sample(array(2, 3), array(3))],
)


def _cross(x1, x2, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """The vectors by their definition."""
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis, axis, axis)
    a, b = np.moveaxis(np.asarray(x1), axisa, -1), np.moveaxis(np.asarray(x2), axisb, -1)
    sizes = a.shape[-1], b.shape[-1]
    a, b = (np.concatenate([v, np.zeros((*v.shape[:-1], 3 - v.shape[-1]), v.dtype)], -1) for v in (a, b))
    out = np.stack([a[..., i - 2] * b[..., i - 1] - a[..., i - 1] * b[..., i - 2] for i in range(3)], -1)
    return out[..., 2] if sizes == (2, 2) else np.moveaxis(out, -1, axisc)


case(
    "cross",
    _cross,
    sample(array(3), array(3)),
    sample(array(2, 3), array(3)),
    sample(array(2, 2), array(2)),
    sample(array(2, 2), array(2, 3)),
    sample(array(2, 3), array(2)),
    sample(array(3, 4), array(4, 3), axisa=0),
    sample(array(4, 3), array(3, 4), axisb=0, axisc=0),
    sample(array(3, 4), array(3, 1), axis=0),
    sample(array(0, 3), array(3)),
    dtypes=ANY,
    magnitude=lambda x1, x2, **axes: max(np.abs(x1).max(initial=0), 1) * max(np.abs(x2).max(initial=0), 1),
    mistakes=[sample(array(4), array(3)), sample(array(), array(3)), sample(array(2, 3), array(3, 3))],
)


def _cdist(x, y):
    """The distances, one after the other."""
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    x, y = (np.broadcast_to(p, (*batch, *p.shape[-2:])) for p in (x, y))
    out = np.zeros((*batch, x.shape[-2], y.shape[-2]))
    for *b, i, j in itertools.product(*map(range, out.shape)):
        out[(*b, i, j)] = np.linalg.norm(x[(*b, i)] - y[(*b, j)])
    return out


case(
    "cdist",
    _cdist,
    sample(array(4, 3), array(2, 3)),
    sample(array(2, 4, 3), array(2, 5, 3)),
    sample(array(2, 4, 3), array(1, 5, 3)),
    sample(array(2, 2, 1), array(3, 1)),
    sample(array(0, 3), array(2, 3)),
    sample(array(2, 0), array(2, 0)),
    sample(given((1.0, 2.0), (3.0, 5.0)), given((1.0, 2.0), (3.0, 6.0)), kink=True),
    dtypes=(*FLOATS, "int32"),
    mistakes=[sample(array(3), array(2, 3)), sample(array(2, 3), array(2, 4))],
)
