"""Layers of which every output depends on every input: products with a matrix."""

from __future__ import annotations

from typing import Any

from .. import activations, constraints, initializers, ops, regularizers
from .configuration import described, refuse_quantization, whole
from .input_spec import InputSpec
from .low_rank import LowRankAdaptable


class Dense(LowRankAdaptable):
    """The activation of the inputs times a matrix, plus a bias.

    Args:
        units: The number of outputs.
        activation: A function of the result, or its name; None for none.
        use_bias: Whether there is a bias.
        kernel_initializer: The initializer of the matrix.
        bias_initializer: The initializer of the bias.
        kernel_regularizer: A regularizer of the matrix.
        bias_regularizer: A regularizer of the bias.
        activity_regularizer: A regularizer of the outputs.
        kernel_constraint: A constraint on the matrix.
        bias_constraint: A constraint on the bias.
        lora_rank: If given, the matrix is frozen, and adapted by a product of two with this rank.
        lora_alpha: What that product counts, times the rank.
        quantization_config: Layers cannot be quantized.
        **kwargs: Arguments of every layer.

    >>> Dense(4)(Spec((None, 3)))
    Spec((batch, 4), 'float32')
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        refuse_quantization(self, quantization_config=quantization_config)
        self.units = whole(self, "units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.set_rank(lora_rank, lora_alpha)
        self.quantization_config = None
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Make the matrix and the bias."""
        inputs = input_shape[-1]
        self._kernel = self.add_weight(
            (inputs, self.units),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: inputs})
        if self.lora_rank:
            self.enable_lora(self.lora_rank, self.lora_alpha)

    @property
    def kernel(self) -> Any:
        """The matrix, with its adaptation if there is one."""
        return self._adapted_weight()

    def call(self, inputs: Any) -> Any:
        """The outputs."""
        kernel = self._adapted_weight()
        x = ops.matmul(inputs, kernel) if self.bias is None else ops.affine(inputs, kernel, self.bias)
        return x if self.activation is activations.linear else self._activated(x)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        own = described(
            self,
            "units",
            "activation",
            "use_bias",
            "kernel_initializer",
            "bias_initializer",
            "kernel_regularizer",
            "bias_regularizer",
            "kernel_constraint",
            "bias_constraint",
            "quantization_config",
        )
        return {**super().get_config(), **own, **self._config_of_rank()}
