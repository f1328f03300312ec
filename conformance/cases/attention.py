"""The case of attention."""

from __future__ import annotations

import numpy as np

from ..case import array, case, sample
from .activation import softmax

REAL = ("float32", "float64")


def _fits(query, key, bias, scale, cap):
    key = np.repeat(key, query.shape[2] // key.shape[2], 2)
    fits = np.einsum("btnh,bsnh->bnts", query, key) * (1 / np.sqrt(query.shape[3]) if scale is None else scale)
    fits = fits if cap is None else cap * np.tanh(fits / cap)
    return fits if bias is None else fits + bias


def attention(
    query,
    key,
    value,
    bias=None,
    mask=None,
    scale=None,
    is_causal=False,
    flash_attention=None,
    attn_logits_soft_cap=None,
):
    """Attention, one head after the other."""
    fits = _fits(query, key, bias, scale, attn_logits_soft_cap)
    seen = np.ones(fits.shape, bool) if mask is None else np.broadcast_to(mask, fits.shape)
    seen = seen & np.tri(*fits.shape[2:], dtype=bool) if is_causal else seen
    weights = softmax(np.where(seen, fits, -1e38))
    return np.einsum("bnts,bsnh->btnh", weights, np.repeat(value, query.shape[2] // value.shape[2], 2))


def _size(query, key, value, *rest, **options):
    """The largest value, times how far the rounding of the products moves the weights."""
    fits = np.einsum("btnh,bsnh->bnts", np.abs(query), np.abs(np.repeat(key, query.shape[2] // key.shape[2], 2)))
    return np.abs(value).max(initial=0.0) * (1 + fits.max(initial=0.0))


def heads(batch=2, queries=3, keys=4, own=2, shared=2, size=4, value_size=4):
    """Query, key and value."""
    return array(batch, queries, own, size), array(batch, keys, shared, size), array(batch, keys, shared, value_size)


MASK = np.array([[True, False, True, True], [False, True, True, False], [True, True, True, True]])
BLIND = np.array([[True, True, True, True], [False, False, False, False], [True, False, False, False]])
case(
    "dot_product_attention",
    attention,
    sample(*heads()),
    sample(*heads(), array(3, 4), MASK),
    sample(*heads(queries=4), is_causal=True),
    sample(*heads(), None, BLIND),
    sample(*heads(queries=3, keys=5), is_causal=True, scale=0.3),
    sample(*heads(queries=5, keys=3), None, np.ones((2, 1, 1, 3), bool), is_causal=True),
    sample(*heads(own=4, shared=2)),
    sample(*heads(own=3, shared=1), array(1, 3, 1, 4), is_causal=True),
    sample(*heads(value_size=3), array(2, 2, 3, 4), MASK, 2.0, True),
    sample(*heads(), attn_logits_soft_cap=0.5),
    sample(*heads(), flash_attention=False),
    sample(*heads(queries=1, keys=1, size=1, value_size=1)),
    sample(*heads(batch=0)),
    sample(*heads(1, 33, 70, 2, 1, 16, 16), is_causal=True, gradient=False),
    sample(*heads(queries=4), mask=np.tri(4, dtype=bool), is_causal=True),
    magnitude=_size,
    mistakes=[
        sample(array(2, 3, 4), array(2, 3, 4), array(2, 3, 4)),
        sample(array(2, 3, 2, 4), array(2, 3, 2, 5), array(2, 3, 2, 5)),
        sample(array(2, 3, 3, 4), array(2, 3, 2, 4), array(2, 3, 2, 4)),
        sample(array(2, 3, 2, 4), array(2, 3, 2, 4), array(2, 4, 2, 4)),
        sample(*heads(), array(5, 4)),
        sample(*heads(), None, np.ones((3, 3), bool)),
    ],
)
