"""Cases of normalization."""

from __future__ import annotations

import numpy as np

from ..case import array
from ..layer_case import a, configured, layer

MASK = [[True, True, False], [True, False, False]]


def _normalized(x, axes, epsilon=1e-3):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + epsilon)


def _by_averages(weights, x):
    gamma, beta, mean, variance = weights
    return (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta


def _by_batch(weights, x, training=True):
    return _normalized(x, tuple(range(x.ndim - 1))) * weights[0] + weights[1]


_training = {"training": True}
layer(
    "BatchNormalization",
    configured().on(array(4, 3)).gives(_by_averages),
    configured().on(array(4, 2, 3), **_training).gives(_by_batch),
    configured(axis=1, momentum=0.5, epsilon=0.1).on(array(2, 3, 2, 2), **_training),
    configured(center=False, scale=False, synchronized=True)
    .on(array(4, 3), **_training)
    .gives(lambda w, x, training: _normalized(x, 0)),
    configured(trainable=False).on(array(4, 3), **_training).gives(lambda w, x, training: _by_averages(w, x)),
    configured().on(array(2, 3, 4), **_training).masked(MASK).gives_mask(MASK),
    configured(renorm=True, renorm_clipping={"rmax": 3.0, "rmin": 0.1, "dmax": 5.0}).on(array(4, 3)).but(mixed=False),
    mistakes=[
        (configured(axis=(1, 2)), "axis to be a whole number"),
        (configured(renorm=True, renorm_clipping={"max": 1}), "'rmin', 'rmax' and 'dmax'"),
        (configured(renorm=True, renorm_clipping={"dmax": -1}), "dmax to be at least 0"),
        (configured(axis=3).on(array(2, 3)), "axis 3 is out of range"),
    ],
)
layer(
    "LayerNormalization",
    configured().on(array(4, 3)).gives(lambda w, x: _normalized(x, -1) * w[0] + w[1]),
    configured(axis=(1, 2), epsilon=0.1)
    .on(array(2, 3, 4))
    .gives(lambda w, x: _normalized(x, (1, 2), 0.1) * w[0] + w[1]),
    configured(axis=1, center=False).on(array(2, 3, 4)).gives(lambda w, x: _normalized(x, 1) * w[0][:, None]),
    configured(scale=False).on(array(2, 3, 4)).masked(MASK).gives_mask(MASK),
    configured(rms_scaling=True, axis=(-1, 1), epsilon=0.1, scale=False)
    .on(array(2, 3, 4))
    .gives(lambda w, x: x / np.sqrt(x.var((1, 2), keepdims=True) + 0.1) * w[0]),
    mistakes=[(configured(axis="last"), "axis to be a whole number or several")],
)
layer(
    "RMSNormalization",
    configured().on(array(4, 3)).gives(lambda w, x: x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6) * w[0]),
    configured(axis=(1, 2), epsilon=0.1).on(array(2, 3, 4)),
    configured(axis=1)
    .on(array(2, 3, 4))
    .gives(lambda w, x: x / np.sqrt((x**2).mean(1, keepdims=True) + 1e-6) * w[0][:, None]),
)
layer(
    "UnitNormalization",
    configured().on(array(4, 3)).gives(lambda w, x: x / np.linalg.norm(x, axis=-1, keepdims=True)),
    configured(axis=(1, 2)).on(array(2, 3, 4)).masked(MASK).gives_mask(MASK),
)


def _by_groups(weights, x):
    apart = x.reshape(*x.shape[:-1], 2, -1)
    return _normalized(apart, (1, -1)).reshape(x.shape) * weights[0] + weights[1]


layer(
    "GroupNormalization",
    configured(2).on(array(2, 3, 4)).gives(_by_groups),
    configured(3, axis=1, epsilon=0.1).on(array(2, 6, 2, 2)),
    configured(-1, center=False, scale=False).on(array(2, 3, 4)).gives(lambda w, x: _normalized(x, 1)),
    mistakes=[(configured(3).on(array(2, 4)), "groups to divide the 4 channels")],
)
layer(
    "SpectralNormalization",
    configured(a("Dense", 3)).on(array(4, 5)),
    configured(a("Conv1D", 3, 2)).on(array(2, 5, 4)),
    mistakes=[
        (configured(a("Flatten")).on(array(2, 3)), "with a kernel or with embeddings"),
        (configured(a("Dense", 3), power_iterations=0), "power_iterations to be a whole number from 1"),
    ],
)
