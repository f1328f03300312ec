"""The random stream: known answers, the same numbers on every backend, seeds and their keys."""

from __future__ import annotations

import random as python_random

import numpy as np
import pytest

import polykeras
from polykeras import ops, philox, random
from polykeras.errors import DTypeError, OptionError, ShapeError, StateError

SEED = 20240917

# Philox4x32-10 in the file of known answers of Random123 (kat_vectors): counter, key, result.
PUBLISHED = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]

EXACT = {
    "bits": lambda seed: random.bits((7, 3), seed),
    "uniform": lambda seed: random.uniform((1001,), seed=seed),
    "uniform between bounds": lambda seed: random.uniform((7, 11), -0.3, 0.7, seed=seed),
    "uniform float64": lambda seed: random.uniform((101,), -2.0, 3.0, "float64", seed),
    "uniform float16": lambda seed: random.uniform((101,), dtype="float16", seed=seed),
    "uniform bfloat16": lambda seed: random.uniform((101,), -1.0, 1.0, "bfloat16", seed),
    "randint": lambda seed: random.randint((501,), -7, 93, seed=seed),
    "randint int64": lambda seed: random.randint((51,), -(2**62), 2**62, "int64", seed),
    "bernoulli": lambda seed: random.bernoulli((501,), 0.3, seed=seed),
    "bernoulli of many probabilities": lambda seed: random.bernoulli((3, 2), np.array([0.2, 0.8]), "float32", seed),
    "permutation": lambda seed: random.permutation(301, seed),
    "shuffle": lambda seed: random.shuffle(np.arange(60).reshape(5, 12), 1, seed),
    "dropout mask": lambda seed: ops.equal(random.dropout(np.ones((9, 9), "float32"), 0.4, seed=seed), 0),
    "fold_in": lambda seed: random.fold_in(seed, 12),
    "split": lambda seed: random.split(seed, 5),
}

# These go through logarithms, roots and sines, each good to a few units in the last place on every framework; what is
# added up afterwards (an angle of up to 2 pi, a mean) is the size to which those units refer.
CLOSE = {
    "normal": (lambda seed: random.normal((1001,), seed=seed), 8, 6.0),
    "normal float64": (lambda seed: random.normal((101,), 1.0, 2.0, "float64", seed), 8, 12.0),
    "truncated_normal": (lambda seed: random.truncated_normal((501,), seed=seed), 16, 2.0),
    "gamma": (lambda seed: random.gamma((201,), 2.5, "float64", seed), 64, 1.0),
    "gamma below one": (lambda seed: random.gamma((201,), 0.4, "float64", seed), 64, 1.0),
    "beta": (lambda seed: random.beta((201,), 2.0, 0.7, "float64", seed), 64, 1.0),
}

# Where rounding could only tip a candidate that lies within 2**-50 of the edge: none of these does.
COUNTS = {
    "categorical": lambda seed: random.categorical(np.log([[0.1, 0.2, 0.7], [1.0, 1.0, 1.0]]), 200, seed=seed),
    "binomial of few": lambda seed: random.binomial((201,), 9, 0.3, seed=seed),
    "binomial of many": lambda seed: random.binomial((201,), 500, 0.6, seed=seed),
}


def numbers(x) -> np.ndarray:
    return np.array(ops.convert_to_numpy(x))


def on_numpy(draw) -> np.ndarray:
    with polykeras.using("numpy"):
        return numbers(draw(SEED))


def words_of(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


RANDINT = [89, 71, 87, 65, 55, 92]
PERMUTATION = [6, 2, 7, 4, 3, 5, 0, 1]
FOLDED = [344634680, 1932939596]
SPLIT = [[2313400127, 3706097062], [3973888079, 35491314]]


# The stream ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("counter", "key", "result"), PUBLISHED)
def test_published_known_answers(backend, counter, key, result):
    number = sum(word << 32 * i for i, word in enumerate(words_of(counter)))
    assert numbers(ops.rng_bits(np.array(words_of(key), "uint32"), (4,), number)).tolist() == words_of(result)
    assert list(philox.integer_block(tuple(words_of(key)), number)) == words_of(result)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3,), (4,), (5,), (2, 3), (3, 0, 2), (2, 1, 7)])
def test_a_draw_of_any_shape_is_the_beginning_of_the_stream_in_order(backend, shape):
    long = numbers(random.bits((40,), SEED))
    drawn = numbers(random.bits(shape, SEED))
    assert drawn.shape == shape
    assert drawn.dtype == np.uint32
    assert drawn.ravel().tolist() == long[: drawn.size].tolist()


@pytest.mark.parametrize("counter", [1, 2**32 - 2, 3 * 2**64 + 2**32 - 2])
def test_a_counter_points_into_one_long_stream(backend, counter):
    """Blocks follow each other even where the number of a block carries from one word into the next."""
    whole = numbers(ops.rng_bits(SEED, (16,), counter))
    parts = [numbers(ops.rng_bits(SEED, (4,), counter + block)) for block in range(4)]
    assert whole.tolist() == np.concatenate(parts).tolist()


def test_a_long_draw_is_the_same_as_many_short_ones(backend):
    """A million words go through chunks and threads, where the backend has them."""
    count = 1_000_003
    drawn = numbers(random.bits((count,), SEED))
    for first in (0, 4 * 32768 - 4, 500_000, count - 3):
        block, rest = divmod(first, 4)
        piece = numbers(ops.rng_bits(SEED, (8 + rest,), block))[rest:]
        assert drawn[first : first + 8].tolist() == piece[: count - first].tolist()


def test_the_stream_never_changes(backend):
    """Results that people publish with a seed have to come out again with every later version."""
    assert numbers(random.bits((4,), 0)).tolist() == words_of(PUBLISHED[0][2])
    assert numbers(random.uniform((2,), seed=0)).tolist() == [(0x6627E8D5 >> 8) / 2**24, (0xE169C58D >> 8) / 2**24]
    assert numbers(random.randint((6,), 0, 100, seed=1)).tolist() == RANDINT
    assert numbers(random.permutation(8, 1)).tolist() == PERMUTATION
    assert numbers(random.fold_in(1, 2)).tolist() == FOLDED
    assert numbers(random.split(1)).tolist() == SPLIT


# The same everywhere ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXACT)
def test_exact_draws_are_the_same_bit_for_bit_eager_and_compiled(backend, name):
    want = on_numpy(EXACT[name])
    for draw in (EXACT[name], polykeras.compile(EXACT[name])):
        drawn = numbers(draw(SEED))
        assert drawn.dtype == want.dtype
        assert drawn.tobytes() == want.tobytes()


@pytest.mark.parametrize("name", CLOSE)
def test_other_draws_agree_to_a_few_units_in_the_last_place(backend, name):
    function, ulp, size = CLOSE[name]
    want = on_numpy(function)
    bound = ulp * np.finfo(want.dtype).eps * np.maximum(np.abs(want), size)
    for draw in (function, polykeras.compile(function)):
        drawn = numbers(draw(SEED))
        assert drawn.dtype == want.dtype
        assert np.all(np.abs(drawn - want) <= bound)


@pytest.mark.parametrize("name", COUNTS)
def test_choices_and_counts_are_the_same_everywhere(backend, name):
    want = on_numpy(COUNTS[name])
    for draw in (COUNTS[name], polykeras.compile(COUNTS[name])):
        assert numbers(draw(SEED)).tolist() == want.tolist()


def test_a_key_may_be_an_argument_of_a_compiled_function(backend):
    compiled = polykeras.compile(lambda key: random.uniform((5,), seed=key))
    for seed in (1, 2):
        key = ops.array(np.array([seed, 0], "uint32"))
        assert numbers(compiled(key)).tolist() == numbers(random.uniform((5,), seed=seed)).tolist()


# Seeds and keys --------------------------------------------------------------------------------------------


def test_a_seed_of_64_bits_is_a_key_of_two_words(backend):
    key = np.array([0x89ABCDEF, 0x01234567], "uint32")
    want = numbers(random.bits((4,), 0x0123456789ABCDEF)).tolist()
    assert numbers(random.bits((4,), key)).tolist() == want
    assert numbers(random.bits((4,), backend.asarray(key))).tolist() == want
    assert numbers(random.bits((4,), np.int64(0x0123456789ABCDEF))).tolist() == want


def test_keys_made_of_one_seed_are_all_different():
    keys = [random.fold_in(7, number) for number in range(500)] + list(random.split(7, 500)) + [np.array([7, 0])]
    assert len({tuple(np.asarray(key).tolist()) for key in keys}) == 1001


def test_fold_in_takes_numbers_and_arrays(backend):
    want = numbers(random.fold_in(7, 3)).tolist()
    for number in (np.int64(3), np.array(3, "uint32"), ops.array(3), ops.array(3, "int64")):
        assert numbers(random.fold_in(7, number)).tolist() == want
    assert numbers(random.fold_in(7, 2**32 - 1)).tolist() != want


def test_split_into_more_keys_begins_with_the_same_ones(backend):
    assert numbers(random.split(7, 6))[:2].tolist() == numbers(random.split(7, 2)).tolist()


def test_a_seed_generator_gives_every_draw_a_key_of_its_own(backend):
    generator, again = random.SeedGenerator(3), random.SeedGenerator(3)
    draws = [numbers(random.uniform((4,), seed=generator)).tolist() for _ in range(5)]
    assert len({tuple(draw) for draw in draws}) == 5
    assert [numbers(random.uniform((4,), seed=again)).tolist() for _ in range(5)] == draws
    assert random.SeedGenerator.from_config(generator.get_config()).seed == 3


def test_a_seed_generator_goes_on_within_a_compiled_function(backend):
    generator, eager = random.SeedGenerator(3), random.SeedGenerator(3)
    noise = polykeras.compile(
        lambda: (random.uniform((4,), seed=generator), random.uniform((4,), seed=generator)),
        variables=[generator.state],
    )
    compiled_draws = [numbers(x).tolist() for _ in range(3) for x in noise()]
    assert compiled_draws == [numbers(random.uniform((4,), seed=eager)).tolist() for _ in range(6)]
    assert generator.state.numpy().tolist() == [3, 6]


def test_a_compiled_function_cannot_draw_without_a_seed(backend):
    """What a framework traces once would give the same numbers for ever, and other frameworks new ones."""
    for draw in (lambda: random.uniform((2,)), lambda: random.dropout(np.ones(2), 0.5), random.SeedGenerator):
        with pytest.raises(StateError, match="Give it a key as an argument, or a SeedGenerator"):
            polykeras.compile(draw)()
        with pytest.raises(StateError, match="draw without a seed"):
            polykeras.pure(draw, [])([])
    assert numbers(random.uniform((2,))).tolist() != numbers(random.uniform((2,))).tolist()


def _everything() -> list:
    """What a program may draw without giving a seed."""
    generator = random.SeedGenerator()
    weights = polykeras.Variable(lambda shape, dtype: random.uniform(shape, dtype=dtype), (2, 3))
    mask = random.dropout(np.ones(20, "float32"), 0.5)
    drawn = [random.uniform((3,)), random.uniform((3,)), random.randint((3,), 0, 99), mask, random.permutation(9)]
    drawn += [weights, random.uniform((3,), seed=generator)]
    return [numbers(x).tolist() for x in drawn] + [python_random.random(), np.random.rand()]


def test_the_same_code_after_set_random_seed_gives_the_same_everything(backend):
    with polykeras.using("numpy"):
        polykeras.set_random_seed(5)
        want = _everything()
    polykeras.set_random_seed(5)
    first = _everything()
    assert first == want
    assert first[0] != first[1]
    assert _everything() != first
    polykeras.set_random_seed(6)
    assert _everything() != first


if "torch" in polykeras.available():

    def test_set_random_seed_seeds_pytorch_too():
        import torch

        polykeras.backend.load("torch")
        draws = [polykeras.set_random_seed(5) or torch.rand(1).item() for _ in range(2)]
        assert draws[0] == draws[1]


# Mistakes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: random.uniform((2,), seed=-1), OptionError, r"seed from 0 to 2\*\*64 - 1; got -1"),
        (lambda: random.uniform((2,), seed=2**64), OptionError, r"seed from 0 to 2\*\*64 - 1"),
        (lambda: random.uniform((2,), seed=1.5), DTypeError, "expected seed to be integers; got float32"),
        (lambda: random.uniform((2,), seed="one"), DTypeError, "seed to be an integer.*got 'one'"),
        (lambda: random.uniform((2,), seed=[1, 2, 3]), ShapeError, "array of two words"),
        (lambda: random.uniform((2,), dtype="int32", seed=0), DTypeError, "expected a float dtype"),
        (lambda: random.uniform(2.5, seed=0), ShapeError, "expected a shape"),
        (lambda: random.normal((2,), dtype="bool", seed=0), DTypeError, "expected a float dtype"),
        (lambda: random.gamma((2,), 1.0, "int32", seed=0), DTypeError, "expected a float dtype"),
        (lambda: random.randint((2,), 5, 5, seed=0), OptionError, "minval to be less than maxval"),
        (lambda: random.randint((2,), 0, 300, "uint8", seed=0), OptionError, "uint8 cannot hold"),
        (lambda: random.randint((2,), 0, 3, "float32", seed=0), DTypeError, "expected an integer dtype"),
        (lambda: random.bernoulli((2,), 1.5, seed=0), OptionError, "probability from 0 to 1"),
        (lambda: random.categorical([0.5, 0.5], 3, seed=0), ShapeError, r"\(batch, classes\)"),
        (lambda: random.dropout([1.0], -0.1, seed=0), OptionError, "rate from 0 to 1"),
        (lambda: random.shuffle([1, 2], axis=1, seed=0), ShapeError, "axis 1"),
        (lambda: random.permutation(-1, seed=0), ShapeError, r"not negative; got shape \(-1,\)"),
        (lambda: random.normal((2, -3), seed=0), ShapeError, r"not negative; got shape \(2, -3\)"),
        (lambda: random.SeedGenerator(-1), OptionError, "seed from 0"),
        (lambda: random.SeedGenerator(0.5), OptionError, "seed from 0"),
        (lambda: random.SeedGenerator(0, colour="red"), TypeError, "unknown arguments colour"),
        (lambda: random.set_random_seed(2**32), OptionError, "seed from 0"),
    ],
)
def test_wrong_arguments_are_refused_in_words(backend, call, error, words):
    with pytest.raises(error, match=words):
        call()
