"""Indices that are out of range: what eager calls say to them, which compiled ones cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from polykeras import ops
from polykeras.backend import Backend, using
from polykeras.errors import OutOfRangeError

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


@pytest.mark.parametrize("name", CALLS)
def test_indices_out_of_range_are_refused(name: str, backend: Backend) -> None:
    with using(backend), pytest.raises(OutOfRangeError, match=r"out of range|does not lie in"):
        ops.convert_to_numpy(CALLS[name](backend.from_numpy(X)))
