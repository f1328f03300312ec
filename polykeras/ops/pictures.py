"""What all ops on images share: where their axes are, and in which dtype they are computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import ops
from ..dtypes import FLOATS, INTEGERS, ORDERED_NUMBERS
from ..errors import ShapeError
from ..spec import Spec, show_shape
from .windows import is_channels_last


@dataclass(frozen=True)
class Picture:
    """Where the axes of an image, or of a batch of them, are."""

    ndim: int
    height: int
    width: int
    channels: int

    @property
    def batched(self) -> bool:
        """Whether there is a batch axis, which is the first."""
        return self.ndim == 4

    @property
    def channels_last(self) -> bool:
        """Whether the channels are the last axis."""
        return self.channels == self.ndim - 1

    def sizes(self, shape: tuple[Any, ...]) -> tuple[Any, Any]:
        """Height and width in a shape."""
        return shape[self.height], shape[self.width]

    def with_sizes(self, shape: tuple[Any, ...], height: Any, width: Any) -> tuple[Any, ...]:
        """A shape with another height and width."""
        changed = {self.height: height, self.width: width}
        return tuple(changed.get(axis, size) for axis, size in enumerate(shape))

    def pairs(self, height: tuple[Any, Any], width: tuple[Any, Any]) -> tuple[tuple[Any, Any], ...]:
        """A pair for each axis: these for height and width, none for the others."""
        given = {self.height: height, self.width: width}
        return tuple(given.get(axis, (0, 0)) for axis in range(self.ndim))

    def as_batch(self, x: Any) -> Any:
        """The image as an array of shape (batch, height, width, channels)."""
        x = x if self.batched else ops.expand_dims(x, 0)
        return x if self.channels_last else ops.moveaxis(x, -3, -1)

    def as_given(self, x: Any) -> Any:
        """The opposite of `as_batch`."""
        x = x if self.channels_last else ops.moveaxis(x, -1, -3)
        return x if self.batched else ops.squeeze(x, 0)


def picture(shape: tuple[Any, ...], data_format: str | None) -> Picture:
    """Where the axes of images of a shape are."""
    ndim = len(shape)
    if ndim not in (3, 4):
        raise ShapeError(
            "expected an image of shape (height, width, channels), or (channels, height, width), or a batch of them; "
            f"got shape {show_shape(shape)}."
        )
    if is_channels_last(data_format):
        return Picture(ndim, ndim - 3, ndim - 2, ndim - 1)
    return Picture(ndim, ndim - 2, ndim - 1, ndim - 3)


def pictures_of(images: Spec, data_format: str | None) -> Picture:
    """Where the axes of images are, which must have pixels."""
    layout = picture(images.shape, data_format)
    if 0 in layout.sizes(images.shape):
        raise ShapeError(f"images of shape {show_shape(images.shape)} have no pixels.")
    return layout


def check_known(*sizes: Any) -> None:
    """Refuse sizes that only the run will know."""
    if not all(isinstance(size, int) for size in sizes):
        raise ShapeError("expected images whose sizes are known before the run. Give their dimensions numbers.")


def working_dtype(dtype: str) -> str:
    """The dtype in which to compute for images of a dtype: float64 for integers, which are rounded in the end."""
    ORDERED_NUMBERS.check(dtype)
    return "float64" if dtype in INTEGERS else "float32" if dtype in ("bfloat16", "float16") else dtype


TIE = 2.0**20


def in_image_dtype(x: Any, dtype: str) -> Any:
    """Computed numbers as an image of a dtype; for integers the nearest ones that the dtype can hold, even at a tie.

    Ties are common, since weights are fractions such as 1/6, and roundings on the way must not decide them, or
    backends would differ: what is within a millionth of a tie counts as one.
    """
    if dtype in FLOATS:
        return ops.cast(x, dtype)
    limits = np.iinfo(dtype)
    low, high = float(limits.min), float(limits.max)
    if int(high) > limits.max:  # 64-bit integers reach further than the last float64 that they can hold
        high = float(np.nextafter(high, 0))
    near = ops.divide(ops.rint(ops.multiply(x, TIE)), TIE)
    return ops.cast(ops.clip(ops.rint(near), low, high), dtype)
