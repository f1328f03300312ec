"""What is wrong with the arguments of an op that failed, as far as its annotations tell."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from .errors import CallError, OpError, PolykerasError
from .interpreters import ABSENT, NESTED, SCALAR, kind_or_none
from .settings import settings
from .spec import show_shape
from .symbolic import infer, spec_of

if TYPE_CHECKING:
    from .op import Op


def _has_axes(x: Any) -> bool:
    return bool(getattr(x, "shape", ()))


def _is_single(x: Any) -> bool:
    return hasattr(x, "shape") and not _has_axes(x)


def _is_whole(x: Any) -> bool:
    return hasattr(x, "__index__") and not _has_axes(x)


def _is_number(x: Any) -> bool:
    return isinstance(x, numbers.Number) or _is_whole(x) or _is_single(x)


def _is_choice(x: Any) -> bool:
    return isinstance(x, (bool, np.bool_)) or (isinstance(x, int) and x in (0, 1)) or _is_single(x)


def _are_whole(x: Any) -> bool:
    return _is_whole(x) or (isinstance(x, Iterable) and not isinstance(x, str) and all(map(_is_whole, x)))


def _are_sizes(x: Any) -> bool:
    return _is_whole(x) or (isinstance(x, Iterable) and all(size is None or _is_whole(size) for size in x))


_EXPECTED: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "bool": ("True or False", _is_choice),
    "int": ("a whole number", _is_whole),
    "float": ("a number", _is_number),
    "str": ("a string", lambda x: isinstance(x, str)),
    "Axes": ("a whole number or several", lambda x: _are_whole(x) and (_is_whole(x) or not _has_axes(x))),
    "Shape": ("a shape, such as (2, 3)", _are_sizes),
    "DType": ('a dtype, such as "float32"', lambda x: x is not None and not hasattr(x, "shape")),
    "FloatxDType": ('a dtype, such as "float32"', lambda x: not hasattr(x, "shape")),
    "Function": ("a function", callable),
}
"""What a parameter that takes no arrays may be, by its annotation."""


def refuse(op: Op, error: Exception, args: Sequence[Any]) -> NoReturn:
    """Say what is wrong with arguments that could not be brought into the form in which ops take them."""
    if isinstance(error, PolykerasError) and not isinstance(error, OpError):  # such as that of a draw without a seed
        raise error
    _check_for_arrays(op, args)
    if isinstance(error, OpError):
        raise error.named(op.name) from None
    check_kinds(op, args)
    raise _puzzled(op, error, args) from (None if settings.traceback_filtering else error)


def explain(op: Op, error: Exception, args: Sequence[Any]) -> None:
    """Raise the error that says what is wrong with a call that failed, in the same words on every backend.

    Where nothing is wrong with it as far as the op's rule for shapes and dtypes can tell, this returns.
    """
    check_for_lists(op, args)
    try:
        infer(op, args)
    except OpError as mistake:
        raise mistake from error
    except PolykerasError:  # which is not about the call
        return
    except Exception as puzzle:
        check_kinds(op, args)
        if not op.takes_functions:  # whose errors are not those of the call
            raise _puzzled(op, puzzle, args) from error
    check_kinds(op, args)


def check_function(name: str, function: Any) -> None:
    """Refuse what cannot be called, for who takes a function."""
    if not callable(function):
        raise CallError(f"expected a function; got {shown(function)}.").named(name)


def check_for_lists(op: Op, args: Sequence[Any]) -> None:
    """Refuse arrays that come one by one, so that other parameters get them, where a list of arrays is expected."""
    if not op.takes_lists:
        return
    lists = next(p.name for p in op.parameters if p.kind == "Arrays")
    for parameter, value in zip(op.parameters, args, strict=True):
        if parameter.kind in ("int", "str") and (_has_axes(value) or isinstance(value, (list, tuple))):
            raise CallError(
                f"expected {parameter.name} to be {_EXPECTED[parameter.kind][0]}; got {shown(value)}. Put all arrays "
                f"into one list, which is {lists}: {op.name}([a, b])."
            ).named(op.name)


def check_kinds(op: Op, args: Sequence[Any]) -> None:
    """Refuse arguments that are not what the annotations of their parameters say."""
    for parameter, value in zip(op.parameters, args, strict=True):
        expected, fits = _EXPECTED.get(parameter.kind, ("", None))
        if fits is None or (value is None and parameter.optional) or fits(value):
            continue
        raise CallError(f"expected {parameter.name} to be {expected}; got {shown(value)}.").named(op.name)


def _check_for_arrays(op: Op, args: Sequence[Any]) -> None:
    """Refuse arrays where none can be: each framework writes its own differently."""
    for parameter, value in zip(op.parameters, args, strict=True):
        if not parameter.is_array and _has_axes(value):
            expected = _EXPECTED.get(parameter.kind, ("no array",))[0]
            raise CallError(f"expected {parameter.name} to be {expected}; got {shown(value)}.").named(op.name)


def _puzzled(op: Op, puzzle: Exception, args: Sequence[Any]) -> OpError:
    _check_for_arrays(op, args)
    given = ", ".join(f"{p.name}={shown(value)}" for p, value in zip(op.parameters, args, strict=True))
    return CallError(
        f"these arguments make no sense together: {given}. Looking at them ended in {type(puzzle).__name__}: {puzzle}"
    ).named(op.name)


def shown(value: Any) -> str:
    """An argument in a few words: an array by its dtype and shape."""
    if type(value) in (list, tuple) and any(_has_axes(x) for x in value):
        parts = ", ".join(map(shown, value))
        return f"[{parts}]" if type(value) is list else f"({parts})"
    if kind_or_none(type(value)) not in (None, SCALAR, NESTED, ABSENT):
        spec = spec_of(value)
        return f"an array {spec.dtype}{show_shape(spec.shape)}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
