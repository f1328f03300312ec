"""Filters of images, and how similar images are."""

from __future__ import annotations

import math
from typing import Any

from .. import ops
from ..dtypes import ORDERED, ORDERED_NUMBERS, inexact, same
from ..errors import OptionError, ShapeError
from ..op import Array, composed
from ..spec import Spec, show_shape
from ..symbolic import spec_of
from .pictures import in_image_dtype, picture, pictures_of, working_dtype


def gaussian_taps(size: Any, sigma: Any) -> list[float]:
    """A bell curve at as many places, adding up to 1."""
    if not hasattr(size, "__index__") or size < 1 or not sigma > 0:
        raise OptionError(
            f"expected a kernel with a positive number of pixels and a positive deviation; got {size} and {sigma}."
        )
    bell = [math.exp(-0.5 * ((place - (size - 1) / 2) / float(sigma)) ** 2) for place in range(size)]
    return [height / math.fsum(bell) for height in bell]


def filtered(x: Any, taps: list[float], axis: int) -> Any:
    """The weighted sum of as many neighbours along an axis as there are weights, wherever there are so many."""
    length = ops.shape(x)[axis] - len(taps) + 1
    total: Any = None
    for place, weight in enumerate(taps):
        part = ops.multiply(ops.take_range(x, place, place + length, axis), weight)
        total = part if total is None else ops.add(total, part)
    return total


def blurred(x: Any, taps: list[float], axis: int) -> Any:
    """The weighted sum of neighbours along an axis, with zeros beyond its ends."""
    before = (len(taps) - 1) // 2
    pairs = [(0, 0)] * ops.ndim(x)
    pairs[axis] = (before, len(taps) - 1 - before)
    return filtered(ops.pad_constant(x, tuple(pairs)), taps, axis)


def _pair(value: Any, name: str) -> tuple[Any, Any]:
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise OptionError(f"expected {name} to be two numbers; got {value!r}.")
    return value[0], value[1]


def _infer_blur(images: Spec, kernel_size: Any, sigma: Any, data_format: str | None) -> Spec:
    picture(images.shape, data_format)
    for size, deviation in zip(_pair(kernel_size, "kernel_size"), _pair(sigma, "sigma"), strict=True):
        gaussian_taps(size, deviation)
    return Spec(images.shape, images.dtype)


@composed(
    infer=_infer_blur,
    accepts=ORDERED_NUMBERS,
    promote=same,
    summands=lambda images, kernel_size, *_: math.prod(kernel_size),
)
def gaussian_blur(
    images: Array, kernel_size: Any = (3, 3), sigma: Any = (1.0, 1.0), data_format: str | None = None
) -> Array:
    """Images in which each pixel is a mean of its neighbours, weighted by bell curves. Beyond the edges are zeros.

    Args:
        images: Array of shape (height, width, channels), or (channels, height, width), or a batch of them.
        kernel_size: How many pixels the mean reaches over along the width, and along the height: in this order, which
            is that of the numbers that come out of Keras with NumPy and with JAX.
        sigma: The standard deviations along the width and along the height, in pixels.
        data_format: "channels_last" or "channels_first"; None for the one that is set.

    Returns:
        The images, in the same dtype; integers are rounded to the nearest, even at a tie.

    >>> gaussian_blur([[[0.0], [1.0], [0.0]]], (3, 1), data_format="channels_last")
    array([[[0.27406862],
            [0.45186275],
            [0.27406862]]], dtype=float32)
    """
    _infer_blur(spec_of(images), kernel_size, sigma, data_format)
    layout = picture(ops.shape(images), data_format)
    dtype = ops.dtype(images)
    x = ops.cast(images, working_dtype(dtype))
    for axis, size, deviation in zip((layout.width, layout.height), kernel_size, sigma, strict=True):
        x = blurred(x, gaussian_taps(size, deviation), axis)
    return in_image_dtype(x, dtype)


def _infer_sobel(images: Spec, data_format: str | None) -> Spec:
    pictures_of(images, data_format)
    return Spec((*images.shape, 2), images.dtype)


@composed(infer=_infer_sobel, accepts=ORDERED_NUMBERS, promote=same, ulp=6)
def sobel_edges(images: Array, data_format: str | None = None) -> Array:
    """How steeply images become brighter, downwards and to the right, by Sobel's filters.

    Beyond the edges the last pixels are repeated, as in Keras with NumPy. (Keras with JAX and PyTorch has zeros there,
    and with TensorFlow the pixels before the last.)

    Args:
        images: Array of shape (height, width, channels), or (channels, height, width), or a batch of them.
        data_format: "channels_last" or "channels_first"; None for the one that is set.

    Returns:
        Array with one more axis at the end: the change downwards and the change to the right, eight times that from
        pixel to pixel, in the same dtype, which unsigned integers may not be able to hold.

    >>> sobel_edges([[[0.0], [1.0], [1.0]]], data_format="channels_last")[..., 1]
    array([[[4.],
            [4.],
            [0.]]], dtype=float32)
    """
    layout = pictures_of(spec_of(images), data_format)
    dtype = ops.dtype(images)
    x = ops.cast(images, "float32") if dtype in ("bfloat16", "float16") else images
    changes = []
    for axis, other in ((layout.height, layout.width), (layout.width, layout.height)):
        before, _, after = _neighbours(x, axis)
        before, middle, after = _neighbours(ops.subtract(after, before), other)
        changes.append(ops.add(ops.add(before, after), ops.multiply(middle, 2)))
    return ops.cast(ops.stack(changes, -1), dtype)


def _neighbours(x: Any, axis: int) -> tuple[Any, Any, Any]:
    """Of each element the one before, itself, and the one after, along an axis whose ends are repeated."""
    size = ops.shape(x)[axis]
    first, last = ops.take_range(x, 0, 1, axis), ops.take_range(x, size - 1, size, axis)
    before = ops.concatenate([first, ops.take_range(x, 0, size - 1, axis)], axis)
    return before, x, ops.concatenate([ops.take_range(x, 1, size, axis), last], axis)


def _infer_ssim(
    image1: Spec,
    image2: Spec,
    max_val: float,
    filter_size: int,
    filter_sigma: float,
    k1: float,
    k2: float,
    data_format: str | None,
) -> Spec:
    layout = picture(image1.shape, data_format)
    if image1.shape != image2.shape:
        raise ShapeError(
            f"expected images of the same shape; got {show_shape(image1.shape)} and {show_shape(image2.shape)}."
        )
    gaussian_taps(filter_size, filter_sigma)
    if any(isinstance(size, int) and size < filter_size for size in layout.sizes(image1.shape)):
        raise ShapeError(
            f"expected images that are at least as large as the filter, {filter_size} pixels; got shape "
            f"{show_shape(image1.shape)}. Use a smaller filter_size."
        )
    return Spec(image1.shape[: layout.batched], image1.dtype)


@composed(infer=_infer_ssim, accepts=ORDERED, promote=inexact, summands=lambda image1, *_: image1.size, ulp=8)
def ssim(
    image1: Array,
    image2: Array,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Array:
    """How similar images are in structure, by the index of Wang, Bovik, Sheikh and Simoncelli (2004).

    Args:
        image1: Array of shape (height, width, channels), or (channels, height, width), or a batch of them.
        image2: Array of the same shape.
        max_val: The brightness of white: 1 or 255, for example.
        filter_size: How many pixels, in each direction, are compared at a time.
        filter_sigma: The standard deviation of the bell curve that weighs them.
        k1: The share of `max_val` below which a difference in brightness counts little.
        k2: The share of `max_val` below which a contrast counts little.
        data_format: "channels_last" or "channels_first"; None for the one that is set.

    Returns:
        A number from -1 to 1 for each image: 1 for the same image. Of integers too it is a float.

    >>> ssim(ones((16, 16, 3)), ones((16, 16, 3)), data_format="channels_last")
    array(1., dtype=float32)
    """
    options = (max_val, filter_size, filter_sigma, k1, k2, data_format)
    _infer_ssim(spec_of(image1), spec_of(image2), *options)
    layout = picture(ops.shape(image1), data_format)
    dtype = ops.dtype(image1)
    axes = (layout.height, layout.width)
    taps = gaussian_taps(filter_size, filter_sigma)

    def smooth(x: Any) -> Any:
        return filtered(filtered(x, taps, axes[0]), taps, axes[1])

    means, deviations = [], []
    for image in (image1, image2):  # variances of what has mean 0 suffer least from rounding
        x = ops.cast(image, working_dtype(dtype))
        level = ops.stop_gradient(ops.mean(x, axes, keepdims=True))
        centred = ops.subtract(x, level)
        local = smooth(centred)
        means.append(ops.add(local, level))
        deviations.append((centred, local))

    def covariance(one: int, other: int) -> Any:
        (x, mean_x), (y, mean_y) = deviations[one], deviations[other]
        return ops.subtract(smooth(ops.multiply(x, y)), ops.multiply(mean_x, mean_y))

    small_mean, small_contrast = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    both = ops.multiply(ops.multiply(means[0], means[1]), 2)
    squares = ops.add(ops.square(means[0]), ops.square(means[1]))
    brightness = ops.divide(ops.add(both, small_mean), ops.add(squares, small_mean))
    shared = ops.multiply(covariance(0, 1), 2)
    own = ops.add(covariance(0, 0), covariance(1, 1))
    structure = ops.divide(ops.add(shared, small_contrast), ops.add(own, small_contrast))
    index = ops.mean(ops.multiply(brightness, structure), tuple(range(layout.batched, layout.ndim)))
    return ops.cast(index, dtype)
