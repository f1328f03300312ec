"""Pictures of what goes into models and comes out of them."""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "draw_bounding_boxes": "boxes",
    "draw_segmentation_masks": "segments",
    "plot_bounding_box_gallery": "boxes",
    "plot_image_gallery": "gallery",
    "plot_segmentation_mask_gallery": "segments",
}

__all__ = [
    "draw_bounding_boxes",
    "draw_segmentation_masks",
    "plot_bounding_box_gallery",
    "plot_image_gallery",
    "plot_segmentation_mask_gallery",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module 'polykeras.visualization' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
