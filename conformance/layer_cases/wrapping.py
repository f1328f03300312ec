"""Cases of layers around another layer."""

from __future__ import annotations

import numpy as np

from ..case import array
from ..layer_case import a, configured, layer
from .activations import masked_softmax

MASK = [[True, True, False], [False, True, True]]

layer(
    "Wrapper",
    mistakes=[
        (configured("relu"), "expected a layer to wrap; got 'relu'"),
        (configured(a("ReLU")).on(array(2, 3)), "has no method `call`"),
    ],
)
layer(
    "TimeDistributed",
    configured(a("Dense", 4)).on(array(2, 3, 5)).gives(lambda w, x: x @ w[0] + w[1]),
    configured(a("Dense", 4)).on(array(2, 3, 2, 5)).masked(MASK).gives_mask(MASK).but(unknown=(0, 1)),
    configured(a("Softmax"))
    .on(array(2, 3), mask=np.array(MASK))
    .gives(lambda w, x, mask: masked_softmax(w, x, mask))
    .but(inputs=(array(2, 3, 4),), call={"mask": np.array(MASK)[..., None] & np.ones(4, bool)}),
    configured(a("Dropout", 0.5, seed=3)).on(array(2, 3, 5), training=True).but(exact=True),
    mistakes=[
        (configured(a("ReLU")).on(array(2, 3)), "inputs of at least 3 axes"),
        (configured(a("ReLU")).on(array(2, 3, 4), mask=np.ones((2, 4), bool)), "whose first axes are"),
    ],
)
