"""Normalization to length 1."""

from __future__ import annotations

from typing import Any

from .. import ops
from .configuration import described
from .layer import Layer
from .layer_normalization import checked_axes


class UnitNormalization(Layer):
    """Divide by the root of the sum of squares along axes.

    Args:
        axis: The axis to normalize along, or several.

    >>> UnitNormalization()(array([[3.0, 4.0]]))
    array([[0.6, 0.8]], dtype=float32)
    """

    def __init__(self, axis: Any = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = checked_axes(self, axis)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Normalize."""
        return ops.normalize(inputs, self.axis, order=2, epsilon=1e-12)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**super().get_config(), **described(self, "axis")}
