"""Images with other tones: inverted, with fewer of them, or spread over the whole range of values."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops, random
from ...errors import ArgumentError
from ..configuration import whole, whole_numbers
from .colors import ColorLayer
from .image_layer import Draws, Frame, ImageLayer, Transformation


class ToneLayer(ImageLayer):
    """The base of the layers that compute in values from 0 to 255."""

    def in_bytes(self, images: Any) -> Any:
        """Images with values from 0 to 255."""
        low, high = self.value_range
        return (
            images
            if (low, high) == (0, 255)
            else ops.multiply(ops.divide(ops.subtract(images, low), high - low), 255.0)
        )

    def from_bytes(self, images: Any) -> Any:
        """Images with values in the layer's range, of those with values from 0 to 255."""
        low, high = self.value_range
        if (low, high) == (0, 255):
            return images
        return ops.add(ops.multiply(ops.divide(images, 255.0), high - low), low)


class RandomInvert(ColorLayer):
    """Images are inverted in training with a probability drawn at random.

    Args:
        factor: The range of the probability; one number for its end.
        value_range: The least and the greatest value of images.
        seed: A whole number; None for one that `set_random_seed` determines.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> ops.reshape(RandomInvert((1.0, 1.0))(np.array([[[0.0], [230.0]]])), (-1,))
    array([255.,  25.], dtype=float32)
    """

    def __init__(
        self,
        factor: Any = 1.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(factor, value_range, data_format, seed, **kwargs)

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """Which images are inverted."""
        return {"apply_inversion": draws.chosen(frame.batch, self.factor)}

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images, some inverted."""
        inverted = ops.subtract(self.value_range[1], images)
        return self.clipped(self.where(transformation["apply_inversion"], inverted, images))


class RandomPosterization(ToneLayer):
    """Of the eight bits of each value only the first ones are kept in training, drawn at random how many.

    Args:
        factor: The range of how many bits are kept, from 1 to 8, without its end; one number for a range from 1.
        value_range: The least and the greatest value of images.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        seed: A whole number; None for one that `set_random_seed` determines.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> ops.reshape(RandomPosterization((2, 2))(np.array([[[0.0], [100.0], [255.0]]])), (-1,))
    array([  0.,  64., 192.], dtype=float32)
    """

    arguments = ("factor", "value_range")

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(seed, data_format, **kwargs)
        pair = sorted(factor) if isinstance(factor, (tuple, list)) else [1, factor]
        self.factor = whole_numbers(self, "factor", pair, 2)
        if self.factor[1] > 8:
            raise ArgumentError(f"RandomPosterization: expected factor to be from 1 to 8; got {factor!r}.")
        self.value_range = self.value_range_of(value_range)

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """How many bits each image loses."""
        low, high = self.factor
        kept = random.randint((frame.batch,), low, max(high, low + 1), seed=draws)
        return {"shift_factor": ops.subtract(8, kept)}

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images, with fewer tones."""
        step = self.for_each(ops.power(2.0, ops.cast(transformation["shift_factor"], "float32")))
        tones = ops.floor(ops.clip(self.in_bytes(images), 0.0, 255.0))
        return self.from_bytes(ops.multiply(ops.floor(ops.divide(tones, step)), step))


class Solarization(ToneLayer):
    """Something is added to images in training, and what is then as bright as a threshold is inverted.

    Args:
        addition_factor: The range of what is added, as a share of all values; one number for its end.
        threshold_factor: The range of the threshold, likewise.
        value_range: The least and the greatest value of images.
        seed: A whole number; None for one that `set_random_seed` determines.
        **kwargs: Arguments of every layer, `data_format` and `bounding_box_format`.

    >>> ops.reshape(Solarization(threshold_factor=(0.5, 0.5))(np.array([[[100.0], [230.0]]])), (-1,))
    array([100.,  25.], dtype=float32)
    """

    arguments = ("addition_factor", "threshold_factor", "value_range")

    def __init__(
        self,
        addition_factor: Any = 0.0,
        threshold_factor: Any = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(seed, **kwargs)
        self.addition_factor = self.bounds("addition_factor", addition_factor, 0.0, 1.0)
        self.threshold_factor = self.bounds("threshold_factor", threshold_factor, 0.0, 1.0)
        self.value_range = self.value_range_of(value_range)

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """What is added to each image, and its threshold, in values from 0 to 255."""
        additions, thresholds = (
            ops.multiply(draws.uniform(frame.ones, *factor), 255.0)
            for factor in (self.addition_factor, self.threshold_factor)
        )
        return {"additions": additions, "thresholds": thresholds}

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images, with what is bright inverted."""
        tones = ops.add(self.in_bytes(images), self.for_each(transformation["additions"]))
        tones = ops.clip(tones, 0.0, 255.0)
        dark = ops.less(tones, self.for_each(transformation["thresholds"]))
        return self.from_bytes(ops.where(dark, tones, ops.subtract(255.0, tones)))


class AutoContrast(ToneLayer):
    """The values of each channel, stretched over the whole range.

    Args:
        value_range: The least and the greatest value of images.
        **kwargs: Arguments of every layer, `data_format` and `bounding_box_format`.

    >>> ops.reshape(AutoContrast()(np.array([[[10.0], [20.0], [30.0]]])), (-1,))
    array([  0. , 127.5, 255. ], dtype=float32)
    """

    draws = False
    arguments = ("value_range",)

    def __init__(self, value_range: Any = (0, 255), **kwargs: Any):
        super().__init__(**kwargs)
        self.value_range = self.value_range_of(value_range)

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images, stretched; a channel of one value stays as it is."""
        tones = self.in_bytes(images)
        low, high = (f(tones, self.size_axes, keepdims=True) for f in (ops.min, ops.max))
        span = ops.subtract(high, low)
        flat = ops.equal(span, 0.0)
        stretched = ops.multiply(ops.subtract(tones, low), ops.divide(255.0, ops.where(flat, 1.0, span)))
        return self.from_bytes(ops.clip(ops.where(flat, tones, stretched), 0.0, 255.0))


class Equalization(ToneLayer):
    """The values of each channel, changed so that each part of the range has the same share of them.

    Args:
        value_range: The least and the greatest value of images.
        bins: How many values are told apart.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> ops.reshape(Equalization()(np.array([[[10.0], [11.0], [200.0]]])), (-1,))
    array([  0., 128., 255.], dtype=float32)
    """

    draws = False
    arguments = ("value_range", "bins")

    def __init__(self, value_range: Any = (0, 255), bins: int = 256, data_format: str | None = None, **kwargs: Any):
        super().__init__(data_format=data_format, **kwargs)
        self.value_range = self.value_range_of(value_range)
        self.bins = whole(self, "bins", bins)

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images, equalized; a channel of one value stays as it is."""
        tones = self.in_bytes(images)
        x = ops.moveaxis(tones, self.channel_axis, 1)
        batch, channels, *size = ops.shape(x)
        rows = ops.reshape(x, (batch, channels, size[0] * size[1]))
        last = self.bins - 1
        places = ops.cast(ops.clip(ops.multiply(rows, last / 255.0), 0, last), "int32")
        counts = counted(places, self.bins, self.compute_dtype)
        total = ops.cumsum(ops.cast(counts, "int32"), axis=-1)
        least = ops.min(ops.where(ops.greater(total, 0), total, np.iinfo("int32").max), -1, keepdims=True)
        rest = ops.subtract(total[..., -1:], least)
        flat = ops.equal(rest, 0)
        table = ops.cast(rounded_shares(ops.subtract(total, least), ops.where(flat, 1, rest)), self.compute_dtype)
        table = ops.clip(table, 0.0, 255.0)
        changed = ops.where(flat, rows, ops.take_along_axis(table, places, -1))
        return self.from_bytes(ops.moveaxis(ops.reshape(changed, ops.shape(x)), 1, self.channel_axis))


def rounded_shares(parts: Any, wholes: Any) -> Any:
    """255 times parts of wholes, rounded, at ties to even numbers: in whole numbers, which miss no tie."""
    doubled = ops.add(ops.multiply(parts, 510), wholes)
    found = ops.floor_divide(doubled, ops.multiply(wholes, 2))
    is_tie = ops.equal(ops.multiply(ops.multiply(found, wholes), 2), doubled)
    return ops.subtract(found, ops.cast(ops.logical_and(is_tie, ops.equal(ops.mod(found, 2), 1)), "int32"))


def counted(places: Any, count: int, dtype: str) -> Any:
    """How often each number below a count is in each row of whole numbers; counts are whole, in a dtype of floats."""
    *batch, width = ops.shape(places)
    rows = 1
    for size in batch:
        rows = rows * size
    offsets = ops.multiply(ops.arange(rows, dtype="int32"), count)
    flat = ops.add(ops.reshape(places, (rows, width)), ops.expand_dims(offsets, 1))
    ones = ops.ones_like(flat, dtype=dtype)
    found = ops.segment_sum(ops.reshape(ones, (rows * width,)), ops.reshape(flat, (rows * width,)), rows * count)
    return ops.reshape(found, (*batch, count))


class ContrastLimitedAdaptiveHistogramEqualization(ToneLayer):
    """Images equalized in tiles, between which results are interpolated, with a limit to the gain in contrast.

    Args:
        value_range: The least and the greatest value of images.
        clip_limit: How many times as much as on average a value can count in a tile; 0 for no limit.
        tile_grid_size: How many tiles there are along height and width.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> layer = ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(1, 1), clip_limit=0.0)
    >>> ops.round(ops.reshape(layer(np.array([[[10.0], [11.0], [200.0]]])), (-1,)), 1)
    array([ 85., 170., 255.], dtype=float32)
    """

    draws = False
    arguments = ("value_range", "clip_limit", "tile_grid_size")

    def __init__(
        self,
        value_range: Any = (0, 255),
        clip_limit: float = 4.0,
        tile_grid_size: Any = (8, 8),
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.value_range = self.value_range_of(value_range)
        self.clip_limit = clip_limit
        self.tile_grid_size = whole_numbers(self, "tile_grid_size", tile_grid_size, 2)

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images, equalized."""
        x = ops.moveaxis(self.in_bytes(images), self.channel_axis, 1)
        batch, channels, height, width = ops.shape(x)
        rows, columns = self.tile_grid_size
        tall, wide = -(-height // rows), -(-width // columns)
        missing = ((0, 0), (0, 0), (0, tall * rows - height), (0, wide * columns - width))
        places = ops.cast(ops.clip(ops.pad(x, missing, "symmetric"), 0, 255), "int32")
        tiles = ops.reshape(places, (batch, channels, rows, tall, columns, wide))
        tiles = ops.reshape(ops.transpose(tiles, (0, 1, 2, 4, 3, 5)), (batch, channels, rows, columns, tall * wide))
        table = self._table(counted(tiles, 256, self.compute_dtype), tall * wide)
        places = places[:, :, :height, :width]
        total: Any = 0.0
        for row, vertical in between(height, tall, rows):
            for column, horizontal in between(width, wide, columns):
                index = (row[:, None] * columns + column[None, :]) * 256
                flat = ops.reshape(ops.add(places, index.astype("int32")), (batch, channels, height * width))
                values = ops.take_along_axis(ops.reshape(table, (batch, channels, rows * columns * 256)), flat, -1)
                weight = ops.cast(vertical[:, None] * horizontal[None, :], self.compute_dtype)
                total = ops.add(total, ops.multiply(ops.reshape(values, ops.shape(places)), weight))
        return self.from_bytes(ops.moveaxis(ops.clip(total, 0.0, 255.0), 1, self.channel_axis))

    def _table(self, counts: Any, pixels: int) -> Any:
        """For each tile the new value of each value."""
        if self.clip_limit > 0:
            kept = ops.minimum(counts, self.clip_limit * pixels / 256.0)
            counts = ops.add(kept, ops.divide(ops.sum(ops.subtract(counts, kept), -1, keepdims=True), 256.0))
        total = ops.cumsum(counts, axis=-1)
        least = total[..., :1]
        rest = ops.subtract(float(pixels), least)
        spread = ops.divide(ops.subtract(total, least), ops.where(ops.equal(rest, 0.0), 1.0, rest))
        return ops.clip(ops.multiply(spread, 255.0), 0.0, 255.0)


def between(size: int, tile: int, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each place on an axis the tiles whose middles are before and behind it, and their weights."""
    position = (np.arange(size) - tile / 2.0) / tile
    before = np.floor(position)
    share = position - before
    first, second = (np.clip(before + step, 0, count - 1).astype("int64") for step in (0, 1))
    return [(first, 1.0 - share), (second, share)]
