"""Which timesteps of an array count: masks travel beside arrays, from the layer that makes them to whoever asks.

Arrays of most frameworks take no attributes, so that masks are kept here by the identity of the array while it lives.
"""

from __future__ import annotations

import weakref
from typing import Any

_masks: dict[int, tuple[weakref.ref, Any]] = {}


def mask_of(x: Any) -> Any:
    """The mask that an array carries, or None.

    >>> import numpy as np
    >>> x = np.zeros((1, 2))
    >>> set_mask(x, np.array([[True, False]]))
    >>> mask_of(x)
    array([[ True, False]])
    """
    if not _masks:
        return None
    found = _masks.get(id(x))
    return found[1] if found is not None and found[0]() is x else None


def set_mask(x: Any, mask: Any) -> None:
    """Have an array carry a mask from now on; None takes its mask away."""
    key = id(x)
    forget = _masks.pop  # at exit arrays die after the names of this module
    if mask is None:
        forget(key, None)
    else:
        _masks[key] = weakref.ref(x, lambda _: forget(key, None)), mask


def exist() -> bool:
    """Whether any array carries a mask."""
    return bool(_masks)
