"""Draws one after the other: which keys they get, on a backend as on the reference, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polykeras as keras
from polykeras import ops, random
from polykeras.backend import Backend, using
from polykeras.random import SeedGenerator
from polykeras.settings import EMBEDDED

pytestmark = pytest.mark.level("random")

DRAWS = 3


def as_bytes(drawn: list[Any]) -> list[bytes]:
    """The bits of draws, no two of which are the same."""
    found = [np.asarray(ops.convert_to_numpy(x)).tobytes() for x in drawn]
    assert len(set(found)) == len(found), "two draws are the same"
    return found


def of_a_generator() -> list[bytes]:
    """Draws of a generator of seeds, which a copy of its state repeats."""
    generator = SeedGenerator(5)
    first = as_bytes([random.uniform((4,), seed=generator) for _ in range(DRAWS)])
    assert ops.convert_to_numpy(generator.state.value).tolist() == [5, DRAWS]
    generator.state.assign(np.array([5, 0], "uint32"))
    assert as_bytes([random.uniform((4,), seed=generator) for _ in range(DRAWS)]) == first
    return first


def of_a_generator_in_a_compiled_function() -> list[bytes]:
    """The same draws, in calls of one program, each of which draws once."""
    generator = SeedGenerator(5)
    draw = keras.compile(lambda: random.uniform((4,), seed=generator), variables=[generator.state])
    return as_bytes([draw() for _ in range(DRAWS)])


def of_the_global_stream() -> list[bytes]:
    """Draws without a seed, which setting the seed repeats."""
    found = []
    for _ in range(2):
        keras.set_random_seed(11)
        found.append(as_bytes([random.uniform((4,)) for _ in range(DRAWS)]))
    assert found[0] == found[1]
    keras.set_random_seed(12)
    assert not set(as_bytes([random.uniform((4,)) for _ in range(DRAWS)])) & set(found[0])
    return found[0]


def of_children() -> list[bytes]:
    """Draws with keys that are made out of one key."""
    key = np.array([3, 9], "uint32")
    keys = [*ops.convert_to_numpy(random.split(key, 3)), ops.convert_to_numpy(random.fold_in(key, 1)), key]
    return as_bytes([random.uniform((4,), seed=each) for each in keys])


def of_a_layer() -> list[bytes]:
    """Masks of dropout, another one in each call."""
    layer = keras.layers.Dropout(0.5, seed=2)
    return as_bytes([layer(ops.ones((32,)), training=True) for _ in range(DRAWS)])


WAYS = (of_a_generator, of_a_generator_in_a_compiled_function, of_the_global_stream, of_children, of_a_layer)


@pytest.mark.parametrize("way", [pytest.param(way, id=way.__name__.replace("_", " ")) for way in WAYS])
def test_draws_go_on(way: Any, backend: Backend) -> None:
    with using(EMBEDDED):
        wanted = way()
    with using(backend):
        assert way() == wanted


def test_compiled_draws_are_eager_ones(backend: Backend) -> None:
    with using(backend):
        assert of_a_generator() == of_a_generator_in_a_compiled_function()


def test_known_answer(backend: Backend) -> None:
    """The first block of the key 0, from the paper that describes the generator (Salmon et al., SC'11)."""
    with using(backend):
        found = ops.convert_to_numpy(random.bits((4,), seed=np.zeros(2, "uint32")))
    assert found.tolist() == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]


def test_derived_keys_stay_what_they_were(backend: Backend) -> None:
    """So that a training that was saved goes on with the same draws."""
    with using(backend):
        assert ops.convert_to_numpy(random.split(7, 2)).tolist() == [[2545112793, 531643458], [698849000, 2576041488]]
        assert ops.convert_to_numpy(random.fold_in(7, 1)).tolist() == [1163464678, 3359792081]


SAMPLES = 1 << 16
MOMENTS = {"uniform": (0.5, 1 / 12, 1 / 180), "normal": (0.0, 1.0, 2.0), "truncated_normal": (0.0, 0.7737, 0.95)}
"""The mean, the variance, and at most the variance of the squared distance from the mean."""


@pytest.mark.parametrize("name", MOMENTS)
def test_moments(name: str, backend: Backend) -> None:
    """Of many draws, within five times the deviation of their estimates."""
    mean, variance, of_squares = MOMENTS[name]
    with using(backend):
        found = ops.convert_to_numpy(getattr(random, name)((SAMPLES,), seed=3)).astype("float64")
    assert abs(found.mean() - mean) < 5 * (variance / SAMPLES) ** 0.5
    assert abs(((found - mean) ** 2).mean() - variance) < 5 * (of_squares / SAMPLES) ** 0.5
