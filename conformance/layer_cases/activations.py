"""Cases of layers that apply a function to every element, or along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..case import array
from ..layer_case import configured, layer

SPREAD = array(2, 4, 3, apart=0.45)
MASK = [[True, True, False, True], [False, True, True, True]]

layer(
    "Activation",
    configured("tanh").on(array(2, 3)).gives(lambda w, x: np.tanh(x)),
    configured("relu").on(SPREAD).masked(MASK).gives_mask(MASK).but(unknown=(0, 1)),
)
layer(
    "ReLU",
    configured().on(SPREAD).gives(lambda w, x: np.maximum(x, 0)),
    configured(max_value=1.5, negative_slope=0.25, threshold=0.5)
    .on(SPREAD)
    .gives(lambda w, x: np.where(x >= 1.5, 1.5, np.where(x >= 0.5, x, 0.25 * (x - 0.5)))),
    mistakes=[(configured(max_value=-1), "max_value to be a number from 0; got -1")],
)
layer(
    "LeakyReLU",
    configured().on(SPREAD).gives(lambda w, x: np.where(x > 0, x, 0.3 * x)),
    configured(0.5).on(SPREAD).gives(lambda w, x: np.where(x > 0, x, 0.5 * x)),
    mistakes=[(configured(None), "negative_slope to be a number from 0; got None")],
)
layer(
    "PReLU",
    configured().on(SPREAD).gives(lambda w, x: np.where(x > 0, x, w[0] * x)),
    configured(shared_axes=[1]).on(SPREAD).gives(lambda w, x: np.where(x > 0, x, w[0] * x)).but(unknown=(0, 1)),
    mistakes=[(configured().on(SPREAD).but(unknown=(0, 1)), "sizes are known but for the batch and shared_axes")],
)
layer(
    "ELU",
    configured().on(SPREAD).gives(lambda w, x: np.where(x > 0, x, np.expm1(x))),
    configured(0.5).on(SPREAD).gives(lambda w, x: np.where(x > 0, x, 0.5 * np.expm1(x))),
)


def softmax(x, axis: Any = -1):
    """Exponentials that add up to 1."""
    shares = np.exp(x - x.max(axis, keepdims=True))
    return shares / shares.sum(axis, keepdims=True)


def masked_softmax(weights, x, mask):
    """The same over what counts."""
    return np.where(mask, softmax(np.where(mask, x, -1e9)), 0)


layer(
    "Softmax",
    configured().on(array(2, 3, 4)).gives(lambda w, x: softmax(x)),
    configured(axis=(1, 2)).on(array(2, 3, 4)).gives(lambda w, x: softmax(x, (1, 2))),
    configured().on(array(2, 4), mask=np.array(MASK)).gives(masked_softmax),
    configured().on(array(2, 4), mask=np.array([[False] * 4, [True] * 4])).gives(masked_softmax),
    mistakes=[(configured().on(array(2, 4), mask=np.array([[[True]]])), "a mask that broadcasts to the inputs")],
)
