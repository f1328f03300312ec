"""Layers that run a cell along the steps of sequences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .. import ops, tree
from ..errors import ArgumentError, StateError
from ..ops.recurrent import run_steps
from ..registry import deserialize_keras_object, serialize_keras_object
from ..state import Variable
from .cells import ARGUMENTS, Cell
from .configuration import described
from .layer import Layer
from .stacked_cells import StackedRNNCells, call_cell, first_states

OPTIONS = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask")


class RNN(Layer):
    """A cell that is run along the steps of sequences, and hands its states on from each to the next.

    A cell has an attribute `state_size`, a number or a list of them, and a method `call(inputs, states)`, which returns
    the output of the step and the list of new states.

    Args:
        cell: The cell; or a list of cells, one upon the other.
        return_sequences: Whether the outputs of all steps are returned, not just the last one.
        return_state: Whether the last states are returned, too.
        go_backwards: Whether to run from the last step to the first. The outputs are in the order of the run.
        stateful: Whether the states of each example are the first ones of the example in its place of the next batch.
        unroll: Whether a compiled function has all steps one by one, which may be faster for a few of them.
        zero_output_for_mask: Whether outputs of steps that do not count are zeros, not those of the step before.

    >>> from polykeras.layers import LSTMCell
    >>> ops.shape(RNN(LSTMCell(3), return_sequences=True)(ops.ones((2, 4, 5))))
    (2, 4, 3)
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ):
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell, dtype=kwargs.get("dtype"))
        if not hasattr(cell, "call") or not hasattr(cell, "state_size"):
            raise ArgumentError(
                f"{type(self).__name__}: expected a cell, which has a method call and an attribute state_size; got "
                f"{cell!r}."
            )
        super().__init__(**kwargs)
        self.cell = cell
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.supports_masking = True
        self.states: Any = None

    @property
    def state_size(self) -> Any:
        """The sizes of the states."""
        return self.cell.state_size

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Build the cell, and keep the states of a stateful layer."""
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build((sequences_shape[0], *sequences_shape[2:]))
        if self.stateful:
            if sequences_shape[0] is None:
                raise ArgumentError(
                    f"{self.name}: a stateful layer keeps the states of each example in a batch, and has to know how "
                    "many there are. Give Input a batch_size."
                )
            self.states = tree.map_structure(
                lambda x: self._kept_state(ops.shape(x)), self.get_initial_state(sequences_shape[0])
            )

    def _kept_state(self, shape: Any) -> Variable:
        return Variable(ops.zeros(shape, self.variable_dtype), trainable=False, name="rnn_state")

    def get_initial_state(self, batch_size: Any) -> list[Any]:
        """The states before the first step, a list."""
        return first_states(self.cell, batch_size)

    def _own_variables(self) -> list[Variable]:
        kept = {id(state) for state in tree.flatten(self.states)}
        return [variable for variable in super()._own_variables() if id(variable) not in kept]

    def _with_states(self) -> Iterable[Variable]:
        yield from super()._with_states()
        yield from (state for state in tree.flatten(self.states) if state is not None)

    def reset_state(self) -> None:
        """Forget the states that a stateful layer keeps."""
        if self.states is None:
            raise StateError(
                f"{self.name}: there are no states to reset. Make the layer with stateful=True, and build it."
            )
        for state in tree.flatten(self.states):
            state.assign(ops.zeros(state.shape, state.dtype))

    reset_states = reset_state

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        """Run along the steps."""
        if mask is not None:
            mask = tree.flatten(mask)[0]
        states = self._first_states(sequences, initial_state)
        if self.go_backwards:
            sequences = ops.flip(sequences, 1)
            mask = None if mask is None else ops.flip(mask, 1)
        outputs, states = self.inner_loop(sequences, states, mask, training)
        last = outputs[:, -1] if mask is not None or self.return_sequences else self._last_output(outputs, states)
        if mask is not None and self.zero_output_for_mask:
            outputs, last = _zeroed(outputs, mask), _zeroed(last, mask[:, -1])
        if self.stateful:
            for kept, state in zip(tree.flatten(self.states), tree.flatten(states), strict=True):
                kept.take(ops.cast(ops.stop_gradient(state), self.variable_dtype))
        output = outputs if self.return_sequences else last
        return (output, *states) if self.return_state else output

    def _last_output(self, outputs: Any, states: list[Any]) -> Any:
        return outputs[:, -1]

    def _first_states(self, sequences: Any, initial_state: Any) -> list[Any]:
        if initial_state is None:
            if not self.stateful:
                return self.get_initial_state(ops.shape(sequences)[0])
            initial_state = tree.map_structure(lambda kept: ops.cast(kept, self.compute_dtype), self.states)
        return list(initial_state) if isinstance(initial_state, (list, tuple)) else [initial_state]

    def inner_loop(self, sequences: Any, initial_state: list[Any], mask: Any, training: Any = False) -> Any:
        """The outputs of all steps, and the last states."""
        leaves, structure = tree.take_apart(initial_state)

        def step(inputs: Any, states: list[Any]) -> tuple[Any, list[Any]]:
            output, following = call_cell(self.cell, inputs, tree.put_together(structure, states))
            return output, tree.flatten(following)

        if training:
            _draw_dropout(self.cell, sequences[:, 0], initial_state)
        try:
            outputs, states = run_steps(step, sequences, leaves, mask, self.unroll)
        finally:
            if training:
                _forget_dropout(self.cell)
        return outputs, tree.put_together(structure, states)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the outputs: that of the inputs, if there are outputs for all steps."""
        mask = tree.flatten(previous_mask)[0] if self.return_sequences else None
        if not self.return_state:
            return mask
        return [mask, *(None for _ in tree.flatten(self.state_size))]

    def _options(self) -> dict[str, Any]:
        """The configuration without the cell."""
        return {**super().get_config(), **described(self, *OPTIONS)}

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**self._options(), "cell": serialize_keras_object(self.cell)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """A layer made from its configuration."""
        if "cell" in config:
            config = {**config, "cell": deserialize_keras_object(config["cell"], custom_objects)}
        return cls(**config)


def _zeroed(outputs: Any, mask: Any) -> Any:
    """Outputs with zeros where the mask is False."""
    shape = (*ops.shape(mask), *(1,) * (ops.ndim(outputs) - ops.ndim(mask)))
    return ops.where(ops.reshape(mask, shape), outputs, 0)


def _draw_dropout(cell: Any, inputs: Any, states: list[Any]) -> None:
    """Draw what is dropped at every step, before they are run."""
    if isinstance(cell, StackedRNNCells):
        for each, own in zip(cell.cells, states, strict=True):
            _draw_dropout(each, inputs, own)
            inputs = tree.flatten(own)[0]
    elif isinstance(cell, Cell):
        cell.get_dropout_mask(inputs)
        cell.get_recurrent_dropout_mask(tree.flatten(states)[0])


def _forget_dropout(cell: Any) -> None:
    for each in cell.cells if isinstance(cell, StackedRNNCells) else [cell]:
        if isinstance(each, Cell):
            each.reset_dropout_mask()
            each.reset_recurrent_dropout_mask()


def of_cell(name: str) -> Any:
    """A property with the value that the cell has for it."""
    return property(lambda self: getattr(self.cell, name), doc=f"The cell's {name}.")


class SequenceLayer(RNN):
    """A recurrent layer with a cell of its own, which runs as one op where nothing speaks against it."""

    cell: Any
    activation, use_bias = of_cell("activation"), of_cell("use_bias")
    kernel_initializer, recurrent_initializer = of_cell("kernel_initializer"), of_cell("recurrent_initializer")
    bias_initializer, kernel_regularizer = of_cell("bias_initializer"), of_cell("kernel_regularizer")
    recurrent_regularizer, bias_regularizer = of_cell("recurrent_regularizer"), of_cell("bias_regularizer")
    kernel_constraint, recurrent_constraint = of_cell("kernel_constraint"), of_cell("recurrent_constraint")
    bias_constraint, dropout = of_cell("bias_constraint"), of_cell("dropout")
    recurrent_dropout, seed = of_cell("recurrent_dropout"), of_cell("seed")
    units = of_cell("units")

    cell_arguments: tuple[str, ...] = ("units", *ARGUMENTS, "activity_regularizer")
    """The names of the arguments in the configuration."""
    runs_as_one = False
    """Whether the activations are those that the op computes with."""

    def inner_loop(self, sequences: Any, initial_state: list[Any], mask: Any, training: Any = False) -> Any:
        """The outputs of all steps, and the last states."""
        if not self.runs_as_one or (training and self.cell.recurrent_dropout):
            return super().inner_loop(sequences, initial_state, mask, training)
        if training and self.cell.dropout:
            dropped = self.cell.get_dropout_mask(sequences[:, 0])
            self.cell.reset_dropout_mask()
            sequences = ops.multiply(sequences, ops.expand_dims(dropped, 1))
        outputs, *states = self._run_as_one(sequences, initial_state, mask)
        return outputs, states

    def _run_as_one(self, sequences: Any, states: list[Any], mask: Any) -> Any:
        raise NotImplementedError

    def _last_output(self, outputs: Any, states: list[Any]) -> Any:
        return states[0]

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**self._options(), **described(self, *self.cell_arguments)}
