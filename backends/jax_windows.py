"""Convolutions and poolings on JAX."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .jax_table import body_of, compiled, kernel, precision, with_rules


def _layout(window: Any) -> tuple[str, str, str]:
    spatial = "DHW"[3 - window.rank :]
    arrays = f"N{spatial}C" if window.channels_last else f"NC{spatial}"
    return arrays, f"{spatial}IO", arrays


@kernel
def convolve(inputs: Any, kernel: Any, window: Any) -> Any:
    return lax.conv_general_dilated(
        inputs,
        kernel,
        window.strides,
        window.pairs(window.spatial(inputs.shape)),
        rhs_dilation=window.dilation,
        dimension_numbers=_layout(window),
        feature_group_count=window.groups,
        precision=precision(),
    )


@kernel
def convolve_input_gradient(g: Any, kernel: Any, sizes: Any, window: Any) -> Any:
    shape = window.with_spatial(g.shape, sizes, kernel.shape[-2] * window.groups)
    forward = jax.linear_transpose(lambda x: convolve(x, kernel, window), jax.ShapeDtypeStruct(shape, g.dtype))
    return forward(g)[0]


@kernel
def convolve_kernel_gradient(inputs: Any, g: Any, window: Any) -> Any:
    channels = inputs.shape[window.channel_axis] // window.groups
    shape = (*window.sizes, channels, g.shape[window.channel_axis])
    forward = jax.linear_transpose(lambda k: convolve(inputs, k, window), jax.ShapeDtypeStruct(shape, g.dtype))
    return forward(g)[0]


def _reduce_windows(x: Any, window: Any, start: Any, combine: Callable[..., Any]) -> Any:
    def everywhere(values: Any, elsewhere: Any) -> tuple[Any, ...]:
        places = dict(zip(window.spatial_axes, values, strict=True))
        return tuple(places.get(axis, elsewhere) for axis in range(x.ndim))

    pairs = window.pairs(window.spatial(x.shape))
    return lax.reduce_window(
        x,
        np.asarray(start, x.dtype),
        combine,
        everywhere(window.sizes, 1),
        everywhere(window.strides, 1),
        everywhere(pairs, (0, 0)),
        window_dilation=everywhere(window.dilation, 1),
    )


def _lowest(dtype: Any) -> Any:
    return np.asarray(-np.inf if jnp.issubdtype(dtype, jnp.floating) else jnp.iinfo(dtype).min, dtype)


@kernel
def window_max(x: Any, window: Any) -> Any:
    return _max_of_tiles(x, window) if window.tiles else _reduce_windows(x, window, _lowest(x.dtype), lax.max)


def _margins(shape: tuple[int, ...], window: Any) -> list[tuple[int, int, int]]:
    """What to add around an array of a shape so that windows side by side fill it; negative where it is cut off."""
    margins, sizes = [(0, 0, 0)] * len(shape), window.spatial(shape)
    parts = zip(window.spatial_axes, sizes, window.outputs(sizes), window.sizes, window.pairs(sizes), strict=True)
    for axis, size, count, extent, (low, _) in parts:
        margins[axis] = (low, count * extent - size - low, 0)
    return margins


def _tiled(x: Any, window: Any) -> tuple[Any, tuple[int, ...]]:
    """An array in which each window has axes of its own, one behind each spatial axis, and which these are."""
    whole = lax.pad(x, _lowest(x.dtype), _margins(x.shape, window))
    extents = dict(zip(window.spatial_axes, window.sizes, strict=True))
    shape = [n for axis, size in enumerate(whole.shape) for n in _split(size, extents.get(axis))]
    return whole.reshape(shape), tuple(axis + i + 1 for i, axis in enumerate(window.spatial_axes))


def _split(size: int, extent: int | None) -> tuple[int, ...]:
    return (size,) if extent is None else (size // extent, extent)


def _largest_of_tiles(x: Any, window: Any) -> Any:
    rows, axes = _tiled(x, window)
    return rows.max(axes)


_max_of_tiles = with_rules("window_max", compiled(_largest_of_tiles, 1))
"""The maximum in windows side by side, whose gradient takes XLA's own, on a processor, several times as long."""


def _gradient_of_tiles(g: Any, x: Any, window: Any) -> Any:
    rows, axes = _tiled(x, window)
    count = math.prod(window.sizes)
    numbers = np.arange(count, dtype=np.int32).reshape([n if i in axes else 1 for i, n in enumerate(rows.shape)])
    first = jnp.where(rows == rows.max(axes, keepdims=True), numbers, count).min(axes, keepdims=True)
    shares = jnp.where(numbers == first, jnp.expand_dims(g, axes), 0)
    margins = _margins(x.shape, window)
    whole = [size + low + high for size, (low, high, _) in zip(x.shape, margins, strict=True)]
    return lax.pad(shares.reshape(whole), np.zeros((), g.dtype), [(-low, -high, 0) for low, high, _ in margins])


_GRADIENT_OF_TILES = compiled(_gradient_of_tiles, 2)


@kernel
def window_max_gradient(g: Any, x: Any, window: Any) -> Any:
    return (_GRADIENT_OF_TILES if window.tiles else body_of("window_max_gradient"))(g, x, window)


@kernel
def window_sum(x: Any, window: Any) -> Any:
    return _reduce_windows(x, window, 0, lax.add)
