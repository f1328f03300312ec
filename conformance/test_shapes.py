"""Arrays in other shapes than those of samples: every backend refuses what the rule refuses, and gives what it says."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
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

NAMES = [name for name in CASES if name in op_names.NAMES and not OPS[name].takes_functions]
"""The ops that people call; those that only other ops call get shapes that these have looked at."""

AT_FIRST = 4
"""How many calls a framework that compiles whatever is tried has to refuse where the effort is limited."""


def others(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Shapes with an axis more or less, or another size of one."""
    yield from ((*shape, 1), (1, *shape), shape[1:], shape[:-1])
    for axis, size in enumerate(shape):
        for other in (size + 1, size - 1, 1, 0):
            yield (*shape[:axis], max(other, 0), *shape[axis + 1 :])


def calls(case: Case) -> Iterator[tuple[Sample, Any]]:
    """Samples with the arguments that they get when one of the arrays has another shape."""
    for sample in case.samples if checks.EFFORT.is_thorough else case.samples[:2]:
        leaves, structure = tree.take_apart(case.arguments(sample, (sample.dtypes or case.dtypes)[0]))
        for place, x in enumerate(leaves):
            if isinstance(x, np.ndarray):
                for shape in dict.fromkeys(others(x.shape)):
                    changed = np.resize(x, shape) if x.size else np.zeros(shape, x.dtype)
                    if shape != x.shape:
                        yield sample, tree.put_together(structure, [*leaves[:place], changed, *leaves[place + 1 :]])


def outcome(case: Case, sample: Sample, arguments: Any) -> Any:
    """The results of a call, or the error that it ends with."""
    try:
        return case.call(*arguments, **sample.params)
    except OpError as error:
        return error


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in NAMES])
def test_other_shapes(name: str, backend: Backend) -> None:
    case = CASES[name]
    found = ((*call, outcome(case, call[0], tree.map_structure(checks.as_spec, call[1]))) for call in calls(case))
    if checks.EFFORT.is_limited(backend):
        found = itertools.islice((call for call in found if isinstance(call[2], OpError)), AT_FIRST)
    for sample, arguments, expected in found:
        with using(backend), np.errstate(all="ignore"):
            got = outcome(case, sample, checks.at_home(arguments, backend))
        call = f"{name} of {[getattr(x, 'shape', x) for x in tree.flatten(arguments)]}, {sample.params}"
        if isinstance(expected, OpError):
            assert repr(got) == repr(expected), f"{call}: got {got!r}"
        elif not isinstance(got, (OutOfRangeError, MatrixError)):  # which are about values
            assert not isinstance(got, OpError), f"{call}: got {got!r}, where the rule says {expected}"
            for spec, x in zip(tree.flatten(expected), checks.numpy_of(got), strict=True):
                assert isinstance(spec, Spec)
                known = all(isinstance(size, int) for size in spec.shape)
                assert x.shape == spec.shape if known else x.ndim == spec.ndim, call
