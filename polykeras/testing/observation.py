"""What every layer of a model is given in one step of training, and what comes back to it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import masks, ops, tree
from ..backend import current
from ..dtypes import is_float
from ..layers.layer import Layer
from ..layers.operation import Operation
from ..state import Variable, bind


@dataclass
class Call:
    """A call of a layer, or of an op between layers."""

    operation: Operation
    path: str
    arguments: Any
    """Positional and named arguments, arrays as NumPy's."""
    masks: list[Any]
    """The mask of each leaf of the arguments, or None."""
    variables: list[Variable]
    values: list[np.ndarray]
    """What the variables were before the call."""
    cotangents: list[np.ndarray | None] = field(default_factory=list)
    """How the loss depends on each of the results."""

    @property
    def floats(self) -> list[int]:
        """The places of the arrays of floats among the leaves of the arguments."""
        leaves = tree.flatten(self.arguments)
        return [i for i, x in enumerate(leaves) if isinstance(x, np.ndarray) and is_float(x.dtype.name)]

    @property
    def trained(self) -> list[int]:
        """The places of the variables that train."""
        return [i for i, v in enumerate(self.variables) if v.trainable and is_float(v.dtype)]

    def arrays(self) -> list[np.ndarray]:
        """What the results may be differentiated by: the floats among the arguments, and the weights that train."""
        leaves = tree.flatten(self.arguments)
        return [*(leaves[i] for i in self.floats), *(self.values[i] for i in self.trained)]

    def run(self, arrays: Sequence[Any]) -> list[Any]:
        """The results, with other arrays in place of these."""
        leaves, structure = tree.take_apart(self.arguments)
        home = current()
        given = [home.asarray(x) if isinstance(x, np.ndarray) else x for x in leaves]
        values: list[Any] = [home.asarray(x) for x in self.values]
        for place, array in zip(self.floats, arrays, strict=False):
            given[place] = array
        for place, array in zip(self.trained, arrays[len(self.floats) :], strict=True):
            values[place] = array
        for x, mask in zip(given, self.masks, strict=True):
            if mask is not None:
                masks.set_mask(x, home.asarray(mask))
        args, kwargs = tree.put_together(structure, given)
        named = {**kwargs, "training": True} if isinstance(self.operation, Layer) else kwargs
        with bind(self.variables, values):
            return [x for x in tree.flatten(self.operation(*args, **named)) if x is not None]

    def run_on(self, *arrays: Any) -> list[Any]:
        """The results for other arrays."""
        return self.run(arrays)

    def step(self, *arrays: Any) -> tuple[list[Any], list[Any]]:
        """The results, and the gradient of the loss by each of the arrays."""
        places = [i for i, g in enumerate(self.cotangents) if g is not None]

        def weighed(*arrays: Any) -> tuple[Any, list[Any]]:
            results = self.run(arrays)
            total: Any = None
            for place in places:
                part = ops.sum(ops.multiply(results[place], self.cotangents[place]))
                total = part if total is None else ops.add(total, part)
            return total, results

        if not places or not arrays:
            return self.run(arrays), []
        (_, results), gradients = ops.value_and_grad(weighed, tuple(range(len(arrays))), has_aux=True)(*arrays)
        return results, list(gradients)


def observe(model: Any, x: Any, loss: Callable[[Any], Any]) -> tuple[list[Call], list[np.ndarray], list[np.ndarray]]:
    """Run one step of training as far as the gradient, and note every call on the way.

    Args:
        model: The model, built.
        x: A batch of inputs.
        loss: The loss of its outputs.

    Returns:
        The calls in the order in which they ended, the outputs, and the gradient by the trainable variables.
    """
    home = current()
    variables = model.variables
    trained = model.trainable_variables
    calls: list[Call] = []
    with bind(variables, [v.value for v in variables]), _watched(model, _noting(calls)):
        outputs = _numbers(model(x, training=True))
    zeros = [call.cotangents for call in calls]
    probes = [home.asarray(zero) for found in zeros for zero in found if zero is not None]

    def run(probes: list[Any], weights: list[Any]) -> Any:
        left = iter(probes)
        of_calls = iter(zeros)

        def probed(operation: Operation, path: str, right: Callable[..., Any], args: Any, kwargs: Any) -> Any:
            results = right(*args, **kwargs)
            leaves, structure = tree.take_apart(results)
            present = iter(next(of_calls))
            found = [x if x is None or next(present) is None else ops.add(x, next(left)) for x in leaves]
            return tree.put_together(structure, found)

        with bind(variables, [v.value for v in variables]), bind(trained, weights), _watched(model, probed):
            return loss(model(x, training=True))

    cotangents, gradients = ops.grad(run, argnums=(0, 1))(probes, [v.value for v in trained])
    left = iter(_numbers(cotangents))
    for call, found in zip(calls, zeros, strict=True):
        call.cotangents = [None if p is None else next(left) for p in found]
    return calls, outputs, _numbers(gradients)


def _numbers(structure: Any) -> list[np.ndarray]:
    return [np.array(ops.convert_to_numpy(x)) for x in tree.flatten(structure) if x is not None]


def _noting(calls: list[Call]) -> Callable[..., Any]:
    """What notes a call, with zeros in the shapes of the results that have gradients in place of cotangents."""

    def noted(operation: Operation, path: str, right: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        variables = operation.variables if isinstance(operation, Layer) else []
        found = tree.flatten((args, kwargs))
        call = Call(
            operation,
            path,
            tree.map_structure(lambda x: np.array(ops.convert_to_numpy(x)) if ops.is_tensor(x) else x, (args, kwargs)),
            [None if m is None else np.array(ops.convert_to_numpy(m)) for m in map(masks.mask_of, found)],
            variables,
            [v.numpy() for v in variables],
        )
        results = right(*args, **kwargs)
        arrays = [x for x in tree.flatten(results) if x is not None]
        call.cotangents = [
            np.zeros(ops.shape(x), np.asarray(ops.convert_to_numpy(x)).dtype) if is_float(ops.dtype(x)) else None
            for x in arrays
        ]
        calls.append(call)
        return results

    return noted


def operations_in(model: Any) -> list[tuple[Operation, str]]:
    """The layers in a model and the ops between them, with names that tell them apart; the model itself where it
    computes something besides."""
    paths: dict[int, tuple[Operation, str]] = {}

    def visit(layer: Any, prefix: str) -> None:
        wiring = getattr(layer, "_wiring", None)
        inside = list(layer.sublayers())
        if wiring is not None:
            inside += [o for o in wiring.graph.operations if not any(o is other for other in inside)]
        for part in inside:
            if id(part) not in paths and part is not model:
                path = f"{prefix}{part.name}"
                paths[id(part)] = part, path
                if isinstance(part, Layer):
                    visit(part, f"{path}/")

    visit(model, "")
    if getattr(model, "_wiring", None) is None:
        paths[id(model)] = model, model.name
    return list(paths.values())


@contextlib.contextmanager
def _watched(model: Any, watcher: Callable[..., Any]) -> Iterator[None]:
    """Have `watcher(operation, path, call, args, kwargs)` run in place of each method `call` in a model."""
    before: list[tuple[Operation, Any]] = []

    def watch(operation: Operation, path: str) -> None:
        right = operation.call
        before.append((operation, vars(operation).get("call")))
        vars(operation)["call"] = lambda *args, **kwargs: watcher(operation, path, right, args, kwargs)

    try:
        for operation, path in operations_in(model):
            watch(operation, path)
        yield
    finally:
        for operation, call in before:
            if call is None:
                del vars(operation)["call"]
            else:
                vars(operation)["call"] = call
