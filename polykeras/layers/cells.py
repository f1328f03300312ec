"""What the cells of recurrent layers have in common: their weights, and dropout that is the same at every step."""

from __future__ import annotations

from typing import Any

from .. import ops, random
from ..random import SeedGenerator
from .arguments import channels_of, keep
from .configuration import described, share, whole
from .layer import Layer

WEIGHTS = (
    "kernel_initializer",
    "recurrent_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "recurrent_regularizer",
    "bias_regularizer",
    "kernel_constraint",
    "recurrent_constraint",
    "bias_constraint",
)
ARGUMENTS = ("activation", "use_bias", *WEIGHTS, "dropout", "recurrent_dropout", "seed")


class Cell(Layer):
    """One step of a recurrent layer, with dropout of the inputs and of the first state."""

    state_size: Any
    activation: Any
    use_bias: bool
    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any
    dropout: float
    recurrent_dropout: float

    def __init__(self, seed: int | None, dropout: float, recurrent_dropout: float, kwargs: Any, **arguments: Any):
        super().__init__(**kwargs)
        keep(self, **arguments)
        self.dropout = share(self, "dropout", dropout)
        self.recurrent_dropout = share(self, "recurrent_dropout", recurrent_dropout)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed) if dropout or recurrent_dropout else None
        self._dropout_mask: Any = None
        self._recurrent_dropout_mask: Any = None

    def _add_weights(
        self, kernel: tuple[int, ...], recurrent: tuple[int, ...], bias: tuple[int, ...], are_kernels: bool = False
    ) -> None:
        """Make both kernels, which may be those of convolutions, and the bias if there is one."""
        shapes = {"kernel": kernel, "recurrent_kernel": recurrent, "bias": bias}
        made = {}
        for name, shape in shapes.items():
            kind = "recurrent" if name == "recurrent_kernel" else name
            made[name] = None
            if name != "bias" or self.use_bias:
                made[name] = self.add_weight(
                    shape,
                    self._first_bias if name == "bias" else getattr(self, f"{kind}_initializer"),
                    regularizer=getattr(self, f"{kind}_regularizer"),
                    constraint=getattr(self, f"{kind}_constraint"),
                    name=name,
                    is_kernel=are_kernels and name != "bias",
                )
        self.kernel, self.recurrent_kernel, self.bias = made.values()

    @property
    def _first_bias(self) -> Any:
        return self.bias_initializer

    def get_dropout_mask(self, step_input: Any) -> Any:
        """By what the inputs of every step are multiplied from now until `reset_dropout_mask`; None without dropout."""
        if self._dropout_mask is None and self.dropout:
            self._dropout_mask = self._drawn(step_input, self.dropout)
        return self._dropout_mask

    def get_recurrent_dropout_mask(self, state: Any) -> Any:
        """By what the first state is multiplied at every step, from now until `reset_recurrent_dropout_mask`."""
        if self._recurrent_dropout_mask is None and self.recurrent_dropout:
            self._recurrent_dropout_mask = self._drawn(state, self.recurrent_dropout)
        return self._recurrent_dropout_mask

    def _drawn(self, like: Any, rate: float) -> Any:
        return random.dropout(ops.ones_like(like), rate, seed=self.seed_generator)

    def reset_dropout_mask(self) -> None:
        """Have other inputs dropped from now on."""
        self._dropout_mask = None

    def reset_recurrent_dropout_mask(self) -> None:
        """Have other parts of the state dropped from now on."""
        self._recurrent_dropout_mask = None

    def _dropped(self, inputs: Any, state: Any, training: Any) -> tuple[Any, Any]:
        """The inputs and the first state, of which some are dropped in training.

        What is dropped is not kept from a step to the next by itself: it may belong to a function that is being traced.
        """
        if training and self.dropout:
            kept = self._dropout_mask
            inputs = ops.multiply(inputs, self._drawn(inputs, self.dropout) if kept is None else kept)
        if training and self.recurrent_dropout:
            kept = self._recurrent_dropout_mask
            state = ops.multiply(state, self._drawn(state, self.recurrent_dropout) if kept is None else kept)
        return inputs, state

    def get_initial_state(self, batch_size: Any = None) -> Any:
        """The states before the first step: zeros."""
        sizes = self.state_size if isinstance(self.state_size, (list, tuple)) else [self.state_size]
        shapes = [(batch_size, *(size if isinstance(size, (list, tuple)) else (size,))) for size in sizes]
        return [ops.zeros(shape, self.compute_dtype) for shape in shapes]


class DenseCell(Cell):
    """A cell that multiplies inputs and state by matrices, with a column for each unit of each gate."""

    gates: int

    def __init__(self, units: int, seed: Any, dropout: float, recurrent_dropout: float, kwargs: Any, **arguments: Any):
        super().__init__(seed, dropout, recurrent_dropout, kwargs, **arguments)
        self.units = whole(self, "units", units)
        self.output_size = self.units

    def build(self, input_shape: Any) -> None:
        """Make the weights."""
        features, width = channels_of(self, input_shape, -1), self.gates * self.units
        self._add_weights((features, width), (self.units, width), self._bias_shape)

    @property
    def _bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def _projected(self, inputs: Any) -> Any:
        out = ops.matmul(inputs, self.kernel)
        return out if self.bias is None else ops.add(out, self.bias)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**super().get_config(), **described(self, "units", *ARGUMENTS)}
