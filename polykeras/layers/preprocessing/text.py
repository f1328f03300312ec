"""Strings on their way through a layer. No backend computes with them: they stay on the host, as bytes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ArgumentError


class Text:
    """An array of strings.

    Args:
        values: NumPy array of bytes objects.

    >>> text_of(["a", "é"]).values
    array([b'a', b'\\xc3\\xa9'], dtype=object)
    """

    def __init__(self, values: np.ndarray):
        self.values = values
        self.shape = values.shape

    def __repr__(self) -> str:
        return f"Text({self.values.tolist()!r})"


def is_text(x: Any) -> bool:
    """Whether this is a string, or strings in an array or nested lists."""
    if isinstance(x, (str, bytes, Text)):
        return True
    if isinstance(x, (list, tuple)):
        return bool(x) and isinstance(x[0], (str, bytes, list, tuple)) and is_text(x[0])
    if isinstance(x, np.ndarray) and x.dtype == object:
        return x.size > 0 and isinstance(x.flat[0], (str, bytes))
    if isinstance(x, (np.ndarray, np.generic)):
        return x.dtype.kind in "US" or "StringDType" in type(x.dtype).__name__
    if type(x).__module__.partition(".")[0] == "pandas":
        return is_text(np.asarray(x))
    return False


def text_of(x: Any) -> Text:
    """Strings in whatever form as bytes; text is written in UTF-8."""
    if isinstance(x, Text):
        return x
    try:
        given = np.array(x, dtype=object)
    except ValueError:
        raise ArgumentError("expected nested lists of strings of one length on each axis. Pad them first.") from None
    values = np.empty(given.size, dtype=object)
    values[:] = [_encoded(item) for item in given.flat]
    return Text(values.reshape(given.shape))


def _encoded(item: Any) -> bytes:
    if isinstance(item, (str, bytes)):
        return item.encode() if isinstance(item, str) else bytes(item)
    if isinstance(item, (list, tuple)):
        raise ArgumentError("expected nested lists of strings of one length on each axis. Pad them first.")
    raise ArgumentError(f"expected strings; got {item!r} among them. Convert all to strings.")


def decoded(values: np.ndarray) -> np.ndarray:
    """Bytes as NumPy's strings."""
    return np.array([item.decode("utf-8", "replace") for item in values.flat], dtype=str).reshape(values.shape)
