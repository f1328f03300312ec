"""Pooling: the greatest element or the mean in windows that slide over one, two or three axes."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ArgumentError
from ..ops.windows import Window
from .arguments import with_defaults
from .configuration import data_format as checked_data_format
from .configuration import described, whole_numbers
from .input_spec import InputSpec
from .layer import Layer


class Pooling(Layer):
    """A layer whose windows slide over `rank` spatial axes. Subclasses say what becomes of the elements in one."""

    rank: int

    def __init__(
        self,
        pool_size: Any,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        self.pool_size = whole_numbers(self, "pool_size", pool_size, self.rank)
        self.strides = self.pool_size if strides is None else whole_numbers(self, "strides", strides, self.rank)
        if not isinstance(padding, str) or padding.lower() not in ("valid", "same"):
            raise ArgumentError(f"{type(self).__name__}: expected padding to be 'valid' or 'same'; got {padding!r}.")
        self.padding = padding.lower()
        self.data_format = checked_data_format(self, data_format)
        last = self.data_format == "channels_last"
        self._slides = Window(self.pool_size, self.strides, self.padding, (1,) * self.rank, last)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**super().get_config(), **described(self, "pool_size", "padding", "strides", "data_format")}


class MaxPooling(Pooling):
    """The greatest element in each window, the body of `MaxPooling1D`, `MaxPooling2D` and `MaxPooling3D`."""

    def call(self, inputs: Any) -> Any:
        """Find the greatest elements."""
        return ops.window_max(inputs, self._slides)


class AveragePooling(Pooling):
    """The mean in each window, the body of `AveragePooling1D`, `AveragePooling2D` and `AveragePooling3D`."""

    def call(self, inputs: Any) -> Any:
        """Compute the means."""
        return ops.average_pool(inputs, self.pool_size, self.strides, self.padding, self.data_format)


class MaxPooling1D(MaxPooling):
    """The greatest element in each window along one axis.

    Args:
        pool_size: The size of the window.
        strides: The distance from window to window; None for the size of the window.
        padding: "valid" (windows stay inside) or "same" (windows may hang over evenly).
        data_format: "channels_last" for inputs of shape (batch, steps, channels), "channels_first" for (batch,
            channels, steps); None for the one that is set.
        name: A name; None for one that is made up.

    >>> ops.shape(MaxPooling1D(2)(ops.ones((2, 8, 3))))
    (2, 4, 3)
    """

    rank = 1
    __init__ = with_defaults(Pooling.__init__, pool_size=2)


class MaxPooling2D(MaxPooling):
    """The greatest element in each window over two axes.

    Args:
        pool_size: The size of the window, a number or one for each spatial axis.
        strides: The distance from window to window, likewise; None for the size of the window.
        padding: As for `MaxPooling1D`, and so are those that follow.

    >>> ops.shape(MaxPooling2D(2)(ops.ones((2, 8, 8, 3))))
    (2, 4, 4, 3)
    """

    rank = 2
    __init__ = with_defaults(Pooling.__init__, pool_size=(2, 2))


class MaxPooling3D(MaxPooling):
    """The greatest element in each window over three axes.

    Args:
        pool_size: The size of the window, a number or one for each spatial axis.
        strides: The distance from window to window, likewise; None for the size of the window.
        padding: As for `MaxPooling1D`, and so are those that follow.

    >>> ops.shape(MaxPooling3D(2)(ops.ones((2, 4, 4, 4, 3))))
    (2, 2, 2, 2, 3)
    """

    rank = 3
    __init__ = with_defaults(Pooling.__init__, pool_size=(2, 2, 2))


class AveragePooling1D(AveragePooling):
    """The mean of the elements in each window along one axis. What hangs over the edge does not count.

    Args:
        pool_size: The size of the window.
        strides: The distance from window to window; None for the size of the window.
        padding: "valid" (windows stay inside) or "same" (windows may hang over evenly).
        data_format: "channels_last" for inputs of shape (batch, steps, channels), "channels_first" for (batch,
            channels, steps); None for the one that is set.
        name: A name; None for one that is made up.

    >>> ops.shape(AveragePooling1D(2)(ops.ones((2, 8, 3))))
    (2, 4, 3)
    """

    rank = 1


class AveragePooling2D(AveragePooling):
    """The mean of the elements in each window over two axes. What hangs over the edge does not count.

    Args:
        pool_size: The size of the window, a number or one for each spatial axis.
        strides: The distance from window to window, likewise; None for the size of the window.
        padding: As for `AveragePooling1D`, and so are those that follow.

    >>> ops.shape(AveragePooling2D(2)(ops.ones((2, 8, 8, 3))))
    (2, 4, 4, 3)
    """

    rank = 2


class AveragePooling3D(AveragePooling):
    """The mean of the elements in each window over three axes. What hangs over the edge does not count.

    Args:
        pool_size: The size of the window, a number or one for each spatial axis.
        strides: The distance from window to window, likewise; None for the size of the window.
        padding: As for `AveragePooling1D`, and so are those that follow.

    >>> ops.shape(AveragePooling3D(2)(ops.ones((2, 4, 4, 4, 3))))
    (2, 2, 2, 2, 3)
    """

    rank = 3


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
