"""Images seen from another side, or as if printed on rubber."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import ops, random
from ...ops.warping import homography
from .bounding_boxes import projected
from .geometry import Warp
from .image_layer import Draws, Frame, Transformation
from .sharpness import filtered


class RandomPerspective(Warp):
    """Images are seen from another side in training, with a probability and by an amount drawn at random.

    Args:
        factor: The range of the probability; one number for its end.
        scale: How far corners move at most, as a share of the whole image: half of it to either side.
        interpolation: "nearest" or "bilinear".
        fill_value: What is beyond the edges.
        seed: A whole number; None for one that `set_random_seed` determines.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> ops.reshape(RandomPerspective(scale=0.0)(np.arange(4.0).reshape(1, 2, 2, 1)), (-1,))
    array([0., 1., 2., 3.], dtype=float32)
    """

    arguments = ("factor", "scale", "interpolation", "fill_value")

    def __init__(
        self,
        factor: Any = 1.0,
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__("constant", interpolation, fill_value, seed, data_format, **kwargs)
        self.factor = self.bounds("factor", factor, 0.0, 1.0)
        self.bounds("scale", scale, 0.0, 1.0)
        self.scale = scale

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """Which images change, the corners of all, and where they move to."""
        x, y = (ops.cast(ops.subtract(size, 1), "float32") for size in (frame.width, frame.height))
        corners = ops.stack([ops.multiply([0.0, 1.0, 0.0, 1.0], x), ops.multiply([0.0, 0.0, 1.0, 1.0], y)], axis=-1)
        moves = draws.uniform((frame.batch, 4, 2), -0.5 * self.scale, 0.5 * self.scale)
        start = ops.add(ops.expand_dims(corners, 0), ops.zeros_like(moves))
        return {
            "apply_perspective": draws.chosen(frame.batch, self.factor),
            "start_points": start,
            "end_points": ops.multiply(start, ops.add(moves, 1.0)),
        }

    def _warped(self, images: Any, transformation: Transformation, interpolation: str) -> Any:
        points = transformation["start_points"], transformation["end_points"]
        options = {"fill_value": self.fill_value, "data_format": self.data_format}
        changed = ops.image.perspective_transform(images, *points, interpolation, **options)
        return self.where(transformation["apply_perspective"], changed, images)

    def change_boxes(self, corners: Any, transformation: Transformation) -> Any:
        """The boxes, moved as the images are."""
        points = (ops.cast(transformation[name], "float64") for name in ("end_points", "start_points"))
        moved = projected(corners, homography(*points))
        return ops.where(ops.reshape(transformation["apply_perspective"], (-1, 1, 1)), moved, corners)


class RandomElasticTransform(Warp):
    """Images are deformed in training as if printed on rubber, with a probability and by an amount drawn at random.

    Args:
        factor: The range of the probability; one number for its end.
        scale: The range of the amount, the same for all of a batch; one number for its end.
        interpolation: "nearest" or "bilinear".
        fill_mode: What is beyond the edges: "constant", "nearest", "wrap", "reflect" or "mirror".
        fill_value: The constant.
        value_range: The least and the greatest value of images.
        seed: A whole number; None for one that `set_random_seed` determines.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> ops.shape(RandomElasticTransform()(np.ones((1, 8, 8, 1))))
    (1, 8, 8, 1)
    """

    arguments = ("factor", "scale", "interpolation", "fill_mode", "fill_value", "value_range")

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(fill_mode, interpolation, fill_value, seed, data_format, **kwargs)
        self.factor = self.bounds("factor", factor, 0.0, 1.0)
        self.scale = self.bounds("scale", scale, 0.0, 1.0)
        self.value_range = self.value_range_of(value_range)

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """Which images change, and by how much each pixel moves along width and height."""
        amount = ops.cast(draws.uniform((), *self.scale), "float64")
        deviation = ops.maximum(ops.multiply(amount, 0.05 * min(frame.height, frame.width)), 1e-6)
        strength = ops.multiply(amount, 0.1 * max(frame.height, frame.width))
        chosen = draws.chosen(frame.batch, self.factor)
        noise = random.normal((2, frame.batch, frame.height, frame.width), 0.0, 1.0, "float64", draws)
        reach = math.ceil(3 * 0.05 * min(frame.height, frame.width) * self.scale[1])
        distances = np.arange(-reach, reach + 1, dtype="float64")
        taps = ops.exp(ops.multiply(-0.5, ops.square(ops.divide(distances, deviation))))
        taps = ops.unstack(ops.divide(taps, ops.sum(taps)), 2 * reach + 1)
        moves = ops.multiply(noise, ops.multiply(deviation, strength))
        for axis in (2, 3):
            moves = filtered(self, moves, taps, axis)
        return {"apply_transform": chosen, "distortion_factor": amount, "moves": moves}

    def _warped(self, images: Any, transformation: Transformation, interpolation: str) -> Any:
        x = ops.moveaxis(images, self.channel_axis, -1)
        batch, height, width, channels = ops.shape(x)
        moves = transformation["moves"]
        places = [
            np.arange(batch, dtype="float64").reshape(-1, 1, 1),
            ops.add(moves[1], np.arange(height, dtype="float64")[:, None]),
            ops.add(moves[0], np.arange(width, dtype="float64")),
        ]
        room = ops.zeros((batch, height, width, channels), "float64")
        spread = [ops.add(ops.expand_dims(place, -1), room) for place in places]
        spread.append(ops.add(np.arange(channels, dtype="float64"), room))
        order = 0 if interpolation == "nearest" else 1
        changed = ops.image.map_coordinates(x, ops.stack(spread), order, self.fill_mode, self.fill_value)
        changed = ops.moveaxis(changed, -1, self.channel_axis)
        return self.where(transformation["apply_transform"], ops.cast(changed, ops.dtype(images)), images)

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images, deformed."""
        return self.clipped(super().change(images, transformation))

    def change_boxes(self, corners: Any, transformation: Transformation) -> Any:
        """The boxes stay: pixels move less than boxes are exact."""
        return None
