"""Calls that frameworks answer each in its own way, or not at all: here they mean one thing, or are refused in one way."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import polykeras
from polykeras import ops
from polykeras.backend import Backend, load, using
from polykeras.errors import OutOfRangeError


@pytest.fixture(params=polykeras.available())
def home(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """A backend, which is in use as long as the test runs."""
    with using(load(request.param)) as chosen:
        yield chosen


# Indices ---------------------------------------------------------------------------------------------------


def test_indices_beyond_32_bits_do_not_wrap(home):
    x = home.asarray(np.arange(6.0).reshape(3, 2))
    with pytest.raises(OutOfRangeError, match="index 4294967297 is out of range for axis 0 with size 3"):
        ops.get_item(x, (np.array([2**32 + 1]), np.array([0])))
