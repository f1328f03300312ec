"""Any function as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from .. import tree
from ..errors import ArgumentError
from ..registry import deserialize_keras_object, serialize_keras_object
from ..spec import Spec
from .calling import map_shapes, shape_of
from .layer import Layer


class Lambda(Layer):
    """A function of the inputs. It can be saved if the function has a name, under which it is registered.

    Args:
        function: The function. It may take `mask` and `training`, too.
        output_shape: The shape of the outputs without the batch, or a function of the inputs' shape; None to find it
            out by calling the function on Specs.
        mask: The mask of the outputs, or a function of the inputs and their mask.
        arguments: Further arguments of the function, by name.
        **kwargs: Arguments of every layer.

    >>> Lambda(lambda x: x * 2)(np.array([1.0], "float32"))
    array([2.], dtype=float32)
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if not callable(function):
            raise ArgumentError(f"Lambda: expected a function; got {function!r}. Write `lambda x: ...`, say.")
        self.function = function
        self.arguments = arguments or {}
        self.mask = mask
        self.supports_masking = mask is not None
        self._output_shape = output_shape
        parameters = inspect.signature(function).parameters
        self._takes = [name for name in ("mask", "training") if name in parameters]

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        """The function of the inputs."""
        known = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{name: known[name] for name in self._takes})

    def compute_output_spec(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        """The Specs of the outputs: by the shape that was given, else by a call."""
        if self._output_shape is None:
            return self.call(inputs, mask, training)
        if callable(self._output_shape):
            shapes = self._output_shape(shape_of(inputs))
        else:
            batch = tree.flatten(inputs)[0].shape[0]
            shapes = map_shapes(lambda shape: (batch, *shape), self._output_shape)
        return map_shapes(lambda shape: Spec(shape, self.compute_dtype), shapes)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask that was given, or what the function for it says."""
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        config = {
            **super().get_config(),
            "function": serialize_keras_object(self.function),
            "arguments": serialize_keras_object(self.arguments),
        }
        for name, value in (("output_shape", self._output_shape), ("mask", self.mask)):
            if value is not None:
                config[name] = serialize_keras_object(value)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Lambda:
        """A layer made from its configuration."""
        coded = {name: deserialize_keras_object(config.get(name)) for name in ("function", "mask", "arguments")}
        shape = deserialize_keras_object(config.get("output_shape"))
        return cls(**{**config, **coded, "output_shape": tuple(shape) if isinstance(shape, list) else shape})
