"""Layers that leave the inputs as they are, and do something beside."""

from __future__ import annotations

from typing import Any

from .. import masks, ops, regularizers
from ..registry import deserialize_keras_object
from .configuration import described
from .layer import Layer


class Identity(Layer):
    """The inputs as they are.

    Args:
        **kwargs: Arguments of every layer.

    >>> Identity()(np.array([1.0], "float32"))
    array([1.], dtype=float32)
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The inputs."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return super().get_config()


class ActivityRegularization(Layer):
    """The inputs as they are, and a loss on how large they are.

    Args:
        l1: What the sum of absolute values counts.
        l2: What the sum of squares counts.
        **kwargs: Arguments of every layer.

    >>> layer = ActivityRegularization(l2=0.5)
    >>> _ = layer(np.array([[1.0, 2.0]], "float32"))
    >>> float(layer.losses[0])
    2.5
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any):
        super().__init__(activity_regularizer=regularizers.L1L2(l1, l2), **kwargs)
        self.l1 = l1
        self.l2 = l2
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The inputs."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        config = {**super().get_config(), **described(self, "l1", "l2")}
        del config["activity_regularizer"]
        return config


class Masking(Layer):
    """Mask timesteps of which every element has a certain value.

    Args:
        mask_value: The value.
        **kwargs: Arguments of every layer.

    >>> x = Masking()(np.array([[[1.0, 0.0], [0.0, 0.0]]], "float32"))
    >>> from polykeras.masks import mask_of
    >>> mask_of(x)
    array([[ True, False]])
    """

    def __init__(self, mask_value: Any = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.mask_value = deserialize_keras_object(mask_value)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The inputs, with 0 in the masked timesteps."""
        counts = ops.any(ops.not_equal(inputs, self.mask_value), -1, True)
        outputs = ops.where(counts, inputs, 0)
        masks.set_mask(outputs, ops.squeeze(counts, -1))
        return outputs

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Where some element of the timestep has another value."""
        return ops.any(ops.not_equal(inputs, self.mask_value), -1)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "mask_value")}
