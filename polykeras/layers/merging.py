"""Layers that make one array of several: sums, products and the like, element by element."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .. import ops
from ..errors import ArgumentError
from ..spec import ShapeError, broadcast_shapes, show_shape
from .layer import Layer


class Merge(Layer):
    """The base of the layers that take a list of inputs."""

    inputs_at_least = 1
    inputs_at_most: int | None = None

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Check the shapes, and see whether axes have to be added."""
        self._check_list(input_shape)
        batches = {shape[0] for shape in input_shape if shape and shape[0] is not None}
        if len(batches) > 1:
            raise ArgumentError(f"{self._shown(input_shape)}: the sizes of the batch, on axis 0, differ.")
        self._check_shapes([tuple(shape) for shape in input_shape])

    def _check_shapes(self, shapes: list[tuple[Any, ...]]) -> None:
        self._ndim = max(map(len, shapes))
        self._aligns = len(set(map(len, shapes))) > 1
        try:
            broadcast_shapes(*(tuple(1 if size is None else size for size in shape[1:]) for shape in shapes))
        except ShapeError as error:
            raise ArgumentError(f"{self._shown(shapes)}: {error}") from None

    def _check_list(self, shapes: Any) -> None:
        low, high = self.inputs_at_least, self.inputs_at_most
        if not isinstance(shapes, (tuple, list)) or not shapes or not all(isinstance(s, (tuple, list)) for s in shapes):
            raise ArgumentError(f"{type(self).__name__}: expected a list of inputs; got one of shape {shapes}.")
        if len(shapes) < low or (high is not None and len(shapes) > high):
            wanted = str(low) if low == high else f"at least {low}"
            raise ArgumentError(f"{type(self).__name__}: expected {wanted} inputs; got {len(shapes)}.")

    def _shown(self, shapes: Any) -> str:
        return f"{type(self).__name__}: got inputs of shapes {', '.join(map(show_shape, shapes))}"

    def _aligned(self, inputs: Any) -> Any:
        """The inputs with as many axes each: those that lack some get them behind the batch."""
        if not self._aligns:
            return inputs
        missing = [self._ndim - len(ops.shape(x)) for x in inputs]
        return [
            ops.expand_dims(x, tuple(range(1, count + 1))) if count else x
            for x, count in zip(inputs, missing, strict=True)
        ]

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Where one of the inputs has a timestep that counts; None if one of them has no mask."""
        if previous_mask is None or any(mask is None for mask in previous_mask):
            return None
        return functools.reduce(ops.logical_or, previous_mask)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return super().get_config()


class Fold(Merge):
    """The base of the layers that apply an operation of two arrays again and again."""

    operation: Callable[[Any, Any], Any]

    def call(self, inputs: Any) -> Any:
        """The result of the operation on all inputs."""
        return functools.reduce(self.operation, self._aligned(inputs))


class Add(Fold):
    """The sum of the inputs.

    Args:
        **kwargs: Arguments of every layer.

    >>> Add()([np.ones(2, "float32"), np.ones(2, "float32")])
    array([2., 2.], dtype=float32)
    """

    operation = staticmethod(ops.add)


class Subtract(Fold):
    """The first input without the second.

    Args:
        **kwargs: Arguments of every layer.

    >>> Subtract()([np.ones(2, "float32"), np.ones(2, "float32")])
    array([0., 0.], dtype=float32)
    """

    inputs_at_least = inputs_at_most = 2
    operation = staticmethod(ops.subtract)


class Average(Fold):
    """The mean of the inputs.

    Args:
        **kwargs: Arguments of every layer.

    >>> Average()([np.ones(2, "float32"), np.zeros(2, "float32")])
    array([0.5, 0.5], dtype=float32)
    """

    operation = staticmethod(ops.add)

    def call(self, inputs: Any) -> Any:
        """The mean."""
        return ops.divide(super().call(inputs), len(inputs))


def _along_features(mask: Any, x: Any) -> Any:
    """The mask of timesteps for each of their elements."""
    return None if mask is None else ops.broadcast_to(ops.expand_dims(mask, -1), ops.shape(x))


class Multiply(Merge):
    """The product of the inputs. What is masked counts as 1; where every input is masked, the product is 0.

    Args:
        **kwargs: Arguments of every layer.

    >>> Multiply()([np.full(2, 2.0, "float32"), np.full(2, 3.0, "float32")])
    array([6., 6.], dtype=float32)
    """

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The product."""
        inputs = self._aligned(inputs)
        if mask is None:
            return functools.reduce(ops.multiply, inputs)
        masks = [_along_features(m, x) for m, x in zip(mask, inputs, strict=True)]
        factors = [x if m is None else ops.where(m, x, 1) for m, x in zip(masks, inputs, strict=True)]
        product = functools.reduce(ops.multiply, factors)
        if any(m is None for m in masks):
            return product
        return ops.where(functools.reduce(ops.logical_or, masks), product, 0)


class Extreme(Merge):
    """The base of the layers that choose among the inputs: of those that are not masked, as far as there are some."""

    operation: Callable[[Any, Any], Any]

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The chosen elements."""
        inputs = self._aligned(inputs)
        if mask is None:
            return functools.reduce(self.operation, inputs)
        chosen, counts = inputs[0], _along_features(mask[0], inputs[0])
        for x, its_mask in zip(inputs[1:], mask[1:], strict=True):
            its_counts = _along_features(its_mask, x)
            x = x if its_counts is None else ops.where(its_counts, x, chosen)
            chosen = chosen if counts is None else ops.where(counts, chosen, x)
            counts = None if counts is None or its_counts is None else ops.logical_or(counts, its_counts)
            chosen = self.operation(chosen, x)
        return chosen


class Maximum(Extreme):
    """The largest one of the inputs, element by element.

    Args:
        **kwargs: Arguments of every layer.

    >>> Maximum()([np.array([1.0, 4.0], "float32"), np.array([3.0, 2.0], "float32")])
    array([3., 4.], dtype=float32)
    """

    operation = staticmethod(ops.maximum)


class Minimum(Extreme):
    """The smallest one of the inputs, element by element.

    Args:
        **kwargs: Arguments of every layer.

    >>> Minimum()([np.array([1.0, 4.0], "float32"), np.array([3.0, 2.0], "float32")])
    array([1., 2.], dtype=float32)
    """

    operation = staticmethod(ops.minimum)


def add(inputs: Any, **kwargs: Any) -> Any:
    """The sum of the inputs, by a layer `Add`.

    Args:
        inputs: A list of arrays or Specs.
        **kwargs: Arguments of every layer.

    Returns:
        The sum.

    >>> add([np.ones(2, "float32"), np.ones(2, "float32")])
    array([2., 2.], dtype=float32)
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """The first input without the second, by a layer `Subtract`.

    Args:
        inputs: A list of two arrays or Specs.
        **kwargs: Arguments of every layer.

    Returns:
        The difference.

    >>> subtract([np.ones(2, "float32"), np.ones(2, "float32")])
    array([0., 0.], dtype=float32)
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """The product of the inputs, by a layer `Multiply`.

    Args:
        inputs: A list of arrays or Specs.
        **kwargs: Arguments of every layer.

    Returns:
        The product.

    >>> multiply([np.full(2, 2.0, "float32"), np.full(2, 3.0, "float32")])
    array([6., 6.], dtype=float32)
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """The mean of the inputs, by a layer `Average`.

    Args:
        inputs: A list of arrays or Specs.
        **kwargs: Arguments of every layer.

    Returns:
        The mean.

    >>> average([np.ones(2, "float32"), np.zeros(2, "float32")])
    array([0.5, 0.5], dtype=float32)
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """The largest one of the inputs, element by element, by a layer `Maximum`.

    Args:
        inputs: A list of arrays or Specs.
        **kwargs: Arguments of every layer.

    Returns:
        The largest elements.

    >>> maximum([np.array([1.0, 4.0], "float32"), np.array([3.0, 2.0], "float32")])
    array([3., 4.], dtype=float32)
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """The smallest one of the inputs, element by element, by a layer `Minimum`.

    Args:
        inputs: A list of arrays or Specs.
        **kwargs: Arguments of every layer.

    Returns:
        The smallest elements.

    >>> minimum([np.array([1.0, 4.0], "float32"), np.array([3.0, 2.0], "float32")])
    array([1., 2.], dtype=float32)
    """
    return Minimum(**kwargs)(inputs)
