"""Convolutions of each channel on its own."""

from __future__ import annotations

from typing import Any

from .. import ops
from .arguments import keep, with_defaults
from .configuration import described, whole
from .convolving import Convolving

ARGUMENTS = (
    "depth_multiplier",
    "activation",
    "use_bias",
    "depthwise_initializer",
    "bias_initializer",
    "depthwise_regularizer",
    "bias_regularizer",
    "depthwise_constraint",
    "bias_constraint",
)


class DepthwiseConvolution(Convolving):
    """A convolution of each channel on its own, the body of `DepthwiseConv1D` and `DepthwiseConv2D`."""

    depthwise_initializer: Any
    depthwise_regularizer: Any
    depthwise_constraint: Any

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        kwargs["activity_regularizer"] = activity_regularizer
        super().__init__(kernel_size, strides, padding, data_format, dilation_rate, kwargs)
        self.depth_multiplier = whole(self, "depth_multiplier", depth_multiplier)
        keep(
            self,
            activation=activation,
            use_bias=use_bias,
            depthwise_initializer=depthwise_initializer,
            bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer,
            bias_regularizer=bias_regularizer,
            depthwise_constraint=depthwise_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias."""
        channels = self._channels(input_shape)
        self._slides = self._window(channels, input_shape)
        self.kernel = self.add_weight(
            (*self.kernel_size, channels, self.depth_multiplier),
            self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
            name="kernel",
        )
        self._grouped_shape = (*self.kernel_size, 1, channels * self.depth_multiplier)
        self._add_bias(channels * self.depth_multiplier)

    def call(self, inputs: Any) -> Any:
        """Convolve each channel."""
        kernel = ops.reshape(self.kernel, self._grouped_shape)
        return self._finish(ops.convolve(inputs, kernel, self._slides))

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**super().get_config(), **described(self, *ARGUMENTS)}


class DepthwiseConv1D(DepthwiseConvolution):
    """A convolution along one axis of each channel on its own.

    Args:
        kernel_size: The size of the kernel.
        strides: The distance from window to window.
        padding: "valid" (windows stay inside) or "same" (zeros are added evenly).
        depth_multiplier: How many channels of the outputs each channel of the inputs gives.
        data_format: "channels_last" for inputs of shape (batch, steps, channels), "channels_first" for (batch,
            channels, steps); None for the one that is set.
        dilation_rate: The distance between neighbours in a window.
        activation: What is applied to the outputs; None for nothing.
        use_bias: Whether a number is added for each channel.
        depthwise_initializer: What gives the kernel its first values.
        bias_initializer: What gives the bias its first values.
        depthwise_regularizer: A regularizer of the kernel.
        bias_regularizer: A regularizer of the bias.
        activity_regularizer: A regularizer of the outputs.
        depthwise_constraint: A constraint of the kernel.
        bias_constraint: A constraint of the bias.

    >>> ops.shape(DepthwiseConv1D(3, depth_multiplier=2)(ops.ones((2, 8, 3))))
    (2, 6, 6)
    """

    rank = 1


class DepthwiseConv2D(DepthwiseConvolution):
    """A convolution over two axes of each channel on its own.

    Args:
        kernel_size: The size of the kernel, a number or one for each spatial axis; so are strides and dilation_rate.
        strides: The distance from window to window.
        padding: As for `DepthwiseConv1D`, and so are all that follow.

    >>> ops.shape(DepthwiseConv2D(3)(ops.ones((2, 8, 8, 3))))
    (2, 6, 6, 3)
    """

    rank = 2
    __init__ = with_defaults(DepthwiseConvolution.__init__, strides=(1, 1), dilation_rate=(1, 1))
