"""Cases of convolutions. What the ops compute is held to references of their own; here it is what layers make of it."""

from __future__ import annotations

import numpy as np

from ..case import array
from ..layer_case import configured, layer

LAST = {1: (7, 4), 2: (7, 5, 4), 3: (5, 4, 5, 4)}
FIRST = {1: (4, 7), 2: (4, 7, 5), 3: (4, 5, 4, 5)}


def _inputs(rank, options):
    sizes = (FIRST if options.get("data_format") == "channels_first" else LAST)[rank]
    return array(2, *sizes)


def _trials(rank, args, *choices):
    return [configured(*args, **options).on(_inputs(rank, options)) for options in choices]


def _at_ones(weights, x):
    """A convolution whose window is one position."""
    kernel, bias = weights
    return x @ kernel.reshape(kernel.shape[-2:]) + bias


STRIDES = {"strides": 2, "padding": "same", "activation": "tanh"}
FIRST_CHANNELS = {"data_format": "channels_first"}
CONVOLUTIONS = (
    {"groups": 2, "dilation_rate": 2, "padding": "same"},
    {**STRIDES, **FIRST_CHANNELS},
    {"use_bias": False, "kernel_regularizer": "l2", "kernel_constraint": "max_norm"},
)
for _rank in (1, 2, 3):
    layer(
        f"Conv{_rank}D",
        *_trials(_rank, (4, 3), *CONVOLUTIONS, *([{"padding": "causal", "dilation_rate": 2}] if _rank == 1 else [])),
        configured(2, 1).on(_inputs(_rank, {})).gives(_at_ones),
        *([configured(2, 3, lora_rank=2).on(_inputs(2, {}))] if _rank == 2 else []),
        mistakes=[
            (configured(0, 3), "filters to be a whole number from 1; got 0"),
            (configured(4, 0), "kernel_size to be"),
            (configured(4, 3, groups=3), "filters to be a multiple of groups"),
            (configured(4, 3, strides=2, dilation_rate=2), "cannot both be greater than 1"),
            (configured(4, 3, padding="full"), "padding to be one of"),
            (configured(4, 3, quantization_config="int8"), "cannot be quantized"),
            (configured(3, 3, groups=3).on(_inputs(_rank, {})), "the number of channels to be a multiple of groups"),
            (configured(4, 9).on(_inputs(_rank, {})), "does not fit into spatial sizes"),
            (configured(4, 3).on(array(2, 4)).but(unknown=()), f"at least {_rank + 2} axes"),
        ],
    )
    layer(
        f"Conv{_rank}DTranspose",
        *_trials(
            _rank, (3, 3), {"strides": 3, "output_padding": 1}, {**STRIDES, **FIRST_CHANNELS}, {"use_bias": False}
        ),
        configured(2, 1)
        .on(_inputs(_rank, {}))
        .gives(lambda w, x: x @ np.swapaxes(w[0].reshape(w[0].shape[-2:]), 0, 1) + w[1]),
        mistakes=[
            (configured(3, 3, strides=2, output_padding=2), "output_padding to be a number"),
            (configured(3, 3, padding="causal"), "padding to be one of"),
        ],
    )

for _rank in (1, 2):
    layer(
        f"DepthwiseConv{_rank}D",
        *_trials(_rank, (3,), {"depth_multiplier": 2, "dilation_rate": 2}, {**STRIDES, **FIRST_CHANNELS}),
        configured(1).on(_inputs(_rank, {})).gives(lambda w, x: x * w[0].reshape(-1) + w[1]),
        mistakes=[(configured(3, depth_multiplier=0), "depth_multiplier to be a whole number from 1")],
    )
    layer(
        f"SeparableConv{_rank}D",
        *_trials(_rank, (5, 3), {"depth_multiplier": 2}, {**STRIDES, **FIRST_CHANNELS}),
        configured(3, 1, use_bias=False)
        .on(_inputs(_rank, {}))
        .gives(lambda w, x: (x * w[0].reshape(-1)) @ w[1].reshape(w[1].shape[-2:])),
        mistakes=[(configured(3, 3, padding="causal"), "padding to be one of")],
    )
