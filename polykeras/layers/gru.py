"""Gated recurrent units."""

from __future__ import annotations

from typing import Any

from .. import activations, ops
from .cells import DenseCell
from .configuration import described
from .input_spec import InputSpec
from .recurrent import SequenceLayer, of_cell


class GRUCell(DenseCell):
    """One step of `GRU`.

    Args:
        units: The size of the state, which is the output.
        activation: What is applied to the candidate for the state; None for nothing.
        recurrent_activation: What is applied to the gates.
        use_bias: Whether a number is added for each unit of each gate.
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
        reset_after: Whether the state is reset after its product with the matrix, or before.
        seed: A seed for what is dropped.

    >>> output, states = GRUCell(3)(ops.ones((2, 4)), [ops.zeros((2, 3))])
    >>> ops.shape(output)
    (2, 3)
    """

    gates = 3
    recurrent_activation: Any
    reset_after: bool

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        reset_after: bool = True,
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
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            reset_after=reset_after,
        )
        self.state_size = self.units

    @property
    def _bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        """One step."""
        nested = isinstance(states, (list, tuple))
        previous = states[0] if nested else states
        inputs, state = self._dropped(inputs, previous, training)
        of_inputs, of_state = self._biases()
        x = _plus(ops.matmul(inputs, self.kernel), of_inputs)
        both = 2 * self.units
        if self.reset_after:
            products = _plus(ops.matmul(state, self.recurrent_kernel), of_state)
            update, reset = self._opened(ops.add(x[:, :both], products[:, :both]))
            fresh = ops.multiply(reset, products[:, both:])
        else:
            update, reset = self._opened(ops.add(x[:, :both], ops.matmul(state, self.recurrent_kernel[:, :both])))
            fresh = ops.matmul(ops.multiply(reset, state), self.recurrent_kernel[:, both:])
        candidate = self.activation(ops.add(x[:, both:], fresh))
        state = ops.add(ops.multiply(update, previous), ops.multiply(ops.subtract(1, update), candidate))
        return state, [state] if nested else state

    def _opened(self, gates: Any) -> Any:
        """How far the gates of updating and of resetting are open."""
        return ops.split(self.recurrent_activation(gates), 2, axis=-1)

    def _biases(self) -> Any:
        """What is added to the products with the inputs, and with the state."""
        if self.bias is None:
            return None, None
        return ops.unstack(self.bias) if self.reset_after else (self.bias, None)  # type: ignore[return-value]

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**super().get_config(), **described(self, "recurrent_activation", "reset_after")}


def _plus(x: Any, bias: Any) -> Any:
    return x if bias is None else ops.add(x, bias)


class GRU(SequenceLayer):
    """Gated recurrent units (Cho and others, 2014).

    With tanh and sigmoid as activations, and without recurrent dropout, all steps run as one kernel where the framework
    has one.

    Args:
        units: The size of the state, which is the output.
        activation: What is applied to the candidate for the state; None for nothing.
        recurrent_activation: What is applied to the gates.
        use_bias: Whether a number is added for each unit of each gate.
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
        seed: A seed for what is dropped.
        return_sequences: Whether the outputs of all steps are returned, not just the last one.
        return_state: Whether the last state is returned, too.
        go_backwards: Whether to run from the last step to the first.
        stateful: Whether the states of a batch are the first ones of the next.
        unroll: Whether a compiled function has all steps one by one.
        reset_after: Whether the state is reset after its product with the matrix, or before.
        use_cudnn: Accepted for compatibility: the framework's kernel is used in any case where there is one.

    >>> ops.shape(GRU(3)(ops.ones((2, 4, 5))))
    (2, 3)
    """

    recurrent_activation, reset_after = of_cell("recurrent_activation"), of_cell("reset_after")
    cell_arguments = (*SequenceLayer.cell_arguments, "recurrent_activation", "reset_after")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ):
        kwargs.pop("implementation", None)
        cell = GRUCell(
            units,
            activation,
            recurrent_activation,
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
            reset_after,
            seed,
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="gru_cell",
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
        cell = self.cell
        weights = cell.kernel, cell.recurrent_kernel, cell.bias
        return ops.gru(sequences, states[0], *weights, mask, cell.reset_after, self.unroll)
