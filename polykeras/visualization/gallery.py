"""Images in rows and columns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import ops
from ..errors import ArgumentError
from ..optional import need
from .pictures import as_bytes, on_host


def plot_image_gallery(
    images: Any,
    y_true: Any = None,
    y_pred: Any = None,
    label_map: Mapping[int, str] | None = None,
    rows: int | None = None,
    cols: int | None = None,
    value_range: tuple[float, float] = (0, 255),
    scale: float = 2,
    path: Any = None,
    show: bool | None = None,
    transparent: bool = True,
    dpi: int = 60,
    legend_handles: Any = None,
    data_format: str | None = None,
) -> Any:
    """Show images in rows and columns, with what they are and what they were taken for.

    Args:
        images: The images, a batch.
        y_true: The number of the class of each.
        y_pred: The number of the class that was predicted.
        label_map: The names of the classes by their numbers.
        rows: How many rows there are; None for as many as columns, about.
        cols: How many columns.
        value_range: The numbers of black and white.
        scale: The size of an image, in inches.
        path: A file to which the picture is written.
        show: Whether it is shown; None for showing it where it is not written.
        transparent: Whether the background of the file is transparent.
        dpi: Points per inch of the file.
        legend_handles: What matplotlib shows as legend.
        data_format: Where channels are: "channels_last" or "channels_first"; None for what is set.

    Returns:
        The figure, of matplotlib.
    """
    if path is not None and show:
        raise ArgumentError("plot_image_gallery: expected path or show=True; got both. Leave show out.")
    if label_map is None and (y_true is not None or y_pred is not None):
        raise ArgumentError("plot_image_gallery: expected label_map, the names of the classes in y_true; got none.")
    pyplot = need("matplotlib.pyplot", "plots")
    pictures = as_bytes(on_host(images, data_format), value_range)
    rows, cols = _layout(len(pictures), rows, cols)
    figure, axes = pyplot.subplots(
        rows, cols, figsize=(cols * scale, rows * scale), frameon=False, layout="tight", squeeze=False
    )
    titles = _titles(label_map or {}, {"Label": y_true, "Pred": y_pred})
    for number, place in enumerate(axes.flat):
        place.axis("off")
        if number < len(pictures):
            place.imshow(pictures[number], cmap="gray" if pictures.shape[-1] == 1 else None, vmin=0, vmax=255)
            place.set_title("  ".join(title[number] for title in titles if number < len(title)), fontsize=8)
    if legend_handles is not None:
        figure.legend(handles=legend_handles, loc="lower center")
    if path is not None:
        figure.savefig(path, pad_inches=0, bbox_inches="tight", transparent=transparent, dpi=dpi)
    elif show is None or show:
        pyplot.show()
    pyplot.close(figure)
    return figure


def _layout(count: int, rows: int | None, cols: int | None) -> tuple[int, int]:
    if not count:
        raise ArgumentError("plot_image_gallery: expected at least one image; got none.")
    if rows is None and cols is None:
        rows = math.ceil(math.sqrt(count))
    if rows is None:
        return math.ceil(count / (cols or 1)), cols or 1
    return rows, math.ceil(count / rows) if cols is None else cols


def _titles(names: Mapping[int, str], labels: Mapping[str, Any]) -> list[list[str]]:
    """The lines of each kind of label."""
    return [
        [f"{kind}: {names.get(int(number), 'Unknown')}" for number in np.ravel(ops.convert_to_numpy(numbers))]
        for kind, numbers in labels.items()
        if numbers is not None
    ]
