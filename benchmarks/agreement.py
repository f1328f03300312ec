"""What contestants must have in common before their times are worth comparing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Outcomes = Mapping[str, list[Any]]


def close(tolerance: float) -> Callable[[Outcomes], None]:
    """All have the same arrays or numbers, up to a fraction of the largest one among them.

    Args:
        tolerance: The fraction. Whoever chooses it says why.

    Returns:
        A check of outcomes.
    """

    def check(outcomes: Outcomes) -> None:
        (first, expected), *others = outcomes.items()
        for name, found in others:
            for one, other in zip(_arrays(expected), _arrays(found), strict=True):
                assert one.shape == other.shape, f"{first} has shape {one.shape}, {name} {other.shape}."
                error, largest = float(np.max(np.abs(one - other))), float(np.max(np.abs(one)))
                assert error <= tolerance * largest, (
                    f"{first} and {name} differ by {error:.2g}, where the largest number is {largest:.2g} "
                    f"and {tolerance:.2g} times that is allowed."
                )

    return check


def _arrays(outcomes: list[Any]) -> list[np.ndarray]:
    """The arrays of all steps in one row."""
    return [np.asarray(x, "float64") for outcome in outcomes for x in (outcome if _is_list(outcome) else [outcome])]


def _is_list(outcome: Any) -> bool:
    return isinstance(outcome, (list, tuple))
