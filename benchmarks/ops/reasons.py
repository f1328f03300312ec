"""Why some ops take longer than the native call."""

from __future__ import annotations

_STREAM = "one stream for all backends, computed in integer arithmetic"
_ORDER = "equal elements in the same order on every backend, which takes a stable sort"
_FACTORS = "signs and orders of our own, or the symmetric part first, so that every backend has the same factors"
_LOOK = "a look at whether indices are in range"
_SYNTHETIC = "a body of other ops, which the framework runs one by one"

REASONS: tuple[tuple[str, str, str], ...] = (
    # on every backend
    ("", "random.uniform random.normal random.truncated_normal random.randint random.dropout", _STREAM),
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
    ("", "unique", "in order, and a NaN differs from another"),
    # where the framework's own function has a fault
    ("torch", "cosh sinh", "its own overflow early"),
    ("torch", "hard_shrink soft_shrink threshold", "0 for NaN, as in Keras, which its own let through"),
    ("torch", "hypot", "its own has the gradient NaN where both are 0"),
    ("torch", "polar", "its own has a wrong gradient for negative distances"),
    ("torch", "ldexp", "its own has no gradient"),
    ("torch", "sign", "NaN stays NaN"),
    ("torch", "fmax fmin", "at a tie both share the gradient"),
    ("torch", "gelu", "its own has no right digit below -5"),
    ("torch", "top_k", f"{_ORDER}, or here keys that no two share"),
    ("torch", "average_pool glu angle diagflat vander hard_sigmoid", _SYNTHETIC),
    ("jax", "exp2 erfc sinh cosh arctanh erfinv", "its own is off by 10 to 60 units in the last place"),
    ("jax", "one_hot linspace logspace geomspace pad kaiser", _SYNTHETIC),
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
