"""Attention with one head: means of values, weighed by how well their keys fit a query."""

from __future__ import annotations

from typing import Any

from .. import ops, random
from ..errors import ArgumentError
from ..ops.attention import causal_mask
from ..random import SeedGenerator
from .configuration import described, share
from .layer import Layer


class Attention(Layer):
    """For each query a mean of values, weighed by the softmax of scores of query and keys.

    It is called on a list of query, value and, unless that is the value, key, each of shape (batch, time, size).

    Args:
        use_scale: Whether scores are multiplied by a weight.
        score_mode: "dot" for the product of query and key, "concat" for the sum of tanh of their sum.
        dropout: The share of weights of the mean that are dropped in training.
        seed: A whole number; None for one that `set_random_seed` determines.
        **kwargs: Arguments of every layer.

    >>> Attention()([Spec((None, 4, 8)), Spec((None, 6, 8))])
    Spec((batch, 4, 8), 'float32')
    """

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if score_mode not in ("dot", "concat"):
            raise ArgumentError(f"{type(self).__name__}: expected score_mode to be dot or concat; got {score_mode!r}.")
        self.use_scale = use_scale
        self.score_mode = score_mode
        self.dropout = share(self, "dropout", dropout)
        self.seed = seed
        if dropout > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Make the weights of the scores."""
        self._check_list("inputs", input_shape)
        self.scale = self.add_weight((), "ones", name="scale") if self.use_scale else None
        self.concat_score_weight = None
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight")

    def _check_list(self, what: str, given: Any) -> None:
        if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
            raise ArgumentError(
                f"{type(self).__name__}: expected {what} to be a list for query, value and perhaps key; got {given!r}."
            )

    def _scores(self, query: Any, key: Any) -> Any:
        """How well each key fits each query."""
        if self.concat_score_weight is None:
            scores = ops.matmul(query, ops.swapaxes(key, -2, -1))
            return scores if self.scale is None else ops.multiply(scores, self.scale)
        both = _sums(query, key)
        both = both if self.scale is None else ops.multiply(both, self.scale)
        return ops.multiply(ops.sum(ops.tanh(both), -1), self.concat_score_weight)

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """The means, and perhaps the weights by which they were made."""
        self._check_list("inputs", inputs)
        if mask is not None:
            self._check_list("mask", mask)
        query, value, key = inputs if len(inputs) == 3 else (*inputs, inputs[1])
        query_mask, value_mask = (None, None) if mask is None else mask[:2]
        scores = self._scores(query, key)
        allowed = None if value_mask is None else ops.expand_dims(value_mask, -2)
        if use_causal_mask:
            earlier = ops.expand_dims(causal_mask(*ops.shape(scores)[-2:]), 0)
            allowed = earlier if allowed is None else ops.logical_and(allowed, earlier)
        if allowed is not None:
            scores = ops.where(allowed, scores, -65504.0 if ops.dtype(scores) == "float16" else -1e9)
        weights = ops.softmax(scores, -1)
        if training and self.dropout > 0:
            weights = random.dropout(weights, self.dropout, seed=self.seed_generator)
        means = ops.matmul(weights, value)
        if query_mask is not None:
            means = ops.where(ops.expand_dims(query_mask, -1), means, 0)
        return (means, weights) if return_attention_scores else means

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the query."""
        return None if previous_mask is None else previous_mask[0]

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "use_scale", "score_mode", "dropout", "seed")}


def _sums(query: Any, key: Any) -> Any:
    """Each query plus each key."""
    return ops.add(ops.expand_dims(query, -2), ops.expand_dims(key, -3))


class AdditiveAttention(Attention):
    """Attention whose scores are weighed sums of tanh of the sum of query and key.

    Args:
        use_scale: Whether there are weights for these sums.
        dropout: The share of weights of the mean that are dropped in training.
        **kwargs: `seed`, and arguments of every layer.

    >>> AdditiveAttention()([Spec((None, 4, 8)), Spec((None, 6, 8))])
    Spec((batch, 4, 8), 'float32')
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any):
        super().__init__(use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Make the weights of the scores."""
        self._check_list("inputs", input_shape)
        self.scale = None
        if self.use_scale:
            self.scale = self.add_weight((input_shape[0][-1],), "glorot_uniform", name="scale")

    def _scores(self, query: Any, key: Any) -> Any:
        both = ops.tanh(_sums(query, key))
        return ops.sum(both if self.scale is None else ops.multiply(both, self.scale), -1)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        config = super().get_config()
        del config["score_mode"]
        return config
