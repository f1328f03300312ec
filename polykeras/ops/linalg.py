"""Linear algebra: the names of `keras.ops.linalg`, each the op of that name."""

from typing import Any

from .facade import Facade

_facade = Facade(
    __name__,
    """
    cholesky cholesky_inverse det eig eigh inv jvp lstsq lu_factor matrix_rank norm pinv qr solve solve_triangular
    svd
    """,
)


def __getattr__(name: str) -> Any:
    return _facade.find(name)


def __dir__() -> list[str]:
    return _facade.names()
