"""Class numbers as rows of numbers, one for each class."""

from __future__ import annotations

from typing import Any

from ... import ops
from ...errors import ArgumentError
from ...spec import Spec
from ..configuration import described, whole
from ..layer import Layer
from .data_layer import DataLayer


def check_mode(layer: Layer, mode: Any, known: tuple[str, ...]) -> str:
    """An `output_mode` that the layer knows."""
    if mode not in known:
        raise ArgumentError(
            f"{type(layer).__name__}: expected output_mode to be one of {', '.join(known)}; got {mode!r}."
        )
    return mode


def refuse_sparse(layer: Layer, **arguments: Any) -> None:
    """No backend here has sparse or ragged arrays."""
    for name, value in arguments.items():
        if value:
            raise ArgumentError(f"{type(layer).__name__}: {name} arrays are not supported. Leave out {name}=True.")


def encoded(numbers: Any, mode: str, depth: int, dtype: str, weights: Any = None) -> Any:
    """Class numbers in the form that a layer's `output_mode` names.

    Args:
        numbers: Array of integers; one that is negative counts for nothing.
        mode: "int", "one_hot", "multi_hot", "count" or "tf_idf".
        depth: The number of classes.
        dtype: The dtype of the result.
        weights: In mode "count" how much each number counts, an array like `numbers`; in mode "tf_idf" a factor for
            each class.

    Returns:
        The array.
    """
    if mode == "int":
        return numbers
    if mode == "one_hot":
        if ops.ndim(numbers) and ops.shape(numbers)[-1] == 1:
            numbers = ops.squeeze(numbers, -1)
        elif not ops.ndim(numbers):
            numbers = ops.expand_dims(numbers, -1)
        return ops.one_hot(numbers, depth, dtype=dtype)
    if not ops.ndim(numbers):
        numbers = ops.expand_dims(numbers, -1)
    rows = ops.one_hot(numbers, depth, dtype=dtype)
    if mode == "multi_hot":
        return ops.max(rows, -2, initial=0)
    if mode == "count" and weights is not None:
        rows = ops.multiply(rows, ops.expand_dims(ops.cast(weights, dtype), -1))
    counts = ops.sum(rows, -2)
    return ops.multiply(counts, ops.cast(weights, dtype)) if mode == "tf_idf" else counts


def encoded_shape(shape: Any, mode: str, depth: int | None) -> tuple[Any, ...]:
    """The shape of what `encoded` gives."""
    if mode == "int":
        return tuple(shape)
    if mode == "one_hot":
        return (*(shape[:-1] if shape and shape[-1] == 1 else shape or (1,)), depth)
    return (*shape[:-1], depth)


class CategoryEncoding(DataLayer):
    """Whole numbers as rows with a number for each class.

    Args:
        num_tokens: The number of classes: inputs are from 0 to below it.
        output_mode: "one_hot" for a row of its own for each input; "multi_hot" for one row for each sample, with ones
            for the classes that are in it; "count" for how often each class is in it.
        sparse: Must be False: no backend here has sparse arrays.
        **kwargs: Arguments of every layer.

    >>> CategoryEncoding(4, "count")([[0, 1, 1], [3, 2, 3]])
    array([[1., 2., 0., 0.],
           [0., 0., 1., 2.]], dtype=float32)
    """

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
    ):
        super().__init__(**kwargs)
        refuse_sparse(self, sparse=sparse)
        if num_tokens is None:
            raise ArgumentError(
                "CategoryEncoding: expected num_tokens; got None. IntegerLookup finds it out from data."
            )
        if output_mode == "binary":
            output_mode = "multi_hot"
        self.num_tokens = whole(self, "num_tokens", num_tokens)
        self.output_mode = check_mode(self, output_mode, ("one_hot", "multi_hot", "count"))

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        """The rows.

        Args:
            inputs: Array of whole numbers.
            count_weights: How much each of them counts, in mode "count".
        """
        if count_weights is not None and self.output_mode != "count":
            raise ArgumentError(
                f"{self.name}: expected no count_weights in mode {self.output_mode!r}; they are for mode 'count'."
            )
        numbers = ops.cast(inputs, "int32")
        return encoded(numbers, self.output_mode, self.num_tokens, self.compute_dtype, count_weights)

    def compute_output_spec(self, inputs: Any, count_weights: Any = None) -> Any:
        """The Spec of the rows."""
        return Spec(encoded_shape(inputs.shape, self.output_mode, self.num_tokens), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "num_tokens", "output_mode")}
