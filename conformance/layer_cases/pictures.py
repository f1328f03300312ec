"""Cases of layers for images: outputs against NumPy's, with the same draws everywhere."""

from __future__ import annotations

from ..case import array
from ..layer_case import configured, layer

FIRST = {"data_format": "channels_first"}
PICTURES = array(2, 5, 6, 3, low=0, high=255)
TURNED = array(2, 3, 5, 6, low=0, high=255)


def drawn(name, *options, on=PICTURES, mistakes=(), **changes):
    """A case of a layer that draws in training, on images with channels behind and, the first time, in front."""
    layer(
        name,
        *(configured(**option).on(on, training=True).but(gradient=False, mixed=False, **changes) for option in options),
        configured(**options[0], **FIRST).on(TURNED, training=True).but(gradient=False, mixed=False, repeats=True),
        mistakes=mistakes,
    )


def fixed(name, *options, mistakes=()):
    """A case of a layer that draws nothing."""
    layer(
        name,
        *(configured(**option).on(PICTURES).but(gradient=False, mixed=False) for option in options),
        configured(**options[0], **FIRST).on(TURNED).but(gradient=False, mixed=False, repeats=True),
        mistakes=mistakes,
    )


FACTOR = "expected factor to be a number from"
drawn("RandomFlip", {"seed": 3}, {"mode": "vertical"}, exact=True, mistakes=[(configured("up"), "mode to be")])
drawn("RandomRotation", {"factor": 0.2}, {"factor": 0.1, "fill_mode": "wrap"}, mistakes=[(configured(2.0), FACTOR)])
drawn("RandomZoom", {"height_factor": 0.3}, {"height_factor": (-0.4, -0.1), "width_factor": 0.2})
drawn("RandomTranslation", {"height_factor": 0.3, "width_factor": 0.2, "fill_mode": "constant"})
drawn("RandomShear", {"x_factor": 0.3, "y_factor": 0.2}, mistakes=[(configured(-0.5), "x_factor to be")])
drawn("RandomPerspective", {"factor": (1.0, 1.0), "scale": 0.5})
drawn("RandomElasticTransform", {"factor": (1.0, 1.0)})
drawn("RandomBrightness", {"factor": 0.3}, mistakes=[(configured(0.1, value_range=3), "value_range to be two numbers")])
drawn("RandomContrast", {"factor": 0.3})
drawn("RandomColorDegeneration", {"factor": 0.6})
drawn("RandomGrayscale", {"factor": 0.5})
drawn("RandomHue", {"factor": 0.6})
drawn("RandomSaturation", {"factor": 0.6})
drawn(
    "RandomColorJitter", {"brightness_factor": 0.2, "contrast_factor": 0.2, "saturation_factor": 0.4, "hue_factor": 0.3}
)
drawn("RandomInvert", {"factor": (0.5, 0.5)}, exact=True)
drawn("RandomPosterization", {"factor": 5}, mistakes=[(configured(9), "factor to be from 1 to 8")])
drawn("Solarization", {"addition_factor": 0.3, "threshold_factor": 0.6})
drawn("RandomSharpness", {"factor": (0.0, 1.0)})
drawn(
    "RandomGaussianBlur", {"factor": (1.0, 1.0), "kernel_size": (3, 5)}, mistakes=[(configured(kernel_size=2), "odd")]
)
drawn("MixUp", {"alpha": 0.5}, mistakes=[(configured(2.0), "alpha to be above 0")])
drawn("CutMix", {"factor": 1.0})
drawn("RandomErasing", {"factor": (1.0, 1.0)}, {"factor": (0.5, 0.5), "fill_value": [1.0, 2.0, 3.0]})

# these hold eleven others, so that one program is enough to compile
SMALL = array(1, 3, 4, 3, low=0, high=255)
layer("RandAugment", configured(factor=0.3, num_ops=1).on(SMALL, training=True).but(gradient=False, mixed=False))
layer("AugMix", configured(num_chains=1, chain_depth=1).on(SMALL, training=True).but(gradient=False, mixed=False))


fixed("AutoContrast", {}, {"value_range": (0.0, 300.0)})
fixed("Equalization", {}, {"bins": 16})
fixed("ContrastLimitedAdaptiveHistogramEqualization", {"tile_grid_size": (2, 2)})
fixed(
    "Resizing",
    {"height": 3, "width": 4},
    {"height": 7, "width": 4, "crop_to_aspect_ratio": True},
    {"height": 7, "width": 4, "pad_to_aspect_ratio": True, "fill_value": 3.0},
    mistakes=[(configured(2, 2, "cubic"), "interpolation to be one of"), (configured(0, 2), "height to be a whole")],
)
layer(
    "CenterCrop",
    configured(3, 4).on(PICTURES).gives(lambda w, x: x[:, 1:4, 1:5]).but(exact=True),
    configured(7, 4).on(PICTURES).but(gradient=False, mixed=False),
    configured(3, 4, **FIRST).on(TURNED).gives(lambda w, x: x[:, :, 1:4, 1:5]),
)
layer(
    "RandomCrop",
    configured(3, 4, seed=5).on(PICTURES, training=True).but(gradient=False, exact=True),
    configured(3, 4).on(PICTURES, training=False).but(gradient=False, mixed=False),
    configured(3, 4, **FIRST).on(TURNED, training=True).but(gradient=False, exact=True),
)
layer(
    "MaxNumBoundingBoxes",
    configured(3).on(PICTURES).gives(lambda w, x: x).but(exact=True),
    mistakes=[(configured(0), "max_number to be a whole number from 1")],
)
