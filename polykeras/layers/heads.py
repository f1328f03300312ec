"""What attention with several heads has in common: projections, masks, and two ways to compute it."""

from __future__ import annotations

from typing import Any

from .. import constraints, initializers, masks, ops, regularizers
from ..errors import ArgumentError
from ..ops.attention import causal_mask
from ..registry import Configurable, serialize_keras_object
from .activations import Softmax
from .configuration import described, share, whole
from .dropout import Dropout
from .einsum_dense import EinsumDense
from .layer import Layer

OPTIONS = (
    "dropout",
    "use_bias",
    "use_gate",
    "sliding_window",
    "kernel_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "bias_regularizer",
    "kernel_constraint",
    "bias_constraint",
    "seed",
)
"""The arguments that both layers have, and write to their configuration."""


class Heads(Layer):
    """The base of the layers that project query, key and value into several heads, and attend in each.

    Subclasses make the layers that project in `build`, and note the equations of scores and means. Masks of inputs
    stay with them, where Keras takes them off, so that the sum of an input and what is made of it here is masked, too.
    """

    _query_dense: EinsumDense
    _key_dense: EinsumDense
    _value_dense: EinsumDense
    _gate_dense: EinsumDense
    _output_dense: EinsumDense
    scores_equation: str
    means_equation: str

    def __init__(
        self,
        size: int,
        dropout: float,
        use_bias: bool,
        sliding_window: int | None,
        flash_attention: bool | None,
        use_gate: bool,
        seed: int | None,
        weights: dict[str, Any],
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.dropout = share(self, "dropout", dropout)
        self.use_bias = use_bias
        self.use_gate = use_gate
        self.sliding_window = None if sliding_window is None else whole(self, "sliding_window", sliding_window)
        self.kernel_initializer = initializers.get(weights["kernel_initializer"])
        self.bias_initializer = initializers.get(weights["bias_initializer"])
        self.kernel_regularizer = regularizers.get(weights["kernel_regularizer"])
        self.bias_regularizer = regularizers.get(weights["bias_regularizer"])
        self.kernel_constraint = constraints.get(weights["kernel_constraint"])
        self.bias_constraint = constraints.get(weights["bias_constraint"])
        self._activity_regularizer = regularizers.get(weights["activity_regularizer"])
        self.seed = seed
        self._flash_attention = flash_attention
        self._scale = size**-0.5
        if flash_attention and dropout > 0:
            raise ArgumentError(f"{type(self).__name__}: flash_attention has no dropout. Set dropout to 0.")
        self.supports_masking = True

    # Building ----------------------------------------------------------------------------------------------

    def _projection(self, name: str, equation: str, shape: Any, bias_axes: str, activation: Any = None) -> EinsumDense:
        """A layer that projects. Each has initializers of its own, which draw numbers of their own."""
        layer = EinsumDense(
            equation,
            output_shape=shape,
            activation=activation,
            bias_axes=bias_axes if self.use_bias else None,
            kernel_initializer=_another(self.kernel_initializer),
            bias_initializer=_another(self.bias_initializer),
            kernel_regularizer=self.kernel_regularizer,
            bias_regularizer=self.bias_regularizer,
            activity_regularizer=self._activity_regularizer,
            kernel_constraint=self.kernel_constraint,
            bias_constraint=self.bias_constraint,
            dtype=self.dtype_policy,
            name=name,
        )
        layer.supports_masking = True  # masks are looked at here, so that nobody need be warned
        return layer

    def _make_weighing(self, axes: tuple[int, ...]) -> None:
        """The layers between scores and means; the keys are on the last axes of the scores."""
        self._softmax = Softmax(axes[0] if len(axes) == 1 else axes, dtype=self.dtype_policy)
        self._dropout_layer = Dropout(self.dropout, dtype=self.dtype_policy, seed=self.seed)

    # Computing ---------------------------------------------------------------------------------------------

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """The outputs, and perhaps the weights of the means."""
        key = value if key is None else key
        given = (query_mask, value_mask, key_mask, attention_mask)
        is_causal = use_causal_mask and self.sliding_window is None and all(mask is None for mask in given)
        allowed = None if is_causal else self._allowed(query, value, *given, use_causal_mask)
        gate = self._gate_dense(query) if self.use_gate else None
        means, weights = self._compute_attention(
            self._query_dense(query),
            self._key_dense(key),
            self._value_dense(value),
            allowed,
            training,
            return_attention_scores,
            is_causal,
        )
        outputs = self._output_dense(means if gate is None else ops.multiply(means, gate))
        if query_mask is not None:
            masks.set_mask(outputs, query_mask)
        return (outputs, weights) if return_attention_scores else outputs

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """None: the call sets the mask, that of the query."""
        return None

    def _allowed(
        self, query: Any, value: Any, query_mask: Any, value_mask: Any, key_mask: Any, mask: Any, use_causal_mask: bool
    ) -> Any:
        """Which keys each query looks at, an array of shape (batch, queries, keys); None for all."""
        parts = [] if query_mask is None else [ops.expand_dims(_bools(query_mask), -1)]
        parts += [ops.expand_dims(_bools(m), -2) for m in (value_mask, key_mask) if m is not None]
        queries, keys = ops.shape(query)[1], ops.shape(value)[1]
        if use_causal_mask:
            parts.append(ops.expand_dims(causal_mask(queries, keys), 0))
        if self.sliding_window is not None:
            ones = ops.ones((1, queries, keys), "int32")
            distance = ops.subtract(ops.running_sum(ones, 1), ops.running_sum(ones, 2))
            parts.append(ops.less(ops.abs(distance), self.sliding_window))
        if mask is not None:
            parts.insert(0, _bools(mask))
        if not parts:
            return None
        allowed = parts[0]
        for part in parts[1:]:
            allowed = ops.logical_and(allowed, part)
        return allowed

    def _compute_attention(
        self,
        query: Any,
        key: Any,
        value: Any,
        allowed: Any,
        training: bool | None,
        return_attention_scores: bool,
        is_causal: bool,
    ) -> tuple[Any, Any]:
        """The means in each head, and the weights by which they were made where somebody wants them."""
        if self._flash_attention and return_attention_scores:
            raise ArgumentError(
                f"{self.name}: flash_attention does not write the scores to memory, so that they cannot be returned. "
                "Leave out return_attention_scores, or make the layer without flash_attention."
            )
        ndim = len(ops.shape(query))
        if self.dropout == 0 and not return_attention_scores and ndim == 4:
            means = ops.dot_product_attention(
                query,
                key,
                value,
                mask=self._with_heads(allowed, ndim),
                scale=self._scale,
                is_causal=is_causal,
                flash_attention=self._flash_attention,
            )
            return means, None
        if is_causal:
            allowed = ops.expand_dims(causal_mask(ops.shape(query)[1], ops.shape(key)[1]), 0)
        return self._explicit_attention(query, key, value, allowed, training)

    def _explicit_attention(self, query: Any, key: Any, value: Any, allowed: Any, training: Any) -> tuple[Any, Any]:
        """By scores that are written to memory, where something is done with them."""
        scores = ops.einsum(self.scores_equation, key, ops.multiply(query, self._scale))
        weights = self._softmax(scores, mask=self._with_heads(allowed, len(ops.shape(scores))))
        dropped = self._dropout_layer(weights, training=training) if self.dropout > 0 else weights
        return ops.einsum(self.means_equation, dropped, value), weights

    def _with_heads(self, allowed: Any, ndim: int) -> Any:
        """A mask with axes of size 1 for what it lacks, in front of queries and keys."""
        if allowed is None:
            return None
        for _ in range(ndim - len(ops.shape(allowed))):
            allowed = ops.expand_dims(allowed, -self._attended - 1)
        return allowed

    _attended = 2
    """The number of axes of scores for queries and keys."""

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        own = described(self, *OPTIONS)
        own["activity_regularizer"] = serialize_keras_object(self._activity_regularizer)
        return {**super().get_config(), **own}


def _bools(mask: Any) -> Any:
    return mask if ops.dtype(mask) == "bool" else ops.cast(mask, "bool")


def _another(initializer: Any) -> Any:
    """An initializer like this one that draws other numbers, unless it has a seed."""
    if not isinstance(initializer, Configurable):
        return initializer
    return type(initializer).from_config(initializer.get_config())
