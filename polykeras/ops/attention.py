"""Attention: means of values, weighed by how well keys fit queries."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..dtypes import ORDERED, inexact
from ..errors import ShapeError
from ..op import Array, Mask, composed
from ..spec import Spec, broadcast_shapes, same_size, show_shape
from ..symbolic import spec_of
from .normalization import all_in_single

LOWEST = -0.7 * 3.38953e38
"""What stands for the fit of a key that is not to be looked at: so low that its weight is 0, but not infinite, so that
a query that may look at nothing has the mean of all values."""


def _of_queries_keys_values(query: Any, key: Any, value: Any, *_: Any) -> str:
    return inexact(query, key, value)


def _infer(query: Spec, key: Spec, value: Spec, bias: Spec | None, mask: Spec | None, *_: Any) -> Spec:
    shapes = ", ".join(show_shape(x.shape) for x in (query, key, value))
    if not query.ndim == key.ndim == value.ndim == 4:
        raise ShapeError(f"expected query, key and value of shape (batch, length, heads, size); got {shapes}.")
    alike = [(query, key, 0), (query, key, 3), (key, value, 0), (key, value, 1), (key, value, 2)]
    heads, shared = query.shape[2], key.shape[2]
    grouped = heads % shared == 0 if isinstance(heads, int) and isinstance(shared, int) and shared else True
    if not grouped or not all(same_size(one.shape[axis], other.shape[axis]) for one, other, axis in alike):
        raise ShapeError(
            "expected query, key and value of one batch size, keys as many as values, queries as large as keys, and a "
            f"number of heads of the query that is a multiple of that of key and value; got shapes {shapes}."
        )
    fits = (query.shape[0], heads, query.shape[1], key.shape[1])
    for name, given in (("bias", bias), ("mask", mask)):
        if given is not None and not _broadcasts(given.shape, fits):
            raise ShapeError(
                f"expected {name} to broadcast to (batch, heads, queries, keys) = {show_shape(fits)}; got shape "
                f"{show_shape(given.shape)}."
            )
    return Spec((*query.shape[:3], value.shape[3]), query.dtype)


def _broadcasts(shape: tuple[Any, ...], to: tuple[Any, ...]) -> bool:
    try:
        reached = broadcast_shapes(shape, to)
    except ShapeError:
        return False
    return len(reached) == len(to) and all(map(same_size, reached, to))


def causal_mask(queries: Any, keys: Any) -> Any:
    """For each query the keys that are not after it."""
    ones = ops.ones((queries, keys))
    return ops.greater_equal(ops.running_sum(ones, 0), ops.running_sum(ones, 1))


@composed(
    infer=_infer,
    accepts=ORDERED,
    promote=_of_queries_keys_values,
    summands=lambda query, key, *_: query.shape[3] + key.shape[1],
)
def dot_product_attention(
    query: Array,
    key: Array,
    value: Array,
    bias: Array | None = None,
    mask: Mask | None = None,
    scale: Any = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Array:
    """For each query a mean of values, weighed by the softmax of the products of query and keys.

    Args:
        query: Array of shape (batch, queries, heads, size).
        key: Array of shape (batch, keys, heads, size). With fewer heads than the query, several heads of the query
            share one of key and value.
        value: Array of shape (batch, keys, heads, value size).
        bias: What to add to the products of query and keys, in a shape that broadcasts to (batch, heads, queries,
            keys).
        mask: Bools in such a shape: where False, the query does not look at the key. A query that may look at no key
            gets the mean of all values.
        scale: By what to multiply the products; None for 1 / sqrt(size).
        is_causal: Whether each query looks only at keys whose position is not after its own.
        flash_attention: Whether a kernel that does not write the products to memory may be used; None for what
            `config.enable_flash_attention` and its opposite say. Where it may, the choice is the backend's.
        attn_logits_soft_cap: A bound c that the scaled products x approach as c * tanh(x / c).

    Returns:
        Array of shape (batch, queries, heads, value size).

    >>> shape(dot_product_attention(ones((2, 4, 8, 16)), ones((2, 6, 8, 16)), ones((2, 6, 8, 16))))
    (2, 4, 8, 16)
    """
    absent = [None if x is None else spec_of(x) for x in (bias, mask)]
    _infer(spec_of(query), spec_of(key), spec_of(value), *absent)
    batch, queries, heads, size = ops.shape(query)
    _, keys, shared, value_size = ops.shape(value)
    factor = 1 / size**0.5 if scale is None else scale

    def apart(x: Any) -> Any:
        """Queries, or what has an axis for them, with the heads that share keys on one axis."""
        groups = heads // shared
        return ops.reshape(x, (batch, shared, groups * queries, ops.shape(x)[-1]))

    def result(query: Any, key: Any, value: Any, bias: Any) -> Any:
        rows = apart(ops.transpose(ops.multiply(query, factor), (0, 2, 1, 3)))
        fits = ops.matmul(rows, ops.transpose(key, (0, 2, 3, 1)))
        fits = ops.reshape(fits, (batch, heads, queries, keys))
        if attn_logits_soft_cap is not None:
            fits = ops.multiply(ops.tanh(ops.divide(fits, attn_logits_soft_cap)), attn_logits_soft_cap)
        fits = fits if bias is None else ops.add(fits, bias)
        fits = fits if mask is None else ops.where(mask, fits, LOWEST)
        fits = ops.where(causal_mask(queries, keys), fits, LOWEST) if is_causal else fits
        means = ops.matmul(apart(ops.softmax(fits, -1)), ops.transpose(value, (0, 2, 1, 3)))
        return ops.transpose(ops.reshape(means, (batch, heads, queries, value_size)), (0, 2, 1, 3))

    return all_in_single(result, query, key, value, bias)
