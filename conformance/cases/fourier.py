"""Cases of Fourier transforms: references sum up what the definition says."""

from __future__ import annotations

import numpy as np

from ..case import COMPLEX, FLOATS, array, case, sample

COMPUTED = ("float32", "float64")


def _matrix(n, inverse):
    """The transform of n numbers as a matrix."""
    turns = np.outer(np.arange(n), np.arange(n)) % n / n
    return np.exp((2j if inverse else -2j) * np.pi * turns) / (n if inverse else 1)


def _fourier(x, rank, inverse):
    for axis in range(-rank, 0):
        x = np.moveaxis(np.moveaxis(x, axis, -1) @ _matrix(x.shape[axis], inverse), -1, axis)
    return x


def _as_long(x, length):
    missing = max(length - x.shape[-1], 0)
    return np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, missing)])[..., :length]


def _real_fourier(x, length):
    return _fourier(_as_long(x, length) + 0j, 1, False)[..., : length // 2 + 1]


def _inverse_real_fourier(x, length):
    half = _as_long(x, length // 2 + 1)
    places = np.arange(length)
    weights = np.full(half.shape[-1], 2.0)
    weights[0] = 1.0
    if length % 2 == 0:
        weights[-1] = 1.0
    turns = np.outer(np.arange(half.shape[-1]), places) % length / length
    return ((half * weights) @ np.exp(2j * np.pi * turns)).real / length


def _size(x, axes):
    """The norm of what is transformed together."""
    return np.sqrt((np.abs(x) ** 2).sum(axis=axes, keepdims=True))


case(
    "fourier_transform",
    _fourier,
    sample(array(2, 3), 1, False),
    sample(array(2, 3), 2, True),
    sample(array(8), 1, True),
    sample(array(2, 2, 3), 2, False),
    sample(array(1), 1, False),
    sample(array(0, 3), 1, False),
    sample(array(64), 1, False, gradient=False),
    dtypes=COMPLEX,
    magnitude=lambda x, rank, inverse: _size(x, tuple(range(-rank, 0))),
)
case(
    "real_fourier",
    lambda x: _real_fourier(x, x.shape[-1]),
    *(sample(array(2, size)) for size in (5, 6, 1, 2)),
    sample(array(4)),
    sample(array(0, 3)),
    drawn=False,  # rfft sees to it that there is something to transform
    dtypes=COMPUTED,
    makes_complex=True,
    magnitude=lambda x: _size(x, -1),
)
case(
    "inverse_real_fourier",
    _inverse_real_fourier,
    *(sample(array(2, length // 2 + 1), length) for length in (6, 7, 1, 2)),
    sample(array(0, 3), 4),
    dtypes=COMPLEX,
    magnitude=lambda x, length: _size(x, -1),
)


def _pair(x):
    return np.real(x), np.imag(x)


def _pairs(*shape, **options):
    return sample((array(*shape), array(*shape)), **options)


BAD_PAIRS = [
    sample((array(2, 2), array(2, 3))),
    sample((array(2, 2), array(2, 2), array(2, 2))),
    sample((array(), array())),
    sample((array(2, 0), array(2, 0))),
    sample((array(2, 2, dtype="int32"), array(2, 2, dtype="int32"))),
]
case(
    "fft",
    lambda x: _pair(_fourier(x[0] + 1j * x[1], 1, False)),
    _pairs(2, 3),
    _pairs(8),
    _pairs(0, 3),
    _pairs(1),
    dtypes=FLOATS,
    makes_complex=True,
    magnitude=lambda x: _size(x[0] + 1j * x[1], -1),
    mistakes=BAD_PAIRS,
)
for _name, _inverse in (("fft2", False), ("ifft2", True)):
    case(
        _name,
        lambda x, inverse=_inverse: _pair(_fourier(x[0] + 1j * x[1], 2, inverse)),
        _pairs(2, 3),
        _pairs(2, 4, 3),
        _pairs(0, 2, 3),
        dtypes=FLOATS,
        makes_complex=True,
        magnitude=lambda x: _size(x[0] + 1j * x[1], (-1, -2)),
        mistakes=[*BAD_PAIRS, _pairs(3)],
    )
case(
    "rfft",
    lambda x, fft_length=None: _pair(_real_fourier(x, x.shape[-1] if fft_length is None else fft_length)),
    sample(array(2, 5)),
    sample(array(2, 5), fft_length=8),
    sample(array(2, 5), fft_length=4),
    sample(array(1)),
    sample(array(0, 3)),
    sample(array(2, 5, low=-100, high=100, dtype="int32"), dtypes=("int32",)),
    dtypes=FLOATS,
    makes_complex=True,
    magnitude=lambda x, fft_length=None: _size(x, -1),
    mistakes=[
        sample(array()),
        sample(array(2, 0)),
        sample(array(3), fft_length=0),
        sample(array(3, dtype="complex64")),
    ],
)
case(
    "irfft",
    lambda x, fft_length=None: _inverse_real_fourier(
        x[0] + 1j * x[1], 2 * (x[0].shape[-1] - 1) if fft_length is None else fft_length
    ),
    _pairs(2, 4),
    _pairs(2, 4, fft_length=7),
    _pairs(2, 4, fft_length=4),
    _pairs(2, 3, fft_length=9),
    _pairs(0, 3),
    dtypes=FLOATS,
    makes_complex=True,
    magnitude=lambda x, fft_length=None: _size(x[0] + 1j * x[1], -1),
    mistakes=[*BAD_PAIRS, _pairs(1), _pairs(3, fft_length=-1)],
)


def _sequences(x, sequence_length, sequence_stride):
    starts = range(0, x.shape[-1] - sequence_length + 1, sequence_stride)
    return np.stack([x[..., start : start + sequence_length] for start in starts], -2)


case(
    "extract_sequences",
    _sequences,
    sample(array(2, 9), 4, 2),
    sample(array(7), 3, 3),
    sample(array(2, 2, 5), 2, 4),
    sample(array(3), 3, 1),
    sample(array(0, 5), 2, 1),
    dtypes=(*FLOATS, "int32", *COMPLEX),
    mistakes=[
        sample(array(2), 3, 1),
        sample(array(), 1, 1),
        sample(array(5), 0, 1),
        sample(array(5), 2, 0),
    ],
)
WEIGHTS = (0.5, 1.0, 0.25, 2.0)


def _weights(window, sequence_length, fft_length):
    if window is None:
        return np.ones(fft_length)
    angles = 2 * np.pi * np.arange(sequence_length) / sequence_length
    if isinstance(window, str):
        window = {"hann": np.sin(angles / 2) ** 2, "hamming": 0.54 - 0.46 * np.cos(angles)}[window]
    out = np.zeros(fft_length)
    start = (fft_length - sequence_length) // 2
    out[start : start + sequence_length] = window
    return out


def _stft(x, sequence_length, sequence_stride, fft_length, window="hann", center=True):
    if center:
        x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(fft_length // 2, fft_length // 2)], mode="reflect")
    parts = _sequences(x, fft_length, sequence_stride) * _weights(window, sequence_length, fft_length)
    return _pair(_real_fourier(parts, fft_length))


def _istft(x, sequence_length, sequence_stride, fft_length, length=None, window="hann", center=True):
    parts = _inverse_real_fourier(x[0] + 1j * x[1], fft_length)
    weights = _weights(window, sequence_length, fft_length)
    total = np.zeros((*parts.shape[:-2], fft_length + (parts.shape[-2] - 1) * sequence_stride))
    norm = np.zeros(total.shape[-1])
    for number in range(parts.shape[-2]):
        place = slice(number * sequence_stride, number * sequence_stride + fft_length)
        total[..., place] += parts[..., number, :] * weights
        norm[place] += weights**2
    total = total / np.where(norm > 1e-10, norm, 1.0)
    total = total[..., fft_length // 2 :] if center else total
    if length is None:
        length = total.shape[-1] - (fft_length // 2 if center else 0)
    return _as_long(total, length)


case(
    "stft",
    _stft,
    sample(array(2, 20), 6, 3, 8),
    sample(array(12), 5, 2, 8, window="hamming", center=False),
    sample(array(12), 5, 3, 7, window=None),
    sample(array(12), 4, 2, 6, window=np.array(WEIGHTS), center=False),
    sample(array(0, 12), 4, 2, 4),
    sample(array(12, low=-100, high=100, dtype="int32"), 4, 2, 4, dtypes=("int32",)),
    dtypes=FLOATS,
    makes_complex=True,
    magnitude=lambda x, *_, **options: max(np.sqrt((x**2).sum(-1)).max(initial=0.0), 1.0),
    mistakes=[
        sample(array(12), 6, 3, 4),
        sample(array(12), 4, 2, 4, window="kaiser"),
        sample(array(12), 4, 2, 4, window=np.ones(3)),
        sample(array(3), 4, 2, 4, center=False),
        sample(array(12), 4, 0, 4),
        sample(array(12, dtype="complex64"), 4, 2, 4),
    ],
)
case(
    "istft",
    _istft,
    sample((array(2, 5, 5), array(2, 5, 5)), 6, 3, 8),
    sample((array(4, 5), array(4, 5)), 5, 2, 8, window="hamming", center=False),
    sample((array(4, 4), array(4, 4)), 5, 3, 7, window=None),
    sample((array(4, 4), array(4, 4)), 4, 2, 6, window=np.array(WEIGHTS), length=20),
    sample((array(4, 4), array(4, 4)), 4, 2, 6, length=5),
    sample((array(0, 4, 3), array(0, 4, 3)), 4, 2, 4),
    dtypes=FLOATS,
    makes_complex=True,
    # near the ends what is divided by the weights is small, as they are
    magnitude=lambda x, *_, **options: 10.0,
    mistakes=[
        sample((array(4, 4), array(4, 5)), 4, 2, 6),
        sample((array(4), array(4)), 4, 2, 6),
        sample((array(4, 4), array(4, 4)), 8, 2, 6),
    ],
)
