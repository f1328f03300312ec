"""Cases of ops on images: each against its definition, pixel by pixel."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np

from ..case import FLOATS, INTS, array, case, given, sample
from .random import normals
from .windows import each, patches, same_pairs

LAST, FIRST = "channels_last", "channels_first"
NAN, INF = float("nan"), float("inf")
REAL = ("float32", "float64")
MANY = (*FLOATS, "uint8", "int8", "int32", "int64", "uint32")


def as_images(function):
    """A reference that takes and gives batches with channels last, for images in any arrangement."""

    def run(images, *args, data_format=LAST, **params):
        single = images.ndim == 3
        x = images[None] if single else images
        x = np.moveaxis(x, 1, -1) if data_format == FIRST else x
        out = function(x, *args, **params)
        out = np.moveaxis(out, 3, 1) if data_format == FIRST else out
        return out[0] if single else out

    return run


def like(x, values):
    """Values in the dtype of an array: integers are rounded, what is a tie but for rounding errors counts as one."""
    if x.dtype.kind == "f":
        return values
    limits = np.iinfo(x.dtype)
    return np.clip(np.rint(np.round(values, 8)), float(limits.min), float(limits.max))


def greatest(x, *_, **__):
    """The size of what is added up: that of the greatest pixel."""
    return np.full((), np.abs(x).max(initial=0))


# Sizes -----------------------------------------------------------------------------------------------------


def linear(t):
    return max(1 - t, 0.0)


def cubic(t):
    if t < 1:
        return 1.5 * t**3 - 2.5 * t**2 + 1
    return -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2 if t < 2 else 0.0


def lanczos(radius):
    def sinc(t):
        return 1.0 if t == 0 else math.sin(math.pi * t) / (math.pi * t)

    return lambda t: sinc(t) * sinc(t / radius) if t < radius else 0.0


KERNELS = {
    "linear": linear,
    "triangle": linear,
    "bilinear": linear,
    "cubic": cubic,
    "bicubic": cubic,
    "lanczos3": lanczos(3),
    "lanczos5": lanczos(5),
}


def resampled(line, outputs, scale, shift, kernel, antialias):
    """One row of pixels, stretched and moved."""
    out = np.zeros(outputs)
    width = max(1 / scale, 1) if antialias else 1
    for i in range(outputs):
        center = (i + 0.5 - shift) / scale - 0.5
        weights = [kernel(abs(center - j) / width) for j in range(len(line))]
        total = math.fsum(weights)
        if -0.5 <= center <= len(line) - 0.5 and abs(total) > 1.2e-4:
            out[i] = math.fsum(w * value for w, value in zip(weights, line, strict=True)) / total
    return out


@as_images
def resize(
    x,
    size,
    interpolation="bilinear",
    antialias=False,
    crop_to_aspect_ratio=False,
    pad_to_aspect_ratio=False,
    fill_value=0.0,
):
    """The images in another size."""
    (height, width), (rows, columns) = x.shape[1:3], size
    if crop_to_aspect_ratio:
        high, wide = min(height, width * rows // columns), min(width, height * columns // rows)
        top, left = (height - high) // 2, (width - wide) // 2
        x = x[:, top : top + high, left : left + wide]
    if pad_to_aspect_ratio:
        high, wide = max(height, width * rows // columns), max(width, height * columns // rows)
        top, left = (high - height) // 2, (wide - width) // 2
        x = np.pad(x, ((0, 0), (top, top), (left, left), (0, 0)), constant_values=fill_value)
    out = x
    for axis, new in ((1, rows), (2, columns)):
        old = out.shape[axis]
        if interpolation == "nearest":
            out = np.take(out, [math.floor(Fraction(2 * i + 1, 2 * new) * old) for i in range(new)], axis)
        elif old != new:
            along = (new, new / old, 0.0, KERNELS[interpolation], antialias)
            out = (
                np.apply_along_axis(resampled, axis, out, *along)
                if out.size
                else np.zeros((*x.shape[:1], *size, *x.shape[3:]))
            )
    return out if interpolation == "nearest" else like(x, out)


def pixels(*shape, **options):
    """An image whose numbers fit into a byte."""
    return array(*shape, low=0, high=255, **options)


SMOOTH = ("bilinear", "bicubic", "lanczos3", "lanczos5")
case(
    "resize",
    resize,
    sample(pixels(1, 4, 5, 2), size=(7, 3), data_format=LAST),
    sample(pixels(4, 3, 1), size=(6, 2), interpolation="bicubic", data_format=LAST),
    sample(pixels(2, 2, 3, 4), size=(2, 7), interpolation="nearest", data_format=FIRST),
    *(
        sample(
            pixels(6, 5, 1), size=(4, 9), interpolation=i, antialias=a, data_format=LAST, dtypes=("float32", "uint8")
        )
        for i in ("nearest", *SMOOTH)
        for a in (False, True)
    ),
    *(sample(pixels(1, 1, 9, 8), size=(2, 3), interpolation=i, antialias=True, data_format=FIRST) for i in SMOOTH),
    sample(
        pixels(2, 21, 18), size=(5, 40), interpolation="bicubic", data_format=FIRST, dtypes=("float32",), gradient=False
    ),
    sample(pixels(4, 4, 1), size=(6, 6), data_format=LAST, dtypes=("uint8", "int32")),  # many ties
    sample(pixels(3, 5, 2), size=(3, 5), interpolation="lanczos5", data_format=LAST),
    sample(pixels(1, 1, 2), size=(3, 2), interpolation="bicubic", data_format=LAST),
    sample(pixels(5, 1, 2), size=(1, 1), interpolation="lanczos3", antialias=True, data_format=LAST),
    sample(pixels(0, 3, 4, 2), size=(2, 2), data_format=LAST),
    sample(pixels(3, 4, 0), size=(2, 2), data_format=LAST),
    sample(pixels(5, 8, 2), size=(3, 3), crop_to_aspect_ratio=True, data_format=LAST),
    sample(pixels(2, 8, 5), size=(2, 3), crop_to_aspect_ratio=True, interpolation="nearest", data_format=FIRST),
    sample(pixels(5, 8, 2), size=(3, 3), pad_to_aspect_ratio=True, fill_value=7.0, data_format=LAST),
    sample(pixels(8, 5, 2), size=(4, 6), pad_to_aspect_ratio=True, fill_value=7.0, data_format=LAST, dtypes=("uint8",)),
    sample(
        given([[NAN], [1.0], [INF]]),
        size=(1, 3),
        interpolation="nearest",
        data_format=LAST,
        dtypes=REAL,
        gradient=False,
    ),
    dtypes=MANY,
    magnitude=greatest,
    mistakes=[
        sample(array(4, 5), size=(2, 2)),
        sample(array(4, 5, 1), size=(2, 0)),
        sample(array(4, 5, 1), size=(2, 2, 2)),
        sample(array(4, 5, 1), size=(2, 2), interpolation="area"),
        sample(array(4, 5, 1), size=(2, 2), fill_mode="reflect"),
        sample(array(4, 5, 1), size=(2, 2), crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
        sample(array(4, 5, 1), size=(2, 2), data_format="last"),
        sample(array(4, 0, 1), size=(2, 2), data_format=LAST),
        sample(array(4, 5, 1, dtype="bool"), size=(2, 2), data_format=LAST),
    ],
)


def scale_and_translate(images, output_shape, scale, translation, spatial_dims, method, antialias=True):
    """An array stretched and moved along axes, row by row."""
    out = images
    for axis, s, t in zip(spatial_dims, np.asarray(scale, "float64"), np.asarray(translation, "float64"), strict=True):
        out = np.apply_along_axis(resampled, axis, out, output_shape[axis], s, t, KERNELS[method], antialias)
    return like(images, out)


STRETCH, MOVE = np.array([1.7, 0.6], "float32"), np.array([0.4, -0.7], "float32")
FAR_AWAY = (np.array([2.0], "float32"), np.array([-30.0], "float32"))
case(
    "scale_and_translate",
    scale_and_translate,
    sample(pixels(4, 5), (6, 4), STRETCH, MOVE, spatial_dims=(0, 1), method="linear"),
    sample(pixels(4, 5, 2), (6, 4, 2), STRETCH, MOVE, spatial_dims=(0, 1), method="cubic"),
    sample(pixels(2, 4, 5), (2, 7, 5), STRETCH, MOVE, spatial_dims=(-2, -1), method="lanczos3", antialias=False),
    *(
        sample(pixels(6), (5,), array(1, low=0.4, high=1.9), array(1), spatial_dims=(0,), method=m)
        for m in ("triangle", "bicubic", "lanczos5")
    ),
    sample(pixels(3), (3,), *FAR_AWAY, spatial_dims=[0], method="linear"),
    dtypes=MANY,
    magnitude=greatest,
    mistakes=[
        sample(array(4, 5), (6, 4), STRETCH, MOVE, spatial_dims=(0, 1), method="area"),
        sample(array(4, 5), (6, 4), STRETCH, MOVE, spatial_dims=(0,), method="linear"),
        sample(array(4, 5), (6, 4), STRETCH[:1], MOVE[:1], spatial_dims=(0,), method="linear"),
        sample(array(4, 5), (6, 4), STRETCH, MOVE, spatial_dims=(0, 2), method="linear"),
        sample(array(4, 5, dtype="bool"), (6, 4), STRETCH, MOVE, spatial_dims=(0, 1), method="linear"),
    ],
)


# Warps -----------------------------------------------------------------------------------------------------


def place(i, n, mode):
    """Where on an axis a place beyond its ends is; None for nowhere."""
    if mode == "nearest":
        return min(max(i, 0), n - 1)
    if mode == "wrap":
        return i % n
    if mode == "reflect":
        return [*range(n), *reversed(range(n))][i % (2 * n)]
    if mode == "mirror":
        return [*range(n), *reversed(range(1, n - 1))][i % max(2 * n - 2, 1)]
    return i if 0 <= i < n else None


def interpolated(x, position, order, mode, fill):
    """The element of an array at one position."""
    if not all(map(math.isfinite, position)):
        if order and any(map(math.isnan, position)):
            return NAN
        if mode == "constant":
            return fill
    corners = []
    for p, n in zip(position, x.shape, strict=True):
        p = min(max(p, -1e6), 1e6)  # beyond, nothing changes
        low = math.floor(p)
        corners.append([(low, 1 - (p - low)), (low + 1, p - low)] if order else [(math.floor(p + 0.5), 1.0)])
        del n
    total = 0.0
    for corner in itertools.product(*corners):
        index = tuple(place(i, n, mode) for (i, _), n in zip(corner, x.shape, strict=True))
        value = fill if None in index else x[index]
        weight = math.prod(w for _, w in corner)
        total += value * weight if weight else 0.0
    return total


def map_coordinates(inputs, coordinates, order, fill_mode="constant", fill_value=0):
    """The elements of an array at positions, one by one."""
    out = np.zeros(coordinates.shape[1:])
    for spot in np.ndindex(*out.shape):
        position = [float(row[spot]) for row in coordinates]
        out[spot] = interpolated(inputs, position, order, fill_mode, fill_value)
    return like(inputs, out)


MODES = ("constant", "nearest", "wrap", "mirror", "reflect")
FAR = np.array([[-12.3, -6.5, -4.7, -3.1, -1.5, -1.0, -0.5, -0.2, 0.0, 0.5, 1.5, 2.0, 2.5, 3.3, 3.5, 5.5, 7.0, 40.2]])
FAR = FAR.astype("float32")
ODD = np.array([[NAN, INF, -INF, 1e30, -1e30]], "float32")
case(
    "map_coordinates",
    map_coordinates,
    sample(pixels(4, 5), array(2, 3, 2, low=-1.9, high=5.9), order=1),
    sample(pixels(3, 2, 2), array(3, 4, low=-1.0, high=2.0), order=1, fill_mode="reflect"),
    sample(pixels(4, 5), array(2, 6, low=-2.9, high=5.9), order=0, fill_mode="wrap"),
    *(sample(pixels(4), FAR, order=o, fill_mode=m, fill_value=9) for o in (0, 1) for m in MODES),
    *(sample(pixels(1), FAR, order=1, fill_mode=m, fill_value=9) for m in MODES),
    *(
        sample(pixels(4), ODD, order=1, fill_mode=m, fill_value=9, dtypes=REAL, gradient=False)
        for m in ("constant", "nearest")
    ),
    sample(pixels(4), np.array([[INF, -INF, 7.0]], "float32"), order=0, fill_value=9),
    sample(pixels(4), np.array([[0.49999997, 2.4999998]], "float32"), order=0),
    sample(pixels(4), np.array([[1, -1, 3, 4]]), order=1),
    sample(pixels(4), np.array([[0.5, 1.5, 0.75]]).astype("float16"), order=1, gradient=False),
    sample(pixels(4, 3), array(2, 0), order=1),
    dtypes=MANY,
    magnitude=greatest,
    mistakes=[
        sample(array(4, 5), array(3, 2), order=1),
        sample(array(4), array(1), order=1),
        sample(array(4), array(1, 2), order=2),
        sample(array(4), array(1, 2), order=1, fill_mode="edge"),
        sample(array(0), array(1, 2), order=1),
        sample(array(4, dtype="bool"), array(1, 2), order=1),
    ],
)


def projected(x, matrices, order, mode, fill):
    """Images seen through projective maps, pixel by pixel."""
    out = np.zeros(x.shape)
    for b, row, column in np.ndindex(*x.shape[:3]):
        a = matrices[b % len(matrices)]
        k = a[6] * column + a[7] * row + 1
        position = [float((a[i] * column + a[i + 1] * row + a[i + 2]) / k) for i in (3, 0)]
        for channel in range(x.shape[3]):
            out[b, row, column, channel] = interpolated(x[b, ..., channel], position, order, mode, fill)
    return like(x, out)


def exactly(numbers):
    """Numbers as fractions, in which everything is exact."""
    return [Fraction(float(number)) for number in np.asarray(numbers, "float64").ravel()]


@as_images
def affine(x, transform, interpolation="bilinear", fill_mode="constant", fill_value=0):
    matrices = [exactly(row) for row in np.asarray(transform).reshape(-1, 8)]
    return projected(x, matrices, int(interpolation == "bilinear"), fill_mode, fill_value)


TURN = np.array([1, 0.1, 0.3, 0.05, 0.9, -0.4, 0, 0], "float32")
TURNS = np.stack([TURN, np.array([1.1, 0, 0.5, -0.2, 1.2, 0.25, 0.01, 0.02], "float32")])
case(
    "affine_transform",
    affine,
    sample(pixels(2, 4, 5, 2), TURNS, data_format=LAST),
    sample(pixels(2, 3, 4), TURN, fill_mode="reflect", data_format=FIRST),
    sample(pixels(2, 3, 4, 1), TURN, interpolation="nearest", fill_mode="nearest", data_format=LAST),
    *(
        sample(pixels(3, 4, 1), TURN, interpolation=i, fill_mode=m, fill_value=3, data_format=LAST)
        for i in ("nearest", "bilinear")
        for m in MODES
    ),
    sample(pixels(2, 2, 1), np.array([0.9, 0.1, 0.25, 0.15, 0.8, 0.3, 0.02, 0.03]), data_format=LAST),
    sample(pixels(0, 2, 2, 1), TURN, data_format=LAST),
    sample(pixels(2, 2, 1), np.array([1, 0, 1, 0, 1, 0, 0, 0]), data_format=LAST),
    dtypes=MANY,
    magnitude=greatest,
    mistakes=[
        sample(array(4, 5), TURN),
        sample(array(2, 4, 5, 1), TURN[:6]),
        sample(array(3, 4, 5, 1), TURNS),
        sample(array(4, 5, 1), TURN, interpolation="bicubic"),
        sample(array(4, 5, 1), TURN, fill_mode="edge"),
        sample(array(4, 5, 1), TURN, data_format="last"),
    ],
)


def solved(matrix, vector):
    """The solution of a system of equations, in fractions."""
    rows = [[*row, value] for row, value in zip(matrix, vector, strict=True)]
    for i in range(len(rows)):
        pivot = next(r for r in range(i, len(rows)) if rows[r][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for r in range(len(rows)):
            if r != i:
                rows[r] = [value - rows[r][i] * own for value, own in zip(rows[r], rows[i], strict=True)]
    return [row[-1] for row in rows]


@as_images
def perspective(x, start_points, end_points, interpolation="bilinear", fill_value=0):
    matrices = []
    for starts, ends in zip(start_points.reshape(-1, 4, 2), end_points.reshape(-1, 4, 2), strict=True):
        equations, values = [], []
        for (u, v), (p, q) in zip(map(exactly, starts), map(exactly, ends), strict=True):
            equations += [[p, q, 1, 0, 0, 0, -u * p, -u * q], [0, 0, 0, p, q, 1, -v * p, -v * q]]
            values += [u, v]
        matrices.append(solved(equations, values))
    return projected(x, matrices, int(interpolation == "bilinear"), "constant", fill_value)


STARTS = np.array([[0, 0], [0, 3], [4, 0], [4, 3]], "float32")
ENDS = np.array([[1, 0], [0.5, 3.5], [3.5, 0.5], [4, 2.75]], "float32")
case(
    "perspective_transform",
    perspective,
    sample(pixels(2, 4, 5, 2), np.stack([STARTS, ENDS]), np.stack([ENDS, STARTS]), data_format=LAST),
    sample(pixels(2, 4, 5), STARTS, ENDS, fill_value=3, data_format=FIRST),
    sample(pixels(2, 4, 5, 1), STARTS, ENDS, interpolation="nearest", fill_value=3, data_format=LAST),
    sample(pixels(2, 2, 1), STARTS.astype("float64") / 4, ENDS.astype("float64") / 5 + 0.1, data_format=LAST),
    sample(pixels(2, 3, 1), STARTS.astype("int32"), STARTS.astype("int32"), data_format=LAST),
    dtypes=MANY,
    magnitude=greatest,
    mistakes=[
        sample(array(4, 5), STARTS, ENDS),
        sample(array(4, 5, 1), STARTS[:3], ENDS[:3]),
        sample(array(4, 5, 1), STARTS, np.stack([ENDS, ENDS])),
        sample(array(3, 4, 5, 1), np.stack([STARTS, ENDS]), np.stack([ENDS, STARTS])),
        sample(array(4, 5, 1), STARTS, ENDS, interpolation="bicubic"),
    ],
)


def bell(size, sigma):
    """A bell curve that adds up to 1."""
    curve = np.exp(-0.5 * ((np.arange(size) - (size - 1) / 2) / sigma) ** 2)
    return curve / curve.sum()


def blur(x, kernel):
    """Images, with zeros around them, as the sums of their pixels weighted by a kernel."""
    high, wide = kernel.shape
    top, left = (high - 1) // 2, (wide - 1) // 2
    padded = np.pad(x, ((0, 0), (top, high - 1 - top), (left, wide - 1 - left), (0, 0)))
    out = np.zeros(x.shape)
    for row, column in np.ndindex(*x.shape[1:3]):
        window = padded[:, row : row + high, column : column + wide]
        out[:, row, column] = np.einsum("bhwc,hw->bc", window, kernel)
    return out


@as_images
def elastic(x, alpha=20.0, sigma=5.0, interpolation="bilinear", fill_mode="reflect", fill_value=0.0, seed=None):
    taps = bell(int(6 * sigma) | 1, sigma)
    noise = normals(seed, (2, *x.shape[:3]), 0.0, sigma, "float64")
    across, down = (blur(plane[..., None], np.outer(taps, taps))[..., 0] * alpha for plane in noise)
    out = np.zeros(x.shape)
    for b, row, column, channel in np.ndindex(*x.shape):
        position = [row + down[b, row, column], column + across[b, row, column]]
        order = int(interpolation == "bilinear")
        out[b, row, column, channel] = interpolated(x[b, ..., channel], position, order, fill_mode, fill_value)
    return like(x, out)


KEY = np.array([7, 3], "uint32")
case(
    "elastic_transform",
    elastic,
    sample(pixels(2, 5, 6, 2), alpha=1.5, sigma=1.0, seed=KEY, data_format=LAST),
    sample(pixels(2, 5, 6), alpha=2.0, sigma=0.7, fill_mode="wrap", seed=KEY, data_format=FIRST),
    sample(
        pixels(5, 6, 1),
        alpha=3.0,
        sigma=1.0,
        interpolation="nearest",
        fill_mode="constant",
        fill_value=7,
        seed=KEY,
        data_format=LAST,
    ),
    sample(pixels(6, 5, 1), seed=KEY, data_format=LAST),
    dtypes=MANY,
    magnitude=greatest,
    mistakes=[
        sample(array(4, 5), seed=KEY),
        sample(array(4, 5, 1), sigma=0.0, seed=KEY),
        sample(array(4, 5, 1), interpolation="bicubic", seed=KEY),
        sample(array(4, 5, 1), fill_mode="edge", seed=KEY),
    ],
    drawn=False,
)


# Filters ---------------------------------------------------------------------------------------------------


@as_images
def gaussian_blur(x, kernel_size=(3, 3), sigma=(1.0, 1.0)):
    return like(x, blur(x, np.outer(bell(kernel_size[1], sigma[1]), bell(kernel_size[0], sigma[0]))))


case(
    "gaussian_blur",
    gaussian_blur,
    sample(pixels(2, 4, 5, 2), data_format=LAST),
    sample(pixels(2, 4, 5), kernel_size=(5, 3), sigma=(0.8, 2.0), data_format=FIRST),
    sample(pixels(4, 5, 1), kernel_size=[4, 2], sigma=[1.0, 1], data_format=LAST),
    sample(pixels(2, 3, 1), kernel_size=(9, 9), sigma=(3.0, 0.1), data_format=LAST),
    sample(pixels(1, 1, 1), kernel_size=(1, 1), data_format=LAST),
    sample(pixels(0, 3, 3, 1), data_format=LAST),
    dtypes=MANY,
    magnitude=greatest,
    mistakes=[
        sample(array(4, 5)),
        sample(array(4, 5, 1), kernel_size=3),
        sample(array(4, 5, 1), kernel_size=(3, 0)),
        sample(array(4, 5, 1), sigma=(1.0, 0.0)),
        sample(array(4, 5, 1, dtype="bool"), data_format=LAST),
    ],
)


@as_images
def sobel(x):
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    kernel = np.outer([-1, 0, 1], [1, 2, 1])
    out = np.zeros((*x.shape, 2), x.dtype)
    for row, column in np.ndindex(*x.shape[1:3]):
        window = padded[:, row : row + 3, column : column + 3]
        for number, weights in enumerate((kernel, kernel.T)):
            out[:, row, column, :, number] = np.einsum("bhwc,hw->bc", window, weights).astype(x.dtype)
    return out


case(
    "sobel_edges",
    sobel,
    sample(pixels(2, 4, 5, 2), data_format=LAST),
    sample(pixels(2, 2, 3, 4), data_format=FIRST),
    sample(pixels(3, 1, 1), data_format=LAST),
    sample(pixels(0, 3, 3, 1), data_format=LAST),
    dtypes=(*FLOATS, "int32", "int64", "int16", "uint8"),
    magnitude=lambda x, **_: np.full((), 8 * np.abs(x).max(initial=0)),
    mistakes=[sample(array(4, 5)), sample(array(0, 4, 1), data_format=LAST)],
)


def ssim(image1, image2, max_val=1.0, filter_size=11, filter_sigma=1.5, k1=0.01, k2=0.03, data_format=LAST):
    """The mean of the index over all places where the filter fits, one by one."""
    single = image1.ndim == 3
    x, y = (image[None] if single else image for image in (image1, image2))
    if data_format == FIRST:
        x, y = np.moveaxis(x, 1, -1), np.moveaxis(y, 1, -1)
    weights = np.outer(*[bell(filter_size, filter_sigma)] * 2)[None, :, :, None]
    found = []
    for row in range(x.shape[1] - filter_size + 1):
        for column in range(x.shape[2] - filter_size + 1):
            part = (slice(None), slice(row, row + filter_size), slice(column, column + filter_size))
            a, b = x[part].astype("float64"), y[part].astype("float64")
            mean_a, mean_b = ((weights * z).sum((1, 2), keepdims=True) for z in (a, b))
            var_a, var_b, both = (
                (weights * p * q).sum((1, 2))
                for p, q in ((a - mean_a, a - mean_a), (b - mean_b, b - mean_b), (a - mean_a, b - mean_b))
            )
            mean_a, mean_b = mean_a[:, 0, 0], mean_b[:, 0, 0]
            c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
            index = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1) * (2 * both + c2) / (var_a + var_b + c2)
            found.append(index)
    out = np.mean(found, (0, 2))
    return out[0] if single else out


case(
    "ssim",
    ssim,
    sample(array(2, 12, 11, 2, low=0, high=1), array(2, 12, 11, 2, low=0, high=1), data_format=LAST),
    sample(pixels(2, 5, 6), pixels(2, 5, 6), max_val=255, filter_size=3, filter_sigma=0.8, data_format=FIRST),
    sample(
        array(3, 4, 1, low=900, high=901),
        array(3, 4, 1, low=900, high=901),
        filter_size=2,
        data_format=LAST,
        dtypes=REAL,
    ),
    sample(array(3, 3, 1), array(3, 3, 1), filter_size=1, k1=0.1, k2=0.2, data_format=LAST),
    sample(array(2, 3, 3, 1), array(2, 3, 3, 1), filter_size=3, max_val=2.0, data_format=LAST),
    dtypes=(*FLOATS, "uint8", "int32"),
    mistakes=[
        sample(array(12, 12), array(12, 12)),
        sample(array(12, 12, 1), array(12, 13, 1), data_format=LAST),
        sample(array(12, 10, 1), array(12, 10, 1), data_format=LAST),
        sample(array(12, 12, 1), array(12, 12, 1), filter_size=0, data_format=LAST),
    ],
)


# Colours ---------------------------------------------------------------------------------------------------


@as_images
def grayscale(x):
    if x.shape[-1] == 1:
        return x
    weights = [Fraction(2989, 10000), Fraction(587, 1000), Fraction(114, 1000)]
    if x.dtype.kind != "f":
        exact = [math.trunc(sum(int(v) * w for v, w in zip(p, weights, strict=True))) for p in x.reshape(-1, 3)]
        return np.array(exact, "float64").reshape(*x.shape[:-1], 1)
    return (x * np.array([float(w) for w in weights])).sum(-1, keepdims=True)


SOME = given([[[0, 0, 250], [255, 255, 255], [7, 100, 3]]], [[[-3, 1, 0], [100, 100, 100], [0, 10, 0]]])
case(
    "rgb_to_grayscale",
    grayscale,
    sample(pixels(2, 3, 3), data_format=LAST),
    sample(pixels(2, 3, 2, 3), data_format=FIRST),
    sample(pixels(2, 3, 1), data_format=LAST),
    sample(SOME, data_format=LAST, dtypes=("int32", "int16", "float32")),
    sample(pixels(0, 3, 3), data_format=LAST),
    dtypes=(*FLOATS, *INTS),
    magnitude=greatest,
    mistakes=[
        sample(array(4, 3)),
        sample(array(3, 4, 2), data_format=LAST),
        sample(array(3, 4, 3), data_format="last"),
    ],
)


@as_images
def to_hsv(x):
    out = np.zeros(x.shape)
    for spot in np.ndindex(*x.shape[:-1]):
        r, g, b = (0.0 if abs(v) < TINY else float(v) for v in x[spot])
        high = NAN if any(map(math.isnan, (r, g, b))) else max(r, g, b)
        spread = high - min(r, g, b)
        hue = 0.0
        if spread > 0:
            sector = (g - b, 0) if high == r else (b - r, 2) if high == g else (r - g, 4)
            hue = (sector[0] / spread + sector[1]) / 6 % 1
        out[spot] = hue, spread / high if high > 0 else 0.0, high
    return out


TINY = 2.0**-60  # the samples have numbers below every dtype's epsilon and such above them all
CORNERS = given(
    [[[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]],
    [[[1, 1, 0], [0, 1, 1], [1, 0, 1], [0.5, 0.5, 1], [-1, -2, -3]]],
)
case(
    "rgb_to_hsv",
    to_hsv,
    sample(array(2, 2, 3, apart=0.07), data_format=LAST),
    sample(array(2, 3, 2, 3, low=0.1, high=1), data_format=FIRST, gradient=False),
    sample(CORNERS, data_format=LAST, kink=True),
    sample(given([[[1e-30, 0.5, 0.25], [1e-30, -1e-30, 1e-30]]]), data_format=LAST, gradient=False),
    sample(given([[[NAN, 0.5, 0.25], [0.5, NAN, 0.0]]]), data_format=LAST, gradient=False),
    sample(array(0, 2, 2, 3), data_format=LAST),
    magnitude=lambda x, **_: np.full((), max(1.0, np.nanmax(np.abs(x), initial=0))),
    mistakes=[
        sample(array(4, 3)),
        sample(array(3, 4, 1), data_format=LAST),
        sample(array(2, 2, 3, dtype="uint8"), data_format=LAST),
    ],
)


@as_images
def to_rgb(x):
    out = np.zeros(x.shape)
    for spot in np.ndindex(*x.shape[:-1]):
        h, s, v = (float(z) for z in x[spot])
        for channel, n in enumerate((5, 3, 1)):
            k = (n + h % 1 * 6) % 6
            out[(*spot, channel)] = v - v * s * max(0.0, min(k, 4 - k, 1))
    return out


case(
    "hsv_to_rgb",
    to_rgb,
    sample(given([[[h / 6 + 0.07, 0.5 + h / 20, 1 - h / 7] for h in range(6)]]), data_format=LAST),
    sample(array(2, 3, 2, 3, low=0.1, high=1), data_format=FIRST, gradient=False),
    sample(array(2, 3, 3, low=-3, high=3), data_format=LAST, gradient=False),
    sample(given([[[h / 6, 1.0, 1.0] for h in range(7)]]), data_format=LAST, kink=True),
    sample(array(0, 2, 2, 3), data_format=LAST),
    magnitude=lambda x, **_: np.full(
        (), 8 * max(1.0, np.abs(x).max(initial=0)) ** 2
    ),  # a hue of 3 is six times as wrong
    mistakes=[
        sample(array(4, 3)),
        sample(array(3, 4, 1), data_format=LAST),
        sample(array(2, 2, 3, dtype="int32"), data_format=LAST),
    ],
)


# Frames and patches ----------------------------------------------------------------------------------------


@as_images
def crop(x, top=None, left=None, bottom=None, right=None, height=None, width=None):
    rows = range(x.shape[1])[top if top is not None else -height - bottom :][
        : height if height is not None else -bottom or None
    ]
    columns = range(x.shape[2])[left if left is not None else -width - right :][
        : width if width is not None else -right or None
    ]
    return x[:, list(rows)][:, :, list(columns)]


@as_images
def pad(x, top=None, left=None, bottom=None, right=None, height=None, width=None):
    above = top if top is not None else height - bottom - x.shape[1]
    beside = left if left is not None else width - right - x.shape[2]
    high = height if height is not None else x.shape[1] + top + bottom
    wide = width if width is not None else x.shape[2] + left + right
    out = np.zeros((x.shape[0], high, wide, x.shape[3]), x.dtype)
    out[:, above : above + x.shape[1], beside : beside + x.shape[2]] = x
    return out


def by_names(function, word):
    """A reference whose parameters have the public names."""

    def run(images, data_format=LAST, **amounts):
        return function(
            images,
            data_format=data_format,
            **{k.replace(word, "").replace("target_", ""): v for k, v in amounts.items()},
        )

    return run


case(
    "crop_images",
    by_names(crop, "_cropping"),
    sample(array(2, 5, 6, 2), top_cropping=1, bottom_cropping=2, left_cropping=0, right_cropping=1, data_format=LAST),
    sample(array(2, 5, 6), top_cropping=1, target_height=3, right_cropping=1, target_width=4, data_format=FIRST),
    sample(array(5, 6, 2), bottom_cropping=0, target_height=5, left_cropping=2, target_width=2, data_format=LAST),
    sample(array(5, 6, 2), top_cropping=3, bottom_cropping=2, left_cropping=2, target_width=0, data_format=LAST),
    dtypes=(*REAL, "uint8", "bool"),
    mistakes=[
        sample(array(5, 6), top_cropping=1, bottom_cropping=2, left_cropping=0, right_cropping=1),
        sample(array(5, 6, 1), top_cropping=1, left_cropping=0, right_cropping=1, data_format=LAST),
        sample(array(5, 6, 1), top_cropping=1, bottom_cropping=1, left_cropping=1, right_cropping=1, target_width=4),
        sample(array(5, 6, 1), top_cropping=2, target_height=4, left_cropping=0, right_cropping=1, data_format=LAST),
        sample(array(5, 6, 1), top_cropping=3, bottom_cropping=3, left_cropping=0, right_cropping=1, data_format=LAST),
        sample(array(5, 6, 1), top_cropping=-1, bottom_cropping=3, left_cropping=0, right_cropping=1, data_format=LAST),
    ],
)
case(
    "pad_images",
    by_names(pad, "_padding"),
    sample(array(2, 3, 2, 2), top_padding=1, bottom_padding=2, left_padding=0, right_padding=1, data_format=LAST),
    sample(array(2, 3, 2), top_padding=1, target_height=5, right_padding=1, target_width=4, data_format=FIRST),
    sample(array(3, 2, 2), bottom_padding=0, target_height=5, left_padding=2, target_width=4, data_format=LAST),
    sample(array(0, 2, 2), bottom_padding=0, target_height=2, left_padding=2, target_width=4, data_format=LAST),
    dtypes=(*REAL, "uint8", "bool"),
    mistakes=[
        sample(array(5, 6), top_padding=1, bottom_padding=2, left_padding=0, right_padding=1),
        sample(array(5, 6, 1), top_padding=1, left_padding=0, right_padding=1, data_format=LAST),
        sample(array(5, 6, 1), top_padding=1, target_height=5, left_padding=0, right_padding=1, data_format=LAST),
        sample(array(5, 6, 1), top_padding=-1, bottom_padding=3, left_padding=0, right_padding=1, data_format=LAST),
    ],
)


def taken(rank):
    """Patches, one by one."""

    def run(images, size, strides=None, dilation_rate=1, padding="valid", data_format=LAST):
        single = images.ndim == rank + 1
        x = images[None] if single else images
        x = np.moveaxis(x, 1, -1) if data_format == FIRST else x
        sizes, dilation = each(size, rank), each(dilation_rate, rank)
        strides = sizes if strides is None else each(strides, rank)
        pairs = same_pairs(x.shape[1:-1], sizes, strides, dilation) if padding == "same" else [(0, 0)] * rank
        out = None
        for spot, counts, patch in patches(x, sizes, strides, pairs, dilation):
            if out is None:
                out = np.zeros((x.shape[0], *counts, math.prod(sizes) * x.shape[-1]), x.dtype)
            out[(slice(None), *spot)] = patch.reshape(out.shape[0], out.shape[-1])
        out = np.moveaxis(out, -1, 1) if data_format == FIRST else out
        return out[0] if single else out

    return run


case(
    "extract_patches",
    lambda images, size, **options: taken(3 if np.size(size) == 3 else 2)(images, size, **options),
    sample(array(2, 5, 6, 2), size=2, data_format=LAST),
    sample(array(2, 5, 6), size=(2, 3), strides=1, padding="same", data_format=FIRST),
    sample(array(5, 7, 2), size=(2, 2), strides=(2, 1), dilation_rate=(1, 3), data_format=LAST),
    sample(array(1, 5, 6, 1), size=3, padding="same", data_format=LAST),
    sample(array(6, 5, 1), size=2, strides=3, dilation_rate=2, data_format=LAST),
    sample(array(4, 4, 3, 2), size=(2, 2, 1), data_format=LAST),
    sample(given([[[NAN, 1.0], [2.0, INF]]]), size=1, data_format=LAST, gradient=False),
    dtypes=(*REAL, "uint8", "bool"),
    mistakes=[
        sample(array(5, 6), size=2),
        sample(array(5, 6, 1), size=(2, 2, 2, 2), data_format=LAST),
        sample(array(5, 6, 1), size=7, data_format=LAST),
        sample(array(5, 6, 1), size=2, padding="full", data_format=LAST),
        sample(array(5, 6, 1), size=0, data_format=LAST),
    ],
)
case(
    "extract_patches_3d",
    taken(3),
    sample(array(1, 4, 5, 4, 2), size=2, data_format=LAST),
    sample(array(2, 4, 4, 3), size=(2, 3, 1), strides=1, padding="same", data_format=FIRST),
    sample(array(5, 4, 5, 1), size=(1, 2, 2), strides=(2, 1, 1), dilation_rate=2, data_format=LAST),
    dtypes=(*REAL, "uint8", "bool"),
    mistakes=[
        sample(array(5, 6, 1), size=2),
        sample(array(4, 4, 4, 1), size=(2, 2), data_format=LAST),
        sample(array(4, 4, 4, 1), size=5, data_format=LAST),
    ],
)
