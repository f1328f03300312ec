"""F-scores: means of precision and recall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import ops
from ..errors import ArgumentError, ShapeError
from ..losses.loss import aligned, joined
from ..masks import mask_of
from ..spec import same_size, show_shape
from ..state import Variable
from ..symbolic import spec_of
from .metric import Metric
from .reduction import inputs

_AVERAGES = (None, "micro", "macro", "weighted")


class FBetaScore(Metric):
    """The harmonic mean of precision and recall, in which recall counts beta squared times as much.

    Args:
        average: What becomes of several classes: None for a score for each, "micro" for that of all predictions
            together, "macro" for the mean of the scores, "weighted" for the mean by how often a class is true.
        beta: How much more recall counts.
        threshold: The probability above which a prediction is 1; None for the greatest of each sample.
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> metric = FBetaScore(beta=2.0, threshold=0.5)
    >>> metric([[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]])
    array([0.3846154 , 0.90909094, 0.8333333 ], dtype=float32)
    """

    _direction = "up"
    true_positives: Variable
    false_positives: Variable
    false_negatives: Variable
    intermediate_weights: Variable

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        kind = type(self).__name__
        if average not in _AVERAGES:
            known = ", ".join(map(repr, _AVERAGES))
            raise ArgumentError(f"{kind}: expected average to be one of {known}; got {average!r}.")
        if not isinstance(beta, (int, float)) or not beta > 0:
            raise ArgumentError(f"{kind}: expected beta to be a number above 0; got {beta!r}.")
        if threshold is not None and not (isinstance(threshold, (int, float)) and 0 < threshold <= 1):
            raise ArgumentError(f"{kind}: expected threshold to be a number above 0 and up to 1; got {threshold!r}.")
        self.average = average
        self.beta = beta
        self.threshold = threshold
        self._built = False

    def build(self, y_true_shape: Sequence[Any], y_pred_shape: Sequence[Any]) -> None:
        shapes = tuple(y_true_shape), tuple(y_pred_shape)
        if [len(shape) for shape in shapes] != [2, 2] or not all(map(same_size, *shapes)):
            raise ShapeError(
                f"{type(self).__name__}: expected y_true and y_pred of one shape (batch, classes); got "
                f"{' and '.join(map(show_shape, shapes))}."
            )
        if self._built:
            return
        shape = () if self.average == "micro" else shapes[1][1:]
        for name in ("true_positives", "false_positives", "false_negatives", "intermediate_weights"):
            setattr(self, name, self.add_variable(shape, ops.zeros, name=name))
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch.

        Args:
            y_true: What is true: zeros and ones of shape (batch, classes).
            y_pred: The predictions, in the same shape.
            sample_weight: A weight for each sample.
        """
        dtype = self.accumulator_dtype
        weights = joined(sample_weight, mask_of(y_pred), dtype)
        y_true, y_pred = (ops.cast(inputs(y, dtype), dtype) for y in (y_true, y_pred))
        self.build(spec_of(y_true).shape, spec_of(y_pred).shape)
        if self.threshold is None:
            greatest = ops.greater_equal(y_pred, ops.max(y_pred, axis=-1, keepdims=True))
            y_pred = ops.logical_and(greatest, ops.greater(ops.abs(y_pred), 1e-9))  # rows of zeros predict nothing
        else:
            y_pred = ops.greater(y_pred, self.threshold)
        y_pred = ops.cast(y_pred, dtype)
        weights = None if weights is None else aligned(weights, y_true, into=True)

        def add(variable: Variable, counted: Any) -> None:
            counted = counted if weights is None else ops.multiply(counted, weights)
            variable.assign_add(ops.sum(counted, axis=None if self.average == "micro" else 0))

        add(self.true_positives, ops.multiply(y_pred, y_true))
        add(self.false_positives, ops.multiply(y_pred, ops.subtract(1.0, y_true)))
        add(self.false_negatives, ops.multiply(ops.subtract(1.0, y_pred), y_true))
        add(self.intermediate_weights, y_true)

    def result(self) -> Any:
        if not self._built:
            return ops.zeros((), dtype=self.dtype)
        square = float(self.beta) ** 2
        right = ops.multiply(self.true_positives, 1 + square)
        missed = ops.multiply(self.false_negatives, square)
        # Without the epsilons by which Keras avoids 0 / 0, and misses the exact score.
        scores = ops.divide_no_nan(right, ops.add(ops.add(right, missed), self.false_positives))
        if self.average == "weighted":
            weights = self.intermediate_weights.value
            scores = ops.divide_no_nan(ops.sum(ops.multiply(scores, weights)), ops.sum(weights))
        elif self.average is not None:
            scores = ops.mean(scores)
        return ops.cast(scores, self.dtype)

    def get_config(self) -> dict[str, Any]:
        own = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return {**super().get_config(), **own}


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall.

    Args:
        average: What becomes of several classes: None for a score for each, "micro" for that of all predictions
            together, "macro" for the mean of the scores, "weighted" for the mean by how often a class is true.
        threshold: The probability above which a prediction is 1; None for the greatest of each sample.
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> metric = F1Score(threshold=0.5)
    >>> metric([[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]])
    array([0.5      , 0.8      , 0.6666667], dtype=float32)
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ):
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        return {name: value for name, value in super().get_config().items() if name != "beta"}
