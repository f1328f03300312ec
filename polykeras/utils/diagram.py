"""What a picture of a model shows: boxes for its layers, and arrows between them, before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .. import tree
from ..errors import ArgumentError, StateError
from ..layers.calling import plain_shape
from ..layers.input_layer import InputLayer
from ..layers.layer import Layer
from ..layers.operation import Node, Operation
from ..models import Model, Sequential
from ..models.graph import Graph, OpCall, node_of
from ..spec import Spec

DIRECTIONS = ("TB", "BT", "LR", "RL")


@dataclass(frozen=True)
class Options:
    """What is shown of each layer, and how it is laid out; `plot_model` says what the fields are."""

    show_shapes: bool = False
    show_dtype: bool = False
    show_layer_names: bool = False
    rankdir: str = "TB"
    expand_nested: bool = False
    dpi: int = 200
    show_layer_activations: bool = False
    show_trainable: bool = False
    splines: str = "ortho"

    def __post_init__(self) -> None:
        if self.rankdir not in DIRECTIONS:
            raise ArgumentError(
                f"plot_model: expected rankdir to be one of {', '.join(DIRECTIONS)}; got {self.rankdir!r}."
            )
        if not isinstance(self.dpi, (int, float)) or self.dpi <= 0:
            raise ArgumentError(f"plot_model: expected dpi to be a number above 0; got {self.dpi!r}.")


@dataclass(frozen=True)
class Arrow:
    """An arrow from one box to another. Where these are models that are shown inside, it ends at boxes in them."""

    source: int
    target: int
    leaves: int = 0
    """Which output of the source it is."""
    enters: int = 0
    """Which input of the target it is."""


@dataclass
class Diagram:
    """Boxes and arrows."""

    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    entries: list[int] = field(default_factory=list)
    """The box of each input."""
    exits: list[int] = field(default_factory=list)
    """The box of each output."""


@dataclass
class Box:
    """A layer, or a call of an op."""

    operation: Operation
    kind: str
    name: str | None
    """Its name, if names are shown."""
    facts: list[tuple[str, str]]
    """What else is shown, as a label and a value."""
    is_trained: bool | None
    """Whether training changes its weights; None where there are none, or this is not shown."""
    inner: Diagram | None = None


def diagram_of(model: Any, options: Options) -> Diagram:
    """What a picture of a model shows.

    Args:
        model: The model.
        options: What is shown of each layer.

    Returns:
        Boxes and arrows.
    """
    if not isinstance(model, Layer):
        raise ArgumentError(f"plot_model: expected a model; got {model!r}.")
    if not model.built:
        raise StateError(
            f"plot_model: {model.name} has not been built, so that it is not known what is in it. Call it on data, or "
            "build it with the shape of its inputs."
        )
    if not _is_graph(model):
        return Diagram([_box(model, model.nodes[:1], options)], [], [0], [0])
    graph: Model = model  # type: ignore[assignment]
    return _stack(graph, options) if isinstance(graph, Sequential) else _graph(graph.graph(), options)


def _is_graph(operation: Any) -> bool:
    return isinstance(operation, Model) and operation._wiring is not None


def _stack(model: Sequential, options: Options) -> Diagram:
    nodes = model.graph().nodes
    boxes = [_box(layer, _calls(layer, nodes), options) for layer in model.layers]
    arrows = [Arrow(number, number + 1) for number in range(len(boxes) - 1)]
    return Diagram(boxes, arrows, [0], [len(boxes) - 1])


def _graph(graph: Graph, options: Options) -> Diagram:
    number = {id(operation): i for i, operation in enumerate(graph.operations)}
    boxes = [_box(operation, _calls(operation, graph.nodes), options) for operation in graph.operations]
    arrows = [
        Arrow(source, number[id(node.operation)], _place(spec), enters)
        for node in graph.nodes
        if id(node.operation) in number
        for enters, spec in enumerate(node.inputs)
        if (source := number.get(id(_producer(spec).operation))) is not None
    ]
    entries = [number.get(id(_producer(spec).operation), 0) for spec in graph.inputs]
    exits = [number.get(id(_producer(spec).operation), 0) for spec in graph.outputs]
    return Diagram(boxes, list(dict.fromkeys(arrows)), entries, exits)


def _producer(spec: Spec) -> Node:
    node = node_of(spec)
    assert node is not None  # a graph has no others
    return node


def _place(spec: Spec) -> int:
    """Which of the outputs of its call a Spec is."""
    return [id(output) for output in tree.flatten(_producer(spec).outputs)].index(id(spec))


def _calls(operation: Operation, nodes: list[Node]) -> list[Node]:
    return [node for node in nodes if node.operation is operation] or operation.nodes[:1]


def _box(operation: Any, nodes: list[Node], options: Options) -> Box:
    kind = operation.op if isinstance(operation, OpCall) else type(operation).__name__
    inner = None
    if options.expand_nested and _is_graph(operation):
        inner = diagram_of(operation, options)
    trained = None
    if options.show_trainable and isinstance(operation, Layer) and operation.weights:
        trained = bool(operation.trainable_variables)
    name = operation.name if options.show_layer_names else None
    return Box(operation, kind, name, _facts(operation, nodes, options), trained, inner)


def _facts(operation: Any, nodes: list[Node], options: Options) -> list[tuple[str, str]]:
    facts = []
    activation = getattr(operation, "activation", None)
    if options.show_layer_activations and activation is not None:
        facts.append(("Activation", getattr(activation, "name", None) or activation.__name__))
    if options.show_shapes:
        if not isinstance(operation, InputLayer):
            facts.append(("Input shape", _different([_shapes(node.inputs) for node in nodes])))
        facts.append(("Output shape", _different([_shapes(node.outputs) for node in nodes])))
    if options.show_dtype:
        dtypes = [", ".join(dict.fromkeys(spec.dtype for spec in _specs(node.outputs))) for node in nodes]
        facts.append(("Output dtype", _different(dtypes)))
    return facts


def _specs(structure: Any) -> list[Spec]:
    return [x for x in tree.flatten(structure) if isinstance(x, Spec)]


def _shapes(structure: Any) -> str:
    return ", ".join(str(plain_shape(spec.shape)) for spec in _specs(structure))


def _different(texts: list[str]) -> str:
    """What holds for the calls of a layer: once, where it is the same for all of them."""
    return " / ".join(dict.fromkeys(texts)) or "?"
