"""Where the inputs of a model come in."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError
from ..settings import settings
from ..spec import Spec
from .calling import plain_shape
from .layer import Layer


class InputLayer(Layer):
    """The place of one input in a graph of layers. Use `Input` to make one.

    Args:
        shape: The shape without the batch; None for sizes that may be anything.
        batch_size: The size of the batch, if it is always the same.
        dtype: The dtype; None for floatx, "string" for strings, on which layers such as TextVectorization are called.
        sparse: Sparse arrays are not supported.
        ragged: Ragged arrays are not supported.
        batch_shape: The shape with the batch, in place of `shape` and `batch_size`.
        input_tensor: A Spec to use as it is.
        optional: Whether None may be given.
        name: A name; None for one that is made up.

    >>> InputLayer((3,)).output
    Spec((batch, 3), 'float32', name='input_layer')
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Any = None,
        input_tensor: Spec | None = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(name=name)
        if sparse or ragged:
            raise ArgumentError("Input: sparse and ragged arrays are not supported. Pass dense ones, padded.")
        if input_tensor is not None:
            batch_shape, dtype = plain_shape(input_tensor.shape), dtype or input_tensor.dtype
        self.batch_shape = _whole_shape(shape, batch_size, batch_shape or kwargs.pop("batch_input_shape", None))
        if kwargs:
            raise ArgumentError(f"Input: unknown arguments {', '.join(map(repr, kwargs))}.")
        self._dtype = settings.floatx if dtype is None else dtype
        self.optional = optional
        spec = Spec(self.batch_shape if input_tensor is None else input_tensor.shape, self._dtype, name=self.name)
        self._dtype = spec.dtype
        self.as_node(spec, (), {})
        self.built = True

    @property
    def dtype(self) -> str:
        """The dtype of the input."""
        return self._dtype

    def call(self) -> Any:
        """Inputs are given to a model, not to this layer."""
        raise ArgumentError(f"{self.name}: an InputLayer is not called. Call the model.")

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {
            "batch_shape": self.batch_shape,
            "dtype": self.dtype,
            "sparse": False,
            "ragged": False,
            "name": self.name,
            "optional": self.optional,
        }


def _whole_shape(shape: Any, batch_size: int | None, batch_shape: Any) -> tuple[Any, ...]:
    if (shape is None) == (batch_shape is None):
        raise ArgumentError(f"Input: expected either shape or batch_shape; got {shape} and {batch_shape}.")
    if batch_shape is not None and batch_size is not None:
        raise ArgumentError("Input: batch_shape has the size of the batch. Leave out batch_size.")
    try:
        if batch_shape is not None:
            return tuple(batch_shape)
        return (batch_size, *((shape,) if hasattr(shape, "__index__") else shape))
    except TypeError:
        given = shape if batch_shape is None else batch_shape
        raise ArgumentError(f"Input: expected a shape, such as (28, 28, 1); got {given!r}.") from None


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: Spec | None = None,
    optional: bool = False,
) -> Spec:
    """An input of a model: a shape and a dtype, to call layers on.

    Args:
        shape: The shape without the batch; None for sizes that may be anything.
        batch_size: The size of the batch, if it is always the same.
        dtype: The dtype; None for floatx, "string" for strings, on which layers such as TextVectorization are called.
        sparse: Sparse arrays are not supported.
        ragged: Ragged arrays are not supported.
        batch_shape: The shape with the batch, in place of `shape` and `batch_size`.
        name: A name; None for one that is made up.
        tensor: A Spec to use as it is.
        optional: Whether None may be given.

    Returns:
        The Spec.

    >>> Input((28, 28, 1)).shape
    (batch, 28, 28, 1)
    """
    layer = InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name)
    return layer.output
