"""Images seen through a map from the places of the result to those of the image."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from .. import ops
from ..dtypes import INTEGERS, ORDERED_NUMBERS, same
from ..errors import OptionError, ShapeError
from ..op import Array, Seed, composed
from ..spec import Spec, prod, same_size, show_shape
from ..symbolic import spec_of
from .draws import normal
from .filters import blurred, gaussian_taps
from .pictures import check_known, in_image_dtype, picture, pictures_of, working_dtype

_ORDERS = {"nearest": 0, "bilinear": 1}
CONTRAST = 24  # a rounding in a position, which is at least as large as the size, is multiplied by the contrast
FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


# Interpolation ---------------------------------------------------------------------------------------------


def _on_axis(places: Any, size: int, fill_mode: str) -> Any:
    """Whole numbers, as floats, brought onto an axis."""
    if fill_mode == "wrap":
        return ops.mod(places, size)
    if fill_mode == "reflect":
        places = ops.mod(places, 2 * size)
        return ops.minimum(places, ops.subtract(2 * size - 1, places))
    if fill_mode == "mirror":
        period = max(2 * size - 2, 1)
        places = ops.mod(places, period)
        return ops.minimum(places, ops.subtract(period, places))
    return ops.clip(places, 0, size - 1)


def _neighbours(positions: Any, size: int, order: int, fill_mode: str) -> list[tuple[Any, Any]]:
    """The places on an axis that count at each position, and their weights; none if there is only one."""
    margin = 1 if fill_mode == "constant" else 0  # the constant is there as an element before and one behind
    if fill_mode in ("constant", "nearest"):  # further out nothing changes, not even infinitely far
        positions = ops.clip(positions, -margin, size - 1 + margin)
    below = ops.stop_gradient(ops.floor(ops.where(ops.isfinite(positions), positions, 0)))
    above = ops.subtract(positions, below)
    if order == 0:
        places, weights = [ops.add(below, ops.cast(ops.greater_equal(above, 0.5), ops.dtype(below)))], [None]
    else:
        places, weights = [below, ops.add(below, 1)], [ops.subtract(1, above), above]
    return [
        (ops.cast(_on_axis(ops.add(place, margin), size + 2 * margin, fill_mode), "int32"), weight)
        for place, weight in zip(places, weights, strict=True)
    ]


def _interpolated(x: Any, positions: list[Any], order: int, fill_mode: str, fill_value: float) -> Any:
    """The elements of arrays at positions between them.

    Args:
        x: Array of shape (batch, *sizes, channels).
        positions: For each of the axes in the middle an array of shape (batch, ...) or (1, ...).
        order: 0 for the nearest element, 1 for a mean of those around.
        fill_mode: What is beyond the edges.
        fill_value: The number that is there, if it is a constant.

    Returns:
        Array of shape (batch, ..., channels), in the dtype of `x`.
    """
    dtype = ops.dtype(x)
    batch, *sizes, channels = ops.shape(x)
    check_known(batch, *sizes)
    neighbours = [_neighbours(p, size, order, fill_mode) for p, size in zip(positions, sizes, strict=True)]
    if order:
        x = ops.cast(x, working_dtype(dtype))
    if fill_mode == "constant":  # one layer of it is as good as many
        value = int(fill_value) if ops.dtype(x) in INTEGERS else fill_value
        x = ops.pad_constant(x, ((0, 0), *((1, 1) for _ in positions), (0, 0)), value)
        sizes = [size + 2 for size in sizes]
    rows = ops.reshape(x, (batch * prod(sizes), channels))
    wide = "int64" if batch * prod(sizes) >= 2**31 else "int32"
    first = np.arange(batch).reshape(batch, *(1 for _ in ops.shape(positions[0])[1:])).astype(wide)
    total: Any = None
    for corner in itertools.product(*neighbours):
        index: Any = first
        for size, (place, _) in zip(sizes, corner, strict=True):
            index = ops.add(ops.multiply(index, size), ops.cast(place, wide))
        value = ops.take(rows, index, 0)
        for _, weight in corner:
            if weight is not None:
                value = ops.multiply(value, ops.expand_dims(ops.cast(weight, ops.dtype(value)), -1))
        total = value if total is None else ops.add(total, value)
    return in_image_dtype(total, dtype) if order else total


def _check_modes(order: Any, fill_mode: str) -> None:
    if order not in (0, 1):
        raise OptionError(f"expected order to be 0 (nearest) or 1 (linear); got {order!r}.")
    if fill_mode not in FILL_MODES:
        raise OptionError(f"expected fill_mode to be one of {', '.join(FILL_MODES)}; got {fill_mode!r}.")


def _order(interpolation: str) -> int:
    if interpolation not in _ORDERS:
        raise OptionError(f"expected interpolation to be 'nearest' or 'bilinear'; got {interpolation!r}.")
    return _ORDERS[interpolation]


def _infer_map_coordinates(inputs: Spec, coordinates: Spec, order: int, fill_mode: str, fill_value: float) -> Spec:
    ORDERED_NUMBERS.check(inputs.dtype)
    ORDERED_NUMBERS.check(coordinates.dtype)
    _check_modes(order, fill_mode)
    if coordinates.ndim < 2 or not inputs.ndim or not same_size(coordinates.shape[0], inputs.ndim):
        raise ShapeError(
            f"expected coordinates of shape (axes, ...), with a row for each axis of the array; got "
            f"{show_shape(coordinates.shape)} for an array of shape {show_shape(inputs.shape)}."
        )
    if 0 in inputs.shape:
        raise ShapeError(f"there is nothing to take from an array of shape {show_shape(inputs.shape)}.")
    return Spec(coordinates.shape[1:], inputs.dtype)


@composed(infer=_infer_map_coordinates, ulp=6)  # a product with as many weights as there are axes
def map_coordinates(
    inputs: Array, coordinates: Array, order: int, fill_mode: str = "constant", fill_value: float = 0
) -> Array:
    """The elements of an array at positions between them.

    Integers are rounded to the nearest, even at a tie. The gradient with respect to a position is that towards the
    next element. At a position that is NaN a mean is NaN.

    Args:
        inputs: Array.
        coordinates: Array of shape (axes, ...): the positions on each axis.
        order: 0 for the nearest element (of two, the later one), 1 for the mean of those around, weighted linearly.
        fill_mode: What is beyond the edges of (a b c d): "constant" (k k | a b c d | k k), "nearest" (a a | a b c d |
            d d), "wrap" (c d | a b c d | a b), "mirror" (c b | a b c d | c b) or "reflect" (b a | a b c d | d c).
        fill_value: The constant.

    Returns:
        Array of shape (...), in the dtype of `inputs`.

    >>> map_coordinates([1.0, 3.0], [[0.5, 2.0]], order=1, fill_value=9.0)
    array([2., 9.], dtype=float32)
    """
    _infer_map_coordinates(spec_of(inputs), spec_of(coordinates), order, fill_mode, fill_value)
    exact = {"float32", "bfloat16", "float16"} >= {working_dtype(ops.dtype(inputs)), ops.dtype(coordinates)}
    places = ops.expand_dims(ops.cast(coordinates, "float32" if exact else "float64"), 1)
    positions = ops.unstack(places, ops.ndim(inputs))
    x = ops.reshape(inputs, (1, *ops.shape(inputs), 1))
    return ops.reshape(_interpolated(x, positions, order, fill_mode, fill_value), ops.shape(coordinates)[1:])


# Transforms ------------------------------------------------------------------------------------------------


def _projected(
    images: Any, matrices: Any, order: int, fill_mode: str, fill_value: float, data_format: str | None
) -> Any:
    """Images seen through projective maps, which are given by eight numbers in float64.

    Positions are computed in float64: a rounding in them would be multiplied by the contrast of the image.
    """
    layout = picture(ops.shape(images), data_format)
    x = layout.as_batch(images)
    _, height, width, _ = ops.shape(x)
    check_known(height, width)
    across, down = np.arange(width, dtype="float64"), np.arange(height, dtype="float64")[:, None]
    a = [ops.reshape(number, (-1, 1, 1)) for number in ops.unstack(matrices, 8, axis=1)]

    def plane(one: Any, other: Any, constant: Any) -> Any:
        return ops.add(ops.add(ops.multiply(one, across), ops.multiply(other, down)), constant)

    scale = plane(a[6], a[7], 1.0)
    positions = [ops.divide(plane(*a[3:6]), scale), ops.divide(plane(*a[0:3]), scale)]
    return layout.as_given(_interpolated(x, positions, order, fill_mode, fill_value))


def _check_count(images: Spec, count: Any, what: str) -> None:
    batch = images.shape[0] if images.ndim == 4 else 1
    if not same_size(count, batch) and count != 1:
        raise ShapeError(f"expected one {what}, or one for each of {batch} images; got {count}.")


def _infer_affine_transform(
    images: Spec, transform: Spec, interpolation: str, fill_mode: str, fill_value: float, data_format: str | None
) -> Spec:
    pictures_of(images, data_format)
    ORDERED_NUMBERS.check(images.dtype)
    ORDERED_NUMBERS.check(transform.dtype)
    _check_modes(_order(interpolation), fill_mode)
    if transform.ndim not in (1, 2) or transform.shape[-1] != 8:
        raise ShapeError(f"expected transforms of shape (8,) or (batch, 8); got {show_shape(transform.shape)}.")
    _check_count(images, transform.shape[0] if transform.ndim == 2 else 1, "transform")
    return Spec(images.shape, images.dtype)


@composed(infer=_infer_affine_transform, ulp=CONTRAST)
def affine_transform(
    images: Array,
    transform: Array,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Array:
    """Images rotated, sheared, scaled, moved, or projected.

    The pixel of the result at column x and row y shows the place ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k) of
    the image, where k = c0 x + c1 y + 1. (Keras takes c0 and c1 into account with TensorFlow only.) Integers are
    rounded to the nearest, even at a tie.

    Args:
        images: Array of shape (height, width, channels), or (channels, height, width), or a batch of them.
        transform: The numbers (a0, a1, a2, b0, b1, b2, c0, c1), or a row of them for each image.
        interpolation: "nearest" or "bilinear".
        fill_mode: What is beyond the edges: "constant", "nearest", "wrap", "mirror" or "reflect", as for
            `map_coordinates`.
        fill_value: The constant.
        data_format: "channels_last" or "channels_first"; None for the one that is set.

    Returns:
        The images, of the same shape and dtype.

    >>> affine_transform([[[1.0], [2.0]]], [1.0, 0.0, 0.5, 0.0, 1.0, 0.0, 0.0, 0.0], data_format="channels_last")
    array([[[1.5],
            [1. ]]], dtype=float32)
    """
    options = (interpolation, fill_mode, fill_value, data_format)
    _infer_affine_transform(spec_of(images), spec_of(transform), *options)
    matrices = ops.reshape(ops.cast(transform, "float64"), (-1, 8))
    return _projected(images, matrices, _ORDERS[interpolation], *options[1:])


def homography(start_points: Any, end_points: Any) -> Any:
    """The eight numbers of the projective map that takes four end points to four start points.

    A map is, up to a factor, the sum over three points of start * share * (end' x end''), where the shares make the
    fourth come out right: it takes no solving of equations.

    Args:
        start_points: Array of shape (batch, 4, 2).
        end_points: Array of the same shape.

    Returns:
        Array of shape (batch, 8).
    """

    def areas(points: Any) -> list[Any]:
        def area(i: int, j: int, k: int) -> Any:
            (x1, y1), (x2, y2) = (ops.unstack(ops.subtract(points[:, n], points[:, i]), 2, axis=1) for n in (j, k))
            return ops.subtract(ops.multiply(x1, y2), ops.multiply(x2, y1))

        return [area(3, 1, 2), area(0, 3, 2), area(0, 1, 3)]

    shares = [ops.divide(s, e) for s, e in zip(areas(start_points), areas(end_points), strict=True)]
    total: Any = None
    for i, share in enumerate(shares):
        (x1, y1), (x2, y2) = (ops.unstack(end_points[:, (i + n) % 3], 2, axis=1) for n in (1, 2))
        row = [ops.subtract(y1, y2), ops.subtract(x2, x1), ops.subtract(ops.multiply(x1, y2), ops.multiply(x2, y1))]
        x, y = ops.unstack(start_points[:, i], 2, axis=1)
        weighted = [ops.multiply(part, share) for part in row]
        matrix = ops.stack(
            [*(ops.multiply(w, x) for w in weighted), *(ops.multiply(w, y) for w in weighted), *weighted], 1
        )
        total = matrix if total is None else ops.add(total, matrix)
    return ops.divide(total[:, :8], total[:, 8:])


def _infer_perspective_transform(
    images: Spec,
    start_points: Spec,
    end_points: Spec,
    interpolation: str,
    fill_value: float,
    data_format: str | None,
) -> Spec:
    pictures_of(images, data_format)
    ORDERED_NUMBERS.check(images.dtype)
    _order(interpolation)
    for points in (start_points, end_points):
        ORDERED_NUMBERS.check(points.dtype)
        if points.ndim not in (2, 3) or points.shape[-2:] != (4, 2) or points.shape != start_points.shape:
            raise ShapeError(
                f"expected start and end points of the same shape, (4, 2) or (batch, 4, 2); got "
                f"{show_shape(start_points.shape)} and {show_shape(end_points.shape)}."
            )
    _check_count(images, start_points.shape[0] if start_points.ndim == 3 else 1, "set of points")
    return Spec(images.shape, images.dtype)


@composed(infer=_infer_perspective_transform, ulp=CONTRAST)
def perspective_transform(
    images: Array,
    start_points: Array,
    end_points: Array,
    interpolation: str = "bilinear",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Array:
    """Images as they look from elsewhere: four points move to four others, and straight lines stay straight.

    Integers are rounded to the nearest, even at a tie.

    Args:
        images: Array of shape (height, width, channels), or (channels, height, width), or a batch of them.
        start_points: Array of shape (4, 2), or (batch, 4, 2): where four points (x, y) are in the image. No three of
            them lie on a line.
        end_points: Array of the same shape: where they are in the result.
        interpolation: "nearest" or "bilinear".
        fill_value: What is beyond the edges.
        data_format: "channels_last" or "channels_first"; None for the one that is set.

    Returns:
        The images, of the same shape and dtype.

    >>> corners = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    >>> moved = [[1.0, 0.0], [2.0, 0.0], [1.0, 1.0], [2.0, 1.0]]
    >>> perspective_transform([[[1.0], [2.0]]], corners, moved, data_format="channels_last")
    array([[[0.],
            [1.]]], dtype=float32)
    """
    options = (interpolation, fill_value, data_format)
    _infer_perspective_transform(spec_of(images), spec_of(start_points), spec_of(end_points), *options)
    starts, ends = (ops.reshape(ops.cast(points, "float64"), (-1, 4, 2)) for points in (start_points, end_points))
    return _projected(images, homography(starts, ends), _ORDERS[interpolation], "constant", fill_value, data_format)


def _infer_elastic_transform(
    images: Spec,
    alpha: float,
    sigma: float,
    interpolation: str,
    fill_mode: str,
    fill_value: float,
    seed: Spec,
    data_format: str | None,
) -> Spec:
    pictures_of(images, data_format)
    _check_modes(_order(interpolation), fill_mode)
    _elastic_taps(sigma)
    return Spec(images.shape, images.dtype)


def _elastic_taps(sigma: float) -> list[float]:
    """A bell curve that reaches three deviations to each side."""
    return gaussian_taps(int(6 * sigma) | 1, sigma)


@composed(infer=_infer_elastic_transform, accepts=ORDERED_NUMBERS, promote=same, ulp=CONTRAST)
def elastic_transform(
    images: Array,
    alpha: float = 20.0,
    sigma: float = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
    seed: Seed = None,
    data_format: str | None = None,
) -> Array:
    """Images deformed at random, as if printed on rubber: each pixel shows a place nearby, and neighbours similar ones.

    How far away that is comes from normal numbers with deviation `sigma`, blurred, times `alpha`: of two planes of
    them the first is for the columns, the second for the rows. Integers are rounded to the nearest, even at a tie.

    Args:
        images: Array of shape (height, width, channels), or (channels, height, width), or a batch of them.
        alpha: How strong the deformation is.
        sigma: The standard deviation of the blur, in pixels.
        interpolation: "nearest" or "bilinear".
        fill_mode: What is beyond the edges: "constant", "nearest", "wrap", "mirror" or "reflect", as for
            `map_coordinates`.
        fill_value: The constant.
        seed: An integer, a SeedGenerator, or a key; None for the next of the global stream.
        data_format: "channels_last" or "channels_first"; None for the one that is set.

    Returns:
        The images, of the same shape and dtype.

    >>> shape(elastic_transform(zeros((8, 9, 3)), seed=0, data_format="channels_last"))
    (8, 9, 3)
    """
    options = (interpolation, fill_mode, fill_value)
    _infer_elastic_transform(spec_of(images), alpha, sigma, *options, spec_of(seed), data_format)
    layout = picture(ops.shape(images), data_format)
    x = layout.as_batch(images)
    batch, height, width, _ = ops.shape(x)
    check_known(batch, height, width)
    taps = _elastic_taps(sigma)
    noise = normal((2, batch, height, width), 0.0, sigma, "float64", seed)
    moves = ops.multiply(blurred(blurred(noise, taps, 2), taps, 3), alpha)
    positions = [
        ops.add(moves[1], np.arange(height, dtype="float64")[:, None]),
        ops.add(moves[0], np.arange(width, dtype="float64")),
    ]
    return layout.as_given(_interpolated(x, positions, _ORDERS[interpolation], fill_mode, fill_value))
