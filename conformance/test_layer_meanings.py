"""What layers with a memory or with noise are there for, where a comparison of backends says nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polykeras import layers, ops
from polykeras.backend import Backend, using
from polykeras.settings import EMBEDDED
from polykeras.state import bind

pytestmark = pytest.mark.level("layers")

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


@pytest.mark.parametrize(
    ("kind", "options"), [("SimpleRNN", {}), ("LSTM", {}), ("GRU", {}), ("GRU", {"reset_after": False})]
)
def test_a_cell_takes_the_steps_of_its_layer(kind: str, options: dict[str, bool], backend: Backend) -> None:
    """Which the layer takes as an op."""
    x = np.random.default_rng(0).normal(size=(2, 3, 3))
    with using(backend):
        layer = getattr(layers, kind)(4, return_sequences=True, dtype="float64", **options)
        whole, states = ops.convert_to_numpy(layer(x)), [ops.zeros((2, 4), "float64")] * (1 + (kind == "LSTM"))
        for step in range(3):
            output, states = layer.cell(x[:, step], states)
            np.testing.assert_allclose(ops.convert_to_numpy(output), whole[:, step], rtol=1e-12)  # the same sums


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


@pytest.mark.parametrize("kind", ["GroupNormalization", "LayerNormalization", "BatchNormalization", "RMSNormalization"])
def test_a_normalization_that_comes_first_learns(kind: str, backend: Backend) -> None:
    """There are gradients of its weights, and none of its inputs: PyTorch ended the process for groups."""
    x = np.random.default_rng(0).normal(size=(4, 4, 4, 2))
    options = {"groups": 1} if kind == "GroupNormalization" else {}

    def gradients() -> list[np.ndarray]:
        layer = getattr(layers, kind)(dtype="float64", **options)
        layer.build(x.shape)

        def loss(values: list[Any]) -> Any:
            with bind(layer.trainable_variables, values):
                return ops.sum(ops.power(layer(x, training=True) if kind.startswith("Batch") else layer(x), 3))

        return list(map(ops.convert_to_numpy, ops.grad(loss)([v.value for v in layer.trainable_variables])))

    with using(backend):
        found = gradients()
    with using(EMBEDDED):
        wanted = gradients()
    for f, w in zip(found, wanted, strict=True):
        np.testing.assert_allclose(f, w, rtol=1e-10, atol=1e-10)  # sums of 64 numbers of a size near one


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


def test_batch_normalization_leaves_masked_samples_out(backend: Backend) -> None:
    x = np.random.default_rng(0).normal(3.0, 2.0, (6, 4, 2))
    mask = np.array([[True] * 3 + [False]] * 5 + [[False] * 4])
    with using(backend):
        layer = layers.BatchNormalization(momentum=0.0, dtype="float64")
        layer(x, mask=mask, training=True)
        mean, variance = (ops.convert_to_numpy(v) for v in (layer.moving_mean, layer.moving_variance))
    # Keras's epsilon of 1e-7 in the number of samples, of which there are 15
    np.testing.assert_allclose(mean, x[mask].mean(0), rtol=2e-8)
    np.testing.assert_allclose(variance, x[mask].var(0), rtol=2e-8)


def test_spectral_normalization_makes_the_largest_singular_value_one(backend: Backend) -> None:
    with using(backend):
        layer = layers.SpectralNormalization(layers.Dense(4, dtype="float64"), power_iterations=200, dtype="float64")
        layer(np.ones((1, 6)), training=True)
        kernel = ops.convert_to_numpy(layer.layer.kernel)
    # each iteration shrinks the error by the squared ratio of the two largest singular values
    np.testing.assert_allclose(np.linalg.svd(kernel)[1].max(), 1.0, rtol=1e-6)


def test_the_moments_of_a_batch_are_its_own(backend: Backend) -> None:
    """The variance is the mean of the squares, not an estimate of what lies behind them."""
    x = np.random.default_rng(0).normal(size=(4, 3))
    with using(backend):
        _, mean, variance = map(ops.convert_to_numpy, ops.normalize_batch(ops.array(x)))
    np.testing.assert_allclose(mean, x.mean(0), rtol=1e-13)  # sums of four numbers, some of which cancel
    np.testing.assert_allclose(variance, x.var(0), rtol=1e-13)
