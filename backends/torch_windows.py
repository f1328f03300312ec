"""Convolutions and poolings, by PyTorch's kernels with channels first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from .torch_table import KERNELS, body, kernel


def _channels_first(x: Any, window: Any) -> Any:
    return x.movedim(-1, 1) if window.channels_last else x


def _as_given(x: Any, window: Any) -> Any:
    return x.movedim(1, -1) if window.channels_last else x


def _padded(x: Any, pairs: Any, value: Any = 0) -> Any:
    flat = [size for pair in reversed(pairs) for size in pair]
    return F.pad(x, flat, value=value) if any(flat) else x


_CONVOLVE = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_UNDO = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
_MAX_POOL = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}


def _evenly(pairs: Any) -> tuple[tuple[int, ...], Any]:
    """What can be added on both sides alike, and the pairs that are left."""
    both = tuple(min(pair) for pair in pairs)
    return both, tuple((low - b, high - b) for (low, high), b in zip(pairs, both, strict=True))


def _kernel_first(kernel: Any) -> Any:
    """The kernel of a convolution as PyTorch wants it: filters, channels, sizes."""
    moved = kernel.permute(kernel.ndim - 1, kernel.ndim - 2, *range(kernel.ndim - 2))
    # In float64 gradients of kernels with one filter are refused otherwise: their strides look like channels last.
    return moved.contiguous() if kernel.dtype == torch.float64 else moved


def _output_shape(x: Any, window: Any, channels: int) -> tuple[int, ...]:
    return window.with_spatial(x.shape, window.outputs(window.spatial(x.shape)), channels)


@kernel
def convolve(inputs: Any, kernel: Any, window: Any) -> Any:
    if not inputs.numel():  # which PyTorch refuses
        return inputs.new_zeros(_output_shape(inputs, window, kernel.shape[-1]))
    x = _channels_first(inputs, window)
    padding, rest = _evenly(window.pairs(tuple(x.shape[2:])))
    convolution = _CONVOLVE[window.rank]
    x = _padded(x, rest)
    out = convolution(x, _kernel_first(kernel), None, window.strides, padding, window.dilation, window.groups)
    return _as_given(out, window)


@kernel
def convolve_input_gradient(g: Any, kernel: Any, sizes: Any, window: Any) -> Any:
    if not g.numel():  # which PyTorch refuses
        return g.new_zeros(window.with_spatial(g.shape, sizes, kernel.shape[-2] * window.groups))
    g = _channels_first(g, window)
    pairs = window.pairs(sizes)
    out = _UNDO[window.rank](g, _kernel_first(kernel), None, window.strides, 0, 0, window.groups, window.dilation)
    missing = [(-low, low + size - have) for (low, _), size, have in zip(pairs, sizes, out.shape[2:], strict=True)]
    return _as_given(_padded(out, missing), window)


@kernel
def fold(x: Any, *options: Any) -> Any:
    fits = x.ndim == 3 and x.is_floating_point() and x.numel()
    return F.fold(x, *options) if fits else body("fold", x, *options)


@kernel
def window_max(x: Any, window: Any) -> Any:
    if not x.numel():
        return x.new_zeros(_output_shape(x, window, x.shape[window.channel_axis]))
    x = _channels_first(x, window)
    pairs = window.pairs(tuple(x.shape[2:]))
    if not x.is_floating_point():
        return _as_given(_windows(_padded(x, pairs, torch.iinfo(x.dtype).min), window).amax(-1), window)
    padding, rest = _evenly(pairs)
    if any(2 * pad > size for pad, size in zip(padding, window.sizes, strict=True)):
        padding, rest = (0,) * window.rank, pairs
    x = _padded(x, rest, -torch.inf)
    return _as_given(_MAX_POOL[window.rank](x, window.sizes, window.strides, padding, window.dilation), window)


@kernel
def window_sum(x: Any, window: Any) -> Any:
    if not x.numel():
        return x.new_zeros(_output_shape(x, window, x.shape[window.channel_axis]))
    x = _padded(_channels_first(x, window), window.pairs(tuple(_channels_first(x, window).shape[2:])))
    if not x.is_floating_point() or window.rank == 1 or any(step != 1 for step in window.dilation):
        return _as_given(_windows(x, window).sum(-1, dtype=x.dtype), window)
    pool = F.avg_pool2d if window.rank == 2 else F.avg_pool3d
    return _as_given(pool(x, window.sizes, window.strides, divisor_override=1), window)


def _adaptive(name: str, pools: dict[int, Callable[..., Any]]) -> Callable[..., Any]:
    def run(inputs: Any, output_size: Any, data_format: str) -> Any:
        rank, last = inputs.ndim - 2, data_format == "channels_last"
        sizes = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * rank
        known = last or data_format == "channels_first"
        if not known or rank not in pools or not inputs.is_floating_point() or 0 in inputs.shape or min(sizes) < 1:
            return body(name, inputs, output_size, data_format)
        pooled = pools[rank](inputs.movedim(-1, 1) if last else inputs, sizes)
        return pooled.movedim(1, -1) if last else pooled

    return run


KERNELS["adaptive_average_pool"] = _adaptive(
    "adaptive_average_pool", {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}
)
KERNELS["adaptive_max_pool"] = _adaptive(
    "adaptive_max_pool", {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d}
)


def _windows(x: Any, window: Any) -> Any:
    """The elements of each window on a last axis, of a padded tensor with channels first."""
    for axis, (extent, stride, dilation) in enumerate(
        zip(window.extents, window.strides, window.dilation, strict=True)
    ):
        x = x.unfold(axis + 2, extent, stride)[..., ::dilation]
    return x.flatten(x.ndim - window.rank)
