"""Convolutions and poolings, by TensorFlow's kernels with channels last."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from .tensorflow_table import kernel, shape_of


def _channels_last(x: Any, window: Any) -> Any:
    return x if window.channels_last else tf.transpose(x, (0, *range(2, window.rank + 2), 1))


def _as_given(x: Any, window: Any) -> Any:
    return x if window.channels_last else tf.transpose(x, (0, window.rank + 1, *range(1, window.rank + 1)))


def _padded(x: Any, window: Any) -> tuple[Any, Any]:
    """The inputs, and the word for the padding that they still need: with numbers, some gradients are missing."""
    if isinstance(window.padding, str):
        return x, window.padding.upper()
    return tf.pad(x, _padding(x, window)), "VALID"


def _padding(x: Any, window: Any) -> list[list[Any]]:
    pairs = window.pairs(shape_of(x)[1:-1])
    return [[0, 0], *([low, high] for low, high in pairs), [0, 0]]


def _taps(x: Any, window: Any) -> list[Any]:
    """For each offset in a window the elements there, of a padded tensor with channels last."""
    sizes = shape_of(x)[1:-1]
    counts = [(n - e) // s + 1 for n, e, s in zip(sizes, window.extents, window.strides, strict=True)]
    views = []
    for offset in window.taps():
        ranges = zip(offset, counts, window.strides, strict=True)
        views.append(x[(slice(None), *(slice(o, o + (n - 1) * s + 1, s) for o, n, s in ranges))])
    return views


def _convolve_by_taps(x: Any, kernel: Any, window: Any) -> Any:
    """A convolution as a sum of matrix products, for what TensorFlow has no kernel or no gradient."""
    *_, channels, filters = kernel.shape
    matrices = tf.reshape(kernel, (-1, channels, window.groups, filters // window.groups))
    total: Any = 0
    for tap, view in enumerate(_taps(tf.pad(x, _padding(x, window)), window)):
        groups = tf.reshape(view, (*shape_of(view)[:-1], window.groups, channels))
        total = total + tf.einsum("...gc,cgf->...gf", groups, matrices[tap])
    return tf.reshape(total, (*shape_of(total)[:-2], filters))


@kernel
def convolve(inputs: Any, kernel: Any, window: Any) -> Any:
    x = _channels_last(inputs, window)
    if 0 in x.shape:
        batch, *sizes, _ = shape_of(x)
        return tf.zeros(window.with_spatial((batch,), window.outputs(tuple(sizes)), kernel.shape[-1]), x.dtype)
    unusual = window.groups > 1 or any(step != 1 for step in window.dilation)
    if unusual and (x.dtype != tf.float32 or window.rank == 3):
        return _as_given(_convolve_by_taps(x, kernel, window), window)
    strides, dilations = (1, *window.strides, 1), (1, *window.dilation, 1)
    x, padding = _padded(x, window)
    if window.rank == 3:
        out = tf.nn.conv3d(x, kernel, strides, padding, dilations=dilations)
    elif window.rank == 2:
        out = tf.nn.conv2d(x, kernel, strides, padding, dilations=dilations)
    else:
        strides, dilations = (1, *strides), (1, *dilations)
        out = tf.nn.conv2d(tf.expand_dims(x, 1), kernel[None], strides, padding, dilations=dilations)
        out = tf.squeeze(out, 1)
    return _as_given(out, window)


@kernel
def convolve_input_gradient(g: Any, kernel: Any, sizes: Any, window: Any) -> Any:
    usual = window.rank == 2 and window.groups == 1 and all(step == 1 for step in window.dilation)
    if 0 in g.shape:
        return tf.zeros(window.with_spatial(shape_of(g), sizes, kernel.shape[-2] * window.groups), g.dtype)
    if usual and window.channels_last and isinstance(window.padding, str):
        shape = (shape_of(g)[0], *sizes, kernel.shape[-2])
        return tf.nn.conv2d_transpose(g, kernel, shape, window.strides, window.padding.upper())  # type: ignore[arg-type]
    shape = window.with_spatial(shape_of(g), sizes, kernel.shape[-2] * window.groups)
    return _transposed(lambda x: convolve(x, kernel, window), tf.zeros(shape, g.dtype), g)


@kernel
def convolve_kernel_gradient(inputs: Any, g: Any, window: Any) -> Any:
    channels = inputs.shape[window.channel_axis] // window.groups
    shape = (*window.sizes, channels, g.shape[window.channel_axis])
    return _transposed(lambda k: convolve(inputs, k, window), tf.zeros(shape, g.dtype), g)


def _transposed(function: Callable[[Any], Any], x: Any, g: Any) -> Any:
    """A linear function run backwards."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        out = function(x)
    return tape.gradient(out, x, g, unconnected_gradients=tf.UnconnectedGradients.ZERO)  # as where there is no element


def _padded_with(x: Any, window: Any, value: Any) -> Any:
    """The inputs with a value around them; TensorFlow copies them even where nothing is to be added."""
    pairs = _padding(x, window)
    added = any(type(size) is not int or size for pair in pairs for size in pair)
    return tf.pad(x, pairs, constant_values=tf.constant(value, x.dtype)) if added else x


@kernel
def window_max(x: Any, window: Any) -> Any:
    x = _channels_last(x, window)
    x = _padded_with(x, window, -math.inf if x.dtype.is_floating else x.dtype.min)
    without_kernel = not x.dtype.is_floating or (window.rank == 3 and x.dtype == tf.float64)
    if without_kernel or any(step != 1 for step in window.dilation):
        return _as_given(functools.reduce(tf.maximum, _taps(x, window)), window)
    dtype = x.dtype
    if window.rank == 3 and dtype == tf.float16:  # no kernel on the processor, which a graph finds out too late
        x = tf.cast(x, tf.float32)
    return _as_given(tf.cast(_pooled(tf.nn.max_pool2d, tf.nn.max_pool3d, x, window), dtype), window)


@kernel
def window_sum(x: Any, window: Any) -> Any:
    x = _padded_with(_channels_last(x, window), window, 0)
    if x.dtype.is_floating and window.rank < 3 and all(step == 1 for step in window.dilation):
        return _as_given(_pooled(tf.nn.avg_pool2d, tf.nn.avg_pool3d, x, window) * math.prod(window.sizes), window)
    return _as_given(functools.reduce(tf.add, _taps(x, window)), window)


def _pooled(two: Callable[..., Any], three: Callable[..., Any], x: Any, window: Any) -> Any:
    sizes, strides = (1, *window.sizes, 1), (1, *window.strides, 1)
    if window.rank == 3:
        return three(x, sizes, strides, "VALID")
    if window.rank == 2:
        return two(x, sizes, strides, "VALID")
    return tf.squeeze(two(tf.expand_dims(x, 1), (1, *sizes), (1, *strides), "VALID"), 1)
