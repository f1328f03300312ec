"""Random numbers by rejection: gamma, beta and binomial.

They are drawn in float64, in which backends hardly ever disagree about whether to reject a candidate.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..op import Array, FloatxDType, Seed, Shape, composed
from ..spec import Spec
from . import draws
from .draws import check_number, infer_float

_MOST_ROUNDS = 200  # each accepts nine candidates in ten or so: the chance to need as many is nil


def _until_accepted(seed: Any, first: Any, candidate: Any) -> Any:
    """Draw candidates for all places until every place has accepted one.

    `candidate(key)` gives candidates and whether each is accepted.
    """

    def unfinished(round_number: Any, values: Any, accepted: Any) -> Any:
        return ops.logical_not(ops.all(accepted))

    def draw(round_number: Any, values: Any, accepted: Any) -> Any:
        new, fits = candidate(draws.fold_in(seed, round_number))
        values = ops.where(ops.logical_or(accepted, ops.logical_not(fits)), values, new)
        return ops.add(round_number, 1), values, ops.logical_or(accepted, fits)

    start = (ops.zeros((), "int32"), first, ops.zeros(ops.shape(first), "bool"))
    return ops.while_loop(unfinished, draw, start, maximum_iterations=_MOST_ROUNDS)[1]


def _infer_gamma(shape: tuple[Any, ...], alpha: Any, dtype: str, seed: Spec) -> Spec:
    check_number("alpha", alpha, 0, above=True)
    return infer_float(seed, shape, dtype)


@composed(
    infer=_infer_gamma,
    ulp=64,  # powers and logarithms in float64; a candidate's fate is the same but where it is decided by the last bit
)
def gamma(shape: Shape, alpha: Any, dtype: FloatxDType = None, seed: Seed = None) -> Array:
    """Numbers with a gamma distribution of scale 1. They have no gradient with respect to `alpha`.

    Args:
        shape: The shape of the result.
        alpha: The shape parameter, a positive number or an array that broadcasts to the shape.
        dtype: A float dtype; None for floatx.
        seed: An integer, a SeedGenerator, or a key; None for the next of the global stream.

    Returns:
        The numbers.

    >>> shape(gamma((2, 3), 2.0, seed=0))
    (2, 3)
    """
    _infer_gamma(shape, alpha, dtype, Spec((2,), "uint32"))
    return ops.cast(_gamma(seed, shape, alpha), dtype)


def _gamma(seed: Any, shape: tuple[Any, ...], alpha: Any) -> Any:
    """By Marsaglia and Tsang; below 1 by way of alpha + 1."""
    keys = draws.split(seed, 2)
    alpha = ops.broadcast_to(ops.stop_gradient(ops.cast(alpha, "float64")), shape)
    small = ops.less(alpha, 1)
    d = ops.subtract(ops.where(small, ops.add(alpha, 1), alpha), 1 / 3)
    c = ops.divide(1, ops.sqrt(ops.multiply(d, 9)))

    def candidate(key: Any) -> tuple[Any, Any]:
        parts = draws.split(key, 2)
        x = draws.normal(shape, dtype="float64", seed=parts[0])
        root = ops.add(ops.multiply(c, x), 1)
        cube = ops.multiply(ops.square(root), root)
        positive = ops.greater(cube, 0)
        cube = ops.where(positive, cube, 1)
        bound = ops.add(
            ops.multiply(ops.square(x), 0.5), ops.multiply(d, ops.add(ops.subtract(1, cube), ops.log(cube)))
        )
        fits = ops.less(_log_of_uniform(parts[1], shape), bound)
        return ops.multiply(d, cube), ops.logical_and(positive, fits)

    drawn = _until_accepted(keys[0], d, candidate)
    boost = ops.exp(ops.divide(_log_of_uniform(keys[1], shape), alpha))
    return ops.where(small, ops.multiply(drawn, boost), drawn)


def _log_of_uniform(key: Any, shape: tuple[Any, ...]) -> Any:
    return ops.log(ops.subtract(1, draws.random_unit(key, shape, "float64")))


def _infer_beta(shape: tuple[Any, ...], alpha: Any, beta: Any, dtype: str, seed: Spec) -> Spec:
    check_number("alpha", alpha, 0, above=True)
    check_number("beta", beta, 0, above=True)
    return infer_float(seed, shape, dtype)


@composed(infer=_infer_beta, ulp=64)
def beta(shape: Shape, alpha: Any, beta: Any, dtype: FloatxDType = None, seed: Seed = None) -> Array:
    """Numbers between 0 and 1 with a beta distribution. They have no gradient with respect to the parameters.

    Args:
        shape: The shape of the result.
        alpha: The first parameter, a positive number or an array that broadcasts to the shape.
        beta: The second parameter, likewise.
        dtype: A float dtype; None for floatx.
        seed: An integer, a SeedGenerator, or a key; None for the next of the global stream.

    Returns:
        The numbers.

    >>> shape(beta((2, 3), 2.0, 5.0, seed=0))
    (2, 3)
    """
    _infer_beta(shape, alpha, beta, dtype, Spec((2,), "uint32"))
    keys = draws.split(seed, 2)
    first, second = _gamma(keys[0], shape, alpha), _gamma(keys[1], shape, beta)
    return ops.cast(ops.divide(first, ops.add(first, second)), dtype)


def _infer_binomial(shape: tuple[Any, ...], counts: Any, probabilities: Any, dtype: str, seed: Spec) -> Spec:
    check_number("counts", counts, 0)
    check_number("probabilities", probabilities, 0, 1)
    return infer_float(seed, shape, dtype)


@composed(infer=_infer_binomial, ulp=0)
def binomial(shape: Shape, counts: Any, probabilities: Any, dtype: FloatxDType = None, seed: Seed = None) -> Array:
    """How many of a number of independent trials succeed.

    Args:
        shape: The shape of the result.
        counts: The number of trials, or an array that broadcasts to the shape.
        probabilities: The probability of success, or an array that broadcasts to the shape.
        dtype: A float dtype; None for floatx.
        seed: An integer, a SeedGenerator, or a key; None for the next of the global stream.

    Returns:
        The numbers of successes.

    >>> shape(binomial((2, 3), 10, 0.5, seed=0))
    (2, 3)
    """
    _infer_binomial(shape, counts, probabilities, dtype, Spec((2,), "uint32"))
    keys = draws.split(seed, 2)
    trials = ops.broadcast_to(ops.cast(counts, "float64"), shape)
    chance = ops.broadcast_to(ops.cast(probabilities, "float64"), shape)
    often = ops.greater(chance, 0.5)
    p = ops.where(often, ops.subtract(1, chance), chance)
    many = ops.greater_equal(ops.multiply(trials, p), 10)
    few = _binomial_by_gaps(keys[0], ops.where(many, 0, trials), p)
    lots = _binomial_by_rejection(keys[1], ops.where(many, trials, 100), ops.where(many, p, 0.5), shape)
    successes = ops.where(many, lots, few)
    return ops.cast(ops.where(often, ops.subtract(trials, successes), successes), dtype)


def _binomial_by_gaps(seed: Any, trials: Any, p: Any) -> Any:
    """Add up the gaps between successes until they exceed the number of trials."""
    log_of_failure = ops.log1p(ops.negative(p))

    def unfinished(round_number: Any, successes: Any, reached: Any) -> Any:
        return ops.any(ops.less_equal(reached, trials))

    def draw(round_number: Any, successes: Any, reached: Any) -> Any:
        key = draws.fold_in(seed, round_number)
        gap = ops.ceil(ops.divide(_log_of_uniform(key, ops.shape(trials)), log_of_failure))
        gap = ops.where(ops.isfinite(gap), ops.maximum(gap, 1), ops.add(trials, 1))
        within = ops.less_equal(reached, trials)
        return (
            ops.add(round_number, 1),
            ops.where(within, ops.add(successes, 1), successes),
            ops.where(within, ops.add(reached, gap), reached),
        )

    start = (ops.zeros((), "int32"), ops.full_like(trials, -1), ops.zeros_like(trials))
    return ops.while_loop(unfinished, draw, start)[1]


_STIRLING_ERRORS = np.array(
    [
        0.0810614667953272,
        0.0413406959554092,
        0.0276779256849983,
        0.0207906721037650,
        0.0166446911898211,
        0.0138761288230707,
        0.0118967099458917,
        0.0104112652619720,
        0.00925546218271273,
        0.00833056343336287,
    ]
)


def _stirling_error(k: Any) -> Any:
    """log(k!) minus Stirling's approximation of it."""
    small = ops.take(_STIRLING_ERRORS, ops.cast(ops.clip(k, 0, 9), "int32"))
    inverse = ops.divide(1, ops.add(k, 1))
    square = ops.square(inverse)
    series = ops.subtract(1 / 12, ops.multiply(square, ops.subtract(1 / 360, ops.divide(square, 1260))))
    return ops.where(ops.less(k, 10), small, ops.multiply(series, inverse))


def _binomial_by_rejection(seed: Any, trials: Any, p: Any, shape: tuple[Any, ...]) -> Any:
    """Algorithm BTRS of W. Hormann, "The generation of binomial random variates" (1993)."""
    q = ops.subtract(1, p)
    deviation = ops.sqrt(ops.multiply(ops.multiply(trials, p), q))
    b = ops.add(ops.multiply(deviation, 2.53), 1.15)
    a = ops.add(ops.add(ops.multiply(b, 0.0248), ops.multiply(p, 0.01)), -0.0873)
    center = ops.add(ops.multiply(trials, p), 0.5)
    v_r = ops.subtract(0.92, ops.divide(4.2, b))
    alpha = ops.multiply(ops.add(2.83, ops.divide(5.1, b)), deviation)
    odds = ops.divide(p, q)
    mode = ops.floor(ops.multiply(ops.add(trials, 1), p))
    beyond = ops.add(ops.subtract(trials, mode), 1)
    at_mode = ops.multiply(ops.add(mode, 0.5), ops.log(ops.divide(ops.add(mode, 1), ops.multiply(odds, beyond))))
    at_mode = ops.add(at_mode, ops.add(_stirling_error(mode), _stirling_error(ops.subtract(trials, mode))))

    def candidate(key: Any) -> tuple[Any, Any]:
        unit = draws.random_unit(key, (2, *shape), "float64")
        u, v = ops.subtract(unit[0], 0.5), ops.subtract(1, unit[1])
        us = ops.subtract(0.5, ops.abs(u))
        us = ops.maximum(us, 1e-300)
        k = ops.floor(ops.add(ops.multiply(ops.add(ops.divide(ops.multiply(a, 2), us), b), u), center))
        inside = ops.logical_and(ops.greater_equal(k, 0), ops.less_equal(k, trials))
        at_once = ops.logical_and(ops.greater_equal(us, 0.07), ops.less_equal(v, v_r))
        k = ops.where(inside, k, 0)
        rest = ops.add(ops.subtract(trials, k), 1)
        height = ops.log(ops.divide(ops.multiply(v, alpha), ops.add(ops.divide(a, ops.square(us)), b)))
        bound = ops.add(at_mode, ops.multiply(ops.add(trials, 1), ops.log(ops.divide(beyond, rest))))
        ratio = ops.divide(ops.multiply(odds, rest), ops.add(k, 1))
        bound = ops.add(bound, ops.multiply(ops.add(k, 0.5), ops.log(ratio)))
        errors = ops.add(_stirling_error(k), _stirling_error(ops.subtract(trials, k)))
        fits = ops.logical_or(at_once, ops.less_equal(height, ops.subtract(bound, errors)))
        return k, ops.logical_and(inside, fits)

    return _until_accepted(seed, ops.zeros_like(trials), candidate)
