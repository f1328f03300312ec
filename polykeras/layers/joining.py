"""Layers that put arrays beside each other, or contract two of them."""

from __future__ import annotations

import string
from typing import Any

from .. import ops
from ..errors import ArgumentError
from ..spec import normalize_axis
from .configuration import described
from .merging import Merge


class Concatenate(Merge):
    """The inputs one after the other along an axis.

    Args:
        axis: The axis.
        **kwargs: Arguments of every layer.

    >>> Concatenate()([np.array([[1.0]], "float32"), np.array([[2.0, 3.0]], "float32")])
    array([[1., 2., 3.]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        """Check the shapes."""
        self._check_list(input_shape)
        first, *others = [tuple(shape) for shape in input_shape]
        axis = normalize_axis(self.axis, len(first))
        for shape in others:
            fits = len(shape) == len(first) and all(
                place == axis or None in (one, other) or one == other
                for place, (one, other) in enumerate(zip(first, shape, strict=True))
            )
            if not fits:
                raise ArgumentError(
                    f"{self._shown(input_shape)}: expected shapes that are equal but for axis {self.axis}, along which "
                    "the inputs are joined."
                )

    def call(self, inputs: Any) -> Any:
        """The joined inputs."""
        return ops.concatenate(list(inputs), self.axis)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The joined masks; where an input has none, all of it counts."""
        if previous_mask is None or all(mask is None for mask in previous_mask):
            return None
        wholes = [_whole_mask(x, mask) for x, mask in zip(inputs, previous_mask, strict=True)]
        return ops.any(ops.concatenate(wholes, self.axis), -1)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "axis")}


def _whole_mask(x: Any, mask: Any) -> Any:
    """A bool for each element of an input."""
    if mask is None:
        return ops.ones_like(x, "bool")
    for _ in range(len(ops.shape(x)) - len(ops.shape(mask))):
        mask = ops.expand_dims(mask, -1)
    return ops.broadcast_to(mask, ops.shape(x))


class Dot(Merge):
    """Sums of products of two inputs along an axis of each.

    Args:
        axes: The axis of both inputs, or a pair, for each its own.
        normalize: Whether to divide the inputs by their norms along the axes before: then the sums are cosines.
        **kwargs: Arguments of every layer.

    >>> Dot(1)([np.array([[1.0, 2.0]], "float32"), np.array([[3.0, 4.0]], "float32")])
    array([[11.]], dtype=float32)
    """

    inputs_at_least = inputs_at_most = 2

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        pair = (axes, axes) if hasattr(axes, "__index__") else axes
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not all(hasattr(a, "__index__") for a in pair):
            raise ArgumentError(f"Dot: expected axes to be a whole number, or a pair of them; got {axes!r}.")
        self.axes = axes
        self.normalize = normalize
        self._pair = tuple(pair)

    def _check_shapes(self, shapes: list[tuple[Any, ...]]) -> None:
        axes = [normalize_axis(axis, len(shape)) for axis, shape in zip(self._pair, shapes, strict=True)]
        sizes = [shape[axis] for axis, shape in zip(axes, shapes, strict=True)]
        if 0 in axes or min(map(len, shapes)) < 2:
            raise ArgumentError(f"{self._shown(shapes)}: expected axes behind that of the batch; got axes={self.axes}.")
        if None not in sizes and sizes[0] != sizes[1]:
            raise ArgumentError(
                f"{self._shown(shapes)}: expected axes of one size, whose elements are multiplied; got {sizes[0]} and "
                f"{sizes[1]}, with axes={self.axes}."
            )
        self._contracted = axes
        self._equation = _contraction(tuple(map(len, shapes)), axes)
        self._is_flat = all(len(shape) == 2 for shape in shapes)

    def call(self, inputs: Any) -> Any:
        """The sums of products."""
        if self.normalize:
            inputs = [ops.normalize(x, axis) for x, axis in zip(inputs, self._contracted, strict=True)]
        result = ops.einsum(self._equation, *inputs)
        return ops.expand_dims(result, -1) if self._is_flat else result

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """None: there are no timesteps any more that a mask could be for."""
        return None

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "axes", "normalize")}


def _contraction(ranks: tuple[int, ...], axes: list[int]) -> str:
    """The equation by which samples of two inputs are multiplied and summed along an axis of each."""
    letters = iter(string.ascii_lowercase[2:])
    operands = [["a", *(next(letters) for _ in range(rank - 1))] for rank in ranks]
    rest: list[str] = []
    for own, axis in zip(operands, axes, strict=True):
        own[axis] = "b"
        rest += (letter for letter in own[1:] if letter != "b")
    return f"{','.join(map(''.join, operands))}->a{''.join(rest)}"


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """The inputs one after the other along an axis, by a layer `Concatenate`.

    Args:
        inputs: A list of arrays or Specs.
        axis: The axis.
        **kwargs: Arguments of every layer.

    Returns:
        The joined inputs.

    >>> concatenate([np.array([[1.0]], "float32"), np.array([[2.0, 3.0]], "float32")])
    array([[1., 2., 3.]], dtype=float32)
    """
    return Concatenate(axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """Sums of products of two inputs along an axis of each, by a layer `Dot`.

    Args:
        inputs: A list of two arrays or Specs.
        axes: The axis of both inputs, or a pair, for each its own.
        **kwargs: `normalize`, and arguments of every layer.

    Returns:
        The sums of products.

    >>> dot([np.array([[1.0, 2.0]], "float32"), np.array([[3.0, 4.0]], "float32")])
    array([[11.]], dtype=float32)
    """
    return Dot(axes, **kwargs)(inputs)
