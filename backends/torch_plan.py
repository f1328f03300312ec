"""Functions on PyTorch as plans: the operators that they ran, one after the other, without what Python does between.

The first call with arrays of some layouts is recorded (`torch_recording`). What is written down is made a function of
Python, without what comes to the same in every call and without copies of what nobody else has. A function that
looked at values on its way, so that other values might take another way, runs as it is ever after.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import _get_current_dispatch_mode

from polykeras import tree
from polykeras.source import function_from

from .torch_gradients import DIFFERENTIATING, is_transformed
from .torch_memory import keep_memory
from .torch_recording import NOWHERE, Call, Place, Recording, recorded

LAYOUTS = 4
"""For how many layouts of its arguments in memory a function has plans."""

_THRESHOLD = torch.ops.aten.threshold_backward


def _threshold_over(gradient: Any, x: Any, threshold: float) -> Any:
    return _THRESHOLD.grad_input._op(gradient, x, threshold, grad_input=gradient)


IN_PLACE: dict[Any, Callable[..., Any]] = {
    **{
        getattr(torch, name): getattr(torch.Tensor, f"{name}_")
        for name in ("add", "sub", "mul", "div", "neg", "exp", "sqrt", "relu", "tanh", "sigmoid")
    },
    _THRESHOLD.default._op: _threshold_over,
}
"""For functions what writes their result over their first argument."""

_LEAF = tree.take_apart(0)[1]

_OF_SIZES = frozenset([torch.Tensor.view, torch.Tensor.expand])
"""Methods that take a list of sizes, and sizes one by one in less time."""


def _is_followed() -> bool:
    """Whether somebody else is looking at each operator, or makes another of it."""
    return is_transformed() or _get_current_dispatch_mode() is not None


class Planned:
    """A function of tensors that runs by a plan where it can.

    Args:
        function: The function, which gives a list of tensors.
    """

    def __init__(self, function: Callable[..., list]):
        self._function = function
        self._plans: dict[Any, Plan | None] = {}

    def __call__(self, *arrays: Any) -> list[Any]:
        if DIFFERENTIATING.get() or any(x.requires_grad for x in arrays):
            return self._function(*arrays)
        with torch.no_grad():  # nobody wants gradients with respect to parameters from elsewhere
            layouts = tuple([x.stride() for x in arrays])
            plan = self._plans.get(layouts, self)
            if plan is None:
                return self._function(*arrays)
            if type(plan) is not Plan:
                return self._record(layouts, arrays)
            try:
                return plan.run(*arrays)
            except Exception as error:
                if not plan.may_repeat(error):
                    raise
            results = self._function(*arrays)  # which says what is wrong in the words of the op
            self._plans[layouts] = None  # else it was the plan
            return results

    def _record(self, layouts: Any, arrays: Sequence[Any]) -> list[Any]:
        if _is_followed() or len(self._plans) >= LAYOUTS or len(set(map(id, arrays))) < len(arrays):
            return self._function(*arrays)
        if all(x.device.type == "cpu" for x in arrays):
            keep_memory()
        recording = Recording(arrays)
        results = recorded(recording, self._function, arrays)
        self._plans[layouts] = Plan(recording, results) if recording.is_general else None
        return results


class Plan:
    """The calls of a recording, written out as a function.

    Args:
        recording: The recording.
        results: The results of the function that was recorded.
    """

    def __init__(self, recording: Recording, results: Sequence[Any]):
        self._namespace: dict[str, Any] = {"copy": torch.clone, "leaves": tree.flatten}
        self._names: dict[int, str] = {}
        given = recording.placed(list(results))
        calls = _needed(recording, given)
        self._renamed = _copies_without_need(recording, calls, given)
        self._namespace |= {f"a{number}": value for number, value in recording.constants.items()}
        lives = _Lives(recording, calls, given, self._renamed)
        lines: list[str] = []
        self._first_change = sys.maxsize
        for i, call in enumerate(calls):
            if call.outs[0] not in self._renamed:
                lines.append(f"    {self._line(lives.over_its_argument(i))}\n")
            if call is recording.first_change:
                self._first_change = 1 + len(lines)
            gone = [f"a{number}" for number in lives.gone_after(i)]
            if gone:
                lines.append(f"    {' = '.join(gone)} = None\n")

        def is_constant(x: Any) -> bool:  # to which whoever gets it may write
            return type(x) is not Place or not recording.constants.keys().isdisjoint(recording.family(x.number))

        parameters = ", ".join(f"a{number}" for number in recording.inputs)
        returned = [f"copy({self._expression(x)})" if is_constant(x) else self._expression(x) for x in given]
        source = f"def plan({parameters}):\n{''.join(lines)}    return [{', '.join(returned)}]\n"
        self.run = function_from("plan", source, self._namespace)

    def may_repeat(self, error: Exception) -> bool:
        """Whether the plan had not yet written to its arguments when it raised an error."""
        inside = error.__traceback__ and error.__traceback__.tb_next
        return inside is None or inside.tb_lineno < self._first_change

    def _line(self, call: Call) -> str:
        is_spread = call.function in _OF_SIZES and len(call.args) == 2 and type(call.args[1]) is list and call.args[1]
        arguments = [self._expression(x) for x in ((call.args[0], *call.args[1]) if is_spread else call.args)]
        arguments += [f"{name}={self._expression(x)}" for name, x in call.options.items()]
        line = f"{self._name(call.function)}({', '.join(arguments)})"
        if not any(number != NOWHERE for number in call.outs):
            return line
        targets = ", ".join("_" if number == NOWHERE else f"a{number}" for number in call.outs)
        if call.structure == _LEAF:
            return f"{targets} = {line}"
        is_tuple = call.structure == tree.take_apart((0,) * len(call.outs))[1]
        return f"{targets}, = {line if is_tuple else f'leaves({line})'}"

    def _expression(self, x: Any) -> str:
        """An argument as source."""
        if type(x) is Place:
            return f"a{self._renamed.get(x.number, x.number)}"
        if type(x) in (list, tuple):
            parts = "".join(f"{self._expression(part)}, " for part in x)
            return f"[{parts}]" if type(x) is list else f"({parts})"
        return self._name(x)

    def _name(self, x: Any) -> str:
        """The name of a constant."""
        if x is None or type(x) in (bool, int):
            return repr(x)
        name = self._names.get(id(x))
        if name is None:
            name = self._names[id(x)] = f"c{len(self._namespace)}"
            self._namespace[name] = x
        return name


class _Lives:
    """Until which call each tensor is needed.

    Args:
        recording: The recording.
        calls: Those of its calls that are needed.
        given: What the function gives.
        renamed: For copies without need the tensors whose copies they are.
    """

    def __init__(self, recording: Recording, calls: Sequence[Call], given: Sequence[Any], renamed: dict[int, int]):
        self._recording = recording
        self._calls = calls
        self._renamed = renamed
        kept = {x.number for x in given if type(x) is Place} | recording.constants.keys() | {NOWHERE}
        self._kept = {renamed.get(number, number) for number in kept}
        self._last = {renamed.get(n, n): i for i, call in enumerate(calls) for n in (*call.reads(), *call.outs)}
        made = (n for call in recording.calls if call.nature.is_pure for n in call.outs)
        self._made = {n for n in made if not recording.is_foreign(n)}
        """What lies in memory that the function took, and which nobody else can see."""

    def gone_after(self, place: int) -> list[int]:
        """The tensors that are not needed after a call, by its place, and that it reads or makes."""
        call = self._calls[place]
        touched = {self._renamed.get(number, number) for number in (*call.reads(), *call.outs)} - self._kept
        return [number for number in sorted(touched) if self._last[number] == place]

    def over_its_argument(self, place: int) -> Call:
        """A call, such that it writes its result over its first argument where nobody needs that afterwards."""
        call = self._calls[place]
        first = call.args[0] if call.args else None
        if call.function not in IN_PLACE or type(first) is not Place or call.outs[0] not in self._recording.matching:
            return call
        family = self._recording.family(first.number)
        read_apart = not family.intersection(number for number in call.reads() if number != first.number)
        return call._replace(function=IN_PLACE[call.function]) if read_apart and self._end(family, place) else call

    def _end(self, numbers: set[int], place: int) -> bool:
        """Whether tensors were all made by the function, and nobody needs one of them after a call."""
        numbers = {self._renamed.get(number, number) for number in numbers}
        return numbers <= self._made - self._kept and all(self._last.get(number, place) <= place for number in numbers)


def _needed(recording: Recording, given: Sequence[Any]) -> list[Call]:
    """The calls without those whose results are known, and then without those whose results nobody uses."""
    wanted = {x.number for x in given if type(x) is Place}
    kept = []
    for call in reversed(recording.calls):
        is_wanted = not call.nature.is_pure or not wanted.isdisjoint(call.outs)
        if is_wanted and not recording.constants.keys() >= set(call.outs):
            wanted.update(call.reads())
            kept.append(call)
    return kept[::-1]


def _copies_without_need(recording: Recording, calls: Sequence[Call], given: Sequence[Any]) -> dict[int, int]:
    """Copies of what nobody else has: for each the number of what it is a copy of."""
    uses = Counter(number for call in calls for number in call.reads())
    uses.update(x.number for x in given if type(x) is Place)
    own = {n for call in calls if call.nature.is_pure and not call.nature.shares for n in call.outs}
    found: dict[int, int] = {}
    for call in calls:
        source = call.reads()[0] if call.function is torch.clone and call.args and call.reads() else NOWHERE
        if not call.options and uses[source] == 1 and source in own and source not in recording.constants:
            found[call.outs[0]] = found.get(source, source)
    return found
