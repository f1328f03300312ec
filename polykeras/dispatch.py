"""Who runs an op on which arguments, and what happens when a call fails.

The types of the arrays decide. An interpreter runs what no framework made (Specs, tape values, variables); a
framework's array goes to its backend; host data goes where the other arguments live, else to the backend in use.
What is decided once for a combination of types is remembered in the op's table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from . import tree
from .backend import CURRENT, WEAK, Backend, current, home_of_type, host_array, mixed_homes
from .dtypes import canonical
from .errors import BackendError, DTypeError, OpError, PolykerasError
from .spec import Spec

if TYPE_CHECKING:
    from .op import Op

Run = Callable[..., Any]


class Interpreter:
    """Runs ops on a type of array of its own. Where several meet, the highest level runs first."""

    level: int

    def runner(self, op: Op) -> Run:
        """The function that runs the op, all parameters given by position."""
        raise NotImplementedError

    def spec(self, x: Any) -> Spec:
        """Shape and dtype of one of its arrays."""
        raise NotImplementedError

    def home(self, x: Any) -> Backend | None:
        """The backend of the array inside, if there is one."""
        return None

    def to_numpy(self, x: Any) -> np.ndarray:
        """The values of one of its arrays, if that makes sense."""
        raise NotImplementedError


class Holder(Interpreter):
    """Runs ops on objects that hold an array, such as variables: on the arrays that they hold."""

    level = 100

    def read(self, x: Any) -> Any:
        """The array that an object holds now."""
        raise NotImplementedError

    def lend(self, holders: list[Any], arrays: list[Any]) -> AbstractContextManager[Any]:
        """Have objects hold other arrays for a while."""
        raise NotImplementedError

    def runner(self, op: Op) -> Run:
        def run(*args: Any) -> Any:
            given = list(args)
            for position in op.positions:
                given[position] = tree.map_structure(held, given[position])
            return op.function(*given)

        return run

    def spec(self, x: Any) -> Spec:
        return spec_of(self.read(x))

    def home(self, x: Any) -> Backend | None:
        return _home(self.read(x))

    def to_numpy(self, x: Any) -> np.ndarray:
        from .ops import convert_to_numpy

        return convert_to_numpy(self.read(x))


def held(x: Any) -> Any:
    """The array that an object holds, or the object itself where it holds none."""
    kind = _kinds.get(type(x)) or kind_or_none(type(x))
    return kind.read(x) if isinstance(kind, Holder) else x


def kind_or_none(cls: type) -> Any:
    """As `kind_of`, with None for what cannot be an argument."""
    try:
        return kind_of(cls)
    except DTypeError:
        return None


_interpreters: dict[type, Interpreter] = {}
_kinds: dict[type, Any] = {}


def lend(objects: list[Any], arrays: list[Any]) -> AbstractContextManager[Any]:
    """Have objects hold other arrays for a while, and note what is assigned to any object that holds one."""
    holders = [interpreter for interpreter in _interpreters.values() if isinstance(interpreter, Holder)]
    return holders[0].lend(objects, arrays) if holders else nullcontext()


HOST, CONVERTIBLE, SCALAR, NESTED, ABSENT = "host", "convertible", "scalar", "nested", "absent"


def interprets(cls: type, interpreter: Interpreter) -> None:
    """Have ops on arrays of this class run by an interpreter."""
    _interpreters[cls] = interpreter


def kind_of(cls: type) -> Any:
    """What a type of argument is: an Interpreter, a Backend, or a kind of host data."""
    kind = _kinds.get(cls)
    if kind is None:
        kind = _kinds[cls] = _find_kind(cls)
    return kind


def _find_kind(cls: type) -> Any:
    for interpreted, interpreter in _interpreters.items():
        if issubclass(cls, interpreted):
            return interpreter
    if cls in WEAK:
        return SCALAR
    if cls is type(None):
        return ABSENT
    if issubclass(cls, (np.ndarray, np.generic)):
        return HOST
    if issubclass(cls, (list, tuple, dict)):
        return NESTED
    home = home_of_type(cls)
    if home is not None:
        return home
    if hasattr(cls, "__array__"):
        return CONVERTIBLE
    raise DTypeError(f"expected arrays, numbers, or nested lists of them; got a {cls.__module__}.{cls.__qualname__}.")


def arrays_of(op: Op, args: Sequence[Any]) -> Iterable[Any]:
    """Each array among the arguments of an op, lists and structures taken apart."""
    for position in op.positions:
        if op.parameters[position].kind in ("Arrays", "Tree"):
            yield from tree.flatten(args[position])
        else:
            yield args[position]


def _home(x: Any) -> Backend | None:
    """The backend of an array, or None for host data and what is no array."""
    kind = kind_or_none(type(x))
    if isinstance(kind, Interpreter):
        return kind.home(x)
    return kind if isinstance(kind, Backend) else None


def home_of(structure: Any) -> Backend:
    """The backend at which the arrays of a structure are at home; the one in use if all is host data."""
    homes = list(dict.fromkeys(home for home in map(_home, tree.flatten(structure)) if home is not None))
    if len(homes) > 1:
        raise mixed_homes("this function", homes)
    return homes[0] if homes else current()


def select(op: Op, args: tuple[Any, ...]) -> Run:
    """The function that runs an op on arguments of these types; it is remembered."""
    types = [type(x) for x in arrays_of(op, args)]
    try:
        kinds = [kind_of(cls) for cls in types]
    except DTypeError as error:
        raise error.named(op.name) from None
    if NESTED in kinds and not _keeps_lists(op, args):
        return _with_lists(op, args)
    interpreters = [kind for kind in kinds if isinstance(kind, Interpreter)]
    if interpreters:
        run = max(interpreters, key=lambda interpreter: interpreter.level).runner(op)
    else:
        homes = list(dict.fromkeys(kind for kind in kinds if isinstance(kind, Backend)))
        if len(homes) > 1:
            raise mixed_homes(op.name, homes)
        run = _eager(op, homes[0] if homes else current(), types)
    if not op.takes_trees and NESTED not in kinds:
        _remember(op, args, run)
    return run


def _remember(op: Op, args: tuple[Any, ...], run: Run) -> None:
    keys: list[Any] = [CURRENT.get()]
    for position in op.positions:
        value = args[position]
        keys.append(tuple(map(type, value)) if op.parameters[position].kind == "Arrays" else type(value))
    table = op.table
    for key in keys[:-1]:
        table = table.setdefault(key, {})
    table[keys[-1]] = run


def _keeps_lists(op: Op, args: tuple[Any, ...]) -> bool:
    """Whether all lists are host data for an op that takes host data as it is."""
    nested = [(p, x) for p, x in zip(op.parameters, args, strict=True) if p.is_array and kind_of(type(x)) is NESTED]
    return all(p.kind == "Value" and _is_host_data(x) for p, x in nested)


def _is_host_data(x: Any) -> bool:
    return all(kind_of(type(leaf)) in (SCALAR, HOST, CONVERTIBLE) for leaf in tree.flatten(x))


def _with_lists(op: Op, args: tuple[Any, ...]) -> Run:
    """Run the op with each nested list made an array: on the host, or by stacking where it holds arrays."""
    from .op import OPS

    def gathered(x: Any) -> Any:
        if kind_of(type(x)) is not NESTED:
            return x
        if _is_host_data(x):
            return host_array(x)
        return OPS["stack"].function([gathered(item) for item in x])

    def run(*args: Any) -> Any:
        given = list(args)
        for position in op.positions:
            kind = op.parameters[position].kind
            if kind == "Arrays":
                given[position] = [gathered(x) for x in given[position]]
            elif kind != "Tree":
                given[position] = gathered(given[position])
        return op.function(*given)

    return run


# Running on a backend --------------------------------------------------------------------------------------


def _eager(op: Op, home: Backend, types: list[type]) -> Run:
    """How a backend runs an op: its kernel or the op's body, behind as few checks as these types need."""
    kernel = home.kernel(op.name)
    raw = kernel or op.body
    if raw is None:
        raise BackendError(f"backend {home.name} has no kernel for the primitive op {op.name}.")
    particular = home.plain is not None and kernel is not None

    def general(*args: Any) -> Any:
        prepared = prepare(op, home, args)
        return home.call(raw, prepared) if particular else raw(*prepared)

    native = [issubclass(cls, home.array_types) for cls in types]
    if not op.promote and not particular:
        as_it_is = all(is_native or cls is type(None) for is_native, cls in zip(native, types, strict=True))
        return raw if (as_it_is and not op.takes_masks) or op.takes_values else general
    if op.positions != op.promoted or op.positions not in ((0,), (0, 1)) or op.takes_lists:
        return general
    names = frozenset(home.dtypes)
    if op.promote:
        names = frozenset(name for name in names if op.promote(name) == name)
    if particular:
        names &= home.plain  # type: ignore[operator]
    fixed = None if len(names) == len(home.dtypes) else frozenset(home.dtypes[name] for name in names)
    if native == [True]:
        return raw if fixed is None else _checking_one(raw, fixed, general)
    if native == [True, True]:
        if home.strict:
            return raw if fixed is None else _checking_one(raw, fixed, general)
        return _checking_two(raw, frozenset(home.dtypes.values()) if fixed is None else fixed, general)
    if len(native) == 2 and any(native) and op.name in home.scalars:
        array = native.index(True)
        scalar = types[1 - array]
        if scalar in WEAK:
            absorbing = (name for name in names if _stays(op, name, (name, scalar) if array == 0 else (scalar, name)))
            return _checking_scalar(raw, frozenset(home.dtypes[name] for name in absorbing), array, general)
    return general


def _stays(op: Op, name: str, dtypes: tuple[str | type, ...]) -> bool:
    """Whether an op on arguments of these dtypes computes in a given one."""
    try:
        return op.promote(*dtypes) == name  # type: ignore[misc]
    except DTypeError:
        return False


def _checking_one(raw: Run, fixed: frozenset, general: Run) -> Run:
    def run(x: Any, *rest: Any) -> Any:
        return raw(x, *rest) if x.dtype in fixed else general(x, *rest)

    return run


def _checking_two(raw: Run, fixed: frozenset, general: Run) -> Run:
    def run(x1: Any, x2: Any, *rest: Any) -> Any:
        dtype = x1.dtype
        return raw(x1, x2, *rest) if dtype is x2.dtype and dtype in fixed else general(x1, x2, *rest)

    return run


def _checking_scalar(raw: Run, absorbing: frozenset, array: int, general: Run) -> Run:
    def run(*args: Any) -> Any:
        return raw(*args) if args[array].dtype in absorbing else general(*args)

    return run


def prepare(op: Op, home: Any, args: Sequence[Any]) -> list[Any]:
    """The arguments of an op with every array at home and in the dtype in which the op computes.

    Home is a backend, or whatever else has `asarray`, `cast` and `dtype`.
    """
    prepared = list(args)
    if op.promote:
        arrays = [x for position in op.promoted for x in _listed(prepared[position]) if x is not None]
        arrays = [x if type(x) in WEAK else _at_home(x, home) for x in arrays]
        dtype = op.promote(*(type(x) if type(x) in WEAK else home.dtype(x) for x in arrays))
    else:
        dtype = None
    for position in op.positions:
        parameter = op.parameters[position]
        if parameter.kind == "Value":
            continue
        wanted = dtype if parameter.is_promoted else "bool" if parameter.kind == "Mask" else None
        if parameter.kind in ("Arrays", "Tree"):
            prepared[position] = tree.map_structure(lambda x: _in_dtype(x, home, wanted), prepared[position])
        else:
            prepared[position] = _in_dtype(prepared[position], home, wanted)
    return prepared


def _listed(x: Any) -> list[Any]:
    return x if type(x) is list else [x]


def _at_home(x: Any, home: Any) -> Any:
    return x if x is None or isinstance(x, home.array_types) else home.asarray(x)


def _in_dtype(x: Any, home: Any, dtype: str | None) -> Any:
    if x is None:
        return None
    if type(x) in WEAK:
        return home.asarray(x, dtype)
    x = _at_home(x, home)
    return x if dtype is None or home.dtype(x) == dtype else home.cast(x, dtype)


# When a call fails -----------------------------------------------------------------------------------------


def recover(op: Op, error: Exception, args: tuple[Any, ...]) -> Any:
    """Say what is wrong with a call that failed; or, where only a kernel for the dtype was missing, do without.

    An ill-formed call gets the message of the op's rule for shapes and dtypes, the same on every backend. Where
    the rule is content, the error goes through untouched.
    """
    if isinstance(error, OpError) and error.op is None:
        raise error.named(op.name) from error.__cause__
    if isinstance(error, PolykerasError) and (op.infer is None or getattr(error, "op", op.name) == op.name):
        raise error
    if op.takes_functions:
        raise error
    _explain(op, error, args)
    return _with_other_dtypes(op, error, args)


def _explain(op: Op, error: Exception, args: tuple[Any, ...]) -> None:
    try:
        infer(op, args)
    except OpError as mistake:
        raise mistake from error
    except Exception:  # the rule cannot tell either
        return


def _with_other_dtypes(op: Op, error: Exception, args: tuple[Any, ...]) -> Any:
    """Call a kernel again in the dtypes that it has: promoted where the framework refuses to, wider where it must."""
    kinds = [kind_of(type(x)) for x in arrays_of(op, args)]
    home = next((kind for kind in kinds if isinstance(kind, Backend)), current())
    kernel = home.kernel(op.name)
    if kernel is None or any(isinstance(kind, Interpreter) for kind in kinds):
        raise error
    prepared = prepare(op, home, args)
    changed = any(new is not old for new, old in zip(prepared, args, strict=True))

    def widened(x: Any) -> Any:
        nonlocal changed
        if x is None or home.dtype(x) not in home.wider:
            return x
        changed = True
        return home.cast(x, home.wider[home.dtype(x)])

    for position in op.positions:
        prepared[position] = tree.map_structure(widened, prepared[position])
    if not changed:
        raise error
    try:
        results = home.call(kernel, prepared)
    except Exception:
        raise error from None
    specs = infer(op, args)
    return tree.map_structure(lambda x, spec: _in_dtype(x, home, spec.dtype), results, specs)


# Specs -----------------------------------------------------------------------------------------------------


class Call:
    """A call of an op on Specs, by which its results know how they came about."""

    def __init__(self, op: Op, args: tuple[Any, ...]):
        self.op = op
        self.args = args
        self.outputs: list[Spec] = []

    def __repr__(self) -> str:
        return f"<call of {self.op.name}>"


class Symbolic(Interpreter):
    """Runs ops on Specs: finds shapes and dtypes, and remembers the calls."""

    level = 50
    array_types = (Spec,)

    def runner(self, op: Op) -> Run:
        def run(*args: Any) -> Any:
            call = Call(op, args)

            def produced(spec: Spec) -> Spec:
                result = Spec(spec.shape, spec.dtype, producer=call)
                call.outputs.append(result)
                return result

            return tree.map_structure(produced, infer(op, args))

        return run

    def spec(self, x: Spec) -> Spec:
        return x

    def to_numpy(self, x: Spec) -> np.ndarray:
        raise DTypeError(f"{x} has a shape and a dtype, but no values to convert to NumPy.")

    def asarray(self, x: Any, dtype: str | None = None) -> Spec:
        """The Spec of any array or number."""
        spec = spec_of(x)
        return spec if dtype is None else self.cast(spec, dtype)

    def cast(self, x: Spec, dtype: str) -> Spec:
        """The Spec with another dtype."""
        return Spec(x.shape, dtype)

    def dtype(self, x: Spec) -> str:
        """The dtype of a Spec."""
        return x.dtype


SYMBOLIC = Symbolic()
interprets(Spec, SYMBOLIC)


def infer(op: Op, args: Sequence[Any]) -> Any:
    """Specs of the results of a call, or the error that says what is wrong with it."""
    try:
        prepared = prepare(op, SYMBOLIC, args)
        return (op.infer or op.body)(*prepared)  # type: ignore[misc]
    except OpError as mistake:
        raise mistake if mistake.op else mistake.named(op.name) from None


def spec_of(x: Any) -> Spec:
    """Shape and dtype of any array or number.

    >>> spec_of([[1.0, 2.0]])
    Spec((1, 2), 'float32')
    """
    kind = kind_of(type(x))
    if isinstance(kind, Interpreter):
        return kind.spec(x)
    if isinstance(kind, Backend):
        return Spec((size if isinstance(size, int) else None for size in kind.shape(x)), kind.dtype(x))
    if kind is HOST:
        return Spec(x.shape, canonical(x.dtype))
    array = host_array(x)
    return Spec(array.shape, canonical(array.dtype))
