"""What the suite knows of an op: a reference, and samples of arguments."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from polykeras import ops, tree
from polykeras.backend import numpy_dtype
from polykeras.op import OPS, Op

FLOATS = ("float32", "float64", "float16", "bfloat16")
INTS = ("int32", "int64", "int8", "int16", "uint8", "uint16", "uint32", "uint64")
BOOL = ("bool",)
COMPLEX = ("complex64", "complex128")
NUMBERS = FLOATS + INTS


@dataclass(frozen=True)
class Values:
    """An array to be made: numbers between bounds, in a shape, in the dtype that is being tried or one of its own."""

    shape: tuple[int, ...]
    low: float = -2.0
    high: float = 2.0
    dtype: str | None = None
    apart: float = 0.0
    """How far from each other and from zero the numbers are at least: for functions with kinks."""

    def make(self, seed: int, dtype: str) -> np.ndarray:
        """The array."""
        dtype = self.dtype or dtype
        random = np.random.Generator(np.random.Philox(seed))
        if dtype == "bool":
            return random.integers(0, 2, self.shape).astype(bool)
        if dtype.startswith(("int", "uint")):
            limits = np.iinfo(dtype)
            low, high = max(int(self.low), limits.min), min(int(self.high), limits.max)
            return random.integers(low, high + 1, self.shape).astype(dtype)
        if self.apart:
            count = int(np.prod(self.shape))
            numbers = (np.arange(count) - count // 2 + 0.5) * self.apart
            return random.permutation(numbers).reshape(self.shape).astype(numpy_dtype(dtype))
        numbers = random.uniform(self.low, self.high, self.shape)
        if dtype.startswith("complex"):
            numbers = numbers + 1j * random.uniform(self.low, self.high, self.shape)
        return np.asarray(numbers, numpy_dtype(dtype))


@dataclass(frozen=True)
class Given:
    """An array of given numbers, in the dtype that is being tried."""

    values: tuple[Any, ...]

    def make(self, seed: int, dtype: str) -> np.ndarray:
        """The array."""
        return np.array(self.values).astype(numpy_dtype(dtype))


@dataclass(frozen=True, eq=False)
class Sample:
    """Arguments of one call. Whatever is a `Values` becomes an array."""

    args: tuple[Any, ...]
    params: dict[str, Any]
    dtypes: tuple[str, ...] | None = None
    """The dtypes to try it in; None for all that the case promises."""
    gradient: bool = True
    """Whether gradients here can be told from differences."""
    gap: str | None = None
    """The subject under which a backend that falls short here says so in its gaps."""
    kink: bool = False
    """Whether here is a tie or a kink, where backends agree on a gradient that differences do not show."""
    compiled: bool = True
    """Whether compiled functions can make this call."""


@dataclass(eq=False)
class Case:
    """An op, what it should give, and what to try."""

    name: str
    reference: Callable[..., Any]
    """The same function of NumPy arrays. Floats come as float64, or as they are where `exact_input` says so."""
    samples: list[Sample] = field(default_factory=list)
    dtypes: tuple[str, ...] = FLOATS
    magnitude: Callable[..., Any] | None = None
    """The size of what is added up, where terms cancel, computed like the reference: errors are relative to it."""
    exact_input: bool = False
    """Whether the reference gets floats in the dtype that is being tried, on which its results depend."""
    differentiable: bool = True
    """Whether floats come out, which have derivatives."""
    second: bool = True
    """Whether to look at second derivatives."""
    curvature: float = 1.0
    """How much second derivatives magnify the rounding of what they are made of."""
    mistakes: list[Sample] = field(default_factory=list)
    """Calls that must be refused, in the same words on every backend."""
    function: Callable[..., Any] | None = None
    """What to call, where it is not the public function of the op."""
    compiled: bool = True
    """Whether compiled functions can use it at all."""
    makes_complex: bool = False
    """Whether it computes with complex numbers, each of two of the floats that come in."""
    drawn: bool = True
    """Whether arrays drawn at random make sense as arguments."""

    @property
    def op(self) -> Op:
        """The op's row."""
        return OPS[self.name]

    def call(self, *args: Any, **params: Any) -> Any:
        """Call the op."""
        return self.public(*args, **params)

    @property
    def public(self) -> Callable[..., Any]:
        """What people call."""
        return self.function or getattr(ops, self.name, self.op.function)

    def arguments(self, sample: Sample, dtype: str) -> tuple[Any, ...]:
        """The arguments of a sample, the same in every run."""
        seed = zlib.crc32(f"{self.name} {self.samples.index(sample) if sample in self.samples else -1}".encode())
        count = 0

        def made(leaf: Any) -> Any:
            nonlocal count
            count += 1
            return leaf.make(seed + count, dtype) if isinstance(leaf, (Values, Given)) else leaf

        return tree.map_structure(made, sample.args)


CASES: dict[str, Case] = {}


def case(name: str, reference: Callable[..., Any], *samples: Sample, **options: Any) -> None:
    """Enter a case."""
    if name in CASES:
        raise ValueError(f"there are two cases of {name}")
    CASES[name] = Case(name, reference, list(samples), **options)


def sample(
    *args: Any,
    dtypes: Sequence[str] | None = None,
    gradient: bool = True,
    gap: str | None = None,
    kink: bool = False,
    compiled: bool = True,
    **params: Any,
) -> Sample:
    """Arguments of one call."""
    return Sample(args, params, None if dtypes is None else tuple(dtypes), gradient and not kink, gap, kink, compiled)


def array(*shape: int, low: float = -2.0, high: float = 2.0, dtype: str | None = None, apart: float = 0.0) -> Values:
    """An array to be made."""
    return Values(shape, low, high, dtype, apart)


def given(*values: Any) -> Given:
    """An array of given numbers."""
    return Given(values)
