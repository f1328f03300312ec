"""Cases of layers that prepare numbers, categories and sounds."""

from __future__ import annotations

import numpy as np

from ..case import array
from ..layer_case import configured, layer

WHOLE = {"gradient": False, "mixed": False}
CLASSES = np.array([[0, 3, 3], [2, 1, 0]], "int32")


def rows_of(numbers, depth):
    """A row with a one for each number."""
    return np.eye(depth)[numbers]


layer(
    "Rescaling",
    configured(0.5, offset=-1.0).on(array(2, 3)).gives(lambda w, x: 0.5 * x - 1),
    configured([1.0, 2.0, 3.0]).on(array(2, 2, 3)).gives(lambda w, x: x * [1, 2, 3]),
    configured(2).on(array(2, 3, dtype="int32", low=-9, high=9)).gives(lambda w, x: 2.0 * x).but(**WHOLE),
)
layer(
    "Normalization",
    configured(mean=3.0, variance=4.0).on(array(2, 3)).gives(lambda w, x: (x - 3) / 2),
    configured(mean=[1.0, 2.0], variance=[4.0, 9.0], invert=True)
    .on(array(3, 2))
    .gives(lambda w, x: x * [2, 3] + [1, 2]),
    configured().on(array(3, 2)).gives(lambda w, x: (x - w[0]) / np.sqrt(w[1])),
    configured(axis=(1, 2)).on(array(2, 3, 4)).gives(lambda w, x: (x - w[0]) / np.sqrt(w[1])),
    configured(axis=None, mean=1.0, variance=0.25).on(array(4)).gives(lambda w, x: 2 * (x - 1)),
    mistakes=[
        (configured(mean=1.0), "both of mean and variance"),
        (configured(axis=3).on(array(2, 2)), "axis to be from -2 to 1"),
        (configured(mean=[1.0, 2.0, 3.0], variance=1.0).on(array(2, 2)), "mean to broadcast to shape"),
    ],
)
layer(
    "Discretization",
    configured([0.0, 1.0])
    .on(np.array([[-0.5, 0.0, 0.5], [1.0, 7.0, np.nan]]))
    .gives(lambda w, x: np.array([[0, 1, 1], [2, 2, 2]]))
    .but(**WHOLE, exact=True),
    configured([0.5], output_mode="one_hot")
    .on(np.array([[0.0], [1.0]]))
    .gives(lambda w, x: np.eye(2))
    .but(gradient=False),
    configured([0.5], output_mode="count")
    .on(np.array([[0.0, 1.0, 1.0]]))
    .gives(lambda w, x: np.array([[1.0, 2.0]]))
    .but(gradient=False),
    mistakes=[
        (configured(), "either bin_boundaries or num_bins"),
        (configured([1.0, 0.0]), "ascending order"),
        (configured([1.0], output_mode="rows"), "output_mode to be one of"),
        (configured(num_bins=3).on(array(2, 3)), "call adapt"),
        (configured([1.0], sparse=True), "sparse arrays are not supported"),
    ],
)
layer(
    "CategoryEncoding",
    configured(4, "one_hot").on(CLASSES).gives(lambda w, x: rows_of(x, 4)).but(exact=True),
    configured(4).on(CLASSES).gives(lambda w, x: rows_of(x, 4).max(1)).but(exact=True),
    configured(4, "count").on(CLASSES).gives(lambda w, x: rows_of(x, 4).sum(1)).but(exact=True),
    configured(4, "one_hot").on(CLASSES[:, :1]).gives(lambda w, x: rows_of(x[:, 0], 4)),
    configured(4, "count")
    .on(CLASSES, count_weights=array(2, 3))
    .but(gradient=False)
    .gives(lambda w, x, count_weights: (rows_of(x, 4) * count_weights[..., None]).sum(1)),
    mistakes=[
        (configured(), "expected num_tokens"),
        (configured(4).on(CLASSES, count_weights=array(2, 3)), "expected no count_weights"),
    ],
)
layer(
    "IntegerLookup",
    configured(vocabulary=[3, 1])
    .on(CLASSES)
    .gives(lambda w, x: np.array([[0, 1, 1], [0, 2, 0]]))
    .but(**WHOLE, exact=True),
    configured(vocabulary=[3, 1], mask_token=0)
    .on(CLASSES)
    .gives(lambda w, x: np.array([[0, 2, 2], [1, 3, 0]]))
    .but(**WHOLE),
    configured(vocabulary=[3], num_oov_indices=2)
    .on(CLASSES)
    .gives(lambda w, x: np.array([[0, 2, 2], [0, 1, 0]]))
    .but(**WHOLE),
    configured(vocabulary=[3, 1], output_mode="tf_idf", idf_weights=[0.5, 1.0])
    .on(CLASSES)
    .gives(lambda w, x: np.array([[0.75, 1.0, 0.0], [1.5, 0.0, 1.0]])),
    mistakes=[
        (configured(vocabulary=[1, 1]), "each token once in vocabulary"),
        (configured(vocabulary=["x"]), "whole numbers as tokens"),
        (configured().on(CLASSES), "it has no vocabulary yet"),
        (configured(output_mode="count", invert=True), "output_mode='int' with invert"),
    ],
)
WAVES = np.sin(np.arange(200.0) ** 1.3).reshape(2, 100)
layer(
    "STFTSpectrogram",
    configured("magnitude", 16, 8).on(array(2, 40, 2)),
    configured("stft", 10, 5, 16, padding="same", expand_dims=True).on(array(2, 40, 2)),
    configured("psd", 16, 8, window=None, scaling=None, data_format="channels_first").on(array(2, 1, 40)),
    configured("real", 16, 8, window="hamming", scaling="spectrum", periodic=True).on(array(2, 40, 1)),
    mistakes=[
        (configured("loud"), "mode to be one of"),
        (configured(frame_length=16, frame_step=17), "at most frame_length"),
        (configured().on(array(2, 3)), r"shape \(batch, time, channels\)"),
    ],
)
layer(
    "MelSpectrogram",
    configured(32, 16, num_mel_bins=4, sampling_rate=800).on(WAVES).but(mixed=False, gradient=False),
    configured(32, 16, num_mel_bins=4, power_to_db=False, mag_exp=1.0, window="hamming").on(WAVES).but(mixed=False),
    mistakes=[(configured(min_freq=9000.0), "min_freq to be below max_freq")],
    makes_complex=True,
)
