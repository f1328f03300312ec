"""Metrics at the threshold that suits best: as much of one thing as can be had with so much of another."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ArgumentError
from .confusion import Counts, count, predictions
from .metric import Metric


def even_thresholds(number: int) -> list[float]:
    """So many thresholds from 0 to 1."""
    return [i / (number - 1) for i in range(number)]


def sensitivity(counts: Any) -> Any:
    """The share of what is predicted in what is so, also known as recall."""
    return ops.divide_no_nan(counts.true_positives, ops.add(counts.true_positives, counts.false_negatives))


def specificity(counts: Any) -> Any:
    """The share of what is not predicted in what is not so."""
    return ops.divide_no_nan(counts.true_negatives, ops.add(counts.true_negatives, counts.false_positives))


def precision(counts: Any) -> Any:
    """The share of what is so in what is predicted."""
    return ops.divide_no_nan(counts.true_positives, ops.add(counts.true_positives, counts.false_positives))


class _OperatingPoint(Metric):
    """The best value of one function of the counts, over the thresholds at which another is large enough."""

    _direction = "up"
    _required: str
    """The name of the argument with the least value of what is required."""

    def __init__(
        self, value: float, num_thresholds: int = 200, class_id: int | None = None, name: Any = None, dtype: Any = None
    ):
        super().__init__(name=name, dtype=dtype)
        kind = type(self).__name__
        if not 0 <= value <= 1:
            raise ArgumentError(f"{kind}: expected {self._required} from 0 to 1; got {value!r}.")
        if num_thresholds <= 0:
            raise ArgumentError(f"{kind}: expected num_thresholds to be a number from 1 up; got {num_thresholds!r}.")
        self.value = value
        self.num_thresholds = num_thresholds
        self.class_id = class_id
        self.thresholds = [0.5] if num_thresholds == 1 else even_thresholds(num_thresholds)
        shape = (num_thresholds,)
        self.true_positives = self.add_variable(shape, ops.zeros, name="true_positives")
        self.false_positives = self.add_variable(shape, ops.zeros, name="false_positives")
        self.true_negatives = self.add_variable(shape, ops.zeros, name="true_negatives")
        self.false_negatives = self.add_variable(shape, ops.zeros, name="false_negatives")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch.

        Args:
            y_true: What is true: 0 or 1.
            y_pred: The predicted probabilities, in the same shape.
            sample_weight: A weight for each of them, or for each sample.
        """
        y_true, y_pred, weights = predictions(
            type(self).__name__, y_true, y_pred, sample_weight, self.accumulator_dtype, class_id=self.class_id
        )
        for kind, counted in zip(
            Counts._fields, count(y_true, ops.clip(y_pred, 0.0, 1.0), weights, self.thresholds), strict=True
        ):
            getattr(self, kind).assign_add(counted)

    def _best(self, wanted: Any, required: Any) -> Any:
        possible = ops.greater_equal(required(self), self.value)
        return ops.cast(ops.max(ops.where(possible, wanted(self), 0)), self.dtype)

    def get_config(self) -> dict[str, Any]:
        own = {"num_thresholds": self.num_thresholds, "class_id": self.class_id, self._required: self.value}
        return {**super().get_config(), **own}


class SensitivityAtSpecificity(_OperatingPoint):
    """The greatest sensitivity, or recall, at a threshold at which the specificity is large enough.

    Args:
        specificity: The least specificity.
        num_thresholds: How many thresholds from 0 to 1 to try.
        class_id: The class that counts; None for all.
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
    array(0.5, dtype=float32)
    """

    _required = "specificity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(specificity, num_thresholds, class_id, name, dtype)
        self.specificity = specificity

    def result(self) -> Any:
        return self._best(sensitivity, specificity)


class SpecificityAtSensitivity(_OperatingPoint):
    """The greatest specificity at a threshold at which the sensitivity, or recall, is large enough.

    Args:
        sensitivity: The least sensitivity.
        num_thresholds: How many thresholds from 0 to 1 to try.
        class_id: The class that counts; None for all.
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
    array(0.6666667, dtype=float32)
    """

    _required = "sensitivity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)
        self.sensitivity = sensitivity

    def result(self) -> Any:
        return self._best(specificity, sensitivity)


class PrecisionAtRecall(_OperatingPoint):
    """The greatest precision at a threshold at which the recall is large enough.

    Args:
        recall: The least recall.
        num_thresholds: How many thresholds from 0 to 1 to try.
        class_id: The class that counts; None for all.
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
    array(0.5, dtype=float32)
    """

    _required = "recall"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(recall, num_thresholds, class_id, name, dtype)
        self.recall = recall

    def result(self) -> Any:
        return self._best(precision, sensitivity)


class RecallAtPrecision(_OperatingPoint):
    """The greatest recall at a threshold at which the precision is large enough.

    Args:
        precision: The least precision.
        num_thresholds: How many thresholds from 0 to 1 to try.
        class_id: The class that counts; None for all.
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> RecallAtPrecision(0.8)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
    array(0.5, dtype=float32)
    """

    _required = "precision"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(precision, num_thresholds, class_id, name, dtype)
        self.precision = precision

    def result(self) -> Any:
        return self._best(sensitivity, precision)
