"""Convolutions in one, two and three dimensions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .. import ops
from ..dtypes import inexact
from ..errors import OptionError, ShapeError
from ..op import Array, composed, names_its_errors, primitive
from ..spec import Spec, same_size, show_shape
from .windows import Window, check_room, is_channels_last, padding_of, per_axis


def _infer_convolve(inputs: Spec, kernel: Spec, window: Window) -> Spec:
    check_room(window, inputs.shape)
    outputs = window.outputs(window.spatial(inputs.shape))
    return Spec(window.with_spatial(inputs.shape, outputs, kernel.shape[-1]), inputs.dtype)


def _kernel_elements(inputs: Spec, kernel: Spec, *_: Any) -> Any:
    return kernel.size


@primitive(
    why="the work of tuned kernels",
    infer=_infer_convolve,
    promote=inexact,
    vjp=(
        lambda g, out, inputs, kernel, window: ops.convolve_input_gradient(
            g, kernel, window.spatial(ops.shape(inputs)), window
        ),
        lambda g, out, inputs, kernel, window: ops.convolve_kernel_gradient(inputs, g, window),
    ),
    summands=_kernel_elements,
)
def convolve(inputs: Array, kernel: Array, window: Window) -> Array:
    """As `conv`, with all of the geometry in one place.

    Args:
        inputs: Array of shape (batch, *spatial, channels), or (batch, channels, *spatial).
        kernel: Array of shape (*sizes, channels / groups, filters).
        window: How the kernel slides.

    Returns:
        Array of shape (batch, *windows, filters), or (batch, filters, *windows).
    """


def _grouped_shape(kernel: Any, groups: int) -> tuple[Any, ...]:
    *sizes, channels, filters = ops.shape(kernel)
    return (*sizes, channels, groups, filters // groups)


def _infer_input_gradient(g: Spec, kernel: Spec, sizes: tuple[Any, ...], window: Window) -> Spec:
    return Spec(window.with_spatial(g.shape, sizes, kernel.shape[-2] * window.groups), g.dtype)


@composed(
    infer=_infer_input_gradient,
    promote=inexact,
    vjp=(
        lambda gg, out, g, kernel, sizes, window: ops.convolve(gg, kernel, window),
        lambda gg, out, g, kernel, sizes, window: ops.convolve_kernel_gradient(gg, g, window),
    ),
    summands=_kernel_elements,
)
def convolve_input_gradient(g: Array, kernel: Array, sizes: Any, window: Window) -> Array:
    """The gradient of `convolve` with respect to its inputs; the heart of transposed convolution.

    Args:
        g: The cotangent of the result.
        kernel: The kernel of the convolution.
        sizes: The spatial sizes of the inputs.
        window: How the kernel slides in the convolution.

    Returns:
        The cotangent of the inputs.
    """
    rank, groups = window.rank, window.groups
    spread = [1] * (rank + 2)
    shape, lows, highs = list(ops.shape(g)), [0] * (rank + 2), [0] * (rank + 2)
    parts = zip(window.spatial_axes, window.pairs(sizes), window.extents, window.strides, sizes, strict=True)
    for axis, (low, _), extent, stride, size in parts:
        spread[axis] = stride
        shape[axis] = 0 if same_size(shape[axis], 0) else (shape[axis] - 1) * stride + 1
        lows[axis] = extent - 1 - low
        highs[axis] = size + extent - 1 - lows[axis] - shape[axis]
    g = ops.strided_slice_gradient(g, tuple(shape), (0,) * (rank + 2), tuple(shape), tuple(spread))
    g = _padded_or_cut(g, lows, highs)
    *_, channels, filters = ops.shape(kernel)
    apart = ops.reshape(ops.flip(kernel, tuple(range(rank))), _grouped_shape(kernel, groups))
    swapped = ops.transpose(apart, (*range(rank), rank + 2, rank + 1, rank))
    swapped = ops.reshape(swapped, (*window.sizes, filters // groups, groups * channels))
    plain = Window(window.sizes, (1,) * rank, "valid", window.dilation, window.channels_last, groups)
    return ops.convolve(g, swapped, plain)


def _padded_or_cut(x: Any, lows: list[int], highs: list[int]) -> Any:
    """An array with elements added at its ends, or taken away where the number is negative."""
    shape = ops.shape(x)
    starts = tuple(max(-low, 0) for low in lows)
    stops = tuple(size - max(-high, 0) for size, high in zip(shape, highs, strict=True))
    x = ops.strided_slice(x, starts, stops, (1,) * len(shape))
    return ops.pad_constant(x, tuple((max(low, 0), max(high, 0)) for low, high in zip(lows, highs, strict=True)))


def _infer_kernel_gradient(inputs: Spec, g: Spec, window: Window) -> Spec:
    channels = inputs.shape[window.channel_axis] // window.groups
    return Spec((*window.sizes, channels, g.shape[window.channel_axis]), g.dtype)


@composed(
    infer=_infer_kernel_gradient,
    promote=inexact,
    vjp=(
        lambda gg, out, inputs, g, window: ops.convolve_input_gradient(
            g, gg, window.spatial(ops.shape(inputs)), window
        ),
        lambda gg, out, inputs, g, window: ops.convolve(inputs, gg, window),
    ),
    summands=lambda inputs, g, window: g.size,
)
def convolve_kernel_gradient(inputs: Array, g: Array, window: Window) -> Array:
    """The gradient of `convolve` with respect to its kernel.

    It is a convolution too: of the inputs with the cotangent, where batch and channels have changed places.

    Args:
        inputs: The inputs of the convolution.
        g: The cotangent of the result.
        window: How the kernel slides in the convolution.

    Returns:
        The cotangent of the kernel.
    """
    rank, groups = window.rank, window.groups
    spatial = tuple(range(1, rank + 1))
    if not window.channels_last:
        inputs, g = (ops.moveaxis(x, 1, -1) for x in (inputs, g))
    batch, *sizes, channels = ops.shape(inputs)
    apart = ops.reshape(inputs, (batch, *sizes, groups, channels // groups))
    images = ops.transpose(apart, (rank + 2, *spatial, rank + 1, 0))
    images = ops.reshape(images, (channels // groups, *sizes, groups * batch))
    windows = ops.shape(g)[1:-1]
    pairs = window.pairs(tuple(sizes))
    swapped = Window(windows, window.dilation, pairs, window.strides, True, groups)
    result = convolve(images, ops.transpose(g, (*spatial, 0, rank + 1)), swapped)
    result = ops.strided_slice(
        result, (0,) * (rank + 2), (channels // groups, *window.sizes, ops.shape(g)[-1]), (1,) * (rank + 2)
    )
    return ops.transpose(result, (*spatial, 0, rank + 1))


# What people call ------------------------------------------------------------------------------------------


def _window(
    shape: tuple[Any, ...],
    kernel: tuple[Any, ...],
    strides: Any,
    padding: Any,
    data_format: str | None,
    dilation: Any,
    fits: bool = True,
) -> Window:
    """The geometry of a convolution, checked."""
    rank = len(shape) - 2
    if rank not in (1, 2, 3) or len(kernel) != rank + 2:
        raise ShapeError(
            "expected inputs of shape (batch, *spatial, channels) with 1 to 3 spatial axes, and a kernel of shape "
            f"(*sizes, channels, filters); got {show_shape(shape)} and {show_shape(kernel)}."
        )
    if 0 in kernel:
        raise ShapeError(f"expected a kernel with elements; got one of shape {show_shape(kernel)}.")
    window = Window(
        tuple(kernel[:-2]),
        per_axis(strides, rank, "strides"),
        padding_of(padding, rank),
        per_axis(dilation, rank, "dilation_rate"),
        is_channels_last(data_format),
    )
    if fits:
        check_room(window, shape)
    return window


def _with_groups(window: Window, channels: Any, taken: Any, filters: Any) -> Window:
    """The window with as many groups as the channels that the kernel takes at a time require."""
    groups = channels // taken if taken != 0 else 0
    if groups == 0 or not same_size(groups * taken, channels) or filters % groups != 0:
        raise ShapeError(
            f"the kernel takes {taken} channels and has {filters} filters, which does not go with inputs of {channels} "
            "channels: their number must be a multiple of the first, and the filters divide among the groups."
        )
    return replace(window, groups=groups)


@composed(summands=_kernel_elements)
def conv(
    inputs: Array,
    kernel: Array,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Array:
    """Convolve: at each position of a sliding window, the products of inputs and kernel summed up.

    Args:
        inputs: Array of shape (batch, *spatial, channels) for "channels_last", or (batch, channels, *spatial); with
            1 to 3 spatial axes.
        kernel: Array of shape (*sizes, channels, filters). With a fraction of the channels of `inputs`, these and
            the filters are divided into groups.
        strides: The distance from window to window, a number or one for each spatial axis.
        padding: "valid" (windows stay inside), "same" (zeros are added evenly, the odd one at the end), or for each
            spatial axis how many zeros to add before and after.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        dilation_rate: The distance between neighbours in a window, a number or one for each spatial axis.

    Returns:
        Array of shape (batch, *windows, filters), or (batch, filters, *windows).

    >>> conv([[[1.0], [2.0], [3.0]]], [[[1.0]], [[1.0]]], data_format="channels_last")
    array([[[3.],
            [5.]]], dtype=float32)
    """
    shape, kernel_shape = ops.shape(inputs), ops.shape(kernel)
    window = _window(shape, kernel_shape, strides, padding, data_format, dilation_rate)
    return convolve(inputs, kernel, _with_groups(window, shape[window.channel_axis], *kernel_shape[-2:]))


def transposed_sizes(window: Window, shape: tuple[Any, ...], output_padding: Any) -> tuple[Any, ...]:
    """The spatial sizes of the result of a transposed convolution."""
    extras = (None,) * window.rank if output_padding is None else output_padding
    extras = tuple(extras) if isinstance(extras, (tuple, list)) else (extras,) * window.rank
    if len(extras) != window.rank:
        raise OptionError(
            f"expected output_padding to be a number, or one for each spatial axis; got {output_padding!r}."
        )
    same = window.padding == "same"
    sizes = []
    for size, stride, extent, extra in zip(window.spatial(shape), window.strides, window.extents, extras, strict=True):
        if extra is None:
            sizes.append(size * stride + (0 if same else max(extent - stride, 0)))
        else:
            sizes.append((size - 1) * stride + extent - (extent // 2 * 2 if same else 0) + extra)
    return tuple(sizes)


@composed(summands=_kernel_elements)
def conv_transpose(
    inputs: Array,
    kernel: Array,
    strides: Any = 1,
    padding: Any = "valid",
    output_padding: Any = None,
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Array:
    """Run a convolution backwards: each element of the inputs spreads over a window of the result.

    Args:
        inputs: Array of shape (batch, *spatial, channels) for "channels_last", or (batch, channels, *spatial); with
            1 to 3 spatial axes.
        kernel: Array of shape (*sizes, filters, channels).
        strides: The distance from window to window, a number or one for each spatial axis.
        padding: "valid" or "same", as in the convolution that is run backwards.
        output_padding: How much longer than necessary the result is, a number or one for each spatial axis; None
            for the length that suits the strides.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        dilation_rate: The distance between neighbours in a window, a number or one for each spatial axis.

    Returns:
        Array of shape (batch, *sizes, filters), or (batch, filters, *sizes).

    >>> conv_transpose([[[1.0], [2.0]]], [[[1.0]], [[1.0]]], strides=2, data_format="channels_last")
    array([[[1.],
            [1.],
            [2.],
            [2.]]], dtype=float32)
    """
    shape, kernel_shape = ops.shape(inputs), ops.shape(kernel)
    window = _window(shape, kernel_shape, strides, padding, data_format, dilation_rate, fits=False)
    channels = shape[window.channel_axis]
    if not same_size(channels, kernel_shape[-1]):
        raise ShapeError(f"the kernel takes {kernel_shape[-1]} channels, and the inputs have {channels}.")
    sizes = transposed_sizes(window, shape, output_padding)
    if not all(map(same_size, window.outputs(sizes), window.spatial(shape))):
        raise OptionError(
            f"output_padding={output_padding!r} does not go with strides={strides!r}. Use one below the strides."
        )
    return convolve_input_gradient(inputs, kernel, sizes, window)


@composed(summands=_kernel_elements)
def depthwise_conv(
    inputs: Array,
    kernel: Array,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Array:
    """Convolve each channel on its own.

    Args:
        inputs: Array of shape (batch, *spatial, channels) for "channels_last", or (batch, channels, *spatial).
        kernel: Array of shape (*sizes, channels, multiplier).
        strides: The distance from window to window, a number or one for each spatial axis.
        padding: "valid", "same", or pairs of numbers, as for `conv`.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        dilation_rate: The distance between neighbours in a window, a number or one for each spatial axis.

    Returns:
        Array of shape (batch, *windows, channels * multiplier), or (batch, channels * multiplier, *windows).

    >>> depthwise_conv([[[1.0, 2.0], [3.0, 4.0]]], [[[1.0], [10.0]]], data_format="channels_last")
    array([[[ 1., 20.],
            [ 3., 40.]]], dtype=float32)
    """
    shape, kernel_shape = ops.shape(inputs), ops.shape(kernel)
    window = _window(shape, kernel_shape, strides, padding, data_format, dilation_rate)
    *sizes, channels, multiplier = kernel_shape
    if not same_size(channels, shape[window.channel_axis]):
        raise ShapeError(f"the kernel is for {channels} channels, and the inputs have {shape[window.channel_axis]}.")
    return convolve(inputs, ops.reshape(kernel, (*sizes, 1, channels * multiplier)), replace(window, groups=channels))


@composed(summands=lambda inputs, depthwise, pointwise, *_: depthwise.size + pointwise.size)
def separable_conv(
    inputs: Array,
    depthwise_kernel: Array,
    pointwise_kernel: Array,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Array:
    """Convolve each channel on its own, and then all of them position by position.

    Args:
        inputs: Array of shape (batch, *spatial, channels) for "channels_last", or (batch, channels, *spatial).
        depthwise_kernel: Array of shape (*sizes, channels, multiplier).
        pointwise_kernel: Array of shape (*ones, channels * multiplier, filters).
        strides: The distance from window to window, a number or one for each spatial axis.
        padding: "valid", "same", or pairs of numbers, as for `conv`.
        data_format: "channels_last" or "channels_first"; None for the one that is set.
        dilation_rate: The distance between neighbours in a window, a number or one for each spatial axis.

    Returns:
        Array of shape (batch, *windows, filters), or (batch, filters, *windows).

    >>> x, depthwise, pointwise = [[[1.0, 2.0], [3.0, 4.0]]], [[[1.0], [10.0]]], [[[1.0], [1.0]]]
    >>> separable_conv(x, depthwise, pointwise, data_format="channels_last")
    array([[[21.],
            [43.]]], dtype=float32)
    """
    shape = ops.shape(pointwise_kernel)
    if any(not same_size(size, 1) for size in shape[:-2]):
        raise ShapeError(f"expected a pointwise kernel whose spatial sizes are 1; got shape {show_shape(shape)}.")
    apart = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(apart, pointwise_kernel, 1, "valid", data_format)


def _check_rank(name: str, inputs: Any, rank: int) -> None:
    if ops.ndim(inputs) != rank + 2:
        given = show_shape(ops.shape(inputs))
        raise ShapeError(f"expected inputs with {rank + 2} axes; got shape {given}.").named(name)


@names_its_errors
def conv1d(
    inputs: Array,
    kernel: Array,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Array:
    """Convolve along one spatial axis, as `conv`.

    >>> shape(conv1d(zeros((1, 5, 2)), zeros((3, 2, 4)), data_format="channels_last"))
    (1, 3, 4)
    """
    _check_rank("conv1d", inputs, 1)
    return conv(inputs, kernel, strides, padding, data_format, dilation_rate)


@names_its_errors
def conv2d(
    inputs: Array,
    kernel: Array,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Array:
    """Convolve over two spatial axes, as `conv`.

    >>> shape(conv2d(zeros((1, 5, 5, 2)), zeros((3, 3, 2, 4)), data_format="channels_last"))
    (1, 3, 3, 4)
    """
    _check_rank("conv2d", inputs, 2)
    return conv(inputs, kernel, strides, padding, data_format, dilation_rate)


@names_its_errors
def conv3d(
    inputs: Array,
    kernel: Array,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Array:
    """Convolve over three spatial axes, as `conv`.

    >>> shape(conv3d(zeros((1, 5, 5, 5, 2)), zeros((3, 3, 3, 2, 4)), data_format="channels_last"))
    (1, 3, 3, 3, 4)
    """
    _check_rank("conv3d", inputs, 3)
    return conv(inputs, kernel, strides, padding, data_format, dilation_rate)


@names_its_errors
def conv1d_transpose(
    inputs: Array,
    kernel: Array,
    strides: Any = 1,
    padding: Any = "valid",
    output_padding: Any = None,
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Array:
    """Run a convolution along one spatial axis backwards, as `conv_transpose`.

    >>> shape(conv1d_transpose(zeros((1, 5, 4)), zeros((3, 2, 4)), data_format="channels_last"))
    (1, 7, 2)
    """
    _check_rank("conv1d_transpose", inputs, 1)
    return conv_transpose(inputs, kernel, strides, padding, output_padding, data_format, dilation_rate)


@names_its_errors
def conv2d_transpose(
    inputs: Array,
    kernel: Array,
    strides: Any = 1,
    padding: Any = "valid",
    output_padding: Any = None,
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Array:
    """Run a convolution over two spatial axes backwards, as `conv_transpose`.

    >>> shape(conv2d_transpose(zeros((1, 5, 5, 4)), zeros((3, 3, 2, 4)), data_format="channels_last"))
    (1, 7, 7, 2)
    """
    _check_rank("conv2d_transpose", inputs, 2)
    return conv_transpose(inputs, kernel, strides, padding, output_padding, data_format, dilation_rate)


@names_its_errors
def conv3d_transpose(
    inputs: Array,
    kernel: Array,
    strides: Any = 1,
    padding: Any = "valid",
    output_padding: Any = None,
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Array:
    """Run a convolution over three spatial axes backwards, as `conv_transpose`.

    >>> shape(conv3d_transpose(zeros((1, 5, 5, 5, 4)), zeros((3, 3, 3, 2, 4)), data_format="channels_last"))
    (1, 7, 7, 7, 2)
    """
    _check_rank("conv3d_transpose", inputs, 3)
    return conv_transpose(inputs, kernel, strides, padding, output_padding, data_format, dilation_rate)
