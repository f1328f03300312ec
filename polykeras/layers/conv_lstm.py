"""Long short-term memory of pictures: convolutions in place of products with matrices."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..ops.recurrent import run_steps
from ..ops.windows import Window, check_room
from .arguments import channels_of
from .cells import ARGUMENTS, Cell
from .configuration import data_format as checked_data_format
from .configuration import described, whole, whole_numbers
from .input_spec import InputSpec
from .lstm import ones_for_forgetting
from .recurrent import SequenceLayer, of_cell

GEOMETRY = ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate")


class ConvLSTMCell(Cell):
    """One step of `ConvLSTM1D`, `ConvLSTM2D` or `ConvLSTM3D`.

    Args:
        rank: The number of spatial axes.
        filters: The number of channels of state and memory.
        kernel_size: The size of both kernels, a number or one for each spatial axis.
        strides: The distance from window to window in the inputs, likewise.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        dilation_rate: The distance between neighbours in a window of the inputs.
        dropout: The share of the inputs that training drops, the same ones at every step.
        recurrent_dropout: The share of the state that training drops, likewise.
        seed: A seed for what is dropped.
        options: The arguments of every layer, by name.
        **arguments: The other arguments of the layer.
    """

    recurrent_activation: Any
    unit_forget_bias: bool

    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: Any,
        strides: Any,
        padding: str,
        data_format: str | None,
        dilation_rate: Any,
        dropout: float,
        recurrent_dropout: float,
        seed: int | None,
        options: dict[str, Any],
        **arguments: Any,
    ):
        super().__init__(seed, dropout, recurrent_dropout, options, **arguments)
        self.rank = rank
        self.filters = whole(self, "filters", filters)
        self.kernel_size = whole_numbers(self, "kernel_size", kernel_size, rank)
        self.strides = whole_numbers(self, "strides", strides, rank)
        self.dilation_rate = whole_numbers(self, "dilation_rate", dilation_rate, rank)
        self.data_format = checked_data_format(self, data_format)
        last, ones = self.data_format == "channels_last", (1,) * rank
        self.padding = padding.lower()
        self._slides = Window(self.kernel_size, self.strides, self.padding, self.dilation_rate, last)
        self._slides_over_state = Window(self.kernel_size, ones, "same", ones, last)
        self.state_size: Any = None

    @property
    def _first_bias(self) -> Any:
        return ones_for_forgetting(self.bias_initializer) if self.unit_forget_bias else self.bias_initializer

    def build(self, input_shape: Any) -> None:
        """Make the weights."""
        check_room(self._slides, input_shape)
        channels, width = channels_of(self, input_shape, self._slides.channel_axis), 4 * self.filters
        shapes = (*self.kernel_size, channels, width), (*self.kernel_size, self.filters, width), (width,)
        self._add_weights(*shapes, are_kernels=True)
        self._bias_shape = (width,) if self._slides.channels_last else (width, *(1,) * self.rank)
        sizes = tuple(input_shape[axis] for axis in self._slides.spatial_axes)
        if None not in sizes:
            outputs = self._slides.outputs(sizes)
            self.state_size = [self._slides.with_spatial((None,), outputs, self.filters)[1:]] * 2

    def projected(self, inputs: Any) -> Any:
        """What the inputs contribute to the gates."""
        out = ops.convolve(inputs, self.kernel, self._slides)
        return out if self.bias is None else ops.add(out, ops.reshape(self.bias, self._bias_shape))

    def advance(self, projected: Any, states: list[Any], state: Any) -> tuple[Any, list[Any]]:
        """One step; `state` is the first of the states, of which some may be dropped."""
        gates = ops.add(projected, ops.convolve(state, self.recurrent_kernel, self._slides_over_state))
        entering, keeping, new, leaving = ops.split(gates, 4, axis=self._slides.channel_axis)
        kept = ops.multiply(self.recurrent_activation(keeping), states[1])
        memory = ops.add(kept, ops.multiply(self.recurrent_activation(entering), self.activation(new)))
        state = ops.multiply(self.recurrent_activation(leaving), self.activation(memory))
        return state, [state, memory]

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        """One step."""
        inputs, state = self._dropped(inputs, states[0], training)
        return self.advance(self.projected(inputs), states, state)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        own = described(self, *GEOMETRY, *ARGUMENTS, "recurrent_activation", "unit_forget_bias")
        return {**super().get_config(), **own}


class ConvLSTM(SequenceLayer):
    """Long short-term memory over `rank` spatial axes, the body of `ConvLSTM1D`, `ConvLSTM2D` and `ConvLSTM3D`."""

    rank: int
    filters, kernel_size, strides = of_cell("filters"), of_cell("kernel_size"), of_cell("strides")
    padding, data_format, dilation_rate = of_cell("padding"), of_cell("data_format"), of_cell("dilation_rate")
    recurrent_activation, unit_forget_bias = of_cell("recurrent_activation"), of_cell("unit_forget_bias")
    cell_arguments = (*GEOMETRY, *ARGUMENTS, "activity_regularizer", "recurrent_activation", "unit_forget_bias")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ):
        cell = ConvLSTMCell(
            self.rank,
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            dropout,
            recurrent_dropout,
            seed,
            {
                "dtype": kwargs.get("dtype"),
                "trainable": kwargs.get("trainable", True),
                "name": f"conv_lstm_cell_{self.rank}d",
            },
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            unit_forget_bias=unit_forget_bias,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
        )
        super().__init__(
            cell,
            return_sequences,
            return_state,
            go_backwards,
            stateful,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.input_spec = InputSpec(ndim=self.rank + 3)

    def _first_states(self, sequences: Any, initial_state: Any) -> list[Any]:
        if initial_state is not None or self.stateful:
            return super()._first_states(sequences, initial_state)
        window, (batch, _, *shape) = self.cell._slides, ops.shape(sequences)
        outputs = window.outputs(window.spatial((batch, *shape)))
        state = ops.zeros(window.with_spatial((batch,), outputs, self.cell.filters), self.compute_dtype)
        return [state, state]

    def inner_loop(self, sequences: Any, initial_state: list[Any], mask: Any, training: Any = False) -> Any:
        """The outputs of all steps, and the last states. The inputs of all steps are convolved at once."""
        cell, dropped = self.cell, None
        if training and cell.dropout:
            sequences = ops.multiply(sequences, ops.expand_dims(cell.get_dropout_mask(sequences[:, 0]), 1))
        if training and cell.recurrent_dropout:
            dropped = cell.get_recurrent_dropout_mask(initial_state[0])
        cell.reset_dropout_mask()
        cell.reset_recurrent_dropout_mask()
        batch, steps, *shape = ops.shape(sequences)
        projected = cell.projected(ops.reshape(sequences, (batch * steps, *shape)))
        projected = ops.reshape(projected, (batch, steps, *ops.shape(projected)[1:]))

        def step(inputs: Any, states: list[Any]) -> tuple[Any, list[Any]]:
            state = states[0] if dropped is None else ops.multiply(states[0], dropped)
            return cell.advance(inputs, states, state)

        return run_steps(step, projected, initial_state, mask, self.unroll)


class ConvLSTM1D(ConvLSTM):
    """Long short-term memory of sequences of rows: convolutions in place of products (Shi and others, 2015).

    Args:
        filters: The number of channels of the outputs, and of state and memory.
        kernel_size: The size of the kernels for the inputs and for the state.
        strides: The distance from window to window in the inputs.
        padding: "valid" (windows stay inside) or "same" (zeros are added evenly).
        data_format: "channels_last" for inputs of shape (batch, time, *spatial, channels), "channels_first" for (batch,
            time, channels, *spatial); None for the one that is set.
        dilation_rate: The distance between neighbours in a window of the inputs.
        activation: What is applied to what is remembered, and to the memory; None for nothing.
        recurrent_activation: What is applied to the gates.
        use_bias: Whether a number is added for each channel of each gate.
        kernel_initializer: What gives the kernel for the inputs its first values.
        recurrent_initializer: What gives the kernel for the state its first values.
        bias_initializer: What gives the bias its first values.
        unit_forget_bias: Whether the biases of the gates of forgetting are ones at first.
        kernel_regularizer: A regularizer of the kernel for the inputs.
        recurrent_regularizer: A regularizer of the kernel for the state.
        bias_regularizer: A regularizer of the bias.
        activity_regularizer: A regularizer of the outputs.
        kernel_constraint: A constraint of the kernel for the inputs.
        recurrent_constraint: A constraint of the kernel for the state.
        bias_constraint: A constraint of the bias.
        dropout: The share of the inputs that training drops, the same ones at every step.
        recurrent_dropout: The share of the state that training drops, likewise.
        seed: A seed for what is dropped.
        return_sequences: Whether the outputs of all steps are returned, not just the last one.
        return_state: Whether the last state and memory are returned, too.
        go_backwards: Whether to run from the last step to the first.
        stateful: Whether the states of a batch are the first ones of the next.

    >>> ops.shape(ConvLSTM1D(4, 3)(ops.ones((2, 5, 8, 3))))
    (2, 6, 4)
    """

    rank = 1


class ConvLSTM2D(ConvLSTM):
    """Long short-term memory of sequences of pictures.

    Args:
        filters: The number of channels of the outputs, and of state and memory.
        kernel_size: The size of the kernels, a number or one for each spatial axis.
        strides: As for `ConvLSTM1D`, and so are all that follow.

    >>> ops.shape(ConvLSTM2D(4, 3)(ops.ones((2, 5, 8, 8, 3))))
    (2, 6, 6, 4)
    """

    rank = 2


class ConvLSTM3D(ConvLSTM):
    """Long short-term memory of sequences of volumes.

    Args:
        filters: The number of channels of the outputs, and of state and memory.
        kernel_size: The size of the kernels, a number or one for each spatial axis.
        strides: As for `ConvLSTM1D`, and so are all that follow.

    >>> ops.shape(ConvLSTM3D(4, 3)(ops.ones((2, 2, 4, 4, 4, 3))))
    (2, 2, 2, 2, 4)
    """

    rank = 3
