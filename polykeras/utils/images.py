"""Images in files and as arrays."""

from __future__ import annotations

import io
import os
import warnings
from typing import Any

import numpy as np

from .. import ops
from ..backend import Backend
from ..config import floatx, image_data_format
from ..errors import ArgumentError
from ..interpreters import kind_or_none
from ..optional import need

MODES = {"grayscale": ("L", "I;16", "I"), "rgb": ("RGB",), "rgba": ("RGBA",)}
"""What an image may be for a mode of colors; the first is what it becomes if it is none of them."""

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


def is_channels_first(data_format: str | None) -> bool:
    """Whether channels come before the rows.

    Args:
        data_format: "channels_first" or "channels_last"; None for what is set.
    """
    found = image_data_format() if data_format is None else data_format
    if found not in ("channels_first", "channels_last"):
        raise ArgumentError(f"expected data_format to be 'channels_first' or 'channels_last'; got {data_format!r}.")
    return found == "channels_first"


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Any:
    """An image of Pillow out of an array.

    Args:
        x: An array with axes of rows, columns and 1, 3 or 4 channels.
        data_format: Where the channels are: "channels_last" or "channels_first"; None for what is set.
        scale: Whether the smallest number becomes black and the largest white.
        dtype: The dtype in which that is computed; None for floatx.

    Returns:
        The image.
    """
    pillow = need("PIL.Image", "images")
    x = np.asarray(ops.convert_to_numpy(x), dtype or floatx())
    if x.ndim != 3:
        raise ArgumentError(f"array_to_img: expected an array with three axes, one image; got shape {x.shape}.")
    if is_channels_first(data_format):
        x = x.transpose(1, 2, 0)
    if scale:
        x = x - x.min()
        x = x * (255 / x.max()) if x.max() else x
    if x.shape[2] not in (1, 3, 4):
        raise ArgumentError(f"array_to_img: expected 1, 3 or 4 channels; got {x.shape[2]} in shape {x.shape}.")
    if x.shape[2] == 1:
        return pillow.fromarray(x[:, :, 0].astype("int32" if x.max() > 255 else "uint8"))
    return pillow.fromarray(x.astype("uint8"))


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> np.ndarray:
    """An array out of an image of Pillow.

    Args:
        img: The image.
        data_format: Where the channels go: "channels_last" or "channels_first"; None for what is set.
        dtype: The dtype; None for floatx.

    Returns:
        A NumPy array with three axes.
    """
    x = np.asarray(img, dtype or floatx())
    if x.ndim not in (2, 3):
        raise ArgumentError(f"img_to_array: expected an image; got an array of shape {x.shape}.")
    x = x[..., None] if x.ndim == 2 else x
    return x.transpose(2, 0, 1) if is_channels_first(data_format) else x


def save_img(
    path: Any, x: Any, data_format: str | None = None, file_format: str | None = None, scale: bool = True, **kwargs: Any
) -> None:
    """Write an array to a file as an image.

    Args:
        path: The file, or an open one.
        x: The array.
        data_format: Where the channels are: "channels_last" or "channels_first"; None for what is set.
        file_format: The format; None for that of the file's name.
        scale: Whether the smallest number becomes black and the largest white.
        **kwargs: Further arguments of Pillow's `save`.
    """
    if file_format is None and isinstance(path, (str, os.PathLike)):
        file_format = os.path.splitext(path)[1][1:]
    file_format = "jpeg" if (file_format or "").lower() == "jpg" else file_format
    image = array_to_img(x, data_format, scale)
    if image.mode == "RGBA" and (file_format or "").lower() == "jpeg":
        warnings.warn("save_img: JPEG has no transparency; the fourth channel is left out.", stacklevel=2)
        image = image.convert("RGB")
    image.save(path, format=file_format, **kwargs)


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """An image of Pillow out of a file.

    Args:
        path: The file, or its bytes in an `io.BytesIO`.
        color_mode: "rgb", "rgba" or "grayscale".
        target_size: Height and width; None for those that it has.
        interpolation: How it is resized: "nearest", "bilinear", "bicubic", "lanczos", "box" or "hamming".
        keep_aspect_ratio: Whether what does not fit is cut off, rather than squeezed in.

    Returns:
        The image.
    """
    pillow = need("PIL.Image", "images")
    if color_mode not in MODES:
        raise ArgumentError(f"load_img: expected color_mode to be one of {', '.join(MODES)}; got {color_mode!r}.")
    if isinstance(path, io.BytesIO):
        image = pillow.open(path)
    else:
        with open(path, "rb") as file:
            image = pillow.open(io.BytesIO(file.read()))
    if image.mode not in MODES[color_mode]:
        image = image.convert(MODES[color_mode][0])
    if target_size is None or image.size == (target_size[1], target_size[0]):
        return image
    if interpolation not in INTERPOLATIONS:
        raise ArgumentError(
            f"load_img: expected interpolation to be one of {', '.join(INTERPOLATIONS)}; got {interpolation!r}."
        )
    method = getattr(pillow.Resampling, interpolation.upper())
    box = _middle(image.size, (target_size[1], target_size[0])) if keep_aspect_ratio else None
    return image.resize((target_size[1], target_size[0]), method, box=box)


def _middle(size: tuple[int, int], target: tuple[int, int]) -> tuple[int, int, int, int]:
    """The largest part in the middle with the proportions of a target: left, top, right, bottom."""
    width, height = size
    wide, high = min(width, height * target[0] // target[1]), min(height, width * target[1] // target[0])
    left, top = (width - wide) // 2, (height - high) // 2
    return left, top, left + wide, top + high


def smart_resize(
    x: Any, size: tuple[int, int], interpolation: str = "bilinear", data_format: str = "channels_last", **kwargs: Any
) -> Any:
    """Images of another size, of which is cut off what does not fit, rather than squeezed in.

    Args:
        x: An image, or a batch of them.
        size: Height and width.
        interpolation: As for `ops.image.resize`.
        data_format: Where the channels are: "channels_last" or "channels_first".
        **kwargs: None are known.

    Returns:
        The images: a NumPy array of host data, an array of the framework of an array.

    >>> smart_resize(np.ones((4, 8, 3)), (2, 2)).shape
    (2, 2, 3)
    """
    if kwargs:
        raise ArgumentError(f"smart_resize: unknown arguments {', '.join(kwargs)}.")
    if len(size) != 2:
        raise ArgumentError(f"smart_resize: expected size to be height and width; got {size}.")
    shape = tuple(x.shape) if hasattr(x, "shape") else np.shape(x)
    if len(shape) not in (3, 4):
        raise ArgumentError(f"smart_resize: expected an image or a batch of images; got shape {shape}.")
    rows = len(shape) - (2 if is_channels_first(data_format) else 3)
    left, top, right, bottom = _middle((shape[rows + 1], shape[rows]), (size[1], size[0]))
    x = x if hasattr(x, "shape") else np.asarray(x)
    part = (slice(None),) * rows + (slice(top, max(bottom, top + 1)), slice(left, max(right, left + 1)))
    resized = ops.image.resize(x[part], size, interpolation=interpolation, data_format=data_format)
    return resized if isinstance(kind_or_none(type(x)), Backend) else np.asarray(ops.convert_to_numpy(resized))
