"""Memory for results on the processor, which stays with the process from one step to the next.

PyTorch asks the C library for memory for each result. GNU's gives what is large, or free at the end of its memory, back
to the system at once, and each page of it is cleared and mapped again when the next step asks for it, which may take
as long as the convolutions of a small network. On an accelerator PyTorch keeps such memory by itself.
"""

from __future__ import annotations

import ctypes
import functools
import os

LARGEST = 32 << 20
"""Up to how many bytes a result may have whose memory is kept: GNU's library up to 2.34 takes no larger number."""

KEPT = 1 << 30
"""How many bytes are kept at the end of the process's memory, at most; what is free below memory in use stays, too."""

_OWN_VARIABLES = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_MAX_")
"""The variables by which GNU's library is told what to keep: each of them ends its own judgement of that."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # as malloc.h numbers them


@functools.cache
def keep_memory() -> None:
    """Keep memory from now on, where the C library can, unless its own variables already say what it shall do."""
    library = _gnu_library()
    told = any(name in os.environ for name in _OWN_VARIABLES)
    if library is None or told or "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", ""):
        return
    is_taken = library.mallopt(_MMAP_THRESHOLD, LARGEST)
    if is_taken:  # the other number alone would have the library ask the system more often, not less
        library.mallopt(_TRIM_THRESHOLD, KEPT)


def give_back() -> None:
    """Give back to the system what is free now."""
    library = _gnu_library()
    if library:
        library.malloc_trim(0)


def _gnu_library() -> ctypes.CDLL | None:
    try:
        known = os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, ValueError, OSError):  # on Windows; on macOS; with musl
        return None
    return ctypes.CDLL(None) if known else None
