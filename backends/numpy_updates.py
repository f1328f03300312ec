"""Element by element on NumPy: in parts that fit into the cache.

The formula of an update is recorded on parts of its arrays, once for a rule, a dtype and a size of parts, and runs as
a plan from then on: intermediate results lie in buffers that stay in the cache, and results are written where they
belong.
"""

from __future__ import annotations

import functools
import itertools
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from polykeras import tree
from polykeras.backend import numpy_dtype
from polykeras.dtypes import canonical, in_single

from .numpy_plan import Plan
from .numpy_recording import Recorded, Recording, opened, recording_of
from .numpy_table import kernel

PART = 1 << 15
"""How many elements of each array are computed at a time."""


@kernel
def elementwise(f: Callable[..., Any], xs: Any, donate: Sequence[int]) -> Any:
    arrays, structure = tree.take_apart(xs)
    size, shape = arrays[0].size, arrays[0].shape
    if size < 2 * PART or any(x.shape != shape for x in arrays):
        return tree.call(f, xs)
    rows = [x.reshape(-1) for x in arrays]
    free = [rows[i] for i in donate if _is_free(rows[i], arrays[i], rows[:i] + rows[i + 1 :])]
    outs: list[np.ndarray] = []
    for start in range(0, size, PART):
        part = slice(start, start + PART)
        results, result_structure = tree.take_apart(tree.call(f, tree.put_together(structure, [x[part] for x in rows])))
        results = [x if x.base is None else np.array(x) for x in results]  # it may be what others are written to
        for number, result in enumerate(results):
            if not start:
                outs.append(_memory_for(result.dtype, size, free))
            outs[number][part] = result
    return tree.put_together(result_structure, [out.reshape(shape) for out in outs])


def _is_free(row: np.ndarray, array: np.ndarray, others: Sequence[np.ndarray]) -> bool:
    """Whether results can be written where the array of a row lies, of which the others read nothing."""
    is_same = row.flags.writeable and np.may_share_memory(row, array)
    return is_same and not any(np.may_share_memory(row, other) for other in others)


def _memory_for(dtype: np.dtype, size: int, free: list[np.ndarray]) -> np.ndarray:
    """Memory for a result: that of an array that nobody needs any more, else new."""
    for number, array in enumerate(free):
        if array.dtype == dtype:
            return free.pop(number)
    return np.empty(size, dtype)


@kernel
def elementwise_each(arrays: Any, rule: Any, donate: Sequence[int]) -> list[np.ndarray]:
    with np.errstate(all="ignore"):
        numbers = rule.numbers_of(arrays[: rule.scalars], canonical(arrays[-1].dtype))
        return rule.by_list([_updated(rule, numbers, column, tuple(donate)) for column in rule.columns(arrays)])


def _updated(rule: Any, numbers: Sequence[Any], arrays: Sequence[np.ndarray], donate: tuple[int, ...]) -> Any:
    """The results of a rule at one place."""
    if arrays[0].size < 2 * PART:
        return rule.apply(numbers, *arrays)
    if _fit_together(arrays) and all(arrays[i].flags.writeable for i in donate):
        update = _update_of(rule, arrays[0].dtype, len(numbers), donate)
        if update is not None and update.lock.acquire(blocking=False):
            try:
                return update.run(numbers, arrays)
            finally:
                update.lock.release()
    return elementwise(functools.partial(rule.apply, numbers), tuple(arrays), donate)


def _fit_together(arrays: Sequence[np.ndarray]) -> bool:
    """Whether these are arrays of one shape and dtype, without gaps, none of which shares memory with another."""
    kinds = {(x.shape, x.dtype, x.flags.c_contiguous) for x in arrays}
    pairs = itertools.combinations(arrays, 2)
    return len(kinds) == 1 and arrays[0].flags.c_contiguous and not any(itertools.starmap(np.may_share_memory, pairs))


SIZES = 64
"""For parts of how many sizes a rule has plans: whole ones, and what is left over of arrays; each has some memory."""


class _Update:
    """A rule that writes its results where they belong.

    Args:
        rule: The rule.
        dtype: The dtype of the arrays.
        count: How many numbers it takes.
        donate: The arrays whose memory the first results take.
    """

    def __init__(self, rule: Any, dtype: np.dtype, count: int, donate: tuple[int, ...]):
        self.lock = threading.Lock()
        self._rule = rule
        self._donate = donate
        self._make = functools.partial(_plan_of, rule, dtype, count, donate)
        self._plans: dict[int, Any] = {}
        self.whole = self._plan(PART)
        """What computes whole parts, and the results' dtypes; None where the results are no new arrays of that size."""

    def _plan(self, size: int) -> Any:
        """What computes parts of a size; None where that is one size too many."""
        found = self._plans.get(size)
        if found is None and len(self._plans) < SIZES:
            found = self._plans[size] = self._make(size)
        return found

    def run(self, numbers: Sequence[Any], arrays: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        """The results for the arrays at one place."""
        shape, size = arrays[0].shape, arrays[0].size
        rows = [x.reshape(-1) for x in arrays]
        lost = [rows[i] for i in self._donate]
        _, dtypes = self.whole
        outs = [*lost, *(np.empty(size, dtype) for dtype in dtypes[len(lost) :])]
        given = [np.asarray(number) for number in numbers]  # which NumPy takes sooner than numbers
        for start in range(0, size, PART):
            part = slice(start, min(start + PART, size))
            plan = self._plan(part.stop - start)
            parts, targets = [x[part] for x in rows], [out[part] for out in outs]
            if plan is not None:
                plan[0](*parts, *given, *targets)
                continue
            for target, result in zip(targets, self._rule.apply(given, *parts), strict=True):
                target[...] = result
        return tuple(out.reshape(shape) for out in outs)


@functools.lru_cache(maxsize=32)
def _update_of(rule: Any, dtype: np.dtype, count: int, donate: tuple[int, ...]) -> _Update | None:
    """An update by a rule that takes so many numbers; None where its results are not new arrays of the parts' size."""
    update = _Update(rule, dtype, count, donate)
    return None if update.whole is None else update


def _plan_of(
    rule: Any, dtype: np.dtype, count: int, donate: tuple[int, ...], size: int
) -> tuple[Callable[..., Any], list[np.dtype]] | None:
    """What computes an update of parts of a size, and the results' dtypes."""
    numbers = [np.ones((), numpy_dtype(in_single(dtype.name)))] * count
    recording = Recording([*(np.ones((size,), dtype) for _ in range(rule.lists)), *numbers])
    results = rule.apply(recording.inputs[rule.lists :], *recording.inputs[: rule.lists])
    places = [x.number for x in results if type(x) is Recorded]
    slots = [recording.slots[place] for place in places]
    taken = {recording.oldest(x.number) for x in recording.inputs} | recording.constants
    families = {recording.oldest(place) for place in places} - taken
    fits = len(families) == len(results) >= len(donate) and all(slot.shape == (size,) for slot in slots)
    if not (recording.is_general and fits and all(slot.dtype == dtype for slot in slots[: len(donate)])):
        return None
    plan = Plan(recording, results, targets=[*donate, *[None] * (len(slots) - len(donate))])
    return plan.run, [slot.dtype for slot in slots]


# Within plans ----------------------------------------------------------------------------------------------


def recorded_updates(arrays: Any, rule: Any, donate: Sequence[int]) -> list[Any]:
    """Updates of large arrays as wholes, which run in parts that fit the cache; those of others kernel by kernel."""
    numbers = rule.numbers_of(arrays[: rule.scalars], canonical(arrays[-1].dtype))
    results, recording = [], recording_of(arrays)
    for column in rule.columns(arrays):
        if column[0].size < 2 * PART:
            results.append(rule.apply(numbers, *column))
            continue
        known: dict[int, Recorded] = {}
        given = opened([*numbers, *column], known)
        update = functools.partial(_update_one, rule, tuple(donate), len(numbers))
        out = update(*given)
        consumed = [given[len(numbers) + i] for i in donate]
        results.append(recording.note(update, given, out, known, consumed) if known and recording.is_general else out)
    return rule.by_list(results)


def _update_one(rule: Any, donate: tuple[int, ...], count: int, *arrays: Any) -> tuple[Any, ...]:
    """One column of an update, after the numbers that it takes."""
    return tuple(_updated(rule, arrays[:count], arrays[count:], donate))
