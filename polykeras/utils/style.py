"""How pictures of models look: colors by what a layer does, and how wide text is."""

from __future__ import annotations

from typing import Any

from ..models import Model
from ..models.graph import OpCall

FONT = "Helvetica, Arial, Liberation Sans, sans-serif"
BACKGROUND, INK, MUTED, LINE = "#ffffff", "#111827", "#6b7280", "#4b5563"
GROUP, TINT, TRAINED, UNTRAINED = "#4338ca", "#f4f3fc", "#15803d", "#b91c1c"

_COLORS = {
    "#475569": ("input_layer", "masking"),
    "#1d4ed8": ("dense", "einsum_dense", "embedding"),
    "#0369a1": ("convolution", "depthwise", "separable", "transposed_convolution", "convolving"),
    "#6d28d9": ("recurrent", "lstm", "gru", "simple_rnn", "conv_lstm", "bidirectional", "stacked_cells", "cells"),
    "#a21caf": ("attention", "multi_head", "grouped_query"),
    "#0f766e": (
        *("batch_normalization", "layer_normalization", "group_normalization", "rms_normalization"),
        *("spectral_normalization", "unit_normalization"),
    ),
    "#b45309": ("activations",),
    "#be123c": ("pooling", "global_pooling", "adaptive_pooling"),
    "#78716c": ("dropout", "identity"),
    "#15803d": ("merging", "joining"),
    "#854d0e": ("reshaping", "margins", "upsampling"),
}
_COLOR_OF_ROOM = {f"polykeras.layers.{room}": color for color, rooms in _COLORS.items() for room in rooms}
_OTHERS = "#334155"


def color_of(operation: Any) -> str:
    """The color of a layer: that of the first class of ours from which it inherits, and by what this is for.

    >>> from polykeras.layers import Dense, Dropout
    >>> color_of(Dense(2)) == color_of(Dropout(0.5))
    False
    """
    if isinstance(operation, OpCall):
        return "#15803d"
    if isinstance(operation, Model):
        return GROUP
    return next(
        (_COLOR_OF_ROOM[cls.__module__] for cls in type(operation).__mro__ if cls.__module__ in _COLOR_OF_ROOM), _OTHERS
    )


_NARROW, _WIDE = frozenset("iljtfrI.,:;'|!()[]{} /-"), frozenset("mwMW@%")


def text_width(text: str, bold: bool = False, size: float = 13.0) -> float:
    """How wide a text is at most in the fonts that are asked for.

    >>> text_width("ill") < text_width("mum")
    True
    """
    ems = sum(0.4 if c in _NARROW else 1.0 if c in _WIDE else 0.75 if c.isupper() else 0.64 for c in text)
    return ems * size * (1.12 if bold else 1.0)
