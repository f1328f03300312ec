"""Sums of products of the inputs and a kernel, as written in Einstein's notation."""

from __future__ import annotations

import copy
import re
from typing import Any

from .. import activations, constraints, initializers, ops, regularizers
from ..errors import ArgumentError
from ..spec import prod
from .configuration import described, refuse_quantization
from .input_spec import InputSpec
from .low_rank import LowRankAdaptable


class EinsumDense(LowRankAdaptable):
    """A dense layer for inputs and outputs of any number of axes.

    Args:
        equation: How to multiply: letters for the axes of the inputs and of the kernel, and after `->` for those of
            the outputs. `...` may stand for axes in front, or at the end, of inputs and outputs.
        output_shape: The sizes of the axes of the outputs that have letters, without the batch; None for those that
            the inputs have, too.
        activation: A function of the result, or its name; None for none.
        bias_axes: The letters of the outputs for which there is a bias; None for no bias.
        kernel_initializer: The initializer of the kernel.
        bias_initializer: The initializer of the bias.
        kernel_regularizer: A regularizer of the kernel.
        bias_regularizer: A regularizer of the bias.
        kernel_constraint: A constraint on the kernel.
        bias_constraint: A constraint on the bias.
        lora_rank: If given, the kernel is frozen, and adapted by a product of two with this rank.
        lora_alpha: What that product counts, times the rank.
        gptq_unpacked_column_size: Layers cannot be quantized.
        quantization_config: Layers cannot be quantized.
        **kwargs: Arguments of every layer.

    >>> EinsumDense("abc,cd->abd", output_shape=(None, 64), bias_axes="d")(Spec((None, 32, 128)))
    Spec((batch, 32, 64), 'float32')
    """

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        gptq_unpacked_column_size: int | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        refuse_quantization(
            self, quantization_config=quantization_config, gptq_unpacked_column_size=gptq_unpacked_column_size
        )
        self.equation = equation
        self.partial_output_shape = (output_shape,) if hasattr(output_shape, "__index__") else tuple(output_shape)
        self.activation = activations.get(activation)
        self.bias_axes = bias_axes
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.set_rank(lora_rank, lora_alpha)
        self.gptq_unpacked_column_size = None
        self.quantization_config = None

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias."""
        plan = _Plan(self.equation, self.bias_axes, tuple(input_shape), self.partial_output_shape)
        self._kernel = self.add_weight(
            plan.kernel_shape,
            plan.with_axes(self.kernel_initializer),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = None
        self._summed = plan.summed
        if self.bias_axes is not None:
            self.bias = self.add_weight(
                plan.bias_shape,
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
        self.input_spec = InputSpec(ndim=len(input_shape), axes=plan.fixed_axes)
        if self.lora_rank:
            self.enable_lora(self.lora_rank, self.lora_alpha)

    @property
    def kernel(self) -> Any:
        """The kernel, with its adaptation if there is one."""
        return self._adapted_weight()

    def call(self, inputs: Any) -> Any:
        """The outputs."""
        kernel = self._adapted_weight()
        if self._summed and ops.shape(inputs)[-self._summed :] == ops.shape(kernel)[: self._summed]:
            x = self._affine(inputs, kernel, self._summed)
        else:
            x = ops.einsum(self.equation, inputs, kernel)
            x = x if self.bias is None else ops.add(x, self.bias)
        return x if self.activation is activations.linear else self._activated(x)

    def _affine(self, inputs: Any, kernel: Any, summed: int) -> Any:
        """The product of matrices, plus the bias, that an equation comes to which takes no axes apart."""
        batch, outputs = ops.shape(inputs)[:-summed], ops.shape(kernel)[summed:]
        rows, columns = prod(ops.shape(kernel)[:summed]), prod(outputs)
        x, kernel = ops.reshape(inputs, (prod(batch), rows)), ops.reshape(kernel, (rows, columns))
        return ops.reshape(ops.affine(x, kernel, ops.reshape(self.bias, (columns,))), (*batch, *outputs))

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        own = described(
            self,
            "equation",
            "activation",
            "bias_axes",
            "kernel_initializer",
            "bias_initializer",
            "kernel_regularizer",
            "bias_regularizer",
            "activity_regularizer",
            "kernel_constraint",
            "bias_constraint",
            "quantization_config",
        )
        return {**super().get_config(), **own, "output_shape": self.partial_output_shape, **self._config_of_rank()}


_EQUATION = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


class _Plan:
    """The shapes of kernel and bias that belong to an equation and the shape of the inputs."""

    def __init__(
        self, equation: str, bias_axes: str | None, input_shape: tuple[Any, ...], output_shape: tuple[Any, ...]
    ):
        self._equation = equation
        found = _EQUATION.fullmatch(equation.replace(" ", ""))
        in_front, inputs, at_end, kernel, *after = found.groups() if found else ("", "", "", "", "?", "", "")
        outputs = after[1]
        if [in_front, at_end] != after[::2] or (in_front and at_end):
            self._refuse("expected one of the forms ab,bc->ac, ...ab,bc->...ac and ab...,bc->ac...")
        hidden = len(input_shape) - len(inputs)
        if hidden < 0 or (hidden and not (in_front or at_end)):
            self._refuse(f"its first part has {len(inputs)} letters, and the inputs have shape {input_shape}")
        seen = input_shape[: len(inputs)] if at_end else input_shape[hidden:]
        sizes = dict(zip(inputs, seen, strict=True))
        self._take_outputs(sizes, outputs, output_shape, is_batch_hidden=bool(hidden and not at_end))
        unknown = [letter for letter in kernel if sizes.get(letter) is None]
        if unknown:
            self._refuse(f"the size of {unknown[0]!r} in the kernel is not known. Give it in output_shape")
        self.kernel_shape = tuple(sizes[letter] for letter in kernel)
        self._axes = [[i for i, c in enumerate(kernel) if (c in outputs) == is_output] for is_output in (False, True)]
        self.bias_shape = self._bias(sizes, outputs, bias_axes, hidden if at_end else 0)
        self.fixed_axes = {i if at_end else i + hidden: sizes[c] for i, c in enumerate(inputs) if c in kernel}
        self.summed = None if at_end else _summed(inputs, kernel, outputs, bias_axes)

    def _take_outputs(self, sizes: dict[str, Any], outputs: str, given: tuple[Any, ...], is_batch_hidden: bool) -> None:
        """Add what `output_shape` says of letters; the batch is not in it."""
        letters = outputs if is_batch_hidden else outputs[1:]
        if len(letters) != len(given):
            self._refuse(f"expected output_shape to have a size for each of the letters {letters}; got {given}")
        for letter, size in zip(letters, given, strict=True):
            if letter in sizes and size is not None and sizes[letter] != size:
                self._refuse(f"{letter!r} is {sizes[letter]} in the inputs, and {size} in output_shape {given}")
            sizes[letter] = sizes.get(letter) if size is None else size

    def _bias(self, sizes: dict[str, Any], outputs: str, axes: str | None, after: int) -> tuple[int, ...] | None:
        if axes is None:
            return None
        strange = [letter for letter in axes if letter not in outputs]
        if strange or not axes:
            self._refuse(f"expected bias_axes to be letters of the outputs {outputs}; got {axes!r}")
        first = min(map(outputs.index, axes))
        return (*(sizes[c] if c in axes else 1 for c in outputs[first:]), *(1,) * after)

    def with_axes(self, initializer: Any) -> Any:
        """An initializer that knows which axes of the kernel are inputs and which are outputs, if it wants to."""
        if getattr(initializer, "input_axes", 0) is not None or getattr(initializer, "output_axes", 0) is not None:
            return initializer
        initializer = copy.copy(initializer)
        initializer.input_axes, initializer.output_axes = self._axes
        return initializer

    def _refuse(self, reason: str) -> None:
        raise ArgumentError(f"EinsumDense: equation {self._equation!r}: {reason}.")


def _summed(inputs: str, kernel: str, outputs: str, bias_axes: str | None) -> int | None:
    """How many axes are summed over, if those are the last of the inputs, and each new axis has a bias; else None."""
    for count in range(1, len(kernel)):
        summed, new = kernel[:count], kernel[count:]
        is_product = inputs.endswith(summed) and inputs.removesuffix(summed) + new == outputs
        if is_product and len({*inputs, *new}) == len(inputs + new) and sorted(bias_axes or "") == sorted(new):
            return count
    return None
