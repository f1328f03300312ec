"""Windows that slide over the spatial axes of an array: their geometry, for convolution and pooling alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import OptionError, ShapeError
from ..settings import settings
from ..spec import Dim, ceil_div, show_shape

Pairs = tuple[tuple[Any, Any], ...]


@dataclass(frozen=True)
class Window:
    """How a window slides. All tuples have an entry for each spatial axis."""

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str | Pairs
    """What is added around: "valid", nothing; "same", enough for as many windows as strides fit; or pairs of sizes."""
    dilation: tuple[int, ...]
    channels_last: bool
    groups: int = 1
    """Into how many parts a convolution divides the channels."""

    @property
    def rank(self) -> int:
        """The number of spatial axes."""
        return len(self.sizes)

    @property
    def spatial_axes(self) -> tuple[int, ...]:
        """Where the spatial axes are."""
        first = 1 if self.channels_last else 2
        return tuple(range(first, first + self.rank))

    @property
    def channel_axis(self) -> int:
        """Where the channels are."""
        return self.rank + 1 if self.channels_last else 1

    @property
    def tiles(self) -> bool:
        """Whether the windows lie side by side, without gaps and overlaps."""
        return self.sizes == self.strides and all(step == 1 for step in self.dilation)

    @property
    def extents(self) -> tuple[int, ...]:
        """The distance from the first to the last position of a window, both counted in."""
        return tuple((size - 1) * step + 1 for size, step in zip(self.sizes, self.dilation, strict=True))

    def spatial(self, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """The spatial sizes in a shape."""
        return tuple(shape[axis] for axis in self.spatial_axes)

    def with_spatial(self, shape: tuple[Any, ...], sizes: tuple[Any, ...], channels: Any) -> tuple[Any, ...]:
        """A shape with other spatial sizes and channels."""
        return (shape[0], *sizes, channels) if self.channels_last else (shape[0], channels, *sizes)

    def pairs(self, inputs: tuple[Any, ...]) -> Pairs:
        """How much is added before and after, for inputs of these spatial sizes."""
        if self.padding == "valid":
            return ((0, 0),) * self.rank
        if self.padding == "same":
            sizes = zip(inputs, self.strides, self.extents, strict=True)
            return tuple(_same_pair(size, stride, extent) for size, stride, extent in sizes)
        return self.padding  # type: ignore[return-value]

    def outputs(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """The number of windows on each spatial axis."""
        if self.padding == "same":
            return tuple(ceil_div(size, stride) for size, stride in zip(inputs, self.strides, strict=True))
        parts = zip(inputs, self.pairs(inputs), self.extents, self.strides, strict=True)
        return tuple((size + low + high - extent) // stride + 1 for size, (low, high), extent, stride in parts)

    def taps(self) -> list[tuple[int, ...]]:
        """The offsets of the positions in a window, row by row."""
        return [
            tuple(i * step for i, step in zip(index, self.dilation, strict=True)) for index in np.ndindex(*self.sizes)
        ]

    def explicit(self, inputs: tuple[Any, ...]) -> Window:
        """The same window with its padding as numbers."""
        return replace(self, padding=self.pairs(inputs))

    def counts(self, inputs: tuple[int, ...]) -> np.ndarray:
        """For each window how many of its positions are inside the input, as an array over the spatial axes."""
        total = np.ones((), "int64")
        parts = zip(
            inputs, self.outputs(inputs), self.pairs(inputs), self.sizes, self.strides, self.dilation, strict=True
        )
        for size, windows, (low, _), taps, stride, step in parts:
            positions = np.arange(windows)[:, None] * stride - low + np.arange(taps) * step
            total = np.multiply.outer(total, ((positions >= 0) & (positions < size)).sum(1))
        return total


def _same_pair(size: Any, stride: int, extent: int) -> tuple[Any, Any]:
    if stride == 1:
        total = extent - 1
    elif isinstance(size, Dim):
        raise ShapeError(f"how much to pad for 'same' depends on the size {size}, which is not known yet.")
    else:
        total = max((ceil_div(size, stride) - 1) * stride + extent - size, 0)
    return total // 2, total - total // 2


def per_axis(value: Any, rank: int, name: str) -> tuple[int, ...]:
    """A positive number for each spatial axis."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank
    if len(values) != rank or not all(hasattr(v, "__index__") and v > 0 for v in values):
        raise OptionError(
            f"expected {name} to be a positive number, or one for each of {rank} spatial axes; got {value!r}."
        )
    return tuple(v.__index__() for v in values)


def padding_of(padding: Any, rank: int) -> str | Pairs:
    """ "valid", "same", or a pair of numbers for each spatial axis."""
    if isinstance(padding, str) and padding.lower() in ("valid", "same"):
        return padding.lower()
    try:
        pairs = tuple((int(low), int(high)) for low, high in padding)
    except (TypeError, ValueError):
        pairs = ()
    if len(pairs) != rank or min(map(min, pairs)) < 0:
        raise OptionError(
            f"expected padding to be 'valid', 'same', or {rank} pairs of numbers from 0 up; got {padding!r}."
        )
    return pairs


def is_channels_last(data_format: str | None) -> bool:
    """Whether the channels are the last axis; None for the format that is set."""
    data_format = data_format or settings.image_data_format
    if data_format not in ("channels_last", "channels_first"):
        raise OptionError(f"expected data_format to be 'channels_last' or 'channels_first'; got {data_format!r}.")
    return data_format == "channels_last"


def check_room(window: Window, shape: tuple[Any, ...]) -> None:
    """At least one window must fit into the array."""
    spatial = window.spatial(shape)
    if window.padding == "same":
        return
    for size, (low, high), extent in zip(spatial, window.pairs(spatial), window.extents, strict=True):
        if isinstance(size, int) and size + low + high < extent:
            raise ShapeError(
                f"a window of size {show_shape(window.extents)} does not fit into spatial sizes {show_shape(spatial)}. "
                "Use a smaller one, or padding='same'."
            )
