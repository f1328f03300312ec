"""A million uniform float32 numbers: the one stream of polykeras against each framework's own."""

from __future__ import annotations

import math

import numpy as np

from ..agreement import Outcomes
from ..contest import Comparison, Contest, Contestant

COUNT = 10**6

_HERE = __name__


def _uniform(outcomes: Outcomes) -> None:
    """The streams differ, as they are meant to; the distribution may not."""
    for name, draws in outcomes.items():
        for numbers in draws:
            assert numbers.shape == (COUNT,), f"{name} gives numbers of shape {numbers.shape}."
            assert numbers.dtype == np.float32, f"{name} gives {numbers.dtype}."
            outside = np.count_nonzero((numbers < 0) | (numbers >= 1))
            assert not outside, f"{name} gives {outside} numbers outside of the interval from 0 to before 1."
            # The mean of n uniform numbers has a standard deviation of 1 / sqrt(12 n); six of them is once in 5e8.
            assert abs(numbers.mean(dtype="float64") - 0.5) < 6 / math.sqrt(12 * COUNT), f"{name} has another mean."


def _contest(backend: str, framework: str, way: str, rivals: dict[str, str], target: float) -> Contest:
    """Ours, run in one of two ways, against functions of the framework's module."""
    ours = f"polykeras on {framework}, {way}"
    native = {
        name: Contestant(f"{_HERE}.{backend}", {"function": function, "count": COUNT})
        for name, function in rivals.items()
    }
    return Contest(
        name=ours,
        contestants={
            ours: Contestant(f"{_HERE}.polykeras", {"way": way, "count": COUNT}, {"POLYKERAS_BACKEND": backend})
        }
        | native,
        comparisons=[Comparison(ours, name, target) for name in native],
        agree=_uniform,
        rounds=30,
        calls=2,
    )


CONTESTS = [
    _contest("numpy", "NumPy", "eager", {"Generator.random": "generator"}, 4.0),
    _contest("torch", "PyTorch", "eager", {"torch.rand": "rand"}, 4.0),
    _contest("jax", "JAX", "compiled", {"jax.random.uniform, compiled": "compiled"}, 1.5),
    _contest(
        "tensorflow",
        "TensorFlow",
        "eager",
        {"tf.random.stateless_uniform": "stateless", "tf.random.uniform": "stateful"},
        1.5,
    ),
    _contest(
        "tensorflow",
        "TensorFlow",
        "compiled",
        {
            "tf.random.stateless_uniform, tf.function": "stateless_in_graph",
            "tf.random.uniform, tf.function": "stateful_in_graph",
        },
        1.5,
    ),
]
