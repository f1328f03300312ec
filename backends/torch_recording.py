"""Writing down the operators that a function runs on PyTorch, while it runs.

Two modes of PyTorch look on: one sees the operators below autograd, those of the gradient with the rest, the other
who looks at values in ways that are no operators. A recording of a function whose way may depend on values is marked
as of no use for others.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, _get_current_dispatch_mode
from torch.utils.weak import WeakIdKeyDictionary

from polykeras import tree

LONGEST = 20_000
"""How many operators are written down: what is longer takes longer to prepare than it saves."""

_LOOKS = frozenset(
    getattr(torch.Tensor, name)
    for name in (
        *("numpy", "tolist", "data_ptr", "storage", "untyped_storage", "__array__", "__dlpack__", "__deepcopy__"),
        *("__repr__", "__format__", "__reduce_ex__", "__contains__"),
    )
)
"""Methods by which values leave PyTorch, with no operator that says so."""

_OTHER_NAMES = frozenset(["aten::detach", "aten::alias", "aten::lift"])
"""Operators whose result is their argument, where nobody asks for gradients."""

_OF_SHAPES = frozenset(["ones_like", "zeros_like", "full_like", "new_zeros", "new_ones", "new_full"])
"""Operators to which values of their arguments do not matter, by their names in PyTorch's own namespace."""

_MINDFUL = frozenset(["aten::mkldnn_rnn_layer"])
"""Operators that look whether gradients are wanted, of which an operator that computes some needs to find traces."""

_FRESH = frozenset(["aten::lift_fresh"])
"""Operators whose argument was made for them, so that each call has to have its own."""


SMALL = 1 << 12
"""Up to how many elements a tensor that is the same in every call is kept."""

NOWHERE = -1
"""In place of the number of a tensor, for results that are none."""


@dataclass(frozen=True)
class Place:
    """The number of a tensor, in the place of the tensor."""

    number: int


class Nature(NamedTuple):
    """What can be known of an operator before it runs."""

    changes: bool = False
    """Whether it may write to its arguments."""
    shares: bool = False
    """Whether its results may share memory with its arguments."""
    is_pure: bool = False
    """Whether equal arguments give equal results, and nothing else happens."""
    heeds_values: bool = True
    """Whether more of its arguments than their shapes matters."""
    is_fresh: bool = False
    """Whether its argument was made for it, out of Python's numbers."""


FRESH = Nature(is_pure=True, is_fresh=True)
WHOLE = Nature(shares=True)
CHANGING = Nature(shares=True, changes=True)


class Call(NamedTuple):
    """A call of an operator, or of a kernel as a whole."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    """The arguments, with a `Place` for what is computed."""
    options: dict[str, Any]
    outs: tuple[int, ...]
    structure: tree.Structure
    """How the results lie."""
    nature: Nature

    def reads(self) -> list[int]:
        """The numbers of its arguments."""
        return [x.number for x in tree.flatten([self.args, self.options]) if type(x) is Place]


class Recording:
    """The operators that a function ran, in order, and the tensors that went in and out of them."""

    def __init__(self, arrays: Sequence[torch.Tensor]):
        self.is_general = True
        self.is_paused = False
        self.calls: list[Call] = []
        self.constants: dict[int, torch.Tensor] = {}
        """Small tensors that are the same in every call, by their numbers."""
        self.first_change: Call | None = None
        """The first call that may write to an input."""
        self.matching: set[int] = set()
        """The results that lie in memory as the first argument of their call does."""
        self._roots: dict[int, int] = {}
        """For each view the number of the tensor that it is a view of, in the end."""
        self._lying: dict[tuple[Any, ...], int] = {}
        """The numbers of tensors of which there are views, and of these views, by root and layout."""
        self._families: dict[int, set[int]] = {}
        """For each tensor those with which it may share memory, where there are any."""
        self._foreign: set[int] = set()
        """Tensors that may share memory with those that the function keeps for itself."""
        self._numbers: Any = WeakIdKeyDictionary()  # as keeping every tensor would take the memory of a graph
        self._new = itertools.count()
        self.inputs = [self._enter(x) for x in arrays]

    def _enter(self, x: torch.Tensor) -> int:
        self._numbers[x] = number = next(self._new)
        return number

    def number_of(self, x: Any) -> int | None:
        """The number of a tensor; None for anything else, and for tensors that the recording has not seen made."""
        return self._numbers.get(x) if isinstance(x, torch.Tensor) else None

    def placed(self, structure: Any) -> Any:
        """A structure with places for tensors."""

        def place(x: Any) -> Any:
            number = self.number_of(x)
            return x if number is None else Place(number)

        return tree.map_structure(place, structure)

    def knows_any_of(self, structure: Any) -> bool:
        """Whether there is a tensor in a structure that other calls would have other values of."""
        return any(self.number_of(x) is not None for x in tree.flatten(structure))

    def note(self, function: Any, args: Any, options: Any, out: Any, nature: Nature) -> None:
        """Write down a call."""
        leaves, structure = tree.take_apart(out)
        if len(self.calls) >= LONGEST:
            self.is_general = False
        if not self.is_general:
            return
        placed = self.placed(args), self.placed(options)
        outs = []
        for x in leaves:
            number = self.number_of(x)
            outs.append(self._enter(x) if number is None and isinstance(x, torch.Tensor) else number)
        call = Call(function, *placed, tuple(NOWHERE if x is None else x for x in outs), structure, nature)
        self.calls.append(call)
        if (
            args
            and isinstance(args[0], torch.Tensor)
            and isinstance(out, torch.Tensor)
            and _layout(args[0]) == _layout(out)
        ):
            self.matching.update(call.outs)
        self._note_memory(call)
        if self._is_constant(call) and all(isinstance(x, torch.Tensor) and x.numel() <= SMALL for x in leaves):
            self.constants |= {number: x.detach().clone() for number, x in zip(call.outs, leaves, strict=True)}

    def _is_constant(self, call: Call) -> bool:
        """Whether a call has the same results every time."""
        if not call.nature.is_pure or not call.nature.heeds_values:
            return call.nature.is_pure
        if any(isinstance(x, torch.Tensor) for x in tree.flatten([call.args, call.options])):
            return call.nature.is_fresh  # others may be changed by whoever keeps them
        return all(number in self.constants for number in call.reads())

    def family(self, number: int) -> set[int]:
        """The numbers of the tensors that may share memory with one, with its own."""
        return self._families.get(number, {number})

    def is_foreign(self, number: int | None) -> bool:
        """Whether a tensor may lie in memory that the function keeps for itself; None: one that was not seen made."""
        return number is None or not self._foreign.isdisjoint(self.family(number))

    def _note_memory(self, call: Call) -> None:
        """Note which tensors share memory with those of a call, and which may change by it."""
        if call.nature.shares and any(isinstance(x, torch.Tensor) for x in tree.flatten([call.args, call.options])):
            self._foreign.update(call.outs)
        related = {*call.reads(), *call.outs} - {NOWHERE}
        if call.nature.shares and related:
            families = [self.family(number) for number in related]
            family = max(families, key=len)
            for other in families:
                family |= other
            self._families.update(dict.fromkeys(family, family))
        if call.nature.changes:
            changed = set().union(*(self.family(number) for number in related))
            for number in changed:
                self.constants.pop(number, None)
            if self.first_change is None and not changed.isdisjoint(self.inputs):
                self.first_change = call

    def rename(self, x: torch.Tensor, out: torch.Tensor) -> bool:
        """Note that a tensor is another one by another name; tells whether that one is known."""
        number = self.number_of(x)
        if number is not None:
            self._numbers[out] = number
        return number is not None

    def rename_view(self, x: torch.Tensor, out: torch.Tensor) -> bool:
        """Note that a view of a tensor is one that is known by another name; tells whether there is such a one."""
        number = self.number_of(x)
        if number is None:
            return False
        root = self._roots.get(number, number)
        self._lying.setdefault((root, *_layout(x)), number)
        known = self._lying.get((root, *_layout(out)))
        if known is not None:
            self._numbers[out] = known
        return known is not None

    def note_view(self, x: torch.Tensor, out: torch.Tensor) -> None:
        """Note of a tensor that has been written down that it is a view of another one."""
        number, source = self.number_of(out), self.number_of(x)
        if number is not None and source is not None:
            self._roots[number] = root = self._roots.get(source, source)
            self._lying[(root, *_layout(out))] = number


def _layout(x: torch.Tensor) -> tuple[Any, ...]:
    """How a tensor sees its memory."""
    return x.dtype, x.shape, x.stride(), x.storage_offset(), x.is_conj(), x.is_neg()


class _Mode(TorchDispatchMode):
    """A mode that is nothing to PyTorch's compiler.

    Else its first call would import the compiler, which takes seconds, and Triton, which ends a process in which
    TensorFlow is loaded.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False


class _Operators(_Mode):
    """Sees the operators that run."""

    def __init__(self, recording: Recording):
        super().__init__()
        self.recording = recording

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        options = kwargs or {}
        out = func(*args, **options)
        recording = self.recording
        if recording.is_paused or not recording.is_general:
            return out
        if self._looks(func, args):
            recording.is_general = not recording.knows_any_of([args, options])
            return out
        written = [x for x, place in _arguments(func, args, options) if place.alias_info and place.alias_info.is_write]
        numbers = [recording.number_of(x) for x in tree.flatten(written) if isinstance(x, torch.Tensor)]
        if any(map(recording.is_foreign, numbers)):
            recording.is_general = False  # what the function keeps for itself is changed, and not by way of a variable
        elif func._schema.name in _OTHER_NAMES and recording.rename(args[0], out):
            pass
        elif func._schema.name in _FRESH:
            recording.note(torch.clone, (args[0].clone(),), options, out, FRESH)
        else:
            nature = _nature(func)
            is_view = nature.shares and not nature.changes and isinstance(out, torch.Tensor)
            if not (is_view and recording.rename_view(args[0], out)):
                recording.note(_fastest(func, args, options, out), args, options, out, nature)
                if is_view:
                    recording.note_view(args[0], out)
        return out

    def _looks(self, func: Any, args: Any) -> bool:
        """Whether the values of the arguments decide what comes next, or of what shape."""
        tags = set(func.tags)
        if torch.Tag.inplace_view in tags or torch.Tag.data_dependent_output in tags:
            return True
        if func._schema.name == "aten::index":  # whose result has a shape of its own where there is a mask
            return any(x is not None and x.dtype in (torch.bool, torch.uint8) for x in args[1])
        return torch.Tag.dynamic_output_shape in tags


class _Functions(TorchFunctionMode):
    """Sees who looks at values in ways that are no operators."""

    def __init__(self, recording: Recording):
        super().__init__()
        self.recording = recording

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        recording = self.recording
        if func in _LOOKS and not recording.is_paused and recording.knows_any_of([args]):
            recording.is_general = False
        return func(*args, **(kwargs or {}))


@functools.cache
def _nature(func: Any) -> Nature:
    schema = func._schema
    name = schema.name.removeprefix("aten::")
    shares = name == "_unsafe_view" or any(result.alias_info is not None for result in schema.returns)
    changes = schema.is_mutable or ("batch_norm" in name and "backward" not in name)  # which keep quiet about moments
    seeded = torch.Tag.nondeterministic_seeded in func.tags
    is_pure = not (changes or seeded or "empty" in name) and bool(schema.returns)
    return Nature(changes, shares, is_pure, name not in _OF_SHAPES)


def _arguments(func: Any, args: Any, options: Any) -> list[tuple[Any, Any]]:
    """The arguments of an operator, each with what its schema says of it."""
    places = func._schema.arguments
    named = {place.name: place for place in places}
    return [*zip(args, places, strict=False), *((x, named[name]) for name, x in options.items())]


def _fastest(func: Any, args: Any, options: Any, out: Any) -> Callable[..., Any]:
    """The function of PyTorch that does nothing but run an operator; where there is none, the slower operator."""
    if func._schema.name in _MINDFUL:
        return torch.enable_grad()(func._op)
    name = func._schema.name.removeprefix("aten::")
    for where in (torch, torch._C._nn, torch.Tensor):  # pyright: ignore[reportAttributeAccessIssue]
        candidate = getattr(where, name, None)
        if candidate is not None and _Probe(func, args, options, out).is_reached_by(candidate):
            return candidate
    return func._op


class _Probe(_Mode):
    """Sees whether a function runs a certain operator on certain arguments, without running it."""

    def __init__(self, func: Any, args: Any, options: Any, out: Any):
        super().__init__()
        self._expected = func, args, options
        self._out = out
        self._seen: list[Any] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._seen.append((func, args, kwargs or {}))
        return self._out

    def is_reached_by(self, function: Callable[..., Any]) -> bool:
        """Whether a function comes to the operator, and to nothing else."""
        func, args, options = self._expected
        try:
            with self:
                function(*args, **options)
        except Exception:
            return False
        return len(self._seen) == 1 and self._seen[0][0] is func and _alike(self._seen[0][1:], (args, options))


def _alike(one: Any, other: Any) -> bool:
    leaves, structure = tree.take_apart(one)
    others, form = tree.take_apart(other)
    return structure == form and all(
        x is y or (type(x) is type(y) and not isinstance(x, torch.Tensor) and x == y)
        for x, y in zip(leaves, others, strict=True)
    )


def whole(kernel: Callable[..., Any], changes: bool = False) -> Callable[..., Any]:
    """A kernel that a plan runs as it is, for it looks at values and makes of them nothing but its result.

    Args:
        kernel: The kernel, of which nobody wants the gradient.
        changes: Whether it may write to its arguments.

    Returns:
        The kernel.
    """

    @functools.wraps(kernel)
    def run(*args: Any) -> Any:
        mode = _get_current_dispatch_mode()
        if type(mode) is not _Operators or mode.recording.is_paused or _is_differentiated(args):
            return kernel(*args)
        recording = mode.recording
        recording.is_paused = True
        try:
            out = kernel(*args)
            if not changes:  # what is an argument now may be something else another time
                out = tree.map_structure(lambda x: x.view_as(x) if recording.knows_any_of(x) else x, out)
        finally:
            recording.is_paused = False
        recording.note(kernel, args, {}, out, CHANGING if changes else WHOLE)
        return out

    return run


def _is_differentiated(args: Any) -> bool:
    if not torch.is_grad_enabled():
        return False
    return any(x.requires_grad for x in tree.flatten(list(args)) if isinstance(x, torch.Tensor))


def recorded(recording: Recording, function: Callable[..., list], arrays: Sequence[torch.Tensor]) -> list[Any]:
    """The results of a function, which is written down."""
    with _Functions(recording), _Operators(recording):
        return function(*arrays)
