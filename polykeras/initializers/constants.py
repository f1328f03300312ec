"""First values that are no accident."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..errors import ArgumentError
from ..registry import deserialize_keras_object, serialize_keras_object
from ..spec import show_shape
from .initializer import Initializer, as_shape, on_host
from .windows import WINDOWS, window


class Constant(Initializer):
    """One value everywhere.

    Args:
        value: A number, or an array that broadcasts to the shape.

    >>> Constant(3.0)((2,))
    array([3., 3.], dtype=float32)
    """

    def __init__(self, value: Any = 0.0):
        self.value = deserialize_keras_object(value) if isinstance(value, dict) else value

    @on_host
    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The value in this shape."""
        value = np.asarray(ops.convert_to_numpy(self.value))
        try:
            values = np.broadcast_to(value, shape)
        except ValueError as error:
            raise ArgumentError(
                f"Constant: expected a number, or an array that broadcasts to {show_shape(shape)}; got shape "
                f"{show_shape(value.shape)}."
            ) from error
        return ops.cast(np.array(values), dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {"value": serialize_keras_object(self.value)}


class Zeros(Initializer):
    """Zeros.

    >>> Zeros()((2,))
    array([0., 0.], dtype=float32)
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Zeros in this shape."""
        return ops.zeros(as_shape(shape), dtype)


class Ones(Initializer):
    """Ones.

    >>> Ones()((2,))
    array([1., 1.], dtype=float32)
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Ones in this shape."""
        return ops.ones(as_shape(shape), dtype)


class Identity(Initializer):
    """The identity matrix, times a factor.

    Args:
        gain: The factor.

    >>> Identity()((2, 2))
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0):
        self.gain = gain

    @on_host
    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The matrix in this shape."""
        if len(shape) != 2:
            raise ArgumentError(f"Identity: expected the shape of a matrix; got {show_shape(shape)}.")
        return ops.multiply(ops.eye(*shape, dtype=dtype), ops.cast(self.gain, dtype))

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {"gain": self.gain}


class STFT(Initializer):
    """The waves of a discrete Fourier transform under a window, as the kernel of a convolution.

    Args:
        side: "real" for cosines, "imag" for negative sines.
        window: The name of a window, such as "hann", an array with a number for each sample, or None.
        scaling: "density" to divide by the root of the window's power, "spectrum" by the sum of its absolute values,
            None for neither.
        periodic: Whether the window is one period of a periodic one.

    >>> ops.shape(STFT()((4, 1, 3)))
    (4, 1, 3)
    """

    def __init__(self, side: str = "real", window: Any = "hann", scaling: Any = "density", periodic: bool = False):
        if side not in ("real", "imag"):
            raise ArgumentError(f"STFT: expected side to be 'real' or 'imag'; got {side!r}.")
        if isinstance(window, str) and window not in WINDOWS:
            raise ArgumentError(f"STFT: expected window to be one of {', '.join(WINDOWS)}; got {window!r}.")
        if scaling not in (None, "density", "spectrum"):
            raise ArgumentError(f"STFT: expected scaling to be 'density', 'spectrum' or None; got {scaling!r}.")
        self.side = side
        self.window = window
        self.scaling = scaling
        self.periodic = periodic

    @on_host
    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The waves: a row for each sample of a frame, a column for each frequency."""
        if len(shape) != 3 or shape[2] < 2:
            raise ArgumentError(
                f"STFT: expected a shape (frame, channels, frequencies) with 2 frequencies or more; got "
                f"{show_shape(shape)}."
            )
        length, _, frequencies = shape
        angles = 2 * np.pi * np.outer(np.arange(length), np.arange(frequencies)) / (2 * (frequencies - 1))
        waves = np.cos(angles) if self.side == "real" else -np.sin(angles)
        waves = waves * self._window(length)[:, None]
        return ops.cast(np.broadcast_to(waves[:, None, :], shape), dtype)

    def _window(self, length: int) -> np.ndarray:
        if self.window is None:
            return np.ones(length)
        if isinstance(self.window, str):
            values = window(self.window, length, self.periodic)
        else:
            values = np.asarray(ops.convert_to_numpy(self.window), "float64")
        if values.shape != (length,):
            raise ArgumentError(
                f"STFT: expected a window with a number for each of {length} samples; got shape "
                f"{show_shape(values.shape)}."
            )
        if self.scaling is None:
            return values
        return values / (np.sqrt(np.sum(values**2)) if self.scaling == "density" else np.sum(np.abs(values)))

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {
            "side": self.side,
            "window": serialize_keras_object(self.window),
            "periodic": self.periodic,
            "scaling": self.scaling,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> STFT:
        """One made from its configuration."""
        return cls(**{**config, "window": deserialize_keras_object(config.get("window"))})
