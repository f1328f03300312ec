"""Two-dimensional convolution, forward and backward, on NumPy: against PyTorch on the same cores."""

import numpy as np

from ..agreement import close
from ..contest import Comparison, Contest, Contestant

TARGET = 1.5
"""Times PyTorch's time, for both shapes together."""

# The gradient of a kernel sums up to 64 * 26 * 26 = 43,264 products, in whatever order. Random rounding errors of as
# many additions grow like the root of their number: 208 * 6e-8 = 1.2e-5 of the terms, a quarter of that of the sum.
TOLERANCE = 1e-5

BOTH = "both"

_HERE = __name__

CONTESTS = [
    Contest(
        name="conv2d forward and backward",
        contestants={
            "polykeras on NumPy": Contestant(f"{_HERE}.polykeras", environment={"POLYKERAS_BACKEND": "numpy"}),
            "PyTorch, channels last": Contestant(f"{_HERE}.torch", {"memory_format": "channels_last"}),
            "PyTorch, channels first": Contestant(f"{_HERE}.torch", {"memory_format": "contiguous_format"}),
        },
        comparisons=[
            Comparison("polykeras on NumPy", "PyTorch, channels last", TARGET, BOTH),
            Comparison("polykeras on NumPy", "PyTorch, channels first", TARGET, BOTH),
        ],
        agree=close(TOLERANCE),
        rounds=30,
        calls=2,
    )
]

SHAPES = {"28x28, 1 to 32": (28, 1, 32), "13x13, 32 to 64": (13, 32, 64)}
"""Image size, channels and filters."""

BATCH, SIZE = 64, 3


def problems() -> dict[str, list[tuple[np.ndarray, np.ndarray, np.ndarray]]]:
    """For each task its convolutions: images, kernel, and the cotangent of the result, channels last."""
    generator = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        return generator.normal(size=shape).astype("float32")

    single = {
        name: (
            normal(BATCH, size, size, channels),
            normal(SIZE, SIZE, channels, filters),
            normal(BATCH, size - SIZE + 1, size - SIZE + 1, filters),
        )
        for name, (size, channels, filters) in SHAPES.items()
    }
    return {BOTH: list(single.values())} | {name: [problem] for name, problem in single.items()}
