"""Compiling functions on whatever backend runs them."""

from __future__ import annotations

import functools
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from . import tree
from .backend import Backend, chosen_device, current, using
from .errors import GradientError, StateError
from .interpreters import HOST, Interpreter, held, home_of, kind_of, kind_or_none
from .mistakes import check_function
from .ops.gradient import Others
from .settings import settings
from .state import Variable, bind, places_of, take_all
from .symbolic import spec_of

PROGRAMS = 256
"""How many programs a compiled function keeps: those that were used last."""

_PLAIN = frozenset({bool, int, float, str, type(None)})
"""The types of arguments, besides arrays, that are compared at a glance."""


class Compiled:
    """A function that is compiled for each combination of shapes, dtypes and other arguments that it meets."""

    def __init__(
        self,
        function: Callable[..., Any],
        variables: Sequence[Variable],
        donate: Sequence[int],
        donate_variables: bool,
        jit_compile: bool | str,
    ):
        check_function("compile", function)
        if isinstance(variables, Variable) or not all(isinstance(variable, Variable) for variable in variables):
            given = variables if isinstance(variables, Variable) else [type(x).__name__ for x in variables]
            raise StateError(f"compile: expected variables to be a list of them; got {given}. Write variables=[v].")
        if not isinstance(donate, (tuple, list)) or not all(type(x) is int and x >= 0 for x in donate):
            raise StateError(
                f"compile: expected donate to be a list of positions of arguments, from 0; got {donate!r}. "
                "Write donate=[0] for the first argument."
            )
        functools.update_wrapper(self, function)
        self.function = function
        self.variables = list(variables)
        self._donate = tuple(donate)
        self._donate_variables = donate_variables
        self._jit_compile = jit_compile
        self._programs: OrderedDict[Any, _Program] = OrderedDict()
        self._known: dict[Any, tuple[Backend, _Program, list[int]]] = {}
        self._lock = threading.Lock()

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves, structure = tree.take_apart((args, kwargs))
        looks = self._looks(structure, leaves)
        try:
            known = None if looks is None else self._known.get(looks)
        except (TypeError, ValueError):  # there are sizes that are not known
            looks = known = None
        if known is None:
            leaves = [held(leaf) for leaf in leaves]
            kinds = [kind_or_none(type(leaf)) for leaf in leaves]
            if any(isinstance(kind, Interpreter) for kind in kinds):
                return self.function(*args, **kwargs)
            places = [i for i, kind in enumerate(kinds) if kind is HOST or isinstance(kind, Backend)]
            home = self._home(leaves)
        else:
            home, program, places = known
        state = places_of(self.variables)
        with using(home):
            arrays = [home.argument(x) if kind_of(type(x)) is HOST else x for x in map(leaves.__getitem__, places)]
            if known is None:
                program = self._program_for(home, structure, leaves, places, args)
                if looks is not None:
                    if len(self._known) >= PROGRAMS:
                        self._known.clear()
                    self._known[looks] = home, program, places
            results, outcome = program([*state, *arrays])
        if outcome.changed:
            take_all(outcome.changed, results[: len(outcome.changed)])
            results = results[len(outcome.changed) :]
        return outcome.others.join(results)

    def _looks(self, structure: tree.Structure, leaves: list[Any]) -> Any:
        """What tells calls apart at a glance; None for those that need a closer look."""
        homes = {variable.home for variable in self.variables}
        if len(homes) > 1:
            return None
        home = next(iter(homes)) if homes else None
        looks: list[Any] = []
        for leaf in leaves:
            cls = type(leaf)
            kind = kind_or_none(cls)
            if kind is HOST or isinstance(kind, Backend):
                looks.append((cls, leaf.shape, leaf.dtype))
            elif cls in _PLAIN:
                looks.append(_constant(leaf))
            else:
                return None
        home = home or current()
        return (home, chosen_device(home), *settings.of_programs(), structure, *looks)

    def _program_for(
        self, home: Backend, structure: tree.Structure, leaves: list[Any], places: list[int], args: tuple[Any, ...]
    ) -> _Program:
        """The program for arguments of these shapes and dtypes, which is made where there is none."""
        key = self._key(home, structure, leaves, places)
        with self._lock:
            program = self._programs.get(key)
            if program is None:
                program = self._programs[key] = self._program(home, structure, leaves, places, args)
                if len(self._programs) > PROGRAMS:
                    self._programs.popitem(last=False)
            else:
                self._programs.move_to_end(key)
        return program

    def _home(self, leaves: list[Any]) -> Backend:
        """The backend of the variables, or without any that of the arguments."""
        if not self.variables:
            return home_of(leaves)
        home = self.variables[0].home
        strangers = [x for x in leaves if isinstance(kind_or_none(type(x)), Backend)]
        others = [v.home for v in self.variables if v.home is not home]
        others += [h for h in map(home_of, strangers) if h is not home]
        if others:
            raise StateError(
                f"compile: expected variables and arguments of one backend; variable {self.variables[0].path} is on "
                f"{home.name}, and there is something on {others[0].name}. Make the variables in a block `with "
                f'polykeras.using("{others[0].name}")`, or bring the arguments over with polykeras.convert.'
            )
        return home

    def _key(self, home: Backend, structure: tree.Structure, leaves: list[Any], places: list[int]) -> Any:
        specs = {i: spec_of(leaves[i]) for i in places}
        key = tuple((specs[i].shape, specs[i].dtype) if i in specs else _constant(x) for i, x in enumerate(leaves))
        try:
            hash(key)
        except TypeError:
            kinds = ", ".join(sorted({type(x).__name__ for i, x in enumerate(leaves) if i not in specs}))
            raise StateError(
                f"compile: arguments must be arrays or hashable values, to tell compiled programs apart; got {kinds}."
            ) from None
        return (home.name, chosen_device(home), *settings.of_programs(), structure, key)

    def _program(
        self, home: Backend, structure: tree.Structure, leaves: list[Any], places: list[int], args: tuple[Any, ...]
    ) -> _Program:
        count = len(self.variables)
        fixed = [None if i in places else leaf for i, leaf in enumerate(leaves)]

        def flat(*arrays: Any) -> list[Any]:
            given = list(fixed)
            for place, array in zip(places, arrays[count:], strict=True):
                given[place] = array
            positional, named = tree.put_together(structure, given)
            others = Others()
            state = arrays[:count]
            with bind(self.variables, state, strict=True, donated=self._donate_variables) as binding:
                result = others.split(self._traced(home, positional, named))
                changed = self.variables if self._donate_variables else binding.changed()
                program.ran(_Outcome(changed, others))
                return [*binding.read_all(changed), *result]

        donated = [*range(count)] if self._donate_variables else []
        sizes = [len(tree.flatten(arg)) for arg in args]
        for number in self._donate:
            if number >= len(args):
                raise StateError(
                    f"compile: argument {number} is to be donated, but the call has {len(args)} arguments by position. "
                    "Give it by position."
                )
            begin = sum(sizes[:number])
            donated += [count + places.index(i) for i in range(begin, begin + sizes[number]) if i in places]
        program = _Program(home, donated)
        program.run = home.compile(flat, donated, count if self._donate_variables else 0, self._jit_compile)
        return program

    def _traced(self, home: Backend, positional: Any, named: Any) -> Any:
        """What the function returns, with an error of ours where it looks at values that are not there yet."""
        try:
            return self.function(*positional, **named)
        except Exception as error:
            in_gradient = isinstance(error, GradientError)
            root = error.__cause__ if in_gradient else error
            remedy = "" if in_gradient else ", or do not compile it (run_eagerly=True for a model)"
            if home.traces and isinstance(root, Exception) and home.looked_at_value(root):
                raise StateError(
                    "compile: a function looked at a value, as `if x > 0`, float(x) and functions of NumPy do, before "
                    f"there was one: {home.name} traces it once, for all values. Use ops.where, ops.cond, "
                    f"ops.while_loop and other functions of polykeras.ops{remedy}."
                ) from root
            raise


class _Outcome(NamedTuple):
    """What a program's results are, besides arrays. Where the function is traced, that is the same in every call."""

    changed: list[Variable]
    """The variables whose new values come first: others would be copied for nothing."""
    others: Others
    """What the function returned that is no array."""


class _Program:
    """A function as a backend compiled it."""

    run: Callable[..., list[Any]]

    def __init__(self, home: Backend, donated: list[int]):
        self._home = home
        self._donated = frozenset(donated)
        self._traced: Any = None
        self._here = threading.local()

    def ran(self, outcome: _Outcome) -> None:
        """Note what came of a run of the function."""
        self._here.outcome = self._traced = outcome

    def __call__(self, arrays: list[Any]) -> tuple[list[Any], _Outcome]:
        """The results, and what they are."""
        self._here.outcome = None
        results = self.run(*self._without_sharing(arrays))
        return results, self._here.outcome or self._traced

    def _without_sharing(self, arrays: list[Any]) -> list[Any]:
        """The arrays, each donated one with memory of its own where another argument is the same array."""
        if not self._donated:
            return arrays
        if len(set(map(id, arrays))) == len(arrays):
            return arrays
        uses = Counter(map(id, arrays))
        return [self._home.copy(x) if i in self._donated and uses[id(x)] > 1 else x for i, x in enumerate(arrays)]


def _constant(x: Any) -> Any:
    """What tells a value from others by which a program would be another: 0.0 from -0.0, 1 from True."""
    return (type(x), x.hex()) if isinstance(x, float) else (type(x), x)


def compile(
    function: Callable[..., Any] | None = None,
    *,
    variables: Sequence[Variable] = (),
    donate: Sequence[int] = (),
    donate_variables: bool = False,
    jit_compile: bool | str = "auto",
) -> Callable[..., Any]:
    """A function that does the same as another, as fast as the backend can make it.

    Which backend that is, each call decides by its arrays. JAX and TensorFlow trace the function, once for each
    combination of shapes, dtypes and arguments that are no arrays. NumPy and PyTorch run it once and note its kernels,
    unless what it does depends on values that it looks at: then it runs as it is. Python numbers are constants of a
    program: pass an array for what changes from call to call.

    Args:
        function: A function of arrays, or structures of them. It may use no variables but those listed. Left out for
            a decorator with the other arguments.
        variables: The variables that it reads or assigns to.
        donate: The positions of arguments whose memory may be used for the results; they are lost to the caller.
        donate_variables: Whether arrays that variables held before the call, or before an optimizer's step in it, may
            be used for the results.
        jit_compile: True for the framework's optimizing compiler, False to leave it out: then JAX, NumPy and PyTorch
            run the function as it is, and TensorFlow as a graph without XLA. "auto" for what usually suits: XLA on JAX,
            a plan of kernels on NumPy and on PyTorch; on TensorFlow a graph, and after some seconds of work what turned
            out to be fastest: without XLA, with updates by XLA, or all of it, whose results differ by rounding.

    Returns:
        The function.

    >>> double = compile(lambda x: ops.multiply(x, 2))
    >>> double(ops.array([1.0, 2.0]))
    array([2., 4.], dtype=float32)

    >>> count = Variable(0.0)
    >>> @compile(variables=[count])
    ... def add_to_count(x):
    ...     return count.assign_add(x).value
    >>> float(add_to_count(2.0)), float(add_to_count(3.0))
    (2.0, 5.0)
    """
    if jit_compile not in (True, False, "auto"):
        raise StateError(f"compile: expected jit_compile to be True, False or 'auto'; got {jit_compile!r}.")
    if function is None:
        return lambda function: Compiled(function, variables, donate, donate_variables, jit_compile)
    return Compiled(function, variables, donate, donate_variables, jit_compile)
