"""What every op is called with."""

from __future__ import annotations

import numpy as np

SIZES = {"small": (8, 8, 8, 2), "large": (1000, 256, 64, 8)}
"""By name: the length of the axes of most arrays, of matrices to factorize, of pictures, and of batches of these."""


def arrays(size: str) -> dict[str, np.ndarray]:
    """The arrays of the calls below, by name."""
    n, rank, side, batch = SIZES[size]
    random = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        return random.normal(size=shape).astype("float32")

    def uniform(low: float, high: float, *shape: int) -> np.ndarray:
        return random.uniform(low, high, shape).astype("float32")

    def integers(low: int, high: int, *shape: int) -> np.ndarray:
        return random.integers(low, high, shape).astype("int32")

    x, square, identity = normal(n, n), normal(rank, rank), np.eye(rank, dtype="float32")
    return {
        "x": x,
        "y": normal(n, n),
        "near": x + np.float32(1e-7),
        "positive": uniform(0.5, 2, n, n),
        "around_one": uniform(0.99, 1.01, n, n),
        "fractions": uniform(0.01, 0.99, n, n),
        "beyond": uniform(1.1, 3, n, n),
        "missing": np.where(random.random((n, n)) < 0.1, np.float32(np.nan), x),
        "i": integers(1, 100, n, n),
        "j": integers(1, 8, n, n),
        "a": random.random((n, n)) < 0.5,
        "b": random.random((n, n)) < 0.5,
        "z": (normal(n, n) + 1j * normal(n, n)).astype("complex64"),
        "half": normal(n, n // 2 + 1),
        "row": normal(n),
        "other": normal(n),
        "ordered": np.sort(normal(n)),
        "places": integers(0, n, n),
        "along": integers(0, n, n, n),
        "pairs": integers(0, n, n, 2),
        "segments": np.arange(n, dtype="int32") // 4,
        "start": np.array([1, 2], "int32"),
        "part": normal(n // 2, n // 2),
        "factor": normal(n // 16 + 2, 16),
        "vectors": normal(n * n // 4, 3),
        "others": normal(n * n // 4, 3),
        "points": normal(rank, 16),
        "shares": random.dirichlet(np.ones(n), n).astype("float32"),
        "matrix": square + rank * identity,
        "definite": square @ square.T + rank * identity,
        "triangle": np.tril(square) + rank * identity,
        "right": normal(rank, rank),
        "images": uniform(0, 1, batch, side, side, 3),
        "features": normal(batch, side, side, 16),
        "first": normal(batch, 16, side, side),
        "columns": normal(batch, 16 * 9, (side - 2) ** 2),
        "kernel": normal(3, 3, 16, 16),
        "depthwise": normal(3, 3, 16, 1),
        "scale": uniform(0.5, 1.5, 16),
        "offset": normal(16),
        "query": normal(batch, side, 4, 16),
        "key": normal(batch, side, 4, 16),
        "value": normal(batch, side, 4, 16),
        "signal": normal(batch, 64 * side),
        "seed": np.array([1, 2], "uint32"),
    }


GROUPS = {
    # functions of elements
    "x": """
        abs ceil copy cos cosh deg2rad elu erf erfc exp exp2 expm1 fabs floor hard_sigmoid hard_silu hard_tanh celu
        isneginf isposinf isreal log_sigmoid negative rad2deg relu relu6 rint round selu sigmoid sign signbit silu sin
        sinc sinh softplus softsign sparse_plus sparse_sigmoid square squareplus tan tanh tanh_shrink arctan arcsinh
        trunc gelu hard_shrink soft_shrink i0 i1 cbrt
    """,
    "fractions": "arcsin arccos arctanh erfinv",
    "beyond": "arccosh",
    "positive": "log log10 log1p log2 sqrt rsqrt reciprocal",
    "missing": "isnan isinf isfinite nan_to_num",
    "x, 0.2": "leaky_relu",
    "x, 0.5, 0.0": "threshold",
    "x, -1.0, 1.0": "clip",
    "x, y": """
        add subtract multiply divide maximum minimum arctan2 hypot logaddexp logaddexp2 equal not_equal less less_equal
        greater greater_equal fmax fmin heaviside nextafter divide_no_nan make_complex
    """,
    "x, positive": "floor_divide mod fmod",
    "positive, y": "power polar",
    "x, near": "isclose allclose",
    "x, j": "ldexp",
    "i, j": "gcd lcm bitwise_and bitwise_or bitwise_xor left_shift right_shift",
    "i": "bitwise_not",
    "a, b": "logical_and logical_or logical_xor",
    "a": "logical_not nonzero",
    "a, x, y": "where",
    "[a, b], [x, y], 0.0": "select",
    "z": "real imag conjugate angle view_as_real",
    "x, 'int32'": "cast view",
    "i, 'uint8'": "saturate_cast",
    # along an axis
    "x, 1": """
        sum mean var std amax amin argmax argmin logsumexp cumsum softmax log_softmax glu median ptp average moments
        argsort sort sparsemax expand_dims
    """,
    "around_one, 1": "prod cumprod",
    "a, 1": "any all count_nonzero",
    "missing, 1": """
        nanmax nanmin nanargmax nanargmin nansum nanprod nancumsum nancumprod nanmean nanvar nanstd nanmedian
    """,
    "x, 0.3, 1": "quantile",
    "x, 30.0, 1": "percentile",
    "missing, 0.3, 1": "nanquantile",
    "missing, 30.0, 1": "nanpercentile",
    "x, 2, 1": "norm roll repeat",
    "x, 1, 1": "diff",
    "x, row": "trapezoid",
    "x, 1, 2": "normalize",
    "x, y, 1.0": "psnr",
    "x, 5": "top_k argpartition",
    "ordered, row": "searchsorted",
    "x, ordered": "digitize",
    "i, places": "isin",
    "x ": "corrcoef unique histogram",
    # movement and indices
    "x  ": "transpose tril triu diagonal diag trace flip fliplr flipud rot90",
    "x, (-1, 4)": "reshape",
    "x, (4, n, n)": "broadcast_to",
    "x, 0, 1": "swapaxes moveaxis",
    "x[None]": "squeeze",
    "[x, y], 1": "concatenate stack",
    "[x, y]": "hstack vstack dstack",
    "x, y, 1": "append",
    "x, 4, 1": "split array_split",
    "x, 4": "hsplit vsplit",
    "x, ((1, 1), (2, 2))": "pad",
    "x, (2, 2)": "tile",
    "x, places, 1": "take",
    "x, along, 1": "take_along_axis",
    "x, pairs": "gather",
    "pairs, row, (n, n)": "scatter",
    "x, pairs, row, 'add'": "scatter_update",
    "x, start, part": "slice_update",
    "x, start, (4, 4)": "slice",
    "places, (10, n)": "unravel_index",
    "x, segments, n // 4": "segment_sum segment_max segment_min segment_prod",
    "places, None, n": "bincount",
    # creation
    "1.0, 2.0, n": "linspace geomspace logspace",
    "(n, n)": "zeros ones",
    "(n, n), 2.0": "full",
    "x, 2.0": "full_like",
    "x   ": "zeros_like ones_like",
    "n": "arange eye tri bartlett blackman hamming hanning",
    "n, 5.0": "kaiser",
    "places, n": "one_hot",
    "row": "diagflat",
    "fractions[0]": "vander",
    # products and matrices
    "x, y ": "matmul dot inner",
    "row, other": "outer meshgrid correlate",
    "x.reshape(-1), y.reshape(-1)": "vdot",
    "factor, factor": "kron",
    "vectors, others": "cross",
    "points, points": "cdist",
    "matrix, right": "solve lstsq",
    "triangle, right, True": "solve_triangular",
    "matrix": "inv det slogdet lu_factor qr eig pinv matrix_rank",
    "matrix, False": "svd",
    "definite": "cholesky eigh logdet",
    "[x, y] ": "fft fft2 ifft2",
    "x    ": "rfft",
    "[half, half]": "irfft",
    # networks and pictures
    "features, scale, offset": "layer_normalization",
    "features, scale": "rms_normalization",
    "features, offset, scale, -1, offset, scale": "batch_normalization",
    "query, key, value": "dot_product_attention",
    "features, 2": "max_pool average_pool space_to_depth depth_to_space",
    "features, 4": "adaptive_average_pool adaptive_max_pool",
    "features, kernel": "conv conv_transpose",
    "features, depthwise": "depthwise_conv",
    "first, 3": "unfold",
    "columns, side, 3": "fold",
    "shares, fractions": "binary_crossentropy",
    "shares, shares": "categorical_crossentropy",
    "places, x, True": "sparse_categorical_crossentropy",
    "places, x, 5": "in_top_k",
    "images": "image.rgb_to_grayscale image.rgb_to_hsv image.hsv_to_rgb image.sobel_edges",
    "images, (24, 24)": "image.resize",
    "images, 3": "image.extract_patches",
    "signal, 64, 32, 64": "stft",
    "signal, 64, 32": "extract_sequences",
    # random numbers
    "(n, n), 0.0, 1.0, 'float32', seed": "random.uniform random.normal random.truncated_normal",
    "(n, n), 0, 10, 'int32', seed": "random.randint",
    "x, 0.5, None, seed": "random.dropout",
}
"""Ops by the arguments that they are called with, written as in a call; `n` and `side` are lengths of axes."""

CALLS = {name: arguments.strip() for arguments, names in GROUPS.items() for name in names.split()}
