"""Images with the classes of their pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import ops
from ..errors import ArgumentError, DTypeError
from ..utils.images import is_channels_first
from .gallery import plot_image_gallery
from .pictures import as_bytes, on_host

Color = Sequence[int]

PALETTE = np.array([2**25 - 1, 2**15 - 1, 2**21 - 1])
"""Whose multiples are colors that differ. That of class 0 is black."""


def draw_segmentation_masks(
    images: Any,
    segmentation_masks: Any,
    num_classes: int | None = None,
    color_mapping: Mapping[int, Color] | None = None,
    alpha: float = 0.8,
    blend: bool = True,
    ignore_index: int = -1,
    data_format: str | None = None,
) -> np.ndarray:
    """Images whose pixels have the colors of their classes.

    Args:
        images: The images, a batch; floats up to 1, or numbers from 0 to 255.
        segmentation_masks: The number of the class of each pixel, of shape (batch, height, width) or with an axis of
            one channel.
        num_classes: How many classes there are, of which others are not drawn; None for all.
        color_mapping: The color of each class, red, green and blue; None for colors that differ.
        alpha: How much the color covers of the image, from 0 to 1.
        blend: Whether the image is seen through the color.
        ignore_index: The number of pixels that are left as they are.
        data_format: Where channels are: "channels_last" or "channels_first"; None for what is set.

    Returns:
        A NumPy array of bytes, with the channels last.

    >>> masks = np.array([[[0, 1], [1, -1]]])
    >>> colors = {1: (200, 0, 0)}
    >>> draw_segmentation_masks(np.full((1, 2, 2, 3), 100), masks, color_mapping=colors, alpha=0.5)[0, :, :, 0]
    array([[100, 150],
           [150, 100]], dtype=uint8)
    """
    pictures = as_bytes(on_host(images, data_format))
    numbers = _numbers(segmentation_masks, pictures.shape, data_format)
    if not 0 <= alpha <= 1:
        raise ArgumentError(f"draw_segmentation_masks: expected alpha to be from 0 to 1; got {alpha}.")
    if num_classes is None:
        num_classes = int(numbers.max(initial=-1)) + 1
    share = alpha if blend else 1.0
    for number in range(num_classes):
        color = (number * PALETTE) % 255 if color_mapping is None else color_mapping.get(number)
        if color is not None and number != ignore_index:
            chosen = numbers == number
            pictures[chosen] = pictures[chosen] * (1 - share) + np.asarray(color) * share
    return pictures


def _numbers(masks: Any, shape: tuple[int, ...], data_format: str | None) -> np.ndarray:
    numbers = np.asarray(ops.convert_to_numpy(masks))
    if numbers.dtype.kind not in "iu":
        raise DTypeError(f"expected segmentation_masks to have whole numbers, those of classes; got {numbers.dtype}.")
    if numbers.ndim == 4:
        numbers = numbers[:, 0] if is_channels_first(data_format) else numbers[..., 0]
    if numbers.shape != shape[:3]:
        raise ArgumentError(
            f"expected segmentation_masks to have a number for each pixel of images of shape {shape}; got shape "
            f"{numbers.shape}."
        )
    return numbers


def plot_segmentation_mask_gallery(
    images: Any,
    num_classes: int,
    value_range: tuple[float, float] = (0, 255),
    y_true: Any = None,
    y_pred: Any = None,
    color_mapping: Mapping[int, Color] | None = None,
    blend: bool = True,
    alpha: float = 0.8,
    ignore_index: int = -1,
    data_format: str | None = None,
    **kwargs: Any,
) -> Any:
    """Show images beside themselves with the true classes of their pixels, and with those that were predicted.

    Args:
        images: The images, a batch.
        num_classes: How many classes there are.
        value_range: The numbers of black and white.
        y_true: The true classes of the pixels.
        y_pred: The predicted ones.
        color_mapping: As for `draw_segmentation_masks`.
        blend: As for `draw_segmentation_masks`.
        alpha: As for `draw_segmentation_masks`.
        ignore_index: As for `draw_segmentation_masks`.
        data_format: Where channels are: "channels_last" or "channels_first"; None for what is set.
        **kwargs: Further arguments of `plot_image_gallery`.

    Returns:
        The figure, of matplotlib.
    """
    pictures = as_bytes(on_host(images, data_format), value_range)
    columns = [pictures]
    for masks in (y_true, y_pred):
        if masks is not None:
            numbers = _numbers(ops.cast(masks, "int32"), pictures.shape, data_format)
            drawn = draw_segmentation_masks(
                pictures, numbers, num_classes, color_mapping, alpha, blend, ignore_index, "channels_last"
            )
            columns.append(drawn)
    shown = np.stack(columns, axis=1).reshape(-1, *pictures.shape[1:])
    return plot_image_gallery(shown, rows=len(pictures), cols=len(columns), data_format="channels_last", **kwargs)
