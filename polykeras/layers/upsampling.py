"""Layers that repeat, or interpolate, along the axes of sequences, images and volumes."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ArgumentError
from .configuration import data_format as checked_data_format
from .configuration import described, whole, whole_numbers
from .input_spec import InputSpec
from .layer import Layer


class UpSampling(Layer):
    """The base of the layers that repeat along axes."""

    def __init__(self, factors: tuple[int, ...], data_format: str | None, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = checked_data_format(self, data_format)
        first = 2 if self.data_format == "channels_first" else 1
        self._factors = [(axis, factor) for axis, factor in enumerate(factors, first) if factor > 1]
        self.input_spec = InputSpec(ndim=len(factors) + 2)

    def call(self, inputs: Any) -> Any:
        """The larger arrays."""
        for axis, factor in self._factors:
            inputs = ops.repeat(inputs, factor, axis)
        return inputs


class UpSampling1D(UpSampling):
    """Sequences of which each timestep is repeated.

    Args:
        size: How often.
        **kwargs: Arguments of every layer.

    >>> UpSampling1D(2)(np.array([[[1.0], [2.0]]], "float32"))[0, :, 0]
    array([1., 1., 2., 2.], dtype=float32)
    """

    def __init__(self, size: int = 2, **kwargs: Any):
        self.size = whole(self, "size", size)
        super().__init__((self.size,), "channels_last", **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "size")}


_INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")


class UpSampling2D(UpSampling):
    """Images enlarged by whole factors.

    Args:
        size: The factors for height and width, or one for both.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        interpolation: "nearest", which repeats pixels, "bilinear", "bicubic", "lanczos3" or "lanczos5".
        **kwargs: Arguments of every layer.

    >>> UpSampling2D((2, 3))(Spec((None, 14, 14, 8)))
    Spec((batch, 28, 42, 8), 'float32')
    """

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ):
        self.size = whole_numbers(self, "size", size, 2)
        super().__init__(self.size, data_format, **kwargs)
        self.interpolation = interpolation.lower()
        if self.interpolation not in _INTERPOLATIONS:
            raise ArgumentError(
                f"UpSampling2D: expected interpolation to be one of {', '.join(_INTERPOLATIONS)}; got "
                f"{interpolation!r}."
            )

    def call(self, inputs: Any) -> Any:
        """The larger images."""
        if self.interpolation == "nearest":
            return super().call(inputs)
        first = 2 if self.data_format == "channels_first" else 1
        height, width = ops.shape(inputs)[first : first + 2]
        size = (height * self.size[0], width * self.size[1])
        return ops.image.resize(inputs, size, self.interpolation, data_format=self.data_format)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "size", "data_format", "interpolation")}


class UpSampling3D(UpSampling):
    """Volumes of which each element is repeated along three axes.

    Args:
        size: How often along each axis, or along all of them.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer.

    >>> UpSampling3D(2)(Spec((None, 4, 4, 4, 8)))
    Spec((batch, 8, 8, 8, 8), 'float32')
    """

    def __init__(self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any):
        self.size = whole_numbers(self, "size", size, 3)
        super().__init__(self.size, data_format, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "size", "data_format")}
