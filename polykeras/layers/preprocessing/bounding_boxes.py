"""Boxes around things in images: their formats, and what happens to them when an image is cut or moved."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from ... import ops
from ...config import epsilon
from ...errors import ArgumentError

FORMATS = ("xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw")
RELATIVE = ("rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh", "rel_center_yxhw")
"""The formats in which positions are shares of the size of the image."""


def _checked(name: Any) -> str:
    known = {known.lower(): known for known in (*FORMATS, *RELATIVE)}
    if not isinstance(name, str) or name.lower() not in known:
        raise ArgumentError(f"expected a format of boxes: one of {', '.join(known)}; got {name!r}.")
    return known[name.lower()]


def _columns(boxes: Any) -> list[Any]:
    if ops.ndim(boxes) not in (2, 3) or ops.shape(boxes)[-1] != 4:
        raise ArgumentError(
            f"expected boxes of shape (count, 4) or (batch, count, 4); got shape {tuple(ops.shape(boxes))}."
        )
    return ops.unstack(boxes, 4, axis=-1)


def _scaled(columns: list[Any], height: Any, width: Any, operation: Callable[[Any, Any], Any]) -> list[Any]:
    """Positions times the size of the image, or divided by it."""
    if height is None or width is None:
        raise ArgumentError(
            "expected height and width of the image, for boxes whose positions are shares of it; got "
            f"height={height!r}, width={width!r}."
        )

    def fitting(size: Any) -> Any:
        size = ops.cast(size, ops.dtype(columns[0]))
        return ops.reshape(size, (-1, 1)) if ops.ndim(size) else size

    sizes = [fitting(width), fitting(height)] * 2
    return [operation(column, size) for column, size in zip(columns, sizes, strict=True)]


def _corners(columns: list[Any], name: str) -> list[Any]:
    """Left, top, right and bottom of boxes in a format, without regard to the size of the image."""
    layout = name.removeprefix("rel_")
    if layout.rpartition("_")[2].startswith("y"):
        columns = [columns[1], columns[0], columns[3], columns[2]]
    x, y, right, bottom = columns
    if layout.startswith("center"):
        half_width, half_height = ops.divide(right, 2.0), ops.divide(bottom, 2.0)
        return [
            *(ops.subtract(x, half_width), ops.subtract(y, half_height)),
            *(ops.add(x, half_width), ops.add(y, half_height)),
        ]
    return [x, y, ops.add(x, right), ops.add(y, bottom)] if layout == "xywh" else columns


def _in_layout(corners: list[Any], name: str) -> list[Any]:
    """The columns of a format for left, top, right and bottom."""
    layout = name.removeprefix("rel_")
    left, top, right, bottom = corners
    width, height = ops.subtract(right, left), ops.subtract(bottom, top)
    columns = corners
    if layout.startswith("center"):
        middle = ops.add(left, ops.divide(width, 2.0)), ops.add(top, ops.divide(height, 2.0))
        columns = [*middle, width, height]
    elif layout == "xywh":
        columns = [left, top, width, height]
    if layout.rpartition("_")[2].startswith("y"):
        columns = [columns[1], columns[0], columns[3], columns[2]]
    return columns


def convert_format(
    boxes: Any, source: str, target: str, height: Any = None, width: Any = None, dtype: str = "float32"
) -> Any:
    """Boxes in another format.

    A format is "xyxy" (left, top, right, bottom), "yxyx", "xywh" (left, top, width, height), "center_xywh" or
    "center_yxhw", or one of these with "rel_" in front, where positions are shares of the size of the image.

    Args:
        boxes: Array of shape (count, 4) or (batch, count, 4), or a dictionary with such an array under "boxes".
        source: The format that they have.
        target: The format that they should have.
        height: The height of the image, or one for each of the batch, where positions are or become shares of it.
        width: Its width, likewise.
        dtype: The dtype of the result.

    Returns:
        The boxes, in a dictionary where they were given in one.

    >>> convert_format([[10, 20, 30, 60]], "xyxy", "center_xywh")
    array([[20., 40., 20., 40.]], dtype=float32)
    """
    if isinstance(boxes, Mapping):
        return {**boxes, "boxes": convert_format(boxes["boxes"], source, target, height, width, dtype)}
    source, target = _checked(source), _checked(target)
    columns = _columns(ops.cast(boxes, dtype))
    if source == target:
        return ops.cast(boxes, dtype)
    corners = _corners(columns, source)
    if source in RELATIVE and target not in RELATIVE:
        corners = _scaled(corners, height, width, ops.multiply)
    elif target in RELATIVE and source not in RELATIVE:
        corners = _scaled(corners, height, width, ops.divide)
    return ops.stack(_in_layout(corners, target), axis=-1)


def clip_to_image_size(
    bounding_boxes: Mapping[str, Any], height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> dict[str, Any]:
    """Boxes, with what is outside of the image cut off. Where nothing is left, the label becomes -1.

    Args:
        bounding_boxes: A dictionary with "boxes" and "labels".
        height: The height of the image.
        width: Its width.
        bounding_box_format: The format of the boxes.

    Returns:
        A dictionary like the one given.

    >>> boxes = {"boxes": [[-10.0, 5.0, 20.0, 80.0]], "labels": [3.0]}
    >>> clip_to_image_size(boxes, height=50, width=40)["boxes"]
    array([[ 0.,  5., 20., 50.]], dtype=float32)
    """
    name = _checked(bounding_box_format)
    bounds = [1.0, 1.0] if name in RELATIVE else [width, height]
    if None in [bound if isinstance(bound, (int, float)) or bound is None else 0 for bound in bounds]:
        raise ArgumentError(f"expected height and width of the image; got height={height!r}, width={width!r}.")
    columns = _corners(_columns(ops.cast(bounding_boxes["boxes"], "float32")), name)
    limits = [ops.cast(bound, "float32") for bound in bounds] * 2
    corners = [ops.minimum(ops.maximum(c, 0.0), limit) for c, limit in zip(columns, limits, strict=True)]
    area = ops.multiply(ops.subtract(corners[2], corners[0]), ops.subtract(corners[3], corners[1]))
    remains = ops.greater(area, 0.0)
    boxes = ops.stack(_in_layout(corners, name), axis=-1)
    return {**bounding_boxes, "boxes": boxes, "labels": ops.where(remains, bounding_boxes["labels"], -1)}


def crop(boxes: Any, top: Any, left: Any, height: Any, width: Any, bounding_box_format: str = "xyxy") -> Any:
    """Boxes as they are in a part of the image, cut where that ends.

    Args:
        boxes: Array of shape (count, 4) or (batch, count, 4).
        top: Where the part begins, from above.
        left: Where it begins, from the left.
        height: The height of the part.
        width: Its width.
        bounding_box_format: Must be "xyxy".

    Returns:
        The boxes.

    >>> crop([[10.0, 20.0, 50.0, 60.0]], top=10, left=20, height=40, width=30)
    array([[ 0., 10., 30., 40.]], dtype=float32)
    """
    _corners_only(bounding_box_format)
    moved = [
        ops.subtract(column, offset)
        for column, offset in zip(_columns(boxes_as_floats(boxes)), (left, top) * 2, strict=True)
    ]
    return ops.stack([ops.clip(c, 0, limit) for c, limit in zip(moved, (width, height) * 2, strict=True)], axis=-1)


def pad(
    boxes: Any, top: Any, left: Any, height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> Any:
    """Boxes as they are in an image to which something was added above and on the left.

    Args:
        boxes: Array of shape (count, 4) or (batch, count, 4).
        top: How much was added above.
        left: How much was added on the left.
        height: Not needed.
        width: Not needed.
        bounding_box_format: Must be "xyxy".

    Returns:
        The boxes.

    >>> pad([[0.0, 0.0, 5.0, 5.0]], top=1, left=2)
    array([[2., 1., 7., 6.]], dtype=float32)
    """
    _corners_only(bounding_box_format)
    columns = _columns(boxes_as_floats(boxes))
    return ops.stack([ops.add(c, by) for c, by in zip(columns, (left, top) * 2, strict=True)], axis=-1)


def _corners_only(name: str) -> None:
    if _checked(name) != "xyxy":
        raise ArgumentError(f'expected boxes in the format "xyxy"; got {name!r}. Convert them with convert_format.')


def boxes_as_floats(boxes: Any) -> Any:
    """Boxes in float32, where they are not floats already."""
    boxes = ops.convert_to_tensor(boxes)
    return boxes if ops.dtype(boxes).startswith("float") else ops.cast(boxes, "float32")


# Maps of the plane -----------------------------------------------------------------------------------------


def projected(boxes: Any, transforms: Any) -> Any:
    """The smallest boxes around what projective maps make of boxes.

    Args:
        boxes: Array of shape (batch, count, 4), in the format "xyxy".
        transforms: Array of shape (batch, 8): the numbers of each map, as `affine_transform` of images takes them.

    Returns:
        The boxes, in the dtype of those given.
    """
    left, top, right, bottom = ops.unstack(ops.cast(boxes, "float64"), 4, axis=-1)
    a = [ops.expand_dims(number, -1) for number in ops.unstack(ops.cast(transforms, "float64"), 8, axis=-1)]

    def plane(x: Any, y: Any, place: int, constant: Any) -> Any:
        return ops.add(ops.add(ops.multiply(a[place], x), ops.multiply(a[place + 1], y)), constant)

    points = []
    for x, y in ((left, top), (right, top), (left, bottom), (right, bottom)):
        scale = plane(x, y, 6, 1.0)
        points.append([ops.divide(plane(x, y, first, a[first + 2]), scale) for first in (0, 3)])
    across, down = (ops.stack([point[axis] for point in points]) for axis in (0, 1))
    corners = [ops.min(across, 0), ops.min(down, 0), ops.max(across, 0), ops.max(down, 0)]
    return ops.cast(ops.stack(corners, axis=-1), ops.dtype(boxes))


def inverse_of(matrices: Any) -> Any:
    """The inverse of affine maps, each given by eight numbers of which the last two are 0."""
    a, b, c, d, e, f, *_ = ops.unstack(ops.cast(matrices, "float64"), 8, axis=-1)
    determinant = ops.subtract(ops.multiply(a, e), ops.multiply(b, d))
    x = ops.subtract(ops.multiply(b, f), ops.multiply(e, c))
    y = ops.subtract(ops.multiply(d, c), ops.multiply(a, f))
    rows = [e, ops.negative(b), x, ops.negative(d), a, y]
    zero = ops.zeros_like(a)
    return ops.stack([*(ops.divide(number, determinant) for number in rows), zero, zero], axis=-1)


def _sheared_and_turned(angle: Any, scale: Any, shear_x: Any, shear_y: Any) -> list[tuple[Any, Any]]:
    """The rows of maps that turn, then shear along y, then along x, and scale."""
    angle, tilt_x, tilt_y = (ops.multiply(ops.cast(x, "float64"), math.pi / 180) for x in (angle, shear_x, shear_y))
    cos, sin, along_x, along_y = ops.cos(angle), ops.sin(angle), ops.tan(tilt_x), ops.tan(tilt_y)
    lower = ops.subtract(ops.multiply(along_y, cos), sin), ops.add(ops.multiply(along_y, sin), cos)
    upper = ops.add(cos, ops.multiply(along_x, lower[0])), ops.add(sin, ops.multiply(along_x, lower[1]))
    scale = ops.cast(scale, "float64")
    return [(ops.multiply(scale, first), ops.multiply(scale, second)) for first, second in (upper, lower)]


def affine_transform(
    boxes: Any,
    angle: Any,
    translate_x: Any,
    translate_y: Any,
    scale: Any,
    shear_x: Any,
    shear_y: Any,
    height: Any,
    width: Any,
    center_x: float | None = None,
    center_y: float | None = None,
    bounding_box_format: str = "xyxy",
) -> Any:
    """The smallest boxes around what becomes of boxes when an image is turned, shifted, scaled and sheared.

    Args:
        boxes: Array of shape (count, 4) or (batch, count, 4).
        angle: For each image the angle in degrees, counterclockwise.
        translate_x: For each image the shift to the right, as a share of the width.
        translate_y: For each image the shift down, as a share of the height.
        scale: For each image the factor.
        shear_x: For each image the angle of shearing along x, in degrees.
        shear_y: For each image the angle of shearing along y, in degrees.
        height: The height of the image.
        width: Its width.
        center_x: The center, as a share of the width; None for the middle.
        center_y: The center, as a share of the height; None for the middle.
        bounding_box_format: Must be "xyxy".

    Returns:
        The boxes.

    >>> zero, one = np.zeros(1), np.ones(1)
    >>> boxes = [[0.0, 0.0, 2.0, 1.0]]
    >>> ops.round(affine_transform(boxes, zero, 0.5 * one, zero, one, zero, zero, height=5, width=5), 3)
    array([[2., 0., 4., 1.]], dtype=float32)
    """
    _corners_only(bounding_box_format)
    boxes = boxes_as_floats(boxes)
    single = ops.ndim(boxes) == 2
    spans = [ops.subtract(ops.cast(size, "float64"), 1.0) for size in (width, height)]
    places = [0.5 if place is None else place for place in (center_x, center_y)]
    center = [ops.multiply(span, place) for span, place in zip(spans, places, strict=True)]
    shift = [ops.multiply(ops.cast(t, "float64"), n) for t, n in zip((translate_x, translate_y), spans, strict=True)]
    maps = _sheared_and_turned(angle, scale, shear_x, shear_y)
    numbers: list[Any] = []
    for (first, second), stays in zip(maps, center, strict=True):
        moved = [ops.subtract(by, c) for by, c in zip(shift, center, strict=True)]
        constant = ops.add(ops.multiply(first, moved[0]), ops.multiply(second, moved[1]))
        numbers += [first, second, ops.add(stays, constant)]
    zero = ops.zeros_like(numbers[0])
    matrices = ops.stack([*(ops.add(number, zero) for number in numbers), zero, zero], axis=-1)
    moved = projected(ops.expand_dims(boxes, 0) if single else boxes, matrices)
    return ops.squeeze(moved, 0) if single else moved


# Anchors and overlaps --------------------------------------------------------------------------------------


def _size_of(image_shape: Any) -> tuple[Any, Any]:
    return (None, None) if image_shape is None else (image_shape[0], image_shape[1])


def _check_encoding(name: str, variance: Any) -> None:
    if name not in ("center_xywh", "center_yxhw"):
        raise ArgumentError(f"expected the encoding to be 'center_xywh' or 'center_yxhw'; got {name!r}.")
    if variance is not None and tuple(ops.shape(variance)) != (4,):
        raise ArgumentError(f"expected variance to be four numbers; got {variance!r}.")


def encode_box_to_deltas(
    anchors: Any,
    boxes: Any,
    anchor_format: str,
    box_format: str,
    encoding_format: str = "center_yxhw",
    variance: Any = None,
    image_shape: Any = None,
) -> Any:
    """How far boxes are from anchors, in units of the anchors' sizes, and the logarithms of the quotients of sizes.

    Args:
        anchors: Array of shape (count, 4).
        boxes: Array of shape (count, 4) or (batch, count, 4).
        anchor_format: The format of the anchors.
        box_format: The format of the boxes.
        encoding_format: The order of the result: "center_yxhw" or "center_xywh".
        variance: Four numbers by which the results are divided, or None.
        image_shape: Height and width of the image, where a format has shares of them.

    Returns:
        Array like the boxes.

    >>> encode_box_to_deltas([[0.0, 0.0, 2.0, 2.0]], [[1.0, 0.0, 3.0, 2.0]], "xyxy", "xyxy", "center_xywh")
    array([[0.5, 0. , 0. , 0. ]], dtype=float32)
    """
    _check_encoding(encoding_format, variance)
    height, width = _size_of(image_shape)
    anchors = convert_format(anchors, anchor_format, encoding_format, height, width)
    boxes = convert_format(boxes, box_format, encoding_format, height, width)
    sizes, own = (ops.maximum(x[..., 2:], epsilon()) for x in (anchors, boxes))
    places = ops.divide(ops.subtract(boxes[..., :2], anchors[..., :2]), sizes)
    deltas = ops.concatenate([places, ops.log(ops.divide(own, sizes))], axis=-1)
    return deltas if variance is None else ops.divide(deltas, ops.cast(variance, "float32"))


def decode_deltas_to_boxes(
    anchors: Any,
    boxes_delta: Any,
    anchor_format: str,
    box_format: str,
    encoded_format: str = "center_yxhw",
    variance: Any = None,
    image_shape: Any = None,
) -> Any:
    """The boxes for which `encode_box_to_deltas` gives these results.

    Args:
        anchors: Array of shape (count, 4), or a dictionary of them.
        boxes_delta: The results, in the same structure.
        anchor_format: The format of the anchors.
        box_format: The format that the boxes should have.
        encoded_format: The order of the results: "center_yxhw" or "center_xywh".
        variance: Four numbers by which the results are multiplied, or None.
        image_shape: Height and width of the image, where a format has shares of them.

    Returns:
        The boxes, in the same structure.

    >>> decode_deltas_to_boxes([[0.0, 0.0, 2.0, 2.0]], [[0.5, 0.0, 0.0, 0.0]], "xyxy", "xyxy", "center_xywh")
    array([[1., 0., 3., 2.]], dtype=float32)
    """
    _check_encoding(encoded_format, variance)
    height, width = _size_of(image_shape)

    def decoded(anchor: Any, delta: Any) -> Any:
        anchor = convert_format(anchor, anchor_format, encoded_format, height, width)
        delta = ops.cast(delta, "float32")
        delta = delta if variance is None else ops.multiply(delta, ops.cast(variance, "float32"))
        sizes = anchor[..., 2:]
        places = ops.add(ops.multiply(delta[..., :2], sizes), anchor[..., :2])
        box = ops.concatenate([places, ops.multiply(ops.exp(delta[..., 2:]), sizes)], axis=-1)
        return convert_format(box, encoded_format, box_format, height, width)

    if isinstance(anchors, Mapping):
        return {level: decoded(anchor, boxes_delta[level]) for level, anchor in anchors.items()}
    return decoded(anchors, boxes_delta)


def _overlaps(boxes1: list[Any], boxes2: list[Any]) -> Any:
    """The areas in common of boxes, given by columns."""
    sides = [
        ops.maximum(ops.subtract(ops.minimum(boxes1[end], boxes2[end]), ops.maximum(boxes1[begin], boxes2[begin])), 0.0)
        for begin, end in ((0, 2), (1, 3))
    ]
    return ops.multiply(*sides)


def _area(columns: list[Any]) -> Any:
    return ops.multiply(ops.subtract(columns[2], columns[0]), ops.subtract(columns[3], columns[1]))


def compute_iou(
    boxes1: Any,
    boxes2: Any,
    bounding_box_format: str,
    use_masking: bool = False,
    mask_val: Any = -1,
    image_shape: Any = None,
) -> Any:
    """For each pair of boxes the area that they have in common, as a share of the area that they cover.

    Args:
        boxes1: Array of shape (count1, 4) or (batch, count1, 4).
        boxes2: Array of shape (count2, 4) or (batch, count2, 4).
        bounding_box_format: The format of the boxes.
        use_masking: Whether boxes whose numbers are all negative are no boxes.
        mask_val: What pairs with such boxes get.
        image_shape: Height and width of the image, where the format has shares of them.

    Returns:
        Array of shape (count1, count2) or (batch, count1, count2).

    >>> ops.round(compute_iou([[0.0, 0.0, 2.0, 2.0]], [[1.0, 0.0, 3.0, 2.0]], "xyxy"), 4)
    array([[0.3333]], dtype=float32)
    """
    boxes1, boxes2 = (_in_pixels(boxes, bounding_box_format, image_shape) for boxes in (boxes1, boxes2))
    first = [ops.expand_dims(column, -1) for column in _columns(boxes1)]
    second = [ops.expand_dims(column, -2) for column in _columns(boxes2)]
    common = _overlaps(first, second)
    covered = ops.subtract(ops.add(_area(first), _area(second)), common)
    found = ops.divide(common, ops.add(covered, epsilon()))
    if not use_masking:
        return found
    missing = [ops.less(_greatest(columns), 0.0) for columns in (first, second)]
    return ops.where(ops.logical_or(*missing), ops.cast(mask_val, ops.dtype(found)), found)


def _greatest(columns: list[Any]) -> Any:
    """The greatest of several arrays, element by element."""
    greatest = columns[0]
    for column in columns[1:]:
        greatest = ops.maximum(greatest, column)
    return greatest


def _in_pixels(boxes: Any, name: str, image_shape: Any) -> Any:
    return convert_format(boxes, name, "xyxy", *_size_of(image_shape))


def compute_ciou(boxes1: Any, boxes2: Any, bounding_box_format: str, image_shape: Any = None) -> Any:
    """The complete IoU of boxes: less where their centers are apart, and where their forms differ.

    Args:
        boxes1: Array of shape (..., 4).
        boxes2: Array of the same shape.
        bounding_box_format: The format of the boxes.
        image_shape: Height and width of the image, where the format has shares of them.

    Returns:
        Array of shape (...).

    >>> ops.round(compute_ciou([[0.0, 0.0, 2.0, 2.0]], [[1.0, 0.0, 3.0, 2.0]], "xyxy"), 4)
    array([0.2564], dtype=float32)
    """
    tiny = epsilon()
    first, second = (_columns(_in_pixels(boxes, bounding_box_format, image_shape)) for boxes in (boxes1, boxes2))
    widths, heights = zip(*((ops.subtract(b[2], b[0]), ops.subtract(b[3], b[1])) for b in (first, second)), strict=True)
    heights = [ops.add(height, tiny) for height in heights]
    common = _overlaps(first, second)
    areas = [ops.multiply(width, height) for width, height in zip(widths, heights, strict=True)]
    covered = ops.add(ops.subtract(ops.add(*areas), common), 2 * tiny)
    iou = ops.divide(common, covered)
    around = [
        ops.subtract(ops.maximum(first[end], second[end]), ops.minimum(first[begin], second[begin]))
        for begin, end in ((0, 2), (1, 3))
    ]
    diagonal = ops.add(ops.add(*map(ops.square, around)), tiny)
    apart = [
        ops.divide(ops.subtract(ops.add(first[b], first[e]), ops.add(second[b], second[e])), 2.0)
        for b, e in ((0, 2), (1, 3))
    ]
    slopes = [ops.arctan(ops.divide(width, height)) for width, height in zip(widths, heights, strict=True)]
    form = ops.multiply(4 / math.pi**2, ops.square(ops.subtract(slopes[1], slopes[0])))
    weight = ops.divide(form, ops.add(ops.subtract(form, iou), 1 + tiny))
    distance = ops.divide(ops.add(*map(ops.square, apart)), diagonal)
    return ops.subtract(iou, ops.add(distance, ops.multiply(form, weight)))
