"""Tests of whether numbers come from a distribution: each gives the probability of so bad a fit by chance."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np


def chi_square(observed: np.ndarray, expected: np.ndarray) -> float:
    """Counts against the counts to be expected, by Pearson's statistic and Wilson's and Hilferty's cube root."""
    observed, expected = np.ravel(observed).astype(float), np.ravel(expected).astype(float)
    assert observed.shape == expected.shape
    assert math.isclose(observed.sum(), expected.sum(), rel_tol=1e-9)
    assert expected.min() >= 5  # below, the statistic has another distribution
    degrees = observed.size - 1
    statistic = np.sum((observed - expected) ** 2 / expected)
    spread = 2 / (9 * degrees)
    return _upper_tail(((statistic / degrees) ** (1 / 3) - (1 - spread)) / math.sqrt(spread))


def kolmogorov_smirnov(sample: np.ndarray, cdf: Callable[[np.ndarray], np.ndarray]) -> float:
    """Numbers against a continuous distribution, by Kolmogorov's series with Stephens' correction."""
    heights = cdf(np.sort(np.ravel(sample).astype(float)))
    count = heights.size
    steps = np.arange(count + 1) / count
    distance = max(np.max(steps[1:] - heights), np.max(heights - steps[:-1]))
    scaled = (math.sqrt(count) + 0.12 + 0.11 / math.sqrt(count)) * distance
    if scaled < 0.2:  # where the series converges slowly, and the probability is 1 to twelve digits
        return 1.0
    return min(1.0, 2 * sum((-1) ** (j - 1) * math.exp(-2 * (j * scaled) ** 2) for j in range(1, 101)))


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Two series against being independent: their correlation is nearly normal, of variance 1 / count."""
    one, other = (np.ravel(x).astype(float) for x in (one, other))
    return 2 * _upper_tail(abs(np.corrcoef(one, other)[0, 1]) * math.sqrt(one.size))


def serial_correlation(sample: np.ndarray, lag: int = 1) -> float:
    """A series against its own numbers some places later."""
    series = np.ravel(sample)
    return correlation(series[:-lag], series[lag:])


def mean_of(sample: np.ndarray, mean: float, variance: float) -> float:
    """The mean of many independent numbers, which is nearly normal."""
    deviation = np.mean(np.ravel(sample).astype(float)) - mean
    return 2 * _upper_tail(abs(deviation) / math.sqrt(variance / np.size(sample)))


def _upper_tail(z: float) -> float:
    return math.erfc(z / math.sqrt(2)) / 2
