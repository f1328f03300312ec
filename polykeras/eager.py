"""How a backend runs an op: its kernel or the op's body, behind as few checks as the arguments need.

For each combination of argument types a function is written that looks at dtypes just as far as necessary, because
this look is most of what an eager call costs on top of the framework's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .backend import CURRENT, WEAK, Backend, current, using
from .dtypes import INTEGERS, numeric, same
from .errors import BackendError, DTypeError
from .interpreters import Run
from .settings import settings
from .source import function_like
from .symbolic import OF_INTEGERS, prepare

if TYPE_CHECKING:
    from .op import Op


def runner(op: Op, home: Backend, types: Sequence[type], elsewhere: Run | None = None) -> Run:
    """The function that runs an op on arrays and numbers of these types.

    With `elsewhere` the backend is home to them only as long as it is in use. That is called when it is not, and for
    all that is not quick.
    """
    kernel = home.kernel(op.name)
    raw = kernel or _body_at(op, home)
    if op.own_gradient:
        raw = home.with_rules(op, raw)
    plain = home.plain_dtypes(op.name) if kernel else None
    particular = plain is not None
    with_rule = has_rule_for_integers(op, home)

    def at_home(*args: Any) -> Any:
        prepared = prepare(op, home, args)
        if with_rule:
            return compute(op, home, args, prepared)
        return home.call(raw, prepared) if particular else raw(*prepared)

    general = elsewhere or at_home
    if op.takes_values:
        return elsewhere or raw
    if op.takes_trees or (particular and op.takes_dtype):
        return general
    plain = frozenset(home.dtypes) if plain is None else plain
    if with_rule:
        plain -= INTEGERS
    kinds = ["array" if issubclass(cls, home.array_types) else "number" if cls in WEAK else cls for cls in types]
    if op.takes_lists:
        is_quick = op.positions == (0,) and set(kinds) == {"array"} and not elsewhere
        return _checking_list(op, home, raw, general, plain) if is_quick else general
    if set(kinds) <= {"array", type(None)}:
        return _checking(op, home, raw, general, plain, types, while_in_use=bool(elsewhere))
    if op.name in home.scalars and set(kinds) == {"array", "number"}:
        raw = home.scalar_kernels.get(op.name, raw)
        return _checking(op, home, raw, general, plain, types, while_in_use=bool(elsewhere))
    return general


def has_rule_for_integers(op: Op, home: Backend) -> bool:
    """Whether a backend's kernel needs the op's rule for integers."""
    return op.on_integers is not None and op.name not in home.exact_on_integers


def compute(op: Op, home: Backend, args: Sequence[Any], prepared: Sequence[Any]) -> Any:
    """Run a kernel on arguments that have been prepared; on integers by the op's rule, if there is one."""
    kernel = home.kernel(op.name)
    assert kernel is not None
    if not has_rule_for_integers(op, home) or home.dtype(prepared[0]) not in INTEGERS:
        return home.call(kernel, prepared)
    constant = args[1] if type(args[1]) is int else None
    return op.on_integers(lambda *xs: home.call(kernel, xs), constant, *prepared)  # type: ignore[misc]


def _body_at(op: Op, home: Backend) -> Run:
    """The body of an op, run where its arrays are at home."""
    body = op.body
    if body is None:
        raise BackendError(f"backend {home.name} has no kernel for the primitive op {op.name}.")
    quiet = home.quiet

    def run(*args: Any) -> Any:
        if current() is not home:
            with using(home):
                return run(*args)
        if quiet is None:
            return body(*args)
        with quiet():
            return body(*args)

    return run


# Looking at dtypes -----------------------------------------------------------------------------------------


def _checking(
    op: Op,
    home: Backend,
    raw: Run,
    general: Run,
    plain: frozenset[str],
    types: Sequence[type],
    while_in_use: bool,
) -> Run:
    """A call with arrays of the backend, and perhaps Python numbers, one for each array parameter."""
    names = [parameter.name for parameter in op.parameters]
    arrays = [p for p, cls in zip(op.positions, types, strict=True) if cls not in WEAK and cls is not type(None)]
    numbers = {p: cls for p, cls in zip(op.positions, types, strict=True) if cls in WEAK}
    if not set(numbers) <= set(op.promoted) or (numbers and not op.promote):
        return general
    together = [position for position in arrays if position in op.promoted] if op.promote else []
    namespace: dict[str, Any] = {"raw": raw, "general": general}
    looks, conditions = [], []
    if while_in_use:
        namespace |= {"current": CURRENT.get, "settings": settings, "in_use": frozenset((home, home.name))}
        conditions.append("(current() or settings.backend) in in_use")
    for position in arrays:
        if position in together[1:]:
            if not _refuses(op, home):
                conditions.append(f"{names[position]}.{home.dtype_path} is dtype_{together[0]}")
            continue
        allowed = _allowed(op, home, position, plain, numbers)
        member = _membership(f"dtype_{position}", allowed, home, namespace)
        if member or (position in together and len(together) > 1 and not _refuses(op, home)):
            looks.append(f"    dtype_{position} = {names[position]}.{home.dtype_path}\n")
        if member:
            conditions.append(member)
    if not conditions:
        return raw
    passed = ", ".join(names)
    source = (
        f"def {op.name}({passed}):\n"
        f"{''.join(looks)}"
        f"    if {' and '.join(conditions)}:\n"
        f"        return raw({passed})\n"
        f"    return general({passed})\n"
    )
    return function_like(op.name, source, namespace)


def _refuses(op: Op, home: Backend) -> bool:
    """Whether arrays that need promotion go straight to the framework, which refuses them, as an op's body may not."""
    return home.strict and home.kernel(op.name) is not None


def _allowed(op: Op, home: Backend, position: int, plain: frozenset[str], numbers: dict[int, type]) -> frozenset[str]:
    """The dtypes with which an array can go into the kernel as it is."""
    parameter = op.parameters[position]
    if parameter.kind == "Mask":
        return plain & {"bool"}
    if parameter.kind in OF_INTEGERS:
        return plain & INTEGERS
    if not op.promote or not parameter.is_promoted:
        return plain
    if _refuses(op, home) and op.promote in (same, numeric) and not numbers:
        return plain  # the framework refuses by itself what the op does not accept
    accepted = plain & op.accepts.dtypes if op.accepts else plain
    if numbers:
        accepted &= home.number_dtypes or plain
    if int in numbers.values():
        accepted -= INTEGERS  # whether an integer can hold a number is a matter of its value
    return frozenset(name for name in accepted if _keeps_dtype(op, name, numbers))


def _keeps_dtype(op: Op, name: str, numbers: dict[int, type]) -> bool:
    """Whether an op on arrays of a dtype, and on numbers, computes in this dtype."""
    assert op.promote is not None
    try:
        return op.promote(*(numbers.get(position, name) for position in op.promoted)) == name
    except DTypeError:
        return False


def _membership(variable: str, names: frozenset[str], home: Backend, namespace: dict[str, Any]) -> str:
    """The condition that a dtype is one of these, the usual one tried first; none if it is any."""
    if len(names) == len(home.dtypes):
        return ""
    usual = next((name for name in ("float32", "int32", "bool") if name in names), None)
    namespace[f"usual_{variable}"] = home.dtypes[usual] if usual else None
    namespace[f"allowed_{variable}"] = frozenset(home.dtypes[name] for name in names)
    return f"({variable} is usual_{variable} or {variable} in allowed_{variable})"


def _checking_list(op: Op, home: Backend, raw: Run, general: Run, plain: frozenset[str]) -> Run:
    """A call with a list of arrays."""
    names = _allowed(op, home, 0, plain, {})
    allowed = None if len(names) == len(home.dtypes) else frozenset(home.dtypes[name] for name in names)
    if allowed is None and not op.promote:
        return raw

    def run(xs: list[Any], *rest: Any) -> Any:
        if not xs:
            return general(xs, *rest)
        dtype = xs[0].dtype
        fits = (allowed is None or dtype in allowed) and all(x.dtype is dtype for x in xs)
        return raw(xs, *rest) if fits else general(xs, *rest)

    return run
