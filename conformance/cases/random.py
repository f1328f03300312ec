"""Cases of random draws: each against its definition, computed by NumPy from the words of the stream."""

from __future__ import annotations

import numpy as np

from polykeras import philox
from polykeras.backend import numpy_dtype

from ..case import array, case, sample

KEY = np.array([7, 3], "uint32")
SHAPES = ((5,), (2, 3), (), (0, 3), (1000,))


def words(seed, shape, counter=0):
    """The words of a stream, block by block, in Python's integers."""
    count = int(np.prod(shape))
    found = []
    for block in range(-(-count // 4)):
        found += philox.integer_block((int(seed[0]), int(seed[1])), counter + block)
    return np.array(found[:count], "uint32").reshape(shape)


def unit(seed, shape, dtype="float32"):
    """Uniform numbers."""
    if dtype == "float64":
        pairs = words(seed, (*shape, 2)).astype("uint64")
        return ((pairs[..., 0] >> 5) * 2.0**26 + (pairs[..., 1] >> 6)) / 2.0**53
    bits = {"bfloat16": 8, "float16": 11, "float32": 24}[dtype]
    return ((words(seed, shape) >> np.uint32(32 - bits)) * 2.0**-bits).astype(numpy_dtype(dtype))


def drawing(name, reference, *samples, **options):
    """A case of a draw; the dtype, if it has one, is a parameter."""
    case(name, reference, *samples, dtypes=("float32",), **options)


drawing(
    "rng_bits",
    lambda seed, shape, counter=0: words(seed, shape, counter),
    *(sample(KEY, shape=shape) for shape in SHAPES),
    sample(KEY, shape=(10,), counter=5),
    sample(KEY, shape=(40,), counter=2**32 - 3),
    sample(KEY, shape=(8,), counter=(1 << 64) + 9),
    sample(np.array([0, 0], "uint32"), shape=(4,)),
    sample(np.array([2**32 - 1, 2**32 - 1], "uint32"), shape=(4,)),
    sample(np.array([7, 3], "int32"), shape=(4,)),
    mistakes=[sample(np.array([1, 2, 3], "uint32"), shape=(4,)), sample(np.array([1.0, 2.0]), shape=(4,))],
)
drawing(
    "random_unit",
    unit,
    *(sample(KEY, shape=shape) for shape in SHAPES),
    *(sample(KEY, shape=(50,), dtype=dtype) for dtype in ("float16", "bfloat16", "float64")),
    mistakes=[sample(KEY, shape=(3,), dtype="int32")],
)
drawing(
    "random_coin",
    lambda seed, shape, probability: words(seed, shape) < probability * 2**32,
    *(sample(KEY, shape=(50,), probability=p) for p in (0.0, 0.1, 0.5, 1.0)),
)
drawing(
    "random_below",
    lambda seed, shape, limit, first=0, dtype="int64": _randint(seed, shape, first, first + limit, dtype),
    *(sample(KEY, shape=shape, limit=10) for shape in SHAPES),
    *(sample(KEY, shape=(9,), limit=8, first=-4, dtype=dtype) for dtype in ("int8", "int32")),
    sample(KEY, shape=(9,), limit=8, first=2**64 - 8, dtype="uint64"),
    *(sample(KEY, shape=(9,), limit=limit) for limit in (1, 256, 2**31 - 1)),
)
drawing(
    "uniform",
    lambda seed, shape, minval=0.0, maxval=1.0, dtype="float32": _uniform(seed, shape, minval, maxval, dtype),
    sample(shape=(50,), seed=KEY),
    sample(shape=(50,), minval=-0.3, maxval=0.7, seed=KEY),
    sample(shape=(50,), minval=-3, maxval=3, dtype="float64", seed=KEY),
    sample(shape=(50,), minval=-1.0, maxval=1.0, dtype="bfloat16", seed=KEY),
    magnitude=lambda *args, minval=0.0, maxval=1.0, **_: np.full((), max(abs(minval), abs(maxval))),
    mistakes=[sample(shape=(3,), dtype="int32", seed=KEY)],
)


def _uniform(seed, shape, minval, maxval, dtype):
    low, high = (float(np.array(bound).astype(numpy_dtype(dtype))) for bound in (minval, maxval))
    return unit(seed, shape, dtype).astype("float64") * (high - low) + low


def _randint(seed, shape, minval, maxval, dtype="int32"):
    minval, maxval = int(minval), int(maxval)
    span, result = maxval - minval, []
    limbs = -(-span.bit_length() // 31)
    for row in words(seed, (int(np.prod(shape)), limbs + 1)):
        fraction = sum((int(word) >> 1) << (31 * i) for i, word in enumerate(row))
        result.append(minval + (fraction * span >> 31 * (limbs + 1)))
    return np.array(result, dtype).reshape(shape)


drawing(
    "randint",
    _randint,
    sample(shape=(50,), minval=0, maxval=10, seed=KEY),
    sample(shape=(5, 4), minval=-100, maxval=100, seed=KEY),
    sample(shape=(9,), minval=0, maxval=1, seed=KEY),
    sample(shape=(9,), minval=0, maxval=256, dtype="uint8", seed=KEY),
    sample(shape=(9,), minval=-(2**31), maxval=2**31, seed=KEY),
    sample(shape=(9,), minval=-(2**63), maxval=2**63, dtype="int64", seed=KEY),
    sample(shape=(9,), minval=0, maxval=2**40, dtype="int64", seed=KEY),
    sample(shape=(9,), minval=0.0, maxval=1e3, seed=KEY),
    sample(shape=(9,), minval=-(2.0**63), maxval=2.0**63, dtype="int64", seed=KEY),
    mistakes=[
        sample(shape=(3,), minval=3, maxval=3, seed=KEY),
        sample(shape=(3,), minval=0, maxval=300, dtype="uint8", seed=KEY),
        sample(shape=(3,), minval=0, maxval=3, dtype="float32", seed=KEY),
        sample(shape=(3,), minval=0, maxval=2.5, seed=KEY),
        sample(shape=(3,), minval=0, maxval=np.inf, seed=KEY),
    ],
)


def normals(seed, shape, mean=0.0, stddev=1.0, dtype="float32"):
    count = int(np.prod(shape))
    half = (count + 1) // 2
    u = unit(seed, (2, half), "float64" if dtype == "float64" else "float32").astype("float64")
    radius, angle = np.sqrt(-2 * np.log(1 - u[0])), 2 * np.pi * u[1]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count].reshape(shape) * stddev + mean


drawing(
    "normal",
    normals,
    *(sample(shape=shape, seed=KEY) for shape in SHAPES),
    sample(shape=(50,), mean=3.0, stddev=0.5, seed=KEY),
    sample(shape=(50,), dtype="float64", seed=KEY),
    sample(shape=(50,), dtype="float16", seed=KEY),
    magnitude=lambda *args, **params: np.full((), 6.0),  # the angle is rounded, up to 2 pi
    mistakes=[
        sample(shape=(3,), dtype="int32", seed=KEY),
        sample(shape=(3,), stddev=-1, seed=KEY),
        sample(shape=(3,), seed=-1),
        sample(shape=(3,), seed=np.array(1.5, "float32")),
    ],
)


def _truncated(seed, shape, mean=0.0, stddev=1.0, dtype="float32"):
    from statistics import NormalDist

    u = unit(seed, shape, "float64" if dtype == "float64" else "float32").astype("float64")
    low = NormalDist().cdf(-2)
    quantile = np.vectorize(NormalDist().inv_cdf, otypes=["float64"])
    return quantile(low + u * (1 - 2 * low)) * stddev + mean


drawing(
    "truncated_normal",
    _truncated,
    sample(shape=(50,), seed=KEY),
    sample(shape=(2, 3), mean=1.0, stddev=0.1, seed=KEY),
    sample(shape=(50,), dtype="float64", seed=KEY),
    magnitude=lambda *args, **params: np.full((), 2.0),  # a share near 0.95 is rounded before the quantile is taken
)


def _fold_in(seed, data):
    child = words(seed, (2,), 2 << 64)
    low, high = int(data) & 0xFFFFFFFF, int(data) >> 32
    return words(child ^ np.array([low, low ^ high], "uint32"), (2,), 2 << 64)


drawing(
    "fold_in",
    _fold_in,
    sample(KEY, 0),
    sample(KEY, 5),
    sample(KEY, np.array(2**31, "uint32")),
    sample(KEY, np.array(5, "int64")),
    sample(KEY, 2**32),
    sample(KEY, np.array(2**62 + 2**40 + 7, "int64")),
)


def _permutation(seed, n):
    first, second = words(seed, (2, n)).astype("int64")
    return np.argsort((first >> 1 << 32) + second, kind="stable").astype("int32")


drawing("permutation", _permutation, *(sample(n=n, seed=KEY) for n in (0, 1, 10, 300)))
drawing(
    "shuffle",
    lambda x, axis=0, seed=KEY: np.take(x, _permutation(seed, x.shape[axis]), axis),
    sample(array(7, 2), seed=KEY),
    sample(array(2, 7), axis=-1, seed=KEY),
    mistakes=[sample(array(7), axis=1, seed=KEY)],
)


def _dropout(inputs, rate, noise_shape=None, seed=KEY):
    shape = inputs.shape if noise_shape is None else [n or s for n, s in zip(noise_shape, inputs.shape, strict=True)]
    return np.where(words(seed, tuple(shape)) < round((1 - rate) * 2**32), inputs / (1 - rate), 0)


case(
    "dropout",
    _dropout,
    sample(array(4, 5), 0.3, seed=KEY),
    sample(array(4, 5), 0.3, noise_shape=(None, 1), seed=KEY),
    sample(array(4, 5), 0.0, seed=KEY),
    dtypes=("float32", "float64", "float16"),
    mistakes=[
        sample(array(4), 1.5, seed=KEY),
        sample(array(4), -0.1, seed=KEY),
        sample(array(4, 5), 0.5, noise_shape=(4,), seed=KEY),
        sample(array(4, 5), 0.5, noise_shape=(2, None), seed=KEY),
    ],
)


def _categorical(logits, num_samples, dtype="int32", seed=KEY):
    u = unit(seed, (logits.shape[0], num_samples, logits.shape[1]), "float64") + 2.0**-54
    return np.argmax(logits[:, None] - np.log(-np.log(u)), -1).astype(dtype)


drawing(
    "categorical",
    _categorical,
    sample(array(3, 5), 20, seed=KEY),
    sample(array(2, 3), 4, dtype="int64", seed=KEY),
    mistakes=[sample(array(3), 2, seed=KEY), sample(array(2, 3), 2, dtype="float32", seed=KEY)],
)


def _by_numpy(name):
    """What the NumPy backend draws: the algorithm is the specification, and statistics test it elsewhere."""
    from polykeras import ops
    from polykeras.backend import using

    def run(**params):
        with using("numpy"):
            return np.asarray(getattr(ops.random, name)(**params))

    return run


drawing(
    "gamma",
    _by_numpy("gamma"),
    sample(shape=(200,), alpha=2.5, seed=KEY),
    sample(shape=(200,), alpha=0.3, seed=KEY),
    sample(shape=(2, 3), alpha=np.array([0.5, 1.0, 20.0]), dtype="float64", seed=KEY),
    mistakes=[sample(shape=(3,), alpha=-1, seed=KEY), sample(shape=(3,), alpha=0.0, seed=KEY)],
)
drawing(
    "beta",
    _by_numpy("beta"),
    sample(shape=(200,), alpha=2.5, beta=0.7, seed=KEY),
    mistakes=[sample(shape=(3,), alpha=1.0, beta=-1, seed=KEY)],
)
drawing(
    "binomial",
    _by_numpy("binomial"),
    sample(shape=(200,), counts=10, probabilities=0.3, seed=KEY),
    sample(shape=(200,), counts=1000, probabilities=0.6, seed=KEY),
    sample(shape=(2, 3), counts=np.array([1, 20, 300]), probabilities=np.array([[0.1], [0.9]]), seed=KEY),
    mistakes=[
        sample(shape=(3,), counts=5, probabilities=1.5, seed=KEY),
        sample(shape=(3,), counts=-5, probabilities=0.5, seed=KEY),
    ],
)
