"""Layers that arrange the same elements in another shape."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ArgumentError
from ..spec import prod, show_shape
from .configuration import data_format as checked_data_format
from .configuration import described, whole
from .input_spec import InputSpec
from .layer import Layer


class Flatten(Layer):
    """All elements of each sample in one row.

    Args:
        data_format: "channels_last" or "channels_first", where channels are put last before; None for the one that is
            set.
        **kwargs: Arguments of every layer.

    >>> Flatten()(Spec((None, 28, 28)))
    Spec((batch, 784), 'float32')
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = checked_data_format(self, data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        """The rows."""
        batch, *sizes = ops.shape(inputs)
        if self.data_format == "channels_first" and len(sizes) > 1:
            inputs = ops.transpose(inputs, (0, *range(2, len(sizes) + 1), 1))
        return ops.reshape(inputs, (batch, prod(sizes)))

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "data_format")}


class Reshape(Layer):
    """The elements of each sample in the same order, in another shape.

    Args:
        target_shape: The shape without the batch; one size may be -1, and follows from the others.
        **kwargs: Arguments of every layer.

    >>> Reshape((3, -1))(Spec((None, 12)))
    Spec((batch, 3, 4), 'float32')
    """

    def __init__(self, target_shape: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.target_shape = tuple(target_shape)
        for size in self.target_shape:
            whole(self, "each size of target_shape", size, -1)
        if self.target_shape.count(-1) > 1:
            raise ArgumentError(f"Reshape: expected at most one -1 in target_shape; got {show_shape(target_shape)}.")
        self._known = prod(size for size in self.target_shape if size != -1)

    def call(self, inputs: Any) -> Any:
        """The elements in their new shape."""
        batch, *sizes = ops.shape(inputs)
        count = prod(sizes)
        if isinstance(count, int) and (count % self._known if -1 in self.target_shape else count != self._known):
            raise ArgumentError(
                f"{self.name}: inputs of shape {show_shape(ops.shape(inputs))} have {count} elements in each sample, "
                f"which do not fit into target_shape={show_shape(self.target_shape)}."
            )
        return ops.reshape(inputs, (batch, *(count // self._known if s == -1 else s for s in self.target_shape)))

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "target_shape")}


class Permute(Layer):
    """The axes of each sample in another order.

    Args:
        dims: The axes in their new order, counted from 1, as the batch stays in front.
        **kwargs: Arguments of every layer.

    >>> Permute((2, 1))(Spec((None, 10, 64)))
    Spec((batch, 64, 10), 'float32')
    """

    def __init__(self, dims: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ArgumentError(
                f"Permute: expected dims to be the numbers from 1 to the number of axes in some order; got {self.dims}."
            )
        self._order = (0, *self.dims)
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        """The transposed samples."""
        return ops.transpose(inputs, self._order)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "dims")}


class RepeatVector(Layer):
    """Sequences of which every timestep is the input.

    Args:
        n: The number of timesteps.
        **kwargs: Arguments of every layer.

    >>> RepeatVector(3)(Spec((None, 32)))
    Spec((batch, 3, 32), 'float32')
    """

    def __init__(self, n: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.n = whole(self, "n", n)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        """The sequences."""
        return ops.repeat(ops.expand_dims(inputs, 1), self.n, 1)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "n")}
