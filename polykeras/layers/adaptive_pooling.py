"""Pooling into a given number of parts."""

from __future__ import annotations

from typing import Any

from .. import ops
from .configuration import data_format as checked_data_format
from .configuration import described, whole_numbers
from .layer import Layer


class AdaptivePooling(Layer):
    """A layer that divides each of `rank` spatial axes into parts of nearly one size, and makes a number of each."""

    rank: int

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.output_size = whole_numbers(self, "output_size", output_size, self.rank)
        self.data_format = checked_data_format(self, data_format)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**super().get_config(), **described(self, "output_size", "data_format")}


class AdaptiveMaxPooling(AdaptivePooling):
    """The greatest element in each part, the body of `AdaptiveMaxPooling1D` and its like."""

    def call(self, inputs: Any) -> Any:
        """Find the greatest elements."""
        return ops.adaptive_max_pool(inputs, self.output_size, self.data_format)


class AdaptiveAveragePooling(AdaptivePooling):
    """The mean in each part, the body of `AdaptiveAveragePooling1D` and its like."""

    def call(self, inputs: Any) -> Any:
        """Compute the means."""
        return ops.adaptive_average_pool(inputs, self.output_size, self.data_format)


class AdaptiveMaxPooling1D(AdaptiveMaxPooling):
    """The greatest element in each of a given number of parts along one axis.

    Args:
        output_size: The number of parts.
        data_format: "channels_last" for inputs of shape (batch, steps, channels), "channels_first" for
            (batch, channels, steps); None for the one that is set.

    >>> ops.shape(AdaptiveMaxPooling1D(2)(ops.ones((2, 8, 3))))
    (2, 2, 3)
    """

    rank = 1


class AdaptiveMaxPooling2D(AdaptiveMaxPooling):
    """The greatest element in each of a given number of parts over two axes.

    Args:
        output_size: The number of parts, a number or one for each spatial axis.
        data_format: "channels_last" for inputs of shape (batch, height, width, channels), "channels_first" for
            (batch, channels, height, width); None for the one that is set.

    >>> ops.shape(AdaptiveMaxPooling2D(2)(ops.ones((2, 8, 8, 3))))
    (2, 2, 2, 3)
    """

    rank = 2


class AdaptiveMaxPooling3D(AdaptiveMaxPooling):
    """The greatest element in each of a given number of parts over three axes.

    Args:
        output_size: The number of parts, a number or one for each spatial axis.
        data_format: "channels_last" for inputs of shape (batch, *spatial, channels), "channels_first" for
            (batch, channels, *spatial); None for the one that is set.

    >>> ops.shape(AdaptiveMaxPooling3D(2)(ops.ones((2, 4, 4, 4, 3))))
    (2, 2, 2, 2, 3)
    """

    rank = 3


class AdaptiveAveragePooling1D(AdaptiveAveragePooling):
    """The mean in each of a given number of parts along one axis.

    Args:
        output_size: The number of parts.
        data_format: "channels_last" for inputs of shape (batch, steps, channels), "channels_first" for
            (batch, channels, steps); None for the one that is set.

    >>> ops.shape(AdaptiveAveragePooling1D(2)(ops.ones((2, 8, 3))))
    (2, 2, 3)
    """

    rank = 1


class AdaptiveAveragePooling2D(AdaptiveAveragePooling):
    """The mean in each of a given number of parts over two axes.

    Args:
        output_size: The number of parts, a number or one for each spatial axis.
        data_format: "channels_last" for inputs of shape (batch, height, width, channels), "channels_first" for
            (batch, channels, height, width); None for the one that is set.

    >>> ops.shape(AdaptiveAveragePooling2D(2)(ops.ones((2, 8, 8, 3))))
    (2, 2, 2, 3)
    """

    rank = 2


class AdaptiveAveragePooling3D(AdaptiveAveragePooling):
    """The mean in each of a given number of parts over three axes.

    Args:
        output_size: The number of parts, a number or one for each spatial axis.
        data_format: "channels_last" for inputs of shape (batch, *spatial, channels), "channels_first" for
            (batch, channels, *spatial); None for the one that is set.

    >>> ops.shape(AdaptiveAveragePooling3D(2)(ops.ones((2, 4, 4, 4, 3))))
    (2, 2, 2, 2, 3)
    """

    rank = 3
