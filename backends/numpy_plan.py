"""Functions on NumPy as plans: the kernels that they run, one after the other, into memory that is there already.

The first call with arrays of some shapes, dtypes and strides records (`numpy_recording`). Of the recording a plan is
made: without what no result needs, each intermediate array in a buffer that is used again in every call and, once
nobody needs the array any more, within the call. What is returned never lies in a buffer. A function that looked at
values on its way, so that other values might take another way, runs as it is, and so does a call whose arrays lie in
memory otherwise than any before it, once there have been too many of those.
"""

from __future__ import annotations

import dataclasses
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from polykeras import tree
from polykeras.interpreters import held
from polykeras.source import function_from

from .numpy_recording import Place, Recorded, Recording, Step
from .numpy_shortcuts import CONSTANT, WRITING_OVER, fitted, is_in_order, passed_on, with_arrays
from .numpy_table import KERNELS
from .numpy_windows import keeping_patches

LAYOUTS = 4
"""For how many layouts of its arguments in memory a function has plans."""


class Planned:
    """A function of arrays that runs by a plan where it can.

    Args:
        function: The function, which gives a list of arrays.
        donate: The arguments that are lost to the caller.
        state: How many of these, the first ones, the first results replace.
        into: For kernels that can write to memory of the caller's, functions that do, with that as one argument more.
    """

    def __init__(
        self, function: Callable[..., list], donate: Sequence[int], state: int, into: dict[Any, Callable[..., Any]]
    ):
        self._function = function
        self._donate = donate
        self._state = state
        self._into = into
        self._plans: dict[Any, Plan | None] = {}

    def __call__(self, *arrays: Any) -> list[Any]:
        layouts = tuple([x.strides for x in arrays])
        plan = self._plans.get(layouts, self)
        if plan is self:
            if len(self._plans) >= LAYOUTS:
                return self._function(*arrays)
            return self._record(layouts, arrays)
        if plan is None or not plan.lock.acquire(blocking=False):  # type: ignore[union-attr]
            return self._function(*arrays)
        try:
            return plan.run(*arrays)  # type: ignore[union-attr]
        except Exception:
            if not plan.may_repeat:  # type: ignore[union-attr]
                raise
        finally:
            plan.lock.release()  # type: ignore[union-attr]
        results = self._function(*arrays)  # which says what is wrong in the words of the op
        self._plans[layouts] = None  # else it was the plan
        return results

    def _record(self, layouts: Any, arrays: Sequence[Any]) -> list[Any]:
        recording = Recording(arrays)
        results = self._function(*recording.inputs)
        plan = Plan(recording, results, self._donate, self._state, self._into) if recording.is_general else None
        self._plans[layouts] = plan
        recording.is_general = False  # arrays that somebody has kept are ordinary ones from now on
        opened = [x.array if type(x) is Recorded else x for x in results]
        return [np.array(x) if plan and i in plan.copied else x for i, x in enumerate(opened)]


class Plan:
    """The kernels of a recording that its results need, written out as a function.

    Args:
        recording: The recording.
        results: The results of the function that was recorded.
        donate: As for `Planned`.
        state: As for `Planned`.
        into: As for `Planned`.
        targets: Where results are written to memory that is given with the arguments, after them, rather than
            returned: for each, which argument that memory is that of, or None where it is none's.
    """

    def __init__(
        self,
        recording: Recording,
        results: Sequence[Any],
        donate: Sequence[int] = (),
        state: int = 0,
        into: Mapping[Any, Callable[..., Any]] = MappingProxyType({}),
        targets: Sequence[int | None] | None = None,
    ):
        self.lock = threading.Lock()
        self._donate = donate
        self._state = state
        self._recording = recording
        self._into = into
        self._targets = targets
        self._results = [x.number if type(x) is Recorded else x for x in map(held, results)]
        self._steps = keeping_patches(self._needed(self._varying(self._needed(recording.steps))), recording)
        self.copied = self._shared_results()
        self.may_repeat = not any(step.consumes for step in self._steps)
        self.run = self._written()
        del self._recording, self._steps, self._families  # with arrays that only the recording needed
        del self._free, self._held, self._buffers, self._filled

    def _needed(self, steps: list[Step]) -> list[Step]:
        """The steps without those whose results nobody uses."""
        wanted = {number for number in self._results if type(number) is int}
        kept: list[Step] = []
        for step in reversed(steps):
            if wanted.intersection(step.outs):
                wanted.update(_read_by(step))
                kept.append(step)
        return kept[::-1]

    def _varying(self, steps: list[Step]) -> list[Step]:
        """The steps without those that do nothing, and those whose results are constants from now on."""
        known: dict[int, np.ndarray | Place] = {}
        of_shapes = {KERNELS["zeros_like"], KERNELS["ones_like"]}  # to which values do not matter
        consumed = [number for step in steps if step.consumes for number in _read_by(step)]
        kept = []
        for step in steps:
            args = tree.map_structure(lambda x: known.get(x.number, x) if type(x) is Place else x, step.args)
            if step.kernel in of_shapes and type(args[0]) is Place:
                slot = self._recording.slots[args[0].number]
                args = (np.broadcast_to(np.empty((), slot.dtype), slot.shape), *args[1:])
            varies = any(type(leaf) is Place for leaf in tree.flatten(args))
            may_pass = varies and self._targets is None  # else results are written over arguments
            source = passed_on(step.kernel, args, self._recording.slots, step.outs[0]) if may_pass else None
            if source is not None and self._may_be_one(step.outs[0], source.number, consumed):
                known[step.outs[0]] = source
                self._recording.unite(step.outs[0], source.number)
                continue
            if varies or step.consumes or step.structure is not None or not self._is_small(step.outs[0]):
                kept.append(dataclasses.replace(step, args=args))
                continue
            known[step.outs[0]] = found = np.asarray(step.kernel(*args)).view()
            found.flags.writeable = False
            self._recording.constants.add(self._recording.oldest(step.outs[0]))
        results = [known.get(x, x) if type(x) is int else x for x in self._results]
        self._results = [x.number if type(x) is Place else x for x in results]
        self._numbers = [x if type(x) is int else None for x in self._results]
        return kept

    def _may_be_one(self, one: int, other: int, consumed: list[int]) -> bool:
        """Whether two arrays may share memory: as they did in the recording, or because nobody writes to theirs."""
        families = {self._recording.oldest(one), self._recording.oldest(other)}
        return len(families) == 1 or not any(self._recording.oldest(number) in families for number in consumed)

    def _is_small(self, number: int) -> bool:
        """Whether an array may be kept as a constant."""
        return math.prod(self._recording.slots[number].shape) <= CONSTANT

    def _shared_results(self) -> set[int]:
        """Which results share memory with an argument, with a constant, or with a result before them.

        What was made in the memory of arguments that are lost to the caller is nobody else's.
        """
        recording, shared, seen = self._recording, set(), set()
        inputs = {recording.oldest(x.number) for x in recording.inputs}
        lost = {recording.inputs[i].number for i in self._donate}
        for i, number in enumerate(self._numbers):
            if number is None:
                shared.add(i)
                continue
            family = recording.oldest(number)
            made_of = recording.made_of.get(number)
            if made_of is not None and lost.issuperset(made_of) and family not in recording.constants:
                is_alone = number not in self._numbers[:i]
            else:
                returned = i < self._state and number == recording.inputs[i].number
                is_alone = family not in seen | recording.constants and (family not in inputs or returned)
            if not is_alone:
                shared.add(i)
            seen.add(family)
        return shared

    # Writing -----------------------------------------------------------------------------------------------

    def _written(self) -> Callable[..., list[Any]]:
        recording = self._recording
        self._namespace: dict[str, Any] = {"copy": np.array, "leaves": tree.flatten}
        self._names: dict[int, str] = {}
        self._free: dict[int, list[np.ndarray]] = {}
        self._held: dict[int, np.ndarray] = {}
        self._buffers: dict[tuple[Any, ...], str] = {}
        self._filled: set[str] = set()
        kept = {recording.oldest(x.number) for x in recording.inputs} | recording.constants
        kept |= {recording.oldest(number) for number in self._numbers if number is not None}
        lines = []
        for place, families in enumerate(self._last_uses()):
            lines += self._lines(place, [family for family in families if family not in kept], kept)
        parameters = [f"a{x.number}" for x in recording.inputs]
        returned = [
            f"copy({self._result(x)})" if i in self.copied else self._result(x) for i, x in enumerate(self._results)
        ]
        if self._targets is not None:
            targets = [f"t{i}" for i in range(len(returned))]
            parameters += targets
            pairs = zip(targets, returned, strict=True)
            lines += [f"    {target}[...] = {result}\n" for target, result in pairs if target not in self._filled]
            returned = []
        source = f"def plan({', '.join(parameters)}):\n{''.join(lines)}    return [{', '.join(returned)}]\n"
        return function_from("plan", source, self._namespace)

    def _lines(self, place: int, ending: list[int], kept: set[int]) -> list[str]:
        """The call of a step's kernel, and the end of the arrays that nobody needs after it."""
        step, slots = self._steps[place], self._recording.slots
        arguments = [self._expression(x) for x in with_arrays(step.kernel, step.args, slots)]
        is_ufunc = isinstance(step.kernel, np.ufunc) and step.kernel.signature is None
        fit = fitted(step.kernel, step.args, slots, step.outs[0] if step.structure is None else None)
        kernel = fit or step.kernel
        family = self._recording.oldest(step.outs[0])
        if family not in kept and self._can_be_given_memory(step):
            kernel = fit or (kernel if isinstance(kernel, np.ufunc) else self._into[kernel])
            if is_ufunc or kernel in WRITING_OVER:  # the result may lie where what it is made of ends
                self._release([each for each in ending if self._lies_as_result(each, step)])
            buffer = self._buffer(family, slots[step.outs[0]])
            arguments.append(f"out={buffer}" if isinstance(kernel, np.ufunc) else buffer)
        target = self._target(step, place) if is_ufunc else None
        if target is not None:
            arguments.append(f"out={target}")
            self._filled.add(target)
        call = f"{self._name(kernel)}({', '.join(arguments)})"
        results = ", ".join(f"a{number}" for number in step.outs)
        if step.structure is not None:
            results = f"({results},)" if step.outs else "_"
            call = call if _is_row(step.structure) else f"leaves({call})"
        self._release(ending)
        gone = [f"a{number}" for family in ending for number in self._members(family, place)]
        return [f"    {results} = {call}\n", *([f"    {' = '.join(gone)} = None\n"] if gone else [])]

    def _target(self, step: Step, place: int) -> str | None:
        """The memory of a result, if this step can write it there: if nobody needs what is there any more."""
        number = step.outs[0]
        if self._targets is None or self._numbers.count(number) != 1 or not self._can_be_given_memory(step):
            return None
        i = self._numbers.index(number)
        argument = self._targets[i]
        if argument is not None and self._last.get(self._recording.inputs[argument].number, place) > place:
            return None
        return f"t{i}"

    def _result(self, x: Any) -> str:
        return f"a{x}" if type(x) is int else self._name(x)

    def _last_uses(self) -> list[list[int]]:
        """For each step the families of arrays, those that may share memory, that nobody needs after it."""
        last: dict[int, int] = {}
        self._last = last
        self._families: dict[int, list[tuple[int, int]]] = {}
        for place, step in enumerate(self._steps):
            for number in (*_read_by(step), *step.outs):
                last[self._recording.oldest(number)] = place
            for number in step.outs:
                self._families.setdefault(self._recording.oldest(number), []).append((number, place))
        ending: list[list[int]] = [[] for _ in self._steps]
        for family, place in last.items():
            ending[place].append(family)
        return ending

    def _members(self, family: int, place: int) -> list[int]:
        """The arrays of a family that are worth letting go of: single numbers are not."""
        slots = self._recording.slots
        return [n for n, made in self._families.get(family, []) if made <= place and slots[n].shape]

    def _can_be_given_memory(self, step: Step) -> bool:
        """Whether a step has one result, of its own memory, that it can write where it is told to."""
        slot = self._recording.slots[step.outs[0]]
        alone = self._recording.oldest(step.outs[0]) == step.outs[0] and step.structure is None
        able = step.kernel in self._into or (isinstance(step.kernel, np.ufunc) and len(step.args) == step.kernel.nin)
        return alone and able and bool(slot.shape) and slot.owns_memory and _is_dense(slot)

    def _lies_as_result(self, family: int, step: Step) -> bool:
        """Whether all arrays of a family that a step reads lie in memory as its result does."""
        slots = self._recording.slots
        read = [slots[number] for number in _read_by(step) if self._recording.oldest(number) == family]
        return all(_lie_alike(slot, slots[step.outs[0]]) for slot in read)

    def _buffer(self, family: int, slot: Any) -> str:
        """Memory for an array, until its family ends: some that is free, else new."""
        size = math.prod(slot.shape) * slot.dtype.itemsize
        free = self._free.get(size)
        memory = free.pop() if free else np.empty(size, np.uint8)
        self._held[family] = memory
        key = id(memory), slot.shape, slot.dtype, slot.strides
        name = self._buffers.get(key)
        if name is None:
            name = self._buffers[key] = f"b{len(self._namespace)}"
            self._namespace[name] = np.ndarray(slot.shape, slot.dtype, memory, 0, slot.strides)
        return name

    def _release(self, families: list[int]) -> None:
        for family in families:
            if family in self._held:
                memory = self._held.pop(family)
                self._free.setdefault(memory.size, []).append(memory)

    def _expression(self, x: Any) -> str:
        """An argument as source."""
        leaves, structure = tree.take_apart(x)
        if not any(type(leaf) is Place for leaf in leaves):
            return self._name(x)
        if type(x) is Place:
            return f"a{x.number}"
        if type(x) in (list, tuple):
            parts = ", ".join(map(self._expression, x))
            return f"[{parts}]" if type(x) is list else f"({parts},)"
        name = self._name(structure)
        return f"{name}.unflatten([{', '.join(map(self._expression, leaves))}])"

    def _name(self, x: Any) -> str:
        """The name of a constant."""
        if x is None or type(x) in (bool, int):
            return repr(x)
        name = self._names.get(id(x))
        if name is None:
            name = self._names[id(x)] = f"c{len(self._namespace)}"
            self._namespace[name] = x
        return name


def _is_row(structure: tree.Structure) -> bool:
    """Whether arrays lie in one list or tuple, one after the other."""
    leaves = [0] * structure.num_leaves
    return structure in (tree.take_apart(leaves)[1], tree.take_apart(tuple(leaves))[1])


def _read_by(step: Step) -> list[int]:
    return [leaf.number for leaf in tree.flatten(list(step.args)) if type(leaf) is Place]


def _lie_alike(one: Any, other: Any) -> bool:
    """Whether elements come in the same order in memory, one after the other."""
    if one.dtype != other.dtype or math.prod(one.shape) != math.prod(other.shape):
        return False
    return (one.shape == other.shape and one.strides == other.strides) or (is_in_order(one) and is_in_order(other))


def _is_dense(slot: Any) -> bool:
    """Whether the elements fill their memory, in whatever order of the axes."""
    expected = slot.dtype.itemsize
    for size, stride in sorted(zip(slot.shape, slot.strides, strict=True), key=lambda pair: (pair[1], pair[0])):
        if size == 0:
            return False
        if size > 1:
            if stride != expected:
                return False
            expected *= size
    return True
