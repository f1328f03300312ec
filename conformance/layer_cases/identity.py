"""Cases of layers that leave the inputs as they are, and of functions as layers."""

from __future__ import annotations

import numpy as np

from polykeras import ops
from polykeras.registry import register_keras_serializable

from ..case import array
from ..layer_case import configured, layer

MASK = [[True, True, False], [False, True, True]]
ROWS = np.array([[[1.0, 0.0], [0.0, 0.0], [2.0, 3.0]], [[0.0, 0.0], [0.5, 0.5], [0.0, 0.0]]])

layer(
    "Identity",
    configured().on(array(2, 3)).gives(lambda w, x: x),
    configured().on(array(2, 3, 4)).masked(MASK).gives_mask(MASK),
)
layer("ActivityRegularization", configured(0.1, 0.2).on(array(2, 3)).gives(lambda w, x: x))
layer(
    "Masking",
    configured()
    .on(ROWS)
    .gives(lambda w, x: x)
    .gives_mask([[True, False, True], [False, True, False]])
    .but(gradient=False),
    configured(0.5)
    .on(ROWS)
    .gives(lambda w, x: np.where(x == 0.5, 0, x))
    .gives_mask([[True, True, True], [True, False, True]])
    .but(gradient=False),
    configured().on(array(2, 3, 4)).gives(lambda w, x: x).but(unknown=(0, 1)),
)


@register_keras_serializable("conformance")
def power(x, exponent=2, training=None):
    """A power, in training of twice as much."""
    return ops.power(ops.multiply(x, 2) if training else x, exponent)


@register_keras_serializable("conformance")
def filled(x, mask):
    """The inputs, with ones where the mask is False."""
    return ops.where(ops.expand_dims(mask, -1), x, 1)


@register_keras_serializable("conformance")
def same_mask(x, mask):
    """The mask of the inputs."""
    return mask


layer(
    "Lambda",
    configured(power).on(array(2, 3)).gives(lambda w, x: x**2),
    configured(power, arguments={"exponent": 3}, output_shape=(3,))
    .on(array(2, 3), training=True)
    .gives(lambda w, x, training: (2 * x) ** 3),
    configured(filled, mask=same_mask)
    .on(array(2, 3, 4))
    .masked(MASK)
    .gives_mask(MASK)
    .gives(lambda w, x: np.where(np.array(MASK)[..., None], x, 1)),
)
