"""Blocks of images as channels or columns, and back."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..dtypes import NUMBERS, same
from ..errors import OptionError, ShapeError
from ..op import Array, composed
from ..spec import Spec, same_size, show_shape
from ..symbolic import spec_of
from .pooling import Taps
from .windows import Window, check_room, is_channels_last, per_axis


def _window(kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> Window:
    pairs = tuple(padding) if isinstance(padding, (tuple, list)) else (padding, padding)
    if len(pairs) != 2 or not all(hasattr(p, "__index__") and p >= 0 for p in pairs):
        raise OptionError(
            f"expected padding to be a number from 0, or one for each of 2 spatial axes; got {padding!r}."
        )
    return Window(
        per_axis(kernel_size, 2, "kernel_size"),
        per_axis(stride, 2, "stride"),
        tuple((p.__index__(), p.__index__()) for p in pairs),
        per_axis(dilation, 2, "dilation"),
        channels_last=False,
    )


def _infer_unfold(x: Spec, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> Spec:
    window = _window(kernel_size, dilation, padding, stride)
    if x.ndim != 4:
        raise ShapeError(f"expected an array of shape (batch, channels, height, width); got {show_shape(x.shape)}.")
    check_room(window, x.shape)
    rows, columns = window.outputs(x.shape[2:])
    return Spec((x.shape[0], x.shape[1] * window.sizes[0] * window.sizes[1], rows * columns), x.dtype)


@composed(infer=_infer_unfold, ulp=0)
def unfold(x: Array, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Array:
    """The elements below each position of a sliding window, as columns.

    Args:
        x: Array of shape (batch, channels, height, width).
        kernel_size: The size of the window, a number or one for each spatial axis.
        dilation: The distance between neighbours in the window, a number or one for each spatial axis.
        padding: How many zeros to add on both sides, a number or one for each spatial axis.
        stride: The distance from window to window, a number or one for each spatial axis.

    Returns:
        Array of shape (batch, channels * elements of a window, windows).

    >>> unfold([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]], kernel_size=(2, 1))
    array([[[1., 2., 3.],
            [4., 5., 6.]]], dtype=float32)
    """
    _infer_unfold(spec_of(x), kernel_size, dilation, padding, stride)
    window = _window(kernel_size, dilation, padding, stride)
    batch, channels, *sizes = ops.shape(x)
    taps = Taps((batch, channels, *sizes), window)
    padded = taps.pad(x)
    columns = ops.stack([ops.strided_slice(padded, *bounds) for bounds in taps.bounds()], axis=2)
    rows, width = taps.counts
    return ops.reshape(columns, (batch, channels * window.sizes[0] * window.sizes[1], rows * width))


def _infer_fold(x: Spec, output_size: Any, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> Spec:
    window = _window(kernel_size, dilation, padding, stride)
    sizes = per_axis(output_size, 2, "output_size")
    elements = window.sizes[0] * window.sizes[1]
    if x.ndim != 3 or not same_size(x.shape[1] // elements * elements, x.shape[1]):
        raise ShapeError(
            f"expected columns of shape (batch, channels * {elements}, windows) for windows of size "
            f"{show_shape(window.sizes)}; got {show_shape(x.shape)}."
        )
    shape = (x.shape[0], x.shape[1] // elements, *sizes)
    check_room(window, shape)
    rows, width = window.outputs(sizes)
    if not same_size(x.shape[2], rows * width):
        raise ShapeError(
            f"an array of spatial sizes {show_shape(sizes)} has {rows * width} windows; got {x.shape[2]} columns."
        )
    return Spec(shape, x.dtype)


@composed(infer=_infer_fold, accepts=NUMBERS, promote=same)
def fold(x: Array, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Array:
    """Put columns back to where `unfold` took them from. What comes to lie on the same place is added up.

    Args:
        x: Array of shape (batch, channels * elements of a window, windows).
        output_size: The spatial sizes of the result, a number or one for each spatial axis.
        kernel_size: The size of the window, a number or one for each spatial axis.
        dilation: The distance between neighbours in the window, a number or one for each spatial axis.
        padding: How many elements on both sides to leave out, a number or one for each spatial axis.
        stride: The distance from window to window, a number or one for each spatial axis.

    Returns:
        Array of shape (batch, channels, height, width).

    >>> fold([[[1.0, 2.0], [4.0, 5.0]]], output_size=(1, 3), kernel_size=(1, 2))
    array([[[[1., 6., 5.]]]], dtype=float32)
    """
    batch, channels, height, width = _infer_fold(spec_of(x), output_size, kernel_size, dilation, padding, stride).shape
    window = _window(kernel_size, dilation, padding, stride)
    batch = ops.shape(x)[0]
    taps = Taps((batch, channels, height, width), window)
    columns = ops.reshape(x, (batch, channels, window.sizes[0] * window.sizes[1], *taps.counts))
    total: Any = None
    for tap, bounds in enumerate(taps.bounds()):
        piece = ops.strided_slice_gradient(columns[:, :, tap], taps.padded, *bounds)
        total = piece if total is None else ops.add(total, piece)
    return taps.unpad(total)


def _block_size(block_size: Any) -> int:
    if not hasattr(block_size, "__index__") or block_size < 2:
        raise OptionError(f"expected block_size to be a whole number from 2; got {block_size!r}.")
    return block_size.__index__()


def _image_axes(shape: tuple[Any, ...], channels_last: bool) -> tuple[Any, Any, Any, Any]:
    """Batch, height, width and channels."""
    if len(shape) != 4:
        raise ShapeError(f"expected an array with 4 axes, batch, height, width and channels; got {show_shape(shape)}.")
    return shape if channels_last else (shape[0], shape[2], shape[3], shape[1])  # type: ignore[return-value]


@composed(ulp=0)
def depth_to_space(x: Array, block_size: int, data_format: str = "channels_last") -> Array:
    """Spread channels over square blocks of an image that is larger by as much.

    Args:
        x: Array of shape (batch, height, width, channels), or (batch, channels, height, width).
        block_size: The sides of the blocks; the number of channels is a multiple of its square.
        data_format: "channels_last" or "channels_first".

    Returns:
        Array of shape (batch, height * block_size, width * block_size, channels / block_size**2), or with these
        channels on the second axis.

    >>> depth_to_space([[[[1, 2, 3, 4]]]], 2)
    array([[[[1],
             [2]],
    <BLANKLINE>
            [[3],
             [4]]]], dtype=int32)
    """
    last, block = is_channels_last(data_format), _block_size(block_size)
    batch, height, width, channels = _image_axes(ops.shape(x), last)
    depth = channels // (block * block)
    if not same_size(depth * block * block, channels):
        raise ShapeError(f"{channels} channels do not make blocks of {block} by {block}.")
    if last:
        parts = ops.transpose(ops.reshape(x, (batch, height, width, block, block, depth)), (0, 1, 3, 2, 4, 5))
        return ops.reshape(parts, (batch, height * block, width * block, depth))
    parts = ops.transpose(ops.reshape(x, (batch, depth, block, block, height, width)), (0, 1, 4, 2, 5, 3))
    return ops.reshape(parts, (batch, depth, height * block, width * block))


@composed(ulp=0)
def space_to_depth(x: Array, block_size: int, data_format: str = "channels_last") -> Array:
    """Gather square blocks of an image into channels: the reverse of `depth_to_space`.

    Args:
        x: Array of shape (batch, height, width, channels), or (batch, channels, height, width).
        block_size: The sides of the blocks; height and width are multiples of it.
        data_format: "channels_last" or "channels_first".

    Returns:
        Array of shape (batch, height / block_size, width / block_size, channels * block_size**2), or with these
        channels on the second axis.

    >>> space_to_depth([[[[1], [2]], [[3], [4]]]], 2)
    array([[[[1, 2, 3, 4]]]], dtype=int32)
    """
    last, block = is_channels_last(data_format), _block_size(block_size)
    batch, height, width, channels = _image_axes(ops.shape(x), last)
    rows, columns = height // block, width // block
    if not same_size(rows * block, height) or not same_size(columns * block, width):
        raise ShapeError(f"an image of {height} by {width} cannot be cut into blocks of {block} by {block}.")
    if last:
        parts = ops.transpose(ops.reshape(x, (batch, rows, block, columns, block, channels)), (0, 1, 3, 2, 4, 5))
        return ops.reshape(parts, (batch, rows, columns, channels * block * block))
    parts = ops.transpose(ops.reshape(x, (batch, channels, rows, block, columns, block)), (0, 1, 3, 5, 2, 4))
    return ops.reshape(parts, (batch, channels * block * block, rows, columns))
