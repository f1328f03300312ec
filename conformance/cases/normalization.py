"""Cases of moments and of normalization."""

from __future__ import annotations

import numpy as np

from ..case import BOOL, array, case, given, sample
from .arithmetic import INF, NAN

REAL = ("float32", "float64")


def tuples(axis):
    """Lists of axes as tuples, which NumPy wants."""
    return tuple(axis) if isinstance(axis, list) else axis


def axes_of(axis, x):
    """Axes as a sorted list of numbers from 0."""
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, (list, tuple)) else [axis]
    return sorted(a % x.ndim for a in axes)


def _moments(x, axes, keepdims=False, synchronized=False):
    return x.mean(tuples(axes), keepdims=keepdims), x.var(tuples(axes), keepdims=keepdims)


def _moments_size(x, axes, keepdims=False, synchronized=False):
    """The mean is as exact as the elements are large; of the variance as exact, one with such an error is squared."""
    largest = np.abs(x).max(tuples(axes), keepdims=keepdims, initial=0.0)
    return np.maximum(largest, x.std(tuples(axes), keepdims=keepdims) ** 2)


AXES = (
    sample(array(2, 3, 4), axes=(0, 1)),
    sample(array(2, 3), axes=-1, keepdims=True),
    sample(array(2, 3, 4), axes=[0, -1]),
    sample(array(2, 3), axes=None),
    sample(array(5, 1), axes=1),
)
case(
    "moments",
    _moments,
    *AXES,
    sample(array(), axes=(), gradient=False),
    sample(array(0, 3), axes=0, gradient=False),
    sample(array(4, low=0, high=9, dtype="int32"), axes=0, dtypes=("int32",)),
    sample(array(4, dtype="bool"), axes=0, dtypes=BOOL),
    sample(array(300, low=1000, high=1001), axes=0, dtypes=REAL, gradient=False),
    sample(given(1.0, INF, 2.0), axes=0, dtypes=REAL, gradient=False),
    sample(given(60000.0, 60000.0), axes=0, dtypes=("float16",)),
    sample(given(400.0, *[0.0] * 7), axes=0, dtypes=("float16",), gradient=False),  # squares that it cannot hold
    magnitude=_moments_size,
    mistakes=[
        sample(array(2, 3), axes=2),
        sample(array(2, 3), axes=(0, -2)),
        sample(array(2, 3), axes=0, synchronized=True),
    ],
)


def _normalize(x, axis=-1, order=2, epsilon=1e-7):
    x = x if x.ndim else x.reshape(1)
    norm = (np.abs(x) ** order).sum(tuples(axis), keepdims=True) ** (1 / order)
    return x / np.maximum(norm, epsilon)


case(
    "normalize",
    _normalize,
    sample(array(2, 3)),
    sample(array(2, 3, 4), axis=(0, 2)),
    sample(array(2, 3, apart=0.3), order=1),
    sample(array(2, 3, apart=0.3), axis=0, order=3),
    sample(array(2, 3), axis=None),
    sample(array(2, 3, low=0.01, high=0.1), epsilon=0.5),
    sample(array(apart=0.3)),
    sample(array(0, 3)),
    sample(given(0.0, 0.0), dtypes=REAL, kink=True),
    sample(given(0.0, 0.0), order=1, dtypes=REAL, kink=True),
    sample(given(3, 4), dtypes=("int32",)),
    sample(given(1.0, NAN), gradient=False),
    mistakes=[sample(array(2, 3), axis=2), sample(array(2), order=0), sample(array(2), order=1.5)],
)


def _spread(parameter, x, axes):
    """A parameter with the sizes of some axes, with size one for the others."""
    if parameter is None or parameter.ndim != len(axes):
        return parameter
    return parameter.reshape([parameter.shape[axes.index(a)] if a in axes else 1 for a in range(x.ndim)])


def _batch(x, mean, variance, axis, offset=None, scale=None, epsilon=1e-3):
    mean, variance, offset, scale = (_spread(p, x, [axis % x.ndim]) for p in (mean, variance, offset, scale))
    out = (x - mean) / np.sqrt(variance + epsilon)
    return out * (1 if scale is None else scale) + (0 if offset is None else offset)


def _batch_size(x, mean, variance, axis, offset=None, scale=None, epsilon=1e-3):
    """What is subtracted: kernels may multiply first, and add the mean times the factor."""
    zero = None if offset is None else np.abs(offset)
    one = None if scale is None else np.abs(scale)
    return _batch(np.abs(x), -np.abs(mean), variance, axis, zero, one, epsilon)


POSITIVE = {"low": 0.5, "high": 2.0}
case(
    "batch_normalization",
    _batch,
    sample(array(4, 3), array(3), array(3, **POSITIVE), -1, array(3), array(3)),
    sample(array(2, 3, 4), array(3), array(3, **POSITIVE), 1),
    sample(array(2, 2, 2, 3), array(3), array(3, **POSITIVE), 3, scale=None, epsilon=1e-5),
    sample(array(2, 3, 2), array(3), array(3, **POSITIVE), 1, array(3), None, 0.1),
    sample(array(2, 3, 2), array(3), array(3, **POSITIVE), 1, None, array(3)),
    sample(array(3), array(3), array(3, **POSITIVE), 0, array(3), array(3)),
    sample(array(0, 3), array(3), array(3, **POSITIVE), 1, array(3), array(3)),
    sample(array(50, 2, low=1000, high=1001), array(2, low=1000, high=1001), array(2), -1, dtypes=REAL, gradient=False),
    sample(array(2, 3, dtype="int32"), array(3, dtype="float32"), array(3, low=1, dtype="float32"), 1, dtypes=REAL[:1]),
    magnitude=_batch_size,
    mistakes=[
        sample(array(2, 3), array(3), array(3), 2),
        sample(array(2, 3), array(2), array(3), 1),
        sample(array(2, 3), array(3), array(3), 1, array(1, 3)),
        sample(array(2, 3), array(1), array(3), 1),
    ],
)


def _layer(x, gamma=None, beta=None, axis=-1, epsilon=1e-7):
    axes = axes_of(axis, x)
    out = (x - x.mean(tuple(axes), keepdims=True)) / np.sqrt(x.var(tuple(axes), keepdims=True) + epsilon)
    gamma, beta = _spread(gamma, x, axes), _spread(beta, x, axes)
    return out * (1 if gamma is None else gamma) + (0 if beta is None else beta)


def _layer_size(x, gamma=None, beta=None, axis=-1, epsilon=1e-7):
    """Elements and mean in units of the deviation: their rounding is that of the differences."""
    axes = axes_of(axis, x)
    size = 2 * np.abs(x).max(tuple(axes), keepdims=True, initial=0.0)
    size = size / np.sqrt(x.var(tuple(axes), keepdims=True) + epsilon)
    gamma, beta = (_spread(None if p is None else np.abs(p), x, axes) for p in (gamma, beta))
    return size * (1 if gamma is None else gamma) + (0 if beta is None else beta)


BAD = [sample(array(2, 3), axis=2), sample(array(2, 3), axis=(0, -2)), sample(array(2, 3), array(2))]
case(
    "layer_normalization",
    _layer,
    sample(array(4, 5), array(5), array(5), epsilon=1e-3),
    sample(array(2, 3, 4), axis=(1, 2), epsilon=1e-3),
    sample(array(2, 3, 4), array(3, 4), array(3, 4), axis=[-1, 1], epsilon=1e-3),
    sample(array(2, 3, 4), array(3), array(3), axis=1, epsilon=1e-3),
    sample(array(2, 3, 4), array(2, 4), None, axis=(0, 2), epsilon=1e-3),
    sample(array(2, 3, 4), None, array(4), epsilon=1e-3),
    sample(array(2, 3, 4), array(3, 1), array(3, 4), epsilon=1e-3),
    sample(array(2, 3), array(), array(1), epsilon=1e-3),
    sample(array(0, 3), array(3), array(3)),
    sample(array(3, 1), array(1), array(1), epsilon=1e-3),
    sample(array(8, 64), array(64), array(64), gradient=False),
    sample(array(8, 64, low=1000, high=1001), array(64), array(64), dtypes=REAL, gradient=False),
    sample(array(2, 5, dtype="int32"), epsilon=1e-3, dtypes=("int32",)),
    sample(array(2, 4, dtype="float16"), array(4, dtype="float32"), None, epsilon=1e-3, dtypes=("float16",)),
    sample(given(1.0, NAN, 2.0), gradient=False),
    magnitude=_layer_size,
    mistakes=[*BAD, sample(array(2, 3), None, array(4)), sample(array(), epsilon=0.1)],
)


def _rms(x, scale=None, axis=-1, epsilon=1e-7):
    x = x if x.ndim else x.reshape(1)
    axes = axes_of(axis, x)
    scale = _spread(scale, x, axes)
    return x / np.sqrt(np.square(x).mean(tuple(axes), keepdims=True) + epsilon) * (1 if scale is None else scale)


case(
    "rms_normalization",
    _rms,
    sample(array(4, 5), array(5), epsilon=1e-3),
    sample(array(2, 3, 4), axis=(1, 2), epsilon=1e-3),
    sample(array(2, 3, 4), array(3, 4), axis=[-1, 1], epsilon=1e-3),
    sample(array(2, 3, 4), array(3), axis=1, epsilon=1e-3),
    sample(array(2, 3), array(), epsilon=1e-3),
    sample(array(), epsilon=1e-3),
    sample(array(0, 3), array(3)),
    sample(array(8, 64), array(64), gradient=False),
    sample(array(2, 5, dtype="int32"), epsilon=1e-3, dtypes=("int32",)),
    sample(given(0.0, 0.0), epsilon=1.0),
    sample(given(300.0, 300.0), dtypes=("float16",)),
    mistakes=BAD,
)
