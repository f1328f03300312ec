"""Cases of normalization over batches and over groups of channels."""

from __future__ import annotations

import numpy as np

from polykeras import ops

from ..case import array, case, sample

REAL = ("float32", "float64")


def _channels(p, x, axis):
    shape = [1] * x.ndim
    shape[axis] = -1
    return p.reshape(shape)


def _batch(x, offset=None, scale=None, axis=-1, epsilon=1e-3):
    others = tuple(i for i in range(x.ndim) if i != axis % x.ndim)
    out = (x - x.mean(others, keepdims=True)) / np.sqrt(x.var(others, keepdims=True) + epsilon)
    out = out if scale is None else out * _channels(scale, x, axis)
    return out if offset is None else out + _channels(offset, x, axis)


def _magnitude(x, offset=None, scale=None, *rest, **options):
    """Numbers far from zero lose digits where their mean is taken away; and so do those to which much is added."""
    factor = 1.0 if scale is None else np.abs(scale).max(initial=1.0)
    added = 0.0 if offset is None else np.abs(offset).max(initial=0.0)
    return (np.abs(x).max(initial=1.0) / np.sqrt(x.var() + 1e-3) if x.size else 1.0) * factor + added


def normalize_batch(*args, **options):
    """The normalized array alone: no gradient flows through the moments."""
    return ops.normalize_batch(*args, **options)[0]


case(
    "normalize_batch",
    _batch,
    sample(array(6, 3), array(3), array(3)),
    sample(array(2, 3, 4), array(3), array(3), axis=1),
    sample(array(2, 2, 2, 3), None, array(3), epsilon=1e-5),
    sample(array(2, 3, 2, 2, 2), array(3), None, 1, 0.1),
    sample(array(4, 3, 2)),
    sample(array(1, 3), array(3), array(3), epsilon=1.0),
    sample(array(50, 2, low=100, high=101), array(2), dtypes=REAL, gradient=False),
    sample(array(4, 3, dtype="int32"), array(3, dtype="float32"), dtypes=REAL[:1]),
    function=normalize_batch,
    magnitude=_magnitude,
    mistakes=[
        sample(array(2, 3), axis=2),
        sample(array(2, 3), array(2)),
        sample(array(2, 3), None, array(1, 3)),
    ],
)


def _group(x, gamma=None, beta=None, groups=32, axis=-1, epsilon=1e-3):
    moved = np.moveaxis(x, axis, 1)
    apart = moved.reshape(x.shape[0], groups, moved[0].size // groups if len(x) else 4)
    spread = np.sqrt(apart.var(-1, keepdims=True) + epsilon)
    out = np.moveaxis(((apart - apart.mean(-1, keepdims=True)) / spread).reshape(moved.shape), 1, axis)
    out = out if gamma is None else out * _channels(gamma, x, axis)
    return out if beta is None else out + _channels(beta, x, axis)


case(
    "group_normalization",
    _group,
    sample(array(2, 3, 4), array(4), array(4), 2),
    sample(array(2, 6, 3), array(6), array(6), 3, 1),
    sample(array(2, 2, 3, 4), None, array(4), 4, epsilon=0.1),
    sample(array(2, 2, 3, 4), array(4), None, 1),
    sample(array(3, 4), groups=2),
    sample(array(0, 2, 4), array(4), array(4), 2, gradient=False),
    sample(array(2, 4, dtype="int32"), array(4, dtype="float32"), groups=2, dtypes=REAL[:1]),
    magnitude=lambda x, gamma=None, beta=None, *rest, **options: _magnitude(x, beta, gamma),
    mistakes=[
        sample(array(2, 4), groups=3),
        sample(array(2, 4), groups=0),
        sample(array(2, 4), array(3), groups=2),
        sample(array(4), groups=2),
        sample(array(2, 4), groups=2, axis=0),
        sample(array(2, 4), groups=2, axis=2),
    ],
)
