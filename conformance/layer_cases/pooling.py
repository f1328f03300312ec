"""Cases of pooling."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..case import array
from ..layer_case import configured, layer

LAST = {1: (6, 3), 2: (6, 5, 3), 3: (4, 5, 4, 3)}
FIRST = {1: (3, 6), 2: (3, 6, 5), 3: (3, 4, 5, 4)}
FIRST_CHANNELS = {"data_format": "channels_first"}
APART: dict[str, Any] = {"apart": 0.01}  # a maximum has no derivative where two numbers are equal
STEPS = [[True, True, False, True, False, False], [True] * 6]


def _masked_mean(weights, x):
    counts = np.array(STEPS)[..., None]
    return (x * counts).sum(1) / counts.sum(1)


for _rank in (1, 2, 3):
    _spatial, _later = tuple(range(1, _rank + 1)), tuple(range(2, _rank + 2))
    for _kind, _reduce in (("Max", np.max), ("Average", np.mean)):
        _x, _first = array(2, *LAST[_rank], **APART), array(2, *FIRST[_rank], **APART)
        layer(
            f"{_kind}Pooling{_rank}D",
            configured(2).on(_x),
            configured(3, strides=2, padding="same", **FIRST_CHANNELS).on(_first),
            configured(LAST[_rank][:-1])
            .on(_x)
            .gives(lambda w, x, reduce=_reduce, axes=_spatial: reduce(x, axes, keepdims=True)),
            mistakes=[
                (configured(0), "pool_size to be"),
                (configured(2, padding="causal"), "padding to be 'valid' or 'same'"),
                (configured(2, data_format="last"), "data_format to be one of"),
                (configured(20).on(_x), "does not fit into spatial sizes"),
                (configured(2).on(array(2, 3)).but(unknown=()), f"{_rank + 2} axes"),
            ],
        )
        layer(
            f"Global{_kind}Pooling{_rank}D",
            configured().on(_x).gives(lambda w, x, reduce=_reduce, axes=_spatial: reduce(x, axes)),
            configured(keepdims=True, **FIRST_CHANNELS)
            .on(_first)
            .gives(lambda w, x, reduce=_reduce, axes=_later: reduce(x, axes, keepdims=True)),
            *(
                [configured().on(_x).masked(STEPS).gives(_masked_mean).gives_mask(False)]
                if (_kind, _rank) == ("Average", 1)
                else []
            ),
        )
        layer(
            f"Adaptive{_kind}Pooling{_rank}D",
            configured(2).on(_x),
            configured(3, **FIRST_CHANNELS).on(_first),
            configured(1).on(_x).gives(lambda w, x, reduce=_reduce, axes=_spatial: reduce(x, axes, keepdims=True)),
            mistakes=[(configured(0), "output_size to be")],
        )
