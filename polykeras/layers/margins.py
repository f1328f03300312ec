"""Layers that cut off margins, or add margins of zeros."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ArgumentError
from ..spec import show_shape
from .configuration import data_format as checked_data_format
from .configuration import described, whole_numbers
from .input_spec import InputSpec
from .layer import Layer


class Margins(Layer):
    """The base of the layers that change the sizes of axes at their ends."""

    rank: int
    """The number of axes besides batch and channels."""
    argument: str
    """The name of the argument that says by how much."""

    def __init__(self, amount: Any, data_format: str | None, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = checked_data_format(self, data_format)
        pairs = _pairs(self, self.argument, amount, self.rank)
        setattr(self, self.argument, pairs if self.rank > 1 else pairs[0])
        nothing = (0, 0)
        in_front = self.data_format == "channels_first"
        self._pairs = (nothing, nothing, *pairs) if in_front else (nothing, *pairs, nothing)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        return {**super().get_config(), **described(self, self.argument, "data_format")}


def _pairs(layer: Layer, name: str, amount: Any, rank: int) -> tuple[tuple[int, int], ...]:
    """By how much to change each axis in front and at its end."""
    if hasattr(amount, "__index__"):
        amount = (amount,) * rank
    elif rank == 1:
        amount = (amount,)
    if not isinstance(amount, (tuple, list)) or len(amount) != rank:
        each = "a pair of them" if rank == 1 else f"a tuple with a number or a pair of them for each of {rank} axes"
        raise ArgumentError(f"{type(layer).__name__}: expected {name} to be a whole number, or {each}; got {amount!r}.")
    return tuple(whole_numbers(layer, name, pair, 2, 0) for pair in amount)  # type: ignore[misc]


class Cropping(Margins):
    """The base of the layers that cut off margins."""

    argument = "cropping"

    def __init__(self, cropping: Any, data_format: str | None, **kwargs: Any):
        super().__init__(cropping, data_format, **kwargs)
        self._kept = tuple(slice(before, -after or None) for before, after in self._pairs)

    def call(self, inputs: Any) -> Any:
        """What is left."""
        for size, (before, after) in zip(ops.shape(inputs), self._pairs, strict=True):
            if isinstance(size, int) and before + after and before + after >= size:
                raise ArgumentError(
                    f"{self.name}: nothing is left of inputs of shape {show_shape(ops.shape(inputs))} with "
                    f"cropping={getattr(self, self.argument)}. Crop less."
                )
        return ops.get_item(inputs, self._kept)


class ZeroPadding(Margins):
    """The base of the layers that add margins of zeros."""

    argument = "padding"

    def call(self, inputs: Any) -> Any:
        """The inputs within margins."""
        return ops.pad(inputs, self._pairs)


class Cropping1D(Cropping):
    """Sequences without their margins.

    Args:
        cropping: How much to cut off in front and at the end: a pair, or one number for both.
        **kwargs: Arguments of every layer.

    >>> Cropping1D((1, 2))(Spec((None, 10, 3)))
    Spec((batch, 7, 3), 'float32')
    """

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any):
        super().__init__(cropping, "channels_last", **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        config = super().get_config()
        del config["data_format"]
        return config


class Cropping2D(Cropping):
    """Images without their margins.

    Args:
        cropping: How much to cut off on each side: a number, one for each of height and width, or a pair for each.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer.

    >>> Cropping2D(((2, 2), (4, 4)))(Spec((None, 28, 28, 3)))
    Spec((batch, 24, 20, 3), 'float32')
    """

    rank = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any):
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(Cropping):
    """Volumes without their margins.

    Args:
        cropping: How much to cut off on each side: a number, one for each of three axes, or a pair for each.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer.

    >>> Cropping3D()(Spec((None, 8, 8, 8, 3)))
    Spec((batch, 6, 6, 6, 3), 'float32')
    """

    rank = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any):
        super().__init__(cropping, data_format, **kwargs)


class ZeroPadding1D(ZeroPadding):
    """Sequences within margins of zeros.

    Args:
        padding: How much to add in front and at the end: a pair, or one number for both.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer.

    >>> ZeroPadding1D(2)(Spec((None, 10, 3)))
    Spec((batch, 14, 3), 'float32')
    """

    rank = 1

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any):
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding2D(ZeroPadding):
    """Images within margins of zeros.

    Args:
        padding: How much to add on each side: a number, one for each of height and width, or a pair for each.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer.

    >>> ZeroPadding2D()(Spec((None, 28, 28, 3)))
    Spec((batch, 30, 30, 3), 'float32')
    """

    rank = 2

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any):
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding3D(ZeroPadding):
    """Volumes within margins of zeros.

    Args:
        padding: How much to add on each side: a number, one for each of three axes, or a pair for each.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        **kwargs: Arguments of every layer.

    >>> ZeroPadding3D(2)(Spec((None, 8, 8, 8, 3)))
    Spec((batch, 12, 12, 12, 3), 'float32')
    """

    rank = 3

    def __init__(self, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any):
        super().__init__(padding, data_format, **kwargs)
