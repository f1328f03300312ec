"""What all convolutions have in common: how the kernel slides, a bias, and an activation."""

from __future__ import annotations

from typing import Any

from .. import activations, ops
from ..errors import ArgumentError
from ..ops.windows import Window, check_room, is_channels_last, per_axis
from ..settings import settings
from .arguments import channels_of, refuse, written
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
        refuse(self, kwargs, "lora_rank", "quantization_config")
        super().__init__(**kwargs)
        given = {"kernel_size": kernel_size, "strides": strides, "dilation_rate": dilation_rate}
        self.kernel_size, self.strides, self.dilation_rate = (
            _per_axis(self, name, value) for name, value in given.items()
        )
        self.padding = self._checked_padding(padding)
        self.data_format = data_format or settings.image_data_format
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ArgumentError(
                f"{type(self).__name__}: strides={self.strides} and dilation_rate={self.dilation_rate} cannot both be "
                "greater than 1. Make one of them 1."
            )
        self._channels_last = is_channels_last(self.data_format)
        self._channel_axis = -1 if self._channels_last else 1
        self.input_spec = InputSpec(min_ndim=self.rank + 2)

    def _checked_padding(self, padding: Any) -> str:
        known = ("valid", "same", "causal")[: 3 if self.may_be_causal else 2]
        if not isinstance(padding, str) or padding.lower() not in known:
            raise ArgumentError(f"{type(self).__name__}: expected padding to be one of {known}; got {padding!r}.")
        return padding.lower()

    def _check_count(self, name: str, value: Any) -> int:
        if not hasattr(value, "__index__") or value < 1:
            raise ArgumentError(f"{type(self).__name__}: expected {name} to be a number from 1 up; got {value!r}.")
        return value.__index__()

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
        return self.activation(outputs) if self._activates else outputs

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**super().get_config(), **written(self, *GEOMETRY, "activity_regularizer")}


def _per_axis(layer: Convolving, name: str, value: Any) -> tuple[int, ...]:
    try:
        return per_axis(value, layer.rank, name)
    except ValueError as error:
        raise ArgumentError(f"{type(layer).__name__}: {error}") from None
