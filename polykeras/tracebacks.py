"""Tracebacks without what happened inside of polykeras, which seldom helps who reads them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from .settings import settings

E = TypeVar("E", bound=BaseException)
F = TypeVar("F", bound=Callable[..., Any])


def shortened(error: E) -> E:
    """The error without the frames of polykeras in its traceback, unless the settings say that they are to stay."""
    if not settings.traceback_filtering:
        return error
    places, place = [], error.__traceback__
    while place is not None:
        if not _is_own(place):
            places.append(place)
        place = place.tb_next
    kept: TracebackType | None = None
    for place in reversed(places):
        kept = TracebackType(kept, place.tb_frame, place.tb_lasti, place.tb_lineno)
    return error.with_traceback(kept)


def _is_own(place: TracebackType) -> bool:
    module = place.tb_frame.f_globals.get("__name__") or ""
    return module.startswith("polykeras.") or place.tb_frame.f_code.co_filename.startswith("<polykeras ")


def filter_traceback(function: F) -> F:
    """A function whose errors have tracebacks without the frames of polykeras, but for its own.

    >>> @filter_traceback
    ... def half(x):
    ...     return x / 2
    >>> half(4)
    2.0
    """

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            raise shortened(error) from error.__cause__

    return run  # type: ignore[return-value]
