"""The smallest network: 10-32-1, mean squared error, gradient descent; what is left is the cost of a step itself."""

from __future__ import annotations

from ..matches import of_network
from ..problem import Problem, normal, weights

BATCH, STEPS = 32, 200


def problem() -> Problem:
    """What the network is trained on."""
    x = normal(BATCH * STEPS, 10)
    shapes = {"hidden.kernel": (10, 32), "hidden.bias": (32,), "last.kernel": (32, 1), "last.bias": (1,)}
    return Problem(weights(shapes), x, x.sum(axis=1, keepdims=True), BATCH)


CONTESTS = of_network(__name__, auto=True)
