"""Images in other colors: brighter, of more contrast, more or less colorful."""

from __future__ import annotations

from typing import Any

from ... import ops, random
from .image_layer import Draws, Frame, ImageLayer, Transformation


class ColorLayer(ImageLayer):
    """The base of the layers that change values and leave things where they are, with values in a range.

    The range of what is drawn is `factor`; `limits` says within what it has to be.
    """

    limits: tuple[float, float] = (0.0, 1.0)
    both_ways = False

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), data_format: Any = None, seed: Any = None, **kwargs: Any
    ):
        super().__init__(seed, data_format, **kwargs)
        self.factor = self.bounds("factor", factor, *self.limits, both_ways=self.both_ways)
        self.value_range = self.value_range_of(value_range)

    arguments = ("factor", "value_range")


class RandomBrightness(ColorLayer):
    """Each image becomes brighter or darker in training by an amount drawn at random.

    Args:
        factor: The range of what is added, as a share of the range of values, or one number for both ways.
        value_range: The least and the greatest value of images.
        seed: A whole number; None for one that `set_random_seed` determines.
        **kwargs: Arguments of every layer, `data_format` and `bounding_box_format`.

    >>> ops.reshape(RandomBrightness((0.2, 0.2))(np.array([[[0.0], [230.0]]])), (-1,))
    array([ 51., 255.], dtype=float32)
    """

    takes_any_batch = True
    limits = (-1.0, 1.0)
    both_ways = True

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any):
        super().__init__(factor, value_range, kwargs.pop("data_format", None), seed, **kwargs)

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """What is added to each image."""
        low, high = self.value_range
        return {"rgb_delta": ops.multiply(draws.uniform(frame.ones, *self.factor), high - low)}

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images, brighter or darker."""
        return self.clipped(ops.add(images, self.for_each(transformation["rgb_delta"])))


class RandomContrast(ColorLayer):
    """The values of each channel are brought closer to their mean or further from it in training.

    Args:
        factor: Up to how much less than 1, and up to how much more, their distances from the mean are multiplied by;
            one number for both.
        value_range: The least and the greatest value of images.
        seed: A whole number; None for one that `set_random_seed` determines.
        **kwargs: Arguments of every layer, `data_format` and `bounding_box_format`.

    >>> ops.reshape(RandomContrast((0.0, 0.0))(np.array([[[10.0], [30.0]]])), (-1,))
    array([10., 30.], dtype=float32)
    """

    takes_any_batch = True

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any):
        super().__init__(factor, value_range, kwargs.pop("data_format", None), seed, **kwargs)

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """The factor of each image."""
        return {"contrast_factor": draws.uniform(frame.ones, 1.0 - self.factor[0], 1.0 + self.factor[1])}

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images, with more or less contrast."""
        mean = ops.mean(images, self.size_axes, keepdims=True)
        factor = self.for_each(transformation["contrast_factor"])
        return self.clipped(ops.add(ops.multiply(ops.subtract(images, mean), factor), mean))


class RandomColorDegeneration(ColorLayer):
    """The colors of each image are mixed with their gray in training.

    Args:
        factor: The range of the share of gray, or one number for both ways.
        value_range: The least and the greatest value of images.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        seed: A whole number; None for one that `set_random_seed` determines.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> ops.reshape(ops.round(RandomColorDegeneration((1.0, 1.0))(np.array([[[100.0, 0.0, 0.0]]])), 1), (-1,))
    array([29.9, 29.9, 29.9], dtype=float32)
    """

    limits = (-1.0, 1.0)
    both_ways = True

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """The share of gray in each image."""
        return {"factor": draws.uniform(frame.ones, *self.factor)}

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images, with duller colors."""
        gray = ops.image.rgb_to_grayscale(images, self.data_format)
        share = self.for_each(transformation["factor"])
        return self.clipped(ops.add(images, ops.multiply(share, ops.subtract(gray, images))))


class RandomGrayscale(ImageLayer):
    """Images lose their colors in training with a given probability; they keep their channels.

    Args:
        factor: The probability.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        seed: A whole number; None for one that `set_random_seed` determines.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> ops.reshape(ops.round(RandomGrayscale(1.0)(np.array([[[100.0, 0.0, 0.0]]])), 1), (-1,))
    array([29.9, 29.9, 29.9], dtype=float32)
    """

    arguments = ("factor",)

    def __init__(self, factor: float = 0.5, data_format: str | None = None, seed: int | None = None, **kwargs: Any):
        super().__init__(seed, data_format, **kwargs)
        self.bounds("factor", factor, 0.0, 1.0)
        self.factor = factor

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """Which images lose their colors."""
        return {"should_apply": ops.less(draws.uniform(frame.ones, 0.0, 1.0), self.factor)}

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images, some of them gray."""
        gray = ops.image.rgb_to_grayscale(images, self.data_format)
        return self.where(transformation["should_apply"], gray, images)


class HsvLayer(ColorLayer):
    """The base of the layers that change hue or saturation."""

    place: int
    """Which of hue, saturation and value changes."""

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images, in other colors."""
        low, high = self.value_range
        colors = ops.image.rgb_to_hsv(ops.divide(ops.subtract(images, low), high - low), self.data_format)
        channels = ops.unstack(colors, 3, axis=self.channel_axis)
        factor = ops.cast(ops.reshape(transformation["factor"], (-1, 1, 1)), self.compute_dtype)
        channels[self.place] = self._changed(channels[self.place], factor)
        changed = ops.image.hsv_to_rgb(ops.stack(channels, axis=self.channel_axis), self.data_format)
        return self.clipped(ops.add(ops.multiply(changed, high - low), low))

    def _changed(self, channel: Any, factor: Any) -> Any:
        raise NotImplementedError


class RandomHue(HsvLayer):
    """The hues of each image are turned in training by an angle drawn at random.

    Args:
        factor: The range of the angle in half turns, to either side; one number for its end.
        value_range: The least and the greatest value of images.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        seed: A whole number; None for one that `set_random_seed` determines.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> ops.round(ops.reshape(RandomHue((0.0, 0.0))(np.array([[[100.0, 50.0, 0.0]]])), (-1,)), 3)
    array([100.,  50.,   0.], dtype=float32)
    """

    place = 0

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """The angle of each image, in full turns."""
        size = draws.uniform((frame.batch,), *(0.5 * factor for factor in self.factor))
        left = ops.less(draws.uniform((frame.batch,), 0.0, 1.0), 0.5)
        return {"factor": ops.where(left, ops.negative(size), size)}

    def _changed(self, channel: Any, factor: Any) -> Any:
        return ops.mod(ops.add(channel, factor), 1.0)


class RandomSaturation(HsvLayer):
    """The saturation of each image changes in training by a factor drawn at random.

    Args:
        factor: The range of what is drawn, or one number for both ways: 0 makes an image gray, 0.5 leaves it as it is,
            1 gives the brightest colors.
        value_range: The least and the greatest value of images.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        seed: A whole number; None for one that `set_random_seed` determines.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> ops.reshape(RandomSaturation((0.0, 0.0))(np.array([[[100.0, 50.0, 0.0]]])), (-1,))
    array([100., 100., 100.], dtype=float32)
    """

    place = 1
    limits = (-1.0, 1.0)
    both_ways = True

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """What the saturation of each image is multiplied by: from 0 to any number."""
        drawn = draws.uniform((frame.batch,), *self.factor)
        return {"factor": ops.divide(drawn, ops.add(ops.subtract(1.0, drawn), 1e-7))}

    def _changed(self, channel: Any, factor: Any) -> Any:
        return ops.clip(ops.multiply(channel, factor), 0.0, 1.0)


class RandomColorJitter(ImageLayer):
    """Brightness, contrast, saturation and hue of images change in training.

    Args:
        value_range: The least and the greatest value of images.
        brightness_factor: As RandomBrightness takes it; None for no change.
        contrast_factor: As RandomContrast takes it; None for no change.
        saturation_factor: As RandomSaturation takes it; None for no change.
        hue_factor: As RandomHue takes it; None for no change.
        seed: A whole number; None for one that `set_random_seed` determines.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> ops.reshape(RandomColorJitter(brightness_factor=(0.2, 0.2))(np.array([[[0.0], [230.0]]])), (-1,))
    array([ 51., 255.], dtype=float32)
    """

    arguments = ("value_range", "brightness_factor", "contrast_factor", "saturation_factor", "hue_factor")

    def __init__(
        self,
        value_range: Any = (0, 255),
        brightness_factor: Any = None,
        contrast_factor: Any = None,
        saturation_factor: Any = None,
        hue_factor: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(seed, data_format, **kwargs)
        self.value_range = self.value_range_of(value_range)
        self.brightness_factor, self.contrast_factor = brightness_factor, contrast_factor
        self.saturation_factor, self.hue_factor = saturation_factor, hue_factor
        wanted = {
            RandomBrightness: brightness_factor,
            RandomContrast: contrast_factor,
            RandomSaturation: saturation_factor,
            RandomHue: hue_factor,
        }
        options = {"value_range": value_range, "seed": 0, "data_format": self.data_format, "dtype": self.dtype_policy}
        self._steps = [layer(factor, **options) for layer, factor in wanted.items() if factor is not None]

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """What each step draws."""
        return {"steps": [step.draw(frame, draws) for step in self._steps]}

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images after all steps."""
        for step, drawn in zip(self._steps, transformation["steps"], strict=True):
            images = step.change(images, drawn)
        return images


def shuffled(count: Any, draws: Draws) -> Any:
    """The numbers below a count in an order drawn at random, int32."""
    return ops.cast(random.shuffle(ops.arange(count, dtype="int32"), seed=draws), "int32")
