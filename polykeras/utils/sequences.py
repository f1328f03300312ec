"""Sequences of different lengths in one array."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Sequences as rows of one array, short ones filled up and long ones cut.

    Args:
        sequences: The sequences, whose elements may be arrays of one shape.
        maxlen: The length of the rows; None for that of the longest sequence.
        dtype: The dtype; `object` for texts.
        padding: Where short sequences are filled up, "pre" for the beginning or "post" for the end.
        truncating: Where long ones are cut.
        value: What they are filled up with.

    Returns:
        A NumPy array of shape (sequences, maxlen, ...).

    >>> pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2, padding="post")
    array([[1, 0],
           [2, 3],
           [5, 6]], dtype=int32)
    """
    for name, place in (("padding", padding), ("truncating", truncating)):
        if place not in ("pre", "post"):
            raise ArgumentError(f"pad_sequences: expected {name} to be 'pre' or 'post'; got {place!r}.")
    if not hasattr(sequences, "__len__") or not all(hasattr(sequence, "__len__") for sequence in sequences):
        raise ArgumentError(f"pad_sequences: expected a list of sequences; got {str(sequences)[:60]}.")
    numeric = np.dtype(dtype).kind not in "OSU"
    if isinstance(value, str) and numeric:
        raise ArgumentError(f"pad_sequences: a text, {value!r}, cannot fill up {dtype}. Give dtype=object for texts.")
    longest = max(map(len, sequences), default=0)
    length = longest if maxlen is None else maxlen
    shape = next((np.shape(sequence)[1:] for sequence in sequences if len(sequence)), ())
    rows = np.full((len(sequences), length, *shape), value, dtype)
    for row, sequence in zip(rows, sequences, strict=True):
        kept = sequence[:length] if truncating == "post" else sequence[max(len(sequence) - length, 0) :]
        if not len(kept):
            continue
        if np.shape(kept)[1:] != shape:
            raise ArgumentError(
                f"pad_sequences: expected elements of one shape, {shape} as in the first sequence; got "
                f"{np.shape(kept)[1:]}."
            )
        place = slice(len(kept)) if padding == "post" else slice(length - len(kept), None)
        row[place] = np.asarray(kept, dtype)
    return rows
