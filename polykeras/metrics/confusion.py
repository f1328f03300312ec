"""Metrics of yes and no: what is counted of predictions that exceed thresholds, rightly or not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from .. import ops
from ..errors import ArgumentError, ShapeError
from ..losses.loss import aligned, joined, squeeze_or_expand_to_same_rank
from ..masks import mask_of
from ..spec import same_size, show_shape
from ..state import Variable
from ..symbolic import spec_of
from .metric import Metric
from .reduction import inputs

LOWEST = -1e10
"""The threshold that every prediction exceeds."""


class Counts(NamedTuple):
    """For each threshold how many predictions exceed it, rightly or not, and how many do not, wrongly or not."""

    true_positives: Any
    false_positives: Any
    true_negatives: Any
    false_negatives: Any


def sums_by_group(groups: Any, weights: Any, count: int, dtype: str) -> Any:
    """The sums of the weights of each group; without weights how many belong to it. Group -1 is none."""
    if weights is None:  # float32 stops counting at 2**24, fewer than the pixels of a batch of images
        return ops.cast(ops.segment_sum(ops.ones_like(groups, dtype="int32"), groups, count), dtype)
    return ops.segment_sum(ops.cast(weights, dtype), groups, count)


def predictions(
    name: str,
    y_true: Any,
    y_pred: Any,
    sample_weight: Any,
    dtype: str,
    top_k: int | None = None,
    class_id: int | None = None,
) -> tuple[Any, Any, Any]:
    """What is true, what is predicted, and weights or None, all of one shape, for one class or for all."""
    weights = joined(sample_weight, mask_of(y_pred), dtype)
    y_true, y_pred = (ops.cast(inputs(y, dtype), dtype) for y in (y_true, y_pred))
    y_pred = y_pred if top_k is None else only_top_k(y_pred, top_k)
    y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
    true, predicted = spec_of(y_true).shape, spec_of(y_pred).shape
    if len(true) != len(predicted) or not all(map(same_size, true, predicted)):
        raise ShapeError(
            f"{name}: expected y_true and y_pred of one shape; got {show_shape(true)} and {show_shape(predicted)}."
        )
    if weights is not None:
        weights, y_pred = squeeze_or_expand_to_same_rank(weights, y_pred)
        weights = ops.broadcast_to(aligned(weights, y_pred, into=True), ops.shape(y_pred))
    if class_id is None:
        return y_true, y_pred, weights
    if len(predicted) < 2 or not -predicted[-1] <= class_id < predicted[-1]:
        raise ShapeError(
            f"{name}: expected y_pred of shape (batch, classes) with a class {class_id}; got {show_shape(predicted)}."
        )
    return y_true[..., class_id], y_pred[..., class_id], None if weights is None else weights[..., class_id]


def only_top_k(y_pred: Any, k: int) -> Any:
    """Predictions that are not among the greatest k of the last axis replaced by one that exceeds no threshold."""
    count = ops.shape(y_pred)[-1]
    _, places = ops.top_k(y_pred, k)
    return ops.where(ops.any(ops.one_hot(places, count, dtype="bool"), axis=-2), y_pred, -np.inf)


def count(y_true: Any, y_pred: Any, weights: Any, thresholds: Iterable[float], by_label: bool = False) -> Counts:
    """Compare predictions with thresholds.

    Args:
        y_true: What is true: 0, or something else.
        y_pred: The predictions, in the same shape.
        weights: Their weights, in the same shape, or None.
        thresholds: The thresholds.
        by_label: Whether to count each column of two axes by itself.

    Returns:
        The counts of each threshold, and of each column.
    """
    dtype = ops.dtype(y_pred)
    limits = np.asarray(list(thresholds), "float64")
    order = np.argsort(limits, kind="stable")
    number = len(limits)
    labels = ops.shape(y_pred)[1] if by_label else 1
    # Each prediction is counted once, by the number of thresholds that it exceeds; NaN exceeds none.
    y_pred = ops.reshape(ops.where(ops.isnan(y_pred), -np.inf, y_pred), (-1,))
    exceeded = ops.searchsorted(ops.cast(limits[order], dtype), y_pred, side="left")
    positive = ops.cast(ops.reshape(ops.not_equal(y_true, 0), (-1,)), "int32")
    groups = ops.add(ops.multiply(exceeded, 2), positive)
    if by_label:
        rows = ops.shape(y_pred)[0] // labels
        offsets = ops.tile(ops.multiply(ops.arange(labels), 2 * (number + 1)), (rows,))
        groups = ops.add(groups, offsets)
    weights = None if weights is None else ops.reshape(weights, (-1,))
    sums = sums_by_group(groups, weights, labels * (number + 1) * 2, dtype)
    sums = ops.transpose(ops.reshape(sums, (labels, number + 1, 2)), (2, 1, 0))
    not_exceeding = ops.cumsum(sums, axis=1)[:, :-1]
    exceeding = ops.flip(ops.cumsum(ops.flip(sums, axis=1), axis=1), axis=1)[:, 1:]
    found = [exceeding[1], exceeding[0], not_exceeding[0], not_exceeding[1]]
    if not np.array_equal(order, np.arange(number)):
        found = [ops.take(x, np.argsort(order).astype("int32"), axis=0) for x in found]
    return Counts(*(x if by_label else ops.squeeze(x, 1) for x in found))


def as_thresholds(name: str, thresholds: Any, default: float) -> list[float]:
    """A list of thresholds, given as one, several or none."""
    if thresholds is None:
        return [default]
    given = list(thresholds) if hasattr(thresholds, "__iter__") else [thresholds]
    wrong = [t for t in given if t is None or not 0 <= t <= 1]
    if wrong or not given:
        raise ArgumentError(f"{name}: expected thresholds from 0 to 1; got {wrong or given}.")
    return given


class _Counting(Metric):
    """Counts of some of the four kinds, for each threshold."""

    _kinds: tuple[str, ...]

    def __init__(self, thresholds: Any, top_k: int | None, class_id: int | None, name: str | None, dtype: Any):
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.top_k = top_k
        self.class_id = class_id
        self.thresholds = as_thresholds(type(self).__name__, thresholds, 0.5 if top_k is None else LOWEST)

    def _add_counts(self, names: Iterable[str]) -> list[Variable]:
        return [self.add_variable((len(self.thresholds),), ops.zeros, name=name) for name in names]

    def _counts(self) -> Iterable[Variable]:
        """The variables, in the order of `_kinds`."""
        return [getattr(self, kind) for kind in self._kinds]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch.

        Args:
            y_true: What is true: 0 or 1.
            y_pred: The predictions, in the same shape.
            sample_weight: A weight for each of them, or for each sample.
        """
        name, dtype = type(self).__name__, self.accumulator_dtype
        y_true, y_pred, weights = predictions(
            name, y_true, y_pred, sample_weight, dtype, top_k=self.top_k, class_id=self.class_id
        )
        counts = count(y_true, y_pred, weights, self.thresholds)
        for kind, variable in zip(self._kinds, self._counts(), strict=True):
            variable.assign_add(getattr(counts, kind))

    def _single(self, x: Any) -> Any:
        return ops.cast(x[0] if len(self.thresholds) == 1 else x, self.dtype)


class _ConditionCount(_Counting):
    """How many predictions are of one kind."""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None):
        super().__init__(thresholds, None, None, name, dtype)
        (self.accumulator,) = self._add_counts(["accumulator"])

    def _counts(self) -> Iterable[Variable]:
        return [self.accumulator]

    def result(self) -> Any:
        return self._single(self.accumulator.value)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.init_thresholds}


class TruePositives(_ConditionCount):
    """How many predictions exceed a threshold where it is so.

    Args:
        thresholds: One or several thresholds from 0 to 1; None for 0.5.
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> TruePositives()([0, 1, 1, 1], [1, 0, 1, 1])
    array(2., dtype=float32)
    """

    _kinds = ("true_positives",)


class FalsePositives(_ConditionCount):
    """How many predictions exceed a threshold where it is not so.

    Args:
        thresholds: One or several thresholds from 0 to 1; None for 0.5.
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> FalsePositives()([0, 1, 0, 0], [0, 0, 1, 1])
    array(2., dtype=float32)
    """

    _kinds = ("false_positives",)


class TrueNegatives(_ConditionCount):
    """How many predictions do not exceed a threshold where it is not so.

    Args:
        thresholds: One or several thresholds from 0 to 1; None for 0.5.
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> TrueNegatives()([0, 1, 0, 0], [1, 1, 0, 0])
    array(2., dtype=float32)
    """

    _kinds = ("true_negatives",)


class FalseNegatives(_ConditionCount):
    """How many predictions do not exceed a threshold where it is so.

    Args:
        thresholds: One or several thresholds from 0 to 1; None for 0.5.
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> FalseNegatives()([0, 1, 1, 1], [0, 1, 0, 0])
    array(2., dtype=float32)
    """

    _kinds = ("false_negatives",)


class _Share(_Counting):
    """The share of true positives in something."""

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(thresholds, top_k, class_id, name, dtype)
        for kind, variable in zip(self._kinds, self._add_counts(self._kinds), strict=True):
            setattr(self, kind, variable)

    def result(self) -> Any:
        right, wrong = self._counts()
        return self._single(ops.divide_no_nan(right, ops.add(right, wrong)))

    def get_config(self) -> dict[str, Any]:
        own = {"thresholds": self.init_thresholds, "top_k": self.top_k, "class_id": self.class_id}
        return {**super().get_config(), **own}


class Precision(_Share):
    """The share of what is so in what is predicted.

    Args:
        thresholds: One or several thresholds from 0 to 1 that predictions must exceed; None for 0.5, or with `top_k`
            for none.
        top_k: How many predictions of a sample count: the greatest; None for all.
        class_id: The class that counts; None for all.
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> Precision()([0, 1, 1, 1], [1, 0, 1, 1])
    array(0.6666667, dtype=float32)
    """

    _direction = "up"
    _kinds = ("true_positives", "false_positives")


class Recall(_Share):
    """The share of what is predicted in what is so.

    Args:
        thresholds: One or several thresholds from 0 to 1 that predictions must exceed; None for 0.5, or with `top_k`
            for none.
        top_k: How many predictions of a sample count: the greatest; None for all.
        class_id: The class that counts; None for all.
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> Recall()([0, 1, 1, 1], [1, 0, 1, 1])
    array(0.6666667, dtype=float32)
    """

    _direction = "up"
    _kinds = ("true_positives", "false_negatives")
