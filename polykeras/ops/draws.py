"""Random numbers that are the same on every backend.

Every draw is a function of a key and a shape: element `4i..4i+3` of its stream is block `i` of Philox4x32-10 with
that key. Uniform numbers are equal bit for bit everywhere; what goes through a logarithm or a sine agrees to a few
units in the last place.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .. import ops
from ..backend import WEAK
from ..dtypes import FLOATS, INTEGERS, inexact
from ..errors import DTypeError, OptionError, ShapeError
from ..op import Array, DType, FloatxDType, Index, Seed, Shape, composed, names_its_errors, primitive
from ..philox import MASK, SIGNIFICANT_BITS, threshold
from ..seeds import CHILD_KEYS, SPLIT_KEYS
from ..spec import Dim, Spec, normalize_axis, prod, same_size, show_shape

# Keys and words --------------------------------------------------------------------------------------------


def _infer_bits(seed: Spec, shape: tuple[Any, ...], counter: int = 0) -> Spec:
    if seed.shape != (2,):
        raise ShapeError(
            f"expected a seed to be an integer, a SeedGenerator or an array of two words; "
            f"got shape {show_shape(seed.shape)}."
        )
    if any(size < 0 for size in shape):
        raise ShapeError(f"expected sizes that are not negative; got shape {show_shape(shape)}.")
    return Spec(shape, "uint32")


@primitive(why="integer arithmetic that each framework does best in its own way", infer=_infer_bits)
def rng_bits(seed: Seed, shape: Shape, counter: int = 0) -> Array:
    """Random words: blocks of Philox4x32-10 in order, beginning with the block of a number.

    Args:
        seed: An integer, a SeedGenerator, or a key.
        shape: The shape of the result.
        counter: The number of the first block. A draw does not go on beyond a multiple of 2**64.

    Returns:
        32-bit words, uint32.

    >>> rng_bits(0, (2,))
    array([1713891541, 3781805453], dtype=uint32)
    """


@names_its_errors
def bits(shape: Any, seed: Any = None) -> Array:
    """Random words.

    Args:
        shape: The shape of the result.
        seed: An integer, a SeedGenerator, or a key; None for the next of the global stream.

    Returns:
        32-bit words, uint32.

    >>> bits((2,), seed=0)
    array([1713891541, 3781805453], dtype=uint32)
    """
    return rng_bits(seed, shape)


@composed(infer=lambda seed, data: Spec((2,), "uint32"))
def fold_in(seed: Seed, data: Index) -> Array:
    """The key that belongs to a seed and a number: another one for each number.

    Args:
        seed: An integer, a SeedGenerator, or a key.
        data: The number, an integer from 0 to 2**63 - 1, or an array without axes.

    Returns:
        A key: an array of two words that serves as a seed.

    >>> fold_in(7, 1)
    array([1163464678, 3359792081], dtype=uint32)
    """
    child = rng_bits(seed, (2,), CHILD_KEYS)
    words = ops.cast(data, "uint32")
    if ops.dtype(data) in ("int64", "uint64"):
        high = ops.cast(ops.right_shift(ops.cast(data, "int64"), 32), "uint32")
        words = ops.stack([words, ops.bitwise_xor(words, high)])  # without a high word the same as for 32 bits
    return rng_bits(ops.bitwise_xor(child, words), (2,), CHILD_KEYS)


@names_its_errors
def split(seed: Any, num: int = 2) -> Array:
    """Several keys that belong to one seed, independent of each other and of it.

    Args:
        seed: An integer, a SeedGenerator, or a key.
        num: How many.

    Returns:
        An array of shape (num, 2), each row a key.

    >>> shape(split(7, 3))
    (3, 2)
    """
    return rng_bits(seed, (num, 2), SPLIT_KEYS)


def check_number(name: str, value: Any, low: float, high: float = math.inf, above: bool = False) -> None:
    """Refuse a Python number that a distribution cannot have; of arrays nobody knows the values before the run."""
    if type(value) in WEAK and not (low < value <= high if above else low <= value <= high):
        wanted = f"above {low}" if above else f"from {low}" + ("" if high == math.inf else f" to {high}")
        raise OptionError(f"expected {name} {wanted}; got {value}.")


# Uniform numbers -------------------------------------------------------------------------------------------


def infer_float(seed: Spec, shape: tuple[Any, ...], dtype: str) -> Spec:
    """The result has the dtype that was asked for, which must be a float."""
    if dtype not in FLOATS:
        raise DTypeError(f"expected a float dtype, one of {', '.join(sorted(FLOATS))}; got {dtype}.")
    return Spec(_infer_bits(seed, shape).shape, dtype)


@composed(infer=infer_float, ulp=0)
def random_unit(seed: Seed, shape: Shape, dtype: FloatxDType = None) -> Array:
    """Uniform numbers from 0 to before 1: multiples of a power of two, as many as the significand can tell apart.

    Args:
        seed: An integer, a SeedGenerator, or a key.
        shape: The shape of the result.
        dtype: A float dtype; None for floatx.

    Returns:
        The numbers.

    >>> random_unit(0, (2,))
    array([0.39904642, 0.88052016], dtype=float32)
    """
    if dtype == "float64":
        words = ops.cast(rng_bits(seed, (*shape, 2)), "int64")
        high, low = ops.right_shift(words[..., 0], 5), ops.right_shift(words[..., 1], 6)
        return ops.multiply(ops.cast(ops.add(ops.left_shift(high, 26), low), "float64"), 2.0**-53)
    count = SIGNIFICANT_BITS[dtype]
    words = ops.right_shift(rng_bits(seed, shape), 32 - count)
    return ops.multiply(ops.cast(words, dtype), 2.0**-count)


@composed(infer=lambda seed, shape, probability: Spec(shape, "bool"))
def random_coin(seed: Seed, shape: Shape, probability: float) -> Array:
    """True with a probability, which counts to 32 bits.

    Args:
        seed: An integer, a SeedGenerator, or a key.
        shape: The shape of the result.
        probability: A number from 0 to 1.

    Returns:
        Bools.

    >>> random_coin(0, (2,), 0.5)
    array([ True, False])
    """
    limit = threshold(probability)
    if limit > MASK:
        return ops.ones(shape, "bool")
    return ops.less(rng_bits(seed, shape), np.array(limit, "uint32"))


# Eight times slower on NumPy, PyTorch and TensorFlow than their own: two words of the stream for each number, so that
# no outcome is likelier than another by more than one in 2**31, and Philox in NumPy takes 6 ns of a core for a word.
@composed(infer=lambda seed, shape, limit, first, dtype: Spec(shape, dtype))
def random_below(seed: Seed, shape: Shape, limit: int, first: int = 0, dtype: DType = "int64") -> Array:
    """Whole numbers that are equally likely everywhere from a first one to before a limit more.

    Args:
        seed: An integer, a SeedGenerator, or a key.
        shape: The shape of the result.
        limit: How many numbers there are to choose from, from 1 to 2**31 - 1.
        first: The first of them.
        dtype: An integer dtype, which has all of them.

    Returns:
        The numbers.

    >>> random_below(0, (4,), 10)
    array([8, 6, 3, 0])
    """
    return _counted_from(first, _share(seed, shape, [limit]), dtype)


def _counted_from(first: int, numbers: Any, dtype: str) -> Any:
    """Numbers plus a first one, in int64, whose overflow wraps around as it should."""
    return ops.cast(ops.add(numbers, np.array(first % 2**64, "uint64").astype("int64")), dtype)


def _share(seed: Any, shape: tuple[Any, ...], limbs: list[int]) -> Any:
    """A part of a number that comes in limbs of 31 bits: it times a fraction of random bits, of which it has more."""
    words = ops.right_shift(ops.cast(rng_bits(seed, (*shape, len(limbs) + 1)), "int64"), 1)
    return _whole_part(ops.unstack(words, axis=-1), limbs)


def _infer_uniform(shape: tuple[Any, ...], minval: Any, maxval: Any, dtype: str, seed: Spec) -> Spec:
    return infer_float(seed, shape, dtype)


@composed(infer=_infer_uniform, ulp=1)
def uniform(shape: Shape, minval: Any = 0.0, maxval: Any = 1.0, dtype: FloatxDType = None, seed: Seed = None) -> Array:
    """Numbers that are equally likely everywhere between two bounds.

    Args:
        shape: The shape of the result.
        minval: The lower bound, a number or an array that broadcasts to the shape.
        maxval: The upper bound.
        dtype: A float dtype; None for floatx.
        seed: An integer, a SeedGenerator, or a key; None for the next of the global stream.

    Returns:
        The numbers, from the lower bound up to, rounding aside, before the upper one.

    >>> uniform((2,), -1.0, 1.0, seed=0)
    array([-0.20190716,  0.76104033], dtype=float32)
    """
    unit = random_unit(seed, shape, dtype)
    if isinstance(minval, (int, float)) and isinstance(maxval, (int, float)) and (minval, maxval) == (0, 1):
        return unit
    # A float32 times a float32 is exact in float64, so that it makes no difference whether product and sum are
    # rounded together: the result is the same bit for bit everywhere.
    low, high = (ops.cast(ops.cast(bound, dtype), "float64") for bound in (minval, maxval))
    span = ops.subtract(high, low)
    above = ops.multiply(ops.cast(unit, "float64"), span)
    if dtype == "float64":  # here the product is rounded: what comes in between keeps compilers from fusing it
        above = ops.clip(above, ops.minimum(span, 0), ops.maximum(span, 0))
    return ops.cast(ops.add(above, low), dtype)


def _whole(name: str, bound: Any) -> int:
    """A bound as an integer: it may be a float, such as 1e3."""
    try:
        number = bound.__index__() if hasattr(bound, "__index__") else int(bound)
        if number == bound:
            return number
    except (TypeError, ValueError, OverflowError):
        pass
    raise OptionError(f"expected {name} to be a whole number; got {bound!r}.")


def _infer_randint(shape: tuple[Any, ...], minval: Any, maxval: Any, dtype: str, seed: Spec) -> Spec:
    if dtype not in INTEGERS:
        raise DTypeError(f"expected an integer dtype; got {dtype}.")
    minval, maxval = _whole("minval", minval), _whole("maxval", maxval)
    if not minval < maxval:
        raise OptionError(f"expected minval to be less than maxval; got {minval} and {maxval}.")
    limits = np.iinfo(dtype)
    if minval < limits.min or maxval - 1 > limits.max:
        raise OptionError(
            f"{dtype} cannot hold numbers from {minval} to {maxval - 1}; it goes from {limits.min} to {limits.max}."
        )
    return Spec(shape, dtype)


@composed(infer=_infer_randint)
def randint(shape: Shape, minval: float, maxval: float, dtype: DType = "int32", seed: Seed = None) -> Array:
    """Whole numbers that are equally likely everywhere between two bounds.

    Args:
        shape: The shape of the result.
        minval: The lower bound, a whole number.
        maxval: The upper bound, a whole number, which is left out.
        dtype: An integer dtype.
        seed: An integer, a SeedGenerator, or a key; None for the next of the global stream.

    Returns:
        The numbers.

    >>> randint((4,), 0, 10, seed=0)
    array([8, 6, 3, 0], dtype=int32)
    """
    _infer_randint(shape, minval, maxval, dtype, seed)
    low, high = _whole("minval", minval), _whole("maxval", maxval)
    span = high - low
    limbs = [(span >> shift) & _LIMB for shift in range(0, span.bit_length(), 31)]
    if len(limbs) == 1:
        return random_below(seed, shape, span, low, dtype)
    return _counted_from(low, _share(seed, shape, limbs), dtype)


_LIMB = 2**31 - 1


def _whole_part(fraction: list[Any], number: list[int]) -> Any:
    """A fraction times a number, rounded down, in int64 that wraps around.

    Both come in limbs of 31 bits, lowest first, whose products int64 can hold. With a limb more in the fraction than
    in the number, every outcome is equally likely to within one in 2**31.
    """
    total: list[Any] = [None] * (len(fraction) + len(number))
    for i, word in enumerate(fraction):
        carry: Any = None
        for j, limb in enumerate(number):
            summands = (ops.multiply(word, limb), total[i + j], carry)
            here = functools.reduce(ops.add, [x for x in summands if x is not None])
            total[i + j] = ops.bitwise_and(here, _LIMB) if i + j else None  # nobody looks at the lowest
            carry = ops.right_shift(here, 31)
        total[i + len(number)] = carry
    whole, *higher = total[len(fraction) :]
    for place, limb in enumerate(higher, 1):
        whole = ops.add(whole, ops.left_shift(limb, 31 * place))
    return whole


@names_its_errors
def bernoulli(shape: Any, probability: Any = 0.5, dtype: Any = "bool", seed: Any = None) -> Array:
    """Ones with a probability, zeros otherwise.

    Args:
        shape: The shape of the result.
        probability: A number from 0 to 1, or an array of them that broadcasts to the shape.
        dtype: The dtype of the result.
        seed: An integer, a SeedGenerator, or a key; None for the next of the global stream.

    Returns:
        The ones and zeros.

    >>> bernoulli((4,), 0.5, seed=0)
    array([ True, False, False, False])
    """
    if isinstance(probability, (int, float)):
        if not 0 <= probability <= 1:
            raise OptionError(f"expected a probability from 0 to 1; got {probability}.")
        return ops.cast(random_coin(seed, shape, probability), dtype)
    return ops.cast(ops.less(random_unit(seed, shape, "float64"), probability), dtype)


# Normal numbers --------------------------------------------------------------------------------------------


def _infer_normal(shape: tuple[Any, ...], mean: Any, stddev: Any, dtype: str, seed: Spec) -> Spec:
    check_number("stddev", stddev, 0)
    return infer_float(seed, shape, dtype)


def _scaled(x: Any, mean: Any, stddev: Any, dtype: str) -> Any:
    scaled = ops.add(ops.multiply(x, ops.cast(stddev, ops.dtype(x))), ops.cast(mean, ops.dtype(x)))
    return ops.cast(scaled, dtype)


def _wide(dtype: str) -> str:
    """The dtype in which to compute numbers of a dtype."""
    return "float64" if dtype == "float64" else "float32"


@composed(infer=_infer_normal, ulp=8)
def normal(shape: Shape, mean: Any = 0.0, stddev: Any = 1.0, dtype: FloatxDType = None, seed: Seed = None) -> Array:
    """Normally distributed numbers.

    Args:
        shape: The shape of the result.
        mean: The mean, a number or an array that broadcasts to the shape.
        stddev: The standard deviation, likewise.
        dtype: A float dtype; None for floatx.
        seed: An integer, a SeedGenerator, or a key; None for the next of the global stream.

    Returns:
        The numbers.

    >>> shape(normal((2, 3), seed=0))
    (2, 3)
    """
    _infer_normal(shape, mean, stddev, dtype, Spec((2,), "uint32"))
    count = prod(shape)
    half = (count + 1) // 2
    unit = random_unit(seed, (2, half), _wide(dtype))
    radius = ops.sqrt(ops.multiply(ops.log(ops.subtract(1, unit[0])), -2))  # by Box and Muller
    angle = ops.multiply(unit[1], 2 * math.pi)
    both = ops.concatenate([ops.multiply(radius, ops.cos(angle)), ops.multiply(radius, ops.sin(angle))])
    return _scaled(ops.reshape(both[:count], shape), mean, stddev, dtype)


_TWO_SIGMA = math.erf(math.sqrt(2))


@composed(infer=_infer_normal, ulp=16)
def truncated_normal(
    shape: Shape, mean: Any = 0.0, stddev: Any = 1.0, dtype: FloatxDType = None, seed: Seed = None
) -> Array:
    """Normally distributed numbers, none of them further than two standard deviations from the mean.

    Args:
        shape: The shape of the result.
        mean: The mean, a number or an array that broadcasts to the shape.
        stddev: The standard deviation before the ends are cut off, likewise.
        dtype: A float dtype; None for floatx.
        seed: An integer, a SeedGenerator, or a key; None for the next of the global stream.

    Returns:
        The numbers.

    >>> shape(truncated_normal((2, 3), seed=0))
    (2, 3)
    """
    _infer_normal(shape, mean, stddev, dtype, Spec((2,), "uint32"))
    unit = random_unit(seed, shape, _wide(dtype))
    share = ops.multiply(ops.subtract(ops.multiply(unit, 2), 1), _TWO_SIGMA)
    within = ops.clip(ops.multiply(ops.erfinv(share), math.sqrt(2)), -2.0, 2.0)
    return _scaled(within, mean, stddev, dtype)


# Choices ---------------------------------------------------------------------------------------------------


def _infer_categorical(logits: Spec, num_samples: int, dtype: str, seed: Spec) -> Spec:
    if dtype not in INTEGERS:
        raise DTypeError(f"expected an integer dtype; got {dtype}.")
    if logits.ndim != 2 or logits.shape[1] == 0:
        raise ShapeError(f"expected logits of shape (batch, classes), with classes; got {show_shape(logits.shape)}.")
    return Spec((logits.shape[0], num_samples), dtype)


@composed(infer=_infer_categorical, promote=inexact)
def categorical(logits: Array, num_samples: int, dtype: DType = "int32", seed: Seed = None) -> Array:
    """Classes, drawn with the probabilities that belong to logits.

    Args:
        logits: Array of shape (batch, classes), the logarithms of probabilities that need not add up to 1.
        num_samples: How many to draw for each row.
        dtype: An integer dtype.
        seed: An integer, a SeedGenerator, or a key; None for the next of the global stream.

    Returns:
        Array of shape (batch, num_samples), the numbers of the classes.

    >>> shape(categorical([[0.0, 0.0], [9.0, 0.0]], 5, seed=0))
    (2, 5)
    """
    _infer_categorical(Spec(ops.shape(logits)), num_samples, dtype, Spec((2,)))
    batch, classes = ops.shape(logits)
    unit = random_unit(seed, (batch, num_samples, classes), "float64")
    gumbel = ops.negative(ops.log(ops.negative(ops.log(ops.add(unit, 2.0**-54)))))
    return ops.cast(ops.argmax(ops.add(gumbel, ops.expand_dims(logits, 1)), axis=-1), dtype)


@composed(infer=lambda n, seed: Spec(_infer_bits(seed, (n,)).shape, "int32"))
def permutation(n: int, seed: Seed = None) -> Array:
    """The numbers from 0 to before n in random order.

    Args:
        n: How many.
        seed: An integer, a SeedGenerator, or a key; None for the next of the global stream.

    Returns:
        The numbers, int32.

    >>> permutation(4, seed=0)
    array([0, 3, 2, 1], dtype=int32)
    """
    words = ops.cast(rng_bits(seed, (2, n)), "int64")
    return ops.argsort(ops.add(ops.left_shift(ops.right_shift(words[0], 1), 32), words[1]))


def _infer_shuffle(x: Spec, axis: int, seed: Spec) -> Spec:
    normalize_axis(axis, x.ndim)
    return Spec(x.shape, x.dtype)


@composed(infer=_infer_shuffle, ulp=0)
def shuffle(x: Array, axis: int = 0, seed: Seed = None) -> Array:
    """The array with its slices along an axis in random order.

    Args:
        x: Array.
        axis: The axis.
        seed: An integer, a SeedGenerator, or a key; None for the next of the global stream.

    Returns:
        The shuffled array; `x` stays as it was.

    >>> shuffle([10, 20, 30, 40], seed=0)
    array([10, 40, 30, 20], dtype=int32)
    """
    axis = normalize_axis(axis, len(ops.shape(x)))
    return ops.take(x, permutation(ops.shape(x)[axis], seed), axis)


def _check_rate(rate: float) -> None:
    if not 0 <= rate <= 1:
        raise OptionError(f"expected a rate from 0 to 1; got {rate}.")


def _infer_dropout(inputs: Spec, rate: float, noise_shape: Any, seed: Spec) -> Spec:
    _check_rate(rate)
    _noise_shape(inputs.shape, noise_shape)
    return Spec(inputs.shape, inputs.dtype)


def _noise_shape(shape: tuple[Any, ...], noise_shape: Any) -> tuple[Any, ...]:
    """The shape of the mask of dropout."""
    if noise_shape is None:
        return shape
    wanted = tuple(noise_shape)
    if len(wanted) == len(shape) and all(map(_fits, wanted, shape)):
        return tuple(size if given is None else given for given, size in zip(wanted, shape, strict=True))
    raise ShapeError(
        f"expected noise_shape to have for each axis of {show_shape(shape)} None, 1 or its size; got {noise_shape}."
    )


def _fits(given: Any, size: Any) -> bool:
    """Whether a size of a mask can be broadcast, as far as can be told before the run."""
    return given is None or given == 1 or not isinstance(size, (int, Dim)) or same_size(given, size)


@composed(infer=_infer_dropout, promote=inexact)
def dropout(inputs: Array, rate: float, noise_shape: Any = None, seed: Seed = None) -> Array:
    """Set some elements to 0 at random, and scale up the others so that the sum stays as it is on average.

    Args:
        inputs: Array.
        rate: The share of elements to drop, a number from 0 to 1.
        noise_shape: The shape of the mask, which broadcasts to that of `inputs`; None for the same shape. None for
            a size means that of `inputs`.
        seed: An integer, a SeedGenerator, or a key; None for the next of the global stream.

    Returns:
        The array.

    >>> dropout([1.0, 1.0, 1.0, 1.0], 0.5, seed=0)
    array([2., 0., 0., 0.], dtype=float32)
    """
    _check_rate(rate)
    shape = _noise_shape(ops.shape(inputs), noise_shape)
    if rate >= 1:
        return ops.zeros_like(inputs)
    keep = random_coin(seed, shape, 1 - rate)
    return ops.where(keep, ops.multiply(inputs, 1 / (1 - rate)), 0)
