"""Layers that make training harder by noise. Otherwise they leave the inputs as they are.

What they draw comes from a seed of their own, and is the same on every backend.
"""

from __future__ import annotations

import math
from typing import Any

from .. import ops, random
from ..errors import ArgumentError
from ..random import SeedGenerator
from .configuration import data_format as checked_data_format
from .configuration import described, share, whole
from .input_spec import InputSpec
from .layer import Layer


class Noise(Layer):
    """The base of the layers that draw numbers when they train."""

    argument = "rate"
    """The name of the argument that says how much."""

    def __init__(self, amount: float, seed: int | None, **kwargs: Any):
        super().__init__(**kwargs)
        setattr(self, self.argument, share(self, self.argument, amount))
        self.seed = seed
        self._amount = amount
        if amount > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The inputs, with noise if the layer is being trained."""
        return self._noisy(inputs) if training and self._amount > 0 else inputs

    def _noisy(self, inputs: Any) -> Any:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, self.argument, "seed")}


def _noise_shape(layer: Layer, shape: Any) -> tuple[int | None, ...] | None:
    if shape is None:
        return None
    if not isinstance(shape, (tuple, list)):
        raise ArgumentError(f"{type(layer).__name__}: expected noise_shape to be a tuple of sizes; got {shape!r}.")
    return tuple(None if size is None else whole(layer, "a size in noise_shape", size) for size in shape)


class Dropout(Noise):
    """Some elements, drawn at random, are 0 in training, and the others as much larger.

    Args:
        rate: The share of elements that are 0.
        noise_shape: The shape of what is drawn, which broadcasts to that of the inputs; None for the same shape, and
            None for a size means that of the inputs.
        seed: A whole number; None for one that `set_random_seed` determines.
        **kwargs: Arguments of every layer.

    >>> Dropout(0.5, seed=7)(np.ones(6, "float32"), training=True)
    array([0., 0., 2., 2., 2., 0.], dtype=float32)
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any):
        super().__init__(rate, seed, **kwargs)
        self.noise_shape = _noise_shape(self, noise_shape)

    def _noisy(self, inputs: Any) -> Any:
        return random.dropout(inputs, self._amount, self.noise_shape, self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "noise_shape")}


class SpatialDropout(Dropout):
    """The base of the layers that drop whole channels."""

    rank: int
    """The number of axes besides batch and channels."""

    def __init__(self, rate: float, data_format: str | None, seed: int | None, name: str | None, dtype: Any):
        super().__init__(rate, seed=seed, name=name, dtype=dtype)
        self.data_format = checked_data_format(self, data_format)
        ones = (1,) * self.rank
        self.noise_shape = (None, *ones, None) if self.data_format == "channels_last" else (None, None, *ones)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**self._config_of_any_rank(), **described(self, "data_format")}

    def _config_of_any_rank(self) -> dict[str, Any]:
        return {**described(self, "rate", "seed", "name"), "dtype": self.dtype_policy.name}


class SpatialDropout1D(SpatialDropout):
    """Dropout of whole channels of sequences.

    Args:
        rate: The share of channels that are 0.
        seed: A whole number; None for one that `set_random_seed` determines.
        name: A name; None for one that is made up.
        dtype: A dtype, or a DTypePolicy.

    >>> SpatialDropout1D(0.5, seed=7)(np.ones((1, 2, 4), "float32"), training=True)
    array([[[0., 0., 2., 2.],
            [0., 0., 2., 2.]]], dtype=float32)
    """

    rank = 1

    def __init__(self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None):
        super().__init__(rate, "channels_last", seed, name, dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return self._config_of_any_rank()


class SpatialDropout2D(SpatialDropout):
    """Dropout of whole channels of images.

    Args:
        rate: The share of channels that are 0.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        seed: A whole number; None for one that `set_random_seed` determines.
        name: A name; None for one that is made up.
        dtype: A dtype, or a DTypePolicy.

    >>> SpatialDropout2D(0.5, seed=7)(np.ones((1, 1, 1, 4), "float32"), training=True)
    array([[[[0., 0., 2., 2.]]]], dtype=float32)
    """

    rank = 2

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(rate, data_format, seed, name, dtype)


class SpatialDropout3D(SpatialDropout):
    """Dropout of whole channels of volumes.

    Args:
        rate: The share of channels that are 0.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        seed: A whole number; None for one that `set_random_seed` determines.
        name: A name; None for one that is made up.
        dtype: A dtype, or a DTypePolicy.

    >>> SpatialDropout3D(0.5, seed=7)(np.ones((1, 1, 1, 1, 4), "float32"), training=True)
    array([[[[[0., 0., 2., 2.]]]]], dtype=float32)
    """

    rank = 3

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(rate, data_format, seed, name, dtype)


class GaussianNoise(Noise):
    """Normally distributed numbers are added in training.

    Args:
        stddev: Their standard deviation, from 0 to 1.
        seed: A whole number; None for one that `set_random_seed` determines.
        **kwargs: Arguments of every layer.

    >>> GaussianNoise(0.1)(np.ones(2, "float32"))
    array([1., 1.], dtype=float32)
    """

    argument = "stddev"

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any):
        super().__init__(stddev, seed, **kwargs)

    def _noisy(self, inputs: Any) -> Any:
        noise = random.normal(ops.shape(inputs), 0.0, self._amount, self.compute_dtype, self.seed_generator)
        return ops.add(inputs, noise)


class GaussianDropout(Noise):
    """Inputs are multiplied in training by normally distributed numbers around 1, which vary as much as Dropout.

    Args:
        rate: The share of elements that Dropout would drop, from 0 to below 1.
        seed: A whole number; None for one that `set_random_seed` determines.
        **kwargs: Arguments of every layer.

    >>> GaussianDropout(0.1)(np.ones(2, "float32"))
    array([1., 1.], dtype=float32)
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any):
        super().__init__(rate, seed, **kwargs)
        if rate == 1:
            raise ArgumentError("GaussianDropout: expected rate to be below 1, where the noise is infinite; got 1.")
        self._stddev = math.sqrt(rate / (1 - rate))

    def _noisy(self, inputs: Any) -> Any:
        noise = random.normal(ops.shape(inputs), 1.0, self._stddev, self.compute_dtype, self.seed_generator)
        return ops.multiply(inputs, noise)


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805
_LOWEST = -_SELU_ALPHA * _SELU_SCALE
"""What selu goes to for large negative numbers."""


class AlphaDropout(Noise):
    """Dropout for networks of selu: mean and variance stay as they are.

    Args:
        rate: The share of elements that are set to the lowest value of selu.
        noise_shape: The shape of what is drawn, which broadcasts to that of the inputs; None for the same shape, and
            None for a size means that of the inputs.
        seed: A whole number; None for one that `set_random_seed` determines.
        **kwargs: Arguments of every layer.

    >>> AlphaDropout(0.1)(np.ones(2, "float32"))
    array([1., 1.], dtype=float32)
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any):
        super().__init__(rate, seed, **kwargs)
        self.noise_shape = _noise_shape(self, noise_shape)
        if rate == 1:
            raise ArgumentError("AlphaDropout: expected rate to be below 1, where nothing is left; got 1.")
        self._scale = ((1 - rate) * (1 + rate * _LOWEST**2)) ** -0.5
        self._shift = -self._scale * _LOWEST * rate

    def _noisy(self, inputs: Any) -> Any:
        shape = ops.shape(inputs)
        if self.noise_shape is not None:
            shape = tuple(size if own is None else own for size, own in zip(shape, self.noise_shape, strict=True))
        kept = random.bernoulli(shape, 1 - self._amount, seed=self.seed_generator)
        return ops.add(ops.multiply(ops.where(kept, inputs, _LOWEST), self._scale), self._shift)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "noise_shape")}
