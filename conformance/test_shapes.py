"""Arrays in other shapes than those of samples: every backend refuses what the rule refuses, and gives what it says."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from polykeras import tree
from polykeras.backend import Backend, using
from polykeras.errors import MatrixError, OpError, OutOfRangeError
from polykeras.models import op_names
from polykeras.op import OPS
from polykeras.spec import Spec

from . import checks
from .case import CASES, Case, Sample

pytestmark = pytest.mark.level("ops")

PUBLIC = [name for name in CASES if name in op_names.NAMES and not OPS[name].takes_functions]
"""The ops that people call; those that only other ops call get shapes that these have looked at."""


def others(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Shapes with an axis more or less, or another size of one."""
    yield from ((*shape, 1), (1, *shape), shape[1:], shape[:-1])
    for axis, size in enumerate(shape):
        for other in (size + 1, size - 1, 1, 0):
            yield (*shape[:axis], max(other, 0), *shape[axis + 1 :])


@dataclass(frozen=True)
class Changed:
    """A call in which one array has another shape than in a sample, and what the rule says of it."""

    place: int
    sample: Sample
    arguments: Any
    expected: Any


@functools.cache
def changed(case: Case) -> list[Changed]:
    """The calls of a case with other shapes."""
    return [
        Changed(place, sample, arguments, outcome(case, sample, tree.map_structure(checks.as_spec, arguments)))
        for place, sample, arguments in calls(case)
    ]


def calls(case: Case) -> Iterator[tuple[int, Sample, Any]]:
    """Samples with the arguments that they get when the array at a place has another shape."""
    for sample in case.samples if checks.EFFORT.is_thorough else case.samples[:2]:
        leaves, structure = tree.take_apart(case.arguments(sample, (sample.dtypes or case.dtypes)[0]))
        for place, x in enumerate(leaves):
            if isinstance(x, np.ndarray):
                for shape in dict.fromkeys(shape for shape in others(x.shape) if shape != x.shape):
                    changed = np.resize(x, shape) if x.size else np.zeros(shape, x.dtype)
                    yield place, sample, tree.put_together(structure, [*leaves[:place], changed, *leaves[place + 1 :]])


def outcome(case: Case, sample: Sample, arguments: Any) -> Any:
    """The results of a call, or the error that it ends with."""
    try:
        return case.call(*arguments, **sample.params)
    except OpError as error:
        return error


def first_refusals(tried: list[Changed]) -> Iterator[Changed]:
    """Of calls that are to be refused the first two in which the array at each place is the wrong one."""
    seen: Counter[int] = Counter()
    for call in tried:
        if isinstance(call.expected, OpError) and seen[call.place] < 2:
            seen[call.place] += 1
            yield call


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in PUBLIC])
def test_other_shapes(name: str, backend: Backend) -> None:
    case = CASES[name]
    tried = changed(case)
    for call in first_refusals(tried) if checks.EFFORT.is_limited(backend) else tried:
        with using(backend), np.errstate(all="ignore"):
            got = outcome(case, call.sample, checks.at_home(call.arguments, backend))
        described = f"{name} of {[getattr(x, 'shape', x) for x in tree.flatten(call.arguments)]}, {call.sample.params}"
        if isinstance(call.expected, OpError):
            assert repr(got) == repr(call.expected), f"{described}: got {got!r}"
        elif not isinstance(got, (OutOfRangeError, MatrixError)):  # which are about values
            assert not isinstance(got, OpError), f"{described}: got {got!r}, where the rule says {call.expected}"
            for spec, x in zip(tree.flatten(call.expected), checks.numpy_of(got), strict=True):
                assert isinstance(spec, Spec)
                known = all(isinstance(size, int) for size in spec.shape)
                assert x.shape == spec.shape if known else x.ndim == spec.ndim, described
