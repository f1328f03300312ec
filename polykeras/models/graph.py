"""A graph of calls, from inputs to outputs, and the plan by which it is run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .. import ops, tree
from ..errors import ArgumentError
from ..layers.layer import Layer
from ..layers.operation import Node, Operation
from ..op import OPS, Op
from ..registry import deserialize_keras_object, register_keras_serializable, serialize_keras_object
from ..spec import Dim, Spec, evaluate, show_shape
from ..state import unique_name
from ..symbolic import Call
from .op_names import NAMES, op_of


@register_keras_serializable("polykeras")
class OpCall(Operation):
    """A call of an op in a graph, with those of its arguments that are no inputs.

    Args:
        op: The name of the op.
        name: A name; None for one that is made up.
    """

    def __init__(self, op: str, name: str | None = None):
        super().__init__(unique_name(op) if name is None else name)
        self.op = op
        self.call = OPS[op].function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the op: on Specs, and on sizes that are not known yet, this is remembered."""
        if any(isinstance(leaf, (Spec, Dim)) for leaf in tree.flatten((args, kwargs))):
            return self.symbolic_call(*args, **kwargs)
        return self.call(*args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {"op": self.op, "name": self.name}

    def described(self) -> tuple[dict[str, Any], tuple[Any, ...], dict[str, Any]] | None:
        """The op in the words of files, and the arguments of its call; None for one that Keras does not have."""
        name = NAMES.get(self.op)
        if name is None or len(self.nodes) != 1:
            return None
        parameters = OPS[self.op].parameters
        node = self.nodes[0]
        given = {**dict(zip((p.name for p in parameters), node.args, strict=False)), **node.kwargs}
        settings = {n: given.pop(n) if n in given else _default(parameters, n) for n in name.settings}
        if any(isinstance(x, Dim) for x in tree.flatten(settings)):  # which only the arguments of calls can be
            return None
        data = {
            "module": name.module,
            "class_name": name.class_name,
            "config": {**serialize_keras_object(settings), "name": self.name},
            "registered_name": name.class_name,
        }
        return data, (), given


def _default(parameters: Any, name: str) -> Any:
    return next(p.default for p in parameters if p.name == name)


def op_call(data: dict[str, Any]) -> tuple[OpCall, dict[str, Any]] | None:
    """The call of an op that an entry of a configuration describes, and the arguments that hold for each call."""
    op = op_of(data)
    if op is None or op not in OPS:
        return None
    config = dict(data["config"])
    call = OpCall(op, config.pop("name", None))
    known = {p.name for p in OPS[op].parameters}
    return call, {key: deserialize_keras_object(value) for key, value in config.items() if key in known}


def node_of(spec: Spec) -> Node | None:
    """The call that produced a Spec; that of an op is made a node the first time that somebody asks."""
    producer = spec.producer
    if not isinstance(producer, Call):
        return producer
    if producer.node is None:
        producer.node = Node(OpCall(producer.op.name), *_arguments(producer.op, producer.args))
        producer.node.outputs = producer.outputs
    return producer.node


def _sizes_in(x: Any) -> list[Dim]:
    """The sizes that are not known yet in a structure, those in slices included."""
    leaves = tree.flatten(x)
    bounds = [bound for leaf in leaves if isinstance(leaf, slice) for bound in (leaf.start, leaf.stop, leaf.step)]
    return [leaf for leaf in (*leaves, *bounds) if isinstance(leaf, Dim)]


def _arguments(op: Op, args: tuple[Any, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments as somebody would write them: arrays by position, the rest by name where it is not the default."""
    last = max((i for i in op.positions if args[i] is not None), default=-1) + 1
    named = {p.name: x for p, x in zip(op.parameters[last:], args[last:], strict=True) if x is not p.default}
    return args[:last], named


def depends(node: Node) -> bool:
    """Whether a call depends on inputs: on what they are, or on how large they are."""
    return bool(node.inputs or _sizes_in((node.args, node.kwargs)))


class Graph:
    """The calls that lead from some Specs to others, in an order in which they can be run.

    Args:
        inputs: The Specs from which it starts.
        outputs: The Specs to which it leads.
        name: The name of the model, for errors.
    """

    def __init__(self, inputs: Iterable[Spec], outputs: Iterable[Spec], name: str):
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self._name = name
        self._given = {id(spec) for spec in self.inputs}
        self.nodes: list[Node] = []
        self._places: dict[int, int] = {}
        finished: set[int] = set()
        for output in self.outputs:
            self._visit(output, finished)
        self.operations = self._by_depth()
        self._steps = self._plan()

    @property
    def layers(self) -> list[Layer]:
        """The layers, each once: first those that are furthest from the outputs."""
        return [operation for operation in self.operations if isinstance(operation, Layer)]

    def _visit(self, output: Spec, finished: set[int]) -> None:
        """Add the nodes that lead to an output, those before others first; without recursion, as graphs can be deep."""
        pending: list[tuple[Node, bool]] = [(self._producer(output), False)]
        while pending:
            node, is_left = pending.pop()
            if id(node) in finished:
                continue
            self._places.setdefault(id(node.operation), len(self._places))
            if is_left or self._is_source(node):
                finished.add(id(node))
                self.nodes.append(node)
                continue
            pending.append((node, True))
            pending.extend((self._producer(spec), False) for spec in reversed(node.inputs))

    def _is_source(self, node: Node) -> bool:
        return any(id(spec) in self._given for spec in tree.flatten(node.outputs)) or not depends(node)

    def _producer(self, spec: Spec) -> Node:
        node = node_of(spec) if isinstance(spec, Spec) else None
        if node is None:
            raise ArgumentError(
                f"{self._name}: expected outputs that were computed from its inputs by layers and ops; got {spec!r}."
            )
        if not depends(node) and id(spec) not in self._given:
            inputs = ", ".join(f"{x.name} {show_shape(x.shape)}" for x in self.inputs)
            raise ArgumentError(
                f"{self._name}: an output depends on {node.operation.name} {show_shape(spec.shape)}, which is not "
                f"among the inputs ({inputs}). Add it to the inputs."
            )
        return node

    def _by_depth(self) -> list[Operation]:
        """The operations by their distance from the outputs, the furthest first, and as they were found."""
        depths: dict[int, int] = {}
        node_depths: dict[int, int] = {}
        operations: dict[int, Operation] = {}
        for node in reversed(self.nodes):
            if self._is_source(node) and node.inputs:  # the model begins behind this call
                continue
            operations[id(node.operation)] = node.operation
            depth = max(node_depths.get(id(node), 0), depths.get(id(node.operation), 0))
            depths[id(node.operation)] = node_depths[id(node)] = depth
            if self._is_source(node):
                continue
            for spec in node.inputs:
                before = id(node_of(spec))
                node_depths[before] = max(node_depths.get(before, 0), depth + 1)
        for spec in self.inputs:  # also those on which nothing depends
            node = node_of(spec)
            if node is not None and not node.inputs and id(node.operation) not in operations:
                operations[id(node.operation)] = node.operation
                depths[id(node.operation)] = 0
                self._places.setdefault(id(node.operation), len(self._places))
        return sorted(operations.values(), key=lambda found: (-depths[id(found)], self._places[id(found)]))

    # Running -----------------------------------------------------------------------------------------------

    def _plan(self) -> list[_Step]:
        """The calls one after another, with the places where they find arguments and leave results."""
        slots = {id(spec): place for place, spec in enumerate(self.inputs)}
        steps = []
        for node in self.nodes:
            if self._is_source(node):
                continue
            produced = [spec for spec in tree.flatten(node.outputs) if isinstance(spec, Spec)]
            for spec in produced:
                slots[id(spec)] = len(slots)
            steps.append(_Step(node, slots))
        self._needs_sizes = any(step.needs_sizes for step in steps)
        self._size = len(slots)
        self._results = [slots[id(spec)] for spec in self.outputs]
        return steps

    def run(self, inputs: list[Any], call: Callable[[Node], Callable[..., Any]] | None = None) -> list[Any]:
        """The outputs for some inputs.

        Args:
            inputs: An array for each input.
            call: What to call for a node, in place of its operation.

        Returns:
            An array for each output.
        """
        values: list[Any] = [*inputs, *[None] * (self._size - len(inputs))]
        sizes = self._sizes(inputs) if self._needs_sizes else {}
        for step in self._steps:
            step.run(values, step.function if call is None else call(step.node), sizes)
        return [values[place] for place in self._results]

    def _sizes(self, inputs: list[Any]) -> dict[str, Any]:
        """What the sizes that were not known are for some inputs."""
        pairs = [(spec, x) for spec, x in zip(self.inputs, inputs, strict=True) if x is not None]
        return {
            str(size): found
            for spec, x in pairs
            for size, found in zip(spec.shape, ops.shape(x), strict=True)
            if isinstance(size, Dim)
        }


class _Step:
    """One call of a plan."""

    def __init__(self, node: Node, slots: dict[int, int]):
        self.node = node
        called = node.operation
        self.function = called.call if isinstance(called, OpCall) else called  # which, on Specs, would be remembered
        leaves, self._structure = tree.take_apart((node.args, node.kwargs))
        self._leaves = leaves
        self._places = [(i, slots[id(x)]) for i, x in enumerate(leaves) if isinstance(x, Spec)]
        self._sizes = [(i, x) for i, x in enumerate(leaves) if _sizes_in(x)]
        self.needs_sizes = bool(self._sizes)
        outputs = tree.flatten(node.outputs)
        self._targets = [slots.get(id(x)) for x in outputs]
        is_simple = not node.kwargs and len(node.args) == 1 and isinstance(node.args[0], Spec)
        self._argument = self._places[0][1] if is_simple else None
        self._result = self._targets[0] if isinstance(node.outputs, Spec) else None

    def run(self, values: list[Any], function: Callable[..., Any], sizes: dict[str, Any]) -> None:
        """Call a function with the values that are the arguments, and put its results in their places."""
        if self._argument is not None:
            result = function(values[self._argument])
        else:
            leaves = list(self._leaves)
            for place, slot in self._places:
                leaves[place] = values[slot]
            for place, size in self._sizes:
                leaves[place] = self._known(size, sizes)
            args, kwargs = tree.put_together(self._structure, leaves)
            result = function(*args, **kwargs)
        if self._result is not None:
            values[self._result] = result
            return
        for slot, value in zip(self._targets, tree.flatten(result), strict=True):
            if slot is not None:
                values[slot] = value

    def _known(self, size: Any, sizes: dict[str, Any]) -> Any:
        if isinstance(size, slice):
            return slice(*(self._known(bound, sizes) for bound in (size.start, size.stop, size.step)))
        if not isinstance(size, Dim):
            return size
        unknown = size.names() - set(sizes)
        if unknown:
            raise ArgumentError(
                f"{self.node.operation.name}: the size {size} depends on {', '.join(sorted(unknown))}, which is no "
                "size of an input. Write this part as a layer, which finds it out when it is called."
            )
        return evaluate(size, sizes)
