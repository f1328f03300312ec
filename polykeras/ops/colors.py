"""Colours of images in other terms."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..dtypes import FLOATS, INTEGERS, ORDERED_NUMBERS, Accepted, same
from ..errors import ShapeError
from ..op import Array, composed
from ..spec import Dim, Spec, show_shape
from .conversion import in_single
from .pictures import picture

_COLOURS = Accepted(FLOATS, "convert the image to floats, from 0 to 1, first.")
_EPSILON = {"bfloat16": 2.0**-7, "float16": 2.0**-10, "float32": 2.0**-23, "float64": 2.0**-52}


def _channel_axis(shape: tuple[Any, ...], data_format: str | None, allowed: tuple[int, ...]) -> int:
    axis = picture(shape, data_format).channels
    if not isinstance(shape[axis], Dim) and shape[axis] not in allowed:
        raise ShapeError(
            f"expected images with {' or '.join(map(str, allowed))} channels on axis {axis}; got shape "
            f"{show_shape(shape)}. Is data_format the right one?"
        )
    return axis


def _infer_grayscale(images: Spec, data_format: str | None) -> Spec:
    axis = _channel_axis(images.shape, data_format, (1, 3))
    return Spec((*images.shape[:axis], 1, *images.shape[axis + 1 :]), images.dtype)


@composed(infer=_infer_grayscale, accepts=ORDERED_NUMBERS, promote=same, ulp=4)
def rgb_to_grayscale(images: Array, data_format: str | None = None) -> Array:
    """Images without their colours: 0.2989 of red, 0.587 of green and 0.114 of blue.

    Args:
        images: Array of shape (height, width, 3), or (3, height, width), or a batch of them. Images with one
            channel stay as they are.
        data_format: "channels_last" or "channels_first"; None for the one that is set.

    Returns:
        The images with one channel, in the same dtype; of integers the fraction is dropped.

    >>> rgb_to_grayscale([[[1.0, 0.0, 0.0]]], data_format="channels_last")
    array([[[0.2989]]], dtype=float32)
    """
    shape = ops.shape(images)
    axis = _channel_axis(shape, data_format, (1, 3))
    if shape[axis] == 1:
        return ops.as_array(images)
    dtype = ops.dtype(images)
    if dtype in INTEGERS:  # in exact arithmetic, lest roundings decide which number to drop the fraction of
        total = _weighted(ops.cast(images, "int64"), axis, (2989, 5870, 1140))
        return ops.cast(ops.multiply(ops.sign(total), ops.floor_divide(ops.abs(total), 10000)), dtype)
    return in_single(lambda x: _weighted(x, axis, (0.2989, 0.5870, 0.1140)), images)


def _weighted(x: Any, axis: int, weights: tuple[Any, Any, Any]) -> Any:
    red, green, blue = (
        ops.multiply(ops.take_range(x, channel, channel + 1, axis), weight) for channel, weight in enumerate(weights)
    )
    return ops.add(ops.add(red, green), blue)


def _infer_colours(images: Spec, data_format: str | None) -> Spec:
    _channel_axis(images.shape, data_format, (3,))
    return Spec(images.shape, images.dtype)


@composed(infer=_infer_colours, accepts=_COLOURS, promote=same, ulp=8)
def rgb_to_hsv(images: Array, data_format: str | None = None) -> Array:
    """Images with hue, saturation and value in place of red, green and blue.

    Numbers that are smaller than the dtype's epsilon count as 0. Of equal channels red goes before green and green
    before blue, as far as the hue is concerned; the gradient of the value is shared by two of them.

    Args:
        images: Array of floats of shape (height, width, 3), or (3, height, width), or a batch of them.
        data_format: "channels_last" or "channels_first"; None for the one that is set.

    Returns:
        The images: hue (0 red, 1/3 green, 2/3 blue) and saturation from 0 to 1, and the greatest of the channels.

    >>> rgb_to_hsv([[[0.0, 0.5, 0.0]]], data_format="channels_last")
    array([[[0.33333334, 1.        , 0.5       ]]], dtype=float32)
    """
    axis = _channel_axis(ops.shape(images), data_format, (3,))
    epsilon = _EPSILON[ops.dtype(images)]

    def converted(x: Any) -> Any:
        x = ops.where(ops.less(ops.abs(x), epsilon), 0, x)
        red, green, blue = ops.unstack(x, axis=axis)
        value = ops.maximum(ops.maximum(red, green), blue)
        spread = ops.subtract(value, ops.minimum(ops.minimum(red, green), blue))
        bright, coloured = ops.greater(value, 0), ops.greater(spread, 0)
        saturation = ops.where(bright, ops.divide(spread, ops.where(bright, value, 1)), 0)
        sector = ops.multiply(ops.where(coloured, spread, 1), 6)

        def hue_from(start: float, one: Any, other: Any) -> Any:
            return ops.add(ops.divide(ops.subtract(one, other), sector), start)

        hue = ops.where(ops.equal(value, green), hue_from(1 / 3, blue, red), hue_from(2 / 3, red, green))
        hue = ops.where(ops.equal(value, red), hue_from(0, green, blue), hue)
        hue = ops.where(coloured, hue, 0)
        return ops.stack([ops.where(ops.less(hue, 0), ops.add(hue, 1), hue), saturation, value], axis)

    return in_single(converted, images)


@composed(infer=_infer_colours, accepts=_COLOURS, promote=same, ulp=8)
def hsv_to_rgb(images: Array, data_format: str | None = None) -> Array:
    """Images with red, green and blue in place of hue, saturation and value: the opposite of `rgb_to_hsv`.

    Args:
        images: Array of floats of shape (height, width, 3), or (3, height, width), or a batch of them. Of the hue
            only the fraction counts.
        data_format: "channels_last" or "channels_first"; None for the one that is set.

    Returns:
        The images.

    >>> hsv_to_rgb([[[0.5, 1.0, 0.5]]], data_format="channels_last")
    array([[[0. , 0.5, 0.5]]], dtype=float32)
    """
    axis = _channel_axis(ops.shape(images), data_format, (3,))

    def converted(x: Any) -> Any:
        hue, saturation, value = ops.unstack(x, axis=axis)
        turn = ops.multiply(ops.mod(hue, 1.0), 6.0)
        away = [ops.abs(ops.subtract(turn, sector)) for sector in (3.0, 2.0, 4.0)]
        shares = [ops.subtract(away[0], 1.0), ops.subtract(2.0, away[1]), ops.subtract(2.0, away[2])]
        pale = ops.subtract(1.0, saturation)
        channels = [
            ops.multiply(value, ops.add(pale, ops.multiply(saturation, ops.clip(share, 0.0, 1.0)))) for share in shares
        ]
        return ops.stack(channels, axis)

    return in_single(converted, images)
