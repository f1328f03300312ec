"""Several layers in a row: one after another, or a choice of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import ops, random
from ...errors import ArgumentError
from ...registry import deserialize_keras_object, serialize_keras_object
from ..configuration import whole
from ..layer import Layer
from .colors import RandomBrightness, RandomColorDegeneration, RandomContrast
from .data_layer import DataLayer
from .geometry import RandomRotation, RandomShear, RandomTranslation
from .image_layer import Draws, Frame, ImageLayer, Transformation
from .sharpness import RandomSharpness
from .tones import AutoContrast, Equalization, RandomPosterization, Solarization


class Pipeline(DataLayer):
    """Layers, one after another, each on what the one before gives.

    Args:
        layers: The layers.
        name: A name; None for one that is made up.

    >>> from polykeras.layers import Rescaling
    >>> Pipeline([Rescaling(2.0), Rescaling(1.0, 1.0)])(np.array([3.0]))
    array([7.], dtype=float32)
    """

    def __init__(self, layers: Sequence[Layer], name: str | None = None):
        super().__init__(name=name)
        for layer in layers:
            if not isinstance(layer, Layer):
                raise ArgumentError(f"Pipeline: expected layers; got {layer!r} among them.")
        self._pipeline_layers = list(layers)

    @property
    def layers(self) -> list[Layer]:
        """The layers."""
        return self._pipeline_layers

    def call(self, inputs: Any, training: bool = True, mask: Any = None) -> Any:
        """What the last layer gives."""
        for layer in self._pipeline_layers:
            inputs = layer(inputs, training=training)
        return inputs

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {"layers": [serialize_keras_object(layer) for layer in self._pipeline_layers], "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Pipeline:
        """A layer made from its configuration."""
        return cls([deserialize_keras_object(layer) for layer in config["layers"]], config.get("name"))


class Policy(ImageLayer):
    """The base of the layers that choose among others.

    `choices` are the names of the layers, each an attribute.
    """

    def _make(self, factor: Any, interpolation: str) -> dict[str, ImageLayer]:
        """The layers to choose among, as strong as the factor says."""
        low, high = self.bounds("factor", factor, 0.0, 1.0)
        both = (low, high)
        common = {"data_format": self.data_format, "dtype": self.dtype_policy}
        if self.bounding_box_format is not None:
            common["bounding_box_format"] = self.bounding_box_format
        drawn = {**common, "seed": 0}
        ranged = {**common, "value_range": self.value_range}
        moved = {**drawn, "fill_mode": "reflect", "interpolation": interpolation}
        return {
            "random_shear": RandomShear(both, both, **moved),
            "random_translation": RandomTranslation(both, both, **moved),
            "random_rotation": RandomRotation(both, **moved),
            "random_brightness": RandomBrightness(both, seed=0, **ranged),
            "random_color_degeneration": RandomColorDegeneration(both, seed=0, **ranged),
            "random_contrast": RandomContrast(both, seed=0, **ranged),
            "random_sharpness": RandomSharpness(both, seed=0, **ranged),
            "solarization": Solarization(both, both, seed=0, **ranged),
            "random_posterization": RandomPosterization(max(int(8 * high), 1), seed=0, **ranged),
            "auto_contrast": AutoContrast(**ranged),
            "equalization": Equalization(**ranged),
        }

    def _applied(self, method: str, chosen: Any, x: Any, transformations: list[Transformation]) -> Any:
        """What the chosen one of the layers makes of something."""

        def branch(layer: ImageLayer, transformation: Transformation) -> Any:
            return lambda x: ops.cast(getattr(layer, method)(x, transformation), ops.dtype(x))

        branches = [branch(*pair) for pair in zip(self.choices, transformations, strict=True)]
        return ops.switch(chosen, [*branches, lambda x: x], x)

    choices: Sequence[ImageLayer] = ()


class RandAugment(Policy):
    """Some of eleven changes, drawn at random for a batch, are made to images in training, one after another.

    The changes are those of brightness, contrast, colors, sharpness, tones, position and form for which there are
    layers of their own.

    Args:
        value_range: The least and the greatest value of images.
        num_ops: How many changes.
        factor: The range of how strong they are, from 0 to 1; one number for its end.
        interpolation: "nearest" or "bilinear".
        seed: A whole number; None for one that `set_random_seed` determines.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> ops.shape(RandAugment(num_ops=1, seed=1)(np.ones((2, 4, 4, 3))))
    (2, 4, 4, 3)
    """

    arguments = ("value_range", "num_ops", "factor", "interpolation")

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_ops: int = 2,
        factor: Any = 0.5,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(seed, data_format, **kwargs)
        self.value_range = self.value_range_of(value_range)
        self.num_ops = whole(self, "num_ops", num_ops)
        self.factor = self.bounds("factor", factor, 0.0, 1.0)
        self.interpolation = interpolation
        self._layers = self._make(factor, interpolation)
        self.choices = list(self._layers.values())

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """Which changes, and what each of them draws."""
        chosen = random.randint((self.num_ops,), 0, len(self.choices), seed=draws)
        drawn = {name: _drawn(layer, frame, draws) for name, layer in self._layers.items()}
        return {"layer_idxes": chosen, "transforms": drawn}

    def _all(self, method: str, x: Any, transformation: Transformation) -> Any:
        for step in range(self.num_ops):
            drawn = list(transformation["transforms"].values())
            x = self._applied(method, transformation["layer_idxes"][step], x, drawn)
        return x

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images after all changes."""
        return self._all("change", images, transformation)

    def change_masks(self, masks: Any, transformation: Transformation) -> Any:
        """The masks after all changes."""
        return self._all("change_masks", masks, transformation)

    def change_boxes(self, corners: Any, transformation: Transformation) -> Any:
        """The boxes after all changes."""
        for step in range(self.num_ops):
            for number, (layer, drawn) in enumerate(
                zip(self.choices, transformation["transforms"].values(), strict=True)
            ):
                changed = layer.change_boxes(corners, drawn)
                if changed is not None:
                    chosen = ops.equal(transformation["layer_idxes"][step], number)
                    corners = ops.where(chosen, changed, corners)
        return corners


def _drawn(layer: ImageLayer, frame: Frame, draws: Draws) -> Transformation:
    drawn = layer.draw(frame, draws)
    return {**drawn, "input_shape": frame.shape}


class AugMix(Policy):
    """Images are mixed in training with what chains of changes, drawn at random, make of them.

    Args:
        value_range: The least and the greatest value of images.
        num_chains: How many chains.
        chain_depth: How many changes a chain has at most.
        factor: The range of how strong they are, from 0 to 1; one number for its end.
        alpha: The parameter of the distributions of the shares.
        all_ops: Whether brightness, contrast, colors and sharpness change, too.
        interpolation: "nearest" or "bilinear".
        seed: A whole number; None for one that `set_random_seed` determines.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer, and `bounding_box_format`.

    >>> ops.shape(AugMix(num_chains=1, chain_depth=1, seed=1)(np.ones((2, 4, 4, 3))))
    (2, 4, 4, 3)
    """

    arguments = (
        *("value_range", "num_chains", "chain_depth", "factor", "alpha", "all_ops"),
        "interpolation",
    )

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: Any = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(seed, data_format, **kwargs)
        self.value_range = self.value_range_of(value_range)
        self.num_chains = whole(self, "num_chains", num_chains)
        self.chain_depth = whole(self, "chain_depth", chain_depth)
        self.factor = self.bounds("factor", factor, 0.0, 1.0)
        if not alpha > 0:
            raise ArgumentError(f"AugMix: expected alpha to be above 0; got {alpha!r}.")
        self.alpha, self.all_ops, self.interpolation = alpha, all_ops, interpolation
        made = self._make(factor, interpolation)
        optional = ("random_brightness", "random_color_degeneration", "random_contrast", "random_sharpness")
        self._layers = {name: layer for name, layer in made.items() if all_ops or name not in optional}
        self.choices = list(self._layers.values())

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """The changes of each chain, one more than there are for none, what they draw, and the shares."""
        parts = random.gamma((self.num_chains,), self.alpha, "float64", draws)
        chains = [
            [[_drawn(layer, frame, draws) for layer in self.choices] for _ in range(self.chain_depth)]
            for _ in range(self.num_chains)
        ]
        places = (self.num_chains, self.chain_depth)
        return {
            "chain_mixing_weights": ops.divide(parts, ops.sum(parts)),
            "weight_sample": random.beta((), self.alpha, self.alpha, "float64", draws),
            "chosen": random.randint(places, 0, len(self.choices) + 1, seed=draws),
            "chain_transforms": chains,
        }

    def _mixed(self, method: str, x: Any, transformation: Transformation, dtype: str) -> Any:
        whole_share = ops.cast(transformation["weight_sample"], dtype)
        total: Any = ops.zeros_like(x, dtype=dtype)
        for number, chain in enumerate(transformation["chain_transforms"]):
            changed = x
            for depth, drawn in enumerate(chain):
                changed = self._applied(method, transformation["chosen"][number, depth], changed, drawn)
            share = ops.cast(transformation["chain_mixing_weights"][number], dtype)
            total = ops.add(total, ops.multiply(ops.cast(changed, dtype), share))
        rest = ops.subtract(1.0, whole_share)
        return ops.add(ops.multiply(whole_share, ops.cast(x, dtype)), ops.multiply(rest, total))

    def change(self, images: Any, transformation: Transformation) -> Any:
        """The images, mixed."""
        return self.clipped(self._mixed("change", images, transformation, self.compute_dtype))

    def change_masks(self, masks: Any, transformation: Transformation) -> Any:
        """The masks, mixed likewise, as floats."""
        dtype = ops.dtype(masks) if ops.dtype(masks).startswith("float") else "float32"
        return self._mixed("change_masks", masks, transformation, dtype)
