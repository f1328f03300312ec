"""Cases of layers that make training harder by noise."""

from __future__ import annotations

import numpy as np

from ..case import array
from ..layer_case import configured, layer

FIRST = {"data_format": "channels_first"}
MASK = [[True, True, False], [False, True, True]]


def noise(name, *trials, mistakes=()):
    """A case of a layer that leaves the inputs as they are unless it is trained."""
    *_, shape = [trial.inputs[0].shape for trial in trials]
    layer(
        name,
        *(trial.but(exact=name.endswith("D") or name == "Dropout") for trial in trials),
        configured(0.5).on(array(*shape)).gives(lambda w, x: x).but(exact=True),
        configured(0.0).on(array(*shape), training=True).gives(lambda w, x, training: x).but(exact=True),
        mistakes=[(configured(1.5), "a number from 0 to 1; got 1.5"), *mistakes],
    )


noise(
    "Dropout",
    configured(0.5, seed=3).on(array(6, 5), training=True),
    configured(0.25, noise_shape=(None, 1, 4)).on(array(2, 3, 4), training=True).but(unknown=(0, 1)),
    configured(1.0).on(array(2, 3), training=True).gives(lambda w, x, training: np.zeros_like(x)),
    configured(0.3).on(array(2, 3, 4), training=True).masked(MASK).gives_mask(MASK),
    mistakes=[(configured(0.5, noise_shape=(0, 1)), "a size in noise_shape to be a whole number from 1")],
)
noise("SpatialDropout1D", configured(0.5, seed=3).on(array(4, 3, 5), training=True))
noise(
    "SpatialDropout2D",
    configured(0.5, seed=3).on(array(4, 2, 3, 5), training=True),
    configured(0.5, **FIRST).on(array(4, 5, 2, 3), training=True),
)
noise(
    "SpatialDropout3D",
    configured(0.5, seed=3).on(array(4, 2, 1, 3, 5), training=True),
    configured(0.5, **FIRST).on(array(4, 5, 2, 1, 3), training=True),
)
noise("GaussianNoise", configured(0.5, seed=3).on(array(4, 5), training=True))
noise(
    "GaussianDropout",
    configured(0.5, seed=3).on(array(4, 5), training=True),
    mistakes=[(configured(1.0), "rate to be below 1")],
)
noise(
    "AlphaDropout",
    configured(0.25, seed=3).on(array(4, 5), training=True),
    configured(0.25, noise_shape=(None, 1)).on(array(4, 5), training=True),
    mistakes=[(configured(1.0), "rate to be below 1")],
)
