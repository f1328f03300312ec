"""Sizes that are not known yet as plain data: an expression, and which axes of which Specs its names stand for."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import SerializationError
from ..spec import Dim, Size, dim, evaluate, smaller

CLASS_NAME = "__size__"


def describe_size(size: Dim, origins: Mapping[str, Any]) -> dict[str, Any]:
    """A size as plain data.

    Args:
        size: The size.
        origins: For each name of a size, the plain data that says where it comes from.

    Returns:
        The data, in which names are counted through, so that it depends on nothing but the graph.

    >>> describe_size(2 * dim("batch") + 1, {"batch": ["words", 0]})["config"]
    {'expression': '2*n0 + 1', 'names': {'n0': ['words', 0]}}
    """
    unknown = size.names() - origins.keys()
    if unknown:
        raise SerializationError(
            f"the size {size} depends on {', '.join(sorted(unknown))}, which is no size of an input, so that it cannot "
            "be written to a configuration. Write this part as a layer, which finds it out when it is called."
        )
    names = {name: f"n{number}" for number, name in enumerate(sorted(size.names()))}
    renamed = evaluate(size, {name: dim(new) for name, new in names.items()})
    config = {"expression": str(renamed), "names": {new: origins[name] for name, new in names.items()}}
    return {"class_name": CLASS_NAME, "config": config}


def revive_size(config: Mapping[str, Any], find: Callable[[Any], Size]) -> Size:
    """The size that plain data describes.

    Args:
        config: What `describe_size` gave as "config".
        find: The size for the data of an origin.

    Returns:
        The size.

    >>> revive_size({"expression": "2*n0 + 1", "names": {"n0": ["words", 0]}}, lambda origin: dim("d7"))
    2*d7 + 1
    """
    sizes = {name: find(origin) for name, origin in config["names"].items()}
    try:
        return _value(ast.parse(config["expression"], mode="eval").body, sizes)
    except (SyntaxError, KeyError, TypeError) as error:
        raise SerializationError(
            f"expected the expression of a size, made of whole numbers, +, -, *, // and min; got "
            f"{config['expression']!r} with the names {', '.join(sizes)}."
        ) from error


_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.FloorDiv: operator.floordiv,
    ast.Mult: operator.mul,
    ast.Sub: operator.sub,
}


def _value(node: ast.expr, sizes: Mapping[str, Size]) -> Any:
    """What an expression stands for. Nothing but arithmetic is known, so that data cannot run code."""
    match node:
        case ast.Constant(value=int(number)):
            return number
        case ast.Name(id=name):
            return sizes[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, sizes)
        case ast.BinOp(left=left, op=sign, right=right):
            return _OPERATORS[type(sign)](_value(left, sizes), _value(right, sizes))
        case ast.Call(func=ast.Name(id="min"), args=[one, other], keywords=[]):
            return smaller(_value(one, sizes), _value(other, sizes))
    raise TypeError(ast.unparse(node))
