"""Layers that apply a function to every element, or along an axis."""

from __future__ import annotations

from typing import Any

from .. import activations, constraints, initializers, ops, regularizers
from ..errors import ArgumentError
from ..spec import broadcast_shapes, show_shape
from ..symbolic import spec_of
from .configuration import described
from .input_spec import InputSpec
from .layer import Layer


class Activation(Layer):
    """An activation function.

    Args:
        activation: The function, or its name.
        **kwargs: Arguments of every layer.

    >>> Activation("relu")(np.array([-1.0, 2.0], "float32"))
    array([0., 2.], dtype=float32)
    """

    def __init__(self, activation: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The function of the inputs."""
        return self._activated(inputs)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "activation")}


def _not_negative(layer: Layer, name: str, value: Any) -> Any:
    if not isinstance(value, (int, float)) or value < 0:
        raise ArgumentError(f"{type(layer).__name__}: expected {name} to be a number from 0; got {value!r}.")
    return value


class ReLU(Layer):
    """The larger one of each element and a threshold, else 0; or a slope below, and a bound above.

    Args:
        max_value: The largest value of the outputs; None for no bound.
        negative_slope: By what the distance to the threshold is multiplied below it.
        threshold: Where the elements begin to pass.
        **kwargs: Arguments of every layer.

    >>> ReLU(max_value=6.0)(np.array([-1.0, 2.0, 9.0], "float32"))
    array([0., 2., 6.], dtype=float32)
    """

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else _not_negative(self, "max_value", max_value)
        self.negative_slope = _not_negative(self, "negative_slope", negative_slope)
        self.threshold = _not_negative(self, "threshold", threshold)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The outputs."""
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "max_value", "negative_slope", "threshold")}


class LeakyReLU(Layer):
    """Positive elements as they are, negative ones times a slope.

    Args:
        negative_slope: The slope.
        **kwargs: Arguments of every layer.

    >>> LeakyReLU(0.5)(np.array([-1.0, 2.0], "float32"))
    array([-0.5,  2. ], dtype=float32)
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any):
        negative_slope = kwargs.pop("alpha", negative_slope)  # as it was called in older code
        super().__init__(**kwargs)
        self.negative_slope = _not_negative(self, "negative_slope", negative_slope)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The outputs."""
        return ops.leaky_relu(inputs, self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "negative_slope")}


class PReLU(Layer):
    """Positive elements as they are, negative ones times a weight of their place.

    Args:
        alpha_initializer: The initializer of the weights.
        alpha_regularizer: A regularizer of the weights.
        alpha_constraint: A constraint on the weights.
        shared_axes: The axes along which places share a weight, counted with the batch as 0.
        **kwargs: Arguments of every layer.

    >>> PReLU("ones")(np.array([[-1.0, 2.0]], "float32"))
    array([[-1.,  2.]], dtype=float32)
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        self.shared_axes = None
        if shared_axes is not None:
            self.shared_axes = list(shared_axes) if isinstance(shared_axes, (tuple, list)) else [shared_axes]
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Make the weights."""
        shared = self.shared_axes or []
        shape = [1 if axis in shared else size for axis, size in enumerate(input_shape)][1:]
        if None in shape:
            raise ArgumentError(
                f"PReLU: expected inputs whose sizes are known but for the batch and shared_axes; got shape "
                f"{show_shape(input_shape)}, shared_axes={self.shared_axes}."
            )
        self.alpha = self.add_weight(
            tuple(shape),
            self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
            name="alpha",
        )
        axes = {axis: size for axis, size in enumerate(input_shape) if axis and axis not in shared}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=axes)

    def call(self, inputs: Any) -> Any:
        """The outputs."""
        below = ops.multiply(ops.relu(ops.negative(inputs)), self.alpha)
        return ops.subtract(ops.relu(inputs), below)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        names = ("alpha_initializer", "alpha_regularizer", "alpha_constraint", "shared_axes")
        return {**super().get_config(), **described(self, *names)}


class ELU(Layer):
    """Positive elements as they are, of negative ones the exponential minus 1, times a factor.

    Args:
        alpha: The factor.
        **kwargs: Arguments of every layer.

    >>> ELU()(np.array([0.0, 2.0], "float32"))
    array([0., 2.], dtype=float32)
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.alpha = alpha
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The outputs."""
        return ops.elu(inputs, self.alpha)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "alpha")}


class Softmax(Layer):
    """Exponentials that add up to 1 along axes. Where a mask is False, they are 0.

    Args:
        axis: The axis or axes.
        **kwargs: Arguments of every layer.

    >>> Softmax()(np.array([[0.0, 0.0]], "float32"), mask=np.array([[True, False]]))
    array([[1., 0.]], dtype=float32)
    """

    def __init__(self, axis: Any = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = axis
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The shares of the elements."""
        if mask is None:
            return ops.softmax(inputs, self.axis)
        self._check_mask(inputs, mask)
        if ops.dtype(mask) != "bool":
            mask = ops.greater(mask, 0.5)
        lowest = -3e4 if ops.dtype(inputs) == "float16" else -1e9
        return ops.where(mask, ops.softmax(ops.where(mask, inputs, lowest), self.axis), 0)

    def _check_mask(self, inputs: Any, mask: Any) -> None:
        shape, wanted = spec_of(mask).shape, spec_of(inputs).shape
        if len(shape) > len(wanted) or len(broadcast_shapes(shape, wanted)) > len(wanted):
            raise ArgumentError(
                f"Softmax: expected a mask that broadcasts to the inputs, of shape {show_shape(wanted)}; got shape "
                f"{show_shape(shape)}."
            )

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "axis")}
