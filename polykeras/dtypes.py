"""Names of dtypes, and the one lattice in which mixed arguments find their common dtype.

A dtype is a string such as "float32". Python scalars are weak: they take part as `bool`, `int`, `float` or
`complex` and give way to any array of the same kind.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from .errors import DTypeError
from .settings import settings

# Each dtype, and the dtypes directly above it. The names in <> are the weak ones of Python scalars.
_ABOVE = {
    "bool": ["<int>"],
    "<int>": ["uint8", "int8"],
    "uint8": ["uint16", "int16"],
    "uint16": ["uint32", "int32"],
    "uint32": ["uint64", "int64"],
    "uint64": ["<float>"],
    "int8": ["int16"],
    "int16": ["int32"],
    "int32": ["int64"],
    "int64": ["<float>"],
    "<float>": ["bfloat16", "float16", "<complex>"],
    "bfloat16": ["float32"],
    "float16": ["float32"],
    "float32": ["float64", "complex64"],
    "float64": ["complex128"],
    "<complex>": ["complex64"],
    "complex64": ["complex128"],
    "complex128": [],
}
_WEAK = {bool: "bool", int: "<int>", float: "<float>", complex: "<complex>"}
_FLOAT8 = ("float8_e4m3fn", "float8_e5m2")

BOOLS = frozenset({"bool"})
SIGNED = frozenset({"int8", "int16", "int32", "int64"})
UNSIGNED = frozenset({"uint8", "uint16", "uint32", "uint64"})
INTEGERS = SIGNED | UNSIGNED
FLOATS = frozenset({"bfloat16", "float16", "float32", "float64"})
COMPLEXES = frozenset({"complex64", "complex128"})
INEXACT = FLOATS | COMPLEXES
STORAGE = frozenset(_FLOAT8)
NAMES = (*(name for name in _ABOVE if "<" not in name), *_FLOAT8)
"""The names of all dtypes, narrow ones before wide ones."""
ALL = frozenset(NAMES)
TEXT = "string"
"""What stands in place of a dtype where there are strings, with which no op computes."""


@dataclass(frozen=True)
class Accepted:
    """The dtypes that an op is defined for, and what to do with others."""

    dtypes: frozenset[str]
    advice: str

    def check(self, dtype: str) -> None:
        """Refuse any other dtype."""
        if dtype not in self.dtypes:
            advice = "8-bit floats are for storage: cast to a wider float first." if dtype in STORAGE else self.advice
            raise DTypeError(f"not defined for {dtype}; {advice}")


COMPUTABLE = Accepted(BOOLS | INTEGERS | INEXACT, "cast first.")
NUMBERS = Accepted(INTEGERS | INEXACT, "cast to int32, or use logical_and, logical_or and logical_not.")
ORDERED_NUMBERS = Accepted(INTEGERS | FLOATS, "cast to integers or floats first.")
ORDERED = Accepted(BOOLS | INTEGERS | FLOATS, "it is for real numbers: take real, imag or abs first.")
BITS = Accepted(BOOLS | INTEGERS, "cast to integers first.")
WHOLE = Accepted(INTEGERS, "cast to integers first.")

_ALIASES = {
    "int": "int32",
    "uint": "uint32",
    "float": "float32",
    "half": "float16",
    "double": "float64",
    "bool_": "bool",
    "complex": "complex64",
    "float8_e4m3": "float8_e4m3fn",
}
_PYTHON: dict[Any, str] = {bool: "bool", int: "int32", float: "float32", complex: "complex64"}
_known: dict[Any, str] = {name: name for name in ALL}


def canonical(dtype: Any) -> str:
    """The name of a dtype given as a name, a Python type, or a dtype object of any framework.

    >>> import numpy as np
    >>> canonical(np.float32), canonical("double"), canonical(int)
    ('float32', 'float64', 'int32')
    """
    try:
        return _known[dtype]
    except (KeyError, TypeError):
        pass
    name = dtype if isinstance(dtype, str) else _PYTHON.get(dtype) or _name(dtype)
    name = _ALIASES.get(name, name)
    if name not in ALL and getattr(dtype, "kind", None) in ("O", "S", "U", "M", "m"):
        raise DTypeError(
            f"expected numbers; got {dtype!r}. Convert an array with `x.astype('float32')`, texts with a StringLookup."
        )
    if name not in ALL:
        raise DTypeError(f"expected a dtype, one of {', '.join(sorted(ALL))}; got {dtype!r}.")
    _known[dtype] = name
    return name


def standardize_dtype(dtype: Any) -> str:
    """The name of a dtype, as `canonical`; None for floatx, and "string" for strings.

    >>> standardize_dtype(None), standardize_dtype(int), standardize_dtype("string")
    ('float32', 'int32', 'string')
    """
    if dtype is None:
        return settings.floatx
    return TEXT if is_text_dtype(dtype) else canonical(dtype)


def is_text_dtype(dtype: Any) -> bool:
    """Whether this stands for strings: their name, Python's type, or TensorFlow's.

    >>> is_text_dtype("string"), is_text_dtype(str), is_text_dtype("float32")
    (True, True, False)
    """
    return dtype is str or (dtype if isinstance(dtype, str) else getattr(dtype, "name", None)) == TEXT


def is_float_dtype(dtype: Any) -> bool:
    """Whether this is a dtype of real floating-point numbers, those for storage among them.

    >>> is_float_dtype("bfloat16"), is_float_dtype("complex64")
    (True, False)
    """
    return standardize_dtype(dtype) in FLOATS | STORAGE


def is_int_dtype(dtype: Any) -> bool:
    """Whether this is a dtype of integers, with or without a sign.

    >>> is_int_dtype("uint8"), is_int_dtype("bool")
    (True, False)
    """
    return standardize_dtype(dtype) in INTEGERS


def _name(dtype: Any) -> str:
    """`float32` out of np.dtype('float32'), np.float32, torch.float32 or tf.float32."""
    name = getattr(dtype, "name", None) or getattr(dtype, "__name__", None)
    return name if isinstance(name, str) else str(dtype).rpartition(".")[2]


@functools.cache
def _upward(node: str) -> frozenset[str]:
    return frozenset({node}).union(*(_upward(above) for above in _ABOVE[node]))


@functools.cache
def _join(nodes: frozenset[str]) -> str:
    if len(nodes) == 1:
        return next(iter(nodes))
    storage = nodes & STORAGE
    if storage:
        raise DTypeError(
            f"{' and '.join(sorted(storage))} does not mix with {' and '.join(sorted(nodes - storage))}: "
            "8-bit floats are for storage. Cast them to a wider float first."
        )
    common = frozenset.intersection(*map(_upward, nodes))
    return next(node for node in common if _upward(node) == common)


def _settled(node: str) -> str:
    """The dtype that a weak name stands for when no array decides."""
    if node == "<int>":
        return "int32"
    if node == "<float>":
        return settings.floatx
    if node == "<complex>":
        return "complex128" if settings.floatx == "float64" else "complex64"
    return node


def result_type(*dtypes: str | type) -> str:
    """The dtype in which arrays of these dtypes, and scalars of these Python types, meet.

    >>> result_type("int32", "float32"), result_type("bfloat16", "float16"), result_type("int8", int)
    ('float32', 'float32', 'int8')
    """
    return _settled(_join(frozenset(_WEAK.get(d, d) for d in dtypes)))  # type: ignore[arg-type]


# How ops choose the dtype in which they compute, given the dtypes of their arrays and the types of their numbers.


def same(*dtypes: str | type) -> str:
    """The common dtype itself: how most ops compute."""
    return dtypes[0] if len(dtypes) == 1 and isinstance(dtypes[0], str) else result_type(*dtypes)


def numeric(*dtypes: str | type) -> str:
    """The common dtype, with int32 for booleans: how `square` computes."""
    dtype = same(*dtypes)
    return "int32" if dtype == "bool" else dtype


def inexact(*dtypes: str | type) -> str:
    """The common dtype, with floatx for integers and booleans: how `exp` and `divide` compute."""
    dtype = same(*dtypes)
    return settings.floatx if dtype in INTEGERS or dtype == "bool" else dtype


def in_single(dtype: str) -> str:
    """The dtype itself, or float32 where that is wider: in halves, an optimizer's epsilon of 1e-7 would be none.

    >>> in_single("float16"), in_single("float64")
    ('float32', 'float64')
    """
    return "float32" if dtype in ("bfloat16", "float16") else dtype


def accumulator(*dtypes: str | type) -> str:
    """The common dtype, with 32 bits at least for integers: how `sum` and `prod` compute."""
    dtype = same(*dtypes)
    if dtype in ("bool", "int8", "int16"):
        return "int32"
    return "uint32" if dtype in ("uint8", "uint16") else dtype


def multiplied(*dtypes: str | type) -> str:
    """The common dtype, with int32 for int8, whose products do not fit: how `matmul` and `einsum` compute."""
    dtype = same(*dtypes)
    return "int32" if dtype == "int8" else dtype


def like_first(first: str | type, *_: str | type) -> str:
    """The dtype of the first: how one array is written into another."""
    return same(first)


def index_dtype(dtype: str) -> str:
    """The signed dtype in which to compute with indices of a dtype: int32 where it holds them all."""
    return "int64" if dtype in ("int64", "uint32", "uint64") else "int32"


def real_of(dtype: str) -> str:
    """The dtype of the real part of a complex dtype; any other dtype is its own."""
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


def is_float(dtype: str) -> bool:
    """Whether gradients can flow through arrays of this dtype."""
    return dtype in INEXACT
