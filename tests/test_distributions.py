"""Whether random numbers have the distributions that they promise.

Seeds are fixed, so each probability is one number, the same in every run. A right generator falls below 1 in 10,000
once in 10,000 such tests; a wrong one goes far below, as the tests of the tests show. The draws are NumPy's: other
tests show that every backend gives the same ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from goodness_of_fit import chi_square, correlation, kolmogorov_smirnov, mean_of, serial_correlation

import polykeras
from polykeras import random

COUNT = 200_000
LIKELY = 1e-4
IMPOSSIBLE = 1e-9


@pytest.fixture(autouse=True)
def _on_numpy():
    with polykeras.using("numpy"):
        yield


# Distribution functions ------------------------------------------------------------------------------------

_erf = np.vectorize(math.erf, otypes=[float])


def normal_cdf(x: np.ndarray) -> np.ndarray:
    return (1 + _erf(x / math.sqrt(2))) / 2


def truncated_normal_cdf(x: np.ndarray) -> np.ndarray:
    return (normal_cdf(x) - normal_cdf(-2.0)) / (normal_cdf(2.0) - normal_cdf(-2.0))


def gamma_cdf(alpha: float) -> Callable[[np.ndarray], np.ndarray]:
    """For halves and whole numbers: up from 1/2 or 1 by P(a + 1, x) = P(a, x) - x**a exp(-x) / gamma(a + 1)."""

    def cdf(x: np.ndarray) -> np.ndarray:
        a = 1.0 if alpha == int(alpha) else 0.5
        total = 1 - np.exp(-x) if a == 1 else _erf(np.sqrt(x))
        while a < alpha:
            total = total - np.exp(a * np.log(x) - x - math.lgamma(a + 1))
            a += 1
        return total

    return cdf


def beta_cdf(a: int, b: int) -> Callable[[np.ndarray], np.ndarray]:
    """For whole numbers: the chance that at least a of a + b - 1 uniform numbers lie below x."""
    n = a + b - 1
    return lambda x: sum(math.comb(n, j) * x**j * (1 - x) ** (n - j) for j in range(a, n + 1))


CONTINUOUS = {
    "uniform": (lambda n, seed: random.uniform((n,), seed=seed), lambda x: x),
    "uniform of two": (lambda n, seed: random.uniform((n,), -2.0, 3.0, seed=seed), lambda x: (x + 2) / 5),
    "uniform float64": (lambda n, seed: random.uniform((n,), dtype="float64", seed=seed), lambda x: x),
    "normal": (lambda n, seed: random.normal((n,), seed=seed), normal_cdf),
    "normal of two": (lambda n, seed: random.normal((n,), 3.0, 0.5, seed=seed), lambda x: normal_cdf((x - 3) * 2)),
    "truncated_normal": (lambda n, seed: random.truncated_normal((n,), seed=seed), truncated_normal_cdf),
    "gamma(1/2)": (lambda n, seed: random.gamma((n,), 0.5, seed=seed), gamma_cdf(0.5)),
    "gamma(1)": (lambda n, seed: random.gamma((n,), 1.0, seed=seed), gamma_cdf(1)),
    "gamma(7/2)": (lambda n, seed: random.gamma((n,), 3.5, seed=seed), gamma_cdf(3.5)),
    "gamma(60)": (lambda n, seed: random.gamma((n,), 60.0, seed=seed), gamma_cdf(60)),
    "beta(2, 5)": (lambda n, seed: random.beta((n,), 2.0, 5.0, seed=seed), beta_cdf(2, 5)),
    "beta(1/2, 1/2)": (
        lambda n, seed: random.beta((n,), 0.5, 0.5, "float64", seed),
        lambda x: 2 / math.pi * np.arcsin(np.sqrt(x)),
    ),
    "randint of 2**40": (lambda n, seed: random.randint((n,), 0, 2**40, "int64", seed), lambda x: x / 2**40),
}


@pytest.mark.parametrize("name", CONTINUOUS)
def test_continuous_distributions(name):
    draw, cdf = CONTINUOUS[name]
    sample = np.asarray(draw(COUNT, 11))
    assert kolmogorov_smirnov(sample, cdf) > LIKELY
    for lag in (1, 2, 4, COUNT // 2):
        assert serial_correlation(sample, lag) > LIKELY


MOMENTS = {  # the means of even powers; those of odd powers are 0
    "uniform": (lambda n: random.uniform((n,), -1.0, 1.0, seed=19), lambda power: 1 / (power + 1)),
    "normal": (lambda n: random.normal((n,), seed=19), lambda power: math.prod(range(1, power, 2))),
}


@pytest.mark.parametrize("name", MOMENTS)
def test_moments_of_two_million_numbers(name):
    draw, moment = MOMENTS[name]
    sample = np.asarray(draw(10 * COUNT)).astype(float)
    for power in range(1, 5):
        mean = 0 if power % 2 else moment(power)
        assert mean_of(sample**power, mean, moment(2 * power) - mean**2) > LIKELY


@pytest.mark.parametrize("seed", range(5))
def test_uniform_numbers_fill_the_square_and_the_cube_evenly(seed):
    sample = np.asarray(random.uniform((COUNT, 3), seed=seed))
    for axes, cells in (((0, 1), 40), ((1, 2), 40), ((0, 1, 2), 12)):
        counts, _ = np.histogramdd(sample[:, axes], bins=cells, range=[(0, 1)] * len(axes))
        assert chi_square(counts, np.full(counts.shape, COUNT / counts.size)) > LIKELY


def test_each_bit_of_a_word_is_set_half_of_the_time():
    words = np.asarray(random.bits((COUNT,), seed=12))
    for bit in range(32):
        ones = np.sum(words >> np.uint32(bit) & 1)
        assert chi_square(np.array([ones, COUNT - ones]), np.full(2, COUNT / 2)) > LIKELY


# Counts ----------------------------------------------------------------------------------------------------


def counted(sample: np.ndarray, probabilities: np.ndarray) -> float:
    """The chance of such counts of 0, 1, 2 and so on; what is rare counts as one."""
    counts = np.bincount(np.ravel(sample).astype(int), minlength=len(probabilities))
    expected = np.asarray(probabilities) * np.size(sample)
    rare = expected < 10
    if rare.any():
        counts, expected = (np.append(x[~rare], x[rare].sum()) for x in (counts, expected))
        if expected[-1] < 5:
            counts, expected = (np.append(x[:-2], x[-2:].sum()) for x in (counts, expected))
    return chi_square(counts, expected)


def binomial_probabilities(trials: int, chance: float) -> np.ndarray:
    k = range(trials + 1)
    return np.array([math.comb(trials, i) * chance**i * (1 - chance) ** (trials - i) for i in k])


SOFTMAX = np.exp([0.0, 1.0, -1.0, 2.0]) / np.sum(np.exp([0.0, 1.0, -1.0, 2.0]))
DISCRETE = {
    "randint": (lambda n, seed: random.randint((n,), 0, 10, seed=seed), np.full(10, 0.1)),
    "randint from below 0": (
        lambda n, seed: np.asarray(random.randint((n,), -3, 4, "int8", seed)) + 3,
        np.full(7, 1 / 7),
    ),
    "bernoulli": (lambda n, seed: random.bernoulli((n,), 0.3, seed=seed), np.array([0.7, 0.3])),
    "bernoulli of an array": (lambda n, seed: random.bernoulli((n,), np.array(0.3), seed=seed), np.array([0.7, 0.3])),
    "categorical": (lambda n, seed: random.categorical([[0.0, 1.0, -1.0, 2.0]], n, seed=seed), SOFTMAX),
    "binomial of few": (lambda n, seed: random.binomial((n,), 6, 0.25, seed=seed), binomial_probabilities(6, 0.25)),
    "binomial of often": (lambda n, seed: random.binomial((n,), 9, 0.8, seed=seed), binomial_probabilities(9, 0.8)),
    "binomial of some": (lambda n, seed: random.binomial((n,), 20, 0.5, seed=seed), binomial_probabilities(20, 0.5)),
    "binomial of many": (lambda n, seed: random.binomial((n,), 90, 0.4, seed=seed), binomial_probabilities(90, 0.4)),
    "binomial of most": (lambda n, seed: random.binomial((n,), 90, 0.7, seed=seed), binomial_probabilities(90, 0.7)),
}


@pytest.mark.parametrize("name", DISCRETE)
def test_discrete_distributions(name):
    draw, probabilities = DISCRETE[name]
    sample = np.asarray(draw(COUNT, 13))
    assert counted(sample, probabilities) > LIKELY
    for lag in (1, 2, 4):
        assert serial_correlation(sample, lag) > LIKELY


def test_parameters_may_differ_from_place_to_place():
    shape, alpha = (COUNT // 4, 4), np.array([0.5, 1.0, 3.5, 60.0])
    for column, a in zip(np.asarray(random.gamma(shape, alpha, seed=14)).T, alpha, strict=True):
        assert kolmogorov_smirnov(column, gamma_cdf(a)) > LIKELY
    trials, chance = np.array([6, 9, 90, 90]), np.array([0.25, 0.8, 0.4, 0.7])
    for column, n, p in zip(np.asarray(random.binomial(shape, trials, chance, seed=15)).T, trials, chance, strict=True):
        assert counted(column, binomial_probabilities(int(n), p)) > LIKELY


def test_dropout_drops_a_share_and_keeps_the_mean():
    dropped = np.asarray(random.dropout(np.ones(COUNT, "float32"), 0.3, seed=16))
    assert counted(dropped == 0, np.array([0.7, 0.3])) > LIKELY
    assert serial_correlation(dropped == 0) > LIKELY
    assert set(dropped.tolist()) == {0.0, float(np.float32(1 / 0.7))}
    assert mean_of(dropped, 1.0, 0.3 / 0.7) > LIKELY


@pytest.mark.parametrize(
    "draw",
    [lambda seed: random.permutation(4, seed), lambda seed: random.shuffle(np.arange(4), seed=seed)],
    ids=["permutation", "shuffle"],
)
def test_all_orders_are_equally_likely(draw):
    orders = np.array([np.asarray(draw(seed)) for seed in range(6000)])
    ranks = np.unique(orders @ (4 ** np.arange(4)), return_inverse=True)[1]
    assert counted(ranks, np.full(24, 1 / 24)) > LIKELY
    assert serial_correlation(ranks) > LIKELY


def test_a_long_permutation_forgets_where_things_were():
    order = np.asarray(random.permutation(COUNT, 17))
    assert sorted(order.tolist()) == list(range(COUNT))
    assert correlation(order, np.arange(COUNT)) > LIKELY
    assert serial_correlation(order) > LIKELY


# Streams ---------------------------------------------------------------------------------------------------


def test_streams_of_different_keys_are_independent():
    keys = [*range(4), 1 << 32, random.fold_in(0, 0), random.fold_in(0, 1), *random.split(0, 2)]
    streams = [np.asarray(random.uniform((COUNT,), seed=key)) for key in keys]
    for i, one in enumerate(streams):
        for other in streams[:i]:
            assert correlation(one, other) > LIKELY


@pytest.mark.parametrize("keys", [lambda n: range(n), lambda n: random.split(5, n)], ids=["seeds", "split"])
def test_the_first_numbers_of_many_streams_are_as_good_as_one_stream(keys):
    firsts = np.array([float(random.uniform((), seed=key)) for key in keys(4000)])
    assert kolmogorov_smirnov(firsts, lambda x: x) > LIKELY
    assert serial_correlation(firsts) > LIKELY


# Tests of the tests ----------------------------------------------------------------------------------------

WRONG = {
    "uniform, bent by 2%": lambda: kolmogorov_smirnov(uniform_sample() ** 1.02, lambda x: x),
    "normal, too wide by 3%": lambda: kolmogorov_smirnov(normal_sample() * 1.03, normal_cdf),
    "normal, moved by 0.02": lambda: kolmogorov_smirnov(normal_sample() + 0.02, normal_cdf),
    "normal for truncated": lambda: kolmogorov_smirnov(normal_sample(), truncated_normal_cdf),
    "gamma of 3.4 for 3.5": lambda: kolmogorov_smirnov(reference().gamma(3.4, size=COUNT), gamma_cdf(3.5)),
    "beta of (2, 4.8) for (2, 5)": lambda: kolmogorov_smirnov(reference().beta(2, 4.8, COUNT), beta_cdf(2, 5)),
    "a loaded die": lambda: counted(reference().choice(6, COUNT, p=[0.18, *[0.164] * 5]), np.full(6, 1 / 6)),
    "binomial of 0.405": lambda: counted(reference().binomial(90, 0.405, COUNT), binomial_probabilities(90, 0.4)),
    "dependent on the last": lambda: serial_correlation(normal_sample()[1:] + 0.02 * normal_sample()[:-1]),
    "a mean of 0.02": lambda: mean_of(normal_sample() + 0.02, 0.0, 1.0),
    "too even": lambda: 1 - kolmogorov_smirnov(np.arange(COUNT) / COUNT, lambda x: x),
}


def reference() -> np.random.Generator:
    return np.random.default_rng(18)


def uniform_sample() -> np.ndarray:
    return reference().random(COUNT)


def normal_sample() -> np.ndarray:
    return reference().standard_normal(COUNT)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_sample_is_found_out(name):
    assert WRONG[name]() < IMPOSSIBLE


def test_probabilities_of_right_samples_are_themselves_uniform():
    """So the thresholds mean what they say: neither too strict nor too kind."""
    random_numbers = reference()
    fits = {
        "kolmogorov_smirnov": lambda: kolmogorov_smirnov(random_numbers.random(500), lambda x: x),
        "chi_square": lambda: chi_square(np.bincount(random_numbers.integers(0, 30, 3000)), np.full(30, 100.0)),
        "serial_correlation": lambda: serial_correlation(random_numbers.random(500)),
        "mean_of": lambda: mean_of(random_numbers.random(500), 0.5, 1 / 12),
    }
    for name, probability in fits.items():
        found = np.array([probability() for _ in range(1000)])
        assert kolmogorov_smirnov(found, lambda p: p) > LIKELY, name
