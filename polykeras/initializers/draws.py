"""First values that are drawn."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from .. import ops, random
from ..errors import ArgumentError
from ..spec import normalize_axis, prod, show_shape
from .initializer import RandomInitializer, on_host


class RandomNormal(RandomInitializer):
    """Normally distributed numbers.

    Args:
        mean: The mean.
        stddev: The standard deviation.
        seed: An integer or a SeedGenerator; None for a seed that `set_random_seed` determines.

    >>> ops.shape(RandomNormal(seed=1)((2, 3)))
    (2, 3)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None):
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    @on_host
    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Numbers in this shape."""
        return random.normal(shape, self.mean, self.stddev, dtype, self._key())

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomNormal):
    """Normally distributed numbers, none further than two standard deviations from the mean.

    Args:
        mean: The mean.
        stddev: The standard deviation before the ends are cut off.
        seed: An integer or a SeedGenerator; None for a seed that `set_random_seed` determines.

    >>> bool(ops.max(ops.abs(TruncatedNormal(seed=1)((100,)))) <= 0.1)
    True
    """

    @on_host
    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Numbers in this shape."""
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, self._key())


class RandomUniform(RandomInitializer):
    """Numbers distributed evenly between two bounds.

    Args:
        minval: The lower bound.
        maxval: The upper bound.
        seed: An integer or a SeedGenerator; None for a seed that `set_random_seed` determines.

    >>> ops.shape(RandomUniform(seed=1)((2, 3)))
    (2, 3)
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None):
        super().__init__(seed)
        self.minval = minval
        self.maxval = maxval

    @on_host
    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Numbers in this shape."""
        return random.uniform(shape, self.minval, self.maxval, dtype, self._key())

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


class Orthogonal(RandomInitializer):
    """A matrix with orthonormal rows or columns; in an array with more axes, its last axis counts the columns.

    Args:
        gain: A factor.
        seed: An integer or a SeedGenerator; None for a seed that `set_random_seed` determines.

    >>> q = Orthogonal(seed=1)((2, 2))
    >>> bool(ops.max(ops.abs(ops.matmul(q, ops.transpose(q)) - ops.eye(2))) < 1e-6)
    True
    """

    def __init__(self, gain: float = 1.0, seed: Any = None):
        super().__init__(seed)
        self.gain = gain

    @on_host
    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The matrix in this shape."""
        if len(shape) < 2:
            raise ArgumentError(f"Orthogonal: expected a shape with two axes or more; got {show_shape(shape)}.")
        rows, columns = prod(shape[:-1]), shape[-1]
        drawn = random.normal((max(rows, columns), min(rows, columns)), dtype=dtype, seed=self._key())
        q, r = ops.qr(drawn)
        signs = ops.where(ops.less(ops.diagonal(r), 0), -1, 1)  # evenly distributed only with a positive diagonal
        q = ops.multiply(q, ops.cast(signs, ops.dtype(q)))
        return ops.multiply(ops.reshape(q if rows >= columns else ops.transpose(q), shape), self.gain)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**super().get_config(), "gain": self.gain}


# Scaled by the number of inputs or outputs -------------------------------------------------------------------

_CUT_STDDEV = 0.87962566103423978
"""The standard deviation of a normal distribution that was cut off at two."""
_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


class VarianceScaling(RandomInitializer):
    """Numbers whose variance is divided by the number of inputs or outputs that a weight connects.

    Args:
        scale: A factor of the variance.
        mode: "fan_in" to divide by the number of inputs, "fan_out" of outputs, "fan_avg" by the mean of both.
        distribution: "truncated_normal", "untruncated_normal" or "uniform".
        seed: An integer or a SeedGenerator; None for a seed that `set_random_seed` determines.
        input_axes: The axes over which inputs are counted; None for all but the last, as kernels have them.
        output_axes: The axes over which outputs are counted.

    >>> ops.shape(VarianceScaling(2.0, seed=1)((2, 3)))
    (2, 3)
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Any = None,
        output_axes: Any = None,
    ):
        super().__init__(seed)
        distribution = str(distribution).lower()
        distribution = "truncated_normal" if distribution == "normal" else distribution
        if not isinstance(scale, Real) or not scale > 0:
            raise ArgumentError(f"{type(self).__name__}: expected scale to be a positive number; got {scale!r}.")
        for name, value, known in (("mode", mode, _MODES), ("distribution", distribution, _DISTRIBUTIONS)):
            if value not in known:
                raise ArgumentError(
                    f"{type(self).__name__}: expected {name} to be one of {', '.join(known)}; got {value!r}."
                )
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.input_axes = input_axes
        self.output_axes = output_axes

    @on_host
    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Numbers in this shape."""
        fan_in, fan_out = fans(shape, self.input_axes, self.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return random.uniform(shape, -limit, limit, dtype, self._key())
        if self.distribution == "untruncated_normal":
            return random.normal(shape, 0.0, math.sqrt(variance), dtype, self._key())
        return random.truncated_normal(shape, 0.0, math.sqrt(variance) / _CUT_STDDEV, dtype, self._key())

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {
            **super().get_config(),
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


def fans(shape: tuple[int, ...], input_axes: Any = None, output_axes: Any = None) -> tuple[float, float]:
    """How many inputs and outputs a weight of this shape connects.

    >>> fans((3, 3, 16, 32))
    (144, 288)
    """
    if len(shape) < 2:
        around, before, after = 1, *(shape or (1,)) * 2
    else:
        around, before, after = prod(shape[:-2]), *shape[-2:]
    fan_in = around * before if input_axes is None else _count(shape, input_axes)
    fan_out = around * after if output_axes is None else _count(shape, output_axes)
    return fan_in, fan_out


def _count(shape: tuple[int, ...], axes: Any) -> int:
    return prod(shape[normalize_axis(axis, len(shape))] for axis in axes)


class _NamedScaling(VarianceScaling):
    """Variance scaling with everything but the seed fixed."""

    _fixed: tuple[float, str, str]

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None):
        super().__init__(*self._fixed, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {
            **RandomInitializer.get_config(self),
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


_SCALINGS = {
    "Glorot": (1.0, "fan_avg", "the mean of inputs and outputs, with factor 1 (Glorot and Bengio, 2010)"),
    "He": (2.0, "fan_in", "the number of inputs, with factor 2 for ReLU (He et al., 2015)"),
    "Lecun": (1.0, "fan_in", "the number of inputs, with factor 1 (LeCun et al., 1998)"),
}
_ARGUMENTS = """
    Args:
        seed: An integer or a SeedGenerator; None for a seed that `set_random_seed` determines.
        input_axes: The axes over which inputs are counted; None for all but the last.
        output_axes: The axes over which outputs are counted.
    """


def _named_scaling(name: str, kind: str) -> type[_NamedScaling]:
    """The class of a scaling with a name: for normal or uniform numbers."""
    scale, mode, meaning = _SCALINGS[name]
    distribution, drawn = {
        "Normal": ("truncated_normal", "Normally distributed numbers, cut off at two standard deviations,"),
        "Uniform": ("uniform", "Evenly distributed numbers"),
    }[kind]
    doc = f"{drawn} whose variance is divided by {meaning}.\n{_ARGUMENTS}"
    return type(
        name + kind, (_NamedScaling,), {"_fixed": (scale, mode, distribution), "__doc__": doc, "__module__": __name__}
    )


GlorotNormal, GlorotUniform, HeNormal, HeUniform, LecunNormal, LecunUniform = (
    _named_scaling(name, kind) for name in _SCALINGS for kind in ("Normal", "Uniform")
)
