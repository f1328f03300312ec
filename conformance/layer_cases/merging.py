"""Cases of layers that make one array of several."""

from __future__ import annotations

import functools

import numpy as np

from ..case import array
from ..layer_case import configured, layer

SHAPE = (2, 3, 4)
ONE, TWO = [[True, True, False], [False, True, True]], [[True, False, False], [False, False, True]]
EITHER = np.logical_or(ONE, TWO)
MISTAKES = [
    (configured().on(array(2, 3)), "expected a list of inputs"),
    (configured().on([array(2, 3), array(2, 4)]), "do not broadcast"),
]


def fold(operation):
    """A reference that applies an operation of two arrays again and again."""
    return lambda weights, xs: functools.reduce(operation, xs)


def merging(name, operation, *trials):
    """A case of a layer that merges any number of inputs."""
    layer(
        name,
        configured().on([array(*SHAPE), array(*SHAPE), array(*SHAPE)]).gives(fold(operation)),
        configured().on([array(2, 1, 4), array(2, 3, 1)]).gives(fold(operation)),
        configured().on([array(2, 4), array(*SHAPE)]).gives(lambda w, xs: operation(xs[0][:, None], xs[1])),
        configured().on([array(*SHAPE), array(*SHAPE)]).masked(ONE, TWO).gives_mask(EITHER),
        configured().on([array(*SHAPE), array(*SHAPE)]).masked(ONE, None).gives_mask(False),
        *trials,
        mistakes=MISTAKES,
    )


def of_two(function):
    """A call with two masks, and a reference that sees them for each element."""
    wide = [np.array(mask)[..., None] & np.ones(SHAPE, bool) for mask in (ONE, TWO)]
    trial = configured().on([array(*SHAPE), array(*SHAPE)]).masked(ONE, TWO)
    return trial.gives(lambda weights, xs: function(*xs, *wide))


def product(x, y, one, two):
    """What is masked counts as 1, unless all is."""
    return np.where(one | two, np.where(one, x, 1) * np.where(two, y, 1), 0)


def chosen(choose):
    """Where one is masked, the other is chosen."""
    return lambda x, y, one, two: np.where(one & two, choose(x, y), np.where(one, x, np.where(two, y, x)))


def without_last(choose):
    """The first of two inputs has a mask."""

    def of_first(weights, xs):
        counts = np.array(ONE)[..., None]
        return np.where(counts, choose(*xs), xs[1])

    return configured().on([array(*SHAPE), array(*SHAPE)]).masked(ONE, None).gives(of_first)


merging("Add", np.add)
merging("Multiply", np.multiply, of_two(product))
merging("Maximum", np.maximum, of_two(chosen(np.maximum)), without_last(np.maximum))
merging("Minimum", np.minimum, of_two(chosen(np.minimum)), without_last(np.minimum))
layer(
    "Subtract",
    configured().on([array(*SHAPE), array(*SHAPE)]).gives(fold(np.subtract)),
    mistakes=[*MISTAKES, (configured().on([array(2, 3)] * 3), "expected 2 inputs; got 3")],
)
layer(
    "Average",
    configured().on([array(*SHAPE), array(*SHAPE), array(*SHAPE)]).gives(lambda w, xs: sum(xs) / 3),
    configured().on([array(2, 4), array(*SHAPE)]).gives(lambda w, xs: (xs[0][:, None] + xs[1]) / 2),
    mistakes=MISTAKES,
)
layer(
    "Concatenate",
    configured().on([array(2, 3, 1), array(2, 3, 4)]).gives(lambda w, xs: np.concatenate(xs, -1)).but(unknown=(0, 1)),
    configured(1).on([array(2, 1, 4), array(2, 3, 4)]).gives(lambda w, xs: np.concatenate(xs, 1)),
    configured().on([array(*SHAPE), array(*SHAPE)]).masked(ONE, TWO).gives_mask(EITHER),
    configured(1)
    .on([array(*SHAPE), array(*SHAPE)])
    .masked(ONE, None)
    .gives_mask([[True, True, False, True, True, True], [False, True, True, True, True, True]]),
    mistakes=[
        (configured().on([array(2, 3), array(3, 3)]).but(unknown=()), "shapes that are equal but for axis -1"),
        (configured(5).on([array(2, 3), array(2, 3)]), "axis 5 is out of range"),
    ],
)


def unit(x, axis):
    """The array divided by its norm along an axis."""
    return x / np.sqrt((x**2).sum(axis, keepdims=True))


layer(
    "Dot",
    configured(1).on([array(3, 4), array(3, 4)]).gives(lambda w, xs: (xs[0] * xs[1]).sum(1, keepdims=True)),
    configured((2, 1)).on([array(2, 3, 4), array(2, 4, 5)]).gives(lambda w, xs: xs[0] @ xs[1]),
    configured((1, -1), normalize=True)
    .on([array(2, 4), array(2, 3, 4)])
    .gives(lambda w, xs: np.einsum("ab,acb->ac", unit(xs[0], 1), unit(xs[1], 2))),
    configured((1, 2)).on([array(2, 4, 3, 2), array(2, 5, 4)]).gives(lambda w, xs: np.einsum("abcd,aeb->acde", *xs)),
    mistakes=[
        (configured((1, 2, 3)), "a whole number, or a pair of them"),
        (configured(0).on([array(2, 3), array(2, 3)]), "axes behind that of the batch"),
        (configured(1).on([array(2, 3), array(2, 4)]), "axes of one size"),
    ],
)
