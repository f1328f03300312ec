"""Images that are flipped, turned, zoomed, shifted and sheared."""

from __future__ import annotations

import math
from typing import Any

from ... import ops
from ...errors import ArgumentError
from .bounding_boxes import inverse_of, projected
from .image_layer import Draws, Frame, ImageLayer, Transformation

FILL_MODES = ("constant", "nearest", "wrap", "reflect", "mirror")


class RandomFlip(ImageLayer):
    """Half of the images, drawn at random, are flipped in training.

    Args:
        mode: "horizontal" (left and right change places), "vertical" or "horizontal_and_vertical".
        seed: A whole number; None for one that `set_random_seed` determines.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> ops.reshape(RandomFlip("horizontal", seed=2)(np.arange(3.0).reshape(1, 1, 3, 1)), (-1,))
    array([2., 1., 0.], dtype=float32)
    """

    takes_any_batch = True
    arguments = ("mode",)

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(seed, data_format, **kwargs)
        if mode not in ("horizontal", "vertical", "horizontal_and_vertical"):
            raise ArgumentError(
                f"RandomFlip: expected mode to be horizontal, vertical or horizontal_and_vertical; got {mode!r}."
            )
        self.mode = mode

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """Which images are flipped."""
        return {"flips": ops.less_equal(draws.uniform(frame.ones, 0.0, 1.0), 0.5)}

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images, some flipped."""
        rows, columns = self.size_axes
        axes = [axis for axis, word in ((columns, "horizontal"), (rows, "vertical")) if word in self.mode]
        return self.where(transformation["flips"], ops.flip(images, axes), images)

    def change_masks(self, masks: Any, transformation: Transformation) -> Any:
        """The masks, some flipped."""
        return self.change(masks, transformation)

    def change_boxes(self, corners: Any, transformation: Transformation) -> Any:
        """The boxes, some flipped."""
        height, width = self._size(transformation)
        left, top, right, bottom = ops.unstack(corners, 4, axis=-1)
        if "horizontal" in self.mode:
            left, right = ops.subtract(width, right), ops.subtract(width, left)
        if "vertical" in self.mode:
            top, bottom = ops.subtract(height, bottom), ops.subtract(height, top)
        flipped = ops.stack([left, top, right, bottom], axis=-1)
        return ops.where(ops.reshape(transformation["flips"], (-1, 1, 1)), flipped, corners)


class Warp(ImageLayer):
    """The base of the layers that see images through a map of the plane."""

    def __init__(
        self, fill_mode: str, interpolation: str, fill_value: float, seed: Any, data_format: Any, **kwargs: Any
    ):
        super().__init__(seed, data_format, **kwargs)
        for name, value, known in (
            ("fill_mode", fill_mode, FILL_MODES),
            ("interpolation", interpolation, ("nearest", "bilinear")),
        ):
            if value not in known:
                raise ArgumentError(
                    f"{type(self).__name__}: expected {name} to be one of {', '.join(known)}; got {value!r}."
                )
        self.fill_mode, self.interpolation, self.fill_value = fill_mode, interpolation, fill_value

    def matrices(self, transformation: Transformation) -> Any:
        """For each image the eight numbers of the map from places of the result to those of the image."""
        raise NotImplementedError

    def _warped(self, images: Any, transformation: Transformation, interpolation: str) -> Any:
        return ops.image.affine_transform(
            *(images, self.matrices(transformation), interpolation, self.fill_mode, self.fill_value, self.data_format)
        )

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images, seen through the map."""
        return self._warped(images, transformation, self.interpolation)

    def change_masks(self, masks: Any, transformation: Transformation) -> Any:
        """The masks, seen through the map."""
        return self._warped(masks, transformation, "nearest")

    def change_boxes(self, corners: Any, transformation: Transformation) -> Any:
        """The boxes, moved as the images are."""
        return projected(corners, inverse_of(self.matrices(transformation)))


def rows_of(numbers: list[Any]) -> Any:
    """Eight numbers for each image, some of which are the same for all, as an array."""
    wide = [ops.cast(number, "float64") for number in numbers]
    total = wide[0]
    for number in wide[1:]:
        total = ops.add(total, number)
    zero = ops.zeros_like(total)
    return ops.stack([ops.add(number, zero) for number in wide], axis=-1)


class RandomRotation(Warp):
    """Each image is turned in training by an angle drawn at random.

    Args:
        factor: The range of the angle in full turns, counterclockwise, or one number for that to both sides.
        fill_mode: What is beyond the edges: "constant", "nearest", "wrap", "reflect" or "mirror".
        interpolation: "nearest" or "bilinear".
        seed: A whole number; None for one that `set_random_seed` determines.
        fill_value: The constant.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> layer = RandomRotation((0.25, 0.25))
    >>> ops.round(ops.reshape(layer(np.arange(4.0).reshape(1, 2, 2, 1)), (2, 2)), 3)
    array([[1., 3.],
           [0., 2.]], dtype=float32)
    """

    arguments = ("factor", "fill_mode", "fill_value", "interpolation")

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(fill_mode, interpolation, fill_value, seed, data_format, **kwargs)
        self.factor = self.bounds("factor", factor, -1.0, 1.0, both_ways=True)

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """The angle of each image, in degrees."""
        return {"angle": draws.uniform((frame.batch,), *(360.0 * turns for turns in self.factor))}

    def matrices(self, transformation: Transformation) -> Any:
        """For each image the map that turns it around its middle."""
        height, width = (ops.cast(size, "float64") for size in self._size(transformation))
        angle = ops.multiply(ops.cast(transformation["angle"], "float64"), math.pi / 180)
        cos, sin = ops.cos(angle), ops.sin(angle)
        x, y = (ops.divide(ops.subtract(size, 1.0), 2.0) for size in (width, height))
        across = ops.subtract(x, ops.subtract(ops.multiply(cos, x), ops.multiply(sin, y)))
        down = ops.subtract(y, ops.add(ops.multiply(sin, x), ops.multiply(cos, y)))
        return rows_of([cos, ops.negative(sin), across, sin, cos, down, 0.0, 0.0])


class RandomZoom(Warp):
    """Each image is zoomed in training by factors drawn at random.

    Args:
        height_factor: The range by which heights shrink (from 0 on) or grow (below 0), or one number for both ways.
        width_factor: The same for widths; None for the factor of the height, so that things keep their form.
        fill_mode: What is beyond the edges: "constant", "nearest", "wrap", "reflect" or "mirror".
        interpolation: "nearest" or "bilinear".
        seed: A whole number; None for one that `set_random_seed` determines.
        fill_value: The constant.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> ops.reshape(RandomZoom((1.0, 1.0), (0.0, 0.0), "constant")(np.ones((1, 4, 1, 1))), (-1,))
    array([0. , 1. , 1. , 0. ], dtype=float32)
    """

    arguments = ("height_factor", "width_factor", "fill_mode", "fill_value", "interpolation")

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(fill_mode, interpolation, fill_value, seed, data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        limits: dict[str, Any] = {"low": -1.0, "high": 1.0, "both_ways": True, "open_below": True}
        self._height = self.bounds("height_factor", height_factor, **limits)
        self._width = None if width_factor is None else self.bounds("width_factor", width_factor, **limits)

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """How many pixels of the image one pixel of the result is, in both directions."""
        down = draws.uniform((frame.batch, 1), *(1.0 + factor for factor in self._height))
        if self._width is None:
            return {"height_zoom": down, "width_zoom": down}
        across = draws.uniform((frame.batch, 1), *(1.0 + factor for factor in self._width))
        return {"height_zoom": down, "width_zoom": across}

    def matrices(self, transformation: Transformation) -> Any:
        """For each image the map that zooms from its middle."""
        rows = []
        for size, name in zip(self._size(transformation), ("height_zoom", "width_zoom"), strict=True):
            zoom = ops.reshape(ops.cast(transformation[name], "float64"), (-1,))
            middle = ops.divide(ops.subtract(ops.cast(size, "float64"), 1.0), 2.0)
            rows.append((zoom, ops.multiply(middle, ops.subtract(1.0, zoom))))
        (down, y), (across, x) = rows
        return rows_of([across, 0.0, x, 0.0, down, y, 0.0, 0.0])


class RandomTranslation(Warp):
    """Each image is shifted in training by amounts drawn at random.

    Args:
        height_factor: The range of the shift down, as a share of the height, or one number for both ways.
        width_factor: The range of the shift to the right, as a share of the width, or one number for both ways.
        fill_mode: What is beyond the edges: "constant", "nearest", "wrap", "reflect" or "mirror".
        interpolation: "nearest" or "bilinear".
        seed: A whole number; None for one that `set_random_seed` determines.
        fill_value: The constant.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> ops.reshape(RandomTranslation((0.0, 0.0), (0.5, 0.5), "wrap")(np.arange(4.0).reshape(1, 1, 4, 1)), (-1,))
    array([2., 3., 0., 1.], dtype=float32)
    """

    arguments = ("height_factor", "width_factor", "fill_mode", "fill_value", "interpolation")

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(fill_mode, interpolation, fill_value, seed, data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._height = self.bounds("height_factor", height_factor, -1.0, 1.0, both_ways=True)
        self._width = self.bounds("width_factor", width_factor, -1.0, 1.0, both_ways=True)

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """The shift of each image to the right and down, in pixels."""
        down = ops.multiply(draws.uniform((frame.batch, 1), *self._height), ops.cast(frame.height, "float32"))
        across = ops.multiply(draws.uniform((frame.batch, 1), *self._width), ops.cast(frame.width, "float32"))
        return {"translations": ops.concatenate([across, down], axis=1)}

    def matrices(self, transformation: Transformation) -> Any:
        """For each image the map that shifts it."""
        across, down = ops.unstack(ops.cast(transformation["translations"], "float64"), 2, axis=1)
        return rows_of([1.0, 0.0, ops.negative(across), 0.0, 1.0, ops.negative(down), 0.0, 0.0])


class RandomShear(Warp):
    """Each image is sheared in training by amounts drawn at random.

    Args:
        x_factor: The range of the shift along x, as a share of the distance from the upper edge, or one number for
            both ways.
        y_factor: The range of the shift along y, as a share of the distance from the left edge, or one number for
            both ways.
        interpolation: "nearest" or "bilinear".
        fill_mode: What is beyond the edges: "constant", "nearest", "wrap", "reflect" or "mirror".
        fill_value: The constant.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        seed: A whole number; None for one that `set_random_seed` determines.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> ops.reshape(RandomShear((1.0, 1.0))(np.arange(4.0).reshape(1, 2, 2, 1)), (2, 2))
    array([[0., 1.],
           [3., 3.]], dtype=float32)
    """

    arguments = ("x_factor", "y_factor", "fill_mode", "fill_value", "interpolation")

    def __init__(
        self,
        x_factor: Any = 0.0,
        y_factor: Any = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(fill_mode, interpolation, fill_value, seed, data_format, **kwargs)
        self.x_factor, self.y_factor = x_factor, y_factor
        self._along_x = self.bounds("x_factor", x_factor, 0.0, 1.0, both_ways=True)
        self._along_y = self.bounds("y_factor", y_factor, 0.0, 1.0, both_ways=True)

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """How far each image is sheared along x and y."""
        shears = [draws.uniform((frame.batch, 1), *factor) for factor in (self._along_x, self._along_y)]
        return {"shear_factor": ops.concatenate(shears, axis=1)}

    def matrices(self, transformation: Transformation) -> Any:
        """For each image the map that shears it."""
        along_x, along_y = ops.unstack(ops.cast(transformation["shear_factor"], "float64"), 2, axis=1)
        return rows_of([1.0, along_x, 0.0, along_y, 1.0, 0.0, 0.0, 0.0])
