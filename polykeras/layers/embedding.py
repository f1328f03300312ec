"""Layers that look up a vector for each whole number."""

from __future__ import annotations

from typing import Any

from .. import constraints, initializers, masks, ops, regularizers
from ..dtypes import canonical
from .configuration import described, refuse_quantization, whole
from .low_rank import LowRankAdaptable


class Embedding(LowRankAdaptable):
    """A vector for each whole number from 0: the row of a table.

    Args:
        input_dim: How many numbers there are.
        output_dim: The length of the vectors.
        embeddings_initializer: The initializer of the table.
        embeddings_regularizer: A regularizer of the table.
        embeddings_constraint: A constraint on the table.
        mask_zero: Whether 0 stands for no number: then the outputs have a mask.
        weights: The table, to begin with.
        lora_rank: If given, the table is frozen, and adapted by a product of two matrices with this rank.
        lora_alpha: What that product counts, times the rank.
        quantization_config: Layers cannot be quantized.
        **kwargs: Arguments of every layer.

    >>> Embedding(1000, 64)(Spec((None, 10), "int32"))
    Spec((batch, 10, 64), 'float32')
    """

    adapted = "embeddings"

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ):
        kwargs.pop("input_length", None)  # older code says it, and nothing needs it
        super().__init__(**kwargs)
        refuse_quantization(self, quantization_config=quantization_config)
        self.input_dim = whole(self, "input_dim", input_dim)
        self.output_dim = whole(self, "output_dim", output_dim)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        self.autocast = False  # numbers that come as floats would be rounded
        self.set_rank(lora_rank, lora_alpha)
        self.quantization_config = None
        if weights is not None:
            self.build()
            self.set_weights(weights if isinstance(weights, list) and len(weights) == 1 else [weights])

    def build(self, input_shape: Any = None) -> None:
        """Make the table."""
        self._embeddings = self.add_weight(
            (self.input_dim, self.output_dim),
            self.embeddings_initializer,
            autocast=False,  # only the rows that are looked up are cast
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
            name="embeddings",
        )
        if self.lora_rank:
            self.enable_lora(self.lora_rank, self.lora_alpha)

    @property
    def embeddings(self) -> Any:
        """The table, with its adaptation if there is one."""
        return self._adapted_weight()

    def call(self, inputs: Any) -> Any:
        """The vectors."""
        if ops.dtype(inputs) not in ("int32", "int64"):
            inputs = ops.cast(inputs, "int32")
        return ops.cast(ops.take(self._adapted_weight(), inputs, 0), self.compute_dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Where the inputs are not 0."""
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        own = described(
            self,
            "input_dim",
            "output_dim",
            "embeddings_initializer",
            "embeddings_regularizer",
            "activity_regularizer",
            "embeddings_constraint",
            "mask_zero",
            "quantization_config",
        )
        return {**super().get_config(), **own, **self._config_of_rank()}


class ReversibleEmbedding(Embedding):
    """An embedding that also goes back, from vectors to a logit for each of the numbers.

    Args:
        input_dim: How many numbers there are.
        output_dim: The length of the vectors.
        tie_weights: Whether both directions have one table.
        embeddings_initializer: The initializer of the tables.
        embeddings_regularizer: A regularizer of the first table.
        embeddings_constraint: A constraint on the first table.
        mask_zero: Whether 0 stands for no number: then the vectors have a mask.
        reverse_dtype: The dtype in which to compute logits; None for that of the layer.
        logit_soft_cap: A bound c that logits x approach as c * tanh(x / c).
        **kwargs: Arguments of every layer.

    >>> layer = ReversibleEmbedding(1000, 64)
    >>> layer(layer(Spec((None, 10), "int32")), reverse=True)
    Spec((batch, 10, 1000), 'float32')
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ):
        self.tie_weights = tie_weights
        self.reverse_dtype = None if reverse_dtype is None else canonical(reverse_dtype)
        self.logit_soft_cap = logit_soft_cap
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer,
            embeddings_regularizer,
            embeddings_constraint,
            mask_zero,
            **kwargs,
        )

    def build(self, input_shape: Any = None) -> None:
        """Make the tables."""
        super().build(input_shape)
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                (self.output_dim, self.input_dim),
                self.embeddings_initializer,
                autocast=False,
                name="reverse_embeddings",
            )

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        """The vectors of numbers, or the logits of vectors."""
        if reverse:
            return self._logits(inputs)
        vectors = super().call(inputs)
        if self.mask_zero:
            masks.set_mask(vectors, ops.not_equal(inputs, 0))
        return vectors

    def _logits(self, vectors: Any) -> Any:
        table = ops.transpose(self._adapted_weight()) if self.tie_weights else self.reverse_embeddings
        dtype = self.reverse_dtype or self.compute_dtype
        logits = ops.matmul(ops.cast(vectors, dtype), ops.cast(table, dtype))
        if self.logit_soft_cap is None:
            return logits
        return ops.multiply(ops.tanh(ops.divide(logits, self.logit_soft_cap)), self.logit_soft_cap)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """None: the call sets the mask, which vectors have and logits have not."""
        return None

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "tie_weights", "reverse_dtype", "logit_soft_cap")}
