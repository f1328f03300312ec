"""The table of ops: one row each, and the public function that is made from a row.

A row is written as a function. Its annotations say what each parameter is: `Array` (one array or number),
`Arrays` (a list of them), `Tree` (a structure of them), `Index` and `Mask` (arrays that take no part in dtype
promotion), `Value` (an array, or host data, which is passed on as it is), `Seed` (an array of two words, made
of any seed), `Axes`, `Shape`, `DType`, `FloatxDType` (brought into one form before anybody sees them; None for
the last is floatx), `Function` and `Functions`. Anything else is static and reaches kernels as it was given.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from . import dispatch, mistakes
from .backend import CURRENT, Backend
from .dtypes import INTEGERS, Accepted, canonical, index_dtype
from .errors import CallError, OpError, ShapeError
from .interpreters import Interpreter, kind_or_none, seal
from .seeds import SEEDS_REQUIRED, key_of
from .settings import settings
from .source import function_like
from .spec import Spec
from .symbolic import spec_of

Array = Any
Arrays = Any
Tree = Any
Index = Any
Mask = Any
Value = Any
Seed = Any
Axes = Any
Shape = Any
DType = Any
FloatxDType = Any
Function = Callable[..., Any]
Functions = Sequence[Function]

F = TypeVar("F", bound=Callable[..., Any])
Rule = Callable[..., Any]


@dataclass(frozen=True)
class Parameter:
    """A parameter of an op, and what its annotation says it is."""

    name: str
    kind: str
    default: Any
    optional: bool = False
    """Whether it may be None."""

    @property
    def is_array(self) -> bool:
        """Whether arrays come in through it."""
        return self.kind in ("Array", "Arrays", "Tree", "Index", "Mask", "Value", "Seed")

    @property
    def is_promoted(self) -> bool:
        """Whether its arrays take part in dtype promotion."""
        return self.kind in ("Array", "Arrays")


@dataclass(eq=False)
class Op:
    """A row of the table."""

    name: str
    parameters: tuple[Parameter, ...]
    infer: Rule | None = None
    """Specs of the results out of the parameters, arrays given as Specs. Without it the body runs on Specs."""
    body: Rule | None = None
    """What a composed op means, written in other ops. A primitive has none."""
    vjp: tuple[Rule | None, ...] = ()
    """For each array parameter the rule `(g, out, *parameters) -> cotangent`, written in ops; None: no gradient."""
    pull: Rule | None = None
    """In place of `vjp`, one rule for all parameters, `(g, out, *parameters) -> cotangents`, where they share work."""
    promote: Callable[..., str] | None = None
    """The dtype in which to compute, out of the dtypes of the arrays. None: each array keeps its own."""
    accepts: Accepted | None = None
    """The dtypes in which it can compute; None: in all."""
    why: str = ""
    """Why a primitive is one."""
    ulp: float = 2.0
    """The largest error of a result, in units in its last place: of its kernels where it has some, else of its body."""
    own_gradient: bool = False
    """Whether its rules are its gradient on every backend, in place of the framework's: where that has none, or another
    convention at singular points."""
    on_integers: Rule | None = None
    """What it means for integers where frameworks differ: `(compute, constant, x1, x2)`, written in ops and in
    `compute`, a framework's kernel. `constant` is the second argument if that is a Python number, else None."""
    summands: Callable[..., Any] | None = None
    """How many numbers are added up for one element, out of the parameters, arrays as Specs: the error grows with the
    root of their number, and is relative to their size."""
    table: dict = field(default_factory=dict)
    """Who runs the op, by the type of each array argument; without any, by the backend in use or the default's name."""
    function: Callable[..., Any] = field(init=False)
    """The public function."""

    def __post_init__(self) -> None:
        self.positions = tuple(i for i, p in enumerate(self.parameters) if p.is_array)
        self.promoted = tuple(i for i in self.positions if self.parameters[i].is_promoted)
        self.takes_functions = any(p.kind in ("Function", "Functions") for p in self.parameters)
        self.takes_trees = any(p.kind == "Tree" for p in self.parameters)
        self.takes_dtype = any(p.kind == "DType" for p in self.parameters)
        self.takes_values = any(p.kind == "Value" for p in self.parameters)
        self.takes_lists = any(p.kind == "Arrays" for p in self.parameters)
        if self.pull is not None and (any(self.vjp) or self.own_gradient or self.takes_lists):
            raise ValueError(f"op {self.name}: pull is for ops of single arrays, without vjp and own_gradient.")

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _op, (self.name,)  # there is one in each process, which is copied and pickled as its name


def _op(name: str) -> Op:
    return OPS[name]


OPS: dict[str, Op] = {}


def primitive(
    *,
    why: str,
    infer: Rule,
    vjp: Sequence[Rule | None] = (),
    promote: Callable[..., str] | None = None,
    accepts: Accepted | None = None,
    ulp: float = 2.0,
    on_integers: Rule | None = None,
    summands: Callable[..., Any] | None = None,
    own_gradient: bool = False,
    name: str | None = None,
) -> Callable[[F], F]:
    """Make an op out of a signature and a docstring. Every backend supplies a kernel for it."""
    row = {"infer": infer, "vjp": tuple(vjp), "promote": promote, "accepts": accepts, "ulp": ulp, "summands": summands}
    row["own_gradient"] = own_gradient
    return lambda declared: _enter(declared, name, why=why, on_integers=on_integers, **row)


def composed(
    *,
    infer: Rule | None = None,
    vjp: Sequence[Rule | None] = (),
    pull: Rule | None = None,
    promote: Callable[..., str] | None = None,
    accepts: Accepted | None = None,
    ulp: float = 2.0,
    summands: Callable[..., Any] | None = None,
    own_gradient: bool = False,
    name: str | None = None,
) -> Callable[[F], F]:
    """Make an op out of a function that is written in ops. A backend may override it with a kernel."""
    row = {"infer": infer, "vjp": tuple(vjp), "promote": promote, "accepts": accepts, "ulp": ulp, "summands": summands}
    row["own_gradient"] = own_gradient
    return lambda declared: _enter(declared, name, body=declared, pull=pull, **row)


def _enter(declared: Any, name: str | None, **row: Any) -> Any:
    parameters = tuple(map(_parameter, inspect.signature(declared).parameters.values()))
    op = Op(name or declared.__name__, parameters, **row)
    if op.name in OPS:
        raise ValueError(f"op {op.name} is defined twice.")
    OPS[op.name] = op
    op.function = _public_function(op, declared, op.name)
    return op.function


def _parameter(declared: inspect.Parameter) -> Parameter:
    kind = str(declared.annotation)
    optional = declared.default is None or kind.endswith(" | None")
    return Parameter(declared.name, kind.removesuffix(" | None"), declared.default, optional)


def alias(name: str, function: F) -> F:
    """An op under another name, which its errors then bear."""
    op: Op = function.op  # type: ignore[attr-defined]
    return _public_function(op, function.__wrapped__, name)  # type: ignore[attr-defined]


def names_its_errors(function: F) -> F:
    """Have the errors of a function that calls an op of another name bear the function's own name."""

    return functools.wraps(function)(_naming(function.__name__, function))  # type: ignore[return-value]


def _naming(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except OpError as error:
            raise error.called(name) from error.__cause__

    return run


# The public function ---------------------------------------------------------------------------------------

_CONVERSIONS = {
    "Axes": "if type({0}) not in plain_axes: {0} = as_axes({0})",
    "Shape": "if type({0}) is not tuple: {0} = as_shape({0})",
    "DType": "if {0} is not None: {0} = canonical({0})",
    "FloatxDType": "{0} = settings.floatx if {0} is None else canonical({0})",
    "Seed": "{0} = as_key({0})",
    "Arrays": "if type({0}) is not list: {0} = as_list({0})",
    "Function": "{0} = sealed({0})",
    "Functions": "{0} = [sealed(f) for f in {0}]",
}


def _public_function(op: Op, declared: Callable[..., Any], name: str) -> Any:
    """A function with the op's signature, which looks up who runs the op and calls it.

    It is written out as source, because this look-up is all that an eager call costs on top of the framework's.
    """
    signature = ", ".join(
        p.name if p.default is inspect.Parameter.empty else f"{p.name}=_{p.name}" for p in op.parameters
    )
    passed = ", ".join(p.name for p in op.parameters)
    arguments = f"({passed},)" if passed else "()"
    conversions = "".join(
        f"        {_CONVERSIONS[p.kind].format(p.name)}\n" for p in op.parameters if p.kind in _CONVERSIONS
    )
    if conversions:
        conversions = (
            f"    try:\n{conversions}    except Exception as error:\n        return refuse(op, error, {arguments})\n"
        )
    arrays = [op.parameters[i] for i in op.positions]
    keys = "".join(f"[tuple(map(type, {p.name}))]" if p.kind == "Arrays" else f"[type({p.name})]" for p in arrays)
    source = (
        f"def {name}({signature}):\n"
        f"{conversions}"
        f"    try:\n"
        f"        run = table{keys or '[current() or settings.backend]'}\n"
        f"    except KeyError:\n"
        f"        run = None\n"
        f"    if run is None:\n"
        f"        run = runner_for(op, {arguments})\n"
        f"    try:\n"
        f"        return run({passed})\n"
        f"    except Exception as error:\n"
        f"        return recover(op, error, {arguments})\n"
    )
    namespace = {
        "op": op,
        "table": op.table,
        "current": CURRENT.get,
        "runner_for": dispatch.select,
        "refuse": mistakes.refuse,
        "recover": dispatch.recover,
        "as_axes": _as_axes,
        "plain_axes": _PLAIN_AXES,
        "as_shape": _as_shape,
        "as_list": _as_list,
        "sealed": _sealed,
        "canonical": canonical,
        "settings": settings,
        "as_key": _as_key,
        **{f"_{p.name}": p.default for p in op.parameters},
    }
    if name != op.name:
        for step in ("runner_for", "refuse", "recover"):
            namespace[step] = _naming(name, namespace[step])
    function: Any = function_like(name, source, namespace)
    for attribute in ("__module__", "__doc__", "__annotations__"):
        setattr(function, attribute, getattr(declared, attribute))
    function.__wrapped__ = declared  # where the names in its annotations are known
    function.op = op
    return function


_PLAIN_AXES = frozenset((int, tuple, type(None)))


def _as_axes(axes: Any) -> Any:
    """One axis or several, given as whatever has whole numbers in it; anything else is for others to refuse."""
    if type(axes) is bool:
        raise ShapeError(f"expected an axis or several; got {axes}.")
    if isinstance(axes, (np.integer, np.ndarray)):
        axes = axes.tolist()
    return tuple(axes) if type(axes) is list else axes


def _as_shape(shape: Any) -> tuple[Any, ...]:
    if isinstance(shape, np.ndarray):
        shape = shape.tolist()
    if hasattr(shape, "__index__"):
        return (shape,)
    try:
        return tuple(shape)
    except TypeError:
        raise ShapeError(f"expected a shape, such as (2, 3); got {shape!r}.") from None


def _as_list(xs: Any) -> list[Any]:
    try:
        return list(xs)
    except TypeError:
        raise ShapeError(f"expected a list of arrays; got {mistakes.shown(xs)}.") from None


def _as_key(seed: Any) -> Any:
    """The key of a draw, out of what a caller may give as a seed: here also a number that a framework holds."""
    kind = kind_or_none(type(seed))
    if not isinstance(kind, (Backend, Interpreter)):
        return key_of(seed)
    if len(seed.shape) or spec_of(seed).dtype not in INTEGERS:
        return seed
    cast, low = OPS["cast"].function, OPS["cast"].function(seed, "uint32")
    if index_dtype(spec_of(seed).dtype) == "int32":
        high = OPS["zeros_like"].function(low)
    else:
        high = cast(OPS["right_shift"].function(cast(seed, "int64"), 32), "uint32")
    return OPS["stack"].function([low, high])


_SEALED = (
    "a function that an op such as cond, scan or map runs, where not every backend can keep it. Return the new value "
    "from the function, or carry it from step to step, and assign it afterwards."
)


def _sealed(function: Any) -> Any:
    """A function that an op runs, perhaps traced once for many steps: it cannot assign, nor draw without a seed."""
    if getattr(function, "is_sealed", False):
        return function
    if not callable(function):
        raise CallError(f"expected a function; got {function!r}.")

    def run(*args: Any, **kwargs: Any) -> Any:
        token = SEEDS_REQUIRED.set(True)
        try:
            with seal(_SEALED):
                return function(*args, **kwargs)
        finally:
            SEEDS_REQUIRED.reset(token)

    run.is_sealed = True
    return run


# Operators -------------------------------------------------------------------------------------------------

_BINARY = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "floordiv": "floor_divide",
    "mod": "mod",
    "pow": "power",
    "matmul": "matmul",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "lshift": "left_shift",
    "rshift": "right_shift",
}
_COMPARISONS = {
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "eq": "equal",
    "ne": "not_equal",
}
_UNARY = {"neg": "negative", "abs": "abs", "invert": "bitwise_not"}


def give_operators(cls: Any, *, equality: bool) -> None:
    """Teach a class Python's operators, as the ops of the same meaning."""

    def add_method(method: str, name: str, reflected: bool = False) -> None:
        def unary(self: Any) -> Any:
            return OPS[name].function(self)

        def binary(self: Any, other: Any) -> Any:
            return OPS[name].function(self, other)

        def comparing(self: Any, other: Any) -> Any:
            is_array = other is not None and kind_or_none(type(other)) is not None
            return OPS[name].function(self, other) if is_array else NotImplemented  # so that nothing equals a word

        def swapped(self: Any, other: Any) -> Any:
            return OPS[name].function(other, self)

        kinds = {"equal": comparing, "not_equal": comparing, **dict.fromkeys(_UNARY.values(), unary)}
        function = swapped if reflected else kinds.get(name, binary)
        function.__name__ = method
        function.__doc__ = f"ops.{name}"
        setattr(cls, method, function)

    for short, name in _BINARY.items():
        add_method(f"__{short}__", name)
        add_method(f"__r{short}__", name, reflected=True)
    for short, name in _COMPARISONS.items():
        if equality or short not in ("eq", "ne"):
            add_method(f"__{short}__", name)
    for short, name in _UNARY.items():
        add_method(f"__{short}__", name)
    cls.__getitem__ = lambda self, key: OPS["get_item"].function(self, key)
    cls.__array_priority__ = 1000.0  # NumPy's operators leave it to ours
    if equality:
        cls.__hash__ = object.__hash__


give_operators(Spec, equality=False)
