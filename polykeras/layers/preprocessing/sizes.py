"""Images of another size: resized, or a part of them."""

from __future__ import annotations

from typing import Any

from ... import ops
from ...errors import ArgumentError
from ...spec import Dim
from ..configuration import whole
from .image_layer import Draws, Frame, ImageLayer, Transformation

METHODS = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")


class Sized(ImageLayer):
    """The base of the layers whose images have a size that is given."""

    draws = False

    def __init__(self, height: int, width: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.height, self.width = whole(self, "height", height), whole(self, "width", width)

    def size_after(self, height: Any, width: Any) -> tuple[Any, Any]:
        """The size that was given."""
        return self.height, self.width

    def fitted(self, images: Any, interpolation: str, **options: Any) -> Any:
        """The images, resized."""
        size = (self.height, self.width)
        return ops.image.resize(images, size, interpolation, data_format=self.data_format, **options)

    def part(self, images: Any, top: Any, left: Any) -> Any:
        """The part of the given size that begins at a place."""
        first = self.data_format == "channels_first"
        batch, *sizes = ops.shape(images)
        shape = (sizes[0], self.height, self.width) if first else (self.height, self.width, sizes[2])
        starts = [0, 0, top, left] if first else [0, top, left, 0]
        if isinstance(top, int) and isinstance(left, int):
            slices = [slice(None)] * 4
            for axis, start, size in zip(self.size_axes, (top, left), (self.height, self.width), strict=True):
                slices[axis] = slice(start, start + size)
            return images[tuple(slices)]
        return ops.slice(images, ops.stack([ops.cast(start, "int32") for start in starts]), (batch, *shape))

    def largest_window(self, height: int, width: int) -> tuple[float, float, float, float]:
        """Left, top, width and height of the largest part with the form of the result, in the middle."""
        down = max(min(height, int(width * self.height / self.width)), 1)
        across = max(min(width, int(height * self.width / self.height)), 1)
        return (width - across) // 2, (height - down) // 2, across, down

    def boxes_in_window(self, corners: Any, window: tuple[Any, Any, Any, Any]) -> Any:
        """Boxes as they are when a part of the image is stretched to the given size."""
        left, top, across, down = window
        columns = ops.unstack(corners, 4, axis=-1)
        scales = (self.width / across, self.height / down) * 2
        return ops.stack(
            [
                ops.multiply(ops.subtract(column, offset), scale)
                for column, offset, scale in zip(columns, (left, top) * 2, scales, strict=True)
            ],
            axis=-1,
        )


class Resizing(Sized):
    """Images resized.

    Args:
        height: The height of the results.
        width: Their width.
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5".
        crop_to_aspect_ratio: Whether things keep their form, and what does not fit is cut off.
        pad_to_aspect_ratio: Whether things keep their form, and what is missing is filled.
        fill_mode: Must be "constant".
        fill_value: What is filled in.
        antialias: Whether details are smoothed that are too small for a smaller image.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> ops.reshape(Resizing(1, 2, interpolation="nearest")(np.arange(8.0).reshape(1, 2, 4, 1)), (-1,))
    array([5., 7.], dtype=float32)
    """

    takes_any_batch = True
    arguments = (
        *("height", "width", "interpolation", "crop_to_aspect_ratio", "pad_to_aspect_ratio"),
        *("fill_mode", "fill_value", "antialias"),
    )

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(height, width, data_format=data_format, **kwargs)
        if interpolation not in METHODS:
            raise ArgumentError(
                f"Resizing: expected interpolation to be one of {', '.join(METHODS)}; got {interpolation!r}."
            )
        if fill_mode != "constant":
            raise ArgumentError(f"Resizing: expected fill_mode='constant'; got {fill_mode!r}.")
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ArgumentError(
                "Resizing: expected at most one of crop_to_aspect_ratio and pad_to_aspect_ratio; got both."
            )
        self.interpolation, self.antialias = interpolation, antialias
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = crop_to_aspect_ratio, pad_to_aspect_ratio
        self.fill_mode, self.fill_value = fill_mode, fill_value

    def _resized(self, images: Any, interpolation: str) -> Any:
        return self.fitted(
            images,
            interpolation,
            antialias=self.antialias,
            crop_to_aspect_ratio=self.crop_to_aspect_ratio,
            pad_to_aspect_ratio=self.pad_to_aspect_ratio,
            fill_value=self.fill_value,
        )

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images, resized."""
        return self._resized(images, self.interpolation)

    def change_masks(self, masks: Any, transformation: Transformation) -> Any:
        """The masks, resized."""
        return self._resized(masks, "nearest")

    def change_boxes(self, corners: Any, transformation: Transformation) -> Any:
        """The boxes, as far from each other as things in the results are."""
        height, width = self._size(transformation)
        if self.crop_to_aspect_ratio:
            return self.boxes_in_window(corners, self.largest_window(height, width))
        if not self.pad_to_aspect_ratio:
            return self.boxes_in_window(corners, (0, 0, width, height))
        scale = min(self.height / height, self.width / width)
        left, top = ((self.width - width * scale) // 2, (self.height - height * scale) // 2)
        return ops.add(ops.multiply(corners, scale), ops.cast([left, top, left, top], "float32"))


class CenterCrop(Sized):
    """The middle of images. Of those that are too small, the largest part of the right form is resized.

    Args:
        height: The height of the results.
        width: Their width.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> ops.reshape(CenterCrop(1, 2)(np.arange(12.0).reshape(1, 3, 4, 1)), (-1,))
    array([5., 6.], dtype=float32)
    """

    arguments = ("height", "width")

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any):
        super().__init__(height, width, data_format=data_format, **kwargs)

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The middle of the images."""
        return self._middle(images, "bilinear")

    def change_masks(self, masks: Any, transformation: Transformation) -> Any:
        """The middle of the masks."""
        return self._middle(masks, "nearest")

    def _middle(self, images: Any, interpolation: str) -> Any:
        frame = Frame(ops.shape(images), self.data_format)
        if fits_into(self, frame.height, frame.width):
            return self.part(images, (frame.height - self.height) // 2, (frame.width - self.width) // 2)
        return self.fitted(images, interpolation, crop_to_aspect_ratio=True)

    def change_boxes(self, corners: Any, transformation: Transformation) -> Any:
        """The boxes, as they are in the middle."""
        height, width = self._size(transformation)
        if fits_into(self, height, width):
            window = ((width - self.width) // 2, (height - self.height) // 2, self.width, self.height)
            return self.boxes_in_window(corners, window)
        return self.boxes_in_window(corners, self.largest_window(height, width))


def fits_into(layer: Sized, height: Any, width: Any) -> bool:
    """Whether the size that was given fits into images of another, as far as that is known."""
    return all(
        not isinstance(own, int) or isinstance(own, Dim) or own >= wanted
        for own, wanted in ((height, layer.height), (width, layer.width))
    )


class RandomCrop(Sized):
    """A part of images, drawn at random in training, the same for all of a batch.

    In inference, and of images that are too small, the largest part of the right form is resized.

    Args:
        height: The height of the results.
        width: Their width.
        seed: A whole number; None for one that `set_random_seed` determines.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        name: A name; None for one that is made up.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> ops.reshape(RandomCrop(1, 2, seed=3)(np.arange(12.0).reshape(1, 3, 4, 1), training=True), (-1,))
    array([0., 1.], dtype=float32)
    """

    draws = True
    arguments = ("height", "width")

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(height, width, seed=seed, data_format=data_format, name=name, **kwargs)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Transformation:
        """The place of the part, or None for the largest one in the middle."""
        images = data["images"] if isinstance(data, dict) else data
        frame = Frame(ops.shape(images), self.data_format)
        if training and fits_into(self, frame.height, frame.width):
            return super().get_random_transformation(data, training, seed)
        return {"input_shape": frame.shape}

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """Where the part begins."""
        spans = ((frame.height, self.height), (frame.width, self.width))
        top, left = (_place(draws, ops.subtract(size, own)) for size, own in spans)
        return {"top": top, "left": left}

    def _acts(self, transformation: Transformation, training: bool) -> bool:
        return True

    def _chosen(self, images: Any, transformation: Transformation, interpolation: str) -> Any:
        if "top" in transformation:
            return self.part(images, transformation["top"], transformation["left"])
        return self.fitted(images, interpolation, crop_to_aspect_ratio=True)

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The part of the images."""
        return self._chosen(images, transformation, "bilinear")

    def change_masks(self, masks: Any, transformation: Transformation) -> Any:
        """The part of the masks."""
        return self._chosen(masks, transformation, "nearest")

    def change_boxes(self, corners: Any, transformation: Transformation) -> Any:
        """The boxes, as they are in the part."""
        if "top" not in transformation:
            return self.boxes_in_window(corners, self.largest_window(*self._size(transformation)))
        left, top = (ops.cast(transformation[name], "float32") for name in ("left", "top"))
        return self.boxes_in_window(corners, (left, top, self.width, self.height))


def _place(draws: Draws, room: Any) -> Any:
    """A whole number from 0 to the room that there is."""
    places = ops.add(ops.cast(room, "float32"), 1.0)
    drawn = ops.floor(ops.multiply(draws.uniform((), 0.0, 1.0), places))
    return ops.cast(ops.minimum(drawn, ops.cast(room, "float32")), "int32")
