"""Memory for results on the processor, which stays with the process from one step to the next.

PyTorch asks the C library for memory for each result. GNU's gives what is large, or free at the end of its memory, back
to the system at once, and each page of it is cleared and mapped again when the next step asks for it, which may take
as long as the convolutions of a small network. On an accelerator PyTorch keeps such memory by itself.
"""

from __future__ import annotations

import ctypes
import functools
import os

LARGEST = 128 << 20
"""Up to how many bytes a result may have whose memory is kept."""

KEPT = 1 << 30
"""How many bytes are kept at the end of the process's memory, at most."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # as malloc.h numbers them


@functools.cache
def keep() -> None:
    """Keep memory from now on, where the C library can, unless its own variables already say what it shall do."""
    library = _gnu_library()
    told = any(name.startswith("MALLOC_") for name in os.environ)
    if library and not told and "glibc.malloc" not in os.environ.get("GLIBC_TUNABLES", ""):
        library.mallopt(_TRIM_THRESHOLD, KEPT)
        library.mallopt(_MMAP_THRESHOLD, LARGEST)


def give_back() -> None:
    """Give back to the system what is free now."""
    library = _gnu_library()
    if library:
        library.malloc_trim(0)


def _gnu_library() -> ctypes.CDLL | None:
    try:
        known = os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, ValueError):  # on Windows; on macOS, and with other C libraries
        return None
    return ctypes.CDLL(None) if known else None
