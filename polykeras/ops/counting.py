"""How often numbers come, one by one and in bins."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from .. import spec as specs
from ..dtypes import ORDERED, inexact, same
from ..errors import OptionError, OutOfRangeError, ShapeError, StateError
from ..op import Array, Index, composed
from ..spec import Spec, same_size, show_shape, unknown_dim
from ..symbolic import spec_of
from .conversion import in_single
from .spacing import linear


def _infer_bincount(x: Spec, weights: Spec | None, minlength: int, sparse: bool) -> Spec:
    if sparse:
        raise OptionError("there are no sparse arrays here. Leave out sparse=True.")
    if minlength < 0:
        raise OptionError(f"expected minlength to be from 0 up; got {minlength}.")
    if not x.ndim:
        raise ShapeError("expected an array with at least one axis; got one without axes.")
    if weights is None:
        return Spec((*x.shape[:-1], unknown_dim(1)), "int32")
    if weights.ndim != x.ndim or not all(map(same_size, weights.shape, x.shape)):
        raise ShapeError(
            f"expected a weight for each number; got weights of shape {show_shape(weights.shape)} for "
            f"{show_shape(x.shape)}."
        )
    return Spec((*x.shape[:-1], unknown_dim(1)), same(x.dtype, weights.dtype))


def _greatest(x: Any) -> int | None:
    """The greatest of some numbers, -1 for none; None where they have no values yet."""
    if specs.prod(ops.shape(x)) == 0:
        return -1
    try:
        lowest, highest = (int(ops.convert_to_numpy(extreme(x))) for extreme in (ops.amin, ops.amax))
    except StateError:
        return None
    if lowest < 0:
        raise OutOfRangeError(f"expected numbers from 0 up; got {lowest}.")
    return highest


@composed(infer=lambda x, length: Spec((length,), "int32"))
def tally(x: Index, length: int) -> Array:
    """How often each whole number comes, as `bincount`.

    Args:
        x: Array of integers with one axis, all of them from 0 to below the length.
        length: How many numbers to count.

    Returns:
        For each number how often it comes, int32.

    >>> tally([0, 2, 2], 3)
    array([1, 0, 2], dtype=int32)
    """
    return _sums(ops.cast(x, "int32"), ops.ones_like(x, "int32"), length)


def _sums(places: Any, weights: Any, length: Any) -> Any:
    """For each place the sum of the weights of those that came there."""
    return ops.scatter(ops.expand_dims(places, 1), weights, (length,))


def _count_rows(places: Any, weights: Any, width: Any) -> Any:
    """The sums of the weights for each row along the last axis on its own; without weights, how many came."""
    *batch, count = ops.shape(places)
    rows = specs.prod(batch)
    if batch:
        places = ops.add(places, np.arange(rows, dtype="int32").reshape(*batch, 1) * width)
    flat = ops.reshape(places, (rows * count,))
    if weights is None:
        sums = tally(flat, rows * width)
    else:
        sums = in_single(lambda w: _sums(flat, ops.reshape(w, (rows * count,)), rows * width), weights)
    return ops.reshape(sums, (*batch, width))


@composed(infer=_infer_bincount, summands=lambda x, weights, minlength, sparse: x.size)
def bincount(x: Index, weights: Array | None = None, minlength: int = 0, sparse: bool = False) -> Array:
    """How often each whole number from 0 up comes along the last axis.

    How far the numbers go depends on the values. Inside compiled functions, which do not know them, the result has
    `minlength` places, and greater numbers are left out.

    Args:
        x: Array of integers, none of them negative.
        weights: What each of them counts, an array in the shape of `x`; None for 1.
        minlength: How many places the result has at least.
        sparse: Must be False: no backend here has sparse arrays.

    Returns:
        For each number how often it comes, int32; or the sums of the weights, in the common dtype of both arrays.

    >>> bincount([0, 2, 2])
    array([1, 0, 2], dtype=int32)
    """
    expected = _infer_bincount(spec_of(x), None if weights is None else spec_of(weights), minlength, sparse)
    greatest = _greatest(x)
    if greatest is None and minlength == 0:
        raise ShapeError(
            "how many places the result has depends on values, which are not known while a function is being compiled. "
            "Give minlength; greater numbers are left out then."
        )
    places = ops.cast(x, "int32")
    length = minlength if greatest is None else max(greatest + 1, minlength)
    width = length
    if greatest is None:  # those that are left out go to one more place
        inside = ops.logical_and(ops.greater_equal(places, 0), ops.less(places, length))
        places, width = ops.where(inside, places, length), length + 1
    sums = _count_rows(places, None if weights is None else ops.cast(weights, expected.dtype), width)
    return sums if width == length else sums[..., :length]


def _infer_histogram(x: Spec, bins: int, range: Any) -> tuple[Spec, Spec]:
    if not hasattr(bins, "__index__") or bins < 1:
        raise OptionError(f"expected bins to be how many there are, at least 1; got {bins!r}.")
    if range is not None:
        low, high = range
        if not np.isfinite([low, high]).all() or high < low:
            raise OptionError(f"expected range to be two finite numbers in ascending order; got {range}.")
    return Spec((bins,), "int32"), Spec((bins + 1,), x.dtype)


def _edges(x: Any, bins: int, range: Any) -> Any:
    """The edges of bins of one width, in float64."""
    if range is None and specs.prod(ops.shape(x)) == 0:
        range = 0, 1
    if range is None:
        low, high = (ops.cast(extreme(x), "float64") for extreme in (ops.amin, ops.amax))
        widening = ops.where(ops.equal(low, high), 0.5, ops.zeros_like(low))
        return linear(ops.subtract(low, widening), ops.add(high, widening), bins + 1, True)[0]
    low, high = range
    return np.linspace(low - 0.5 * (low == high), high + 0.5 * (low == high), bins + 1)


@composed(infer=_infer_histogram, accepts=ORDERED, promote=inexact)
def histogram(x: Array, bins: int = 10, range: Any = None) -> Any:
    """How many elements lie in each of some bins of one width. A bin holds its lower edge, the last one both.

    Args:
        x: Array, of any shape.
        bins: How many bins.
        range: The lower edge of the first bin and the upper edge of the last, a pair; None for the smallest and the
            greatest element. Elements outside are not counted; between NaN or infinity no edges are found.

    Returns:
        How many elements lie in each bin, int32; and the edges of the bins, one more than bins.

    >>> histogram([1.0, 2.0, 4.0], bins=3)
    (array([1, 1, 1], dtype=int32), array([1., 2., 3., 4.], dtype=float32))
    """
    _infer_histogram(spec_of(x), bins, range)
    x = ops.ravel(ops.cast(x, inexact(ops.dtype(x))))
    edges = ops.cast(_edges(x, bins, range), ops.dtype(x))
    # A search among the edges takes longer than a division, after which what is on an edge could fall on either side.
    places = ops.minimum(ops.subtract(ops.searchsorted(edges, x, "right"), 1), bins - 1)
    inside = ops.logical_and(ops.greater_equal(x, edges[0]), ops.less_equal(x, edges[-1]))
    places = ops.where(inside, places, bins)  # those outside go to one more place
    return tally(places, bins + 1)[:bins], edges
