"""Cases of linear equations, inverses and determinants."""

from __future__ import annotations

import numpy as np

from ..case import COMPLEX, array, case, given, sample
from .matrices import COMPUTED, DIAGONAL, HINGES, NOT_SQUARE, REALS, condition, largest, positive, regular


def _as_columns(a, b):
    return b if b.ndim == a.ndim else b[..., None]


def _solved(a, b):
    x = np.linalg.solve(a, _as_columns(a, b))
    return x if b.ndim == a.ndim else x[..., 0]


def _solution_size(a, b):
    x = np.linalg.solve(a, _as_columns(a, b))
    size = condition(a) * largest(x) + 0 * np.abs(x)
    return size if b.ndim == a.ndim else size[..., 0]


EQUATIONS = (
    sample(regular(3, 3), array(3, 2)),
    sample(regular(2, 3, 3), array(2, 3, 2)),
    sample(regular(1, 1), array(1, 1)),
    sample(regular(3, 3), array(3, 2), dtypes=COMPLEX),
    sample(array(0, 0), array(0, 2), dtypes=COMPUTED),
    sample(array(0, 3, 3), array(0, 3, 1), dtypes=COMPUTED),
    sample(regular(3, 3), array(3, 0), dtypes=COMPUTED),
    sample(regular(20, 20), array(20, 3), dtypes=COMPUTED, gradient=False),
)
MORE_EQUATIONS = (
    sample(regular(3, 3), array(3)),
    sample(regular(2, 3, 3), array(2, 3)),
    sample(regular(2, 3, 3), array(1, 3, 2)),
    sample(regular(1, 3, 3), array(2, 3, 2)),
)
BAD_EQUATIONS = [
    sample(array(2, 3), array(2)),
    sample(regular(3, 3), array(2)),
    sample(regular(3, 3), array(2, 2)),
    sample(regular(2, 3, 3), array(3)),
    sample(array(3), array(3)),
]
case("matrix_solve", _solved, *EQUATIONS, dtypes=COMPUTED, **HINGES, magnitude=_solution_size)
case(
    "solve",
    _solved,
    *EQUATIONS[:3],
    *MORE_EQUATIONS,
    *EQUATIONS[3:],
    dtypes=REALS,
    **HINGES,
    magnitude=_solution_size,
    mistakes=BAD_EQUATIONS,
)


def _triangle(a, lower):
    return np.tril(a) if lower else np.triu(a)


def _substituted(a, b, lower=False):
    """The solution, one row after the other."""
    columns = _as_columns(a, b)
    columns = np.broadcast_to(columns, (*np.broadcast_shapes(a.shape[:-2], columns.shape[:-2]), *columns.shape[-2:]))
    x = np.zeros(columns.shape, np.result_type(a, b, np.float64))
    for i in range(a.shape[-1]) if lower else reversed(range(a.shape[-1])):
        known = slice(0, i) if lower else slice(i + 1, None)
        rest = columns[..., i, :] - (a[..., i, known, None] * x[..., known, :]).sum(-2)
        x[..., i, :] = rest / a[..., i, i, None]
    return x if b.ndim == a.ndim else x[..., 0]


def _substituted_size(a, b, lower=False):
    return _solution_size(_triangle(a, lower), b)


def _lowered(samples, **lower):
    return [sample(*s.args, **lower, dtypes=s.dtypes, gradient=s.gradient) for s in samples]


case(
    "triangular_solve",
    _substituted,
    *_lowered(EQUATIONS, lower=True),
    *_lowered(EQUATIONS, lower=False),
    dtypes=COMPUTED,
    **HINGES,
    magnitude=_substituted_size,
)
case(
    "solve_triangular",
    _substituted,
    *EQUATIONS[:3],
    *_lowered(MORE_EQUATIONS, lower=True),
    *EQUATIONS[3:],
    *_lowered(EQUATIONS[:2], lower=True),
    dtypes=REALS,
    **HINGES,
    magnitude=_substituted_size,
    mistakes=BAD_EQUATIONS,
)
SQUARES = (
    sample(regular(3, 3)),
    sample(regular(2, 3, 3)),
    sample(regular(1, 1)),
    sample(regular(2, 2)),
    sample(DIAGONAL),
    sample(array(0, 0), dtypes=COMPUTED),
    sample(array(0, 3, 3), dtypes=COMPUTED),
)
case(
    "inv",
    np.linalg.inv,
    *SQUARES,
    sample(regular(3, 3), dtypes=COMPLEX),
    dtypes=REALS,
    **HINGES,
    magnitude=lambda x: condition(x) * largest(np.linalg.inv(x)),
    mistakes=NOT_SQUARE,
)


def _from_factor(x, upper=False):
    factor = np.triu(x) if upper else np.tril(x)
    other = np.swapaxes(factor, -1, -2)
    return np.linalg.inv(other @ factor if upper else factor @ other)


case(
    "cholesky_inverse",
    _from_factor,
    *SQUARES,
    sample(regular(3, 3), upper=True),
    dtypes=REALS,
    **HINGES,
    magnitude=lambda x, upper=False: (
        condition(np.triu(x) if upper else np.tril(x)) ** 2 * largest(_from_factor(x, upper))
    ),
    mistakes=NOT_SQUARE,
)
SINGULAR = sample(given((1.0, 2.0), (2.0, 4.0)), dtypes=COMPUTED, gradient=False)


def _determinant_size(x):
    return np.prod(np.linalg.norm(x, axis=-1), axis=-1)  # Hadamard's bound


for _name, _dtypes in (("determinant", COMPUTED), ("det", REALS)):
    case(
        _name,
        np.linalg.det,
        *SQUARES,
        SINGULAR,
        sample(regular(3, 3), dtypes=COMPLEX),
        sample(given((0.0, 1.0), (1.0, 0.0)), dtypes=COMPUTED),
        dtypes=_dtypes,
        **HINGES,
        magnitude=_determinant_size,
        mistakes=NOT_SQUARE if _name == "det" else [],
    )


LARGE = sample(given((1e30, 0.0), (0.0, -1e30)), dtypes=COMPUTED, gradient=False)
for _name, _dtypes in (("sign_and_logarithm", COMPUTED), ("slogdet", REALS)):
    case(
        _name,
        lambda x: tuple(np.linalg.slogdet(x)),
        *SQUARES,
        SINGULAR,
        LARGE,
        sample(regular(3, 3), dtypes=COMPLEX),
        dtypes=_dtypes,
        **HINGES,
        magnitude=lambda x: np.maximum(condition(x)[..., 0, 0], 1.0),
        mistakes=NOT_SQUARE if _name == "slogdet" else [],
    )
case(
    "logdet",
    lambda x: np.linalg.slogdet(x)[1],
    *SQUARES,
    SINGULAR,
    LARGE,
    sample(positive(3, 3)),
    sample(regular(3, 3), dtypes=COMPLEX),
    dtypes=REALS,
    **HINGES,
    magnitude=lambda x: np.maximum(condition(x)[..., 0, 0], 1.0),
    mistakes=NOT_SQUARE,
)
