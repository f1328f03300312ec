"""Cases of layers that arrange, cut, pad and repeat."""

from __future__ import annotations

import numpy as np

from ..case import array
from ..layer_case import configured, layer

FIRST = {"data_format": "channels_first"}

layer(
    "Flatten",
    configured().on(array(2, 3, 4)).gives(lambda w, x: x.reshape(2, 12)).but(exact=True),
    configured().on(array(3)).gives(lambda w, x: x[:, None]),
    configured(**FIRST).on(array(2, 3, 4, 2)).gives(lambda w, x: np.moveaxis(x, 1, -1).reshape(2, 24)),
    configured().on(array(2, 3, 4)).but(unknown=(0, 1)),
    mistakes=[(configured("channels_middle"), "data_format to be one of")],
)
layer(
    "Reshape",
    configured((4, 3)).on(array(2, 12)).gives(lambda w, x: x.reshape(2, 4, 3)),
    configured((-1, 2, 3)).on(array(2, 3, 4)).gives(lambda w, x: x.reshape(2, 2, 2, 3)),
    configured((-1, 4)).on(array(2, 3, 8)).gives(lambda w, x: x.reshape(2, 6, 4)).but(unknown=(0, 1)),
    configured((-1,)).on(array(0, 3)).gives(lambda w, x: x).but(gradient=False),
    mistakes=[
        (configured((-1, -1)), "at most one -1"),
        (configured((5, -1)).on(array(2, 12)), "which do not fit into target_shape"),
    ],
)
layer(
    "Permute",
    configured((2, 1)).on(array(2, 3, 4)).gives(lambda w, x: x.transpose(0, 2, 1)).but(unknown=(0, 1)),
    configured((3, 1, 2)).on(array(2, 3, 4, 5)).gives(lambda w, x: x.transpose(0, 3, 1, 2)),
    mistakes=[(configured((0, 1)), "the numbers from 1")],
)
layer(
    "RepeatVector",
    configured(3).on(array(2, 4)).gives(lambda w, x: np.repeat(x[:, None], 3, 1)).but(unknown=(0, 1)),
    mistakes=[(configured(0), "n to be a whole number from 1"), (configured(2).on(array(2, 3, 4)), "2 axes")],
)

NOT_ENOUGH = "nothing is left of inputs"
layer(
    "Cropping1D",
    configured((1, 2)).on(array(2, 6, 3)).gives(lambda w, x: x[:, 1:4]).but(unknown=(0, 1)),
    configured(1).on(array(2, 6, 3)).gives(lambda w, x: x[:, 1:5]),
    configured((0, 2)).on(array(2, 6, 3)).gives(lambda w, x: x[:, :4]),
    mistakes=[
        (configured((1, -2)), "cropping to be a whole number from 0; got -2"),
        (configured(3).on(array(2, 6, 3)), NOT_ENOUGH),
    ],
)
layer(
    "Cropping2D",
    configured(((1, 2), (0, 1))).on(array(2, 5, 4, 3)).gives(lambda w, x: x[:, 1:3, :3]).but(unknown=(0, 1, 2)),
    configured((1, 0), **FIRST).on(array(2, 3, 5, 4)).gives(lambda w, x: x[:, :, 1:4]),
    configured().on(array(2, 5, 4, 3)).gives(lambda w, x: x),
    mistakes=[
        (configured((1, 2, 3)), "cropping to be a whole number, or a tuple"),
        (configured(2).on(array(1, 5, 4, 3)), NOT_ENOUGH),
    ],
)
layer(
    "Cropping3D",
    configured().on(array(1, 3, 4, 5, 2)).gives(lambda w, x: x[:, 1:-1, 1:-1, 1:-1]),
    configured(((1, 0), (0, 2), (1, 1)), **FIRST).on(array(1, 2, 3, 4, 5)).gives(lambda w, x: x[:, :, 1:, :2, 1:4]),
)


def padded(*pairs):
    """A reference: zeros around."""
    return lambda weights, x: np.pad(x, pairs)


layer(
    "ZeroPadding1D",
    configured((1, 2)).on(array(2, 3, 2)).gives(padded((0, 0), (1, 2), (0, 0))).but(unknown=(0, 1)),
    configured(2, **FIRST).on(array(2, 3, 2)).gives(padded((0, 0), (0, 0), (2, 2))),
    mistakes=[(configured((1, 2, 3)), "a whole number, or a tuple of 2")],
)
layer(
    "ZeroPadding2D",
    configured().on(array(2, 3, 4, 2)).gives(padded((0, 0), (1, 1), (1, 1), (0, 0))).but(unknown=(0, 1, 2)),
    configured(((1, 0), (2, 3)), **FIRST).on(array(2, 2, 3, 4)).gives(padded((0, 0), (0, 0), (1, 0), (2, 3))),
    mistakes=[(configured("same"), "expected padding to be")],
)
layer(
    "ZeroPadding3D",
    configured().on(array(1, 2, 3, 2, 2)).gives(padded((0, 0), (1, 1), (1, 1), (1, 1), (0, 0))),
    configured((0, 1, 2), **FIRST).on(array(1, 2, 2, 3, 2)).gives(padded((0, 0), (0, 0), (0, 0), (1, 1), (2, 2))),
)


def repeated(*factors):
    """A reference: each element along the axes as often."""

    def repeat(weights, x):
        for axis, factor in enumerate(factors):
            x = np.repeat(x, factor, axis)
        return x

    return repeat


layer(
    "UpSampling1D",
    configured().on(array(2, 3, 2)).gives(repeated(1, 2)).but(unknown=(0, 1)),
    mistakes=[(configured(0), "size to be a whole number from 1; got 0")],
)
layer(
    "UpSampling2D",
    configured((2, 3)).on(array(2, 2, 3, 2)).gives(repeated(1, 2, 3)).but(unknown=(0, 1, 2)),
    configured((2, 3), **FIRST).on(array(2, 2, 2, 3)).gives(repeated(1, 1, 2, 3)),
    configured(2, interpolation="bilinear").on(array(1, 3, 3, 2)),
    configured(2, interpolation="bicubic", **FIRST).on(array(1, 2, 4, 3)),
    configured(2, interpolation="bilinear")
    .on(np.array([[[[0.0], [4.0]]]]))
    .gives(lambda w, x: np.array([[[[0.0], [1.0], [3.0], [4.0]]] * 2])),
    mistakes=[(configured(interpolation="area"), "interpolation to be one of")],
)
layer(
    "UpSampling3D",
    configured().on(array(1, 2, 3, 2, 2)).gives(repeated(1, 2, 2, 2)),
    configured((1, 2, 3), **FIRST).on(array(1, 2, 2, 3, 2)).gives(repeated(1, 1, 1, 2, 3)),
)
