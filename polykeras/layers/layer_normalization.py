"""Layer normalization: mean 0 and variance 1 within each example."""

from __future__ import annotations

import warnings
from typing import Any

from .. import ops
from ..dtypes import result_type
from ..errors import ArgumentError
from ..spec import normalize_axis
from .arguments import channels_of, keep
from .configuration import described
from .layer import Layer

AFFINE = (
    "center",
    "scale",
    "beta_initializer",
    "gamma_initializer",
    "beta_regularizer",
    "gamma_regularizer",
    "beta_constraint",
    "gamma_constraint",
)


class Normalizing(Layer):
    """A layer that normalizes, and then multiplies by learned factors and adds learned numbers."""

    center: bool
    scale: bool
    beta_initializer: Any
    gamma_initializer: Any
    beta_regularizer: Any
    gamma_regularizer: Any
    beta_constraint: Any
    gamma_constraint: Any

    def _add_affine(self, shape: tuple[int, ...]) -> None:
        """Make the factors, gamma, and the numbers, beta."""
        self.gamma = self._learned("gamma", shape) if self.scale else None
        self.beta = self._learned("beta", shape) if self.center else None

    def _learned(self, name: str, shape: tuple[int, ...]) -> Any:
        return self.add_weight(
            shape,
            getattr(self, f"{name}_initializer"),
            regularizer=getattr(self, f"{name}_regularizer"),
            constraint=getattr(self, f"{name}_constraint"),
            name=name,
        )


def checked_axes(layer: Layer, axis: Any) -> Any:
    """An axis, or a list of them."""
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    if not axes or not all(hasattr(number, "__index__") for number in axes):
        raise ArgumentError(f"{type(layer).__name__}: expected axis to be a whole number or several; got {axis!r}.")
    return sorted(axes) if axes is axis else axis


def located(layer: Any, shape: Any) -> tuple[list[int], tuple[int, ...]]:
    """The axes along which a layer normalizes, in order, and their sizes, which have to be known."""
    axes = layer.axis if isinstance(layer.axis, list) else [layer.axis]
    axes = sorted(axes, key=lambda axis: normalize_axis(axis, len(shape)))
    return axes, tuple(channels_of(layer, shape, normalize_axis(axis, len(shape))) for axis in axes)


class LayerNormalization(Normalizing):
    """Subtract the mean along axes and divide by the standard deviation; then multiply and add what is learned.

    Args:
        axis: The axis to normalize along, or several.
        epsilon: What is added to the variances.
        center: Whether learned numbers are added.
        scale: Whether the result is multiplied by learned factors.
        beta_initializer: What gives the numbers that are added their first values.
        gamma_initializer: What gives the factors their first values.
        beta_regularizer: A regularizer of the numbers that are added.
        gamma_regularizer: A regularizer of the factors.
        beta_constraint: A constraint of the numbers that are added.
        gamma_constraint: A constraint of the factors.
        **kwargs: The arguments of `Layer`, and `rms_scaling`, which is deprecated: whether to divide by the standard
            deviation without subtracting the mean, and to add nothing.

    >>> LayerNormalization(epsilon=0.0)(array([[1.0, 3.0], [10.0, 30.0]]))
    array([[-1.,  1.],
           [-1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        axis: Any = -1,
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
        rms_scaling = bool(kwargs.pop("rms_scaling", False))
        if rms_scaling:
            warnings.warn(
                "LayerNormalization: rms_scaling=True divides by the standard deviation, and not by the root of the "
                "mean square as its name says; it is there for old models. Use RMSNormalization.",
                stacklevel=2,
            )
        super().__init__(**kwargs)
        self.axis = checked_axes(self, axis)
        self.epsilon = epsilon
        self.rms_scaling = rms_scaling
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
        self.axis, sizes = located(self, input_shape)
        if self.rms_scaling:  # has factors in any case, and nothing that is added
            self.gamma, self.beta = self._learned("gamma", sizes), None
        else:
            self._add_affine(sizes)

    def call(self, inputs: Any) -> Any:
        """Normalize."""
        if self.rms_scaling:
            return self._without_centering(inputs)
        return ops.layer_normalization(inputs, self.gamma, self.beta, self.axis, self.epsilon)

    def _without_centering(self, inputs: Any) -> Any:
        """Divide by the standard deviation, without subtracting the mean: what `rms_scaling` does."""
        wide = ops.cast(inputs, result_type(self.compute_dtype, "float32"))
        variance = ops.var(wide, axis=self.axis, keepdims=True)
        shape = [1] * len(ops.shape(inputs))
        axes = self.axis if isinstance(self.axis, list) else [self.axis]
        for axis, size in zip(sorted(normalize_axis(axis, len(shape)) for axis in axes), self.gamma.shape, strict=True):
            shape[axis] = size
        scaled = wide * ops.rsqrt(variance + self.epsilon) * ops.cast(ops.reshape(self.gamma, shape), wide.dtype)
        return ops.cast(scaled, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**super().get_config(), **described(self, "axis", "epsilon", "rms_scaling", *AFFINE)}
