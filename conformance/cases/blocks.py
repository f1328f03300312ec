"""Cases of blocks of images."""

from __future__ import annotations

import numpy as np

from ..case import FLOATS, array, case, sample

FIRST = "channels_first"


def _pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def _places(shape, kernel_size, dilation, padding, stride):
    """For each window the rows and columns of a padded image that it covers."""
    (kh, kw), (dh, dw), (ph, pw), (sh, sw) = map(_pair, (kernel_size, dilation, padding, stride))
    for top in range(0, shape[0] + 2 * ph - (kh - 1) * dh, sh):
        for left in range(0, shape[1] + 2 * pw - (kw - 1) * dw, sw):
            yield slice(top, top + (kh - 1) * dh + 1, dh), slice(left, left + (kw - 1) * dw + 1, dw)


def _padding(padding):
    return [(0, 0), (0, 0), *((p, p) for p in _pair(padding))]


def _unfold(x, kernel_size, dilation=1, padding=0, stride=1):
    padded = np.pad(x, _padding(padding))
    size = x.shape[1] * int(np.prod(_pair(kernel_size)))
    places = _places(x.shape[2:], kernel_size, dilation, padding, stride)
    return np.stack([padded[:, :, rows, columns].reshape(x.shape[0], size) for rows, columns in places], -1)


def _fold(x, output_size, kernel_size, dilation=1, padding=0, stride=1):
    sizes, (ph, pw), kernel = _pair(output_size), _pair(padding), _pair(kernel_size)
    channels = x.shape[1] // int(np.prod(kernel))
    out = np.zeros((x.shape[0], channels, sizes[0] + 2 * ph, sizes[1] + 2 * pw), x.dtype)
    for i, (rows, columns) in enumerate(_places(sizes, kernel_size, dilation, padding, stride)):
        out[:, :, rows, columns] += x[:, :, i].reshape(x.shape[0], channels, *kernel)
    return out[:, :, ph : ph + sizes[0], pw : pw + sizes[1]]


case(
    "unfold",
    _unfold,
    sample(array(2, 3, 4, 5), 2),
    sample(array(1, 2, 5, 6), (2, 3), 1, (1, 2), (2, 1)),
    sample(array(1, 2, 7, 7), 2, dilation=(2, 3), padding=1, stride=2),
    sample(array(1, 1, 1, 1), 1),
    sample(array(0, 2, 3, 3), 2),
    dtypes=(*FLOATS, "int32", "bool"),
    mistakes=[
        sample(array(2, 3, 4), 2),
        sample(array(1, 1, 2, 2), 3),
        sample(array(1, 1, 2, 2), 0),
        sample(array(1, 1, 2, 2), 1, padding=-1),
        sample(array(1, 1, 2, 2), (1, 1, 1)),
    ],
)
case(
    "fold",
    _fold,
    sample(array(2, 12, 12), (4, 5), 2),
    sample(array(1, 12, 24), (5, 6), (2, 3), 1, (1, 2), (2, 1)),
    sample(array(1, 8, 12), 7, 2, dilation=(2, 3), padding=1, stride=2),
    sample(array(1, 1, 1), 1, 1),
    sample(array(0, 8, 4), 3, 2),
    dtypes=(*FLOATS, "int32"),
    magnitude=lambda x, *rest, **options: _fold(np.abs(x), *rest, **options),
    mistakes=[
        sample(array(2, 12, 12, 1), 4, 2),
        sample(array(2, 5, 9), 4, 2),
        sample(array(2, 4, 8), 4, 2),
        sample(array(2, 4, 9), 1, 2),
    ],
)


def _depth_to_space(x, block_size, data_format="channels_last"):
    first = data_format == FIRST
    x = np.moveaxis(x, 1, -1) if first else x
    batch, height, width, channels = x.shape
    depth = channels // block_size**2
    out = np.zeros((batch, height * block_size, width * block_size, depth), x.dtype)
    for i in range(block_size):
        for j in range(block_size):
            place = i * block_size + j
            part = slice(place, None, block_size**2) if first else slice(place * depth, (place + 1) * depth)
            out[:, i::block_size, j::block_size] = x[..., part]
    return np.moveaxis(out, -1, 1) if first else out


def _space_to_depth(x, block_size, data_format="channels_last"):
    first = data_format == FIRST
    x = np.moveaxis(x, 1, -1) if first else x
    blocks = [x[:, i::block_size, j::block_size] for i in range(block_size) for j in range(block_size)]
    if first:
        stacked = np.stack(blocks, -1)
        return np.moveaxis(stacked.reshape(*stacked.shape[:3], -1), -1, 1)
    return np.concatenate(blocks, -1)


case(
    "depth_to_space",
    _depth_to_space,
    sample(array(2, 2, 3, 8), 2),
    sample(array(2, 8, 2, 3), 2, FIRST),
    sample(array(1, 1, 2, 9), 3),
    sample(array(0, 2, 2, 4), 2),
    dtypes=(*FLOATS, "int32", "bool"),
    mistakes=[
        sample(array(2, 2, 3, 6), 2),
        sample(array(2, 2, 8), 2),
        sample(array(2, 2, 2, 8), 1),
        sample(array(2, 2, 2, 8), 2, "last"),
    ],
)
case(
    "space_to_depth",
    _space_to_depth,
    sample(array(2, 4, 6, 2), 2),
    sample(array(2, 2, 4, 6), 2, FIRST),
    sample(array(1, 3, 6, 1), 3),
    sample(array(0, 2, 2, 1), 2),
    dtypes=(*FLOATS, "int32", "bool"),
    mistakes=[sample(array(2, 3, 4, 6), 2), sample(array(2, 4, 4), 2), sample(array(2, 4, 5, 6), 2, FIRST)],
)
