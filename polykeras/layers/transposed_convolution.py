"""Convolutions run backwards, in one, two and three dimensions."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ArgumentError
from ..ops.convolution import transposed_sizes
from .arguments import keep, with_defaults
from .configuration import described, whole
from .convolution import ARGUMENTS
from .convolving import Convolving


class TransposedConvolution(Convolving):
    """A convolution run backwards over `rank` spatial axes, the body of `Conv1DTranspose` and its like."""

    kernel_initializer: Any
    kernel_regularizer: Any
    kernel_constraint: Any

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        kwargs["activity_regularizer"] = activity_regularizer
        super().__init__(kernel_size, strides, padding, data_format, dilation_rate, kwargs)
        self.filters = whole(self, "filters", filters)
        self.output_padding = self._checked_output_padding(output_padding)
        keep(
            self,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )

    def _checked_output_padding(self, given: Any) -> tuple[int, ...] | None:
        if given is None:
            return None
        padding = tuple(given) if isinstance(given, (tuple, list)) else (given,) * self.rank
        fits = len(padding) == self.rank and all(hasattr(size, "__index__") for size in padding)
        if not fits or not all(0 <= size < stride for size, stride in zip(padding, self.strides, strict=True)):
            raise ArgumentError(
                f"{type(self).__name__}: expected output_padding to be a number, or one for each of {self.rank} "
                f"spatial axes, from 0 to below the strides, {self.strides}; got {given!r}."
            )
        return padding

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias."""
        channels = self._channels(input_shape)
        self._slides = self._window(1)
        self.kernel = self.add_weight(
            (*self.kernel_size, self.filters, channels),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
            is_kernel=True,
        )
        self._add_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        """Run the convolution backwards."""
        sizes = transposed_sizes(self._slides, ops.shape(inputs), self.output_padding)
        return self._finish(ops.convolve_input_gradient(inputs, self.kernel, sizes, self._slides))

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**super().get_config(), **described(self, "filters", "output_padding", *ARGUMENTS)}


class Conv1DTranspose(TransposedConvolution):
    """A convolution along one axis run backwards: each step of the inputs spreads over a window of the outputs.

    Args:
        filters: The number of channels of the outputs.
        kernel_size: The size of the kernel.
        strides: The distance from window to window in the outputs.
        padding: "valid" or "same", as in the convolution that is run backwards.
        output_padding: How much longer than necessary the outputs are; None for the length that suits the strides.
        data_format: "channels_last" for inputs of shape (batch, steps, channels), "channels_first" for (batch,
            channels, steps); None for the one that is set.
        dilation_rate: The distance between neighbours in a window.
        activation: What is applied to the outputs; None for nothing.
        use_bias: Whether a number is added for each filter.
        kernel_initializer: What gives the kernel its first values.
        bias_initializer: What gives the bias its first values.
        kernel_regularizer: A regularizer of the kernel.
        bias_regularizer: A regularizer of the bias.
        activity_regularizer: A regularizer of the outputs.
        kernel_constraint: A constraint of the kernel.
        bias_constraint: A constraint of the bias.

    >>> ops.shape(Conv1DTranspose(4, 3, strides=2)(ops.ones((2, 8, 3))))
    (2, 17, 4)
    """

    rank = 1


class Conv2DTranspose(TransposedConvolution):
    """A convolution over two axes run backwards.

    Args:
        filters: The number of channels of the outputs.
        kernel_size: The size of the kernel, a number or one for each spatial axis; so are strides and dilation_rate.
        strides: The distance from window to window in the outputs.
        padding: As for `Conv1DTranspose`, and so are all that follow.

    >>> ops.shape(Conv2DTranspose(4, 3, strides=2, padding="same")(ops.ones((2, 8, 8, 3))))
    (2, 16, 16, 4)
    """

    rank = 2
    __init__ = with_defaults(TransposedConvolution.__init__, strides=(1, 1), dilation_rate=(1, 1))


class Conv3DTranspose(TransposedConvolution):
    """A convolution over three axes run backwards.

    Args:
        filters: The number of channels of the outputs.
        kernel_size: The size of the kernel, a number or one for each spatial axis; so are strides and dilation_rate.
        strides: The distance from window to window in the outputs.
        padding: As for `Conv1DTranspose`, and so are all that follow.

    >>> ops.shape(Conv3DTranspose(4, 3)(ops.ones((2, 5, 5, 5, 3))))
    (2, 7, 7, 7, 4)
    """

    rank = 3

    def __init__(  # in another order, as Keras has it
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        output_padding: Any = None,
        dilation_rate: Any = (1, 1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            output_padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            kernel_constraint,
            bias_constraint,
            **kwargs,
        )


Convolution1DTranspose, Convolution2DTranspose, Convolution3DTranspose = (
    Conv1DTranspose,
    Conv2DTranspose,
    Conv3DTranspose,
)
