"""Cases of layers that attend."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..case import array
from ..layer_case import configured, layer
from .activations import softmax

QUERY_MASK = [[True, True, True, False], [True, True, False, False]]
VALUE_MASK = [[True, True, False], [True, False, True]]
LOWEST = -1e9

QUERY, VALUE, KEY = array(2, 4, 5), array(2, 3, 6), array(2, 3, 5)


def weighed(scores, value, allowed: Any = True):
    """Means of values by the softmax of scores."""
    return softmax(np.where(allowed, scores, LOWEST)) @ value


def products(query, key):
    """The product of each query with each key."""
    return query @ np.swapaxes(key, -2, -1)


def sums(query, key):
    """Each query plus each key."""
    return query[..., None, :] + key[..., None, :, :]


def causal(queries, keys):
    """Which keys are not after a query."""
    return np.arange(queries)[:, None] >= np.arange(keys)


layer(
    "Attention",
    configured().on([QUERY, KEY]).gives(lambda w, xs: weighed(products(*xs), xs[1])).but(unknown=(0, 1)),
    configured(use_scale=True)
    .on([QUERY, VALUE, KEY])
    .gives(lambda w, xs: weighed(products(xs[0], xs[2]) * w[0], xs[1])),
    configured(score_mode="concat", use_scale=True)
    .on([QUERY, VALUE, KEY])
    .gives(lambda w, xs: weighed(np.tanh(sums(xs[0], xs[2]) * w[0]).sum(-1) * w[1], xs[1])),
    configured()
    .on([QUERY, KEY])
    .masked(QUERY_MASK, VALUE_MASK)
    .gives_mask(QUERY_MASK)
    .gives(
        lambda w, xs: np.where(
            np.array(QUERY_MASK)[..., None], weighed(products(*xs), xs[1], np.array(VALUE_MASK)[:, None]), 0
        )
    ),
    configured()
    .on([QUERY, KEY], use_causal_mask=True, return_attention_scores=True)
    .gives(
        lambda w, xs, **_: [
            weighed(products(*xs), xs[1], causal(4, 3)),
            softmax(np.where(causal(4, 3), products(*xs), LOWEST)),
        ]
    ),
    configured(dropout=0.5, seed=3).on([QUERY, KEY], training=True),
    mistakes=[
        (configured(score_mode="sum"), "score_mode to be dot or concat"),
        (configured().on([QUERY]), "a list for query, value and perhaps key"),
    ],
)
layer(
    "AdditiveAttention",
    configured().on([QUERY, KEY]).gives(lambda w, xs: weighed((np.tanh(sums(*xs)) * w[0]).sum(-1), xs[1])),
    configured(use_scale=False)
    .on([QUERY, VALUE, KEY])
    .gives(lambda w, xs: weighed(np.tanh(sums(xs[0], xs[2])).sum(-1), xs[1]))
    .but(unknown=(0, 1)),
)


def heads(weights, query, value, key=None, allowed: Any = True, groups=1):
    """Attention with several heads: the outputs, and the weights of the means."""
    key = value if key is None else key
    inputs = (query, key, value)
    q, k, v = (np.einsum("btm,mhs->bths", x, weights[2 * i]) + weights[2 * i + 1] for i, x in enumerate(inputs))
    k, v = (np.repeat(x, groups, 2) for x in (k, v))
    scores = np.einsum("bqhs,bkhs->bhqk", q, k) / np.sqrt(q.shape[-1])
    shares = softmax(np.where(allowed, scores, LOWEST))
    means = np.einsum("bhqk,bkhs->bqhs", shares, v)
    return np.einsum("bqhs,hsm->bqm", means, weights[6]) + weights[7], shares


def outputs_of(**options):
    """A reference for the outputs."""
    return lambda weights, *xs, **_: heads(weights, *xs, **options)[0]


def both_of(**options):
    """A reference for outputs and weights."""
    return lambda weights, *xs, **_: heads(weights, *xs, **options)


NEAR = np.abs(np.arange(4)[:, None] - np.arange(3)) < 2
ALLOWED = np.array(VALUE_MASK)[:, None, None] & np.array([[[[True]]], [[[True]]]])
PAIRS = np.array([[[1, 0, 1], [1, 1, 1], [0, 1, 0], [1, 1, 0]]] * 2, bool)


def attending(name, *sizes, groups=1, trials=(), mistakes=()):
    """A case of attention with several heads."""
    of = configured
    layer(
        name,
        of(*sizes).on(QUERY, VALUE, KEY).gives(outputs_of(groups=groups)).but(unknown=(0, 1)),
        of(*sizes)
        .on(QUERY, KEY, return_attention_scores=True, use_causal_mask=True)
        .gives(both_of(groups=groups, allowed=causal(4, 3)))
        .but(unknown=(0, 1)),
        of(*sizes).on(QUERY, KEY, use_causal_mask=True).gives(outputs_of(groups=groups, allowed=causal(4, 3))),
        of(*sizes)
        .on(QUERY, KEY, attention_mask=PAIRS, return_attention_scores=True)
        .gives(both_of(groups=groups, allowed=PAIRS[:, None])),
        of(*sizes, sliding_window=2)
        .on(QUERY, KEY, use_causal_mask=True)
        .gives(outputs_of(groups=groups, allowed=NEAR & causal(4, 3)))
        .but(unknown=(0, 1)),
        of(*sizes).on(QUERY, KEY).masked(None, VALUE_MASK).gives(outputs_of(groups=groups, allowed=ALLOWED)),
        of(*sizes).on(QUERY, KEY).masked(QUERY_MASK, VALUE_MASK).gives_mask(QUERY_MASK),
        of(*sizes, dropout=0.5, seed=3).on(QUERY, KEY, training=True, use_causal_mask=True),
        of(*sizes, use_gate=True, use_bias=False).on(QUERY, KEY),
        *trials,
        mistakes=[(of(*sizes, flash_attention=True, dropout=0.5), "Set dropout to 0"), *mistakes],
    )


attending(
    "MultiHeadAttention",
    2,
    4,
    trials=[
        configured(2, 4, value_dim=3, output_shape=(2, 7)).on(QUERY, KEY),
        configured(2, 4, attention_axes=(1, 2)).on(array(2, 2, 3, 5), array(2, 2, 2, 5)),
        configured(2, 4, attention_axes=2).on(array(2, 2, 3, 5), array(2, 2, 2, 5), return_attention_scores=True),
    ],
    mistakes=[
        (configured(0, 4), "num_heads to be a whole number from 1; got 0"),
        (configured(2, 4).on(QUERY, array(2, 4, 5), KEY), "expected a key for each value"),
        (configured(2, 4).on(array(3, 5), array(3, 5)), "expected query, value and key of shape"),
        (configured(2, 4).on(array(2, 3, 4, 5), array(2, 3, 5)), "with the same number of axes"),
    ],
)
attending(
    "GroupQueryAttention",
    4,
    4,
    2,
    groups=2,
    mistakes=[(configured(4, 4, 3), "num_query_heads to be a multiple of num_key_value_heads; got 4 and 3")],
)
