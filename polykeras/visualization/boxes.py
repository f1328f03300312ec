"""Images with boxes around what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import ops
from ..errors import ArgumentError
from ..layers.preprocessing.bounding_boxes import convert_format
from ..optional import need
from .gallery import plot_image_gallery
from .pictures import as_bytes, on_host

Color = tuple[int, int, int]

FONT_SIZE = 12
"""The height of letters in pixels, times `font_scale`."""


def draw_bounding_boxes(
    images: Any,
    bounding_boxes: Mapping[str, Any],
    bounding_box_format: str,
    class_mapping: Mapping[int, str] | None = None,
    color: Color = (128, 128, 128),
    line_thickness: int = 2,
    text_thickness: int | None = 1,
    font_scale: float = 1.0,
    data_format: str | None = None,
) -> np.ndarray:
    """Images with boxes around what is in them.

    Args:
        images: The images, a batch; floats up to 1, or numbers from 0 to 255.
        bounding_boxes: A dictionary with "boxes" of shape (batch, boxes, 4), and "labels" of shape (batch, boxes),
            where -1 stands for no box; if it has "confidences", these are written beside the labels.
        bounding_box_format: The format of the boxes: "xyxy", "yxyx", "xywh", "center_xywh" or "center_yxhw", also with
            "rel_" in front.
        class_mapping: The names of the classes, which are written beside the boxes; None for no text.
        color: Red, green and blue.
        line_thickness: The width of the lines in pixels.
        text_thickness: The width of the lines of letters; None for that of other lines.
        font_scale: The size of letters.
        data_format: Where channels are: "channels_last" or "channels_first"; None for what is set.

    Returns:
        A NumPy array of bytes, with the channels last.
    """
    if not isinstance(bounding_boxes, Mapping) or not {"boxes", "labels"} <= set(bounding_boxes):
        given = ", ".join(bounding_boxes) if isinstance(bounding_boxes, Mapping) else type(bounding_boxes).__name__
        raise ArgumentError(f"draw_bounding_boxes: expected a dictionary with 'boxes' and 'labels'; got {given}.")
    pictures = as_bytes(on_host(images, data_format))
    height, width = pictures.shape[1:3]
    corners = convert_format(bounding_boxes["boxes"], bounding_box_format, "xyxy", height, width)
    boxes = np.asarray(ops.convert_to_numpy(corners)).astype("int32")
    labels = np.asarray(ops.convert_to_numpy(bounding_boxes["labels"])).astype("int32")
    shares = bounding_boxes.get("confidences")
    shares = None if shares is None else np.asarray(ops.convert_to_numpy(shares))
    names, thickness = class_mapping or {}, text_thickness or line_thickness
    for image, number in np.ndindex(labels.shape):
        label = int(labels[image, number])
        if label == -1:
            continue
        _outline(pictures[image], boxes[image, number], color, line_thickness)
        if label in names:
            text = names[label] if shares is None else f"{names[label]} | {shares[image, number]:.2f}"
            pictures[image] = _written(pictures[image], text, boxes[image, number], color, thickness, font_scale)
    return pictures


def _outline(picture: np.ndarray, box: np.ndarray, color: Color, thickness: int) -> None:
    """Draw the four sides of a box, in the middle of which it ends."""
    left, top, right, bottom = map(int, box)
    before, after = (thickness - 1) // 2, thickness // 2 + 1

    def fill(x: int, y: int, other_x: int, other_y: int) -> None:
        rows = slice(max(min(y, other_y) - before, 0), max(max(y, other_y) + after, 0))
        columns = slice(max(min(x, other_x) - before, 0), max(max(x, other_x) + after, 0))
        picture[rows, columns] = np.asarray(color)[: picture.shape[-1]]

    for side in ((left, top, right, top), (left, bottom, right, bottom)):
        fill(*side)
    for side in ((left, top, left, bottom), (right, top, right, bottom)):
        fill(*side)


def _written(
    picture: np.ndarray, text: str, box: np.ndarray, color: Color, thickness: int, font_scale: float
) -> np.ndarray:
    """The picture with a text above a box, or within it where there is no room above."""
    pillow, drawing, font = (need(f"PIL.{part}", "images") for part in ("Image", "ImageDraw", "ImageFont"))
    is_gray = picture.shape[-1] == 1
    image = pillow.fromarray(picture[..., 0] if is_gray else picture)
    size = FONT_SIZE * font_scale
    left, top = int(box[0]) + thickness, int(box[1])
    place = (left, top - size - 4 if top - size - 4 >= 0 else top + thickness + 2)
    fill = int(color[0]) if is_gray else tuple(color)
    drawing.Draw(image).text(place, text, fill, font.load_default(size), stroke_width=max(thickness - 1, 0) / 2)
    return np.asarray(image).reshape(picture.shape)


def plot_bounding_box_gallery(
    images: Any,
    bounding_box_format: str,
    y_true: Mapping[str, Any] | None = None,
    y_pred: Mapping[str, Any] | None = None,
    value_range: tuple[float, float] = (0, 255),
    true_color: Color = (0, 188, 212),
    pred_color: Color = (255, 235, 59),
    line_thickness: int = 2,
    font_scale: float = 1.0,
    text_thickness: int | None = None,
    class_mapping: Mapping[int, str] | None = None,
    ground_truth_mapping: Mapping[int, str] | None = None,
    prediction_mapping: Mapping[int, str] | None = None,
    legend: bool = False,
    legend_handles: Any = None,
    rows: int | None = None,
    cols: int | None = None,
    data_format: str | None = None,
    **kwargs: Any,
) -> Any:
    """Show images with the true boxes in them, and with those that were predicted.

    Args:
        images: The images, a batch.
        bounding_box_format: The format of the boxes, as for `draw_bounding_boxes`.
        y_true: The true boxes, as for `draw_bounding_boxes`.
        y_pred: The predicted ones.
        value_range: The numbers of black and white.
        true_color: The color of the true boxes.
        pred_color: The color of the predicted ones.
        line_thickness: The width of the lines in pixels.
        font_scale: The size of letters.
        text_thickness: The width of the lines of letters; None for that of other lines.
        class_mapping: The names of the classes.
        ground_truth_mapping: The names of the classes of the true boxes; None for `class_mapping`.
        prediction_mapping: Those of the predicted ones; None for `class_mapping`.
        legend: Whether it is said which color is which.
        legend_handles: What matplotlib shows as legend instead.
        rows: How many rows there are; None for as many as columns, about.
        cols: How many columns.
        data_format: Where channels are: "channels_last" or "channels_first"; None for what is set.
        **kwargs: Further arguments of `plot_image_gallery`.

    Returns:
        The figure, of matplotlib.
    """
    if legend and legend_handles:
        raise ArgumentError("plot_bounding_box_gallery: expected legend or legend_handles; got both.")
    pictures = as_bytes(on_host(images, data_format), value_range)
    kinds = ((y_true, true_color, ground_truth_mapping), (y_pred, pred_color, prediction_mapping))
    for boxes, color, names in kinds:
        if boxes is not None:
            names = names or class_mapping
            pictures = draw_bounding_boxes(
                pictures, boxes, bounding_box_format, names, color, line_thickness, text_thickness, font_scale,
                "channels_last",
            )  # fmt: skip
    if legend:
        patches = need("matplotlib.patches", "plots")
        named = (("Ground Truth", true_color), ("Prediction", pred_color))
        legend_handles = [patches.Patch(color=np.asarray(color) / 255, label=name) for name, color in named]
    return plot_image_gallery(
        pictures, rows=rows, cols=cols, legend_handles=legend_handles, data_format="channels_last", **kwargs
    )
