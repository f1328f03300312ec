"""Elman's recurrent network."""

from __future__ import annotations

from typing import Any

from .. import activations, ops
from .cells import DenseCell
from .input_spec import InputSpec
from .recurrent import SequenceLayer


class SimpleRNNCell(DenseCell):
    """One step of `SimpleRNN`: the activation of the inputs times a matrix plus the state times a matrix.

    Args:
        units: The size of the state, which is the output.
        activation: What is applied to the new state; None for nothing.
        use_bias: Whether a number is added for each unit.
        kernel_initializer: What gives the matrix for the inputs its first values.
        recurrent_initializer: What gives the matrix for the state its first values.
        bias_initializer: What gives the bias its first values.
        kernel_regularizer: A regularizer of the matrix for the inputs.
        recurrent_regularizer: A regularizer of the matrix for the state.
        bias_regularizer: A regularizer of the bias.
        kernel_constraint: A constraint of the matrix for the inputs.
        recurrent_constraint: A constraint of the matrix for the state.
        bias_constraint: A constraint of the bias.
        dropout: The share of the inputs that training drops, the same ones at every step.
        recurrent_dropout: The share of the state that training drops, likewise.
        seed: A seed for what is dropped.

    >>> output, states = SimpleRNNCell(3)(ops.ones((2, 4)), [ops.zeros((2, 3))])
    >>> ops.shape(output)
    (2, 3)
    """

    gates = 1

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
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
        super().__init__(
            units,
            seed,
            dropout,
            recurrent_dropout,
            kwargs,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
        )
        self.state_size = self.units

    def call(self, sequence: Any, states: Any, training: bool = False) -> Any:
        """One step."""
        nested = isinstance(states, (list, tuple))
        inputs, state = self._dropped(sequence, states[0] if nested else states, training)
        state = self.activation(ops.add(self._projected(inputs), ops.matmul(state, self.recurrent_kernel)))
        return state, [state] if nested else state


class SimpleRNN(SequenceLayer):
    """Elman's recurrent network: the output of each step is an input of the next.

    Args:
        units: The size of the state, which is the output.
        activation: What is applied to the new state; None for nothing.
        use_bias: Whether a number is added for each unit.
        kernel_initializer: What gives the matrix for the inputs its first values.
        recurrent_initializer: What gives the matrix for the state its first values.
        bias_initializer: What gives the bias its first values.
        kernel_regularizer: A regularizer of the matrix for the inputs.
        recurrent_regularizer: A regularizer of the matrix for the state.
        bias_regularizer: A regularizer of the bias.
        activity_regularizer: A regularizer of the outputs.
        kernel_constraint: A constraint of the matrix for the inputs.
        recurrent_constraint: A constraint of the matrix for the state.
        bias_constraint: A constraint of the bias.
        dropout: The share of the inputs that training drops, the same ones at every step.
        recurrent_dropout: The share of the state that training drops, likewise.
        return_sequences: Whether the outputs of all steps are returned, not just the last one.
        return_state: Whether the last state is returned, too.
        go_backwards: Whether to run from the last step to the first.
        stateful: Whether the states of a batch are the first ones of the next.
        unroll: Whether a compiled function has all steps one by one.
        seed: A seed for what is dropped.

    >>> ops.shape(SimpleRNN(3)(ops.ones((2, 4, 5))))
    (2, 3)
    """

    cell_arguments = tuple(name for name in SequenceLayer.cell_arguments if name != "seed")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ):
        cell = SimpleRNNCell(
            units,
            activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
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
            name="simple_rnn_cell",
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
        self.input_spec = [InputSpec(ndim=3)]
        self.runs_as_one = cell.activation is activations.get("tanh")

    def _run_as_one(self, sequences: Any, states: list[Any], mask: Any) -> Any:
        cell = self.cell
        return ops.simple_rnn(sequences, states[0], cell.kernel, cell.recurrent_kernel, cell.bias, mask, self.unroll)
