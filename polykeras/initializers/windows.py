"""Windows: by what the samples of a frame are multiplied before they go through a Fourier transform."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_COSINES = {
    "boxcar": (1.0,),
    "hann": (0.5, 0.5),
    "hamming": (0.54, 0.46),
    "blackman": (0.42, 0.5, 0.08),
    "nuttall": (0.3635819, 0.4891775, 0.1365995, 0.0106411),
    "blackmanharris": (0.35875, 0.48829, 0.14128, 0.01168),
    "flattop": (0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368),
}
"""The coefficients of windows that are sums of cosines, with alternating signs."""


def _parzen(count: int) -> np.ndarray:
    far = np.abs(_half_steps(count)) / (count / 2)
    return np.where(far <= 0.5, 1 - 6 * far**2 * (1 - far), 2 * (1 - far) ** 3)


def _bohman(count: int) -> np.ndarray:
    far = np.abs(_positions(count))
    values = (1 - far) * np.cos(np.pi * far) + np.sin(np.pi * far) / np.pi
    values[[0, -1]] = 0.0
    return values


def _barthann(count: int) -> np.ndarray:
    far = _positions(count) / 2
    return 0.62 - 0.48 * np.abs(far) + 0.38 * np.cos(2 * np.pi * far)


def _tukey(count: int) -> np.ndarray:
    rising = np.clip((1 - np.abs(_positions(count))) * 2, 0, 1)  # the outer halves of each side
    return 0.5 * (1 - np.cos(np.pi * rising))


def _taylor(count: int, equal_lobes: int = 4, level: float = 30.0) -> np.ndarray:
    """Taylor's window, whose first side lobes all lie `level` decibels below the main one."""
    a = np.arccosh(10 ** (level / 20)) / np.pi
    width = equal_lobes**2 / (a**2 + (equal_lobes - 0.5) ** 2)
    lobes = np.arange(1, equal_lobes)
    steps = _half_steps(count)
    values = np.ones(count)
    peak = 1.0
    for m in lobes:
        above = np.prod(1 - m**2 / width / (a**2 + (lobes - 0.5) ** 2))
        below = np.prod([1 - m**2 / other**2 for other in lobes if other != m])
        share = (-1) ** (m + 1) * above / below
        values += share * np.cos(2 * np.pi * m * steps / count)
        peak += share
    return values / peak


_FORMULAS: dict[str, Callable[[int], np.ndarray]] = {
    "bartlett": lambda count: 1 - np.abs(_positions(count)),
    "triang": lambda count: 1 - np.abs(_half_steps(count)) / ((count + count % 2) / 2),
    "parzen": _parzen,
    "bohman": _bohman,
    "barthann": _barthann,
    "cosine": lambda count: np.cos(np.pi * _half_steps(count) / count),
    "exponential": lambda count: np.exp(-np.abs(_half_steps(count))),
    "lanczos": lambda count: np.sinc(_positions(count)),
    "tukey": _tukey,
    "taylor": _taylor,
}

WINDOWS = (*_COSINES, *_FORMULAS)
"""The windows that need no parameters, by the names that SciPy has for them."""


def window(name: str, count: int, periodic: bool = False) -> np.ndarray:
    """The samples of a window.

    Args:
        name: One of `WINDOWS`.
        count: How many samples.
        periodic: Whether they are one period, so that the first one would follow; else they are symmetric.

    Returns:
        The samples, float64.

    >>> [float(x) for x in window("hann", 5)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    if count < 2:
        return np.ones(count)
    points = count + periodic
    if name in _FORMULAS:
        return _FORMULAS[name](points)[:count]
    angles = np.pi * (_positions(points) + 1)
    waves = [(-1) ** k * share * np.cos(k * angles) for k, share in enumerate(_COSINES[name])]
    return np.sum(waves, axis=0)[:count]


def _positions(count: int) -> np.ndarray:
    """Where the samples lie, from -1 to 1."""
    return np.linspace(-1, 1, count)


def _half_steps(count: int) -> np.ndarray:
    """How far the samples are from the middle."""
    return np.arange(count) - (count - 1) / 2
