"""Long short-term memory."""

from __future__ import annotations

from typing import Any

from .. import activations, ops
from .cells import DenseCell
from .configuration import described
from .input_spec import InputSpec
from .recurrent import SequenceLayer, of_cell


def ones_for_forgetting(initializer: Any) -> Any:
    """An initializer of biases by which memories are kept at first: ones for the gates of forgetting."""

    def first_bias(shape: Any, dtype: Any = None) -> Any:
        (size,) = shape
        units = size // 4
        parts = initializer((units,), dtype=dtype), ops.ones((units,), dtype), initializer((2 * units,), dtype=dtype)
        return ops.concatenate(parts)

    return first_bias


class LSTMCell(DenseCell):
    """One step of `LSTM`.

    Args:
        units: The size of the state, which is the output, and of the memory.
        activation: What is applied to what is remembered, and to the memory; None for nothing.
        recurrent_activation: What is applied to the gates.
        use_bias: Whether a number is added for each unit of each gate.
        kernel_initializer: What gives the matrix for the inputs its first values.
        recurrent_initializer: What gives the matrix for the state its first values.
        bias_initializer: What gives the bias its first values.
        unit_forget_bias: Whether the biases of the gates of forgetting are ones at first.
        kernel_regularizer: A regularizer of the matrix for the inputs.
        recurrent_regularizer: A regularizer of the matrix for the state.
        bias_regularizer: A regularizer of the bias.
        kernel_constraint: A constraint of the matrix for the inputs.
        recurrent_constraint: A constraint of the matrix for the state.
        bias_constraint: A constraint of the bias.
        dropout: The share of the inputs that training drops, the same ones at every step.
        recurrent_dropout: The share of the state that training drops, likewise.
        seed: A seed for what is dropped.

    >>> output, states = LSTMCell(3)(ops.ones((2, 4)), [ops.zeros((2, 3)), ops.zeros((2, 3))])
    >>> ops.shape(output)
    (2, 3)
    """

    gates = 4
    recurrent_activation: Any
    unit_forget_bias: bool

    def __init__(
        self,
        units: int,
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
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ):
        kwargs.pop("implementation", None)
        super().__init__(
            units,
            seed,
            dropout,
            recurrent_dropout,
            kwargs,
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
        self.state_size = [self.units, self.units]

    @property
    def _first_bias(self) -> Any:
        return ones_for_forgetting(self.bias_initializer) if self.unit_forget_bias else self.bias_initializer

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        """One step."""
        inputs, state = self._dropped(inputs, states[0], training)
        gates = ops.add(self._projected(inputs), ops.matmul(state, self.recurrent_kernel))
        entering, keeping, new, leaving = ops.split(gates, 4, axis=-1)
        kept = ops.multiply(self.recurrent_activation(keeping), states[1])
        memory = ops.add(kept, ops.multiply(self.recurrent_activation(entering), self.activation(new)))
        state = ops.multiply(self.recurrent_activation(leaving), self.activation(memory))
        return state, [state, memory]

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**super().get_config(), **described(self, "recurrent_activation", "unit_forget_bias")}


class LSTM(SequenceLayer):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997), with gates of forgetting.

    With tanh and sigmoid as activations, and without recurrent dropout, all steps run as one kernel where the framework
    has one.

    Args:
        units: The size of the state, which is the output, and of the memory.
        activation: What is applied to what is remembered, and to the memory; None for nothing.
        recurrent_activation: What is applied to the gates.
        use_bias: Whether a number is added for each unit of each gate.
        kernel_initializer: What gives the matrix for the inputs its first values.
        recurrent_initializer: What gives the matrix for the state its first values.
        bias_initializer: What gives the bias its first values.
        unit_forget_bias: Whether the biases of the gates of forgetting are ones at first.
        kernel_regularizer: A regularizer of the matrix for the inputs.
        recurrent_regularizer: A regularizer of the matrix for the state.
        bias_regularizer: A regularizer of the bias.
        activity_regularizer: A regularizer of the outputs.
        kernel_constraint: A constraint of the matrix for the inputs.
        recurrent_constraint: A constraint of the matrix for the state.
        bias_constraint: A constraint of the bias.
        dropout: The share of the inputs that training drops, the same ones at every step.
        recurrent_dropout: The share of the state that training drops, likewise.
        seed: A seed for what is dropped.
        return_sequences: Whether the outputs of all steps are returned, not just the last one.
        return_state: Whether the last state and memory are returned, too.
        go_backwards: Whether to run from the last step to the first.
        stateful: Whether the states of a batch are the first ones of the next.
        unroll: Whether a compiled function has all steps one by one.
        use_cudnn: Accepted for compatibility: the framework's kernel is used in any case where there is one.

    >>> ops.shape(LSTM(3)(ops.ones((2, 4, 5))))
    (2, 3)
    """

    recurrent_activation, unit_forget_bias = of_cell("recurrent_activation"), of_cell("unit_forget_bias")
    cell_arguments = (*SequenceLayer.cell_arguments, "recurrent_activation", "unit_forget_bias")

    def __init__(
        self,
        units: int,
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
        unroll: bool = False,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ):
        kwargs.pop("implementation", None)
        cell = LSTMCell(
            units,
            activation,
            recurrent_activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            unit_forget_bias,
            kernel_regularizer,
            recurrent_regularizer,
            bias_regularizer,
            kernel_constraint,
            recurrent_constraint,
            bias_constraint,
            dropout,
            recurrent_dropout,
            seed,
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="lstm_cell",
        )
        super().__init__(
            cell,
            return_sequences,
            return_state,
            go_backwards,
            stateful,
            unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.input_spec = InputSpec(ndim=3)
        self.use_cudnn = use_cudnn
        functions = cell.activation, cell.recurrent_activation
        self.runs_as_one = functions == (activations.get("tanh"), activations.get("sigmoid"))

    def _run_as_one(self, sequences: Any, states: list[Any], mask: Any) -> Any:
        cell, (state, memory) = self.cell, states
        weights = cell.kernel, cell.recurrent_kernel, cell.bias
        return ops.lstm(sequences, state, memory, *weights, mask, self.unroll)
