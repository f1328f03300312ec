"""What all convolutions have in common: how the kernel slides, a bias, and an activation."""

from __future__ import annotations

from typing import Any

from .. import activations, ops
from ..errors import ArgumentError
from ..ops.windows import Window, check_room
from .arguments import channels_of
from .configuration import data_format as checked_data_format
from .configuration import described, refuse_quantization, whole_numbers
from .input_spec import InputSpec
from .layer import Layer

GEOMETRY = ("kernel_size", "strides", "padding", "data_format", "dilation_rate")


class Convolving(Layer):
    """A layer with a kernel that slides over `rank` spatial axes. Subclasses say how the kernel is used."""

    rank: int
    may_be_causal = False
    activation: Any
    use_bias: bool
    bias_initializer: Any
    bias_regularizer: Any
    bias_constraint: Any

    def __init__(self, kernel_size: Any, strides: Any, padding: Any, data_format: Any, dilation_rate: Any, kwargs: Any):
        refuse_quantization(self, quantization_config=kwargs.pop("quantization_config", None))
        super().__init__(**kwargs)
        self.kernel_size = whole_numbers(self, "kernel_size", kernel_size, self.rank)
        self.strides = whole_numbers(self, "strides", strides, self.rank)
        self.dilation_rate = whole_numbers(self, "dilation_rate", dilation_rate, self.rank)
        self.padding = self._checked_padding(padding)
        self.data_format = checked_data_format(self, data_format)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ArgumentError(
                f"{type(self).__name__}: strides={self.strides} and dilation_rate={self.dilation_rate} cannot both be "
                "greater than 1. Make one of them 1."
            )
        self._channels_last = self.data_format == "channels_last"
        self._channel_axis = -1 if self._channels_last else 1
        self.input_spec = InputSpec(min_ndim=self.rank + 2)

    def _checked_padding(self, padding: Any) -> str:
        known = ("valid", "same", "causal")[: 3 if self.may_be_causal else 2]
        if not isinstance(padding, str) or padding.lower() not in known:
            raise ArgumentError(f"{type(self).__name__}: expected padding to be one of {known}; got {padding!r}.")
        return padding.lower()

    def _window(self, groups: int, input_shape: Any = None) -> Window:
        """How the kernel slides. It has to fit into inputs of this shape."""
        padding: Any = self.padding
        if padding == "causal":
            padding = (((self.kernel_size[0] - 1) * self.dilation_rate[0], 0),)
        window = Window(self.kernel_size, self.strides, padding, self.dilation_rate, self._channels_last, groups)
        if input_shape is not None:
            check_room(window, input_shape)
        return window

    def _channels(self, input_shape: Any) -> int:
        """The number of channels of the inputs, which is the same from now on."""
        channels = channels_of(self, input_shape, self._channel_axis)
        self.input_spec = InputSpec(min_ndim=self.rank + 2, axes={self._channel_axis: channels})
        return channels

    def _add_bias(self, size: int) -> None:
        """Make the weights of the bias, if there is one, and prepare what comes after the convolution."""
        self._bias_shape = None if self._channels_last else (size, *(1,) * self.rank)
        self._activates = self.activation is not None and self.activation is not activations.get(None)
        self.bias = (
            self.add_weight(
                (size,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
            if self.use_bias
            else None
        )

    def _finish(self, outputs: Any) -> Any:
        """Bias and activation."""
        if self.bias is not None:
            shape = self._bias_shape
            outputs = ops.add(outputs, self.bias if shape is None else ops.reshape(self.bias, shape))
        return self._activated(outputs) if self._activates else outputs

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**super().get_config(), **described(self, *GEOMETRY, "activity_regularizer")}
