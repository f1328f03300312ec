"""Pooling of everything: the greatest element or the mean of each channel."""

from __future__ import annotations

from typing import Any

from .. import ops
from .configuration import data_format as checked_data_format
from .configuration import described
from .input_spec import InputSpec
from .layer import Layer


class GlobalPooling(Layer):
    """A layer that makes one number of each channel, out of all positions on `rank` spatial axes."""

    rank: int

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = checked_data_format(self, data_format)
        self.keepdims = keepdims
        first = 1 if self.data_format == "channels_last" else 2
        self._spatial_axes = tuple(range(first, first + self.rank))
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**super().get_config(), **described(self, "data_format", "keepdims")}


class GlobalMaxPooling(GlobalPooling):
    """The greatest element of each channel, the body of `GlobalMaxPooling1D` and its like."""

    def call(self, inputs: Any) -> Any:
        """Find the greatest elements."""
        return ops.amax(inputs, self._spatial_axes, self.keepdims)


class GlobalAveragePooling(GlobalPooling):
    """The mean of each channel, the body of `GlobalAveragePooling1D` and its like."""

    def call(self, inputs: Any) -> Any:
        """Compute the means."""
        return ops.mean(inputs, self._spatial_axes, self.keepdims)


class GlobalMaxPooling1D(GlobalMaxPooling):
    """The greatest element of each channel along one axis.

    Args:
        data_format: "channels_last" for inputs of shape (batch, steps, channels), "channels_first" for
            (batch, channels, steps); None for the one that is set.
        keepdims: Whether the spatial axes stay, with size 1.

    >>> ops.shape(GlobalMaxPooling1D()(ops.ones((2, 8, 3))))
    (2, 3)
    """

    rank = 1


class GlobalMaxPooling2D(GlobalMaxPooling):
    """The greatest element of each channel over two axes.

    Args:
        data_format: "channels_last" for inputs of shape (batch, height, width, channels), "channels_first" for
            (batch, channels, height, width); None for the one that is set.
        keepdims: Whether the spatial axes stay, with size 1.

    >>> ops.shape(GlobalMaxPooling2D()(ops.ones((2, 8, 8, 3))))
    (2, 3)
    """

    rank = 2


class GlobalMaxPooling3D(GlobalMaxPooling):
    """The greatest element of each channel over three axes.

    Args:
        data_format: "channels_last" for inputs of shape (batch, *spatial, channels), "channels_first" for
            (batch, channels, *spatial); None for the one that is set.
        keepdims: Whether the spatial axes stay, with size 1.

    >>> ops.shape(GlobalMaxPooling3D()(ops.ones((2, 4, 4, 4, 3))))
    (2, 3)
    """

    rank = 3


class GlobalAveragePooling1D(GlobalAveragePooling):
    """The mean of each channel along one axis, of the steps that the mask lets count.

    Args:
        data_format: "channels_last" for inputs of shape (batch, steps, channels), "channels_first" for
            (batch, channels, steps); None for the one that is set.
        keepdims: Whether the spatial axes stay, with size 1.

    >>> ops.shape(GlobalAveragePooling1D()(ops.ones((2, 8, 3))))
    (2, 3)
    """

    rank = 1

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any):
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Compute the means."""
        if mask is None:
            return super().call(inputs)
        counts = ops.expand_dims(ops.cast(mask, "bool"), -1 if self._spatial_axes == (1,) else 1)
        weights = ops.cast(counts, ops.dtype(inputs))
        shares = ops.divide(weights, ops.sum(weights, self._spatial_axes, keepdims=True))
        return ops.sum(ops.multiply(ops.where(counts, inputs, 0), shares), self._spatial_axes, self.keepdims)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The outputs have no steps, and no mask."""
        return None


class GlobalAveragePooling2D(GlobalAveragePooling):
    """The mean of each channel over two axes.

    Args:
        data_format: "channels_last" for inputs of shape (batch, height, width, channels), "channels_first" for
            (batch, channels, height, width); None for the one that is set.
        keepdims: Whether the spatial axes stay, with size 1.

    >>> ops.shape(GlobalAveragePooling2D()(ops.ones((2, 8, 8, 3))))
    (2, 3)
    """

    rank = 2


class GlobalAveragePooling3D(GlobalAveragePooling):
    """The mean of each channel over three axes.

    Args:
        data_format: "channels_last" for inputs of shape (batch, *spatial, channels), "channels_first" for
            (batch, channels, *spatial); None for the one that is set.
        keepdims: Whether the spatial axes stay, with size 1.

    >>> ops.shape(GlobalAveragePooling3D()(ops.ones((2, 4, 4, 4, 3))))
    (2, 3)
    """

    rank = 3


GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D, GlobalAvgPool3D = (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
)
