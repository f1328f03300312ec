"""Layers around another layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import ops, tree
from ..errors import ArgumentError
from ..registry import deserialize_keras_object, serialize_keras_object
from ..spec import same_size, show_shape
from ..symbolic import spec_of
from .layer import Layer


class Wrapper(Layer):
    """The base of layers that are made of another one.

    Args:
        layer: The other layer.
        **kwargs: Arguments of every layer.

    >>> class Doubled(Wrapper):
    ...     def call(self, inputs):
    ...         return self.layer(inputs) * 2
    >>> from polykeras.layers import ReLU
    >>> Doubled(ReLU())(np.array([-1.0, 2.0], "float32"))
    array([0., 4.], dtype=float32)
    """

    def __init__(self, layer: Layer, **kwargs: Any):
        super().__init__(**kwargs)
        if not isinstance(layer, Layer):
            raise ArgumentError(f"{type(self).__name__}: expected a layer to wrap; got {layer!r}.")
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        """Build the layer within."""
        if not self.layer.built:
            self.layer.build(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), "layer": serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """A layer made from its configuration."""
        return cls(**{**config, "layer": deserialize_keras_object(config["layer"], custom_objects)})


class TimeDistributed(Wrapper):
    """A layer applied to every timestep, the slices along the second axis.

    All timesteps are one batch for the layer within, so that it runs once.

    Args:
        layer: The layer.
        **kwargs: Arguments of every layer.

    >>> from polykeras.layers import Dense
    >>> TimeDistributed(Dense(4))(Spec((None, 10, 3)))
    Spec((batch, 10, 4), 'float32')
    """

    def __init__(self, layer: Layer, **kwargs: Any):
        super().__init__(layer, **kwargs)
        self.supports_masking = True
        signature = layer._signature
        self._takes_training, self._takes_mask = signature.takes_training, "mask" in signature.names

    def build(self, input_shape: Any) -> None:
        """Build the layer within for one timestep."""
        if not isinstance(input_shape, (tuple, list)) or len(input_shape) < 3:
            raise ArgumentError(
                f"TimeDistributed: expected inputs of at least 3 axes, (batch, time, ...); got shape {input_shape}."
            )
        super().build((input_shape[0], *input_shape[2:]))

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """What the layer gives for each timestep."""
        batch, time = ops.shape(inputs)[:2]
        options: dict[str, Any] = {"training": training} if self._takes_training else {}
        if mask is not None:
            self._check_mask(inputs, mask)
            if self._takes_mask:
                options["mask"] = _merged(mask)
        outputs = self.layer(_merged(inputs), **options)
        return tree.map_structure(lambda x: ops.reshape(x, (batch, time, *ops.shape(x)[1:])), outputs)

    def _check_mask(self, inputs: Any, mask: Any) -> None:
        shape, wanted = spec_of(mask).shape, spec_of(inputs).shape[:2]
        if len(shape) < 2 or not all(map(same_size, shape[:2], wanted)):
            raise ArgumentError(
                f"TimeDistributed: expected a mask whose first axes are {show_shape(wanted)}, as those of the inputs; "
                f"got shape {show_shape(shape)}."
            )


def _merged(x: Any) -> Any:
    """The first two axes as one."""
    batch, time, *rest = ops.shape(x)
    return ops.reshape(x, (batch * time, *rest))
