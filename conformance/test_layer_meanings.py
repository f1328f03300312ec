"""What layers with a memory or with noise are there for, where a comparison of backends says nothing."""

from __future__ import annotations

import numpy as np
import pytest

from polykeras import layers, ops
from polykeras.backend import Backend, using

RATE = 0.25
COUNT = 40_000
ERROR = 5 / COUNT**0.5
"""Five times the deviation of a mean of so many numbers of deviation one."""


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_a_stateful_layer_goes_on_where_it_was(kind: str, backend: Backend) -> None:
    x = np.random.default_rng(0).normal(size=(2, 6, 3))
    with using(backend):
        stateful = getattr(layers, kind)(4, stateful=True, return_sequences=True, dtype="float64")
        whole = ops.convert_to_numpy(stateful(x))
        stateful.reset_state()
        parts = [ops.convert_to_numpy(stateful(part)) for part in (x[:, :2], x[:, 2:])]
    np.testing.assert_allclose(np.concatenate(parts, 1), whole, rtol=1e-12)  # the same sums, in two runs


def test_batch_normalization_moves_its_moments_only_in_training(backend: Backend) -> None:
    x = np.random.default_rng(0).normal(3.0, 2.0, (50, 2))
    with using(backend):
        layer = layers.BatchNormalization(momentum=0.9, dtype="float64")
        layer(x, training=True)
        moved = [ops.convert_to_numpy(v) for v in (layer.moving_mean, layer.moving_variance)]
        layer.trainable = False
        frozen = ops.convert_to_numpy(layer(x, training=True))
        after = [ops.convert_to_numpy(v) for v in (layer.moving_mean, layer.moving_variance)]
    np.testing.assert_allclose(moved[0], 0.1 * x.mean(0), rtol=1e-12)
    np.testing.assert_allclose(moved[1], 0.9 + 0.1 * x.var(0), rtol=1e-12)
    np.testing.assert_array_equal(after, moved)
    np.testing.assert_allclose(frozen, (x - moved[0]) / np.sqrt(moved[1] + 1e-3), rtol=1e-12)


@pytest.mark.parametrize(("rank", "shape"), [(1, (8, 5, 6)), (2, (8, 3, 4, 6)), (3, (8, 2, 3, 2, 6))])
def test_spatial_dropout_drops_whole_channels(rank: int, shape: tuple[int, ...], backend: Backend) -> None:
    with using(backend):
        layer = getattr(layers, f"SpatialDropout{rank}D")(0.5, seed=1)
        found = ops.convert_to_numpy(layer(np.ones(shape, "float32"), training=True))
    channels = found.reshape(shape[0], -1, shape[-1])
    assert (channels == channels[:, :1]).all()
    assert set(np.unique(found)) == {0.0, 2.0}


@pytest.mark.parametrize("kind", ["Dropout", "GaussianDropout", "AlphaDropout", "GaussianNoise"])
def test_noise_keeps_the_mean_and_has_its_deviation(kind: str, backend: Backend) -> None:
    selu_like = np.random.default_rng(0).normal(size=COUNT) if kind == "AlphaDropout" else np.ones(COUNT)
    with using(backend):
        found = ops.convert_to_numpy(getattr(layers, kind)(RATE, seed=1, dtype="float64")(selu_like, training=True))
    odds = (RATE / (1 - RATE)) ** 0.5
    deviation = {"Dropout": odds, "GaussianDropout": odds, "AlphaDropout": 1.0, "GaussianNoise": RATE}[kind]
    assert abs(found.mean() - selu_like.mean()) < ERROR * 2
    assert abs(found.std() / deviation - 1) < ERROR * 2
