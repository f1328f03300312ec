"""Mean and variance, and arrays that are normalized with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import ops
from ..dtypes import ORDERED, inexact
from ..errors import OptionError, ShapeError
from ..op import Array, Axes, composed
from ..settings import settings
from ..spec import Spec, broadcast_shapes, normalize_axes, normalize_axis, same_size, show_shape
from ..symbolic import spec_of
from .reduction import count
from .rules import reduced_shape


def like_first(first: str | type, *_: str | type) -> str:
    """The dtype of the first array, floatx where it holds integers."""
    return inexact(first)


def all_in_single(function: Callable[..., Any], *xs: Any) -> Any:
    """A function of arrays of one dtype, some of them None, computed in float32 where that dtype is narrower."""
    own = ops.dtype(xs[0])
    if own not in ("bfloat16", "float16"):
        return function(*xs)
    return ops.cast(function(*(None if x is None else ops.cast(x, "float32") for x in xs)), own)


def _epsilon(epsilon: float | None) -> float:
    return settings.epsilon if epsilon is None else epsilon


# Mean and variance -----------------------------------------------------------------------------------------


def _infer_moments(x: Spec, axes: Any, keepdims: bool, synchronized: bool) -> tuple[Spec, Spec]:
    if synchronized:
        raise OptionError("moments over several devices are not there yet. Leave out synchronized=True.")
    shape = reduced_shape(x.shape, axes, keepdims)
    return Spec(shape, x.dtype), Spec(shape, x.dtype)


def _normalized_elements(x: Spec, axes: Any, *_: Any) -> Any:
    return count(Spec(x.shape or (1,)), axes) if axes != () else 1


@composed(infer=_infer_moments, accepts=ORDERED, promote=inexact, summands=_normalized_elements)
def moments(x: Array, axes: Axes, keepdims: bool = False, synchronized: bool = False) -> Any:
    """The mean and the variance of elements along axes. The variance is computed from the distances from the mean.

    Args:
        x: Array.
        axes: The axis or axes; None for all.
        keepdims: Whether the axes stay, with size one.
        synchronized: Must be False: the moments are those of one device.

    Returns:
        The means and the variances; NaN for nothing.

    >>> moments([1.0, 2.0, 3.0, 4.0], axes=0)
    (array(2.5, dtype=float32), array(1.25, dtype=float32))
    """
    if synchronized:
        _infer_moments(Spec(()), None, keepdims, synchronized)
    own = ops.dtype(x)
    wide = ops.cast(x, "float32") if own in ("bfloat16", "float16") else x
    mean = ops.mean(wide, axes, keepdims=True)
    variance = ops.mean(ops.square(ops.subtract(wide, mean)), axes, keepdims=keepdims)
    if not keepdims:
        mean = ops.reshape(mean, ops.shape(variance))
    return ops.cast(mean, own), ops.cast(variance, own)


# Normalization ---------------------------------------------------------------------------------------------


def _infer_normalize(x: Spec, axis: Any, order: int, epsilon: float) -> Spec:
    if not isinstance(order, int) or order < 1:
        raise OptionError(f"expected order to be a whole number from 1; got {order!r}.")
    normalize_axes(axis, x.ndim or 1)
    return Spec(x.shape or (1,), x.dtype)


@composed(
    name="normalize",
    infer=_infer_normalize,
    accepts=ORDERED,
    promote=inexact,
    summands=_normalized_elements,
)
def _normalize(x: Array, axis: Axes = -1, order: int = 2, epsilon: float = 1e-7) -> Array:
    """As `normalize`, with a number for `epsilon`."""
    shape = ops.shape(x)
    _infer_normalize(spec_of(x), axis, order, epsilon)

    def result(x: Any) -> Any:
        if order == 2:
            squares = ops.sum(ops.square(x), axis, keepdims=True)
            return ops.divide(x, ops.sqrt(ops.maximum(squares, epsilon * epsilon)))
        if order == 1:
            return ops.divide(x, ops.maximum(ops.sum(ops.abs(x), axis, keepdims=True), epsilon))
        powers = ops.sum(ops.power(ops.abs(x), order), axis, keepdims=True)
        return ops.divide(x, ops.power(ops.maximum(powers, epsilon**order), 1.0 / order))

    return all_in_single(result, x if shape else ops.reshape(x, (1,)))


def normalize(x: Array, axis: Any = -1, order: int = 2, epsilon: float | None = None) -> Array:
    """The array divided by its norm along axes, or by `epsilon` where the norm is smaller.

    Args:
        x: Array. One without axes is taken as one with a single element.
        axis: The axis or axes of which the elements together have one norm; None for all.
        order: 1 for the sum of absolute values, 2 for the root of the sum of squares, and so on.
        epsilon: The least number to divide by; None for the one that is set.

    Returns:
        The array, of norm 1 along the axes.

    >>> normalize([3.0, 4.0])
    array([0.6, 0.8], dtype=float32)
    """
    return _normalize(x, axis, order, _epsilon(epsilon))


def infer_batch_normalization(
    x: Spec, mean: Spec, variance: Spec, axis: int, offset: Spec | None, scale: Spec | None, epsilon: float
) -> Spec:
    """The Spec of an array whose channels are normalized, after a look at what is given for each of them."""
    axis = normalize_axis(axis, x.ndim)
    names = {"mean": mean, "variance": variance, "offset": offset, "scale": scale}
    for name, given in names.items():
        if given is not None and (given.ndim != 1 or not same_size(given.shape[0], x.shape[axis])):
            raise ShapeError(
                f"expected {name} to have a number for each of the {x.shape[axis]} channels on axis {axis} of an array "
                f"of shape {show_shape(x.shape)}; got shape {show_shape(given.shape)}."
            )
    return Spec(x.shape, x.dtype)


@composed(
    infer=infer_batch_normalization,
    accepts=ORDERED,
    promote=inexact,
    ulp=4,  # a reciprocal root, and what it multiplies
)
def batch_normalization(
    x: Array,
    mean: Array,
    variance: Array,
    axis: int,
    offset: Array | None = None,
    scale: Array | None = None,
    epsilon: float = 1e-3,
) -> Array:
    """Subtract a mean for each channel and divide by its standard deviation: (x - mean) / sqrt(variance + epsilon).

    Args:
        x: Array.
        mean: The mean of each channel.
        variance: The variance of each channel.
        axis: The axis of channels.
        offset: For each channel a number to add to the result.
        scale: For each channel a number by which to multiply before that.
        epsilon: What is added to the variances.

    Returns:
        The normalized array.

    >>> batch_normalization([[1.0, 10.0], [3.0, 30.0]], [2.0, 20.0], [1.0, 100.0], axis=-1, epsilon=0.0)
    array([[-1., -1.],
           [ 1.,  1.]], dtype=float32)
    """
    offsets, scales = (None if p is None else spec_of(p) for p in (offset, scale))
    infer_batch_normalization(spec_of(x), spec_of(mean), spec_of(variance), axis, offsets, scales, epsilon)
    shape = ops.shape(x)
    axis = normalize_axis(axis, len(shape))
    channels = tuple(size if i == axis else 1 for i, size in enumerate(shape))

    def result(x: Any, mean: Any, variance: Any, offset: Any, scale: Any) -> Any:
        factor = ops.rsqrt(ops.add(variance, epsilon))
        factor = factor if scale is None else ops.multiply(factor, scale)
        out = ops.multiply(ops.subtract(x, ops.reshape(mean, channels)), ops.reshape(factor, channels))
        return out if offset is None else ops.add(out, ops.reshape(offset, channels))

    return all_in_single(result, x, mean, variance, offset, scale)


def along(parameter: Any, shape: tuple[Any, ...], axis: Any) -> Any:
    """A parameter with an axis for each normalized one, with axes of size one for the others."""
    axes = normalize_axes(axis, len(shape))
    if parameter is None or len(ops.shape(parameter)) != len(axes) or sorted(axes)[0] == len(shape) - len(axes):
        return parameter
    sizes = iter(ops.shape(parameter))
    return ops.reshape(parameter, tuple(next(sizes) if i in axes else 1 for i in range(len(shape))))


def _check_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    axes = normalize_axes(axis, ndim)
    if not axes:
        raise ShapeError("expected at least one axis; got none.")
    return axes


def _check_fits(x: Spec, axis: Any, **parameters: Any) -> None:
    axes = _check_axes(axis, x.ndim)
    for name, parameter in parameters.items():
        if parameter is None:
            continue
        given = spec_of(parameter)
        spread = given.shape
        if given.ndim == len(axes):
            sizes = iter(given.shape)
            spread = tuple(next(sizes) if i in axes else 1 for i in range(x.ndim))
        try:
            reached = broadcast_shapes(spread, x.shape)
        except ShapeError:
            reached = None
        if reached is None or len(reached) != x.ndim or not all(map(same_size, reached, x.shape)):
            raise ShapeError(
                f"{name} of shape {show_shape(given.shape)} does not go with axis {axis} of an array of shape "
                f"{show_shape(x.shape)}. Give it the sizes of the normalized axes."
            )


def _check_unless_plain(shape: tuple[Any, ...], axis: Any, **parameters: Any) -> None:
    """As `_check_fits`, which takes longer than the normalization of few elements does."""
    plain = axis == -1 and all(p is None or ops.shape(p) == shape[-1:] for p in parameters.values())
    if not plain or not shape:
        _check_fits(Spec(shape), axis, **parameters)


def _infer_layer_normalization(x: Spec, gamma: Spec | None, beta: Spec | None, axis: Any, epsilon: float) -> Spec:
    _check_fits(x, axis, gamma=gamma, beta=beta)
    return Spec(x.shape, x.dtype)


def _layer_elements(x: Spec, gamma: Any, beta: Any, axis: Any, epsilon: Any) -> Any:
    return count(x, axis)


@composed(
    name="layer_normalization",
    infer=_infer_layer_normalization,
    accepts=ORDERED,
    promote=like_first,
    summands=_layer_elements,
    ulp=4,  # a reciprocal root, and what it multiplies
)
def _layer_normalization(
    x: Array, gamma: Array | None = None, beta: Array | None = None, axis: Axes = -1, epsilon: float = 1e-7
) -> Array:
    """As `layer_normalization`, with a number for `epsilon`."""
    shape = ops.shape(x)
    _check_unless_plain(shape, axis, gamma=gamma, beta=beta)

    def result(x: Any, gamma: Any, beta: Any) -> Any:
        centered = ops.subtract(x, ops.mean(x, axis, keepdims=True))
        variance = ops.mean(ops.square(centered), axis, keepdims=True)
        out = ops.multiply(centered, ops.rsqrt(ops.add(variance, epsilon)))
        out = out if gamma is None else ops.multiply(out, along(gamma, shape, axis))
        return out if beta is None else ops.add(out, along(beta, shape, axis))

    return all_in_single(result, x, gamma, beta)


def layer_normalization(
    x: Array, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float | None = None
) -> Array:
    """Normalize along axes: subtract the mean there, divide by the standard deviation.

    Args:
        x: Array.
        gamma: Numbers by which to multiply, with the sizes of the normalized axes, in the order of these; or an array
            that broadcasts against `x`. They take the dtype of `x`.
        beta: Numbers to add after that, likewise.
        axis: The axis or axes to normalize along.
        epsilon: What is added to the variances; None for the one that is set.

    Returns:
        The array, of mean 0 and variance 1 along the axes.

    >>> layer_normalization([[1.0, 3.0], [10.0, 30.0]], epsilon=0.0)
    array([[-1.,  1.],
           [-1.,  1.]], dtype=float32)
    """
    return _layer_normalization(x, gamma, beta, axis, _epsilon(epsilon))


def _infer_rms_normalization(x: Spec, scale: Spec | None, axis: Any, epsilon: float) -> Spec:
    x = Spec(x.shape or (1,), x.dtype)
    _check_fits(x, axis, scale=scale)
    return x


def _rms_elements(x: Spec, scale: Any, axis: Any, epsilon: Any) -> Any:
    return _normalized_elements(x, axis)


@composed(
    name="rms_normalization",
    infer=_infer_rms_normalization,
    accepts=ORDERED,
    promote=like_first,
    summands=_rms_elements,
    ulp=4,  # a reciprocal root, and what it multiplies
)
def _rms_normalization(x: Array, scale: Array | None = None, axis: Axes = -1, epsilon: float = 1e-7) -> Array:
    """As `rms_normalization`, with a number for `epsilon`."""
    x = x if ops.shape(x) else ops.reshape(x, (1,))
    shape = ops.shape(x)
    _check_unless_plain(shape, axis, scale=scale)

    def result(x: Any, scale: Any) -> Any:
        power = ops.mean(ops.square(x), axis, keepdims=True)
        out = ops.multiply(x, ops.rsqrt(ops.add(power, epsilon)))
        return out if scale is None else ops.multiply(out, along(scale, shape, axis))

    return all_in_single(result, x, scale)


def rms_normalization(x: Array, scale: Any = None, axis: Any = -1, epsilon: float | None = None) -> Array:
    """Divide by the root of the mean square along axes.

    Args:
        x: Array. One without axes is taken as one with a single element.
        scale: Numbers by which to multiply the result, with the sizes of the normalized axes, in the order of these; or
            an array that broadcasts against `x`. They take the dtype of `x`.
        axis: The axis or axes to normalize along.
        epsilon: What is added to the mean squares; None for the one that is set.

    Returns:
        The array, of mean square 1 along the axes.

    >>> rms_normalization([[3.0, 3.0], [0.5, -0.5]], epsilon=0.0)
    array([[ 1.,  1.],
           [ 1., -1.]], dtype=float32)
    """
    return _rms_normalization(x, scale, axis, _epsilon(epsilon))
