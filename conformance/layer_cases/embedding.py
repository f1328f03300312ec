"""Cases of layers that look up vectors."""

from __future__ import annotations

import numpy as np

from ..case import array
from ..layer_case import configured, layer

NUMBERS = np.array([[1, 0, 4], [2, 2, 0]], "int32")
COUNTS = [[True, False, True], [True, True, False]]

layer(
    "Embedding",
    configured(5, 3).on(array(2, 4, low=0, high=4, dtype="int32")).gives(lambda w, x: w[0][x]),
    configured(5, 3, mask_zero=True).on(NUMBERS).gives(lambda w, x: w[0][x]).gives_mask(COUNTS),
    configured(5, 3).on(np.array([[1.0, 4.0]])).gives(lambda w, x: w[0][x.astype(int)]).but(gradient=False),
    configured(5, 3, lora_rank=2, lora_alpha=1)
    .on(NUMBERS.astype("uint8"))
    .gives(lambda w, x: (w[0] + 0.5 * w[1] @ w[2])[x]),
    mistakes=[
        (configured(0, 3), "input_dim to be a whole number from 1; got 0"),
        (configured(5, 2.5), "output_dim to be a whole number from 1; got 2.5"),
        (configured(5, 3, quantization_config="int8"), "cannot be quantized"),
    ],
)


def logits(weights, x, reverse):
    """The logits of vectors, with one table for both directions."""
    return x @ weights[0].T


layer(
    "ReversibleEmbedding",
    configured(5, 3, mask_zero=True).on(NUMBERS).gives(lambda w, x: w[0][x]).gives_mask(COUNTS),
    configured(5, 3, mask_zero=True).on(array(2, 4, 3), reverse=True).gives(logits).gives_mask(False),
    configured(5, 3, tie_weights=False, logit_soft_cap=1.5)
    .on(array(2, 4, 3), reverse=True)
    .gives(lambda w, x, reverse: 1.5 * np.tanh(x @ w[1] / 1.5)),
    configured(5, 3, reverse_dtype="float64").on(array(2, 4, 3), reverse=True).gives(logits).but(mixed=False),
)
