"""Updates of lists of tensors: large ones may be by a kernel of XLA's, which goes through memory once for all ops."""

from __future__ import annotations

from collections.abc import Sequence
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
    formula = rule.of(scalars, dtype)

    @tf.function(autograph=False, jit_compile=True)
    def update(scalars: list[Any], column: list[Any]) -> list[Any]:
        with setting(BY_XLA, ByXla.EVERYTHING):
            return _replaced(column, rule.of(scalars, dtype)(*map(opened, column)), donate)

    def results_of(column: tuple[Any, ...]) -> tuple[Any, ...]:
        if not is_large(column[0]):
            return formula(*column)
        places = [contents.variable_of(x) if i in donate else x for i, x in enumerate(column)]
        results = update(scalars, places)
        return tuple(contents.read(places[donate[i]]) if x is None else x for i, x in enumerate(results))

    return rule.by_list([results_of(column) for column in columns])


def _replaced(column: Sequence[Any], results: Sequence[Any], donate: Sequence[int]) -> list[Any]:
    """The results; None for those that variables hold from now on, which held what was donated."""
    left = list(results)
    for i, place in enumerate(donate[: len(left)]):
        if isinstance(column[place], tf.Variable):
            column[place].assign(left[i], read_value=False)
            left[i] = None
    return left
