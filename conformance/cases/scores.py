"""Cases of cross entropies and other scores."""

from __future__ import annotations

import math

import numpy as np

from ..case import array, case, given, sample
from .activation import log_softmax
from .arithmetic import INF, NAN

REAL = ("float32", "float64")
EPSILON = 1e-7
UNIT = {"low": 0.3, "high": 0.9}


def _binary(target, output, from_logits=False):
    if from_logits:
        small = np.log1p(np.exp(-np.abs(output)))
        return target * (np.maximum(-output, 0) + small) + (1 - target) * (np.maximum(output, 0) + small)
    output = np.clip(output, EPSILON, 1 - EPSILON)
    return -(target * np.log(output) + (1 - target) * np.log1p(-output))


def _binary_size(target, output, from_logits=False):
    size = np.abs(_binary(target, output, from_logits))
    return np.maximum(size, np.abs(target * output)) if from_logits else size


case(
    "binary_crossentropy",
    _binary,
    sample(array(2, 3, **UNIT), array(2, 3, **UNIT)),
    sample(array(2, 3, **UNIT), array(2, 3), from_logits=True),
    sample(array(**UNIT), array(**UNIT)),
    sample(array(0, 2), array(0, 2)),
    sample(array(3, low=0, high=1, dtype="int32"), array(3), from_logits=True, dtypes=REAL),
    # in float32, 1 - epsilon is 1 - 1.2e-7
    sample(given(0.0, 0.0, 1.0, 1.0), given(0.0, 1.0, 0.0, 1.0), dtypes=("float64",), kink=True),
    sample(given(0.0, 1.0, 0.0, 1.0), given(1e-9, 1e-5, 0.5, 0.7), dtypes=REAL, gradient=False),
    sample(given(0.0, 1.0, 0.0, 1.0, 0.3), given(0.0, 0.0, 0.0, 0.0, 0.0), from_logits=True, dtypes=REAL, kink=True),
    sample(given(0.0, 1.0, 0.0, 1.0), given(50.0, 50.0, -50.0, -50.0), from_logits=True, gradient=False),
    sample(given(0.0, 1.0), given(NAN, NAN), gradient=False),
    magnitude=_binary_size,
    mistakes=[sample(array(2, 3), array(3)), sample(array(2, 1), array(2, 3)), sample(array(), array(1))],
)


def _log(output, from_logits, axis):
    if from_logits:
        return log_softmax(output, axis)
    return np.log(np.clip(output / output.sum(axis, keepdims=True), EPSILON, 1 - EPSILON))


def _categorical(target, output, from_logits=False, axis=-1):
    return -np.sum(target * _log(output, from_logits, axis), axis)


def _categorical_size(target, output, from_logits=False, axis=-1):
    """The logarithm of a share is as exact as logits are to the greatest, and that of one near 1 as exact as 1."""
    size = np.maximum(np.abs(_log(output, from_logits, axis)), 1)
    if from_logits:
        size = np.maximum(size, np.abs(output - output.max(axis, keepdims=True)))
    return np.sum(np.abs(target) * size, axis)


CATEGORICAL = (
    sample(array(2, 3, **UNIT), array(2, 3, **UNIT)),
    sample(array(2, 3, **UNIT), array(2, 3), from_logits=True),
    sample(array(2, 3, 4, **UNIT), array(2, 3, 4, **UNIT), axis=1),
    sample(array(2, 3, 4, **UNIT), array(2, 3, 4), from_logits=True, axis=-2),
    sample(array(3, **UNIT), array(3), from_logits=True),
    sample(array(0, 2), array(0, 2), from_logits=True),
    sample(array(3, low=0, high=1, dtype="int32"), array(3), from_logits=True, dtypes=REAL),
    sample(given(1.0, 0.0, 0.0), given(1000.0, 1001.0, -1000.0), from_logits=True, dtypes=REAL, gradient=False),
    sample(given(1.0, 1.0), given(0.0, 1.0), dtypes=REAL, gradient=False),
)
case(
    "categorical_crossentropy",
    _categorical,
    *CATEGORICAL,
    magnitude=_categorical_size,
    mistakes=[
        sample(array(2, 3), array(3)),
        sample(array(2, 1), array(2, 3)),
        sample(array(), array()),
        sample(array(2), array(2), axis=1),
    ],
)


def _one_hot(target, output, axis):
    """Rows of ones and zeros in the shape of the output."""
    target = target.squeeze(axis) if target.ndim == output.ndim else target
    classes = np.arange(output.shape[axis]).reshape([-1 if i == axis % output.ndim else 1 for i in range(output.ndim)])
    return (np.expand_dims(target, axis) == classes).astype("float64")


def _sparse(target, output, from_logits=False, axis=-1):
    return _categorical(_one_hot(target, output, axis), output, from_logits, axis)


CLASSES = {"low": 0, "high": 2, "dtype": "int32"}
case(
    "sparse_categorical_crossentropy",
    _sparse,
    sample(array(4, **CLASSES), array(4, 3, **UNIT)),
    sample(array(4, **CLASSES), array(4, 3), from_logits=True),
    sample(array(4, 1, **CLASSES), array(4, 3), from_logits=True),
    sample(array(2, 4, **CLASSES), array(2, 3, 4), from_logits=True, axis=1),
    sample(array(2, 1, 4, **CLASSES), array(2, 3, 4, **UNIT), axis=-2),
    sample(array(**CLASSES), array(3), from_logits=True),
    sample(array(0, **CLASSES), array(0, 3)),
    sample(np.array([0, -1, 3, 2], "int64"), array(4, 3), from_logits=True),
    sample(np.array([0, 1, 3, 2], "uint8"), array(4, 3, **UNIT)),
    sample(np.array([0, -1, 127], "int8"), array(3, 200), from_logits=True, gradient=False),
    sample(np.array([1.0, 2.0], "float32"), array(2, 3), from_logits=True),
    sample(np.array([0, 2], "int32"), given([1000.0, 1001.0, 0.0], [1.0, 0.0, -1000.0]), from_logits=True, dtypes=REAL),
    magnitude=lambda target, output, from_logits=False, axis=-1: _categorical_size(
        _one_hot(target, output, axis), output, from_logits, axis
    ),
    mistakes=[
        sample(array(3, **CLASSES), array(4, 3)),
        sample(array(4, 2, **CLASSES), array(4, 3)),
        sample(array(4, **CLASSES), array(4, 3), axis=2),
    ],
)
case(
    "psnr",
    lambda x1, x2, max_val: 20 * np.log10(max_val) - 10 * np.log10(np.mean((x1 - x2) ** 2)),
    sample(array(2, 3), array(2, 3), 2.0),
    sample(array(2, 3), array(2, 3), array(low=1, high=2)),
    sample(array(2, 2, 2, 2, low=0, high=1), array(2, 2, 2, 2, low=0, high=1), 255),
    sample(array(), array(), 1.0),
    sample(*[array(4, low=0, high=255, dtype="int32")] * 2, 255, dtypes=REAL[:1]),
    sample(given(1.0, 2.0), given(1.0, 2.0), 255.0, dtypes=REAL, gradient=False),
    magnitude=lambda x1, x2, max_val: 20 * abs(np.log10(max_val)) + 10 * abs(np.log10(np.mean((x1 - x2) ** 2))) + 20,
    mistakes=[
        sample(array(2), array(3), 1.0),
        sample(array(2, 3), array(3), 1.0),
        sample(array(2), array(2), array(2)),
    ],
)


def _in_top_k(targets, predictions, k):
    found = []
    for target, row in zip(targets.reshape(-1), predictions.reshape(-1, predictions.shape[-1]), strict=True):
        known = 0 <= target < len(row) and not math.isnan(row[target])
        found.append(known and sum(not p <= row[target] for p in row) < k)
    return np.array(found, bool).reshape(targets.shape)


case(
    "in_top_k",
    _in_top_k,
    sample(array(6, low=0, high=4, dtype="int32"), array(6, 5), k=2, gradient=False),
    sample(array(2, 3, low=0, high=4, dtype="int32"), array(2, 3, 5), k=3, gradient=False),
    sample(array(low=0, high=4, dtype="int32"), array(5), 1, gradient=False),
    sample(np.array([0, 1, 2, 5, -1], "int64"), given(*[[0.5, 0.5, 0.5, 0.1]] * 5), k=1, gradient=False),
    sample(np.array([0, 1, 2], "int32"), given(*[[NAN, INF, 0.1]] * 3), k=2, gradient=False),
    sample(np.array([0, 1], "int32"), given([1, 2], [3, 3]), k=1, dtypes=("int32",), gradient=False),
    sample(np.array([0, 1], "int32"), given([1.0, 2.0], [3.0, 3.0]), k=5, gradient=False),
    sample(np.array([], "int32"), array(0, 3), k=1, gradient=False),
    mistakes=[sample(array(3, **CLASSES), array(4, 3), k=1), sample(array(4, 1, **CLASSES), array(4, 3), k=1)],
)
