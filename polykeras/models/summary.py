"""The table of a model's layers."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Console
from rich.table import Table

from ..backend import numpy_dtype
from ..errors import ArgumentError
from ..layers.calling import shape_of
from ..layers.layer import Layer
from ..layers.operation import Operation
from ..spec import Spec
from ..state import Variable
from .graph import node_of
from .model import Functional

_UNITS = ("B", "KB", "MB", "GB", "TB")


def size_of(variables: Iterable[Variable]) -> tuple[int, str]:
    """How many numbers variables are, and how much memory they take.

    >>> size_of([Variable([1.0, 2.0])])
    (2, '8 B')
    """
    variables = list(variables)
    count = sum(variable.size for variable in variables)
    memory = sum(variable.size * numpy_dtype(variable.dtype).itemsize for variable in variables)
    power = min(int(math.log(max(memory, 1), 1024)), len(_UNITS) - 1)
    return int(count), f"{memory / 1024**power:.{2 if power else 0}f} {_UNITS[power]}"


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Any = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Any = None,
) -> None:
    """Print a table of layers, outputs and parameters; `Model.summary` says what the arguments are."""
    captured = io.StringIO() if print_fn is not None else None
    console = Console(file=captured, width=line_length, highlight=False)
    console.print(_table(model, console.width, positions, expand_nested, show_trainable, layer_range))
    console.print(_totals(model), markup=False)
    if captured is not None and print_fn is not None:
        print_fn(captured.getvalue())


def _table(
    model: Any, width: int, positions: Any, expand_nested: bool, show_trainable: bool, layer_range: Any
) -> Table:
    table = Table(title=f'{type(model).__name__} "{model.name}"', title_justify="left", show_lines=False)
    columns = ["layer (type)", "output shape", "parameters"]
    connects = isinstance(model, Functional) and _branches(model)
    columns += ["connected to"] if connects else []
    columns += ["trained"] if show_trainable else []
    if positions is not None and len(positions) != len(columns):
        raise ArgumentError(f"summary: expected a position for each of {', '.join(columns)}; got {positions}.")
    shares = positions and [b - a for a, b in zip([0, *positions], positions, strict=False)]
    for number, column in enumerate(columns):
        justify = "right" if column == "parameters" else "left"
        wide = None if not shares else max(int(shares[number] * width) - 3, 4)
        table.add_column(column, justify=justify, width=wide, overflow="fold")
    for depth, layer in _rows(model, expand_nested, layer_range):
        row = [f"{'  ' * depth}{layer.name} ({type(layer).__name__})", _outputs(layer), _parameters(layer)]
        row += [", ".join(_sources(layer, model))] if connects else []
        row += [_is_trained(layer)] if show_trainable else []
        table.add_row(*(text.replace("[", "\\[") for text in row))
    return table


def _rows(model: Any, expand_nested: bool, layer_range: Any) -> list[tuple[int, Operation]]:
    """The layers to show, and the ops between them, each with how deep it lies."""
    is_graph = isinstance(model, Functional)
    layers: list[Operation] = model.graph().operations if is_graph else list(model.layers)
    if layer_range is not None:
        first, last = layer_range
        begins = [i for i, layer in enumerate(layers) if re.match(first, layer.name)]
        ends = [i for i, layer in enumerate(layers) if re.match(last, layer.name)]
        if not begins or not ends:
            names = ", ".join(layer.name for layer in layers)
            raise ArgumentError(f"summary: no layers match layer_range={layer_range!r}; there are {names}.")
        layers = layers[min(begins) : max(ends) + 1]
    rows: list[tuple[int, Operation]] = []
    for layer in layers:
        rows.append((0, layer))
        if expand_nested and hasattr(layer, "layers"):
            rows += [(depth + 1, inner) for depth, inner in _rows(layer, True, None)]
    return rows


def _parameters(layer: Operation) -> str:
    if not isinstance(layer, Layer):
        return ""
    return f"{size_of(layer.weights)[0]:,}" if layer.built else "not built"


def _is_trained(layer: Operation) -> str:
    if not isinstance(layer, Layer) or not layer.weights:
        return ""
    return "yes" if layer.trainable_variables else "no"


def _outputs(layer: Operation) -> str:
    if not layer.nodes:
        return "?"
    return str(shape_of(layer.nodes[-1].outputs))


def _branches(model: Any) -> bool:
    """Whether the graph is more than a chain."""
    consumers: dict[int, int] = {}
    for node in model.graph().nodes:
        if len(node.inputs) > 1:
            return True
        for spec in node.inputs:
            consumers[id(spec)] = consumers.get(id(spec), 0) + 1
    return any(count > 1 for count in consumers.values())


def _sources(layer: Operation, model: Any) -> list[str]:
    """The operations whose outputs a layer takes in a model."""
    within = {id(node) for node in model.graph().nodes}
    nodes = [node for node in layer.nodes if id(node) in within]
    specs: list[Spec] = [spec for node in nodes for spec in node.inputs]
    return list(dict.fromkeys(node_of(spec).operation.name for spec in specs))  # type: ignore[union-attr]


def _totals(model: Any) -> str:
    trained = model.trainable_variables
    ids = {id(variable) for variable in trained}
    others = [variable for variable in model.weights if id(variable) not in ids]
    optimizer = getattr(model, "optimizer", None)
    parts = [("parameters", [*trained, *others]), ("trained", trained), ("not trained", others)]
    if optimizer is not None and len(optimizer.variables) > 2:
        parts.append(("of the optimizer", optimizer.variables))
    lines = []
    for name, variables in parts:
        count, memory = size_of(variables)
        lines.append(f"{name:>16}: {count:,} ({memory})")
    return "\n".join(lines)
