"""Data made ready, by the names that older code has for it."""

from __future__ import annotations

from ..utils.image_folders import image_dataset_from_directory
from ..utils.text_folders import text_dataset_from_directory
from ..utils.timeseries import timeseries_dataset_from_array
from . import image, sequence

__all__ = [
    "image",
    "image_dataset_from_directory",
    "sequence",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]
