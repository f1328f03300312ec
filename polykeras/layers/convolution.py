"""Convolutions in one, two and three dimensions."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ArgumentError
from .arguments import keep, with_defaults
from .configuration import described, whole
from .convolving import Convolving
from .low_rank import LowRankAdaptable

ARGUMENTS = (
    "activation",
    "use_bias",
    "kernel_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "bias_regularizer",
    "kernel_constraint",
    "bias_constraint",
)


class Convolution(Convolving, LowRankAdaptable):
    """A convolution over `rank` spatial axes, the body of `Conv1D`, `Conv2D` and `Conv3D`."""

    kernel_initializer: Any
    kernel_regularizer: Any
    kernel_constraint: Any

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
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
        rank, alpha = kwargs.pop("lora_rank", None), kwargs.pop("lora_alpha", None)
        kwargs["activity_regularizer"] = activity_regularizer
        super().__init__(kernel_size, strides, padding, data_format, dilation_rate, kwargs)
        self.filters = whole(self, "filters", filters)
        self.groups = whole(self, "groups", groups)
        self._check_divides("filters", self.filters)
        self.set_rank(rank, alpha)
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

    def _check_divides(self, name: str, count: int) -> None:
        if count % self.groups:
            raise ArgumentError(
                f"{type(self).__name__}: expected {name} to be a multiple of groups; got {count} and {self.groups}."
            )

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias."""
        channels = self._channels(input_shape)
        self._check_divides("the number of channels", channels)
        self._slides = self._window(self.groups, input_shape)
        self._kernel = self.add_weight(
            (*self.kernel_size, channels // self.groups, self.filters),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
            is_kernel=True,
        )
        self._add_bias(self.filters)
        if self.lora_rank:
            self.enable_lora(self.lora_rank, self.lora_alpha)

    @property
    def kernel(self) -> Any:
        """The kernel, with its adaptation if there is one."""
        return self._adapted_weight()

    def call(self, inputs: Any) -> Any:
        """Convolve."""
        return self._finish(ops.convolve(inputs, self._adapted_weight(), self._slides))

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        own = described(self, "filters", "groups", *ARGUMENTS)
        return {**super().get_config(), **own, **self._config_of_rank()}


class Conv1D(Convolution):
    """A convolution along one axis, such as time.

    Args:
        filters: The number of channels of the outputs.
        kernel_size: The size of the kernel.
        strides: The distance from window to window.
        padding: "valid" (windows stay inside), "same" (zeros are added evenly), or "causal" (zeros are added in front,
            so that no output depends on what comes later).
        data_format: "channels_last" for inputs of shape (batch, steps, channels), "channels_first" for (batch,
            channels, steps); None for the one that is set.
        dilation_rate: The distance between neighbours in a window.
        groups: Into how many parts the channels are divided, each of which has filters of its own.
        activation: What is applied to the outputs; None for nothing.
        use_bias: Whether a number is added for each filter.
        kernel_initializer: What gives the kernel its first values.
        bias_initializer: What gives the bias its first values.
        kernel_regularizer: A regularizer of the kernel.
        bias_regularizer: A regularizer of the bias.
        activity_regularizer: A regularizer of the outputs.
        kernel_constraint: A constraint of the kernel.
        bias_constraint: A constraint of the bias.

    >>> ops.shape(Conv1D(4, 3)(ops.ones((2, 8, 3))))
    (2, 6, 4)
    """

    rank = 1
    may_be_causal = True


class Conv2D(Convolution):
    """A convolution over two axes, such as those of pictures.

    Args:
        filters: The number of channels of the outputs.
        kernel_size: The size of the kernel, a number or one for each spatial axis; so are strides and dilation_rate.
        strides: The distance from window to window.
        padding: "valid" (windows stay inside) or "same" (zeros are added evenly).
        data_format: "channels_last" for inputs of shape (batch, height, width, channels), "channels_first" for (batch,
            channels, height, width); None for the one that is set.
        dilation_rate: The distance between neighbours in a window.
        groups: As for `Conv1D`, and so are all that follow.

    >>> ops.shape(Conv2D(4, 3, padding="same", data_format="channels_last")(ops.ones((2, 8, 8, 3))))
    (2, 8, 8, 4)
    """

    rank = 2
    __init__ = with_defaults(Convolution.__init__, strides=(1, 1), dilation_rate=(1, 1))


class Conv3D(Convolution):
    """A convolution over three axes, such as those of volumes.

    Args:
        filters: The number of channels of the outputs.
        kernel_size: The size of the kernel, a number or one for each spatial axis; so are strides and dilation_rate.
        strides: The distance from window to window.
        padding: "valid" (windows stay inside) or "same" (zeros are added evenly).
        data_format: "channels_last" for inputs of shape (batch, *spatial, channels), "channels_first" for (batch,
            channels, *spatial); None for the one that is set.
        dilation_rate: The distance between neighbours in a window.
        groups: As for `Conv1D`, and so are all that follow.

    >>> ops.shape(Conv3D(4, 3, data_format="channels_last")(ops.ones((2, 5, 5, 5, 3))))
    (2, 3, 3, 3, 4)
    """

    rank = 3
    __init__ = with_defaults(Convolution.__init__, strides=(1, 1, 1), dilation_rate=(1, 1, 1))


Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
