"""Who runs an op on which arguments, and what happens when a call fails.

The types of the arrays decide. An interpreter runs what no framework made (Specs, tape values, variables); a
framework's array goes to its backend; host data goes where the other arguments live, else to the backend in use.
What is decided once for a combination of types is remembered in the op's table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from . import tree
from .backend import CURRENT, WEAK, Backend, current, host_array, mixed_homes, using
from .dtypes import INTEGERS
from .errors import BackendError, DTypeError, OpError, PolykerasError
from .interpreters import CONVERTIBLE, HOST, NESTED, SCALAR, Interpreter, Run, kind_of
from .symbolic import in_dtype, infer, prepare

if TYPE_CHECKING:
    from .op import Op


def arrays_of(op: Op, args: Sequence[Any]) -> Iterable[Any]:
    """Each array among the arguments of an op, lists and structures taken apart."""
    for position in op.positions:
        if op.parameters[position].kind in ("Arrays", "Tree"):
            yield from tree.flatten(args[position])
        else:
            yield args[position]


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
    raw = kernel or _body_at(op, home)
    particular = home.plain is not None and kernel is not None

    def general(*args: Any) -> Any:
        prepared = prepare(op, home, args)
        return home.call(raw, prepared) if particular else raw(*prepared)

    if op.takes_values:
        return raw
    if op.takes_trees or (particular and op.takes_dtype):
        return general
    native = [issubclass(cls, home.array_types) for cls in types]
    if all(is_native or cls is type(None) for is_native, cls in zip(native, types, strict=True)):
        return _checked(op, home, raw, general, particular)
    pair = op.promoted == op.positions == (0, 1) and any(native) and op.name in home.scalars
    if pair and not op.takes_lists and types[1 - native.index(True)] in WEAK:
        array = native.index(True)
        return _checking_scalar(raw, _absorbing(op, home, types[1 - array], array, particular), array, general)
    return general


def _checked(op: Op, home: Backend, raw: Run, general: Run, particular: bool) -> Run:
    """An op on arrays of the backend alone, with a look at their dtypes as far as that is needed."""
    plain = home.plain if particular and home.plain is not None else frozenset(home.dtypes)
    allowed: dict[int, frozenset[str]] = {}
    for position in op.positions:
        kind = op.parameters[position].kind
        names = plain
        if kind == "Mask":
            names = names & {"bool"}
        elif kind in ("Index", "Seed"):
            names = names & INTEGERS
        elif op.promote and op.parameters[position].is_promoted:
            names = _computed_as_they_are(op, names)
        allowed[position] = names
    natives = {
        position: frozenset(home.dtypes[name] for name in names)
        for position, names in allowed.items()
        if len(names) < len(home.dtypes)
    }
    together = op.promoted if op.promote and not home.strict and (len(op.promoted) > 1 or op.takes_lists) else ()
    if not natives and not together and not op.takes_lists:
        return raw
    if op.takes_lists:
        return _checking_list(raw, natives, general) if op.positions == (0,) else general
    if op.positions == (0,) or (op.positions == (0, 1) and home.strict and op.promoted == (0, 1)):
        return _checking_one(raw, natives[0], general) if natives else raw
    if op.positions == together == (0, 1):
        return _checking_two(raw, natives.get(0, frozenset(home.dtypes.values())), general)
    return _checking_all(raw, list(natives.items()), together, general)


def _computed_as_they_are(op: Op, names: frozenset[str]) -> frozenset[str]:
    """The dtypes that an op is defined for and computes in without a cast."""
    assert op.promote is not None
    accepted = names & op.accepts.dtypes if op.accepts else names
    return frozenset(name for name in accepted if op.promote(name) == name)


def _absorbing(op: Op, home: Backend, scalar: type, array: int, particular: bool) -> frozenset[Any]:
    """The dtypes of arrays that a Python number can join without a cast, and whose kernels take it as it is."""
    names = home.plain if particular and home.plain is not None else frozenset(home.dtypes)
    names = _computed_as_they_are(op, names & home.number_dtypes if home.number_dtypes else names)
    if scalar is int:
        names -= INTEGERS  # whether an integer can hold a number is a matter of its value
    fitting = (name for name in names if _stays(op, name, (name, scalar) if array == 0 else (scalar, name)))
    return frozenset(home.dtypes[name] for name in fitting)


def _body_at(op: Op, home: Backend) -> Run:
    """The body of an op, run where its arrays are at home."""
    body = op.body
    if body is None:
        raise BackendError(f"backend {home.name} has no kernel for the primitive op {op.name}.")
    if home is current() and home.quiet is None:
        return body
    quiet = home.quiet or nullcontext

    def run(*args: Any) -> Any:
        with using(home), quiet():
            return body(*args)

    return run


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


def _checking_list(raw: Run, natives: dict[int, frozenset], general: Run) -> Run:
    fixed = natives.get(0)

    def run(xs: list[Any], *rest: Any) -> Any:
        if not xs:
            return general(xs, *rest)
        dtype = xs[0].dtype
        plain = all(x.dtype is dtype for x in xs) and (fixed is None or dtype in fixed)
        return raw(xs, *rest) if plain else general(xs, *rest)

    return run


def _checking_all(raw: Run, natives: list[tuple[int, frozenset]], together: tuple[int, ...], general: Run) -> Run:
    def run(*args: Any) -> Any:
        for position, fixed in natives:
            x = args[position]
            if x is not None and x.dtype not in fixed:
                return general(*args)
        if together:
            dtype = args[together[0]].dtype
            for position in together[1:]:
                x = args[position]
                if x is not None and x.dtype is not dtype:
                    return general(*args)
        return raw(*args)

    return run


# When a call fails -----------------------------------------------------------------------------------------


def recover(op: Op, error: Exception, args: tuple[Any, ...]) -> Any:
    """Say what is wrong with a call that failed; or, where only a kernel for the dtype was missing, do without.

    An ill-formed call gets the message of the op's rule for shapes and dtypes, the same on every backend. Where
    the rule is content, the error goes through untouched.
    """
    unnamed = isinstance(error, OpError) and error.op is None
    if isinstance(error, PolykerasError) and not unnamed and (op.infer is None or getattr(error, "op", op.name) == op.name):
        raise error
    if not op.takes_functions:
        _explain(op, error, args)
    if unnamed:
        raise error.named(op.name) from error.__cause__  # type: ignore[attr-defined]
    if op.takes_functions:
        raise error
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
        if op.parameters[position].kind != "Mask":
            prepared[position] = tree.map_structure(widened, prepared[position])
    if not changed:
        raise error
    try:
        results = home.call(kernel, prepared)
    except Exception:
        raise error from None
    specs = infer(op, args)
    return tree.map_structure(lambda x, spec: in_dtype(x, home, spec.dtype), results, specs)
