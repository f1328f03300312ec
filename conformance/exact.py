"""References that are exact up to the rounding of their results, and arguments at which kernels go astray."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

from .case import COMPLEX, Given, Sample, array, given, sample

WIDE = ("float32", "float64")


def exact(function: Callable[..., Any], otherwise: Callable[..., Any] | None = None) -> Callable[..., np.ndarray]:
    """A function of arrays, computed number by number by mpmath.

    Args:
        function: The function of mpmath's numbers.
        otherwise: NumPy's function, for infinities, NaN, where it is not defined, and on the axes of the complex plane;
            without it, NaN.
    """

    def one(*numbers: float) -> float:
        if all(map(math.isfinite, numbers)):
            try:
                with mpmath.workprec(200):
                    result = function(*map(mpmath.mpf, numbers))
                if isinstance(result, mpmath.mpf):
                    with mpmath.workprec(53):
                        return float(+result)
            except (ZeroDivisionError, ValueError):
                pass
        return math.nan if otherwise is None else float(otherwise(*(np.float64(x) for x in numbers)))

    def one_complex(*numbers: complex) -> complex:
        if otherwise is not None and any(x.real == 0 or x.imag == 0 for x in map(complex, numbers)):
            return complex(otherwise(*numbers))  # for mpmath a zero has no sign, which tells sides of branch cuts apart
        with mpmath.workprec(200):
            result = function(*map(mpmath.mpmathify, numbers))
        with mpmath.workprec(53):
            return complex(+result)

    of_reals, of_complex = np.vectorize(one, otypes=["float64"]), np.vectorize(one_complex, otypes=["complex128"])

    def of_any(*arrays: Any) -> np.ndarray:
        return of_complex(*arrays) if any(map(np.iscomplexobj, arrays)) else of_reals(*arrays)

    return of_any


def spread(lowest: float, highest: float, count: int = 40, *, around: float = 0.0, negative: bool = True) -> Given:
    """Numbers around one, whose distances from it are powers of ten at even steps between these exponents."""
    distances = [10.0**exponent for exponent in np.linspace(lowest, highest, count)]
    signs = (1, -1) if negative else (1,)
    return given(*(around + s * d for d in distances for s in signs))


def _axes(*distances: float) -> Given:
    """Numbers on the real and on the imaginary axis, with both signs of the zero that is their other part."""
    zeros = (0.0, -0.0)
    real = [complex(sign * d, zero) for d in distances for sign in (1, -1) for zero in zeros]
    return given(*real, *(complex(z.imag, z.real) for z in real))


def cuts(*distances: float) -> Sample:
    """A sample with numbers on both sides of what may be a branch cut, and on the axes elsewhere."""
    return sample(_axes(*distances), dtypes=COMPLEX, gradient=False)


def between(low: float, high: float, count: int = 200) -> Sample:
    """Many numbers between bounds, in the dtypes whose every digit counts."""
    return accurate(array(count, low=low, high=high))


def accurate(*args: Any, **params: Any) -> Sample:
    """A sample for values only, in the dtypes whose every digit counts."""
    return sample(*args, dtypes=WIDE, gradient=False, **params)


def log_sum(*numbers: Any) -> Any:
    """The logarithm of a sum of exponentials."""
    return mpmath.log(mpmath.fsum(map(mpmath.exp, numbers)))


def logistic(x: Any) -> Any:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + mpmath.exp(-x))


def softplus(x: Any) -> Any:
    """log(1 + exp(x))."""
    return mpmath.log1p(mpmath.exp(x)) if x < 100 else x + mpmath.exp(-x)
