"""Batches of images as bytes on the host, as they are drawn on."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..errors import ArgumentError
from ..utils.images import is_channels_first


def on_host(images: Any, data_format: str | None = None) -> np.ndarray:
    """A batch of images as a NumPy array with the channels last.

    Args:
        images: The images.
        data_format: Where their channels are: "channels_last" or "channels_first"; None for what is set.
    """
    array = np.asarray(ops.convert_to_numpy(images))
    if array.ndim != 4:
        raise ArgumentError(f"expected a batch of images, an array with four axes; got shape {array.shape}.")
    return array.transpose(0, 2, 3, 1) if is_channels_first(data_format) else array


def as_bytes(images: np.ndarray, value_range: Any = None) -> np.ndarray:
    """Images as numbers from 0 to 255.

    Args:
        images: The images.
        value_range: The numbers of black and white; None for 0 and 1 of floats that don't exceed 1, else 0 and 255.
    """
    if value_range is None:
        is_share = images.dtype.kind == "f" and images.size > 0 and images.max() <= 1
        value_range = (0, 1) if is_share else (0, 255)
    low, high = value_range
    if not low < high:
        raise ArgumentError(f"expected value_range to be the numbers of black and white; got {tuple(value_range)}.")
    if images.dtype == "uint8" and (low, high) == (0, 255):
        return images.copy()
    scaled = (images.astype("float64") - low) * (255 / (high - low))
    return np.clip(scaled, 0, 255).astype("uint8")
