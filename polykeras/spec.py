"""What is known of an array before there is one: its shape, whose sizes may be symbolic, and its dtype."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Union

from .dtypes import standardize_dtype
from .errors import DTypeError, OptionError, ShapeError

Size = Union[int, "Dim"]
_Atom = Union[str, "_Floor", "_BelowZero"]
_Monomial = tuple[_Atom, ...]


class Dim:
    """A symbolic size: an integer expression in names such as `batch`, kept in one canonical form.

    It is a polynomial with integer coefficients, whose atoms are names, floor divisions that do not come out even, and
    minima that depend on the names. So sizes that are equal for every value of the names compare equal. A name stands
    for at least 1.

    >>> n = dim("n")
    >>> 2 * n + n, (4 * n + 2) // 2, (n + 5) // 2, n // 2 * 2
    (3*n, 2*n + 1, (n + 1)//2 + 2, 2*(n//2))
    """

    __slots__ = ("_hash", "terms")

    def __init__(self, terms: Mapping[_Monomial, int]):
        self.terms = {m: c for m, c in sorted(terms.items(), key=_term_order) if c}
        self._hash = hash(tuple(self.terms.items()))

    def __repr__(self) -> str:
        text = ""
        for monomial, coefficient in self.terms.items():
            factors = [str(a) for a in monomial]
            if len(factors) > 1 or abs(coefficient) != 1:
                factors = [f"({f})" if "//" in f else f for f in factors]
            if abs(coefficient) != 1 or not factors:
                factors.insert(0, str(abs(coefficient)))
            sign = "-" if coefficient < 0 else "+"
            text += f" {sign} {'*'.join(factors)}" if text else ("-" * (sign == "-") + "*".join(factors))
        return text

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dim) and self.terms == other.terms

    def __add__(self, other: Size) -> Size:
        addend = _as_dim(other)
        if addend is None:
            return NotImplemented
        terms = dict(self.terms)
        for monomial, coefficient in addend.terms.items():
            terms[monomial] = terms.get(monomial, 0) + coefficient
        return _simplest(terms)

    __radd__ = __add__

    def __mul__(self, other: Size) -> Size:
        factor = _as_dim(other)
        if factor is None:
            return NotImplemented
        terms: dict[_Monomial, int] = {}
        for (m1, c1), (m2, c2) in itertools.product(self.terms.items(), factor.terms.items()):
            monomial = tuple(sorted(m1 + m2, key=str))
            terms[monomial] = terms.get(monomial, 0) + c1 * c2
        return _simplest(terms)

    __rmul__ = __mul__

    def __neg__(self) -> Size:
        return self * -1

    def __sub__(self, other: Size) -> Size:
        return self + (-other)

    def __rsub__(self, other: Size) -> Size:
        return (-self) + other

    def __floordiv__(self, divisor: Size) -> Size:
        """Divide what comes out even, and keep the rest as one floor division."""
        if isinstance(divisor, int) and divisor == 0:
            raise ShapeError(f"the size {self} cannot be divided by 0.")
        even: dict[_Monomial, int] = {}
        rest: dict[_Monomial, int] = {}
        (monomial, coefficient), *more = (divisor.terms if isinstance(divisor, Dim) else {(): divisor}).items()
        for m, c in self.terms.items():
            remaining = None if more else _without(m, monomial)
            if remaining is None or (m and c % coefficient):
                rest[m] = c
                continue
            even[remaining] = even.get(remaining, 0) + c // coefficient
            if c % coefficient:
                rest[m] = c % coefficient
        quotient = _simplest(even)
        if not rest or (not any(rest) and isinstance(divisor, int)):
            return quotient
        return quotient + Dim({(_Floor(_simplest(rest), divisor),): 1})

    def __rfloordiv__(self, other: int) -> Size:
        return Dim({(): other}) // self

    def __mod__(self, divisor: Size) -> Size:
        return self - (self // divisor) * divisor

    def __rmod__(self, other: int) -> Size:
        return Dim({(): other}) % self

    def __pow__(self, exponent: int) -> Size:
        if not isinstance(exponent, int) or exponent < 0:
            raise ShapeError(f"expected the power of a size to be a whole number from 0; got {self}**{exponent}.")
        return prod([self] * exponent)

    def _at_least(self) -> int | None:
        """The smallest value, where it follows from every name being at least 1."""
        if any(c < 0 for m, c in self.terms.items() if m):
            return None
        return self.evaluate(dict.fromkeys(self.names(), 1)) if self._monotone() else None

    def _monotone(self) -> bool:
        return all(isinstance(a, str) or a.grows() for m in self.terms for a in m)

    def _compare(self, other: Size, wanted: str) -> bool:
        difference = self - other
        if isinstance(difference, int):
            return {"<": difference < 0, "<=": difference <= 0, ">": difference > 0, ">=": difference >= 0}[wanted]
        low = difference._at_least()
        negated = -difference
        high = negated._at_least() if isinstance(negated, Dim) else None
        if (low is not None and low > 0) or (low == 0 and wanted in ("<", ">=")):
            return wanted[0] == ">"
        if (high is not None and high > 0) or (high == 0 and wanted in (">", "<=")):
            return wanted[0] == "<"
        raise ShapeError(
            f"whether {self} {wanted} {other} depends on a size that is not known yet. "
            "Give the dimension a number, or write the code so that it does not ask."
        )

    def __lt__(self, other: Size) -> bool:
        return self._compare(other, "<")

    def __le__(self, other: Size) -> bool:
        return self._compare(other, "<=")

    def __gt__(self, other: Size) -> bool:
        return self._compare(other, ">")

    def __ge__(self, other: Size) -> bool:
        return self._compare(other, ">=")

    def __index__(self) -> int:
        raise ShapeError(f"the size {self} is symbolic, and a number is needed here. Give the dimension a number.")

    __int__ = __index__

    def names(self) -> set[str]:
        """The names that occur in the expression."""
        found: set[str] = set()
        for atom in itertools.chain.from_iterable(self.terms):
            found |= {atom} if isinstance(atom, str) else atom.names()
        return found

    def evaluate(self, sizes: Mapping[str, Any]) -> Any:
        """The number that the expression is when every name has the given size."""
        total: Any = 0
        for monomial, coefficient in self.terms.items():
            factors = (sizes[a] if isinstance(a, str) else a.evaluate(sizes) for a in monomial)
            total += coefficient * math.prod(factors)
        return total


@dataclass(frozen=True)
class _Floor:
    """An atom: a floor division that does not come out even."""

    numerator: Size
    divisor: Size

    def __str__(self) -> str:
        numerator, divisor = (f"({s})" if not s.isalnum() else s for s in (str(self.numerator), str(self.divisor)))
        return f"{numerator}//{divisor}"

    def names(self) -> set[str]:
        return set().union(*(part.names() for part in (self.numerator, self.divisor) if isinstance(part, Dim)))

    def evaluate(self, sizes: Mapping[str, Any]) -> Any:
        return evaluate(self.numerator, sizes) // evaluate(self.divisor, sizes)

    def grows(self) -> bool:
        """Whether it grows with each of its names."""
        return isinstance(self.divisor, int) and self.divisor > 0 and _grows(self.numerator)


@dataclass(frozen=True)
class _BelowZero:
    """An atom: a size where it is negative, else 0."""

    size: Dim

    def __str__(self) -> str:
        return f"min({self.size}, 0)"

    def names(self) -> set[str]:
        return self.size.names()

    def evaluate(self, sizes: Mapping[str, Any]) -> Any:
        return smaller(self.size.evaluate(sizes), 0)

    def grows(self) -> bool:
        """Whether it grows with each of its names."""
        return _grows(self.size)


def _grows(size: Size) -> bool:
    return isinstance(size, Dim) and all(c > 0 for m, c in size.terms.items() if m) and size._monotone()


def smaller(one: Size, other: Size) -> Size:
    """The smaller one of two sizes.

    >>> n = dim("n")
    >>> smaller(n, n + 2), smaller(n, 0), smaller(n, 10)
    (n, 0, min(n - 10, 0) + 10)
    """
    if not isinstance(one, Dim):
        one, other = other, one
    difference = one - other
    if not isinstance(difference, Dim):
        return one if difference < 0 else other
    with contextlib.suppress(ShapeError):
        return one if difference <= 0 else other
    with contextlib.suppress(ShapeError):
        return other if difference >= 0 else one
    return other + Dim({(_BelowZero(difference),): 1})


def larger(one: Size, other: Size) -> Size:
    """The larger one of two sizes."""
    return one + other - smaller(one, other)


def _term_order(term: tuple[_Monomial, int]) -> tuple:
    monomial, _ = term
    return (-len(monomial), [str(a) for a in monomial])


def _as_dim(value: Any) -> Dim | None:
    if isinstance(value, Dim):
        return value
    return Dim({(): int(value)}) if hasattr(value, "__index__") else None


def _simplest(terms: Mapping[_Monomial, int]) -> Size:
    terms = {m: c for m, c in terms.items() if c}
    if not any(terms):
        return terms.get((), 0)
    return Dim(terms)


def _without(monomial: _Monomial, factors: _Monomial) -> _Monomial | None:
    """The monomial with these factors taken out, or None where it lacks one."""
    left = list(monomial)
    for factor in factors:
        if factor not in left:
            return None
        left.remove(factor)
    return tuple(left)


def dim(name: str) -> Dim:
    """A symbolic size with a name."""
    return Dim({(name,): 1})


_unnamed = itertools.count(1)


def unknown_dim(axis: int) -> Dim:
    """The size that `None` in a shape stands for: the batch on the first axis, a size of its own elsewhere."""
    return dim("batch") if axis == 0 else dim(f"d{next(_unnamed)}")


def evaluate(size: Size, sizes: Mapping[str, Any]) -> Any:
    """A size as a number, given the sizes of its names; as another size where these are symbolic."""
    return size.evaluate(sizes) if isinstance(size, Dim) else size


def ceil_div(size: Any, divisor: Any) -> Any:
    """Division rounded up, of numbers, symbolic sizes, or sizes that a framework computes as it runs."""
    return (size + divisor - 1) // divisor


def prod(sizes: Iterable[Any]) -> Any:
    """The product of sizes."""
    total: Any = 1
    for size in sizes:
        total = total * size
    return total


@dataclass(frozen=True, eq=False, init=False)
class Spec:
    """A shape and a dtype, in Keras a KerasTensor. An op on Specs gives Specs, each of which knows the call behind it.

    Args:
        shape: The sizes: whole numbers, symbolic sizes, and None for a symbolic size of its own.
        dtype: The dtype.
        sparse: Must not be True: no backend here has sparse arrays.
        ragged: Must not be True: no backend here has ragged arrays.
        record_history: Whether what ops make of it knows the call that produced it.
        name: A name; None for none.
        producer: What produced it.

    >>> Spec((None, 28, 28))
    Spec((batch, 28, 28), 'float32')
    """

    shape: tuple[Size, ...]
    dtype: str = "float32"
    record_history: bool = True
    name: str | None = None
    producer: Any = field(default=None, repr=False)

    sparse: ClassVar[bool] = False
    ragged: ClassVar[bool] = False

    def __init__(
        self,
        shape: Iterable[Any],
        dtype: str = "float32",
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
        producer: Any = None,
    ):
        if sparse or ragged:
            raise OptionError(
                "Spec: there are no sparse and no ragged arrays here. Leave out sparse=True and ragged=True."
            )
        sizes = tuple(unknown_dim(axis) if size is None else _as_size(size) for axis, size in enumerate(shape))
        if any(not hasattr(size, "__index__") or (isinstance(size, int) and size < 0) for size in sizes):
            raise ShapeError(f"expected sizes to be whole numbers from 0; got {show_shape(sizes)}.")
        object.__setattr__(self, "shape", sizes)
        object.__setattr__(self, "dtype", standardize_dtype(dtype))
        object.__setattr__(self, "record_history", record_history)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "producer", producer)

    def __repr__(self) -> str:
        name = f", name={self.name!r}" if self.name else ""
        return f"Spec({show_shape(self.shape)}, {self.dtype!r}{name})"

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> Size:
        """The number of elements."""
        return prod(self.shape)

    def matches(self, other: Spec) -> bool:
        """Whether shape and dtype are the same."""
        return self.shape == other.shape and self.dtype == other.dtype

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a Spec without axes.")
        return self.shape[0].__index__()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise DTypeError(
            f"{self} has a shape and a dtype, but no values to convert to NumPy. Use the function of polykeras.ops."
        )

    def __float__(self) -> float:
        raise TypeError("A Spec has a shape and a dtype but no values to make a number of. Compute with polykeras.ops.")

    def __bool__(self) -> bool:
        raise TypeError(
            "A Spec has a shape and a dtype but no values, so it is neither true nor false. "
            "Choose with ops.cond or ops.where instead of `if`."
        )


KerasTensor = Spec


def is_keras_tensor(x: Any) -> bool:
    """Whether this is a shape and a dtype without values, of which a model can be made.

    >>> is_keras_tensor(Spec((2,))), is_keras_tensor([1.0, 2.0])
    (True, False)
    """
    return isinstance(x, Spec)


def _as_size(size: Any) -> Any:
    """A whole number of whatever kind as Python's; anything else as it is."""
    return size.__index__() if hasattr(size, "__index__") and not isinstance(size, Dim) else size


def show_shape(shape: Iterable[Any]) -> str:
    """A shape as a reader expects it: `(2, batch)`."""
    sizes = [str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def broadcast_shapes(*shapes: tuple[Any, ...]) -> tuple[Any, ...]:
    """The shape to which these broadcast.

    Two symbolic sizes with names of their own are taken to be equal, as is a symbolic size and a number: only
    the run can tell.
    """
    ndim = max(map(len, shapes), default=0)
    padded = [(1,) * (ndim - len(shape)) + tuple(shape) for shape in shapes]
    return tuple(_broadcast_sizes(sizes, shapes) for sizes in zip(*padded, strict=True))


def _broadcast_sizes(sizes: tuple[Any, ...], shapes: tuple[tuple[Any, ...], ...]) -> Any:
    numbers = {size for size in sizes if not isinstance(size, Dim) and size != 1}
    symbols = list(dict.fromkeys(size for size in sizes if isinstance(size, Dim)))
    contradictory = any(a.names() == b.names() for a, b in itertools.combinations(symbols, 2))
    if len(numbers) > 1 or contradictory:
        raise ShapeError(
            f"shapes {' and '.join(map(show_shape, shapes))} do not broadcast: from the last axis on, sizes must be "
            "equal or 1. Reshape one of the arrays, or add axes with expand_dims."
        )
    if numbers:
        return numbers.pop()
    return symbols[0] if symbols else 1


def same_size(one: Any, other: Any) -> bool:
    """Whether two sizes are equal, as far as can be told before the run."""
    if isinstance(one, Dim) and isinstance(other, Dim):
        return one == other or one.names() != other.names()
    return not (isinstance(one, int) and isinstance(other, int)) or one == other


def normalize_axis(axis: int, ndim: int) -> int:
    """A non-negative axis, or an error that says which there are."""
    if not hasattr(axis, "__index__"):
        raise ShapeError(f"expected an axis to be a whole number; got {axis!r}.")
    if not -ndim <= axis < ndim:
        valid = f"from {-ndim} to {ndim - 1}" if ndim else "none, as the array has no axes"
        raise ShapeError(f"axis {axis} is out of range for an array with {ndim} axes; valid axes: {valid}.")
    return axis % ndim


def normalize_axes(axis: int | Iterable[int] | None, ndim: int) -> tuple[int, ...]:
    """Non-negative axes, all of them for None."""
    if axis is None:
        return tuple(range(ndim))
    given: Any = axis if isinstance(axis, (tuple, list)) else [axis]
    axes = tuple(normalize_axis(a, ndim) for a in given)
    if len(set(axes)) != len(axes):
        raise ShapeError(f"axis {axis} names an axis twice.")
    return axes
