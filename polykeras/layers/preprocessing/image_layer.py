"""What layers for images have in common: images with labels, boxes and masks, and draws that are the same "
"everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops, random
from ...backend import current, using
from ...errors import ArgumentError
from ...random import SeedGenerator
from ...seeds import key_of
from ...settings import EMBEDDED
from ...spec import Spec
from ..configuration import data_format as checked_data_format
from ..configuration import described
from .bounding_boxes import clip_to_image_size, convert_format
from .data_layer import DataLayer, on_host

Transformation = Any
"""What is drawn for a batch: a dictionary of arrays, or None where nothing is to be done."""


class Draws:
    """Keys for several draws, out of one.

    Args:
        key: The key.

    >>> draws = Draws(random.fold_in(7, 0))
    >>> bool(ops.all(ops.equal(draws.next(), draws.next())))
    False
    """

    def __init__(self, key: Any):
        self._key = key
        self._count = 0

    def next(self) -> Any:
        """The key of the next draw."""
        self._count += 1
        return random.fold_in(self._key, self._count)

    def uniform(self, shape: Any, low: float, high: float) -> Any:
        """Numbers between bounds, in float32."""
        if low == high:
            return ops.full(shape, low, "float32")
        return random.uniform(shape, low, high, "float32", self)

    def chosen(self, count: Any, probability: tuple[float, float]) -> Any:
        """For each of some things whether it is chosen, with a probability that is drawn between bounds."""
        return ops.less(self.uniform((count,), 0.0, 1.0), self.uniform((count,), *probability))


class Frame:
    """The sizes of a batch of images, or of one image, which is a batch of one."""

    def __init__(self, shape: Any, data_format: str):
        if len(shape) not in (3, 4):
            raise ArgumentError(
                f"expected an image of shape (height, width, channels), or a batch of them; got shape {tuple(shape)}."
            )
        self.batch = shape[0] if len(shape) == 4 else 1
        self.first = data_format == "channels_first"
        sizes = tuple(shape[-3:])
        self.channels, self.height, self.width = sizes if self.first else (sizes[2], *sizes[:2])
        self.shape = (self.batch, *sizes)

    @property
    def ones(self) -> tuple[Any, int, int, int]:
        """The shape of one number for each image, which broadcasts to them."""
        return (self.batch, 1, 1, 1)


class ImageLayer(DataLayer):
    """The base of the layers for images.

    A call takes images, or a dictionary of "images" and what belongs to them: "labels", "segmentation_masks", and
    "bounding_boxes", a dictionary of "boxes" and "labels". A subclass says in `draw` what is drawn for a batch, and
    what is done with it to each of these, always in batches.

    Args:
        seed: A whole number; None for one that `set_random_seed` determines.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        bounding_box_format: The format of the boxes.
        **kwargs: Arguments of every layer.
    """

    draws = True
    """Whether the layer draws, and does so in training only."""

    takes_any_batch = False
    """Whether its ops run in graphs where the size of the batch is not known."""

    def __init__(
        self,
        seed: int | None = None,
        data_format: str | None = None,
        bounding_box_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.autocast = False
        self.data_format = checked_data_format(self, data_format)
        self.bounding_box_format = bounding_box_format
        self.seed = seed
        if self.draws:
            self.generator = SeedGenerator(seed)

    # What subclasses say -----------------------------------------------------------------------------------

    def draw(self, frame: Frame, draws: Draws) -> Transformation:
        """What is drawn for a batch of these sizes."""
        return {}

    def change(self, images: Any, transformation: Transformation) -> Any:
        """Images in the dtype of the computation, transformed."""
        return images

    def change_masks(self, masks: Any, transformation: Transformation) -> Any:
        """Masks, transformed. They stay as they are where things do not move."""
        return masks

    def change_boxes(self, corners: Any, transformation: Transformation) -> Any:
        """Boxes in the format "xyxy", in pixels, transformed; None where things do not move."""
        return None

    def change_labels(self, labels: Any, transformation: Transformation) -> Any:
        """Labels, transformed."""
        return labels

    def size_after(self, height: Any, width: Any) -> tuple[Any, Any]:
        """The size of images that had another before."""
        return height, width

    # Calls -------------------------------------------------------------------------------------------------

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Transformation:
        """What is drawn for images.

        Args:
            data: Images, or a dictionary of them and what belongs to them.
            training: Whether anything is drawn.
            seed: A whole number, a SeedGenerator or a key; None for the next draw of the layer's own.

        Returns:
            What the methods named `transform_...` take: a dictionary of arrays, or None.
        """
        images = data["images"] if isinstance(data, dict) else data
        if self.draws and not training:
            return None
        draws = Draws(key_of(seed) if seed is not None else self.key(self.generator, images)) if self.draws else None
        frame = Frame(ops.shape(images), self.data_format)
        drawn = self.draw(frame, draws)  # type: ignore[arg-type]
        return {**drawn, "input_shape": frame.shape} if isinstance(drawn, dict) else drawn

    def _acts(self, transformation: Transformation, training: bool) -> bool:
        return (training or not self.draws) and transformation is not None

    def transform_images(self, images: Any, transformation: Transformation, training: bool = True) -> Any:
        """Images with a transformation, in the dtype of the computation."""
        images = ops.cast(images, self.compute_dtype)
        return self.change(images, transformation) if self._acts(transformation, training) else images

    def transform_labels(self, labels: Any, transformation: Transformation, training: bool = True) -> Any:
        """Labels with a transformation."""
        return self.change_labels(labels, transformation) if self._acts(transformation, training) else labels

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Transformation, training: bool = True
    ) -> Any:
        """Masks with a transformation."""
        acts = self._acts(transformation, training)
        return self.change_masks(segmentation_masks, transformation) if acts else segmentation_masks

    def transform_bounding_boxes(
        self, bounding_boxes: dict[str, Any], transformation: Transformation, training: bool = True
    ) -> dict[str, Any]:
        """Boxes with a transformation; the label of one of which nothing is left becomes -1."""
        if not self._acts(transformation, training):
            return bounding_boxes
        if self.bounding_box_format is None:
            raise ArgumentError(
                f"{self.name}: expected bounding_box_format for inputs with bounding boxes. Say how they are given, "
                "for "
                'example by bounding_box_format="xyxy".'
            )
        height, width = self._size(transformation)
        corners = convert_format(bounding_boxes["boxes"], self.bounding_box_format, "xyxy", height, width)
        changed = self.change_boxes(corners, transformation)
        if changed is None:
            return bounding_boxes
        after = self.size_after(height, width)
        clipped = clip_to_image_size({**bounding_boxes, "boxes": changed}, *after)
        return convert_format(clipped, "xyxy", self.bounding_box_format, *after)

    def _size(self, transformation: Transformation) -> tuple[Any, Any]:
        frame = Frame(transformation["input_shape"], self.data_format)
        return frame.height, frame.width

    def transform_single_image(self, image: Any, transformation: Transformation, training: bool = True) -> Any:
        """One image with a transformation."""
        return ops.squeeze(self.transform_images(ops.expand_dims(image, 0), transformation, training), 0)

    def transform_single_label(self, label: Any, transformation: Transformation, training: bool = True) -> Any:
        """The label of one image with a transformation."""
        return ops.squeeze(self.transform_labels(ops.expand_dims(label, 0), transformation, training), 0)

    def transform_single_segmentation_mask(
        self, segmentation_mask: Any, transformation: Transformation, training: bool = True
    ) -> Any:
        """The mask of one image with a transformation."""
        masks = ops.expand_dims(segmentation_mask, 0)
        return ops.squeeze(self.transform_segmentation_masks(masks, transformation, training), 0)

    def transform_single_bounding_box(
        self, bounding_box: dict[str, Any], transformation: Transformation, training: bool = True
    ) -> dict[str, Any]:
        """The boxes of one image with a transformation."""
        given = {name: ops.expand_dims(x, 0) for name, x in bounding_box.items()}
        changed = self.transform_bounding_boxes(given, transformation, training)
        return {name: ops.squeeze(x, 0) for name, x in changed.items()}

    def call(self, data: Any, training: bool = True) -> Any:
        """The data, transformed."""
        images = data["images"] if isinstance(data, dict) else data
        if not self.takes_any_batch and current().is_traced(images) and not isinstance(ops.shape(images)[0], int):
            return self._called_on_host(data, training)
        transformation = self.get_random_transformation(data, training)
        single = ops.ndim(images) == 3
        transform = self.transform_single_image if single else self.transform_images
        if not isinstance(data, dict):
            return transform(data, transformation, training)
        methods = {
            "images": transform,
            "labels": self.transform_single_label if single else self.transform_labels,
            "bounding_boxes": self.transform_single_bounding_box if single else self.transform_bounding_boxes,
            "segmentation_masks": (
                self.transform_single_segmentation_mask if single else self.transform_segmentation_masks
            ),
        }
        return {name: methods[name](x, transformation, training) if name in methods else x for name, x in data.items()}

    def _called_on_host(self, images: Any, training: bool) -> Any:
        """The images, transformed by a call on NumPy when the graph runs."""
        if isinstance(images, dict):
            raise ArgumentError(
                f"{self.name}: expected batches of a known size, where labels or boxes come with the images. Use "
                "batch(size, drop_remainder=True), or map before batch."
            )

        def call(values: np.ndarray) -> np.ndarray:
            with using(EMBEDDED):
                return self(values, training=training)

        shape = self.shape_after((None, *(int(size) for size in ops.shape(images)[1:])))
        return on_host(call, [images], shape, self.compute_dtype)

    def compute_output_spec(self, data: Any, training: bool = True) -> Any:
        """The Specs of the data, transformed."""
        if not isinstance(data, dict):
            return Spec(self.shape_after(tuple(data.shape)), self.compute_dtype)
        specs = dict(data)
        specs["images"] = Spec(self.shape_after(tuple(data["images"].shape)), self.compute_dtype)
        if "segmentation_masks" in data:
            masks = data["segmentation_masks"]
            specs["segmentation_masks"] = Spec(self.shape_after(tuple(masks.shape)), masks.dtype)
        return specs

    def shape_after(self, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """The shape of images that had another before."""
        frame = Frame(shape, self.data_format)
        size = self.size_after(frame.height, frame.width)
        sizes = (frame.channels, *size) if frame.first else (*size, frame.channels)
        return (*shape[:-3], *sizes)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        config = {**super().get_config(), "data_format": self.data_format}
        if self.draws:
            config["seed"] = self.seed
        if self.bounding_box_format is not None:
            config["bounding_box_format"] = self.bounding_box_format
        return {**config, **described(self, *self.arguments)}

    arguments: tuple[str, ...] = ()
    """The names of the arguments that a subclass has besides, which are attributes, too."""

    # Arguments ---------------------------------------------------------------------------------------------

    def bounds(
        self, name: str, value: Any, low: float, high: float, both_ways: bool = False, open_below: bool = False
    ) -> tuple[float, float]:
        """An argument that is the range from which something is drawn, or its end.

        Args:
            name: The name of the argument.
            value: Two numbers, or one, for a range that begins at 0, or at its negative.
            low: The least number that is allowed.
            high: The greatest.
            both_ways: Whether the range of one number begins at its negative.
            open_below: Whether `low` itself is not allowed.

        Returns:
            The two numbers, the smaller one first.
        """
        given: Any = value if isinstance(value, (tuple, list)) else (value,)
        is_pair = len(given) == 2 and given is value
        fits = (is_pair or given is not value) and all(
            isinstance(x, (int, float)) and low <= x <= high and not (open_below and x == low) for x in given
        )
        if not fits:
            raise ArgumentError(
                f"{type(self).__name__}: expected {name} to be a number from {low} to {high}, or two; got {value!r}."
            )
        pair = given if is_pair else (-abs(given[0]) if both_ways else 0, abs(given[0]))
        return (min(pair), max(pair))

    def value_range_of(self, value: Any) -> tuple[float, float]:
        """An argument `value_range`: the least and the greatest value of the images."""
        if not isinstance(value, (tuple, list)) or len(value) != 2 or value[0] == value[1]:
            raise ArgumentError(
                f"{type(self).__name__}: expected value_range to be two numbers, the least and the greatest value of "
                f"images; got {value!r}."
            )
        return (min(value), max(value))

    def clipped(self, images: Any) -> Any:
        """Images with nothing outside of `value_range`."""
        return ops.clip(images, *self.value_range)

    value_range: tuple[float, float] = (0, 255)

    @property
    def channel_axis(self) -> int:
        """The axis of the channels."""
        return 1 if self.data_format == "channels_first" else 3

    @property
    def size_axes(self) -> tuple[int, int]:
        """The axes of height and width."""
        return (2, 3) if self.data_format == "channels_first" else (1, 2)

    def for_each(self, numbers: Any) -> Any:
        """One number for each image, so that it broadcasts to them, in the dtype of the computation."""
        return ops.cast(ops.reshape(numbers, (-1, 1, 1, 1)), self.compute_dtype)

    def where(self, chosen: Any, changed: Any, images: Any) -> Any:
        """Of each image the changed one where it is chosen."""
        return ops.where(ops.reshape(chosen, (-1, 1, 1, 1)), changed, images)
