"""Normalization by the root of the mean square."""

from __future__ import annotations

from typing import Any

from .. import ops
from .configuration import described
from .layer import Layer
from .layer_normalization import checked_axes, located


class RMSNormalization(Layer):
    """Divide by the root of the mean square along axes, and multiply by learned factors.

    Args:
        axis: The axis to normalize along, or several.
        epsilon: What is added to the mean squares.

    >>> RMSNormalization(epsilon=0.0)(array([[3.0, 3.0], [0.5, -0.5]]))
    array([[ 1.,  1.],
           [ 1., -1.]], dtype=float32)
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = checked_axes(self, axis)
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        """Make the factors."""
        self.axis, sizes = located(self, input_shape)
        self.scale = self.add_weight(sizes, "ones", name="scale")

    def call(self, x: Any) -> Any:
        """Normalize."""
        return ops.rms_normalization(x, self.scale, self.axis, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**super().get_config(), **described(self, "axis", "epsilon")}
