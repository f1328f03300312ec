"""Pooling into a given number of parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..dtypes import ORDERED, ORDERED_NUMBERS, inexact, same
from ..errors import ShapeError
from ..op import Array, composed
from ..settings import settings
from ..spec import Spec, show_shape
from ..symbolic import spec_of
from .conversion import in_single
from .pooling import lowest
from .windows import is_channels_last, per_axis


def _infer_adaptive(inputs: Spec, output_size: Any, data_format: str | None) -> Spec:
    rank = inputs.ndim - 2
    if rank not in (1, 2, 3):
        raise ShapeError(
            "expected inputs of shape (batch, *spatial, channels) with 1 to 3 spatial axes; got "
            f"{show_shape(inputs.shape)}."
        )
    sizes = per_axis(output_size, rank, "output_size")
    last = is_channels_last(data_format)
    if any(size == 0 for size in (inputs.shape[1:-1] if last else inputs.shape[2:])):
        raise ShapeError(f"there is nothing to pool in an array of shape {show_shape(inputs.shape)}.")
    shape = (inputs.shape[0], *sizes, inputs.shape[-1]) if last else (*inputs.shape[:2], *sizes)
    return Spec(shape, inputs.dtype)


def _parts(size: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """For each of the parts of an axis the positions in it, in rows of one length, and which of them are in it."""
    starts = np.arange(count) * size // count
    stops = -(-np.arange(1, count + 1) * size // count)
    places = starts[:, None] + np.arange((stops - starts).max())
    return np.minimum(places, size - 1).astype("int32"), places < stops[:, None]


def _by_axis(x: Any, sizes: tuple[int, ...], last: bool, reduce: Callable[[Any, np.ndarray, int], Any]) -> Any:
    """An array reduced to parts, one spatial axis after the other, from the last on."""
    first = 1 if last else 2
    for axis, count in reversed(list(enumerate(sizes, first))):
        size = ops.shape(x)[axis]
        if not isinstance(size, int):
            raise ShapeError(f"expected spatial axes of known sizes; axis {axis} has size {size}.")
        places, within = _parts(size, count)
        rows = ops.take(x, places, axis)
        mask = within.reshape([*within.shape, *(1,) * (len(ops.shape(rows)) - axis - 2)])
        x = reduce(rows, mask, axis + 1)
    return x


def _even(inputs: Any, sizes: tuple[int, ...], last: bool) -> tuple[int, ...] | None:
    """The size of the parts, if they are all equal."""
    shape = ops.shape(inputs)
    spatial = shape[1:-1] if last else shape[2:]
    if not all(isinstance(n, int) and n % count == 0 for n, count in zip(spatial, sizes, strict=True)):
        return None
    return tuple(n // count for n, count in zip(spatial, sizes, strict=True))


@composed(name="adaptive_average_pool", infer=_infer_adaptive, accepts=ORDERED, promote=inexact)
def _adaptive_average_pool(inputs: Array, output_size: Any, data_format: str = "channels_last") -> Array:
    """As `adaptive_average_pool`, with a word for the format."""
    _infer_adaptive(spec_of(inputs), output_size, data_format)
    last, sizes = is_channels_last(data_format), per_axis(output_size, len(ops.shape(inputs)) - 2, "output_size")
    parts = _even(inputs, sizes, last)
    if parts is not None:
        return ops.average_pool(inputs, parts, data_format=data_format)

    def means(rows: Any, mask: np.ndarray, axis: int) -> Any:
        counts = mask.sum(1, keepdims=True).astype("float64")
        shares = ops.cast(np.where(mask, 1 / counts, 0.0), ops.dtype(rows))
        return ops.sum(ops.multiply(ops.where(mask, rows, 0), shares), axis)

    return in_single(lambda x: _by_axis(x, sizes, last, means), inputs)


def adaptive_average_pool(inputs: Array, output_size: Any, data_format: str | None = None) -> Array:
    """The means of the parts into which spatial axes are divided.

    Part i of n on an axis of size s goes from floor(i * s / n) to ceil((i + 1) * s / n): where s is not a multiple of
    n, neighbours overlap.

    Args:
        inputs: Array of shape (batch, *spatial, channels) for "channels_last", or (batch, channels, *spatial); with
            1 to 3 spatial axes.
        output_size: The number of parts, one for all spatial axes or one for each.
        data_format: "channels_last" or "channels_first"; None for the one that is set.

    Returns:
        Array of shape (batch, *output_size, channels), or (batch, channels, *output_size).

    >>> adaptive_average_pool([[[1.0], [2.0], [6.0]]], 2, data_format="channels_last")
    array([[[1.5],
            [4. ]]], dtype=float32)
    """
    return _adaptive_average_pool(inputs, output_size, data_format or settings.image_data_format)


@composed(name="adaptive_max_pool", infer=_infer_adaptive, accepts=ORDERED_NUMBERS, promote=same, ulp=0)
def _adaptive_max_pool(inputs: Array, output_size: Any, data_format: str = "channels_last") -> Array:
    """As `adaptive_max_pool`, with a word for the format."""
    _infer_adaptive(spec_of(inputs), output_size, data_format)
    last, sizes = is_channels_last(data_format), per_axis(output_size, len(ops.shape(inputs)) - 2, "output_size")
    parts = _even(inputs, sizes, last)
    if parts is not None:
        return ops.max_pool(inputs, parts, data_format=data_format)

    def greatest(rows: Any, mask: np.ndarray, axis: int) -> Any:
        rows = ops.where(mask, rows, lowest(ops.dtype(rows)))
        places = ops.argmax(rows, axis, keepdims=True)
        return ops.squeeze(ops.gather_along_axis(rows, places, axis), axis)

    return _by_axis(inputs, sizes, last, greatest)


def adaptive_max_pool(inputs: Array, output_size: Any, data_format: str | None = None) -> Array:
    """The greatest elements of the parts into which spatial axes are divided.

    Part i of n on an axis of size s goes from floor(i * s / n) to ceil((i + 1) * s / n): where s is not a multiple of
    n, neighbours overlap. At a tie the first element gets the gradient.

    Args:
        inputs: Array of shape (batch, *spatial, channels) for "channels_last", or (batch, channels, *spatial); with
            1 to 3 spatial axes.
        output_size: The number of parts, one for all spatial axes or one for each.
        data_format: "channels_last" or "channels_first"; None for the one that is set.

    Returns:
        Array of shape (batch, *output_size, channels), or (batch, channels, *output_size).

    >>> adaptive_max_pool([[[1.0], [2.0], [6.0]]], 2, data_format="channels_last")
    array([[[2.],
            [6.]]], dtype=float32)
    """
    return _adaptive_max_pool(inputs, output_size, data_format or settings.image_data_format)
