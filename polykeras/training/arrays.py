"""Arrays as a training takes them: of any framework, frames and series, sparse matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import tree
from ..backend import Backend, current
from ..config import floatx
from ..errors import ArgumentError
from ..interpreters import HOST, MASKED, SCALAR, convert, is_masked, kind_or_none
from ..text import as_text


def as_array(x: Any) -> Any:
    """A NumPy array or one of the backend in use, with the values of an array of whatever library.

    Sparse matrices stay sparse, in an order in which rows can be taken.
    """
    kind = kind_or_none(type(x))
    if x is None or kind is HOST:
        return x
    if is_masked(type(x)):
        raise ArgumentError(MASKED)
    if isinstance(kind, Backend):
        return _brought(x, kind)
    if is_frame(x):
        return _values(x)
    if is_sparse(x):
        return x.tocsr() if hasattr(x, "tocsr") else x
    if hasattr(x, "to_tensor") and hasattr(x, "row_splits"):
        raise ArgumentError("expected arrays whose rows have one length; got a ragged one. Give x.to_tensor().")
    return np.asarray(x)


def _brought(x: Any, home: Backend) -> Any:
    """An array of another framework on the backend in use; one of texts as a NumPy array."""
    if home.holds_text(x):
        return _as_strings(as_text(x).values)
    return x if home is current() else convert(x, current())


def _as_strings(values: np.ndarray) -> np.ndarray:
    """Bytes as strings, but for those that are no UTF-8."""
    strings = np.empty(values.size, dtype=object)
    for place, item in enumerate(values.flat):
        try:
            strings[place] = item.decode()
        except UnicodeDecodeError:
            strings[place] = item
    return strings.reshape(values.shape)


def on_device(x: Any) -> Any:
    """An array of the backend in use, with memory of its own, so that who made it may write to his. Texts stay."""
    x = dense(as_array(x))
    if kind_or_none(type(x)) is HOST and x.dtype.kind not in "OSUMm":
        return current().asarray(np.array(x))
    return x


def is_frame(x: Any) -> bool:
    """Whether this is a frame or a series of pandas or a library like it."""
    return hasattr(x, "to_numpy") and (hasattr(x, "columns") or hasattr(x, "to_frame"))


def is_sparse(x: Any) -> bool:
    """Whether this is a sparse matrix of SciPy."""
    return hasattr(x, "toarray") and hasattr(x, "nnz")


def dense(x: Any) -> Any:
    """A sparse matrix with all its zeros; anything else as it is."""
    return x.toarray() if is_sparse(x) else x


def as_columns(structure: Any) -> Any:
    """Each series as a frame of one column, so that a value of it is a row."""
    return tree.map_structure(lambda x: x.to_frame() if is_frame(x) and not hasattr(x, "columns") else x, structure)


def _values(x: Any) -> np.ndarray:
    """The values of a frame or a series. Floats, whose width nobody chose, get that of `floatx`."""
    values = np.asarray(x.to_numpy())
    if values.dtype.kind in "biu":
        return values
    if values.dtype.kind == "O" and values.size and all(isinstance(value, str) for value in values.ravel()):
        return values
    try:
        if values.dtype.kind in "Mm":
            raise TypeError
        return values.astype(floatx()) if values.dtype.kind != "O" else _numbers(x)
    except (TypeError, ValueError):
        raise ArgumentError(
            f"expected columns of numbers, or texts only; got {_odd_columns(x)}. Convert them first: dates with "
            "`.astype('int64')`, categories with `.cat.codes`, texts with a StringLookup."
        ) from None


def _numbers(x: Any) -> np.ndarray:
    """The values of columns of several dtypes, where a missing one becomes NaN."""
    try:
        return x.to_numpy(dtype=floatx(), na_value=np.nan)
    except TypeError:
        return np.asarray(x.to_numpy(), floatx())


def _odd_columns(x: Any) -> str:
    columns = {str(name): x[name].dtype for name in x.columns} if hasattr(x, "columns") else {str(x.name): x.dtype}
    odd = [f"{name!r} of {dtype}" for name, dtype in columns.items() if getattr(dtype, "kind", "O") not in "biuf"]
    return ", ".join(odd[:5]) or "no numbers"


def count_samples(*structures: Any) -> int:
    """The number of samples, which all arrays have to have.

    Args:
        *structures: x, y and the weights of samples; None for what there is not.

    Returns:
        The number.
    """
    counts: dict[int, str] = {}
    for name, structure in zip(("x", "y", "sample_weight"), structures, strict=False):
        for array in tree.flatten(structure):
            if array is None:
                continue
            if kind_or_none(type(array)) is SCALAR or isinstance(array, str):
                raise ArgumentError(
                    f"expected {name} to be an array with an axis of samples, or a structure of such arrays; got "
                    f"{array!r}. Make an array of a list of numbers: np.array({name})."
                )
            shape = array.shape if hasattr(array, "shape") else np.shape(array)
            if not len(shape):
                raise ArgumentError(
                    f"expected {name} to have an axis of samples; got a single number. Put what belongs together "
                    "in batches, as with dataset.batch(32) or a DataLoader with a batch_size."
                )
            counts.setdefault(int(shape[0]), name)
    if len(counts) > 1:
        found = ", ".join(f"{name} has {count}" for count, name in counts.items())
        raise ArgumentError(
            f"expected as many samples in all arrays; {found}. Give one target, and one weight if any, for each sample."
        )
    if not counts:
        raise ArgumentError("expected x to be arrays; got nothing.")
    return next(iter(counts))
