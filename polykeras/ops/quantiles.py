"""Medians and other quantiles.

The elements are sorted: not every framework can select one without that, and sorting has a gradient everywhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from .. import spec as specs
from ..backend import Backend, host_array
from ..dtypes import ORDERED, inexact
from ..errors import OptionError
from ..interpreters import Interpreter, kind_of
from ..op import Array, Axes, composed
from ..spec import Spec, normalize_axes
from ..symbolic import spec_of
from .conversion import in_single
from .rules import ordered_reduction, reduced_shape

_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def _infer_quantile(x: Spec, q: Any, axis: Any, method: str, keepdims: bool, of: float = 1) -> Spec:
    if method not in _METHODS:
        raise OptionError(f"expected method to be one of {', '.join(_METHODS)}; got {method!r}.")
    _shares(q, of)
    reduced = ordered_reduction(x, axis, keepdims)
    return Spec((*ops.shape(q), *reduced.shape), reduced.dtype)


def _infer_percentile(x: Spec, q: Any, axis: Any, method: str, keepdims: bool) -> Spec:
    return _infer_quantile(x, q, axis, method, keepdims, of=100)


def _shares(q: Any, of: float) -> Any:
    """The shares of elements that lie below the quantiles, in float64; host data stays on the host."""
    if isinstance(kind_of(type(q)), (Backend, Interpreter)):
        q = ops.cast(q, "float64")
        return q if of == 1 else ops.divide(q, of)
    shares = host_array(q, "float64") / of
    if not ((shares >= 0) & (shares <= 1)).all():
        raise OptionError(f"expected q to be from 0 to {of}; got {q}.")
    return shares


def _sorted_rows(x: Any, axis: Any) -> Any:
    """The elements that are reduced to one, sorted along a last axis; NaN last."""
    shape = ops.shape(x)
    axes = normalize_axes(axis, len(shape))
    kept = [i for i in range(len(shape)) if i not in axes]
    rows = ops.transpose(x, (*kept, *axes)) if kept != list(range(len(kept))) else x
    return ops.sort(ops.reshape(rows, (*(shape[i] for i in kept), specs.prod(shape[i] for i in axes))), -1)


def _between(low: Any, high: Any, share: Any) -> Any:
    """The number at a share of the way from one number to another, which is the first where nothing leads away."""
    way = ops.subtract(high, low)
    from_below = ops.logical_and(ops.isinf(low), ops.isfinite(high))
    way = ops.where(ops.logical_or(ops.isnan(way), from_below), 0, way)  # NaN between equal infinities
    return ops.add(low, ops.multiply(way, share))


def _in_whole(place: Any) -> Any:
    return place.astype("int32") if isinstance(place, np.ndarray) else ops.cast(place, "int32")


def _neighbours(place: Any, method: str) -> tuple[Any, Any, Any]:
    """The two places between which a quantile lies, and the share of the way from the first to the second."""
    library = np if isinstance(place, np.ndarray) else ops
    if method == "nearest":
        nearest = library.rint(place)
        return _in_whole(nearest), None, None
    low, high = library.floor(place), library.ceil(place)
    if method in ("lower", "higher"):
        return _in_whole(low if method == "lower" else high), None, None
    share = place - low if isinstance(place, np.ndarray) else ops.subtract(place, low)
    return _in_whole(low), _in_whole(high), 0.5 if method == "midpoint" else share


def _quantiles(x: Any, shares: Any, axis: Any, method: str, keepdims: bool, missing: bool) -> Any:
    """Quantiles of all elements, or of those that are not NaN where some are missing."""
    _infer_quantile(spec_of(x), 0.5, axis, method, keepdims)
    spread = ops.shape(shares)
    rows = _sorted_rows(x, axis)
    length = ops.shape(rows)[-1]
    flat = shares.reshape(-1) if isinstance(shares, np.ndarray) else ops.reshape(shares, (-1,))
    absent = ops.isnan(rows)
    if missing:
        last = ops.subtract(ops.sum(ops.cast(ops.logical_not(absent), "int32"), -1, keepdims=True), 1)
        place = ops.multiply(ops.cast(ops.maximum(last, 0), "float64"), flat)
    else:
        place = flat * (length - 1) if isinstance(flat, np.ndarray) else ops.multiply(flat, length - 1)
    low, high, share = _neighbours(place, method)

    def at(places: Any) -> Any:
        return ops.take_along_axis(rows, places, -1) if missing else ops.take(rows, places, -1)

    result = at(low)
    if high is not None:
        share = share if isinstance(share, float) else ops.cast(share, ops.dtype(x))
        result = _between(result, at(high), share)
    if not missing:
        result = ops.where(absent[..., -1:], np.nan, result)
    result = ops.moveaxis(result, -1, 0)
    return ops.reshape(result, (*spread, *reduced_shape(ops.shape(x), axis, keepdims)))


def _in_floats(x: Any, shares: Any, axis: Any, method: str, keepdims: bool, missing: bool = False) -> Any:
    x = ops.cast(x, inexact(ops.dtype(x)))
    return in_single(lambda x: _quantiles(x, shares, axis, method, keepdims, missing), x)


@composed(infer=ordered_reduction, accepts=ORDERED, promote=inexact)
def median(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The element in the middle along axes, or the mean of the two there; NaN if there is one.

    Args:
        x: Array.
        axis: The axis or axes; None for all. They must not be empty.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The medians.

    >>> median([3.0, 1.0, 2.0, 10.0])
    array(2.5, dtype=float32)
    """
    return _in_floats(x, np.array(0.5), axis, "linear", keepdims)


@composed(infer=_infer_quantile, accepts=ORDERED, promote=inexact)
def quantile(x: Array, q: Any, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Array:
    """The number below which a share of the elements along axes lies; NaN if there is one among them.

    Args:
        x: Array.
        q: The share, or an array of shares, from 0 to 1.
        axis: The axis or axes; None for all. They must not be empty.
        method: What to do between two elements: "linear" (interpolate), "lower", "higher", "midpoint" or "nearest",
            where of two that are equally near the one at the even position wins.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The quantiles; the axes of `q` come first.

    >>> quantile([3.0, 1.0, 2.0, 10.0], [0.5, 1.0])
    array([ 2.5, 10. ], dtype=float32)
    """
    return _in_floats(x, _shares(q, 1), axis, method, keepdims)


@composed(infer=_infer_percentile, accepts=ORDERED, promote=inexact)
def percentile(x: Array, q: Any, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Array:
    """The number below which a percentage of the elements along axes lies; NaN if there is one among them.

    Args:
        x: Array.
        q: The percentage, or an array of them, from 0 to 100.
        axis: The axis or axes; None for all. They must not be empty.
        method: What to do between two elements, as in `quantile`.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The percentiles; the axes of `q` come first.

    >>> percentile([3.0, 1.0, 2.0, 10.0], 50)
    array(2.5, dtype=float32)
    """
    return _in_floats(x, _shares(q, 100), axis, method, keepdims)


@composed(infer=ordered_reduction, accepts=ORDERED, promote=inexact)
def nanmedian(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The median of the elements along axes that are not NaN.

    Args:
        x: Array.
        axis: The axis or axes; None for all. They must not be empty.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The medians; NaN where all elements are NaN.

    >>> nanmedian([3.0, float("nan"), 1.0])
    array(2., dtype=float32)
    """
    return _in_floats(x, np.array(0.5), axis, "linear", keepdims, missing=True)


@composed(infer=_infer_quantile, accepts=ORDERED, promote=inexact)
def nanquantile(x: Array, q: Any, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Array:
    """The number below which a share of the elements along axes lies that are not NaN.

    Args:
        x: Array.
        q: The share, or an array of shares, from 0 to 1.
        axis: The axis or axes; None for all. They must not be empty.
        method: What to do between two elements, as in `quantile`.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The quantiles, NaN where all elements are NaN; the axes of `q` come first.

    >>> nanquantile([3.0, float("nan"), 1.0], 0.25)
    array(1.5, dtype=float32)
    """
    return _in_floats(x, _shares(q, 1), axis, method, keepdims, missing=True)


@composed(infer=_infer_percentile, accepts=ORDERED, promote=inexact)
def nanpercentile(x: Array, q: Any, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Array:
    """The number below which a percentage of the elements along axes lies that are not NaN.

    Args:
        x: Array.
        q: The percentage, or an array of them, from 0 to 100.
        axis: The axis or axes; None for all. They must not be empty.
        method: What to do between two elements, as in `quantile`.
        keepdims: Whether the axes stay, with size one.

    Returns:
        The percentiles, NaN where all elements are NaN; the axes of `q` come first.

    >>> nanpercentile([3.0, float("nan"), 1.0], 25)
    array(1.5, dtype=float32)
    """
    return _in_floats(x, _shares(q, 100), axis, method, keepdims, missing=True)
