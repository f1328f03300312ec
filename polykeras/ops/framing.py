"""Parts of images, and images in larger frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..errors import OptionError, ShapeError
from ..op import Array, composed
from ..spec import Spec, prod, show_shape
from .pictures import picture
from .windows import Window, check_room, is_channels_last, padding_of, per_axis


def _edges(
    size: Any, before: Any, after: Any, target: Any, words: tuple[str, str, str], grows: bool
) -> tuple[Any, Any]:
    """How much is added, or cut off, before and after an axis."""
    if [before, after, target].count(None) != 1:
        raise OptionError(
            f"expected two of {words[0]}, {words[1]} and {words[2]}, from which the third follows; got {before}, "
            f"{after} and {target}."
        )
    if target is not None:
        total = target - size if grows else size - target
        before = total - after if before is None else before
        after = total - before if after is None else after
    rest = size + before + after if grows else size - before - after
    if any(isinstance(amount, int) and amount < 0 for amount in (before, after, rest)):
        raise ShapeError(
            f"{words[0]}={before} and {words[1]}={after} do not go with a size of {size}: nothing may be negative."
        )
    return before, after


def _vertical_and_horizontal(shape: tuple[Any, ...], amounts: Any, word: str, data_format: str | None) -> tuple:
    """For height and width how much is added or cut off, and what that makes of the shape."""
    top, left, bottom, right, height, width = amounts
    grows = word == "padding"
    layout = picture(shape, data_format)
    sizes = layout.sizes(shape)
    pairs = (
        _edges(sizes[0], top, bottom, height, (f"top_{word}", f"bottom_{word}", "target_height"), grows),
        _edges(sizes[1], left, right, width, (f"left_{word}", f"right_{word}", "target_width"), grows),
    )
    sign = 1 if grows else -1
    results = (size + sign * (before + after) for size, (before, after) in zip(sizes, pairs, strict=True))
    return layout, pairs, layout.with_sizes(shape, *results)


def _infer_crop_images(images: Spec, *amounts: Any) -> Spec:
    return Spec(_vertical_and_horizontal(images.shape, amounts[:6], "cropping", amounts[6])[2], images.dtype)


@composed(infer=_infer_crop_images, ulp=0)
def crop_images(
    images: Array,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Array:
    """Images with their borders cut off.

    Of the cropping on top and below and the height, two are given, as well as of left and right and the width.

    Args:
        images: Array of shape (height, width, channels), or (channels, height, width), or a batch of them.
        top_cropping: How many rows to cut off at the top.
        left_cropping: How many columns to cut off at the left.
        bottom_cropping: How many rows to cut off at the bottom.
        right_cropping: How many columns to cut off at the right.
        target_height: The height that is left.
        target_width: The width that is left.
        data_format: "channels_last" or "channels_first"; None for the one that is set.

    Returns:
        The parts.

    >>> shape(crop_images(zeros((5, 6, 3)), 1, 1, 1, target_width=2, data_format="channels_last"))
    (3, 2, 3)
    """
    amounts = (top_cropping, left_cropping, bottom_cropping, right_cropping, target_height, target_width)
    shape = ops.shape(images)
    layout, pairs, _ = _vertical_and_horizontal(shape, amounts, "cropping", data_format)
    for axis, (before, after) in zip((layout.height, layout.width), pairs, strict=True):
        images = ops.take_range(images, before, shape[axis] - after, axis)
    return images


def _infer_pad_images(images: Spec, *amounts: Any) -> Spec:
    return Spec(_vertical_and_horizontal(images.shape, amounts[:6], "padding", amounts[6])[2], images.dtype)


@composed(infer=_infer_pad_images, ulp=0)
def pad_images(
    images: Array,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Array:
    """Images with zeros around them.

    Of the padding on top and below and the height, two are given, as well as of left and right and the width.

    Args:
        images: Array of shape (height, width, channels), or (channels, height, width), or a batch of them.
        top_padding: How many rows to add at the top.
        left_padding: How many columns to add at the left.
        bottom_padding: How many rows to add at the bottom.
        right_padding: How many columns to add at the right.
        target_height: The height of the result.
        target_width: The width of the result.
        data_format: "channels_last" or "channels_first"; None for the one that is set.

    Returns:
        The larger images.

    >>> shape(pad_images(zeros((5, 6, 3)), 1, 1, 1, target_width=9, data_format="channels_last"))
    (7, 9, 3)
    """
    amounts = (top_padding, left_padding, bottom_padding, right_padding, target_height, target_width)
    layout, pairs, _ = _vertical_and_horizontal(ops.shape(images), amounts, "padding", data_format)
    return ops.pad_constant(images, layout.pairs(*pairs))


# Patches ---------------------------------------------------------------------------------------------------


def _patch_window(
    shape: tuple[Any, ...],
    size: Any,
    strides: Any,
    dilation_rate: Any,
    padding: Any,
    data_format: str | None,
    rank: int,
) -> tuple[Window, tuple[Any, ...]]:
    """How patches of one or more images are taken, and the shape of the result, both with a batch axis in front."""
    if len(shape) not in (rank + 1, rank + 2):
        raise ShapeError(
            f"expected images with {rank} spatial axes and one for the channels, or a batch of them; got shape "
            f"{show_shape(shape)}."
        )
    shape = (1, *shape) if len(shape) == rank + 1 else shape
    sizes = per_axis(size, rank, "size")
    window = Window(
        sizes,
        per_axis(strides or sizes, rank, "strides"),
        padding_of(padding, rank),
        per_axis(dilation_rate, rank, "dilation_rate"),
        is_channels_last(data_format),
    )
    check_room(window, shape)
    channels = prod(sizes) * shape[window.channel_axis]
    return window, window.with_spatial(shape, window.outputs(window.spatial(shape)), channels)


def _infer_patches(images: Spec, *options: Any, rank: int) -> Spec:
    _, shape = _patch_window(images.shape, *options, rank=rank)
    return Spec(shape[images.ndim == rank + 1 :], images.dtype)


def _patches(images: Any, *options: Any, rank: int) -> Any:
    window, shape = _patch_window(ops.shape(images), *options, rank=rank)
    single = ops.ndim(images) == rank + 1
    x = ops.expand_dims(images, 0) if single else images
    x = x if window.channels_last else ops.moveaxis(x, 1, -1)
    x = ops.pad_constant(x, ((0, 0), *window.pairs(ops.shape(x)[1:-1]), (0, 0)))
    counts = window.spatial(shape)
    parts = zip(counts, window.sizes, window.strides, window.dilation, strict=True)
    for place, (count, size, stride, step) in enumerate(parts):
        x = _windows(x, 1 + 2 * place, count, size, stride, step)
    apart = tuple(range(1, 2 * rank + 1))
    x = ops.transpose(x, (0, *apart[::2], *apart[1::2], 2 * rank + 1))
    x = ops.reshape(x, (shape[0], *counts, shape[window.channel_axis]))
    x = x if window.channels_last else ops.moveaxis(x, -1, 1)
    return ops.squeeze(x, 0) if single else x


def _windows(x: Any, axis: int, count: Any, size: int, stride: int, step: int) -> Any:
    """An array with an axis made two: which window, and the place in it."""
    shape = ops.shape(x)
    if stride == size and step == 1:  # the windows lie side by side
        x = ops.take_range(x, 0, count * size, axis)
        return ops.reshape(x, (*shape[:axis], count, size, *shape[axis + 1 :]))
    starts = ops.multiply(ops.arange(count, dtype="int32"), stride)
    return ops.take(x, ops.add(ops.expand_dims(starts, 1), np.arange(size, dtype="int32") * step), axis)


def _dimensions(size: Any) -> int:
    if isinstance(size, (tuple, list)) and len(size) == 3:
        return 3
    if isinstance(size, int) or (isinstance(size, (tuple, list)) and len(size) == 2):
        return 2
    raise OptionError(f"expected size to be a number, or two or three of them; got {size!r}.")


@composed(infer=lambda images, size, *options: _infer_patches(images, size, *options, rank=_dimensions(size)), ulp=0)
def extract_patches(
    images: Array,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
) -> Array:
    """Rectangular parts of images, each laid out on the channel axis.

    Args:
        images: Array of shape (height, width, channels), or (channels, height, width), or a batch of them; with a
            size of three numbers, of shape (depth, height, width, channels) and so on.
        size: The height and width of a part; one number for both.
        strides: The distance from part to part, a number or one for each axis; None for the size.
        dilation_rate: The distance between neighbours in a part, a number or one for each axis.
        padding: "valid" (parts stay inside), or "same" (zeros are added evenly, the odd one at the end).
        data_format: "channels_last" or "channels_first"; None for the one that is set.

    Returns:
        Array with the number of parts in place of height and width, and the elements of a part, row by row and
        pixel by pixel, in place of the channels.

    >>> extract_patches([[[1], [2]], [[3], [4]]], (2, 1), data_format="channels_last")
    array([[[1, 3],
            [2, 4]]], dtype=int32)
    """
    return _patches(images, size, strides, dilation_rate, padding, data_format, rank=_dimensions(size))


@composed(infer=lambda volumes, *options: _infer_patches(volumes, *options, rank=3), ulp=0)
def extract_patches_3d(
    volumes: Array,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
) -> Array:
    """Parts of images with three spatial axes, each laid out on the channel axis.

    Args:
        volumes: Array of shape (depth, height, width, channels), or (channels, depth, height, width), or a batch.
        size: The depth, height and width of a part; one number for all.
        strides: The distance from part to part, a number or one for each axis; None for the size.
        dilation_rate: The distance between neighbours in a part, a number or one for each axis.
        padding: "valid" (parts stay inside), or "same" (zeros are added evenly, the odd one at the end).
        data_format: "channels_last" or "channels_first"; None for the one that is set.

    Returns:
        Array with the number of parts in place of the spatial sizes, and the elements of a part in place of the
        channels.

    >>> shape(extract_patches_3d(zeros((1, 4, 4, 4, 3)), 2, data_format="channels_last"))
    (1, 2, 2, 2, 24)
    """
    return _patches(volumes, size, strides, dilation_rate, padding, data_format, rank=3)
