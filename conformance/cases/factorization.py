"""Cases of factorizations."""

from __future__ import annotations

from typing import Any

import numpy as np

from polykeras import ops

from ..case import COMPLEX, array, case, given, sample
from .matrices import (
    COMPUTED,
    DIAGONAL,
    HINGES,
    IDENTITY,
    NOT_MATRICES,
    NOT_SQUARE,
    REALS,
    condition,
    largest,
    positive,
    regular,
)


def _symmetric(x):
    return (x + np.conj(np.swapaxes(x, -1, -2))) / 2


def _cholesky(x, upper=False):
    """The factor, one column after the other."""
    x, factor = _symmetric(x), np.zeros(x.shape, np.result_type(x, 0.0))
    for i in range(x.shape[-1]):
        rest = x[..., i:, i] - (factor[..., i:, :i] * np.conj(factor[..., i, None, :i])).sum(-1)
        factor[..., i:, i] = rest / np.sqrt(rest[..., :1])
    return np.conj(np.swapaxes(factor, -1, -2)) if upper else factor


def _cholesky_size(x, upper=False):
    return condition(_symmetric(x)) * largest(_cholesky(x)) + 0 * x


EMPTY = (sample(array(0, 0), dtypes=COMPUTED), sample(array(0, 3, 3), dtypes=COMPUTED))
POSITIVE = (sample(positive(3, 3)), sample(positive(2, 3, 3)), sample(positive(1, 1)), sample(DIAGONAL))
case(
    "lower_cholesky",
    _cholesky,
    *(sample(*s.args, gradient=False) for s in POSITIVE),
    *EMPTY,
    dtypes=COMPUTED,
    **HINGES,
    magnitude=_cholesky_size,
)
case(
    "cholesky",
    _cholesky,
    *POSITIVE,
    sample(positive(3, 3), upper=True),
    *(sample(positive(3, 3), upper=upper, dtypes=COMPLEX) for upper in (False, True)),
    sample(given((4.0, 1.0), (3.0, 5.0))),
    *EMPTY,
    dtypes=REALS,
    **HINGES,
    magnitude=_cholesky_size,
    mistakes=NOT_SQUARE,
)


def _lu(x):
    """The triangles and pivots of matrices, one after the other."""
    packed, count = x.astype("float64"), min(x.shape[-2:])
    pivots = np.zeros((*x.shape[:-2], count), "int32")
    for number in np.ndindex(*x.shape[:-2]):
        a = packed[number]
        for k in range(count):
            pivots[number][k] = p = k + np.argmax(np.abs(a[k:, k]))
            a[[k, p]] = a[[p, k]]
            if a[k, k]:
                a[k + 1 :, k] /= a[k, k]
                a[k + 1 :, k + 1 :] -= np.outer(a[k + 1 :, k], a[k, k + 1 :])
    return packed, pivots


LU = (
    sample(regular(3, 3)),
    sample(array(2, 4, 3)),
    sample(array(1, 1)),
    sample(given((1.0, 2.0), (2.0, 4.0)), dtypes=COMPUTED, gradient=False),
    sample(given((0.0, 2.0, 1.0), (4.0, 1.0, 2.0), (2.0, 8.0, 3.0))),
    sample(array(0, 0), dtypes=COMPUTED),
    sample(array(0, 3, 3), dtypes=COMPUTED),
    sample(array(3, 0), dtypes=COMPUTED),
)
for _name, _more in (("pivoted_lu", ()), ("lu_factor", (sample(array(2, 3)), sample(array(2, 2, 4))))):
    case(
        _name,
        _lu,
        *LU,
        *_more,
        dtypes=REALS if _more else COMPUTED,
        **HINGES,
        magnitude=lambda x: largest(x, 2).max(initial=1.0) * condition(x[..., : x.shape[-2], :]).max(initial=1.0),
        mistakes=NOT_MATRICES if _more else [],
    )


def _direction(x):
    """A number divided by its absolute value, and 1 for 0."""
    return np.where(x == 0, 1.0, x) / np.where(x == 0, 1.0, np.abs(x))


def _qr(x, mode: Any = "reduced"):
    """NumPy's factors with another choice of signs."""
    q, r = np.linalg.qr(x, mode=mode)
    for i in range(min(x.shape[-2:])):
        sign = _direction(r[..., i, i])[..., None]
        q[..., :, i] *= sign
        r[..., i, :] *= np.conj(sign)
    return q, r


def _qr_size(x, mode="reduced"):
    block = x[..., : min(x.shape[-2:])]
    return condition(block).max(initial=1.0) * max(largest(x).max(initial=1.0), 1.0)


RECTANGLES = (
    sample(regular(3, 3)),
    sample(array(2, 4, 3)),
    sample(array(1, 1)),
    sample(array(3, 1)),
    sample(regular(2, 2)),
    sample(array(0, 3, 2), dtypes=COMPUTED),
    sample(array(3, 0), dtypes=COMPUTED),
)
COMPLETE = sample(array(4, 2), mode="complete", gradient=False)
case(
    "orthogonal_triangular",
    lambda x, complete: _qr(x),
    *(sample(*s.args, False, dtypes=s.dtypes) for s in RECTANGLES),
    dtypes=COMPUTED,
    **HINGES,
    magnitude=lambda x, complete: _qr_size(x),
    function=lambda x, complete: ops.qr(x),
)
case(
    "qr",
    _qr,
    *RECTANGLES,
    *(sample(shape, dtypes=COMPLEX) for shape in (regular(3, 3), array(2, 4, 3), array(2, 3))),
    sample(array(2, 4)),
    sample(array(2, 2, 3), mode="complete"),
    COMPLETE,
    sample(regular(3, 3), mode="complete"),
    sample(array(2, 0), mode="complete", dtypes=COMPUTED),
    dtypes=REALS,
    **HINGES,
    magnitude=_qr_size,
    mistakes=[*NOT_MATRICES, sample(array(2, 2), mode="r")],
)


def _positive_first(x):
    """The sign by which each column has a first large element that is positive."""
    signs = np.ones((*x.shape[:-2], 1, x.shape[-1]), x.dtype)
    for *number, column in np.ndindex(*x.shape[:-2], x.shape[-1]):
        values = x[(*number, slice(None), column)]
        if values.size:
            signs[(*number, 0, column)] = np.conj(_direction(values[np.abs(values) >= 0.57 * np.abs(values).max()][0]))
    return signs


def _svd(x, full_matrices=True, compute_uv=True):
    """NumPy's factors with another choice of signs, and completed by reflections."""
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    if not compute_uv:
        return s
    signs = _positive_first(u)
    u, v = u * signs, np.swapaxes(vh, -1, -2) * np.conj(signs)
    if full_matrices:
        u, v = (np.concatenate([f, np.linalg.qr(f, mode="complete")[0][..., f.shape[-1] :]], -1) for f in (u, v))
    return u, s, np.swapaxes(v, -1, -2)


def _gap(values):
    """One divided by the smallest distance between values of a matrix, by which errors of vectors grow."""
    distances = np.abs(values[..., :, None] - values[..., None, :])
    distances = distances + np.where(np.eye(values.shape[-1]), np.inf, 0.0)
    return 1.0 / max(distances.min(initial=np.inf), 1e-3)


def _svd_size(x, **_):
    s = np.linalg.svd(x, compute_uv=False)
    return max(s.max(initial=1.0), 1.0) * max(_gap(s), 1.0 / max(s.min(initial=np.inf), 1e-3), 1.0)


case(
    "singular_vectors",
    lambda x: _svd(x, False),
    sample(regular(3, 3)),
    sample(array(2, 3, 2)),
    *RECTANGLES[2:],
    sample(array(2, 4)),
    sample(IDENTITY, kink=True),
    dtypes=COMPUTED,
    **HINGES,
    magnitude=_svd_size,
    function=lambda x: ops.svd(x, full_matrices=False),
)
case(
    "singular_values",
    lambda x: np.linalg.svd(x, compute_uv=False),
    sample(regular(3, 3)),
    sample(array(2, 3, 2)),
    *RECTANGLES[2:],
    sample(array(2, 4)),
    sample(array(0, 2, 3), gradient=False),
    sample(IDENTITY, kink=True),
    dtypes=COMPUTED,
    magnitude=_svd_size,
    curvature=100.0,  # the second derivative has the gaps between values in its denominator
    mistakes=NOT_MATRICES,
)
case(
    "svd",
    _svd,
    sample(regular(3, 3)),
    *(sample(shape, full_matrices=False, dtypes=COMPLEX) for shape in (regular(3, 3), array(4, 2), array(2, 4))),
    sample(array(3, 2), compute_uv=False, dtypes=COMPLEX),
    sample(array(2, 2, 4), full_matrices=False),
    sample(array(1, 1)),
    sample(array(4, 2), gradient=False),
    sample(array(2, 4), gradient=False),
    sample(array(4, 2), full_matrices=False),
    sample(array(4, 2), compute_uv=False),
    sample(array(2, 4), compute_uv=False),
    sample(DIAGONAL),
    sample(IDENTITY, kink=True),
    sample(array(0, 2, 3), dtypes=COMPUTED),
    sample(array(3, 0), dtypes=COMPUTED, gradient=False),
    dtypes=REALS,
    **HINGES,
    magnitude=_svd_size,
    mistakes=NOT_MATRICES,
)


def _eigh(x):
    values, vectors = np.linalg.eigh(_symmetric(x))
    return values, vectors * _positive_first(vectors)


def _eigh_size(x):
    values = np.linalg.eigvalsh(_symmetric(x))
    return np.abs(values).max(initial=1.0) * max(_gap(values), 1.0)


SYMMETRIC = (
    sample(positive(3, 3), dtypes=COMPLEX),
    sample(positive(3, 3)),
    sample(regular(2, 3, 3)),
    sample(array(1, 1)),
    sample(DIAGONAL),
    sample(IDENTITY, kink=True),
    *EMPTY,
)
for _name, _dtypes, _mistakes in (("symmetric_eigenvectors", COMPUTED, []), ("eigh", REALS, NOT_SQUARE)):
    case(
        _name,
        _eigh,
        *SYMMETRIC,
        dtypes=_dtypes,
        **HINGES,
        magnitude=_eigh_size,
        mistakes=_mistakes,
        function=ops.eigh,
    )


def _eig(x):
    """NumPy's factors in another order and with other angles in the complex plane."""
    values, vectors = (np.asarray(part, "complex128") for part in np.linalg.eig(x))
    for number in np.ndindex(*x.shape[:-2]):
        order = np.lexsort([np.imag(values[number]), np.round(np.real(values[number]), 9)])
        values[number], vectors[number] = values[number][order], vectors[number][:, order]
        for column in vectors[number].T:
            first = column[np.abs(column) >= 0.57 * np.abs(column).max()][0]
            column *= np.conj(first) / np.abs(first) / np.linalg.norm(column)
    return values, vectors


def _eig_size(x):
    if 0 in x.shape:
        return 1.0
    values, vectors = np.linalg.eig(x)
    return np.abs(values).max() * max(_gap(values), 1.0) * condition(vectors).max()


GENERAL = (
    sample(regular(3, 3)),
    sample(regular(3, 3), dtypes=COMPLEX),
    sample(regular(2, 4, 4)),
    sample(array(1, 1)),
    sample(given((0.0, 1.0), (-1.0, 0.0))),
    sample(given((1.0, 2.0, 0.0), (-2.0, 1.0, 0.5), (0.3, 0.0, 3.0))),
    sample(DIAGONAL),
    *EMPTY,
)
for _name, _dtypes, _mistakes in (("general_eigenvectors", COMPUTED, []), ("eig", REALS, NOT_SQUARE)):
    case(
        _name,
        _eig,
        *GENERAL,
        dtypes=_dtypes,
        makes_complex=True,
        **HINGES,
        magnitude=_eig_size,
        mistakes=_mistakes,
        function=ops.eig,
    )
