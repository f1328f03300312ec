"""Images that are sharper or blurred."""

from __future__ import annotations

from typing import Any

from ... import ops
from ...errors import ArgumentError
from ..configuration import whole_numbers
from .colors import ColorLayer
from .image_layer import Draws, Frame, Transformation


def filtered(layer: Any, images: Any, taps: list[Any], axis: int) -> Any:
    """Images with each element along an axis replaced by a weighted sum of those around it; 0 beyond the edges."""
    margin = len(taps) // 2
    size = ops.shape(images)[axis]
    padded = ops.pad(images, [(margin, margin) if place == axis else (0, 0) for place in range(4)])
    total: Any = None
    for offset, tap in enumerate(taps):
        part = padded[tuple(slice(offset, offset + size) if place == axis else slice(None) for place in range(4))]
        term = ops.multiply(part, tap)
        total = term if total is None else ops.add(total, term)
    return total


class RandomSharpness(ColorLayer):
    """Each image becomes sharper or less sharp in training, by an amount drawn at random.

    Args:
        factor: The range of what is drawn: 0 blurs an image, 0.5 leaves it as it is, 1 sharpens it; one number for
            the end of the range.
        value_range: The least and the greatest value of images.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        seed: A whole number; None for one that `set_random_seed` determines.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> ops.reshape(RandomSharpness((0.5, 0.5))(np.array([[[10.0], [30.0], [20.0]]])), (-1,))
    array([10., 30., 20.], dtype=float32)
    """

    takes_any_batch = True

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """The amount of each image."""
        return {"factor": draws.uniform((frame.batch,), *self.factor)}

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images, sharper or less sharp."""
        ones = images
        for axis in self.size_axes:
            ones = filtered(self, ones, [1.0, 1.0, 1.0], axis)
        smooth = ops.divide(ops.add(ones, ops.multiply(images, 4.0)), 13.0)
        share = ops.multiply(self.for_each(transformation["factor"]), 2.0)
        return self.clipped(ops.add(smooth, ops.multiply(ops.subtract(images, smooth), share)))


class RandomGaussianBlur(ColorLayer):
    """Images are blurred in training, with a probability and by an amount drawn at random.

    Args:
        factor: The range of the probability; one number for its end.
        kernel_size: How many pixels around, an odd number, or one for width and one for height, take part.
        sigma: The range of the standard deviation of the blur; one number for its end.
        value_range: The least and the greatest value of images.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        seed: A whole number; None for one that `set_random_seed` determines.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> layer = RandomGaussianBlur((1.0, 1.0), sigma=(9.0, 9.0))
    >>> ops.round(ops.reshape(layer(np.array([[[0.0]], [[9.0]], [[0.0]]])), (-1,)), 1)
    array([1., 1., 1.], dtype=float32)
    """

    takes_any_batch = True
    arguments = ("factor", "kernel_size", "sigma", "value_range")

    def __init__(
        self,
        factor: Any = 1.0,
        kernel_size: Any = 3,
        sigma: Any = 1.0,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(factor, value_range, data_format, seed, **kwargs)
        self.kernel_size = whole_numbers(self, "kernel_size", kernel_size, 2)
        if any(size % 2 == 0 for size in self.kernel_size):
            raise ArgumentError(f"RandomGaussianBlur: expected kernel_size to be odd; got {kernel_size!r}.")
        self.sigma = self.bounds("sigma", sigma, 0.0, float("inf"))

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """Which images are blurred, and the standard deviations along width and height."""
        return {
            "should_apply_blur": draws.chosen(frame.batch, self.factor),
            "blur_factor": draws.uniform((2,), *self.sigma),
        }

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images, some blurred."""
        blurred = images
        sigmas = ops.unstack(ops.cast(transformation["blur_factor"], self.compute_dtype), 2)
        for axis, size, sigma in zip(reversed(self.size_axes), self.kernel_size, sigmas, strict=True):
            distances = [float(offset - size // 2) for offset in range(size)]
            sigma = ops.maximum(sigma, 1e-6)
            taps = [ops.exp(ops.multiply(-0.5, ops.square(ops.divide(distance, sigma)))) for distance in distances]
            whole = taps[0]
            for tap in taps[1:]:
                whole = ops.add(whole, tap)
            blurred = filtered(self, blurred, [ops.divide(tap, whole) for tap in taps], axis)
        return self.clipped(self.where(transformation["should_apply_blur"], blurred, images))
