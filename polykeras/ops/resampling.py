"""Images in other sizes: each axis is multiplied by a matrix of weights."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..backend import using
from ..dtypes import INTEGERS, ORDERED_NUMBERS, same
from ..errors import OptionError, ShapeError
from ..op import Array, Shape, composed
from ..settings import EMBEDDED
from ..spec import Spec, normalize_axes, show_shape
from ..spec import prod as product_of
from ..symbolic import spec_of
from .pictures import Picture, check_known, in_image_dtype, picture, pictures_of, working_dtype

# Weights ---------------------------------------------------------------------------------------------------


def _triangle(distance: Any) -> Any:
    return ops.maximum(ops.subtract(1, distance), 0)


def _cubic(distance: Any) -> Any:
    """The cubic of Keys with a = -1/2."""
    near = ops.add(ops.multiply(ops.multiply(ops.subtract(ops.multiply(distance, 1.5), 2.5), distance), distance), 1)
    far = ops.subtract(ops.multiply(ops.add(ops.multiply(distance, -0.5), 2.5), distance), 4)
    far = ops.add(ops.multiply(far, distance), 2)
    return ops.where(ops.less(distance, 1), near, ops.where(ops.less(distance, 2), far, 0))


def _lanczos(radius: int) -> Callable[[Any], Any]:
    def weight(distance: Any) -> Any:
        angle = ops.multiply(distance, math.pi)
        inside = ops.multiply(_sine_over_angle(angle), _sine_over_angle(ops.divide(angle, radius)))
        return ops.where(ops.less(distance, radius), inside, 0)

    return weight


def _sine_over_angle(angle: Any) -> Any:
    """Near zero by its series, since of the quotient the derivatives would be lost to rounding."""
    near = ops.less(angle, 0.5)
    square = ops.square(ops.where(near, angle, 0))
    series: Any = 1.0
    for factor in range(8, 0, -1):  # what is left out is below 1e-18
        series = ops.subtract(1, ops.multiply(ops.divide(square, 2 * factor * (2 * factor + 1)), series))
    away = ops.where(near, 1, angle)
    return ops.where(near, series, ops.divide(ops.sin(away), away))


_LINEAR = ("linear", "bilinear", "trilinear", "triangle")
_CUBICS = ("cubic", "bicubic", "tricubic")
_KERNELS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_LINEAR, _triangle),
    **dict.fromkeys(_CUBICS, _cubic),
    "lanczos3": _lanczos(3),
    "lanczos5": _lanczos(5),
}
_REACH = {**dict.fromkeys(_LINEAR, 1), **dict.fromkeys(_CUBICS, 2), "lanczos3": 3, "lanczos5": 5}
_NOTHING = 1000 * 2.0**-23
"""Weights that add up to less are of pixels too far away."""


def _weights(inputs: int, outputs: int, step: Any, shift: Any, method: str, antialias: bool) -> Any:
    """The share of each input, the columns, in each output, the rows, in float64.

    Pixels are squares with their values in the middle: output `i` is at `(i + 1/2) * step - shift - 1/2`. The weights
    of a row add up to 1, also where some of the pixels would be beyond the edge.
    """
    places = np.arange(outputs) + 0.5
    centers = ops.subtract(ops.subtract(ops.multiply(places, step), shift), 0.5)
    distance = ops.abs(ops.subtract(ops.expand_dims(centers, 1), np.arange(inputs, dtype="float64")))
    if antialias:
        distance = ops.divide(distance, ops.maximum(step, 1.0))
    weights = _KERNELS[method](distance)
    total = ops.sum(weights, 1, keepdims=True)
    something = ops.greater(ops.abs(total), _NOTHING)
    weights = ops.where(something, ops.divide(weights, ops.where(something, total, 1)), 0)
    inside = ops.logical_and(ops.greater_equal(centers, -0.5), ops.less_equal(centers, inputs - 0.5))
    return ops.where(ops.expand_dims(inside, 1), weights, 0)


@functools.lru_cache(maxsize=256)
def _resizing_weights(inputs: int, outputs: int, method: str, antialias: bool) -> np.ndarray:
    """The weights of a change of size: they depend on nothing that is computed."""
    with using(EMBEDDED):
        step = np.array(inputs / outputs)
        return np.asarray(_weights(inputs, outputs, step, np.array(0.0), method, antialias))


def _contracted(x: Any, weights: Any, axis: int) -> Any:
    """An array with one of its axes multiplied by a matrix, whose rows are the elements of the new axis."""
    shape = ops.shape(x)
    before, size, after = product_of(shape[:axis]), shape[axis], product_of(shape[axis + 1 :])
    outputs = ops.shape(weights)[0]
    if isinstance(after, int) and after > 16:
        rows = ops.matmul(weights, ops.reshape(x, (before, size, after)))
    else:  # a matrix with so few columns would not keep the hardware busy
        columns = ops.transpose(ops.reshape(x, (before, size, after)), (0, 2, 1))
        product = ops.matmul(ops.reshape(columns, (before * after, size)), ops.transpose(weights, (1, 0)))
        rows = ops.transpose(ops.reshape(product, (before, after, outputs)), (0, 2, 1))
    return ops.reshape(rows, (*shape[:axis], outputs, *shape[axis + 1 :]))


# Resizing --------------------------------------------------------------------------------------------------

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")


def _infer_resize(
    images: Spec,
    size: Any,
    interpolation: str,
    antialias: bool,
    crop_to_aspect_ratio: bool,
    pad_to_aspect_ratio: bool,
    fill_mode: str,
    fill_value: float,
    data_format: str | None,
) -> Spec:
    layout = pictures_of(images, data_format)
    if interpolation not in INTERPOLATIONS:
        raise OptionError(f"expected interpolation to be one of {', '.join(INTERPOLATIONS)}; got {interpolation!r}.")
    if fill_mode != "constant":
        raise OptionError(f"expected fill_mode to be 'constant'; got {fill_mode!r}.")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise OptionError("images are cropped to an aspect ratio or padded to it; choose one of the two.")
    sizes = size if isinstance(size, (tuple, list)) else ()
    if len(sizes) != 2 or not all(isinstance(s, (int, np.integer)) and s > 0 for s in sizes):
        raise OptionError(f"expected size to be a positive height and width; got {size!r}.")
    return Spec(layout.with_sizes(images.shape, *size), images.dtype)


def _largest_difference(images: Spec, size: Any, interpolation: str, antialias: bool, *_: Any) -> Any:
    """How many pixels are added up for one of the result, at most."""
    if interpolation == "nearest":
        return 1
    sides = [s for s in images.shape if isinstance(s, int)]
    widest = max(max(sides, default=1) / min(size), 1) if antialias else 1
    return math.ceil(2 * _REACH[interpolation] * widest) ** 2


@composed(
    infer=_infer_resize,
    accepts=ORDERED_NUMBERS,
    promote=same,
    summands=_largest_difference,
)
def resize(
    images: Array,
    size: Any,
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Array:
    """Images in another size.

    Pixels are squares with their values in the middle, and the weights of those that exist add up to 1 at the edges.
    The cubic is that of Keys with a = -1/2. (Keras with PyTorch has another cubic and other edges.) Integers are
    rounded to the nearest, even at a tie, and kept in the range of the dtype. The nearest pixel of a place in the
    middle between two is the later one.

    Args:
        images: Array of shape (height, width, channels), or (channels, height, width), or a batch of them.
        size: The new height and width.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        antialias: Whether to widen the kernel where images become smaller, so that every pixel counts.
        crop_to_aspect_ratio: Whether to cut off evenly first what does not fit the new aspect ratio.
        pad_to_aspect_ratio: Whether to add evenly first what is missing for the new aspect ratio.
        fill_mode: What to add: "constant".
        fill_value: The number to add.
        data_format: "channels_last" or "channels_first"; None for the one that is set.

    Returns:
        The images, in the same dtype.

    >>> resize([[[1.0], [3.0]]], (1, 4), data_format="channels_last")
    array([[[1. ],
            [1.5],
            [2.5],
            [3. ]]], dtype=float32)
    """
    options = (crop_to_aspect_ratio, pad_to_aspect_ratio, fill_mode, fill_value, data_format)
    _infer_resize(spec_of(images), size, interpolation, antialias, *options)
    layout = picture(ops.shape(images), data_format)
    check_known(*layout.sizes(ops.shape(images)))
    height, width = size
    if crop_to_aspect_ratio:
        images = _cropped_to(images, layout, height, width)
    elif pad_to_aspect_ratio:
        images = _padded_to(images, layout, height, width, fill_value)
    changes = [
        (axis, old, new)
        for axis, old, new in zip((layout.height, layout.width), layout.sizes(ops.shape(images)), size, strict=True)
        if old != new
    ]
    if interpolation == "nearest":
        for axis, old, new in changes:
            images = ops.take(images, (2 * np.arange(new) + 1) * old // (2 * new), axis)
        return images
    dtype = ops.dtype(images)
    computed = working_dtype(dtype)
    x = ops.cast(images, computed)
    for axis, old, new in changes:
        weights = _resizing_weights(old, new, interpolation, antialias)
        x = _contracted(x, ops.cast(weights, computed), axis)
    return in_image_dtype(x, dtype) if changes else images


def _cropped_to(images: Any, layout: Picture, height: int, width: int) -> Any:
    """The largest part in the middle with an aspect ratio."""
    given = layout.sizes(ops.shape(images))
    for axis, size, fitting in (
        (layout.height, given[0], given[1] * height // width),
        (layout.width, given[1], given[0] * width // height),
    ):
        part = max(min(size, fitting), 1)
        start = (size - part) // 2
        images = ops.take_range(images, start, start + part, axis)
    return images


def _padded_to(images: Any, layout: Picture, height: int, width: int, value: float) -> Any:
    """The images in the middle of larger ones with an aspect ratio."""
    rows, columns = layout.sizes(ops.shape(images))
    above = max(columns * height // width - rows, 0) // 2
    beside = max(rows * width // height - columns, 0) // 2
    if ops.dtype(images) in INTEGERS:
        value = int(value)
    return ops.pad_constant(images, layout.pairs((above, above), (beside, beside)), value)


def _infer_scale_and_translate(
    images: Spec,
    output_shape: tuple[Any, ...],
    scale: Spec,
    translation: Spec,
    spatial_dims: Any,
    method: str,
    antialias: bool,
) -> Spec:
    ORDERED_NUMBERS.check(images.dtype)
    if method not in _KERNELS:
        raise OptionError(f"expected method to be one of {', '.join(_KERNELS)}; got {method!r}.")
    axes = normalize_axes(spatial_dims, images.ndim)
    if scale.shape != (len(axes),) or translation.shape != (len(axes),):
        raise ShapeError(
            f"expected a scale and a translation for each of the {len(axes)} axes {tuple(spatial_dims)}; got shapes "
            f"{show_shape(scale.shape)} and {show_shape(translation.shape)}."
        )
    kept = [a for a in range(images.ndim) if a not in axes]
    if len(output_shape) != images.ndim or any(output_shape[a] != images.shape[a] for a in kept):
        raise ShapeError(
            f"expected output_shape to have the sizes of {show_shape(images.shape)} except on the axes "
            f"{tuple(spatial_dims)}; got {show_shape(output_shape)}."
        )
    return Spec(output_shape, images.dtype)


def _all_of_an_axis(images: Spec, output_shape: Any, scale: Any, translation: Any, spatial_dims: Any, *_: Any) -> Any:
    return product_of(images.shape[a] for a in normalize_axes(spatial_dims, images.ndim))


@composed(infer=_infer_scale_and_translate, summands=_all_of_an_axis)
def scale_and_translate(
    images: Array,
    output_shape: Shape,
    scale: Array,
    translation: Array,
    spatial_dims: Any,
    method: str,
    antialias: bool = True,
) -> Array:
    """An array stretched along axes, moved, and seen through a frame of another shape.

    Pixels are squares with their values in the middle: what is at x, where the first pixel reaches from 0 to 1, goes
    to x * scale + translation. Integers are rounded to the nearest, even at a tie.

    Args:
        images: Array.
        output_shape: The shape of the result; other axes than the spatial ones keep their sizes.
        scale: By how much to stretch each spatial axis, one number for each.
        translation: How far to move on each spatial axis, in pixels of the result.
        spatial_dims: The axes to stretch.
        method: "linear", "cubic" (that of Keys with a = -1/2), "lanczos3" or "lanczos5"; "bilinear", "trilinear" and
            "triangle" are other words for the first, "bicubic" and "tricubic" for the second.
        antialias: Whether to widen the kernel where the array shrinks, so that every element counts.

    Returns:
        The array, in the same dtype; 0 where the frame shows what is outside of the array.

    >>> scale_and_translate([1.0, 3.0], (4,), [2.0], [0.0], (0,), "linear")
    array([1. , 1.5, 2.5, 3. ], dtype=float32)
    """
    options = (tuple(spatial_dims), method, antialias)
    _infer_scale_and_translate(spec_of(images), output_shape, spec_of(scale), spec_of(translation), *options)
    dtype = ops.dtype(images)
    computed = working_dtype(dtype)
    steps = ops.divide(1.0, ops.cast(scale, "float64"))
    shifts = ops.multiply(ops.cast(translation, "float64"), steps)
    x = ops.cast(images, computed)
    for number, axis in enumerate(normalize_axes(options[0], ops.ndim(images))):
        size = ops.shape(images)[axis]
        check_known(size, output_shape[axis])
        weights = _weights(size, output_shape[axis], steps[number], shifts[number], method, antialias)
        x = _contracted(x, ops.cast(weights, computed), axis)
    return in_image_dtype(x, dtype)
