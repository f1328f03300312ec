"""Who runs an op on which arguments, and what happens when a call fails.

The types of the arrays decide. An interpreter runs what no framework made (Specs, tape values, variables); a
framework's array goes to its backend; host data goes where the other arguments live, else to the backend in use.
What is decided once for a combination of types is remembered in the op's table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from . import eager, tree
from .backend import CURRENT, Backend, current, host_array, mixed_homes
from .errors import DTypeError, OpError, PolykerasError
from .interpreters import CONVERTIBLE, HOST, NESTED, SCALAR, Interpreter, Run, kind_of
from .mistakes import check_for_lists, explain
from .settings import settings
from .source import function_like
from .spec import Dim
from .symbolic import SYMBOLIC, in_dtype, infer, prepare
from .tracebacks import shortened

if TYPE_CHECKING:
    from .op import Op


def arrays_of(op: Op, args: Sequence[Any]) -> Iterable[Any]:
    """Each array among the arguments of an op, lists and structures taken apart."""
    for position in op.positions:
        kind, value = op.parameters[position].kind, args[position]
        if kind == "Arrays" and isinstance(value, list):
            yield from value
        elif kind in ("Arrays", "Tree"):
            yield from tree.flatten(value)
        else:
            yield value


def select(op: Op, args: tuple[Any, ...]) -> Run:
    """The function that runs an op on arguments of these types; it is remembered."""
    _refuse_none(op, args)
    types = [type(x) for x in arrays_of(op, args)]
    try:
        kinds = [kind_of(cls) for cls in types]
    except DTypeError as error:
        raise error.named(op.name) from None
    if NESTED in kinds and not _keeps_lists(op, args):
        return _with_lists(op, args)
    interpreters = [kind for kind in kinds if isinstance(kind, Interpreter)]
    homes = list(dict.fromkeys(kind for kind in kinds if isinstance(kind, Backend)))
    if interpreters:
        run = max(interpreters, key=lambda interpreter: interpreter.level).runner(op)
    elif len(homes) > 1:
        raise mixed_homes(op.name, homes)
    else:
        run = eager.runner(op, homes[0] if homes else current(), types)
    if not op.takes_trees and NESTED not in kinds:
        _remember(op, args, run, by_backend_in_use=not interpreters and not homes)
    return run


def _refuse_none(op: Op, args: tuple[Any, ...]) -> None:
    for position in op.positions:
        parameter, value = op.parameters[position], args[position]
        missing = value is None or (parameter.kind == "Arrays" and any(x is None for x in value))
        if missing and not parameter.optional and parameter.kind != "Tree":
            kind = "a list of arrays" if parameter.kind == "Arrays" else "an array or a number"
            raise DTypeError(f"expected {parameter.name} to be {kind}; got {args[position]}.").named(op.name)


def _remember(op: Op, args: tuple[Any, ...], run: Run, by_backend_in_use: bool) -> None:
    keys: list[Any] = []
    for position in op.positions:
        value = args[position]
        keys.append(tuple(map(type, value)) if op.parameters[position].kind == "Arrays" else type(value))
    if not keys:
        op.table[_in_use()] = run
        return
    table = op.table
    for key in keys[:-1]:
        table = table.setdefault(key, {})
    table[keys[-1]] = _on_backend_in_use(op, run, args) if by_backend_in_use else run


def _in_use() -> Backend | str:
    """What tells apart where host data goes: the backend of a `using` block, else the name of the default."""
    return CURRENT.get() or settings.backend


def _on_backend_in_use(op: Op, run: Run, args: tuple[Any, ...]) -> Run:
    """Run an op on host data wherever that goes at the time of the call.

    Where the data is at home on the backend in use now, as NumPy's arrays are, one function looks at backend and
    dtypes.
    """
    passed = ", ".join(parameter.name for parameter in op.parameters)
    source = (
        f"def {op.name}({passed}):\n"
        f"    home = current() or settings.backend\n"
        f"    run = runs.get(home)\n"
        f"    if run is None:\n"
        f"        run = runs[home] = choose()\n"
        f"    return run({passed})\n"
    )

    types = [type(x) for x in arrays_of(op, args)]

    def choose() -> Run:
        return eager.runner(op, current(), types)

    namespace = {"runs": {_in_use(): run}, "current": CURRENT.get, "settings": settings, "choose": choose}
    return eager.runner(op, current(), types, elsewhere=function_like(op.name, source, namespace))


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


# When a call fails -----------------------------------------------------------------------------------------


def recover(op: Op, error: Exception, args: tuple[Any, ...]) -> Any:
    """Say what is wrong with a call that failed; or, where only a kernel for the dtype was missing, do without.

    An ill-formed call gets the message of the op's rule for shapes and dtypes, the same on every backend. Where
    the rule is content, the framework's error goes through untouched; one of an op in the body gets the op's name.
    """
    if any(isinstance(leaf, Dim) for leaf in tree.flatten(args)):  # arrays of a size that is not known yet
        return SYMBOLIC.runner(op)(*args)
    try:
        return _recovered(op, error, args)
    except OpError as mistake:
        raise shortened(mistake) from (None if settings.traceback_filtering else mistake.__cause__)


def _recovered(op: Op, error: Exception, args: tuple[Any, ...]) -> Any:
    if isinstance(error, PolykerasError):
        if not isinstance(error, OpError):
            raise error
        if error.op == op.name:
            check_for_lists(op, args)
            raise error
        if op.infer is not None or error.op is None:
            explain(op, error, args)
        raise (error if op.takes_functions and error.op else error.named(op.name)) from error.__cause__
    explain(op, error, args)
    if op.takes_functions:
        raise error
    return _with_other_dtypes(op, error, args)


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
        results = eager.compute(op, home, args, prepared)
    except Exception:
        raise error from None
    specs = infer(op, args)
    return tree.map_structure(lambda x, spec: in_dtype(x, home, spec.dtype), results, specs)
