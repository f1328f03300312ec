"""Convolutions of each channel on its own, followed by a mixture of the channels at each position."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..ops.windows import Window
from .arguments import keep, with_defaults
from .configuration import described, whole
from .convolving import Convolving

ARGUMENTS = (
    "depth_multiplier",
    "filters",
    "activation",
    "use_bias",
    "depthwise_initializer",
    "pointwise_initializer",
    "bias_initializer",
    "depthwise_regularizer",
    "pointwise_regularizer",
    "bias_regularizer",
    "depthwise_constraint",
    "pointwise_constraint",
    "bias_constraint",
)


class SeparableConvolution(Convolving):
    """A separable convolution, the body of `SeparableConv1D` and `SeparableConv2D`."""

    depthwise_initializer: Any
    depthwise_regularizer: Any
    depthwise_constraint: Any
    pointwise_initializer: Any
    pointwise_regularizer: Any
    pointwise_constraint: Any

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        kwargs["activity_regularizer"] = activity_regularizer
        super().__init__(kernel_size, strides, padding, data_format, dilation_rate, kwargs)
        self.filters = whole(self, "filters", filters)
        self.depth_multiplier = whole(self, "depth_multiplier", depth_multiplier)
        keep(
            self,
            activation=activation,
            use_bias=use_bias,
            depthwise_initializer=depthwise_initializer,
            pointwise_initializer=pointwise_initializer,
            bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer,
            pointwise_regularizer=pointwise_regularizer,
            bias_regularizer=bias_regularizer,
            depthwise_constraint=depthwise_constraint,
            pointwise_constraint=pointwise_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape: Any) -> None:
        """Make both kernels and the bias."""
        channels = self._channels(input_shape)
        inner, ones = channels * self.depth_multiplier, (1,) * self.rank
        self._slides = self._window(channels, input_shape)
        self._mixes = Window(ones, ones, "valid", ones, self._channels_last)
        self._grouped_shape = (*self.kernel_size, 1, inner)
        self.depthwise_kernel = self.add_weight(
            (*self.kernel_size, channels, self.depth_multiplier),
            self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
            name="depthwise_kernel",
        )
        self.pointwise_kernel = self.add_weight(
            (*ones, inner, self.filters),
            self.pointwise_initializer,
            regularizer=self.pointwise_regularizer,
            constraint=self.pointwise_constraint,
            name="pointwise_kernel",
            is_kernel=True,
        )
        self._add_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        """Convolve each channel, and mix them."""
        kernel = ops.reshape(self.depthwise_kernel, self._grouped_shape)
        apart = ops.convolve(inputs, kernel, self._slides)
        return self._finish(ops.convolve(apart, self.pointwise_kernel, self._mixes))

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**super().get_config(), **described(self, *ARGUMENTS)}


class SeparableConv1D(SeparableConvolution):
    """A convolution along one axis of each channel on its own, and then a mixture of the channels at each step.

    Args:
        filters: The number of channels of the outputs.
        kernel_size: The size of the kernel.
        strides: The distance from window to window.
        padding: "valid" (windows stay inside) or "same" (zeros are added evenly).
        data_format: "channels_last" for inputs of shape (batch, steps, channels), "channels_first" for (batch,
            channels, steps); None for the one that is set.
        dilation_rate: The distance between neighbours in a window.
        depth_multiplier: How many channels each channel of the inputs gives before they are mixed.
        activation: What is applied to the outputs; None for nothing.
        use_bias: Whether a number is added for each filter.
        depthwise_initializer: What gives the kernel of the single channels its first values.
        pointwise_initializer: What gives the kernel of the mixture its first values.
        bias_initializer: What gives the bias its first values.
        depthwise_regularizer: A regularizer of the kernel of the single channels.
        pointwise_regularizer: A regularizer of the kernel of the mixture.
        bias_regularizer: A regularizer of the bias.
        activity_regularizer: A regularizer of the outputs.
        depthwise_constraint: A constraint of the kernel of the single channels.
        pointwise_constraint: A constraint of the kernel of the mixture.
        bias_constraint: A constraint of the bias.

    >>> ops.shape(SeparableConv1D(4, 3)(ops.ones((2, 8, 3))))
    (2, 6, 4)
    """

    rank = 1


class SeparableConv2D(SeparableConvolution):
    """A convolution over two axes of each channel on its own, and then a mixture of the channels at each position.

    Args:
        filters: The number of channels of the outputs.
        kernel_size: The size of the kernel, a number or one for each spatial axis; so are strides and dilation_rate.
        strides: The distance from window to window.
        padding: As for `SeparableConv1D`, and so are all that follow.

    >>> ops.shape(SeparableConv2D(4, 3)(ops.ones((2, 8, 8, 3))))
    (2, 6, 6, 4)
    """

    rank = 2
    __init__ = with_defaults(SeparableConvolution.__init__, strides=(1, 1), dilation_rate=(1, 1))


SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
