"""Cases of layers that multiply by a matrix."""

from __future__ import annotations

import numpy as np

from ..case import array
from ..layer_case import configured, layer


def dense(weights, x):
    """The inputs times the kernel, plus the bias."""
    kernel, bias = weights
    return x @ kernel + bias


layer(
    "Dense",
    configured(3).on(array(4, 5)).gives(dense),
    configured(3, activation="tanh").on(array(2, 6, 5)).gives(lambda w, x: np.tanh(dense(w, x))).but(unknown=(0, 1)),
    configured(3, use_bias=False).on(array(2, 5)).gives(lambda w, x: x @ w[0]),
    configured(3, lora_rank=2, lora_alpha=3).on(array(2, 5)).gives(lambda w, x: x @ (w[0] + 1.5 * w[2] @ w[3]) + w[1]),
    configured(2)
    .on(array(2, 3, 5))
    .masked([[True, True, False], [False, True, True]])
    .gives_mask([[True, True, False], [False, True, True]]),
    mistakes=[
        (configured(0), "units to be a whole number from 1; got 0"),
        (configured(2, quantization_config="int8"), "cannot be quantized"),
        (configured(2).on(array(3)).but(unknown=()), "at least 2 axes"),
        (configured(2, strength=1), "unknown arguments 'strength'"),
    ],
)

layer(
    "EinsumDense",
    configured("abc,cd->abd", output_shape=(None, 4), bias_axes="d").on(array(2, 3, 5)).gives(dense),
    configured("ab,bc->ac", output_shape=4, activation="tanh").on(array(2, 5)).gives(lambda w, x: np.tanh(x @ w[0])),
    configured("abc,cde->abde", output_shape=(None, 2, 4), bias_axes="de")
    .on(array(2, 3, 5))
    .gives(lambda w, x: np.einsum("abc,cde->abde", x, w[0]) + w[1]),
    configured("abc,cde->abde", output_shape=(None, 2, 4), bias_axes="e")
    .on(array(2, 3, 5))
    .gives(lambda w, x: np.einsum("abc,cde->abde", x, w[0]) + w[1]),
    configured("abcd,cde->abe", output_shape=(None, 4), bias_axes="e")
    .on(array(2, 3, 5, 2))
    .gives(lambda w, x: np.einsum("abcd,cde->abe", x, w[0]) + w[1]),
    configured("abc,cd->adb", output_shape=(4, None), bias_axes="d")
    .on(array(2, 3, 5))
    .gives(lambda w, x: np.swapaxes(x @ w[0], 1, 2) + w[1]),
    configured("...x,xy->...y", output_shape=4, bias_axes="y").on(array(2, 3, 2, 5)).gives(dense),
    configured("ab...,bc->ac...", output_shape=4, bias_axes="c")
    .on(array(2, 5, 3))
    .gives(lambda w, x: np.einsum("abe,bc->ace", x, w[0]) + w[1]),
    configured("ab,bc->ac", output_shape=4, lora_rank=1, bias_axes="c")
    .on(array(2, 5))
    .gives(lambda w, x: x @ (w[0] + w[2] @ w[3]) + w[1]),
    mistakes=[
        (configured("ab,bc", output_shape=4).on(array(2, 5)), "expected one of the forms"),
        (configured("ab,bc->ac", output_shape=(4, 5)).on(array(2, 5)), "a size for each of the letters c"),
        (configured("ab,bc->ac", output_shape=4, bias_axes="z").on(array(2, 5)), "letters of the outputs ac"),
        (configured("ab,bd->ad", output_shape=(None,)).on(array(2, 5)), "the size of 'd' in the kernel is not known"),
    ],
)
