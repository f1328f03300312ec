"""Attention with several heads, of which groups share keys and values."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ArgumentError
from .configuration import described, whole
from .einsum_dense import EinsumDense
from .heads import Heads


class GroupedQueryAttention(Heads):
    """Attention with more heads for queries than for keys and values, between projections.

    It is called on query, value and, unless that is the value, key, each of shape (batch, time, size).

    Args:
        head_dim: The size of query, key and value in each head.
        num_query_heads: The number of heads of the query.
        num_key_value_heads: The number of heads of key and value, which divides that of the query.
        dropout: The share of weights of the means that are dropped in training.
        use_bias: Whether projections have biases.
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

    >>> layer = GroupedQueryAttention(head_dim=4, num_query_heads=4, num_key_value_heads=2)
    >>> layer(Spec((None, 8, 16)), Spec((None, 6, 16)))
    Spec((batch, 8, 16), 'float32')
    """

    scores_equation = "bkuh,bquh->buqk"
    means_equation = "buqk,bkuh->bquh"

    _name_in_files = "GroupQueryAttention"

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
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
        self.head_dim = whole(self, "head_dim", head_dim)
        self.num_query_heads = whole(self, "num_query_heads", num_query_heads)
        self.num_key_value_heads = whole(self, "num_key_value_heads", num_key_value_heads)
        if num_query_heads % num_key_value_heads:
            raise ArgumentError(
                "GroupQueryAttention: expected num_query_heads to be a multiple of num_key_value_heads; got "
                f"{num_query_heads} and {num_key_value_heads}."
            )
        super().__init__(
            self.head_dim,
            dropout,
            use_bias,
            sliding_window,
            flash_attention,
            use_gate,
            seed,
            weights,
            **kwargs,
        )
        self._repeats = num_query_heads // num_key_value_heads

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        """Make the projections."""
        self._query_dense = self._into_heads("query", query_shape, self.num_query_heads)
        self._key_dense = self._into_heads("key", key_shape or value_shape, self.num_key_value_heads)
        if self.use_gate:
            self._gate_dense = self._into_heads("gate", query_shape, self.num_query_heads, "sigmoid")
        self._value_dense = self._into_heads("value", value_shape, self.num_key_value_heads)
        self._make_weighing((-1,))
        self._output_dense = self._projection("attention_output", "bquh,uhm->bqm", (None, query_shape[-1]), "m")
        self._output_dense.build((*query_shape[:-1], self.num_query_heads, self.head_dim))

    def _into_heads(self, name: str, shape: Any, heads: int, activation: Any = None) -> EinsumDense:
        layer = self._projection(name, "btm,muh->btuh", (None, heads, self.head_dim), "uh", activation)
        layer.build(tuple(shape))
        return layer

    def _explicit_attention(self, query: Any, key: Any, value: Any, allowed: Any, training: Any) -> tuple[Any, Any]:
        if self._repeats > 1:
            key, value = (ops.repeat(x, self._repeats, 2) for x in (key, value))
        return super()._explicit_attention(query, key, value, allowed, training)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "head_dim", "num_query_heads", "num_key_value_heads")}


GroupQueryAttention = GroupedQueryAttention
