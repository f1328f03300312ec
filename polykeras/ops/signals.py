"""Signals in overlapping sequences, and their short-time Fourier transform."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..dtypes import COMPUTABLE, ORDERED, inexact, same
from ..errors import OptionError, ShapeError
from ..op import Array, Arrays, composed
from ..spec import Spec, show_shape
from .fourier import FLOATS_ONLY
from .matrices import all_in_single


def _count(size: Any, length: int, stride: int) -> Any:
    """How many sequences there are in a signal."""
    if length < 1 or stride < 1:
        raise OptionError(f"expected length and stride of a sequence to be at least 1; got {length} and {stride}.")
    if isinstance(size, int) and size < length:
        raise ShapeError(f"expected a signal with at least one sequence of {length}; got {size} elements. Pad it.")
    return (size - length) // stride + 1


def _infer_sequences(x: Spec, sequence_length: int, sequence_stride: int) -> Spec:
    if not x.ndim:
        raise ShapeError("expected an array with at least one axis; got a number.")
    count = _count(x.shape[-1], sequence_length, sequence_stride)
    return Spec((*x.shape[:-1], count, sequence_length), x.dtype)


@composed(infer=_infer_sequences, promote=same, accepts=COMPUTABLE, ulp=0)
def extract_sequences(x: Array, sequence_length: int, sequence_stride: int) -> Array:
    """Overlapping parts of the last axis.

    Args:
        x: Array.
        sequence_length: The length of each part.
        sequence_stride: How far from one part to the next. Elements at the end that fill no part are left out.

    Returns:
        The parts: the axes in front, one for the parts, and one along each part.

    >>> extract_sequences([1, 2, 3, 4, 5], 3, 2)
    array([[1, 2, 3],
           [3, 4, 5]], dtype=int32)
    """
    count: Any = _infer_sequences(Spec(ops.shape(x)), sequence_length, sequence_stride).shape[-2]
    places = np.arange(count, dtype="int32")[:, None] * sequence_stride + np.arange(sequence_length, dtype="int32")
    return ops.take(x, places, axis=-1)


_WINDOWS = {"hann": (0.5, 0.5), "hamming": (0.54, 0.46)}  # mean and amplitude of one turn of a cosine


def _check_window(window: Any, sequence_length: int, fft_length: int) -> None:
    if sequence_length > fft_length:
        raise ShapeError(f"expected fft_length to be at least sequence_length; got {fft_length} and {sequence_length}.")
    if isinstance(window, str):
        if window not in _WINDOWS:
            raise OptionError(f"expected window to be {', '.join(_WINDOWS)}, an array or None; got {window!r}.")
    elif window is not None and tuple(ops.shape(window)) != (sequence_length,):
        raise ShapeError(
            f"expected a window of sequence_length={sequence_length} elements; got shape "
            f"{show_shape(ops.shape(window))}."
        )


def _window(window: Any, sequence_length: int, fft_length: int, dtype: str) -> Any:
    """The weights of a sequence, in the middle of as many zeros as the transform is longer."""
    if window is None:
        return ops.ones((fft_length,), dtype)
    if isinstance(window, str):
        mean, amplitude = _WINDOWS[window]
        window = mean - amplitude * np.cos(2 * np.pi * np.arange(sequence_length) / sequence_length)
    before = (fft_length - sequence_length) // 2
    return ops.pad(ops.cast(window, dtype), ((before, fft_length - sequence_length - before),))


def _infer_stft(
    x: Spec, sequence_length: int, sequence_stride: int, fft_length: int, window: Any, center: bool
) -> tuple[Spec, Spec]:
    _check_window(window, sequence_length, fft_length)
    if not x.ndim:
        raise ShapeError("expected an array with at least one axis; got a number.")
    if center and x.shape[-1] == 0:
        raise ShapeError(f"expected a signal to mirror at its ends; got an array of shape {show_shape(x.shape)}.")
    size = x.shape[-1] + 2 * (fft_length // 2) if center else x.shape[-1]
    shape = (*x.shape[:-1], _count(size, fft_length, sequence_stride), fft_length // 2 + 1)
    return Spec(shape, x.dtype), Spec(shape, x.dtype)


@composed(infer=_infer_stft, promote=inexact, accepts=ORDERED, ulp=4)
def stft(
    x: Array, sequence_length: int, sequence_stride: int, fft_length: int, window: Any = "hann", center: bool = True
) -> tuple[Array, Array]:
    """The Fourier transforms of overlapping parts of a signal, on the last axis.

    Args:
        x: Array of real numbers.
        sequence_length: How many elements a window has.
        sequence_stride: How far from one part to the next.
        fft_length: The length of a part, at least `sequence_length`.
        window: The weights of the elements of a part: `"hann"` or `"hamming"` (the periodic ones), an array of
            `sequence_length` numbers, or None for none. They lie in the middle of a part, with zeros around.
        center: Whether to mirror the signal at both ends by `fft_length // 2`, so that parts lie around their place.

    Returns:
        The real and the imaginary parts: the axes in front, one for the parts, and `fft_length // 2 + 1` frequencies.

    >>> stft([0.0, 1.0, 0.0, -1.0], 4, 2, 4, window=None, center=False)
    (array([[0., 0., 0.]], dtype=float32), array([[ 0., -2.,  0.]], dtype=float32))
    """
    _infer_stft(Spec(ops.shape(x)), sequence_length, sequence_stride, fft_length, window, center)

    def transform(x: Any) -> Any:
        if center:
            pairs = [(0, 0)] * (ops.ndim(x) - 1) + [(fft_length // 2, fft_length // 2)]
            x = ops.pad(x, pairs, mode="reflect")
        parts = extract_sequences(x, fft_length, sequence_stride)
        if window is not None:
            parts = ops.multiply(parts, _window(window, sequence_length, fft_length, ops.dtype(x)))
        return ops.rfft(parts, fft_length)

    return all_in_single(transform, x)


def _overlap_added(parts: Any, stride: int) -> Any:
    """The sum of parts, each of them laid down one stride after the one before."""
    *batch, count, length = ops.shape(parts)
    pieces = -(-length // stride)
    front = [(0, 0)] * len(batch)
    parts = ops.pad(parts, [*front, (0, 0), (0, pieces * stride - length)])
    parts = ops.reshape(parts, (*batch, count, pieces, stride))
    total: Any = None
    for piece in range(pieces):
        shifted = ops.pad(parts[..., piece, :], [*front, (piece, pieces - 1 - piece), (0, 0)])
        total = shifted if total is None else ops.add(total, shifted)
    rows = ops.reshape(total, (*batch, (count + pieces - 1) * stride))
    return rows[..., : length + (count - 1) * stride]


def _infer_istft(
    x: list[Spec],
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: Any,
    window: Any,
    center: bool,
) -> Spec:
    _check_window(window, sequence_length, fft_length)
    if len(x) != 2 or x[0].ndim < 2 or x[0].shape != x[1].shape:
        raise ShapeError(
            "expected a pair (real, imag) of arrays of one shape, with an axis of parts and one of frequencies; got "
            f"{len(x)} of shape{'s' * (len(x) != 1)} {', '.join(show_shape(part.shape) for part in x)}."
        )
    whole = fft_length + (x[0].shape[-2] - 1) * sequence_stride
    if length is None:
        length = whole - 2 * (fft_length // 2) if center else whole
    return Spec((*x[0].shape[:-2], length), x[0].dtype)


@composed(infer=_infer_istft, promote=same, accepts=FLOATS_ONLY, ulp=4)
def istft(
    x: Arrays,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = "hann",
    center: bool = True,
) -> Array:
    """The signal of which `stft` has made Fourier transforms of overlapping parts.

    Args:
        x: A pair of arrays of floats, the real and the imaginary parts: on the last axes parts and frequencies.
        sequence_length: How many elements a window has.
        sequence_stride: How far from one part to the next.
        fft_length: The length of a part.
        length: How long the signal is to be; None for as long as the parts reach. What they do not reach is 0.
        window: The weights, as for `stft`.
        center: Whether the parts lie around their place, as for `stft`.

    Returns:
        The signal. Where all weights are 0 it is 0.

    >>> istft(([[0.0, 0.0, 0.0]], [[0.0, -2.0, 0.0]]), 4, 2, 4, window=None, center=False)
    array([ 0.,  1.,  0., -1.], dtype=float32)
    """
    specs = [Spec(ops.shape(part)) for part in x]
    arguments = sequence_length, sequence_stride, fft_length, length, window, center
    size = _infer_istft(specs, *arguments).shape[-1]

    def signal(real: Any, imag: Any) -> Any:
        parts = ops.irfft((real, imag), fft_length)
        weights = _window(window, sequence_length, fft_length, ops.dtype(parts))
        squares = ops.broadcast_to(ops.square(weights), ops.shape(parts)[-2:])
        total = _overlap_added(ops.multiply(parts, weights), sequence_stride)
        norm = _overlap_added(squares, sequence_stride)
        total = ops.divide(total, ops.where(ops.greater(norm, 1e-10), norm, 1))
        start = fft_length // 2 if center else 0
        total = total[..., start : start + size]
        missing = size - ops.shape(total)[-1]
        return ops.pad(total, [(0, 0)] * (ops.ndim(total) - 1) + [(0, missing)]) if missing else total

    return all_in_single(signal, *x)
