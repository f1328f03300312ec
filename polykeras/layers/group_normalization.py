"""Group normalization: groups of channels with mean 0 and variance 1 within each example."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ArgumentError
from ..spec import normalize_axis
from .arguments import channels_of, keep
from .configuration import described
from .input_spec import InputSpec
from .layer_normalization import AFFINE, Normalizing


class GroupNormalization(Normalizing):
    """Subtract from each group of channels its mean and divide by its standard deviation, example by example.

    Args:
        groups: The number of groups; -1 for one for each channel.
        axis: The axis of channels.
        epsilon: What is added to the variances.
        center: Whether a learned number is added to each channel.
        scale: Whether each channel is multiplied by a learned factor.
        beta_initializer: What gives the numbers that are added their first values.
        gamma_initializer: What gives the factors their first values.
        beta_regularizer: A regularizer of the numbers that are added.
        gamma_regularizer: A regularizer of the factors.
        beta_constraint: A constraint of the numbers that are added.
        gamma_constraint: A constraint of the factors.

    >>> GroupNormalization(2, epsilon=0.0)(array([[1.0, 3.0, 10.0, 30.0]]))
    array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.groups = groups
        self.axis = axis
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        keep(
            self,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
        )
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Make factors and numbers."""
        channels = channels_of(self, input_shape, normalize_axis(self.axis, len(input_shape)))
        if self.groups == -1:
            self.groups = channels
        if not hasattr(self.groups, "__index__") or self.groups < 1 or channels % self.groups:
            raise ArgumentError(
                f"{self.name}: expected groups to divide the {channels} channels on axis {self.axis}; got "
                f"{self.groups!r}."
            )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})
        self._add_affine((channels,))

    def call(self, inputs: Any) -> Any:
        """Normalize."""
        return ops.group_normalization(inputs, self.gamma, self.beta, self.groups, self.axis, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**super().get_config(), **described(self, "groups", "axis", "epsilon", *AFFINE)}
