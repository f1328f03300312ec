"""Cells one upon the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import ops
from ..errors import ArgumentError
from ..registry import deserialize_keras_object, serialize_keras_object
from .calling import is_shape
from .layer import Layer


class StackedRNNCells(Layer):
    """Cells one upon the other as one cell: the outputs of each are the inputs of the next.

    Args:
        cells: The cells, the first one at the bottom.

    >>> from polykeras.layers import LSTMCell, RNN
    >>> ops.shape(RNN(StackedRNNCells([LSTMCell(3), LSTMCell(2)]))(ops.ones((2, 4, 5))))
    (2, 2)
    """

    def __init__(self, cells: Any, **kwargs: Any):
        super().__init__(**kwargs)
        for cell in cells:
            if not hasattr(cell, "call") or not hasattr(cell, "state_size"):
                raise ArgumentError(
                    "StackedRNNCells: expected cells, which have a method call and an attribute state_size; got "
                    f"{cell!r}."
                )
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """The sizes of the states of each cell."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> Any:
        """The size of the outputs of the last cell."""
        return output_size_of(self.cells[-1])

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """The states before the first step, for each cell."""
        return [first_states(cell, batch_size) for cell in self.cells]

    def build(self, input_shape: Any) -> None:
        """Build each cell for the outputs of the one below."""
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(input_shape)
            size = output_size_of(cell)
            input_shape = (input_shape[0], *(size if isinstance(size, (list, tuple)) else [size]))

    def call(self, inputs: Any, states: Any, training: bool = False, **kwargs: Any) -> Any:
        """One step of all cells."""
        following = []
        for cell, own in zip(self.cells, states, strict=True):
            inputs, own = call_cell(cell, inputs, own, **kwargs)
            following.append(own)
        return inputs, following

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**super().get_config(), "cells": [serialize_keras_object(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Cells made from their configurations."""
        cells = [deserialize_keras_object(cell, custom_objects) for cell in config["cells"]]
        return cls(**{**config, "cells": cells})


def output_size_of(cell: Any) -> Any:
    """The size of the outputs of a cell: by default that of its first state."""
    size = getattr(cell, "output_size", None)
    if size is not None:
        return size
    sizes = cell.state_size
    return sizes[0] if isinstance(sizes, (list, tuple)) and not is_shape(sizes) else sizes


def call_cell(cell: Any, inputs: Any, states: list[Any], **kwargs: Any) -> tuple[Any, list[Any]]:
    """The output of a step, and the list of new states."""
    output, following = cell(inputs, states, **kwargs)
    return output, list(following) if isinstance(following, (list, tuple)) else [following]


def first_states(cell: Any, batch_size: Any) -> list[Any]:
    """The list of a cell's states before its first step."""
    if hasattr(cell, "get_initial_state"):
        states = cell.get_initial_state(batch_size=batch_size)
    else:
        sizes = cell.state_size if isinstance(cell.state_size, (list, tuple)) else [cell.state_size]
        dtype = getattr(cell, "compute_dtype", None)
        states = [ops.zeros((batch_size, *(size if is_shape(size) else [size])), dtype) for size in sizes]
    return list(states) if isinstance(states, (list, tuple)) else [states]
