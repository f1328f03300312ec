"""Images of a batch that are mixed with each other, or with noise."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops, random
from ...errors import ArgumentError
from ..configuration import whole
from .colors import shuffled
from .image_layer import Draws, Frame, ImageLayer, Transformation


class MixUp(ImageLayer):
    """Each image is mixed in training with another of its batch, and so are their labels.

    Args:
        alpha: The parameter of the beta distribution from which the shares are drawn; with small ones, one image
            prevails.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        seed: A whole number; None for one that `set_random_seed` determines.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> data = {"images": np.ones((2, 1, 1, 1)), "labels": np.array([[1.0, 0.0], [1.0, 0.0]])}
    >>> MixUp()(data)["labels"]
    array([[1., 0.],
           [1., 0.]])
    """

    arguments = ("alpha",)

    def __init__(self, alpha: float = 0.2, data_format: str | None = None, seed: int | None = None, **kwargs: Any):
        super().__init__(seed, data_format, **kwargs)
        if not 0 < alpha <= 1:
            raise ArgumentError(f"MixUp: expected alpha to be above 0 and up to 1; got {alpha!r}.")
        self.alpha = alpha

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """The other image for each one, and the share of each one."""
        weight = random.beta((frame.batch,), self.alpha, self.alpha, "float64", draws)
        return {"mix_weight": weight, "permutation_order": shuffled(frame.batch, draws)}

    def _mixed(self, x: Any, transformation: Transformation) -> Any:
        dtype = ops.dtype(x) if ops.dtype(x).startswith("float") else "float32"
        x = ops.cast(x, dtype)
        shape = (-1, *(1 for _ in range(ops.ndim(x) - 1)))
        share = ops.reshape(ops.cast(transformation["mix_weight"], dtype), shape)
        others = ops.take(x, transformation["permutation_order"], 0)
        return ops.add(ops.multiply(share, x), ops.multiply(ops.subtract(1.0, share), others))

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images, mixed."""
        return self._mixed(images, transformation)

    def change_masks(self, masks: Any, transformation: Transformation) -> Any:
        """The masks, mixed, as floats."""
        return self._mixed(masks, transformation)

    def change_labels(self, labels: Any, transformation: Transformation) -> Any:
        """The labels, mixed, as floats."""
        return self._mixed(labels, transformation)

    def transform_bounding_boxes(
        self, bounding_boxes: dict[str, Any], transformation: Transformation, training: bool = True
    ) -> dict[str, Any]:
        """The boxes of both images."""
        if not self._acts(transformation, training):
            return bounding_boxes
        order = transformation["permutation_order"]
        return {name: ops.concatenate([x, ops.take(x, order, 0)], axis=1) for name, x in bounding_boxes.items()}


def rectangles(layer: ImageLayer, frame: Frame, shares: tuple[Any, Any], draws: Draws) -> tuple[Any, Any]:
    """For each image a rectangle with given shares of width and height, at a place drawn at random.

    Returns:
        Arrays that broadcast to the images: where they are in the rectangle, and the share of the image outside.
    """
    inside, area = None, None
    for share, size, axis in zip(shares, (frame.width, frame.height), reversed(layer.size_axes), strict=True):
        length = ops.multiply(share, ops.cast(size, "float32"))
        room = ops.subtract(ops.cast(size, "float32"), length)
        begin = ops.multiply(draws.uniform((frame.batch,), 0.0, 1.0), room)
        begin, end = (ops.reshape(x, (-1, 1, 1, 1)) for x in (begin, ops.add(begin, length)))
        shape = [1, 1, 1, 1]
        shape[axis] = -1
        places = ops.reshape(ops.arange(size, dtype="float32"), shape)
        within = ops.logical_and(ops.greater_equal(places, begin), ops.less(places, end))
        inside = within if inside is None else ops.logical_and(inside, within)
        area = share if area is None else ops.multiply(area, share)
    return inside, ops.reshape(ops.subtract(1.0, area), (-1, 1, 1, 1))


class CutMix(ImageLayer):
    """A rectangle of each image is replaced in training by that of another of its batch; labels are mixed likewise.

    Args:
        factor: The range of the parameter of the beta distribution from which the shares are drawn; one number for
            its end.
        seed: A whole number; None for one that `set_random_seed` determines.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer.

    >>> CutMix()({"images": np.ones((2, 3, 3, 1)), "labels": np.array([[1.0], [1.0]])})["labels"]
    array([[1.],
           [1.]])
    """

    arguments = ("factor",)

    def __init__(self, factor: Any = 1.0, seed: int | None = None, data_format: str | None = None, **kwargs: Any):
        super().__init__(seed, data_format, **kwargs)
        self.factor = self.bounds("factor", factor, 0.0, 1.0)

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """The other image for each one, the rectangles, and what share of each image remains."""
        alpha = ops.add(draws.uniform((), *self.factor), 1e-6)
        weight = random.beta((frame.batch,), alpha, alpha, "float64", draws)
        side = ops.sqrt(ops.subtract(1.0, weight))
        inside, remains = rectangles(self, frame, (side, side), draws)
        return {"permutation_order": shuffled(frame.batch, draws), "batch_masks": inside, "mix_weight": remains}

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images with rectangles of others."""
        others = ops.take(images, transformation["permutation_order"], 0)
        return ops.where(transformation["batch_masks"], others, images)

    def change_masks(self, masks: Any, transformation: Transformation) -> Any:
        """The masks with rectangles of others."""
        return self.change(masks, transformation)

    def change_labels(self, labels: Any, transformation: Transformation) -> Any:
        """The labels, mixed."""
        dtype = ops.dtype(labels) if ops.dtype(labels).startswith("float") else "float32"
        labels = ops.cast(labels, dtype)
        shape = (-1, *(1 for _ in range(ops.ndim(labels) - 1)))
        share = ops.reshape(ops.cast(transformation["mix_weight"], dtype), shape)
        others = ops.take(labels, transformation["permutation_order"], 0)
        return ops.add(ops.multiply(share, labels), ops.multiply(ops.subtract(1.0, share), others))

    def transform_bounding_boxes(
        self, bounding_boxes: dict[str, Any], transformation: Transformation, training: bool = True
    ) -> dict[str, Any]:
        """There is no answer to what becomes of boxes in a rectangle that is replaced."""
        raise ArgumentError(f"{self.name}: images with bounding boxes cannot be mixed by CutMix. Leave out the boxes.")


class RandomErasing(ImageLayer):
    """A rectangle of images is replaced in training, with a probability drawn at random.

    Args:
        factor: The range of the probability; one number for its end.
        scale: The range of the square of the sides of the rectangle, as shares of width and height.
        fill_value: What stands there: a number, one for each channel, or None for noise.
        value_range: The least and the greatest value of images.
        seed: A whole number; None for one that `set_random_seed` determines.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> layer = RandomErasing((1.0, 1.0), scale=(1.0, 1.0), fill_value=7.0)
    >>> ops.reshape(layer(np.zeros((1, 2, 1))), (-1,))
    array([7., 7.], dtype=float32)
    """

    arguments = ("factor", "scale", "fill_value", "value_range")

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = (0.02, 0.33),
        fill_value: Any = None,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(seed, data_format, **kwargs)
        self.factor = self.bounds("factor", factor, 0.0, 1.0)
        self.scale = self.bounds("scale", scale, 0.0, 1.0)
        self.fill_value = fill_value
        self.value_range = self.value_range_of(value_range)

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """Which images get a rectangle, where, and what stands there."""
        across, down = (ops.sqrt(draws.uniform((frame.batch,), *self.scale)) for _ in range(2))
        inside, _ = rectangles(self, frame, (across, down), draws)
        chosen = draws.chosen(frame.batch, self.factor)
        if self.fill_value is None:
            noise = random.normal(frame.shape, 0.0, 1.0, "float64", draws)
            fill = ops.multiply(noise, float(self.value_range[1]))
        else:
            fill = np.asarray(self.fill_value, "float32").reshape(self._shape_of_channels())
        return {"apply_erasing": chosen, "batch_masks": inside, "fill_value": ops.clip(fill, *self.value_range)}

    def _shape_of_channels(self) -> tuple[int, ...]:
        return (1, -1, 1, 1) if self.data_format == "channels_first" else (1, 1, 1, -1)

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images, some with a rectangle."""
        fill = ops.cast(transformation["fill_value"], self.compute_dtype)
        erased = ops.where(transformation["batch_masks"], fill, images)
        return self.where(transformation["apply_erasing"], erased, images)


class MaxNumBoundingBoxes(ImageLayer):
    """As many boxes for each image: those too many are left out, and others filled in.

    Args:
        max_number: How many.
        fill_value: The number of which boxes and labels consist that are filled in.
        **kwargs: Arguments of every layer, `data_format` and `bounding_box_format`.

    >>> boxes = {"boxes": np.ones((1, 1, 4)), "labels": np.array([[3]])}
    >>> layer = MaxNumBoundingBoxes(3, bounding_box_format="xyxy")
    >>> layer({"images": np.ones((1, 2, 2, 1)), "bounding_boxes": boxes})["bounding_boxes"]["labels"]
    array([[ 3, -1, -1]])
    """

    draws = False
    arguments = ("max_number", "fill_value")

    def __init__(self, max_number: int, fill_value: float = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.max_number = whole(self, "max_number", max_number)
        self.fill_value = fill_value

    def transform_bounding_boxes(
        self, bounding_boxes: dict[str, Any], transformation: Transformation, training: bool = True
    ) -> dict[str, Any]:
        """The boxes, as many for each image."""
        missing = max(self.max_number - ops.shape(bounding_boxes["boxes"])[1], 0)
        changed = {}
        for name, x in bounding_boxes.items():
            margins = [(0, missing) if axis == 1 else (0, 0) for axis in range(ops.ndim(x))]
            changed[name] = ops.pad(x[:, : self.max_number], margins, constant_values=self.fill_value)
        return changed
