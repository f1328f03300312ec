"""Why some ops take longer than the native call."""

from __future__ import annotations

_STREAM = "one stream for all backends, computed in integer arithmetic"
_ORDER = "equal elements in the same order on every backend, which takes a stable sort"
_FACTORS = "signs and orders of our own, or the symmetric part first, so that every backend has the same factors"
_LOOK = "a look at whether indices are in range"
_SYNTHETIC = "a body of other ops, which the framework runs one by one"

REASONS: tuple[tuple[str, str, str], ...] = (
    # on every backend
    ("", "random.uniform random.normal random.truncated_normal random.dropout", _STREAM),
    (
        "",
        "random.randint",
        f"{_STREAM}: two words for each number (NumPy: 12 of its 15 ms), so that it is fair to 2**-31",
    ),
    ("", "sinc", "exactly 0 at whole numbers, for which a rounded pi is not enough"),
    ("", "argpartition", f"the order of argsort: {_ORDER}"),
    ("", "eigh eig qr svd cholesky", _FACTORS),
    ("", "var std moments nanvar nanstd", "squares of distances from the mean, which keep the digits of a large one"),
    ("", "take take_along_axis gather scatter scatter_update", _LOOK),
    ("", "i0 i1", "a series and an expansion that are right to the last digits, and infinite where they should be"),
    ("", "histogram", "a search among the edges, so that what lies on one falls on the same side everywhere"),
    ("", "image.resize", "products with matrices of weights, with which all interpolations have one meaning"),
    ("", "binary_crossentropy", "the probabilities are clipped, as in Keras, where others clip the logarithms"),
    ("", "corrcoef", "rows are scaled first, so that squares neither overflow nor vanish"),
    ("", "lstsq", "by the pseudo-inverse: the smallest solution, and its gradient, for matrices of any rank"),
    ("", "cdist", "by differences: products lose the digits of the distances of near points"),
    ("", "unique", "in order, and a NaN differs from another"),
    # where the framework's own function has a fault
    ("torch", "cosh sinh", "its own overflow early"),
    ("torch", "hard_shrink soft_shrink threshold", "0 for NaN, as in Keras, which its own let through: a pass for NaN"),
    ("torch", "hypot", "its own has the gradient NaN where both are 0"),
    ("torch", "polar", "its own has a wrong gradient for negative distances"),
    ("torch", "ldexp", "its own has no gradient"),
    ("torch", "sign", "NaN stays NaN"),
    ("torch", "fmax fmin", "at a tie both share the gradient"),
    ("torch", "gelu", "its own has no right digit below -5"),
    ("torch", "top_k", f"{_ORDER}, or here keys that no two share, as soon as there are equal ones"),
    ("torch", "segment_max segment_min segment_prod", "what names no segment is looked for, and left out"),
    ("torch", "hard_sigmoid", "its own has no second gradient"),
    ("torch", "nanmean average_pool angle diagflat vander trapezoid linspace logspace kaiser", _SYNTHETIC),
    ("jax", "exp2 erfc sinh cosh arctanh erfinv", "its own is off by 10 to 60 units in the last place"),
    ("jax", "clip", "the slope at a bound is 1, where its own has a half"),
    ("jax", "one_hot linspace logspace geomspace pad kaiser cross", _SYNTHETIC),
    (
        "jax",
        "det solve inv lu_factor slogdet",
        "two programs in place of one, and a look at whether the matrix is singular",
    ),
    ("tensorflow", "segment_max segment_min", "its own passes over NaN, and is finite for a segment without elements"),
    (
        "tensorflow",
        "lu_factor",
        "its own gives the order of the rows, out of which the exchanges are found on the host",
    ),
    ("tensorflow", "saturate_cast", "NaN, and bounds that are no floats, are looked for"),
    ("tensorflow", "top_k", "its own passes over NaN: the order is that of integers made of the floats"),
    ("tensorflow", "softplus log_sigmoid", _SYNTHETIC),
    ("tensorflow", "softmax", "its own gives numbers where infinities leave none"),
    (
        "tensorflow",
        "batch_normalization",
        "the mean is subtracted first, as its own does not, which loses the digits of a large one",
    ),
    ("tensorflow", "average_pool", "the sum in each window, divided by how many elements it has without the padding"),
    ("tensorflow", "space_to_depth depth_to_space image.rgb_to_hsv bincount unravel_index nextafter", _SYNTHETIC),
    ("tensorflow", "erf", "its own is NaN for infinity"),
    ("tensorflow", "erfc", "in float64: its own is off by 30 units in the last place"),
    ("tensorflow", "erfinv", "its own is off by many units near 0"),
    ("tensorflow", "selu elu celu", "its own cancels near 0, and has another gradient there"),
    ("tensorflow", "softsign", "its own has no second gradient"),
    ("tensorflow", "leaky_relu", "its own rounds the slope to float32"),
    ("tensorflow", "floor_divide", "its own rounds the quotient first, and may be off by one"),
    ("tensorflow", "left_shift right_shift", "shifts by the width of the dtype and more are defined"),
    ("tensorflow", "argmax argmin", "its own passes over NaN"),
    ("tensorflow", "image.hsv_to_rgb", "its own has no gradient"),
    ("tensorflow", "in_top_k", "its own gives up where a prediction is infinite or NaN"),
    ("tensorflow", "maximum minimum", "at a tie both share the gradient"),
    ("tensorflow", "cumprod", "its own has a wrong gradient where an element is 0"),
)
"""A backend, or nothing for all, some ops, and why they take longer there."""


def reason_for(name: str, backend: str) -> str:
    """Why an op takes more than 1.5 times as long as the native call; empty where nobody has said."""
    return next((why for where, names, why in REASONS if where in ("", backend) and name in names.split()), "")
