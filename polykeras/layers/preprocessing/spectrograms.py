"""Sounds as pictures: time along one axis, frequencies along the other."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ... import ops
from ...config import epsilon
from ...deferral import reserve_table
from ...errors import ArgumentError
from ..configuration import data_format as checked_data_format
from ..configuration import described, whole
from ..layer import Layer
from .data_layer import DataLayer

MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")
_MEL = 1127.0, 700.0  # the scale in which steps sound alike: 1127 times the logarithm of 1 + frequency / 700


@functools.cache
def mel_matrix(bins: int, spectrum: int, rate: float, low: float, high: float) -> np.ndarray:
    """How much each frequency of a spectrum counts in each band: triangles on the mel scale, whose tops are 1.

    Args:
        bins: The number of bands.
        spectrum: The number of frequencies, from 0 to half the rate.
        rate: Samples per second.
        low: Where the first band begins, in Hertz.
        high: Where the last one ends.

    Returns:
        Array of shape (spectrum, bins) in float64.
    """
    reserve_table(spectrum, bins)

    def on_scale(frequency: Any) -> Any:
        return _MEL[0] * np.log1p(np.asarray(frequency) / _MEL[1])

    edges = np.linspace(on_scale(low), on_scale(high), bins + 2)
    places = on_scale(np.linspace(0.0, rate / 2.0, spectrum))[:, None]
    rising = (places - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - places) / (edges[2:] - edges[1:-1])
    matrix = np.maximum(0.0, np.minimum(rising, falling))
    matrix[0] = 0.0
    return matrix


class MelSpectrogram(DataLayer):
    """The loudness of sounds in bands of frequencies that are spaced as ears hear them, over time.

    Args:
        fft_length: How many samples are a frame.
        sequence_stride: How many samples after a frame the next one begins.
        sequence_length: How many samples the window has; None for as many as a frame.
        window: "hann", "hamming", an array, or None for no window.
        sampling_rate: Samples per second.
        num_mel_bins: The number of bands.
        min_freq: Where the first band begins, in Hertz.
        max_freq: Where the last one ends; None for half the sampling rate.
        power_to_db: Whether the result is in decibels.
        top_db: How far below the loudest the least loud is at most, in decibels.
        mag_exp: The power of magnitudes that is added up in bands.
        min_power: The least power.
        ref_power: The power that is 0 decibels.
        **kwargs: Arguments of every layer.

    >>> layer = MelSpectrogram(num_mel_bins=64, sampling_rate=8000, sequence_stride=256)
    >>> ops.shape(layer(np.ones((1, 16000), "float32")))
    (1, 64, 63)
    """

    def __init__(
        self,
        fft_length: int = 2048,
        sequence_stride: int = 512,
        sequence_length: int | None = None,
        window: Any = "hann",
        sampling_rate: int = 16000,
        num_mel_bins: int = 128,
        min_freq: float = 20.0,
        max_freq: float | None = None,
        power_to_db: bool = True,
        top_db: float = 80.0,
        mag_exp: float = 2.0,
        min_power: float = 1e-10,
        ref_power: float = 1.0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.fft_length = whole(self, "fft_length", fft_length)
        self.sequence_stride = whole(self, "sequence_stride", sequence_stride)
        self.sequence_length = self.fft_length if sequence_length is None else whole(self, "length", sequence_length)
        self.window = window
        self.sampling_rate, self.num_mel_bins = sampling_rate, whole(self, "num_mel_bins", num_mel_bins)
        self.min_freq, self.max_freq = min_freq, sampling_rate / 2 if max_freq is None else max_freq
        if not 0 <= self.min_freq < self.max_freq <= sampling_rate / 2:
            raise ArgumentError(
                f"MelSpectrogram: expected min_freq to be below max_freq, and both from 0 to half the sampling rate, "
                f"{sampling_rate / 2}; got {min_freq!r} and {max_freq!r}."
            )
        self.power_to_db, self.top_db, self.mag_exp = power_to_db, top_db, mag_exp
        self.min_power, self.ref_power = min_power, ref_power

    def call(self, inputs: Any) -> Any:
        """The bands over time: array of shape (bands, frames), or a batch of them."""
        dtype = "float64" if self.compute_dtype == "float64" else "float32"
        x = ops.cast(inputs, dtype)
        single = ops.ndim(x) == 1
        x = ops.expand_dims(x, 0) if single else x
        real, imaginary = ops.stft(
            x, self.sequence_length, self.sequence_stride, self.fft_length, window=self.window, center=True
        )
        power = ops.add(ops.square(real), ops.square(imaginary))
        magnitudes = power if self.mag_exp == 2.0 else ops.power(power, self.mag_exp / 2.0)
        options = (self.sampling_rate, self.min_freq, self.max_freq)
        matrix = mel_matrix(self.num_mel_bins, self.fft_length // 2 + 1, *options).astype(dtype)
        bands = ops.swapaxes(ops.matmul(magnitudes, matrix), -1, -2)
        bands = self._decibels(bands) if self.power_to_db else bands
        return ops.cast(ops.squeeze(bands, 0) if single else bands, self.compute_dtype)

    def _decibels(self, bands: Any) -> Any:
        reference = 10.0 * math.log10(max(self.ref_power, self.min_power))
        factor = 10.0 / math.log(10.0)
        loudness = ops.subtract(ops.multiply(ops.log(ops.maximum(bands, self.min_power)), factor), reference)
        return ops.maximum(loudness, ops.subtract(ops.max(loudness), self.top_db))

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        names = ("fft_length", "sequence_stride", "sequence_length", "window", "sampling_rate", "num_mel_bins")
        others = ("min_freq", "max_freq", "power_to_db", "top_db", "mag_exp", "min_power", "ref_power")
        return {**super().get_config(), **described(self, *names, *others)}


class STFTSpectrogram(Layer):
    """The short-time Fourier transform of sounds, by a convolution whose kernels can be trained.

    Args:
        mode: "log", "magnitude", "psd" (power spectral density), "real", "imag", "angle", or "stft" for real and
            imaginary parts one after another.
        frame_length: How many samples are a frame.
        frame_step: How many samples after a frame the next one begins; None for half a frame.
        fft_length: How many frequencies the transform has; None for the power of two from the frame's length on.
        window: "hann", "hamming", an array, or None for no window.
        periodic: Whether the window is one of a periodic function.
        scaling: "density", "spectrum" or None: what results are divided by.
        padding: "valid" for frames within the sound only, "same" for zeros around.
        expand_dims: Whether frequencies have an axis of their own.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer.

    >>> ops.shape(STFTSpectrogram(frame_step=128, fft_length=512)(np.ones((1, 1600, 1), "float32")))
    (1, 11, 257)
    """

    def __init__(
        self,
        mode: str = "log",
        frame_length: int = 256,
        frame_step: int | None = None,
        fft_length: int | None = None,
        window: Any = "hann",
        periodic: bool = False,
        scaling: str | None = "density",
        padding: str = "valid",
        expand_dims: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        for name, value, known in (
            ("mode", mode, MODES),
            ("scaling", scaling, ("density", "spectrum", None)),
            ("padding", padding, ("valid", "same")),
        ):
            if value not in known:
                raise ArgumentError(
                    f"STFTSpectrogram: expected {name} to be one of {', '.join(map(str, known))}; got {value!r}."
                )
        self.mode = mode
        self.frame_length = whole(self, "frame_length", frame_length, 2)
        self.frame_step = None if frame_step is None else whole(self, "frame_step", frame_step)
        self.fft_length = None if fft_length is None else whole(self, "fft_length", fft_length, self.frame_length)
        if self.frame_step is not None and self.frame_step > self.frame_length:
            raise ArgumentError(
                f"STFTSpectrogram: expected frame_step to be at most frame_length={frame_length}; got {frame_step}."
            )
        self.window, self.periodic, self.scaling = window, periodic, scaling
        self.padding, self.expand_dims = padding, expand_dims
        self.data_format = checked_data_format(self, data_format)

    def build(self, input_shape: Any) -> None:
        """Make the kernels: cosines and sines times the window."""
        if len(input_shape) != 3:
            raise ArgumentError(
                f"{self.name}: expected sounds of shape (batch, time, channels); got shape {tuple(input_shape)}."
            )
        length = self.fft_length or 1 << (self.frame_length - 1).bit_length()
        reserve_table(self.frame_length, length // 2 + 1)
        samples, bins = np.arange(self.frame_length)[:, None], np.arange(length // 2 + 1)
        angles = 2.0 * math.pi * ((samples * bins) % length) / length
        waves = {"real_kernel": np.cos(angles), "imag_kernel": -np.sin(angles)}
        window = self._window()
        kept = {"real": ["real_kernel"], "imag": ["imag_kernel"]}.get(self.mode, list(waves))
        for name in kept:
            kernel = (waves[name] * window[:, None])[:, None, :]
            weight = self.add_weight(kernel.shape, _constant(kernel), name=name)
            setattr(self, name, weight)

    def _window(self) -> np.ndarray:
        """The window, divided as the scaling says."""
        if isinstance(self.window, str):
            if self.window not in ("hann", "hamming"):
                raise ArgumentError(
                    f"{self.name}: expected window to be hann, hamming or an array; got {self.window!r}."
                )
            low = 0.5 if self.window == "hann" else 0.54
            steps = self.frame_length if self.periodic else self.frame_length - 1
            window = low - (1 - low) * np.cos(2 * math.pi * np.arange(self.frame_length) / steps)
        elif self.window is None:
            return np.ones(self.frame_length)
        else:
            window = np.asarray(ops.convert_to_numpy(self.window), "float64")
            if window.shape != (self.frame_length,):
                raise ArgumentError(
                    f"{self.name}: expected a window of {self.frame_length} numbers; got {window.shape}."
                )
        sums = {"density": math.sqrt(float(np.sum(window**2))), "spectrum": float(np.sum(window)), None: 1.0}
        return window / sums[self.scaling]

    def call(self, inputs: Any) -> Any:
        """The spectrogram."""
        first = self.data_format == "channels_first"
        x = inputs if first else ops.transpose(inputs, (0, 2, 1))
        batch, channels, time = ops.shape(x)
        x = ops.reshape(x, (batch * channels, time, 1))
        parts = {name: self._part(x, name) for name in ("real_kernel", "imag_kernel") if hasattr(self, name)}
        found = self._in_mode(*parts.values())
        _, frames, bins = ops.shape(found)
        found = ops.reshape(found, (batch, channels, frames, bins))
        if self.expand_dims:
            return found if first else ops.transpose(found, (0, 2, 3, 1))
        order, shape = ((0, 1, 3, 2), (channels * bins, frames)) if first else ((0, 2, 1, 3), (frames, channels * bins))
        return ops.reshape(ops.transpose(found, order), (batch, *shape))

    def _part(self, x: Any, name: str) -> Any:
        step = self.frame_step or self.frame_length // 2
        return ops.conv(x, getattr(self, name), step, self.padding, "channels_last")

    def _in_mode(self, *parts: Any) -> Any:
        if self.mode in ("real", "imag"):
            return parts[0]
        real, imaginary = parts
        if self.mode == "stft":
            return ops.concatenate([real, imaginary], axis=-1)
        if self.mode == "angle":
            return ops.arctan2(imaginary, real)
        power = ops.add(ops.square(real), ops.square(imaginary))
        if self.mode == "psd":
            bins = ops.shape(power)[-1]
            return ops.multiply(power, np.array([1.0, *[2.0] * (bins - 2), 1.0], self.compute_dtype))
        magnitude = ops.sqrt(ops.maximum(power, epsilon()))
        return ops.log(magnitude) if self.mode == "log" else magnitude

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        names = ("mode", "frame_length", "frame_step", "fft_length", "window", "periodic", "scaling", "padding")
        return {**super().get_config(), **described(self, *names, "data_format", "expand_dims")}


def _constant(values: np.ndarray) -> Any:
    """An initializer that gives these values."""

    def initialize(shape: Any, dtype: Any = None) -> np.ndarray:
        return values.astype(dtype)

    return initialize
