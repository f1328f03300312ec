"""Why some ops take longer than the native call."""

from __future__ import annotations

REASONS: dict[tuple[str, str], str] = {}
"""By ops, separated by spaces, and backend."""


def reason_for(name: str, backend: str) -> str:
    """Why an op takes more than 1.5 times as long as the native call; empty where nobody knows yet."""
    return next((why for (names, where), why in REASONS.items() if where == backend and name in names.split()), "")
