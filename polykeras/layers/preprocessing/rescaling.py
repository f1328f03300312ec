"""Numbers brought into another range: by given factors, or by the mean and variance of data."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...config import epsilon
from ...errors import ArgumentError
from ...settings import settings
from ...spec import normalize_axis
from ..configuration import described
from .data_layer import DataLayer, batches_of


class Rescaling(DataLayer):
    """Inputs times a factor, plus an offset.

    Args:
        scale: The factor, or one for each channel.
        offset: The offset, or one for each channel.
        **kwargs: Arguments of every layer.

    >>> Rescaling(1 / 127.5, offset=-1.0)(np.array([0, 255], "uint8"))
    array([-1.,  1.], dtype=float32)
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.scale, self.offset = scale, offset
        self._scale, self._offset = (np.asarray(ops.convert_to_numpy(x)) for x in (scale, offset))
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The inputs in another range."""
        x = ops.cast(inputs, self.compute_dtype)
        return ops.add(ops.multiply(x, self._along_channels(self._scale, x)), self._along_channels(self._offset, x))

    def _along_channels(self, values: np.ndarray, x: Any) -> Any:
        """Numbers as an array that broadcasts to inputs, one for each channel where there are several."""
        rank = ops.ndim(x)
        if values.ndim == 1 and settings.image_data_format == "channels_first" and rank >= 3:
            values = values.reshape(-1, *(1,) * (2 if rank <= 4 else rank - 2))
        return ops.cast(values, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, "scale", "offset")}


class Normalization(DataLayer):
    """Inputs minus a mean, divided by a standard deviation, so that data has mean 0 and variance 1.

    Args:
        axis: The axis, or axes, each index of which has a mean and variance of its own; None for one mean of all.
        mean: The mean, where it is not that of data which `adapt` sees.
        variance: The variance, likewise.
        invert: Whether to go back, from mean 0 and variance 1 to those given.
        **kwargs: Arguments of every layer.

    >>> layer = Normalization(axis=None)
    >>> layer.adapt(np.array([1.0, 2.0, 3.0]))
    >>> layer(np.array([2.0, 4.0]))
    array([0.       , 2.4494898], dtype=float32)
    """

    def __init__(self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        if (mean is None) != (variance is None):
            raise ArgumentError(
                f"Normalization: expected both of mean and variance, or none; got mean={mean!r}, variance={variance!r}."
            )
        axes = () if axis is None else (axis,) if hasattr(axis, "__index__") else tuple(axis)
        self.axis = axes
        self.input_mean, self.input_variance = mean, variance
        self.mean: Any = None
        self.variance: Any = None
        self.invert = invert
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Make the mean and the variance for inputs of this shape."""
        rank = len(input_shape)
        if any(not -rank <= axis < rank for axis in self.axis):
            raise ArgumentError(
                f"{self.name}: expected axis to be from {-rank} to {rank - 1} for inputs of shape {input_shape}; got "
                f"{self.axis}."
            )
        self._kept = tuple(sorted(normalize_axis(axis, rank) for axis in self.axis))
        self._shape = tuple(input_shape[axis] for axis in self._kept)
        if None in self._shape:
            raise ArgumentError(
                f"{self.name}: expected the sizes of the axes {self.axis} to be known; got shape {input_shape}."
            )
        self._broadcast = tuple(size if axis in self._kept else 1 for axis, size in enumerate(input_shape))
        if self.input_mean is None:
            options: dict[str, Any] = {"shape": self._shape, "trainable": False, "dtype": self.compute_dtype}
            self.mean = self.add_weight(name="mean", initializer="zeros", **options)
            self.variance = self.add_weight(name="variance", initializer="ones", **options)
            self.count = self.add_weight(name="count", shape=(), dtype="int32", initializer="zeros", trainable=False)
        else:
            self.mean, self.variance = (
                self._given(self.input_mean, "mean"),
                self._given(self.input_variance, "variance"),
            )

    def _given(self, value: Any, name: str) -> np.ndarray:
        values = np.asarray(ops.convert_to_numpy(ops.cast(value, self.compute_dtype)))
        try:
            return np.broadcast_to(values, self._shape)
        except ValueError:
            raise ArgumentError(
                f"{self.name}: expected {name} to broadcast to shape {self._shape}, that of the axes {self.axis} of "
                f"the inputs; got shape {values.shape}."
            ) from None

    def adapt(self, data: Any) -> None:
        """Take mean and variance from data; what was known before is forgotten.

        Args:
            data: An array, or batches: a `tf.data.Dataset`, a `DataLoader`, a generator, a `PyDataset`.
        """
        if self.input_mean is not None:
            raise ArgumentError(f"{self.name}: mean and variance were given. Make a layer without them to adapt it.")
        total, mean, squares = 0, np.zeros(()), np.zeros(())
        for number, batch in enumerate(batches_of(self, data)):
            if number == 0 and not self.built:
                self.build((None, *batch.shape[1:]) if 0 not in self._axes_of(batch) else batch.shape)
            others = tuple(axis for axis in range(batch.ndim) if axis not in self._kept)
            values = batch.astype("float64")
            count = int(np.prod([batch.shape[axis] for axis in others]))
            if not count:
                continue
            own = values.mean(others)
            difference = own - mean
            squares = squares + values.var(others) * count + difference**2 * total * count / (total + count)
            total += count
            mean = mean + difference * (count / total)
        self.mean.assign(mean.astype(self.compute_dtype))
        self.variance.assign((squares / max(total, 1)).astype(self.compute_dtype))
        self.count.assign(np.int32(min(total, np.iinfo("int32").max)))

    @property
    def is_adapted(self) -> bool:
        """Whether there are a mean and a variance."""
        if self.input_mean is not None or not self.built:
            return self.input_mean is not None
        is_as_made = not self.mean.numpy().any() and bool((self.variance.numpy() == 1).all())
        return bool(self.count.numpy()) or not is_as_made  # files of Keras have no count

    def _axes_of(self, batch: np.ndarray) -> set[int]:
        return {axis % max(batch.ndim, 1) for axis in self.axis}

    def call(self, inputs: Any) -> Any:
        """The inputs, shifted and scaled."""
        x = ops.cast(inputs, self.compute_dtype)
        mean, variance = self._read(self.mean), self._read(self.variance)
        deviation = ops.maximum(ops.sqrt(variance), epsilon())
        if self.invert:
            return ops.add(mean, ops.multiply(x, deviation))
        return ops.divide(ops.subtract(x, mean), deviation)

    def _read(self, statistic: Any) -> Any:
        value = statistic if isinstance(statistic, np.ndarray) else self.local(statistic)
        return ops.reshape(ops.cast(value, self.compute_dtype), self._broadcast)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {
            **super().get_config(),
            **described(self, "invert"),
            "axis": self.axis or None,
            "mean": _plain(self.input_mean),
            "variance": _plain(self.input_variance),
        }


def _plain(value: Any) -> Any:
    return None if value is None else np.asarray(ops.convert_to_numpy(value)).tolist()
