"""Attention with several heads."""

from __future__ import annotations

import string
from typing import Any

from ..errors import ArgumentError
from .configuration import described, whole
from .einsum_dense import EinsumDense
from .heads import Heads


class MultiHeadAttention(Heads):
    """Attention in several heads, between projections.

    It is called on query, value and, unless that is the value, key.

    Args:
        num_heads: The number of heads.
        key_dim: The size of query and key in each head.
        value_dim: The size of the value in each head; None for that of the key.
        dropout: The share of weights of the means that are dropped in training.
        use_bias: Whether projections have biases.
        output_shape: The shape of each output; None for that of each query.
        attention_axes: The axes over which to attend; None for all between batch and features.
        sliding_window: How far keys may be from a query: nearer than this; None for no bound.
        flash_attention: Whether a kernel that does not write scores to memory may be used; None leaves the choice to
            the backend.
        kernel_initializer: The initializer of the projections.
        bias_initializer: The initializer of their biases.
        kernel_regularizer: A regularizer of the projections.
        bias_regularizer: A regularizer of their biases.
        activity_regularizer: A regularizer of the outputs of the projections.
        kernel_constraint: A constraint on the projections.
        bias_constraint: A constraint on their biases.
        use_gate: Whether the means are multiplied by a sigmoid of another projection of the query.
        seed: A whole number; None for one that `set_random_seed` determines.
        **kwargs: Arguments of every layer.

    >>> MultiHeadAttention(num_heads=2, key_dim=4)(Spec((None, 8, 16)), Spec((None, 6, 16)))
    Spec((batch, 8, 16), 'float32')
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ):
        weights = {
            "kernel_initializer": kernel_initializer,
            "bias_initializer": bias_initializer,
            "kernel_regularizer": kernel_regularizer,
            "bias_regularizer": bias_regularizer,
            "activity_regularizer": activity_regularizer,
            "kernel_constraint": kernel_constraint,
            "bias_constraint": bias_constraint,
        }
        self.num_heads = whole(self, "num_heads", num_heads)
        self.key_dim = whole(self, "key_dim", key_dim)
        self.value_dim = self.key_dim if value_dim is None else whole(self, "value_dim", value_dim)
        super().__init__(
            self.key_dim,
            dropout,
            use_bias,
            sliding_window,
            flash_attention,
            use_gate,
            seed,
            weights,
            **kwargs,
        )
        self._output_shape = (output_shape,) if hasattr(output_shape, "__index__") else output_shape
        if self._output_shape is not None:
            self._output_shape = tuple(whole(self, "each size of output_shape", size) for size in self._output_shape)
        self.attention_axes = (attention_axes,) if hasattr(attention_axes, "__index__") else attention_axes
        if not isinstance(self.attention_axes, (tuple, list, type(None))):
            raise ArgumentError(f"MultiHeadAttention: expected attention_axes to be axes; got {attention_axes!r}.")

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        """Make the projections, and find out how to multiply."""
        key_shape = value_shape if key_shape is None else key_shape
        if not 3 <= len(query_shape) == len(value_shape) == len(key_shape):
            raise ArgumentError(
                "MultiHeadAttention: expected query, value and key of shape (batch, steps, ..., features), with the "
                f"same number of axes; got shapes {tuple(query_shape)}, {tuple(value_shape)} and {tuple(key_shape)}. "
                "Add axes with expand_dims."
            )
        if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise ArgumentError(
                f"MultiHeadAttention: expected a key for each value; got values of shape {tuple(value_shape)} and keys "
                f"of shape {tuple(key_shape)}."
            )
        self._query_dense = self._into_heads("query", query_shape, self.key_dim)
        self._key_dense = self._into_heads("key", key_shape, self.key_dim)
        if self.use_gate:
            self._gate_dense = self._into_heads("gate", query_shape, self.value_dim, "sigmoid")
        self._value_dense = self._into_heads("value", value_shape, self.value_dim)
        self._plan(len(query_shape) + 1)
        self._output_dense = self._out_of_heads(query_shape)

    @property
    def query_dense(self) -> EinsumDense:
        """The projection of queries."""
        return self._query_dense

    @property
    def key_dense(self) -> EinsumDense:
        """The projection of keys."""
        return self._key_dense

    @property
    def value_dense(self) -> EinsumDense:
        """The projection of values."""
        return self._value_dense

    @property
    def output_dense(self) -> EinsumDense:
        """The projection of the outputs."""
        return self._output_dense

    def _into_heads(self, name: str, shape: Any, size: int, activation: Any = None) -> EinsumDense:
        free = string.ascii_lowercase[: len(shape) - 1]
        shape_of_each = (*(None,) * (len(shape) - 2), self.num_heads, size)
        layer = self._projection(name, f"{free}x,xyz->{free}yz", shape_of_each, "yz", activation)
        layer.build(tuple(shape))
        return layer

    def _out_of_heads(self, shape: Any) -> EinsumDense:
        free = string.ascii_lowercase[: len(shape) - 1]
        outputs = self._output_shape or (shape[-1],)
        letters = string.ascii_uppercase[: len(outputs)]
        of_each = (*(None,) * (len(shape) - 2), *outputs)
        layer = self._projection("attention_output", f"{free}yz,yz{letters}->{free}{letters}", of_each, letters)
        layer.build((*shape[:-1], self.num_heads, self.value_dim))
        return layer

    def _plan(self, rank: int) -> None:
        """The equations for query, key and value of this rank in heads, and the layers between them."""
        given = range(1, rank - 2) if self.attention_axes is None else self.attention_axes
        axes = self.attention_axes = tuple(axis if axis >= 0 else rank - 1 + axis for axis in given)
        query = string.ascii_lowercase[:rank]
        key = "".join(c.upper() if axis in axes else c for axis, c in enumerate(query))
        batch = "".join(c for axis, c in enumerate(query[:-1]) if axis not in axes)
        scores = batch + "".join(query[axis] for axis in axes) + "".join(key[axis] for axis in axes)
        self.scores_equation = f"{key},{query}->{scores}"
        self.means_equation = f"{scores},{key}->{query}"
        self._attended = 2 * len(axes)
        self._make_weighing(tuple(range(len(scores) - len(axes), len(scores))))

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        own = described(self, "num_heads", "key_dim", "value_dim", "attention_axes")
        return {**super().get_config(), **own, "output_shape": self._output_shape}
