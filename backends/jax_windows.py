"""Convolutions and poolings on JAX."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.custom_derivatives import SymbolicZero

from .jax_table import body_of, compiled, kernel, precision, with_rules


def _layout(window: Any) -> tuple[str, str, str]:
    spatial = "DHW"[3 - window.rank :]
    arrays = f"N{spatial}C" if window.channels_last else f"NC{spatial}"
    return arrays, f"{spatial}IO", arrays


@kernel
def convolve(inputs: Any, kernel: Any, window: Any) -> Any:
    return _CONVOLVED(inputs, kernel, window, precision())


@kernel
def convolve_input_gradient(g: Any, kernel: Any, sizes: Any, window: Any) -> Any:
    shape = window.with_spatial(g.shape, sizes, kernel.shape[-2] * window.groups)
    forward = functools.partial(_convolution, kernel=kernel, window=window, precision=precision())
    return jax.linear_transpose(forward, jax.ShapeDtypeStruct(shape, g.dtype))(g)[0]


@kernel
def convolve_kernel_gradient(inputs: Any, g: Any, window: Any) -> Any:
    channels = inputs.shape[window.channel_axis] // window.groups
    shape = (*window.sizes, channels, g.shape[window.channel_axis])
    forward = functools.partial(_in_parts, inputs, window=window, precision=precision())
    return jax.linear_transpose(forward, jax.ShapeDtypeStruct(shape, g.dtype))(g)[0]


def _on_processor() -> bool:
    """Whether what is traced now will most likely run on a processor. It decides what is fast, not what is right."""
    device = jax.config.jax_default_device  # type: ignore[attr-defined]
    return (getattr(device, "platform", device) or jax.default_backend()) == "cpu"


def _convolution(inputs: Any, kernel: Any, window: Any, precision: Any) -> Any:
    """A convolution by XLA; on a processor by a product where windows are single places, which takes a third."""
    pairs = window.pairs(window.spatial(inputs.shape))
    is_product = _of_places(window) and window.groups == 1 and window.channels_last and not any(itertools.chain(*pairs))
    if is_product and _on_processor():
        places = inputs[(slice(None), *(slice(None, None, stride) for stride in window.strides))]
        return jnp.matmul(places, kernel.reshape(kernel.shape[-2:]), precision=precision)
    return lax.conv_general_dilated(
        inputs,
        kernel,
        window.strides,
        pairs,
        rhs_dilation=window.dilation,
        dimension_numbers=_layout(window),
        feature_group_count=window.groups,
        precision=precision,
    )


def _of_places(window: Any) -> bool:
    """Whether windows are single places."""
    return math.prod(window.sizes) == 1


_PARTS = 4
"""Into how many parts a batch is cut for a kernel's gradient."""


def _in_parts(inputs: Any, kernel: Any, window: Any, precision: Any) -> Any:
    """A convolution whose gradient with respect to the kernel is, on a processor, a sum over parts of the batch.

    XLA copies the windows of a whole batch for it where nothing is added around: in parts the copies stay in the cache,
    and it takes half the time. With three spatial axes it does not, nor where windows are single places.
    """
    is_padded = any(itertools.chain(*window.pairs(window.spatial(inputs.shape))))
    whole = is_padded or _of_places(window) or window.groups > 1 or window.rank > 2 or inputs.shape[0] < 2 * _PARTS
    parts = [inputs] if whole or not _on_processor() else jnp.array_split(inputs, _PARTS)
    return jnp.concatenate([_convolution(part, kernel, window, precision) for part in parts])


def _convolved(inputs: Any, kernel: Any, window: Any, precision: Any) -> Any:
    """A convolution with the gradients that are fastest."""

    def push(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
        inputs, kernel = primals
        of_inputs, of_kernel = tangents
        moved = []
        if not isinstance(of_inputs, SymbolicZero):
            moved.append(_convolution(of_inputs, kernel, window, precision))
        if not isinstance(of_kernel, SymbolicZero):
            moved.append(_in_parts(inputs, of_kernel, window, precision))
        return function(inputs, kernel), sum(moved[1:], moved[0])

    compute = functools.partial(_convolution, window=window, precision=precision)
    if not jnp.issubdtype(inputs.dtype, jnp.inexact):
        return compute(inputs, kernel)
    function = jax.custom_jvp(compute)
    function.defjvp(push, symbolic_zeros=True)
    return function(inputs, kernel)


_CONVOLVED = compiled(_convolved, 2, 3)


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
    is_narrow = jnp.issubdtype(x.dtype, jnp.floating) and x.dtype.itemsize < 4  # in which it would lose digits
    return _reduce_windows(x.astype("float32") if is_narrow else x, window, 0, lax.add).astype(x.dtype)
