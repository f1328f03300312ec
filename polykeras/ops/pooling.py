"""Pooling: what a sliding window makes of the elements below it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import ops
from ..dtypes import FLOATS, NUMBERS, ORDERED, ORDERED_NUMBERS, inexact, same
from ..errors import ShapeError
from ..op import Array, composed, primitive
from ..spec import Spec, show_shape
from .windows import Window, check_room, is_channels_last, padding_of, per_axis


def _infer_pool(x: Spec, window: Window) -> Spec:
    check_room(window, x.shape)
    outputs = window.outputs(window.spatial(x.shape))
    return Spec(window.with_spatial(x.shape, outputs, x.shape[window.channel_axis]), x.dtype)


class Taps:
    """The elements at each offset in all windows, out of an array with something added around, and back into it."""

    def __init__(self, shape: tuple[Any, ...], window: Window):
        self.window = window
        sizes = window.spatial(shape)
        spatial = dict(zip(window.spatial_axes, window.pairs(sizes), strict=True))
        self.pairs = tuple(spatial.get(axis, (0, 0)) for axis in range(len(shape)))
        self.padded = tuple(low + size + high for size, (low, high) in zip(shape, self.pairs, strict=True))
        self.counts = window.outputs(sizes)
        self.shape = shape

    def pad(self, x: Any, value: Any = 0) -> Any:
        """An array with a value added around."""
        return ops.pad_constant(x, self.pairs, value)

    def unpad(self, x: Any) -> Any:
        """The array without what was added around it."""
        starts = tuple(low for low, _ in self.pairs)
        stops = tuple(low + size for (low, _), size in zip(self.pairs, self.shape, strict=True))
        return ops.strided_slice(x, starts, stops, (1,) * len(starts))

    def bounds(self) -> Iterator[tuple[Any, Any, Any]]:
        """For each offset starts, stops and steps of the elements there."""
        for offset in self.window.taps():
            starts, stops, steps = [0] * len(self.padded), list(self.padded), [1] * len(self.padded)
            axes = zip(self.window.spatial_axes, offset, self.window.strides, self.counts, strict=True)
            for axis, first, stride, count in axes:
                starts[axis], stops[axis], steps[axis] = first, first + (count - 1) * stride + 1, stride
            yield tuple(starts), tuple(stops), tuple(steps)


@primitive(
    why="the work of tuned kernels",
    infer=_infer_pool,
    accepts=NUMBERS,
    promote=same,
    vjp=(lambda g, out, x, window: ops.window_sum_gradient(g, window.spatial(ops.shape(x)), window),),
    ulp=4,
)
def window_sum(x: Array, window: Window) -> Array:
    """The sum of the elements in each window; what is added around counts as 0.

    Args:
        x: Array of shape (batch, *spatial, channels), or (batch, channels, *spatial).
        window: How the window slides.

    Returns:
        The sums.
    """


def _infer_unpool(g: Spec, sizes: tuple[Any, ...], window: Window) -> Spec:
    return Spec(window.with_spatial(g.shape, sizes, g.shape[window.channel_axis]), g.dtype)


@composed(infer=_infer_unpool, vjp=(lambda gg, out, g, sizes, window: ops.window_sum(gg, window),), ulp=4)
def window_sum_gradient(g: Array, sizes: Any, window: Window) -> Array:
    """The gradient of `window_sum`: for each element the sum of the cotangents of the windows that it is in.

    Args:
        g: The cotangent of the result.
        sizes: The spatial sizes of the argument of `window_sum`.
        window: How the window slides.

    Returns:
        The cotangent of the argument.
    """
    shape = ops.shape(g)
    taps = Taps(window.with_spatial(shape, sizes, shape[window.channel_axis]), window)
    pieces = [ops.strided_slice_gradient(g, taps.padded, *bounds) for bounds in taps.bounds()]
    return taps.unpad(_total(pieces))


def _total(pieces: list[Any]) -> Any:
    total = pieces[0]
    for piece in pieces[1:]:
        total = ops.add(total, piece)
    return total


def lowest(dtype: str) -> Any:
    """The number below all others of a dtype."""
    return -np.inf if dtype in FLOATS else np.array(np.iinfo(dtype).min, dtype)


@primitive(
    why="the work of tuned kernels",
    infer=_infer_pool,
    accepts=ORDERED_NUMBERS,
    promote=same,
    vjp=(lambda g, out, x, window: ops.window_max_gradient(g, x, window),),
    ulp=0,
)
def window_max(x: Array, window: Window) -> Array:
    """The greatest element in each window, NaN if there is one. At a tie the first one gets the gradient.

    Args:
        x: Array of shape (batch, *spatial, channels), or (batch, channels, *spatial).
        window: How the window slides.

    Returns:
        The greatest elements.
    """


def _hits(x: Any, window: Window, taps: Taps) -> Iterator[tuple[Any, tuple[Any, Any, Any]]]:
    """For each offset where the first greatest element of a window is at it, and the bounds of the elements there."""
    padded = taps.pad(x, lowest(ops.dtype(x)))
    out = window_max(x, window)
    free = None
    for bounds in taps.bounds():
        hit = ops.equal(ops.strided_slice(padded, *bounds), out)
        if free is not None:
            hit = ops.logical_and(hit, free)
        yield hit, bounds
        missed = ops.logical_not(hit)
        free = missed if free is None else ops.logical_and(free, missed)


@composed(
    infer=lambda g, x, window: Spec(x.shape, g.dtype),
    vjp=(lambda gg, out, g, x, window: ops.window_max_select(gg, x, window), None),
    ulp=4,
)
def window_max_gradient(g: Array, x: Array, window: Window) -> Array:
    """The gradient of `window_max`: the cotangent of each window goes to its first greatest element.

    Args:
        g: The cotangent of the result.
        x: The argument of `window_max`.
        window: How the window slides.

    Returns:
        The cotangent of the argument.
    """
    taps = Taps(ops.shape(x), window)
    pieces = [
        ops.strided_slice_gradient(ops.where(hit, g, 0), taps.padded, *bounds) for hit, bounds in _hits(x, window, taps)
    ]
    return taps.unpad(_total(pieces))


@composed(
    infer=lambda y, x, window: Spec(_infer_pool(x, window).shape, y.dtype),
    vjp=(lambda g, out, y, x, window: ops.window_max_gradient(g, x, window), None),
    ulp=0,
)
def window_max_select(y: Array, x: Array, window: Window) -> Array:
    """For each window the element of one array at the place where another array has its first greatest element.

    Args:
        y: The array to take elements from.
        x: The array whose greatest elements are looked for, of the same shape.
        window: How the window slides.

    Returns:
        The elements.
    """
    taps = Taps(ops.shape(x), window)
    padded = taps.pad(y)
    return _total([ops.where(hit, ops.strided_slice(padded, *bounds), 0) for hit, bounds in _hits(x, window, taps)])


# What people call ------------------------------------------------------------------------------------------


def _window(shape: tuple[Any, ...], pool_size: Any, strides: Any, padding: Any, data_format: str | None) -> Window:
    rank = len(shape) - 2
    if rank not in (1, 2, 3):
        raise ShapeError(
            f"expected inputs of shape (batch, *spatial, channels) with 1 to 3 spatial axes; got {show_shape(shape)}."
        )
    window = Window(
        per_axis(pool_size, rank, "pool_size"),
        per_axis(pool_size if strides is None else strides, rank, "strides"),
        padding_of(padding, rank),
        (1,) * rank,
        is_channels_last(data_format),
    )
    check_room(window, shape)
    return window


@composed(ulp=0)
def max_pool(
    inputs: Array, pool_size: Any, strides: Any = None, padding: Any = "valid", data_format: str | None = None
) -> Array:
    """The greatest element in each window. At a tie the first one gets the gradient.

    Args:
        inputs: Array of shape (batch, *spatial, channels) for "channels_last", or (batch, channels, *spatial); with
            1 to 3 spatial axes.
        pool_size: The size of the window, a number or one for each spatial axis.
        strides: The distance from window to window; None for the size of the window.
        padding: "valid" (windows stay inside), "same" (windows may hang over evenly, the odd element at the end), or
            for each spatial axis a pair of numbers of elements to add.
        data_format: "channels_last" or "channels_first"; None for the one that is set.

    Returns:
        Array of shape (batch, *windows, channels), or (batch, channels, *windows).

    >>> max_pool([[[1.0], [3.0], [2.0], [0.0]]], 2, data_format="channels_last")
    array([[[3.],
            [2.]]], dtype=float32)
    """
    return window_max(inputs, _window(ops.shape(inputs), pool_size, strides, padding, data_format))


def _infer_average_pool(inputs: Spec, pool_size: Any, strides: Any, padding: Any, data_format: str | None) -> Spec:
    return _infer_pool(inputs, _window(inputs.shape, pool_size, strides, padding, data_format))


@composed(infer=_infer_average_pool, promote=inexact, accepts=ORDERED, ulp=4)
def average_pool(
    inputs: Array, pool_size: Any, strides: Any = None, padding: Any = "valid", data_format: str | None = None
) -> Array:
    """The mean of the elements in each window. What hangs over the edge does not count.

    Args:
        inputs: Array of shape (batch, *spatial, channels) for "channels_last", or (batch, channels, *spatial); with
            1 to 3 spatial axes.
        pool_size: The size of the window, a number or one for each spatial axis.
        strides: The distance from window to window; None for the size of the window.
        padding: "valid" (windows stay inside), "same" (windows may hang over evenly, the odd element at the end), or
            for each spatial axis a pair of numbers of elements to add.
        data_format: "channels_last" or "channels_first"; None for the one that is set.

    Returns:
        Array of shape (batch, *windows, channels), or (batch, channels, *windows).

    >>> average_pool([[[1.0], [3.0], [2.0], [0.0]]], 2, data_format="channels_last")
    array([[[2.],
            [1.]]], dtype=float32)
    """
    shape = ops.shape(inputs)
    window = _window(shape, pool_size, strides, padding, data_format)
    counts = window.counts(window.spatial(shape)).astype("float64")
    counts = counts.reshape(window.with_spatial((1,), counts.shape, 1))
    return ops.divide(window_sum(inputs, window), ops.cast(counts, ops.dtype(inputs)))
