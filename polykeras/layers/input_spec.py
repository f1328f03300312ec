"""What a layer expects of the shapes and dtypes of its inputs."""

from __future__ import annotations

from typing import Any

from .. import tree
from ..dtypes import canonical
from ..errors import ArgumentError
from ..spec import Dim, show_shape
from ..symbolic import spec_of
from .calling import plain_shape


class InputSpec:
    """Rank, dtype, and some of the sizes that an input of a layer has to have.

    Args:
        dtype: The dtype; None for any.
        shape: The whole shape, None for sizes that may be anything.
        ndim: The number of axes.
        max_ndim: The largest number of axes.
        min_ndim: The smallest number of axes.
        axes: Sizes of single axes: a dictionary from axis to size.
        allow_last_axis_squeeze: Whether a last axis of size 1 may be missing, or be there, against the shape.
        name: The key of the input, where inputs are a dictionary.
        optional: Whether the input may be None.

    >>> InputSpec(min_ndim=2, axes={-1: 64})
    InputSpec(min_ndim=2, axes={-1: 64})
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ):
        self.dtype = None if dtype is None else canonical(dtype)
        self.shape = None if shape is None else tuple(shape)
        self.ndim = ndim if self.shape is None else len(self.shape)
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional
        for axis in self.axes:
            if self.ndim is not None and not -self.ndim <= axis < self.ndim:
                raise ArgumentError(f"InputSpec: axis {axis} is not there with ndim={self.ndim}.")

    def __repr__(self) -> str:
        shown = [f"{name}={value!r}" for name, value in self.get_config().items() if value not in (None, {}, False)]
        return f"InputSpec({', '.join(shown)})"

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        ndim = self.ndim if self.shape is None else None
        return {
            "dtype": self.dtype,
            "shape": self.shape,
            "ndim": ndim,
            "max_ndim": self.max_ndim,
            "min_ndim": self.min_ndim,
            "axes": self.axes,
            "optional": self.optional,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        """One made from its configuration."""
        return cls(**config)

    def mismatch(self, shape: tuple[Any, ...], dtype: str) -> str | None:
        """What was expected instead of an input of this shape and dtype, or None where it fits."""
        ndim = len(shape)
        if self.dtype is not None and dtype != self.dtype:
            return f"dtype {self.dtype}"
        if self.shape is not None:
            return None if self._has_shape(shape) else f"shape {show_shape(self.shape)}"
        if self.ndim is not None and ndim != self.ndim:
            return f"{self.ndim} axes"
        if self.min_ndim is not None and ndim < self.min_ndim:
            return f"at least {self.min_ndim} axes"
        if self.max_ndim is not None and ndim > self.max_ndim:
            return f"at most {self.max_ndim} axes"
        for axis, size in self.axes.items():
            if not -ndim <= axis < ndim or not _fits(shape[axis], size):
                return f"size {size} on axis {axis}"
        return None

    def _has_shape(self, shape: tuple[Any, ...]) -> bool:
        wanted = self.shape or ()
        if self.allow_last_axis_squeeze:
            wanted = wanted[:-1] if wanted and wanted[-1] == 1 else wanted
            shape = shape[:-1] if shape and shape[-1] == 1 else shape
        return len(shape) == len(wanted) and all(map(_fits, shape, wanted))


def _fits(size: Any, wanted: Any) -> bool:
    return wanted is None or isinstance(size, Dim) or size is None or size == wanted


def check_inputs(input_spec: Any, inputs: Any, layer: Any) -> None:
    """Raise an error that says what was expected, where inputs do not fit."""
    specs = _in_order(input_spec, inputs)
    given = _in_order(inputs, inputs)
    if len(specs) != len(given):
        raise ArgumentError(
            f"{layer.name}: expected {len(specs)} input{'s' * (len(specs) != 1)}; got {len(given)}, as each item of a "
            "list counts as one. Make numbers in lists an array."
        )
    for number, (spec, x) in enumerate(zip(specs, given, strict=True)):
        if spec is None or (x is None and spec.optional):
            continue
        if x is None:
            raise ArgumentError(f"{layer.name}: expected input {number} to be an array; got None.")
        found = spec_of(x)
        wanted = spec.mismatch(found.shape, found.dtype)
        if wanted is not None:
            which = f"input {number}" if len(specs) > 1 else "the input"
            raise ArgumentError(
                f"{type(layer).__name__} {layer.name!r}: expected {which} to have {wanted}; got shape "
                f"{show_shape(plain_shape(found.shape))} and dtype {found.dtype}. "
                "Reshape or cast the input, or build another layer."
            )


def _in_order(structure: Any, inputs: Any) -> list[Any]:
    """What a structure holds for each input; in a dictionary by the keys of the inputs."""
    if isinstance(structure, dict) and isinstance(inputs, dict):
        return [structure.get(key) for key in sorted(inputs)]
    return tree.flatten(structure)
