"""Reverse-mode gradients for backends that have none of their own.

A value that depends on what is being differentiated travels as a `Traced`. Running an op on it runs the op on the
value inside and writes down a node, from which the cotangents of the arguments follow by the op's rules. The
rules are written in ops, so tapes nest: an outer tape sees the inner one's arithmetic as ordinary ops.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np

from . import ops, tree
from .backend import WEAK, Backend
from .dtypes import COMPLEXES, INEXACT
from .errors import GradientError
from .interpreters import Interpreter, Run, home_of, interprets
from .op import Op, give_operators
from .spec import Spec, prod
from .symbolic import OF_INTEGERS, check_integers, spec_of

_recording: ContextVar[Tape | None] = ContextVar("polykeras_tape", default=None)
_order = itertools.count()


class _Protection:
    """Arrays that tapes will read again, which are read-only until none of these tapes needs them any more."""

    def __init__(self) -> None:
        self._tapes: dict[int, int] = {}
        """How many tapes need an array, by its identity."""
        self._lock = threading.Lock()

    def begin(self, array: np.ndarray) -> bool:
        """Protect an array for one more tape, which keeps it; False where it is read-only for reasons of its own."""
        with self._lock:
            count = self._tapes.get(id(array), 0)
            if not count:
                if not array.flags.writeable:
                    return False
                array.flags.writeable = False
            self._tapes[id(array)] = count + 1
        return True

    def end(self, arrays: Iterable[np.ndarray]) -> None:
        """Give arrays back that one tape needs no more, to those who may write to them."""
        with self._lock:
            free = []
            for array in arrays:
                count = self._tapes.pop(id(array)) - 1
                if count:
                    self._tapes[id(array)] = count
                else:
                    free.append(array)
            for array in [x for x in free if x.base is None] + [x for x in free if x.base is not None]:
                try:  # the memory's owners before views
                    array.flags.writeable = True
                except ValueError:  # memory of another framework's stays as it is
                    continue


_PROTECTION = _Protection()


class Tape:
    """One recording: everything that a function does with the arrays for which gradients are wanted."""

    def __init__(self) -> None:
        self.level = next(_order)
        self.closed = False
        self.replaced_by: Callable[[Traced], Any] | None = None
        self._outer: Tape | None = None
        self._protected: dict[int, np.ndarray] | None = {}

    def __enter__(self) -> Tape:
        self._outer = _recording.get()
        self._token = _recording.set(self)
        return self

    def __exit__(self, *exception: object) -> None:
        _recording.reset(self._token)
        self.closed = True

    @contextlib.contextmanager
    def replacing(self, replaced_by: Callable[[Traced], Any]) -> Iterator[None]:
        """Have something else stand in for the values on this tape, instead of recording what is done with them."""
        before, self.replaced_by = self.replaced_by, replaced_by
        try:
            yield
        finally:
            self.replaced_by = before

    def protect(self, array: Any) -> None:
        """Make an array that the rules will read again read-only until then, so that nobody changes it in place."""
        if type(array) is not np.ndarray or self._protected is None or id(array) in self._protected:
            return
        if _PROTECTION.begin(array):
            self._protected[id(array)] = array

    def release(self) -> None:
        """Give the protected arrays back to those who may write to them, or to the tape around this one."""
        protected, self._protected = self._protected or {}, None
        outer = None if self._outer is None else self._outer._protected
        if outer is not None:
            kept = {key: array for key, array in protected.items() if key not in outer}
            outer |= kept
            protected = {key: array for key, array in protected.items() if key not in kept}
        _PROTECTION.end(protected.values())

    def leaf(self, array: Any) -> Traced:
        """An array to differentiate with respect to."""
        self.protect(array)
        return Traced(array, self, Node([]))

    def owns(self, x: Any) -> bool:
        """Whether this is a value on this tape."""
        return type(x) is Traced and x.tape is self


class Node:
    """Where a traced value came from: the traced values before it, and how to pull a cotangent back to them."""

    __slots__ = ("order", "out", "parents")

    def __init__(self, parents: list[Traced | None], out: Any = None):
        self.parents = parents
        self.out: Any = out
        self.order = next(_order)

    def pull(self, g: Any) -> Sequence[Any]:
        """The cotangents of the parents, or None where there is none."""
        return ()

    def release(self) -> None:
        """Let go of what `pull` needed."""
        self.parents = []
        self.out = None


class OpNode(Node):
    """A call of an op."""

    __slots__ = ("op", "values")

    def __init__(self, parents: list[Traced | None], out: Any, op: Op, values: list[Any]):
        super().__init__(parents, out)
        self.op = op
        self.values = values

    def pull(self, g: Any) -> Sequence[Any]:
        if self.op.pull is not None:
            return self.op.pull(g, self.out, *self.values)
        return [
            rule(g, self.out, *self.values) if rule is not None and parent is not None else None
            for rule, parent in zip(self.op.vjp, self.parents, strict=True)
        ]

    def release(self) -> None:
        super().release()
        self.values = []


class ListNode(OpNode):
    """A call of an op on lists of arrays; its rules give a list of cotangents for a list."""

    __slots__ = ()

    def pull(self, g: Any) -> Sequence[Any]:
        cotangents = []
        for rule, position in zip(self.op.vjp, self.op.positions, strict=True):
            value = self.values[position]
            pulled = None if rule is None else rule(g, self.out, *self.values)
            cotangents += [None] * len(_listed(value)) if pulled is None else _listed(pulled)
        return cotangents


class CallNode(Node):
    """A call of a function with a gradient of its own."""

    __slots__ = ("function",)

    def __init__(self, parents: list[Traced | None], out: list[Any], function: Callable[[tuple], Sequence[Any]]):
        super().__init__(parents, out)
        self.function = function

    def pull(self, g: tuple[Any, ...]) -> Sequence[Any]:
        return self.function(g)

    def release(self) -> None:
        super().release()
        self.function = lambda g: ()

    def traced_results(self, structure: tree.Structure, tape: Tape) -> Any:
        """What the function returned, on a tape."""
        return tree.put_together(structure, [Traced(x, tape, self, i) for i, x in enumerate(self.out)])


def _listed(x: Any) -> list[Any]:
    return list(x) if type(x) in (list, tuple) else [x]


class Traced:
    """A value on a tape. It behaves like the array inside, as far as that can be done without losing the gradient."""

    __slots__ = ("__weakref__", "array", "index", "node", "tape")

    def __init__(self, array: Any, tape: Tape, node: Node, index: int | None = None):
        self.array = array
        self.tape = tape
        self.node = node
        self.index = index

    def __repr__(self) -> str:
        return f"<traced {self.array!r}>"

    shape = property(lambda self: self.array.shape, doc="The shape of the array.")
    dtype = property(lambda self: self.array.dtype, doc="The dtype of the array, as its framework has it.")
    ndim = property(lambda self: len(self.array.shape), doc="The number of axes.")
    size = property(lambda self: prod(self.array.shape), doc="The number of elements.")
    T = property(lambda self: ops.transpose(self), doc="The array with its axes reversed.")

    def item(self) -> Any:
        """The only element, as a Python number without a gradient."""
        return self.array.item()

    def __bool__(self) -> bool:
        return bool(self.array)

    def __int__(self) -> int:
        return int(self.array)

    def __float__(self) -> float:
        return float(self.array)

    def __index__(self) -> int:
        return self.array.__index__()

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Any:
        return (ops.get_item(self, i) for i in range(len(self.array)))

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise GradientError.lost()

    def __setitem__(self, key: Any, value: Any) -> None:
        raise GradientError(
            "a value that is being differentiated cannot be changed in place. Use ops.slice_update or "
            "ops.scatter_update, which give a new array."
        )


give_operators(Traced, equality=True)


def _top_tape(arrays: Iterable[Any]) -> Tape:
    """The tape whose turn it is: one with stand-ins for its values, else the innermost."""
    top: Any = None
    for x in arrays:
        if type(x) is Traced:
            tape = x.tape
            if tape.replaced_by is not None:
                return tape
            if top is None or tape.level > top.level:
                top = tape
    if top.closed:
        raise GradientError(
            "a value from inside of a function that was differentiated is used after the function has ended. "
            "Return it from the function as an auxiliary result (has_aux=True)."
        )
    return top


def _wrapped(out: Any, tape: Tape, node: Node) -> Any:
    """Results as traced values."""
    if type(out) in (tuple, list):
        return type(out)(Traced(x, tape, node, i) for i, x in enumerate(out))
    return Traced(out, tape, node)


class Recorder(Interpreter):
    """Runs ops on traced values, and writes down what the gradient needs."""

    level = 20

    def spec(self, x: Traced) -> Spec:
        return spec_of(x.array)

    def shape(self, x: Traced) -> tuple[Any, ...]:
        return ops.shape(x.array)

    def dtype(self, x: Traced) -> str:
        return ops.dtype(x.array)

    def home(self, x: Traced) -> Backend | None:
        return home_of(x.array)

    def to_numpy(self, x: Traced) -> np.ndarray:
        return x.__array__()

    def runner(self, op: Op) -> Run:
        if not any(op.vjp) and op.pull is None:
            return run_body(op) if op.body else _run_without_gradient(op)
        return _record_lists(op) if op.takes_lists else _record(op)


interprets(Traced, Recorder())


def run_body(op: Op) -> Run:
    """Walk the body of an op, with arguments in the dtype in which the op computes."""
    body, promote, positions = op.body, op.promote, op.promoted
    assert body is not None
    indices = [i for i in op.positions if op.parameters[i].kind in OF_INTEGERS]
    if indices:
        body = _refusing_floats(op, indices, body)
    if promote is None or not positions:
        return body

    def run(*args: Any) -> Any:
        arrays = [x for i in positions for x in _listed(args[i]) if x is not None]
        dtype = promote(*(type(x) if type(x) in WEAK else ops.dtype(x) for x in arrays))
        if op.accepts:
            op.accepts.check(dtype)

        def promoted(x: Any) -> Any:
            return x if x is None or (type(x) not in WEAK and ops.dtype(x) == dtype) else ops.cast(x, dtype)

        given = list(args)
        for i in positions:
            given[i] = [promoted(x) for x in args[i]] if type(args[i]) is list else promoted(args[i])
        return body(*given)

    return run


def _refusing_floats(op: Op, indices: Sequence[int], body: Run) -> Run:
    """The body of an op, after a look at whether arrays of floats came where integers belong."""

    def run(*args: Any) -> Any:
        for i in indices:
            if hasattr(args[i], "dtype"):
                check_integers(op.parameters[i].name, ops.dtype(args[i]))
        return body(*args)

    return run


def _record(op: Op) -> Run:
    positions, function = op.positions, op.function
    promoted = op.promoted if op.promote else ()
    may_leave_the_floats = any(p.kind == "DType" for p in op.parameters)

    def run(*args: Any) -> Any:
        arrays = [args[i] for i in positions]
        tape = _top_tape(arrays)
        if tape.replaced_by is not None:
            return function(*(tape.replaced_by(x) if tape.owns(x) else x for x in args))
        values = [x.array if type(x) is Traced and x.tape is tape else x for x in args]
        out = function(*values)
        for i in promoted:
            if type(values[i]) in WEAK:  # the rules are to compute with it in the dtype of the result
                values[i] = ops.cast(values[i], ops.dtype(out))
        if may_leave_the_floats and spec_of(out).dtype not in INEXACT:
            return out
        parents: list[Traced | None] = []
        for x in arrays:
            traced = type(x) is Traced and x.tape is tape
            parents.append(x if traced else None)
            if not traced:
                tape.protect(x)
        return _wrapped(out, tape, OpNode(parents, out, op, values))

    return run


def _record_lists(op: Op) -> Run:
    def run(*args: Any) -> Any:
        arrays = [x for i in op.positions for x in _listed(args[i])]
        tape = _top_tape(arrays)

        def each(change: Callable[[Traced], Any]) -> list[Any]:
            return [
                [change(x) if tape.owns(x) else x for x in arg]
                if type(arg) is list
                else change(arg)
                if tape.owns(arg)
                else arg
                for arg in args
            ]

        if tape.replaced_by is not None:
            return op.function(*each(tape.replaced_by))
        values = each(lambda x: x.array)
        out = op.function(*values)
        parents = [x if tape.owns(x) else None for x in arrays]
        return _wrapped(out, tape, ListNode(parents, out, op, values))

    return run


def _run_without_gradient(op: Op) -> Run:
    """For an op whose result does not depend on its arguments in a differentiable way: a constant."""

    def run(*args: Any) -> Any:
        tape = _top_tape(tree.flatten([args[i] for i in op.positions]))
        change = tape.replaced_by or (lambda x: x.array)
        return op.function(*tree.map_structure(lambda x: change(x) if tape.owns(x) else x, args))

    return run


# Backwards -------------------------------------------------------------------------------------------------


def _pull_back(
    tape: Tape, outputs: Sequence[Any], cotangents: Sequence[Any], leaves: Sequence[Traced], keep: bool
) -> list:
    """The cotangents of the leaves, given those of the outputs. Unless told to keep it, the recording is used up."""
    found: dict[Node, Any] = {leaf.node: None for leaf in leaves}
    waiting: list[tuple[int, Node]] = []
    """Nodes that have a cotangent, by order, latest first: nothing later can add to that of the first."""

    def accumulate(x: Traced, g: Any) -> None:
        node = x.node
        if node not in found:
            heapq.heappush(waiting, (-node.order, node))
        before = found.get(node)
        if x.index is None:
            found[node] = g if before is None else ops.add(before, g)
            return
        parts = found[node] = before or {}
        parts[x.index] = ops.add(parts[x.index], g) if x.index in parts else g

    for out, g in zip(outputs, cotangents, strict=True):
        if tape.owns(out):
            accumulate(out, g)
    while waiting:
        node = heapq.heappop(waiting)[1]
        g = _complete(found.pop(node), node)
        for parent, cotangent in zip(node.parents, node.pull(g), strict=True):
            if parent is not None and cotangent is not None:
                accumulate(parent, _undo_conversions(cotangent, parent.array))
        if not keep:
            node.release()
    return [ops.zeros_like(leaf.array) if found[leaf.node] is None else found[leaf.node] for leaf in leaves]


def _complete(g: Any, node: Node) -> Any:
    """The cotangents of all results of a call with several, zeros where none arrived."""
    if type(g) is not dict:
        return g
    return tuple(g[i] if i in g else ops.zeros_like(x) for i, x in enumerate(node.out))


def _undo_conversions(g: Any, x: Any) -> Any:
    """The cotangent of an array that was broadcast, or cast to a common dtype, on its way in."""
    shape, wanted = g.shape, x.shape
    if shape != wanted:
        lead = len(shape) - len(wanted)
        stretched = [i + lead for i, size in enumerate(wanted) if size == 1 and shape[i + lead] != 1]
        g = ops.sum(g, axis=(*range(lead), *stretched))
        g = ops.reshape(g, wanted) if stretched else g
    return g if g.dtype == x.dtype else ops.cast(g, ops.dtype(x))


def _conjugated(gs: Iterable[Any]) -> list[Any]:
    """Cotangents as people see them out of those of the rules, which are bilinear, or the other way round."""
    return [ops.conjugate(g) if g is not None and ops.dtype(g) in COMPLEXES else g for g in gs]


def _apart(gradients: list[Any], others: Sequence[Any]) -> list[Any]:
    """Gradients that can be written to, each without the others, or what else there is, changing with it."""
    seen, apart = {id(x) for x in others}, []
    for g in gradients:
        if type(g) is np.ndarray and (id(g) in seen or not g.flags.writeable or g.base is not None):
            g = g.copy()
        seen.add(id(g))
        apart.append(g)
    return apart


# What a backend without gradients of its own inherits ------------------------------------------------------


class TapeGradients:
    """The gradient hooks of a backend, on the tape."""

    def value_and_grad(self, function: Callable[[list], tuple[Any, list]], arrays: list) -> tuple[Any, list, list]:
        """Value, auxiliary results, and the gradient of the value with respect to each of the arrays."""
        tape = Tape()
        try:
            with tape:
                leaves = [tape.leaf(x) for x in arrays]
                value, aux = function(leaves)
            inner = value.array if tape.owns(value) else value
            gradients = _conjugated(_pull_back(tape, [value], [ops.ones_like(inner)], leaves, keep=False))
        finally:
            tape.release()
        return inner, [x.array if tape.owns(x) else x for x in aux], _apart(gradients, [])

    def vjp(self, function: Callable[[list], list], arrays: list) -> tuple[list, Callable[[list], list]]:
        """Results, and the function that pulls cotangents of the results back to the arrays."""
        tape = Tape()
        try:
            with tape:
                leaves = [tape.leaf(x) for x in arrays]
                outputs = function(leaves)
        except BaseException:
            tape.release()
            raise

        def pull(cotangents: list[Any]) -> list[Any]:
            gradients = _pull_back(tape, outputs, _conjugated(cotangents), leaves, keep=True)
            return _apart(_conjugated(gradients), cotangents)

        weakref.finalize(pull, tape.release)
        return [x.array if tape.owns(x) else x for x in outputs], pull

    def custom_gradient(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """`function(*args)[0]`, whose gradient is what `function(*args)[1]` makes of the cotangent."""
        leaves, structure = tree.take_apart(args)
        if not any(type(x) is Traced for x in leaves):
            return function(*args)[0]
        tape = _top_tape(leaves)
        out, gradient = function(*tree.put_together(structure, [x.array if tape.owns(x) else x for x in leaves]))
        results, result_structure = tree.take_apart(out)

        def pull(g: tuple[Any, ...]) -> list[Any]:
            cotangents = _conjugated(tree.flatten(gradient(*_conjugated(g))))
            if len(cotangents) != len(leaves):
                raise GradientError(
                    f"custom_gradient: the gradient function returned {len(cotangents)} cotangents for "
                    f"{len(leaves)} arguments. Return one for each, in order."
                )
            return cotangents

        node = CallNode([x if tape.owns(x) else None for x in leaves], results, pull)
        return node.traced_results(result_structure, tape)

    def remat(self, function: Callable[..., Any], used: Callable[[], list]) -> Callable[..., Any]:
        """The same function, which computes its intermediate results again for the gradient."""

        def run(*args: Any) -> Any:
            tape = _recording.get()
            return function(*args) if tape is None else self._run_again_later(function, args, tape)

        return run

    def _run_again_later(self, function: Callable[..., Any], args: tuple[Any, ...], tape: Tape) -> Any:
        leaves, structure = tree.take_apart(args)
        seen: dict[int, Traced] = {id(x): x for x in leaves if tape.owns(x)}

        def value_of(x: Traced) -> Any:
            return seen.setdefault(id(x), x).array

        with tape.replacing(value_of):
            results, result_structure = tree.take_apart(function(*args))
        parents = list(seen.values())

        def again(boxes: list[Any]) -> list[Any]:
            box_of = dict(zip(seen, boxes, strict=True))
            given = [box_of.get(id(x), x) for x in leaves]
            with tape.replacing(lambda x: box_of[id(x)]):
                return tree.flatten(function(*tree.put_together(structure, given)))

        def pull(g: tuple[Any, ...]) -> list[Any]:
            _, pulled = self.vjp(again, [x.array for x in parents])
            return pulled(list(g))

        results = [value_of(x) if tape.owns(x) else x for x in results]
        return CallNode(list(parents), results, pull).traced_results(result_structure, tape)
