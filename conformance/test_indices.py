"""Indices of all integers; and those that are out of range: what eager calls say, which compiled ones cannot."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import polykeras
from polykeras import ops
from polykeras.backend import Backend, using
from polykeras.errors import OutOfRangeError

from .case import INTS

pytestmark = pytest.mark.level("ops")

X = np.arange(6.0).reshape(2, 3)
CALLS: dict[str, Callable[[Any], Any]] = {
    "take": lambda x: ops.take(x, np.array([0, 3], "int32"), axis=1),
    "take from all": lambda x: ops.take(x, np.array([6], "int32")),
    "take_along_axis": lambda x: ops.take_along_axis(x, np.array([[0], [-4]], "int32"), axis=1),
    "gather": lambda x: ops.gather(x, np.array([[0, 3]], "int32")),
    "scatter": lambda x: ops.scatter(np.array([[2]], "int32"), x[:1], (2, 3)),
    "scatter_update": lambda x: ops.scatter_update(x, np.array([[0, -4]], "int32"), np.array([1.0])),
    "ctc_loss": lambda x: ops.ctc_loss(
        np.array([[1, 3]], "int32"), ops.expand_dims(x, 0), np.array([2], "int32"), np.array([2], "int32")
    ),
    "slice": lambda x: ops.slice(x, np.array([1, 1], "int32"), (1, 3)),
}
"""Calls with one index too far: within the number of elements, so that another row would be met."""


@pytest.mark.parametrize("dtype", INTS)
def test_indices_of_any_integers(dtype: str, backend: Backend) -> None:
    """They point into axes longer than the small ones can count, and so do gradients."""
    if dtype not in backend.dtypes:
        pytest.skip(f"{backend.name} has no {dtype}")
    x = np.arange(900.0).reshape(300, 3)
    from_start, from_end = [1, 7], [1, 7] if dtype.startswith("u") else [-100, -7]

    def picked(x: Any, i: Any) -> list[Any]:
        column = ops.expand_dims(i, 1)
        along = ops.take_along_axis(x, ops.tile(column, (1, 3)), axis=0)
        parts = [ops.take(x, i, axis=0), ops.gather(x, column), along]
        return [*parts, ops.scatter(column, parts[0], (300, 3)), ops.scatter_update(x, column, parts[0])]

    def every(x: Any, i: Any) -> list[Any]:
        gradient = ops.grad(lambda x: ops.sum(functools.reduce(ops.add, map(ops.square, picked(x, i)[:3]))))(x)
        return [*picked(x, i), gradient]

    function = polykeras.compile(every)
    for indices in (from_start, from_end):
        rows = np.zeros((300, 1))
        rows[indices] = 1
        wanted = [x[indices]] * 3 + [x * rows, x, 6 * x * rows]
        for run in (function, function, *([] if backend.traces else [every])):  # the first call may record
            with using(backend):
                found = run(backend.from_numpy(x), backend.from_numpy(np.array(indices, dtype)))
                numbers = [ops.convert_to_numpy(array) for array in found]
            for number, want in zip(numbers, wanted, strict=True):
                np.testing.assert_array_equal(number, want)


@pytest.mark.parametrize("dtype", INTS)
def test_starts_of_any_integers(dtype: str, backend: Backend) -> None:
    """Blocks begin where small integers can say it, and end where they cannot."""
    if dtype not in backend.dtypes:
        pytest.skip(f"{backend.name} has no {dtype}")
    x, start = np.arange(900.0).reshape(300, 3), 100 if dtype == "int8" else 200 if dtype == "uint8" else 150
    replaced = x.copy()
    replaced[start : start + 90, 2:] = -1

    def both(x: Any, starts: Any) -> list[Any]:
        block = ops.slice(x, starts, (90, 1))
        return [block, ops.slice_update(x, starts, ops.full_like(block, -1))]

    with using(backend):
        given = backend.from_numpy(x), backend.from_numpy(np.array([start, 2], dtype))
        for run in (both, polykeras.compile(both)):
            block, updated = map(ops.convert_to_numpy, run(*given))
            np.testing.assert_array_equal(block, x[start : start + 90, 2:])
            np.testing.assert_array_equal(updated, replaced)


@pytest.mark.parametrize("name", CALLS)
def test_indices_out_of_range_are_refused(name: str, backend: Backend) -> None:
    with using(backend), pytest.raises(OutOfRangeError, match=r"out of range|does not lie in"):
        ops.convert_to_numpy(CALLS[name](backend.from_numpy(X)))
