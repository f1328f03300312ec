"""Layers of networks by TensorFlow's fused kernels."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from polykeras.spec import normalize_axis

from .tensorflow_table import body, kernel

_FUSED = (tf.float32, tf.float16, tf.bfloat16)
"""The dtypes for which there are fused kernels."""


@kernel
def normalize_batch(x: Any, offset: Any, scale: Any, axis: int, epsilon: float) -> Any:
    sizes = x.shape.as_list()
    last = normalize_axis(axis, len(sizes)) == len(sizes) - 1
    if not last or len(sizes) < 2 or None in sizes or x.dtype not in _FUSED or epsilon < 1e-5:
        return body("normalize_batch", x, offset, scale, axis, epsilon)
    channels, count = sizes[-1], math.prod(sizes[:-1])
    if count < 2 or not channels or any(p is not None and p.shape != (channels,) for p in (offset, scale)):
        return body("normalize_batch", x, offset, scale, axis, epsilon)
    out, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=x if len(sizes) == 4 else tf.reshape(x, (count, 1, 1, channels)),
        scale=tf.ones((channels,)) if scale is None else tf.cast(scale, tf.float32),
        offset=tf.zeros((channels,)) if offset is None else tf.cast(offset, tf.float32),
        mean=tf.zeros((0,)),
        variance=tf.zeros((0,)),
        epsilon=epsilon,
        is_training=True,
    )
    # which gives the unbiased estimate of the variance
    return tf.reshape(out, sizes), mean, variance * ((count - 1) / count)
