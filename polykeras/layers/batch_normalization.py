"""Batch normalization: channels with mean 0 and variance 1 over the batch."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ArgumentError
from ..settings import settings
from ..spec import normalize_axis
from .arguments import channels_of, keep
from .configuration import described
from .input_spec import InputSpec
from .layer import Layer


class BatchNormalization(Layer):
    """Subtract from each channel its mean and divide by its standard deviation; then scale and shift it.

    In training the mean and the variance are those of the batch, and their averages over the batches are kept;
    otherwise these averages are used. A layer that is not trainable always uses the averages, and keeps them as they
    are.

    Args:
        axis: The axis of channels.
        momentum: How much of the averages stays at each step.
        epsilon: What is added to the variances.
        center: Whether a learned number is added to each channel.
        scale: Whether each channel is multiplied by a learned number.
        beta_initializer: What gives the numbers that are added their first values.
        gamma_initializer: What gives the factors their first values.
        moving_mean_initializer: What gives the average means their first values.
        moving_variance_initializer: What gives the average variances their first values.
        beta_regularizer: A regularizer of the numbers that are added.
        gamma_regularizer: A regularizer of the factors.
        beta_constraint: A constraint of the numbers that are added.
        gamma_constraint: A constraint of the factors.
        renorm: Whether in training, too, outputs are as the averages would make them (Ioffe, 2017).
        renorm_clipping: Bounds for that: a dictionary with some of "rmin", "rmax" and "dmax".
        renorm_momentum: How much of the averages for that stays at each step.
        synchronized: Whether the batches of all devices count as one. On a single device nothing changes.

    >>> layer = BatchNormalization(epsilon=0.0, momentum=0.5)
    >>> layer(array([[1.0], [3.0]]), training=True)
    array([[-1.],
           [ 1.]], dtype=float32)
    >>> layer.moving_mean.numpy()
    array([1.], dtype=float32)
    """

    beta_initializer: Any
    gamma_initializer: Any
    moving_mean_initializer: Any
    moving_variance_initializer: Any
    beta_regularizer: Any
    gamma_regularizer: Any
    beta_constraint: Any
    gamma_constraint: Any

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: dict[str, float] | None = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if not hasattr(axis, "__index__"):
            raise ArgumentError(f"BatchNormalization: expected axis to be a whole number; got {axis!r}.")
        self.axis = int(axis)
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        keep(
            self,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            moving_mean_initializer=moving_mean_initializer,
            moving_variance_initializer=moving_variance_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
        )
        self.renorm = renorm
        self.renorm_clipping = _checked_clipping(renorm_clipping) if renorm else renorm_clipping
        self.renorm_momentum = renorm_momentum
        self.synchronized = synchronized
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Make the weights, and the averages."""
        axis = normalize_axis(self.axis, len(input_shape))
        channels = channels_of(self, input_shape, axis)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={axis: channels})
        self._others = tuple(i for i in range(len(input_shape)) if i != axis)
        self._channels = channels
        self.gamma = self._learned("gamma", channels) if self.scale else None
        self.beta = self._learned("beta", channels) if self.center else None
        self.moving_mean = self._average("moving_mean", channels, self.moving_mean_initializer)
        self.moving_variance = self._average("moving_variance", channels, self.moving_variance_initializer)
        if self.renorm:
            self.moving_stddev = self._average("moving_stddev", channels, self._first_deviation)
            self.renorm_mean = self._average("renorm_mean", channels, self.moving_mean_initializer)
            self.renorm_stddev = self._average("renorm_stddev", channels, self._first_deviation)

    def _learned(self, name: str, channels: int) -> Any:
        return self.add_weight(
            (channels,),
            getattr(self, f"{name}_initializer"),
            regularizer=getattr(self, f"{name}_regularizer"),
            constraint=getattr(self, f"{name}_constraint"),
            name=name,
        )

    def _average(self, name: str, channels: int, initializer: Any) -> Any:
        return self.add_weight((channels,), initializer, trainable=False, autocast=False, name=name)

    def _first_deviation(self, shape: Any, dtype: Any = None) -> Any:
        return ops.sqrt(self.moving_variance_initializer(shape, dtype=dtype))

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalize."""
        if not (training and self.trainable):
            mean, variance = self.moving_mean, self.moving_variance
            return self._normalized(inputs, mean, variance, self.beta, self.gamma)
        if mask is None and not self.renorm:
            outputs, mean, variance = ops.normalize_batch(inputs, self.beta, self.gamma, self.axis, self.epsilon)
            self._update(self.moving_mean, mean, self.momentum)
            self._update(self.moving_variance, variance, self.momentum)
            return outputs
        mean, variance = self._moments(inputs, mask)
        if self.renorm:
            return self._renormalized(inputs, mean, variance)
        self._update(self.moving_mean, ops.stop_gradient(mean), self.momentum)
        self._update(self.moving_variance, ops.stop_gradient(variance), self.momentum)
        return self._normalized(inputs, mean, variance, self.beta, self.gamma)

    def _normalized(self, inputs: Any, mean: Any, variance: Any, beta: Any, gamma: Any) -> Any:
        outputs = ops.batch_normalization(inputs, mean, variance, self.axis, beta, gamma, self.epsilon)
        return outputs if self._reads_as is None else ops.cast(outputs, self.compute_dtype)

    def _moments(self, inputs: Any, mask: Any) -> tuple[Any, Any]:
        """The mean and the variance of each channel, of the steps that count."""
        if self._reads_as is not None:
            inputs = ops.cast(inputs, self.variable_dtype)
        if mask is None:
            return ops.moments(inputs, self._others)
        weights, shape = ops.cast(mask, ops.dtype(inputs)), ops.shape(inputs)
        weights = ops.reshape(weights, (*ops.shape(mask), *(1,) * (len(shape) - ops.ndim(mask))))
        weights = ops.broadcast_to(weights, shape)
        total = ops.add(ops.sum(weights, self._others, keepdims=True), settings.epsilon)
        mean = ops.divide(ops.sum(ops.multiply(weights, inputs), self._others, keepdims=True), total)
        squares = ops.multiply(weights, ops.square(ops.subtract(inputs, mean)))
        variance = ops.divide(ops.sum(squares, self._others), ops.reshape(total, self._channels))
        return ops.reshape(mean, self._channels), variance

    def _renormalized(self, inputs: Any, mean: Any, variance: Any) -> Any:
        """What the averages would make of the inputs, with gradients as if the moments of the batch did it."""
        deviation = ops.stop_gradient(ops.sqrt(ops.add(variance, self.epsilon)))
        center = ops.stop_gradient(mean)
        bounds = self.renorm_clipping or {}
        ratio = ops.divide(deviation, self.renorm_stddev)
        if bounds.get("rmin") is not None:
            ratio = ops.maximum(ratio, bounds["rmin"])
        if bounds.get("rmax") is not None:
            ratio = ops.minimum(ratio, bounds["rmax"])
        shift = ops.divide(ops.subtract(center, self.renorm_mean), self.renorm_stddev)
        if bounds.get("dmax") is not None:
            shift = ops.minimum(ops.maximum(shift, -bounds["dmax"]), bounds["dmax"])
        if self.gamma is not None:
            ratio, shift = ops.multiply(ratio, self.gamma), ops.multiply(shift, self.gamma)
        if self.beta is not None:
            shift = ops.add(shift, self.beta)
        outputs = self._normalized(inputs, mean, variance, shift, ratio)
        self._update(self.renorm_mean, center, self.renorm_momentum)
        self._update(self.renorm_stddev, deviation, self.renorm_momentum)
        self._update(self.moving_mean, center, self.momentum)
        self._update(self.moving_stddev, deviation, self.momentum)
        squares = ops.subtract(ops.square(self.moving_stddev), self.epsilon)
        _keep(self.moving_variance, ops.maximum(squares, 0))
        return outputs

    def _update(self, average: Any, value: Any, momentum: float) -> None:
        """Move an average towards a value."""
        _keep(average, ops.add(ops.multiply(average, momentum), ops.multiply(value, 1.0 - momentum)))

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        own = described(
            self,
            "axis",
            "momentum",
            "epsilon",
            "center",
            "scale",
            "beta_initializer",
            "gamma_initializer",
            "moving_mean_initializer",
            "moving_variance_initializer",
            "beta_regularizer",
            "gamma_regularizer",
            "beta_constraint",
            "gamma_constraint",
            "renorm",
            "renorm_clipping",
            "renorm_momentum",
            "synchronized",
        )
        return {**super().get_config(), **own}


def _keep(average: Any, value: Any) -> None:
    """Have a variable hold what was computed, perhaps in more digits than it has."""
    average.take(ops.cast(value, average._dtype))


def _checked_clipping(clipping: dict[str, float] | None) -> dict[str, float]:
    """The bounds of batch renormalization."""
    clipping = dict(clipping or {})
    unknown = sorted(set(clipping) - {"rmin", "rmax", "dmax"})
    if unknown:
        raise ArgumentError(
            f"BatchNormalization: expected renorm_clipping to have some of 'rmin', 'rmax' and 'dmax'; got {unknown}."
        )
    low, high, shift = clipping.get("rmin"), clipping.get("rmax"), clipping.get("dmax")
    if low is not None and high is not None and low >= high:
        raise ArgumentError(f"BatchNormalization: expected rmin to be below rmax; got {low} and {high}.")
    if shift is not None and shift < 0:
        raise ArgumentError(f"BatchNormalization: expected dmax to be at least 0; got {shift}.")
    return clipping
