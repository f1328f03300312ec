"""Tapers: the window functions of signal processing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..backend import numpy_dtype
from ..errors import OptionError
from ..op import composed
from ..settings import settings
from ..spec import Spec


def _count(x: Any) -> int:
    """The number of points, given as a number or as an array without axes."""
    count = x if isinstance(x, int) else ops.convert_to_numpy(x)[()]
    if not hasattr(count, "__index__"):
        raise OptionError(f"expected the number of points; got {x!r}. Give an integer.")
    return max(int(count), 0)


def _infer_points(x: Any, *_: Any) -> Spec:
    return Spec((_count(x),), settings.floatx)


def _points(taper: Callable[..., np.ndarray], x: Any, *parameters: Any) -> Any:
    """The points, computed on the host in float64."""
    numbers = (p if isinstance(p, (int, float)) else float(ops.convert_to_numpy(p)) for p in parameters)
    values = taper(_count(x), *numbers)
    return ops.convert_to_tensor(values.astype(numpy_dtype(settings.floatx)))


@composed(infer=_infer_points, ulp=1)
def bartlett(x: Any) -> Any:
    """A triangle that is 0 at both ends and 1 in the middle.

    Args:
        x: The number of points.

    Returns:
        The points, in floatx.

    >>> bartlett(5)
    array([0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    """
    return _points(np.bartlett, x)


@composed(infer=_infer_points, ulp=1)
def blackman(x: Any) -> Any:
    """A sum of three cosines that is 0 at both ends and 1 in the middle.

    Args:
        x: The number of points.

    Returns:
        The points, in floatx.

    >>> round(blackman(4), 3)
    array([-0.  ,  0.63,  0.63, -0.  ], dtype=float32)
    """
    return _points(np.blackman, x)


@composed(infer=_infer_points, ulp=1)
def hamming(x: Any) -> Any:
    """A raised cosine that is 0.08 at both ends and 1 in the middle.

    Args:
        x: The number of points.

    Returns:
        The points, in floatx.

    >>> hamming(4)
    array([0.08, 0.77, 0.77, 0.08], dtype=float32)
    """
    return _points(np.hamming, x)


@composed(infer=_infer_points, ulp=1)
def hanning(x: Any) -> Any:
    """A raised cosine that is 0 at both ends and 1 in the middle.

    Args:
        x: The number of points.

    Returns:
        The points, in floatx.

    >>> hanning(5)
    array([0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    """
    return _points(np.hanning, x)


@composed(infer=_infer_points, ulp=1)
def kaiser(x: Any, beta: Any) -> Any:
    """A taper made of the modified Bessel function of order 0.

    Args:
        x: The number of points.
        beta: How narrow it is: 0 makes all points 1.

    Returns:
        The points, in floatx.

    >>> kaiser(3, 2.0)
    array([0.43867627, 1.        , 0.43867627], dtype=float32)
    """
    return _points(np.kaiser, x, beta)
