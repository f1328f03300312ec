"""Updates of lists of tensors: by kernels of XLA's, which go through memory once for all ops, where that is faster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

from polykeras.backend import load

from .tensorflow_gradients import setting
from .tensorflow_graphs import BY_XLA, CONTENTS, ByXla, Contents, is_large, opened
from .tensorflow_table import body, kernel


@kernel
def elementwise_each(arrays: Sequence[Any], rule: Any, donate: Sequence[int]) -> list[Any]:
    columns = rule.columns(arrays)
    if tf.executing_eagerly() or not any(is_large(column[0]) for column in columns):
        return body("elementwise_each", arrays, rule, donate)
    contents = CONTENTS.get() or Contents()  # the latter in a graph that is not ours
    contents.has_updates = True
    if BY_XLA.get() is not ByXla.UPDATES:
        return body("elementwise_each", arrays, rule, donate)
    scalars, dtype = list(arrays[: rule.scalars]), load("tensorflow").dtype(arrays[-1])

    @tf.function(autograph=False, jit_compile=True)
    def update(scalars: list[Any], columns: list[list[Any]]) -> list[list[Any]]:
        with setting(BY_XLA, ByXla.EVERYTHING):
            formula = rule.of(scalars, dtype)
            return [_replaced(column, formula(*map(opened, column)), donate) for column in columns]

    def updated(columns: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        places = [[contents.variable_of(x) if i in donate else x for i, x in enumerate(column)] for column in columns]
        for column, results in zip(places, update(scalars, places), strict=True):
            yield tuple(contents.read(column[donate[i]]) if x is None else x for i, x in enumerate(results))

    small = [place for place, column in enumerate(columns) if not is_large(column[0])]
    large = [[place] for place in range(len(columns)) if place not in small]
    found: dict[int, tuple[Any, ...]] = {}
    for places in filter(None, [*large, small]):  # large ones as soon as their gradients are there, the others at once
        found |= zip(places, updated([columns[place] for place in places]), strict=True)
    return rule.by_list([found[place] for place in range(len(columns))])


def _replaced(column: Sequence[Any], results: Sequence[Any], donate: Sequence[int]) -> list[Any]:
    """The results; None for those that variables hold from now on, which held what was donated."""
    left = list(results)
    for i, place in enumerate(donate[: len(left)]):
        if isinstance(column[place], tf.Variable):
            column[place].assign(left[i], read_value=False)
            left[i] = None
    return left
