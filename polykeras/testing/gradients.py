"""Whether the gradient of a function is its slope, on every backend."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import ops, tree
from ..backend import current, load, using
from ..dtypes import is_float
from ..errors import ArgumentError
from ..layers.layer import Layer
from ..settings import EMBEDDED
from ..state import bind
from .agreement import Comparison, at_home, difference, first_op_that_parts, given, names_of

STEP = 2.0**-10
"""The step of differences: the error of the formula, its fourth power, balances that of rounding, eps / step."""
SHARE_OF_SLOPES = 1e-8
"""How far a slope may be from the gradient, relative to it: a fifth derivative times step**4, and eps / step."""


def assert_gradients(fn: Callable[..., Any], *args: Any, backends: Sequence[str] | None = None) -> None:
    """Fail unless the gradient of a function is its slope, and the same on several backends.

    It is tried in float64, with respect to every float among the arguments: on NumPy against differences of values, on
    the others against NumPy, within what rounding explains. A function with several results, or arrays, is
    differentiated as a sum of them in which each number has another weight.

    Args:
        fn: A function of arrays that is written in ops, smooth at these arguments; or a layer that has been built, in
            float64.
        *args: Arrays, numbers, and structures of them.
        backends: The names of the backends; None for all that are installed.

    >>> assert_gradients(lambda x: ops.sum(ops.sin(x)), [0.5, 1.0, 2.0])
    """
    problem = _Problem(fn, given(args, "float64"))
    if not problem.arrays:
        raise ArgumentError(f"assert_gradients: expected floats among the arguments of {fn}; got none.")
    comparison = Comparison(problem.gradient, problem.arrays, owner=fn)
    with comparison.moved(load(EMBEDDED)), using(EMBEDDED):
        _check_slopes(comparison, problem)
    rounding = comparison.rounding()
    for name in names_of(backends):
        found = comparison.on(load(name))
        for number, (f, w, allowed) in enumerate(zip(found, rounding.results, rounding.allowed, strict=True)):
            wrong = difference(f, w, allowed)
            if wrong:
                raise AssertionError(
                    f"{comparison.label}: on {name} the gradient with respect to {problem.names[number]} is farther "
                    f"from the exact one than rounding explains: {wrong}\n"
                    f"  {first_op_that_parts(rounding.records, load(name))}"
                )


class _Problem:
    """A function as one of the floats among its arguments, and of the weights that train if it is a layer."""

    def __init__(self, function: Callable[..., Any], arguments: Sequence[Any]):
        self._function = function
        self._leaves, self._structure = tree.take_apart(list(arguments))
        self._places = [i for i, x in enumerate(self._leaves) if isinstance(x, np.ndarray) and is_float(x.dtype.name)]
        self._variables = function.trainable_variables if isinstance(function, Layer) else []
        self.arrays = [*(self._leaves[i] for i in self._places), *(v.numpy() for v in self._variables)]
        self.names = [f"array {number} among the arguments" for number in range(len(self._places))]
        self.names += [v.path for v in self._variables]

    def loss(self, *arrays: Any) -> Any:
        """The results as one number, in which each has another weight."""
        leaves = list(self._leaves)
        for place, array in zip(self._places, arrays, strict=False):
            leaves[place] = array
        with bind(self._variables, arrays[len(self._places) :]):
            results = self._function(*at_home(tree.put_together(self._structure, leaves), current()))
        total: Any = None
        for result in tree.flatten(results):
            if result is None or not is_float(ops.dtype(result)):
                continue
            if ops.dtype(result) != "float64":
                raise ArgumentError(
                    "assert_gradients: expected results in float64, in which slopes are exact enough; got "
                    f"{ops.dtype(result)} from {self._function}. Make layers with dtype='float64', and cast to no "
                    "other float."
                )
            shape = ops.shape(result)
            weights = (np.cos(np.arange(math.prod(shape)) * 1.7) + 1.5).reshape(shape)  # none of them near zero
            part = ops.sum(ops.multiply(result, weights))
            total = part if total is None else ops.add(total, part)
        if total is None:
            raise ArgumentError(f"assert_gradients: expected floats among the results of {self._function}; got none.")
        return total

    def gradient(self, *arrays: Any) -> Any:
        """The gradient of this number with respect to each of the arrays."""
        return ops.grad(self.loss, argnums=tuple(range(len(arrays))))(*arrays)


def _check_slopes(comparison: Comparison, problem: _Problem) -> None:
    """The gradient on NumPy is the slope of the values."""
    gradients = comparison.on(load(EMBEDDED))

    def value(*arrays: np.ndarray) -> float:
        with comparison.keys.from_the_first():
            return float(problem.loss(*arrays))

    for name, gradient, (direction, slope) in zip(problem.names, gradients, slopes(value, problem.arrays), strict=True):
        along = float(np.sum(gradient * direction))
        scale = max(float(np.abs(gradient).max(initial=0.0)), abs(slope), 1.0)
        if not abs(along - slope) <= SHARE_OF_SLOPES * scale:
            raise AssertionError(
                f"{comparison.label}: the gradient with respect to {name} is not the slope: {along:.12g} along a "
                f"direction in which the value changes by {slope:.12g}, on {EMBEDDED}. Is the rule of a "
                "custom_gradient wrong, or is there a kink nearby, or a stop_gradient?"
            )


def slopes(function: Callable[..., float], arrays: Sequence[np.ndarray]) -> list[tuple[np.ndarray, float]]:
    """For each array a direction, and the derivative in that direction by central differences of fourth order.

    The direction is drawn at random, so that a wrong gradient would have to be wrong at a right angle to it.

    Args:
        function: A function of arrays that gives one number.
        arrays: Where to look, in float64 or complex128.

    Returns:
        A direction and a slope for each array.

    >>> (direction, slope), = slopes(lambda x: float(x @ x), [np.array([3.0])])
    >>> round(slope / float(direction[0]), 6)
    6.0
    """
    random = np.random.Generator(np.random.Philox(0))
    found = []
    for number, array in enumerate(arrays):
        direction = random.uniform(0.5, 1.5, array.shape) * random.choice([-1.0, 1.0], array.shape)
        if array.dtype.kind == "c":
            direction = direction * np.exp(1j * random.uniform(0, 2 * np.pi, array.shape))
        direction = direction / max(float(np.linalg.norm(direction)), 1.0)

        def moved(by: float, number: int = number, direction: np.ndarray = direction) -> float:
            changed = [a + by * STEP * direction if i == number else a for i, a in enumerate(arrays)]
            return float(function(*changed))

        slope = (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * STEP) if array.size else 0.0
        found.append((direction, slope))
    return found
