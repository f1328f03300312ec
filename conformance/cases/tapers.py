"""Cases of tapers."""

from __future__ import annotations

import mpmath
import numpy as np

from ..case import case, sample


def taper(formula):
    """The points of a taper, computed one by one by mpmath; one point alone is 1."""

    def points(count, *parameters):
        count = int(count)
        with mpmath.workprec(120):
            place = [mpmath.mpf(i) / (count - 1) for i in range(count)] if count > 1 else []
            values = [float(formula(p, *parameters)) for p in place] if count > 1 else [1.0] * max(count, 0)
        return np.array(values, "float64")

    return points


def _cosines(*weights):
    return lambda p: mpmath.fsum(w * mpmath.cos(2 * mpmath.pi * k * p) for k, w in enumerate(weights))


def _kaiser(p, beta):
    beta = mpmath.mpf(float(beta))
    return mpmath.besseli(0, beta * mpmath.sqrt(1 - (2 * p - 1) ** 2)) / mpmath.besseli(0, beta)


COUNTS = tuple(sample(count) for count in (0, 1, 2, 5, 8, 33, -3))
ENDS = {"magnitude": lambda *_: 1.0}  # at the ends the cosines cancel
MISTAKES = [sample(2.5)]
case("bartlett", taper(lambda p: 1 - abs(2 * p - 1)), *COUNTS, mistakes=MISTAKES, **ENDS)
case("blackman", taper(_cosines(0.42, -0.5, 0.08)), *COUNTS, mistakes=MISTAKES, **ENDS)
case("hamming", taper(_cosines(0.54, -0.46)), *COUNTS, mistakes=MISTAKES, **ENDS)
case("hanning", taper(_cosines(0.5, -0.5)), *COUNTS, mistakes=MISTAKES, **ENDS)
case(
    "kaiser",
    taper(_kaiser),
    *(sample(*s.args, 14.0) for s in COUNTS),
    sample(9, 0.0),
    sample(9, 5),
    sample(9, 8.6),
)
