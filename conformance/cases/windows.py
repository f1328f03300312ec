"""Cases of convolution and pooling."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from polykeras.ops.windows import Window

from ..case import array, case, given, sample

REAL = ("float32", "float64")
INF = float("inf")


def patches(x, sizes, strides, pairs, dilation, outside=0.0):
    """The elements of each window, one window after the other, of an array with channels last."""
    x = np.pad(x, np.array([(0, 0), *pairs, (0, 0)]), constant_values=outside)
    extents = [(k - 1) * d + 1 for k, d in zip(sizes, dilation, strict=True)]
    counts = [(n - e) // s + 1 for n, e, s in zip(x.shape[1:-1], extents, strides, strict=True)]
    for place in itertools.product(*map(range, counts)):
        key = tuple(slice(p * s, p * s + e, d) for p, s, e, d in zip(place, strides, extents, dilation, strict=True))
        yield place, counts, x[(slice(None), *key)]


def same_pairs(shape, sizes, strides, dilation):
    """What "same" adds: enough for as many windows as strides fit, the odd one behind."""
    pairs = []
    for n, k, s, d in zip(shape, sizes, strides, dilation, strict=True):
        total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
        pairs.append((total // 2, total - total // 2))
    return pairs


def each(value, rank):
    """A number for each axis."""
    return (value,) * rank if isinstance(value, int) else tuple(value)


def geometry(x, sizes, strides, padding, dilation):
    """Strides, pairs and dilation of a call, for an array with channels last."""
    rank = x.ndim - 2
    strides, dilation = each(strides, rank), each(dilation, rank)
    if padding == "same":
        return strides, same_pairs(x.shape[1:-1], sizes, strides, dilation), dilation
    return strides, [(0, 0)] * rank if padding == "valid" else padding, dilation


def conv(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """A convolution, window by window."""
    first = data_format == "channels_first"
    x = np.moveaxis(inputs, 1, -1) if first else inputs
    sizes, taken, filters = kernel.shape[:-2], kernel.shape[-2], kernel.shape[-1]
    strides, pairs, dilation = geometry(x, sizes, strides, padding, dilation_rate)
    groups = x.shape[-1] // taken
    out: Any = None
    for place, counts, patch in patches(x, sizes, strides, pairs, dilation):
        if out is None:
            out = np.zeros((x.shape[0], *counts, filters), np.result_type(x, kernel))
        for g in range(groups):
            part = slice(g * filters // groups, (g + 1) * filters // groups)
            block = patch[..., g * taken : (g + 1) * taken].reshape(x.shape[0], kernel[..., 0].size)
            out[(slice(None), *place, part)] = block @ kernel[..., part].reshape(-1, filters // groups)
    return np.moveaxis(out, -1, 1) if first else out


def conv_transpose(inputs, kernel, strides=1, padding="valid", output_padding=None, data_format=None, dilation_rate=1):
    """A transposed convolution: each element adds its kernel to the result."""
    first = data_format == "channels_first"
    x = np.moveaxis(inputs, 1, -1) if first else inputs
    rank, sizes = x.ndim - 2, kernel.shape[:-2]
    strides, dilation, extra = each(strides, rank), each(dilation_rate, rank), each(output_padding or 0, rank)
    extents = [(k - 1) * d + 1 for k, d in zip(sizes, dilation, strict=True)]
    lengths = []
    for n, s, e, p in zip(x.shape[1:-1], strides, extents, extra, strict=True):
        if output_padding is None:
            lengths.append(n * s if padding == "same" else n * s + max(e - s, 0))
        else:
            lengths.append((n - 1) * s + e - (e // 2 * 2 if padding == "same" else 0) + p)
    pairs = same_pairs(lengths, sizes, strides, dilation) if padding == "same" else [(0, 0)] * rank
    full = np.zeros(
        (x.shape[0], *(n + a + b for n, (a, b) in zip(lengths, pairs, strict=True)), kernel.shape[-2]), x.dtype
    )
    for place in np.ndindex(*x.shape[1:-1]):
        key = tuple(slice(p * s, p * s + e, d) for p, s, e, d in zip(place, strides, extents, dilation, strict=True))
        full[(slice(None), *key)] += np.einsum("ni,...oi->n...o", x[(slice(None), *place)], kernel)
    out = full[(slice(None), *(slice(a, a + n) for n, (a, _) in zip(lengths, pairs, strict=True)))]
    return np.moveaxis(out, -1, 1) if first else out


def depthwise(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """A convolution of each channel on its own."""
    *sizes, channels, multiplier = kernel.shape
    return conv(inputs, kernel.reshape(*sizes, 1, channels * multiplier), strides, padding, data_format, dilation_rate)


def pooled(reduce, outside):
    """A pooling, window by window."""

    def run(inputs, pool_size, strides=None, padding="valid", data_format=None):
        first = data_format == "channels_first"
        x = np.moveaxis(inputs, 1, -1) if first else inputs
        sizes = each(pool_size, x.ndim - 2)
        strides, pairs, dilation = geometry(x, sizes, sizes if strides is None else strides, padding, 1)
        out: Any = None
        for place, counts, patch in patches(x, sizes, strides, pairs, dilation, outside(x)):
            if out is None:
                out = np.zeros((x.shape[0], *counts, x.shape[-1]), x.dtype)
            out[(slice(None), *place)] = reduce(patch.reshape(x.shape[0], -1, x.shape[-1]), 1)
        return np.moveaxis(out, -1, 1) if first else out

    return run


def by_window(function):
    """A reference that takes what the op takes in one place."""

    def run(x, *others, window):
        options = {
            "padding": window.padding,
            "data_format": "channels_last" if window.channels_last else "channels_first",
        }
        if others:
            return function(x, *others, strides=window.strides, dilation_rate=window.dilation, **options)
        return function(x, window.sizes, strides=window.strides, **options)

    return run


def _products(reference):
    """The sum of the absolute values of what a convolution adds up."""
    return lambda x, k, *rest, **options: reference(np.abs(x), np.abs(k), *rest, **options)


FIRST = "channels_first"
CONVOLUTIONS = (
    sample(array(2, 7, 3), array(3, 3, 4)),
    sample(array(2, 7, 3), array(2, 3, 4), strides=2, padding="same"),
    sample(array(2, 7, 3), array(3, 3, 4), dilation_rate=2, padding="same"),
    sample(array(2, 3, 7), array(3, 3, 2), data_format=FIRST),
    sample(array(1, 6, 5, 2), array(3, 2, 2, 3)),
    sample(array(1, 6, 5, 2), array(3, 3, 2, 3), padding="same"),
    sample(array(2, 6, 5, 2), array(3, 3, 2, 1), padding="same"),
    sample(array(1, 6, 7, 2), array(2, 3, 2, 3), strides=(2, 3), padding="same"),
    sample(array(1, 7, 7, 2), array(3, 3, 2, 2), dilation_rate=(2, 1)),
    sample(array(1, 7, 8, 2), array(2, 2, 2, 2), strides=2, dilation_rate=2),
    sample(array(1, 5, 5, 4), array(3, 3, 2, 6), padding="same"),
    sample(array(1, 5, 5, 4), array(3, 3, 1, 4), strides=2),
    sample(array(1, 7, 7, 4), array(2, 2, 2, 4), dilation_rate=3),
    sample(array(1, 2, 5, 6), array(3, 3, 2, 3), data_format=FIRST, padding="same", strides=2),
    sample(array(1, 5, 5, 2), array(3, 3, 2, 3), padding=((2, 0), (1, 3))),
    sample(array(1, 4, 5, 2), array(1, 1, 2, 3)),
    sample(array(2, 4, 5, 2), array(1, 1, 2, 3), strides=(2, 3), padding="same"),
    sample(array(9, 3, 3, 2), array(2, 2, 2, 1)),
    sample(array(1, 4, 5, 4, 2), array(2, 3, 2, 2, 3)),
    sample(array(1, 4, 5, 4, 2), array(3, 3, 3, 2, 2), padding="same", strides=2),
    sample(array(1, 5, 5, 5, 2), array(2, 2, 2, 2, 2), dilation_rate=2),
    sample(array(1, 3, 3, 3, 4), array(2, 2, 2, 2, 4)),
    sample(array(1, 2, 4, 4, 4), array(2, 2, 2, 2, 3), data_format=FIRST),
    sample(array(0, 7, 3), array(3, 3, 4), gradient=False),
    sample(array(1, 4, 3, dtype="int32"), array(2, 3, 2, dtype="int32"), dtypes=("int32",), gradient=False),
    sample(
        array(2, 8, 8, 16), array(3, 3, 16, 8), gradient=False, dtypes=("float32", "float64", "float16", "bfloat16")
    ),
)
case(
    "conv",
    conv,
    *CONVOLUTIONS,
    dtypes=REAL,
    magnitude=_products(conv),
    mistakes=[
        sample(array(2, 7, 3), array(3, 2, 4)),
        sample(array(2, 7, 4), array(3, 2, 3)),
        sample(array(2, 7, 3), array(3, 3, 3, 4)),
        sample(array(2, 7), array(3, 4)),
        sample(array(2, 4, 3), array(5, 3, 4)),
        sample(array(2, 7, 3), array(3, 3, 4), padding="full"),
        sample(array(2, 7, 3), array(3, 3, 4), strides=0),
        sample(array(2, 7, 3), array(3, 3, 4), strides=(1, 2)),
        sample(array(2, 7, 3), array(3, 3, 4), data_format="channels_middle"),
        sample(array(2, 7, 3), array(3, 3, 4), dilation_rate=4),
    ],
)


def window(sizes, strides: Any = 1, padding: Any = "valid", dilation: Any = 1, groups=1, last=True):
    """The geometry of a window."""
    rank = len(sizes)
    return Window(sizes, each(strides, rank), padding, each(dilation, rank), last, groups)


def _convolve(inputs, kernel, window):
    return by_window(conv)(inputs, kernel, window=window)


WINDOWS = (
    sample(array(1, 6, 5, 2), array(3, 2, 2, 3), window=window((3, 2))),
    sample(array(1, 6, 5, 2), array(3, 2, 2, 3), window=window((3, 2), 2, "same")),
    sample(array(1, 6, 5, 4), array(3, 2, 2, 4), window=window((3, 2), groups=2)),
    sample(array(1, 4, 7), array(3, 4, 2), window=window((3,), dilation=2, last=False)),
)
_OPTIONS = {"dtypes": REAL, "magnitude": _products(_convolve)}
case("convolve", _convolve, *WINDOWS, **_OPTIONS)


def _input_gradient(g, kernel, sizes, window):
    """The transpose of the convolution's matrix, column by column."""
    channels = kernel.shape[-2] * window.groups
    shape = (g.shape[0], *sizes, channels) if window.channels_last else (g.shape[0], channels, *sizes)
    out = np.zeros(shape)
    for place in np.ndindex(*shape):
        basis = np.zeros(shape)
        basis[place] = 1
        out[place] = np.sum(_convolve(basis, kernel, window) * g)
    return out


def _kernel_gradient(inputs, g, window):
    channel_axis = -1 if window.channels_last else 1
    shape = (*window.sizes, inputs.shape[channel_axis] // window.groups, g.shape[channel_axis])
    out = np.zeros(shape)
    for place in np.ndindex(*shape):
        basis = np.zeros(shape)
        basis[place] = 1
        out[place] = np.sum(_convolve(inputs, basis, window) * g)
    return out


case(
    "convolve_input_gradient",
    _input_gradient,
    sample(array(1, 4, 4, 3), array(3, 2, 2, 3), sizes=(6, 5), window=window((3, 2))),
    sample(array(1, 3, 3, 3), array(3, 2, 2, 3), sizes=(6, 5), window=window((3, 2), 2, "same")),
    sample(array(1, 4, 4, 4), array(3, 2, 2, 4), sizes=(6, 5), window=window((3, 2), groups=2)),
    sample(array(1, 2, 3), array(3, 4, 2), sizes=(7,), window=window((3,), dilation=2, last=False)),
    sample(array(1, 2, 2, 2), array(2, 2, 2, 2), sizes=(5, 6), window=window((2, 2), 3)),
    dtypes=REAL,
    magnitude=lambda g, kernel, sizes, window: _input_gradient(np.abs(g), np.abs(kernel), sizes, window),
)
case(
    "convolve_kernel_gradient",
    _kernel_gradient,
    sample(array(2, 6, 5, 2), array(2, 4, 4, 3), window=window((3, 2))),
    sample(array(9, 3, 3, 1), array(9, 2, 2, 2), window=window((2, 2))),
    sample(array(2, 6, 5, 2), array(2, 3, 3, 3), window=window((3, 2), 2, "same")),
    sample(array(1, 6, 5, 4), array(1, 4, 4, 4), window=window((3, 2), groups=2)),
    sample(array(1, 4, 7), array(1, 2, 3), window=window((3,), dilation=2, last=False)),
    sample(array(1, 5, 6, 2), array(1, 2, 2, 2), window=window((2, 2), 3)),
    dtypes=REAL,
    magnitude=lambda inputs, g, window: _kernel_gradient(np.abs(inputs), np.abs(g), window),
)
case(
    "conv_transpose",
    conv_transpose,
    sample(array(2, 5, 4), array(3, 3, 4)),
    sample(array(2, 5, 4), array(3, 3, 4), strides=2),
    sample(array(2, 5, 4), array(3, 3, 4), strides=2, padding="same"),
    sample(array(2, 5, 4), array(2, 3, 4), strides=3),
    sample(array(2, 5, 4), array(3, 3, 4), strides=2, padding="same", output_padding=1),
    sample(array(2, 5, 4), array(3, 3, 4), strides=2, output_padding=1),
    sample(array(1, 4, 5, 2), array(3, 2, 3, 2), strides=(2, 1), padding="same"),
    sample(array(1, 4, 5, 2), array(3, 3, 3, 2), dilation_rate=2),
    sample(array(1, 2, 4, 5), array(3, 3, 3, 2), strides=2, data_format=FIRST),
    sample(array(1, 2, 3, 2, 2), array(2, 2, 2, 3, 2), strides=2),
    sample(array(0, 3, 1), array(1, 1, 1)),
    dtypes=REAL,
    magnitude=_products(conv_transpose),
    mistakes=[
        sample(array(2, 5, 3), array(3, 3, 4)),
        sample(array(2, 5, 4), array(3, 3, 4), strides=2, output_padding=(1, 1)),
        sample(array(2, 5, 4), array(3, 3, 4), strides=2, padding="same", output_padding=4),
    ],
)
case(
    "depthwise_conv",
    depthwise,
    sample(array(2, 7, 3), array(3, 3, 1)),
    sample(array(1, 6, 5, 2), array(3, 2, 2, 3), padding="same", strides=2),
    sample(array(1, 2, 6, 5), array(3, 3, 2, 2), data_format=FIRST),
    sample(array(1, 7, 7, 3), array(2, 2, 3, 1), dilation_rate=2),
    dtypes=REAL,
    magnitude=_products(depthwise),
    mistakes=[sample(array(2, 7, 3), array(3, 2, 1))],
)


def separable(inputs, depthwise_kernel, pointwise_kernel, *rest, **options):
    """A convolution of each channel on its own, and one of single positions."""
    data_format = options.get("data_format")
    return conv(depthwise(inputs, depthwise_kernel, *rest, **options), pointwise_kernel, data_format=data_format)


case(
    "separable_conv",
    separable,
    sample(array(2, 7, 3), array(3, 3, 1), array(1, 3, 4)),
    sample(array(1, 6, 5, 2), array(3, 2, 2, 3), array(1, 1, 6, 2), padding="same", strides=2),
    sample(array(1, 2, 6, 5), array(3, 3, 2, 2), array(1, 1, 4, 3), data_format=FIRST),
    sample(array(1, 7, 7, 3), array(2, 2, 3, 1), array(1, 1, 3, 1), dilation_rate=2),
    dtypes=REAL,
    magnitude=lambda x, d, p, *rest, **options: separable(np.abs(x), np.abs(d), np.abs(p), *rest, **options),
    mistakes=[sample(array(2, 7, 3), array(3, 3, 1), array(2, 3, 4))],
)
POOLS = (
    sample(array(2, 7, 3, apart=0.05), 2),
    sample(array(2, 7, 3, apart=0.05), 3, strides=1, padding="same"),
    sample(array(2, 7, 3, apart=0.05), 2, strides=2, padding="same"),
    sample(array(1, 6, 5, 2, apart=0.05), 2),
    sample(array(1, 6, 5, 2, apart=0.05), (3, 2), strides=(2, 1)),
    sample(array(1, 6, 5, 2, apart=0.05), 3, strides=2, padding="same"),
    sample(array(1, 2, 6, 5, apart=0.05), 2, data_format=FIRST),
    sample(array(1, 4, 5, 4, 2, apart=0.05), 2),
    sample(array(1, 4, 5, 4, 2, apart=0.05), (2, 3, 2), strides=2, padding="same"),
    sample(array(1, 5, 5, 2, apart=0.05), 2, padding=((1, 0), (0, 2))),
)
BAD_POOLS = [
    sample(array(2, 7), 2),
    sample(array(2, 3, 3), 4),
    sample(array(2, 7, 3), (2, 2)),
    sample(array(2, 7, 3), 2, padding="full"),
    sample(array(2, 7, 3), 0),
]


def _lowest(x):
    return -INF if x.dtype.kind == "f" else np.iinfo(x.dtype).min


maximum_pool = pooled(np.max, _lowest)
case(
    "max_pool",
    maximum_pool,
    *POOLS,
    sample(given([[[1.0], [1.0], [0.0]], [[1.0], [1.0], [0.0]], [[0.0], [0.0], [0.0]]]), 2, strides=1, kink=True),
    sample(given([[1.0], [float("nan")], [0.0], [2.0]]), 2, gradient=False, gap="max_pool of NaN"),
    sample(array(1, 5, 4, low=-9, high=9, dtype="int32"), 2, padding="same", dtypes=("int32",)),
    sample(array(1, 4, 5, 4, 2, apart=0.05), 2, dtypes=("float16", "bfloat16")),
    sample(array(1, 4, 5, 4, 2, apart=0.05), 2, strides=1, padding="same", dtypes=("float16",)),
    sample(array(1, 5, 4, 5, 2, apart=0.05), 2, data_format=FIRST, dtypes=("float16",)),
    dtypes=("float32", "float64", "float16"),
    mistakes=BAD_POOLS,
)


def _average(inputs, *args, **options):
    total = pooled(np.sum, lambda x: 0)(inputs, *args, **options)
    return total / pooled(np.sum, lambda x: 0)(np.ones_like(inputs), *args, **options)


case(
    "average_pool",
    _average,
    *POOLS,
    dtypes=("float32", "float64"),
    magnitude=lambda x, *args, **options: _average(np.abs(x), *args, **options),
    mistakes=BAD_POOLS,
)
POOL_WINDOWS = (
    sample(array(1, 6, 5, 2, apart=0.1), window=window((2, 2), 2)),
    sample(array(1, 6, 5, 2, apart=0.1), window=window((3, 2), (2, 1), "same")),
    sample(array(1, 2, 7, apart=0.1), window=window((3,), 2, last=False)),
)
case("window_max", lambda x, window: by_window(maximum_pool)(x, window=window), *POOL_WINDOWS, dtypes=REAL)
total_pool = pooled(np.sum, lambda x: 0)
case(
    "window_sum",
    lambda x, window: by_window(total_pool)(x, window=window),
    *POOL_WINDOWS,
    dtypes=REAL,
    magnitude=lambda x, window: by_window(total_pool)(np.abs(x), window=window),
)


def _spread_sum(g, sizes, window):
    shape = (g.shape[0], *sizes, g.shape[-1])
    out = np.zeros(shape)
    for place in np.ndindex(*shape):
        basis = np.zeros(shape)
        basis[place] = 1
        out[place] = np.sum(by_window(total_pool)(basis, window=window) * g)
    return out


case(
    "window_sum_gradient",
    _spread_sum,
    sample(array(1, 3, 2, 2), sizes=(6, 5), window=window((2, 2), 2)),
    sample(array(1, 3, 5, 2), sizes=(6, 5), window=window((3, 2), (2, 1), "same")),
    dtypes=REAL,
    magnitude=lambda g, sizes, window: _spread_sum(np.abs(g), sizes, window),
)


def _winners(x, window):
    """For each window where its first greatest element is, as a one in zeros like x."""
    numbered = np.arange(x.size, dtype="float64").reshape(x.shape)
    strides, pairs, dilation = geometry(x, window.sizes, window.strides, window.padding, 1)
    chosen = patches(x, window.sizes, strides, pairs, dilation, -INF)
    numbers = patches(numbered, window.sizes, strides, pairs, dilation, -1)
    for (place, counts, patch), (_, _, number) in zip(chosen, numbers, strict=True):
        flat, names = (p.reshape(x.shape[0], -1, x.shape[-1]) for p in (patch, number))
        yield place, counts, np.take_along_axis(names, flat.argmax(1)[:, None], 1)[:, 0].astype(int)


def _route(g, x, window):
    out = np.zeros(x.size)
    for place, _, numbers in _winners(x, window):
        np.add.at(out, numbers, g[(slice(None), *place)])
    return out.reshape(x.shape)


def _select(y, x, window):
    out: Any = None
    for place, counts, numbers in _winners(x, window):
        if out is None:
            out = np.zeros((x.shape[0], *counts, x.shape[-1]))
        out[(slice(None), *place)] = y.reshape(-1)[numbers]
    return out


TIES = given([[[1.0], [1.0], [0.0]], [[1.0], [2.0], [0.0]], [[0.0], [0.0], [0.0]]])
case(
    "window_max_gradient",
    _route,
    sample(array(1, 3, 2, 2), array(1, 6, 5, 2, apart=0.1), window=window((2, 2), 2)),
    sample(array(1, 3, 5, 2), array(1, 6, 5, 2, apart=0.1), window=window((3, 2), (2, 1), "same")),
    sample(array(1, 2, 2, 1), TIES, window=window((2, 2), 1), gradient=False),
    dtypes=REAL,
    magnitude=lambda g, x, window: np.full((), np.abs(g).sum()),
)
case(
    "window_max_select",
    _select,
    sample(array(1, 6, 5, 2), array(1, 6, 5, 2, apart=0.1), window=window((2, 2), 2)),
    sample(array(1, 6, 5, 2), array(1, 6, 5, 2, apart=0.1), window=window((3, 2), (2, 1), "same")),
    sample(array(1, 3, 3, 1), TIES, window=window((2, 2), 1), gradient=False),
    dtypes=REAL,
)
