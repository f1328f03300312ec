"""Normalization of channels by what they have in the whole batch, and of groups of them in each example."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..dtypes import ORDERED
from ..errors import ShapeError
from ..op import Array, composed
from ..spec import Spec, normalize_axis, same_size, show_shape
from ..symbolic import spec_of
from .normalization import all_in_single, infer_batch_normalization, like_first


def _infer_normalize_batch(
    x: Spec, offset: Spec | None, scale: Spec | None, axis: int, epsilon: float
) -> tuple[Spec, Spec, Spec]:
    channels = Spec((x.shape[normalize_axis(axis, x.ndim)],), _statistics_dtype(x.dtype))
    out = infer_batch_normalization(x, channels, channels, axis, offset, scale, epsilon)
    return out, channels, channels


def _statistics_dtype(dtype: str) -> str:
    return "float32" if dtype in ("bfloat16", "float16") else dtype


def _batch_elements(x: Spec, offset: Any, scale: Any, axis: int, epsilon: float) -> Any:
    return x.size // x.shape[axis] if x.size else 1


@composed(
    infer=_infer_normalize_batch,
    accepts=ORDERED,
    promote=like_first,
    summands=_batch_elements,
    ulp=8,  # a variance, a reciprocal root, and what it multiplies
)
def normalize_batch(
    x: Array, offset: Array | None = None, scale: Array | None = None, axis: int = -1, epsilon: float = 1e-3
) -> Any:
    """Subtract from each channel its mean, and divide by its standard deviation, as batch normalization in training.

    Args:
        x: Array.
        offset: For each channel a number to add to the result.
        scale: For each channel a number by which to multiply before that.
        axis: The axis of channels.
        epsilon: What is added to the variances.

    Returns:
        The normalized array; and the mean and the variance of each channel, in float32 for narrower arrays, through
        which no gradient flows.

    >>> normalize_batch([[1.0, 10.0], [3.0, 30.0]], epsilon=0.0)[0]
    array([[-1., -1.],
           [ 1.,  1.]], dtype=float32)
    """
    own, ndim = ops.dtype(x), len(ops.shape(x))
    axis = normalize_axis(axis, ndim)
    others = tuple(i for i in range(ndim) if i != axis)
    wide = ops.cast(x, _statistics_dtype(own))
    mean, variance = ops.moments(wide, others)
    offset, scale = (None if p is None else ops.cast(p, ops.dtype(wide)) for p in (offset, scale))
    out = ops.cast(ops.batch_normalization(wide, mean, variance, axis, offset, scale, epsilon), own)
    return out, ops.stop_gradient(mean), ops.stop_gradient(variance)


def _infer_group_normalization(
    x: Spec, gamma: Spec | None, beta: Spec | None, groups: int, axis: int, epsilon: float
) -> Spec:
    channels = x.shape[normalize_axis(axis, x.ndim)]
    if x.ndim < 2 or normalize_axis(axis, x.ndim) == 0:
        raise ShapeError(f"expected channels after the batch; got axis {axis} of shape {show_shape(x.shape)}.")
    if not hasattr(groups, "__index__") or groups < 1 or channels % groups != 0:
        raise ShapeError(f"expected groups to divide the {channels} channels; got {groups!r}.")
    names = {"gamma": gamma, "beta": beta}
    for name, given in names.items():
        if given is not None and (given.ndim != 1 or not same_size(given.shape[0], channels)):
            raise ShapeError(
                f"expected {name} to have a number for each of {channels} channels; got shape "
                f"{show_shape(given.shape)}."
            )
    return Spec(x.shape, x.dtype)


@composed(
    infer=_infer_group_normalization,
    accepts=ORDERED,
    promote=like_first,
    summands=lambda x, gamma, beta, groups, *_: x.size // (x.shape[0] * groups) if x.size else 1,
    ulp=8,  # a variance, a reciprocal root, and what it multiplies
)
def group_normalization(
    x: Array,
    gamma: Array | None = None,
    beta: Array | None = None,
    groups: int = 32,
    axis: int = -1,
    epsilon: float = 1e-3,
) -> Array:
    """Divide the channels of each example into groups, subtract the mean of each, divide by its standard deviation.

    Args:
        x: Array whose first axis is the batch.
        gamma: For each channel a number by which to multiply the result.
        beta: For each channel a number to add after that.
        groups: The number of groups.
        axis: The axis of channels.
        epsilon: What is added to the variances.

    Returns:
        The normalized array.

    >>> group_normalization([[1.0, 3.0, 10.0, 30.0]], groups=2, epsilon=0.0)
    array([[-1.,  1., -1.,  1.]], dtype=float32)
    """
    gammas, betas = (None if p is None else spec_of(p) for p in (gamma, beta))
    _infer_group_normalization(spec_of(x), gammas, betas, groups, axis, epsilon)
    shape = ops.shape(x)
    axis = normalize_axis(axis, len(shape))
    apart = (*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :])
    within = tuple(i for i in range(1, len(apart)) if i != axis)
    channels = tuple(size if i == axis else 1 for i, size in enumerate(shape))

    def result(x: Any, gamma: Any, beta: Any) -> Any:
        parts = ops.reshape(x, apart)
        centered = ops.subtract(parts, ops.mean(parts, within, keepdims=True))
        variance = ops.mean(ops.square(centered), within, keepdims=True)
        out = ops.reshape(ops.multiply(centered, ops.rsqrt(ops.add(variance, epsilon))), shape)
        out = out if gamma is None else ops.multiply(out, ops.reshape(gamma, channels))
        return out if beta is None else ops.add(out, ops.reshape(beta, channels))

    return all_in_single(result, x, gamma, beta)
