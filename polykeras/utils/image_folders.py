"""Folders of images as data."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..backend import using
from ..errors import ArgumentError
from ..optional import need
from ..settings import EMBEDDED
from ..training.pipeline import Pipeline
from .folders import Folder, check_format, in_batches
from .images import img_to_array, is_channels_first, load_img

FORMATS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")


def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Any = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: Any = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str = "tf",
    verbose: bool = True,
) -> Pipeline | tuple[Pipeline, Pipeline]:
    """The images in a folder, that has a folder for each class, in batches of one size.

    Args:
        directory: The folder.
        labels: "inferred" for classes by the folders, a label for each file in the order of their names, or None.
        label_mode: "int", "binary" for 0.0 and 1.0, "categorical" for rows with a one, or None for no labels.
        class_names: The folders, in the order in which classes are numbered; None for all by name.
        color_mode: "rgb", "rgba" or "grayscale".
        batch_size: The size of a batch; None for single images.
        image_size: Height and width.
        shuffle: Whether each pass has a random order.
        seed: The seed of it.
        validation_split: The share of the files that is for validation.
        subset: "training", "validation" or "both", with `validation_split`.
        interpolation: As for `ops.image.resize`.
        follow_links: Whether links to folders are followed.
        crop_to_aspect_ratio: Whether what does not fit is cut off, rather than squeezed in.
        pad_to_aspect_ratio: Whether images are padded, rather than squeezed in.
        data_format: Where the channels go: "channels_last" or "channels_first"; None for what is set.
        format: "tf", as Keras calls what here suits all backends.
        verbose: Whether to say what has been found.

    Returns:
        A data set with `class_names` and `file_paths`, or two for `subset="both"`: float32 numbers from 0 to 255.
    """
    check_format(format)
    need("PIL.Image", "images")
    size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
    if len(size) != 2:
        raise ArgumentError(f"expected image_size to be height and width; got {image_size!r}.")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ArgumentError("expected crop_to_aspect_ratio or pad_to_aspect_ratio; got both.")
    folder = Folder(directory, FORMATS, labels, label_mode, class_names, shuffle, seed, follow_links, verbose)

    def load(path: str) -> np.ndarray:
        image = img_to_array(load_img(path, color_mode), "channels_last", "float32")
        with using(EMBEDDED):
            resized = ops.image.resize(
                image,
                size,
                interpolation=interpolation,
                crop_to_aspect_ratio=crop_to_aspect_ratio,
                pad_to_aspect_ratio=pad_to_aspect_ratio,
                data_format="channels_last",
            )
            array = np.asarray(ops.convert_to_numpy(ops.cast(resized, "float32")))
        return array.transpose(2, 0, 1) if is_channels_first(data_format) else array

    found = folder.pipelines(load, validation_split, subset)
    return found if batch_size is None else in_batches(found, lambda samples: samples.batch(batch_size))
